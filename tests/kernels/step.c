/* What stands around an update: every level against the reference, and the reference against what is meant. */
#include "update_check.h"

UPDATE_CASE(mean_gradient, 2, 2, t->mean_gradient(n, a[0], a[1], variant ? 3.0f : 2.0f))
UPDATE_CASE(clip_value, 1, 1, t->clip_value(n, a[0], 0.25f))
UPDATE_CASE(clip_norm, 1, 1, t->clip_norm(n, a[0], 0.5f, 3.0f))
UPDATE_CASE(weight_decay, 1, 1, t->weight_decay(n, a[0], 0.004f, 0.001f))
UPDATE_CASE(average, 2, 1, t->average(n, a[0], 0.01f, a[1]))

UPDATE_CASE(regularize, 2, 2, t->regularize(n, a[0], variant ? 0.01f : 0.0f, 0.02f, a[1]))

static void sum_of(cnn__square_sum_fn *want, cnn__square_sum_fn *got) {
  for (int64_t i = 0; lengths(i) >= 0; i++) {
    at.extents[0] = lengths(i);
    EACH_PLACEMENT(90 + (uint64_t)i) {
      for (int kind = 0; kind < KINDS; kind++) {
        const float *x = place_floats(0, lengths(i), kind);
        want(lengths(i), x, place_doubles(1, 1));
        got(lengths(i), x, place_doubles(2, 1));
        same_doubles(2, 1);
      }
    }
  }
}

CASE(square_sum) {
  EACH_LEVEL(square_sum) {
    NOTE(square_sum, 0);
    sum_of(reference()->square_sum, t->square_sum);
  }
}
END_CASE

CASE(magnitude_sum) {
  EACH_LEVEL(magnitude_sum) {
    NOTE(magnitude_sum, 0);
    sum_of(reference()->magnitude_sum, t->magnitude_sum);
  }
}
END_CASE

START_TEST(values) {
  float g[] = {-3, -0.25f, 0.125f, 7, NAN}, sums[] = {1, 2, 3, 4, 5};
  double sum;
  reference()->clip_value(5, g, 0.25f);
  ck_assert(g[0] == -0.25f && g[1] == -0.25f && g[2] == 0.125f && g[3] == 0.25f && isnan(g[4]));
  reference()->square_sum(4, sums, &sum);
  ck_assert(sum == 30);
  const float w[] = {-2, 0, 0.5f, -0.0f};
  float h[] = {1, 1, 1, 1};
  reference()->magnitude_sum(4, w, &sum);
  ck_assert(sum == 2.5);
  reference()->regularize(4, w, 0.25f, 0.5f, h);
  ck_assert(h[0] == -0.25f && h[1] == 1 && h[2] == 1.5f && h[3] == 1);
  reference()->clip_norm(1, sums, 2, 4);
  ck_assert(sums[0] == 0.5f);
  reference()->mean_gradient(4, g, sums, 2);
  ck_assert(g[3] == 2.125f && sums[3] == 0);
}
END_TEST

/* A float's square may be beyond the greatest float, not beyond the greatest double. */
START_TEST(squares_do_not_overflow) {
  const float x[] = {3e38f, 3e38f};
  double sum;
  reference()->square_sum(2, x, &sum);
  ck_assert_double_eq_tol(sqrt(sum) / 3e38, sqrt(2), 1e-6);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/step");
  TCase *tcase = tcase_create("step");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, mean_gradient);
  ADD_CASE(tcase, square_sum);
  ADD_CASE(tcase, magnitude_sum);
  ADD_CASE(tcase, regularize);
  ADD_CASE(tcase, clip_value);
  ADD_CASE(tcase, clip_norm);
  ADD_CASE(tcase, weight_decay);
  ADD_CASE(tcase, average);
  tcase_add_test(tcase, values);
  tcase_add_test(tcase, squares_do_not_overflow);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
