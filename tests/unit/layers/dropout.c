/* dropout: share and scale by rate against Keras's, and that a sample's mask follows the sample, not its place in
 * the batch. */
#include "harness.h"
#include "reference.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static json_t *rows;

static void open_rate(harness *h, double rate, int64_t elements, int64_t batch) {
  char text[64];
  cnn__shape shape = {1, {elements}};
  snprintf(text, sizeof text, "rate=%.9g", rate);
  harness_open(h, "dropout", text, &shape, batch);
  for (int64_t i = 0; i < batch * elements; i++)
    h->x[i] = 1;
}

START_TEST(share_and_scale) {
  json_t *row = json_array_get(rows, (size_t)_i);
  double rate = json_number_value(json_object_get(row, "rate"));
  double scale = json_number_value(json_object_get(row, "scale"));
  harness h;
  open_rate(&h, rate, 1000, 100);
  harness_forward(&h, 1);
  int64_t kept = 0, count = 100000;
  for (int64_t i = 0; i < count; i++) {
    ck_assert_msg(h.y[i] == 0 || h.y[i] == (float)scale, "rate %g: %g", rate, (double)h.y[i]);
    kept += h.y[i] != 0;
  }
  double sigma = sqrt(rate * (1 - rate) * (double)count);
  ck_assert_msg(fabs((double)kept - (1 - rate) * (double)count) <= 5 * sigma + 1e-6, "rate %g: kept %lld", rate,
                (long long)kept);
  memcpy(h.dy, h.x, (size_t)count * sizeof(float));
  harness_backward(&h, 1);
  ck_assert_mem_eq(h.dx, h.y, (size_t)count * sizeof(float));
  harness_forward(&h, 0);
  ck_assert_mem_eq(h.y, h.x, (size_t)count * sizeof(float));
  harness_close(&h);
}
END_TEST

START_TEST(the_mask_follows_the_sample) {
  static const int64_t shuffled[10] = {7, 3, 900, 0, 1, 2, 4, 5, 6, 8};
  harness h;
  float rows_in_order[10][300];
  open_rate(&h, 0.3, 300, 10);
  harness_forward(&h, 1);
  memcpy(rows_in_order, h.y, sizeof rows_in_order);
  h.samples = shuffled;
  harness_forward(&h, 1);
  for (int i = 0; i < 10; i++)
    if (shuffled[i] < 10)
      ck_assert_mem_eq(h.y + i * 300, rows_in_order[shuffled[i]], sizeof rows_in_order[0]);
  ck_assert_mem_ne(h.y + 600, rows_in_order[2], sizeof rows_in_order[0]);
  h.samples = NULL;
  h.pass++;
  harness_forward(&h, 1);
  ck_assert_mem_ne(h.y, rows_in_order[0], sizeof rows_in_order[0]);
  harness_close(&h);
}
END_TEST

int main(void) {
  rows = reference_json("layers/dropout.json");
  Suite *suite = suite_create("dropout");
  TCase *tests = tcase_create("dropout");
  tcase_add_loop_test(tests, share_and_scale, 0, (int)json_array_size(rows));
  tcase_add_test(tests, the_mask_follows_the_sample);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(rows);
  return failed != 0;
}
