/* Updates by gathered squares: every level against the reference, and what the reference makes of extremes. */
#include "update_check.h"

static const float shares[4] = {0.9f, 0.1f, 0.8f, 1e-7f};
static const float ftrl[3][4] = {{0.5f, 0, 0, 0}, {0.5f, 0.25f, 0.1f, 0.3f}, {0.7f, 0.25f, 0.1f, 0.3f}};

UPDATE_CASE(rmsprop, 5, 4,
            t->rmsprop(n, a[0], a[1], a[2], variant & 1 ? a[3] : NULL, variant & 2 ? a[4] : NULL, 0.01f, shares))
UPDATE_CASE(adagrad, 3, 1, t->adagrad(n, a[0], a[1], a[2], 0.01f, 1e-7f))
UPDATE_CASE(adadelta, 4, 1, t->adadelta(n, a[0], a[1], a[2], a[3], 0.01f, 0.95f, 0.05f, 1e-7f))
UPDATE_CASE(ftrl, 4, 3, t->ftrl(n, a[0], a[1], a[2], a[3], 0.01f, ftrl[variant]))

START_TEST(formulas) {
  const float g = 0.3f;
  float w = 0.5f, v = 0.04f, average = 0.1f, momenta = 0.2f;
  reference()->rmsprop(1, &w, &g, &v, &momenta, &average, 0.01f, shares);
  const double v1 = 0.9 * 0.04 + 0.1 * 0.09, a1 = 0.9 * 0.1 + 0.1 * 0.3;
  const double step = 0.8 * 0.2 + 0.01 * 0.3 / sqrt(v1 - a1 * a1 + 1e-7);
  ck_assert_double_eq_tol((double)v, v1, 1e-8);
  ck_assert_double_eq_tol((double)average, a1, 1e-8);
  ck_assert_double_eq_tol((double)momenta, step, 1e-7);
  ck_assert_double_eq_tol((double)w, 0.5 - step, 1e-7);
  w = 0.5f, v = 0.04f;
  reference()->adagrad(1, &w, &g, &v, 0.01f, 1e-7f);
  ck_assert_double_eq_tol((double)w, 0.5 - 0.01 * 0.3 / sqrt(0.13 + 1e-7), 1e-7);
}
END_TEST

/* In float the mean of squares may come out below the square of the mean: no spread, not NaN. */
START_TEST(gradients_that_never_change_have_no_spread) {
  const float g = 12345.678f;
  float w = 0, v = 0, average = 0;
  for (int step = 0; step < 500; step++) {
    reference()->rmsprop(1, &w, &g, &v, NULL, &average, 1e-9f, shares);
    ck_assert(isfinite(w));
  }
}
END_TEST

START_TEST(ftrl_sets_to_nothing_what_l1_holds) {
  const float g[] = {0.1f, 4, 0}, l1[] = {0.5f, 1, 0, 0};
  float w[3] = {0}, accumulator[3] = {0}, linear[3] = {0};
  reference()->ftrl(3, w, g, accumulator, linear, 0.5f, l1);
  ck_assert(w[0] == 0 && w[2] == 0);
  ck_assert_double_eq_tol((double)w[1], (1 - 4) / (4 / 0.5), 1e-6);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/adaptive");
  TCase *tcase = tcase_create("adaptive");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, rmsprop);
  ADD_CASE(tcase, adagrad);
  ADD_CASE(tcase, adadelta);
  ADD_CASE(tcase, ftrl);
  tcase_add_test(tcase, formulas);
  tcase_add_test(tcase, gradients_that_never_change_have_no_spread);
  tcase_add_test(tcase, ftrl_sets_to_nothing_what_l1_holds);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
