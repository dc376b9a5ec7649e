/* batch_normalization: statistics of batches that span micro-shards, the published small example, and single
 * elements. */
#include "compare.h"
#include "harness.h"

#include <check.h>
#include <math.h>
#include <string.h>

START_TEST(four_numbers) {
  harness h;
  cnn__shape shape = {1, {1}};
  harness_open(&h, "batch_normalization", "", &shape, 4);
  for (int i = 0; i < 4; i++)
    h.x[i] = (float)(i + 1);
  harness_forward(&h, 1);
  static const double expected[] = {-1.34110445, -0.44703482, 0.44703482, 1.34110445};
  for (int i = 0; i < 4; i++)
    ck_assert_double_eq_tol(h.y[i], expected[i], 1e-7);
  ck_assert_double_eq_tol(h.weights[harness_weight(&h, "moving_mean")][0], 0.025, 5e-9);
  ck_assert_double_eq_tol(h.weights[harness_weight(&h, "moving_variance")][0], 1.0025, 1e-7);
  harness_close(&h);
}
END_TEST

/* Far from 0, with a last micro-shard that is not full, more channels than one part takes. */
START_TEST(statistics_over_shards) {
  enum { BATCH = 77, PIXELS = 6, CHANNELS = 70 };
  harness h;
  cnn__shape shape = {3, {2, 3, CHANNELS}};
  harness_open(&h, "batch_normalization", "momentum=0", &shape, BATCH);
  for (int64_t i = 0; i < BATCH * PIXELS * CHANNELS; i++)
    h.x[i] = 50 + test_number(1, i) * (float)(i % CHANNELS + 1);
  harness_forward(&h, 1);
  for (int64_t q = 0; q < CHANNELS; q++) {
    double mean = 0, variance = 0, n = BATCH * PIXELS;
    for (int64_t i = 0; i < BATCH * PIXELS; i++)
      mean += h.x[i * CHANNELS + q] / n;
    for (int64_t i = 0; i < BATCH * PIXELS; i++)
      variance += ((double)h.x[i * CHANNELS + q] - mean) * ((double)h.x[i * CHANNELS + q] - mean) / n;
    ck_assert_double_eq_tol(h.weights[harness_weight(&h, "moving_mean")][q], mean, 1e-7 * fabs(mean));
    /* Samples are joined by the difference of their means, each rounded like a float sum of numbers near 50. */
    ck_assert_double_eq_tol(h.weights[harness_weight(&h, "moving_variance")][q], variance, 1e-6 * variance);
  }
  harness_close(&h);
}
END_TEST

START_TEST(one_element_becomes_beta) {
  harness h;
  cnn__shape shape = {1, {3}};
  harness_open(&h, "batch_normalization", "", &shape, 1);
  for (int q = 0; q < 3; q++) {
    h.x[q] = 1.1f * (float)(q + 1);
    h.dy[q] = 0.3f * (float)(q + 1);
    h.weights[harness_weight(&h, "beta")][q] = (float)q;
  }
  harness_forward(&h, 1);
  harness_backward(&h, 1);
  for (int q = 0; q < 3; q++)
    ck_assert(h.y[q] == (float)q && h.dx[q] == 0);
  harness_close(&h);
}
END_TEST

START_TEST(a_frozen_layer_changes_nothing) {
  harness h;
  cnn__shape shape = {1, {2}};
  harness_open(&h, "batch_normalization", "trainable=false", &shape, 9);
  for (int i = 0; i < 18; i++)
    h.x[i] = test_number(1, i);
  ck_assert_ptr_null(h.grads[0]);
  harness_forward(&h, 0);
  ck_assert(h.weights[2][0] == 0 && h.weights[3][1] == 1);
  harness_close(&h);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("batch_normalization");
  TCase *tests = tcase_create("batch_normalization");
  tcase_add_test(tests, four_numbers);
  tcase_add_test(tests, statistics_over_shards);
  tcase_add_test(tests, one_element_becomes_beta);
  tcase_add_test(tests, a_frozen_layer_changes_nothing);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
