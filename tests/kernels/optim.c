/* Updates by momentum: every level against the reference, and the reference against the formulas in double. */
#include "update_check.h"

static const float shares[6] = {0.1f, 0.001f, 0.8f, 0.3f, 0.02f, 1e-7f};

UPDATE_CASE(sgd, 2, 1, t->sgd(n, a[0], a[1], 0.01f))
UPDATE_CASE(sgd_momentum, 3, 2, t->sgd_momentum(n, a[0], a[1], a[2], 0.01f, 0.9f, variant))
UPDATE_CASE(adam, 4, 1, t->adam(n, a[0], a[1], a[2], a[3], 0.001f, 0.1f, 0.001f, 1e-7f))
UPDATE_CASE(adam_amsgrad, 5, 1, t->adam_amsgrad(n, a[0], a[1], a[2], a[3], a[4], 0.001f, 0.1f, 0.001f, 1e-7f))
UPDATE_CASE(adamax, 4, 1, t->adamax(n, a[0], a[1], a[2], a[3], 0.001f, 0.1f, 0.999f, 1e-7f))
UPDATE_CASE(nadam, 4, 1, t->nadam(n, a[0], a[1], a[2], a[3], 0.001f, shares))
UPDATE_CASE(lamb_direction, 3, 1, t->lamb_direction(n, a[0], a[1], a[2], shares))
UPDATE_CASE(lion, 3, 1, t->lion(n, a[0], a[1], a[2], 0.001f, shares))

START_TEST(formulas_of_sgd) {
  const float g = 0.3f;
  float w = 0.5f, velocity = 0.2f;
  reference()->sgd_momentum(1, &w, &g, &velocity, 0.1f, 0.9f, 0);
  ck_assert_double_eq_tol((double)velocity, 0.18 - 0.03, 1e-7);
  ck_assert_double_eq_tol((double)w, 0.65, 1e-7);
  velocity = 0.2f;
  w = 0.5f;
  reference()->sgd_momentum(1, &w, &g, &velocity, 0.1f, 0.9f, 1);
  ck_assert_double_eq_tol((double)w, 0.5 + 0.9 * 0.15 - 0.03, 1e-7);
  w = 0.5f;
  reference()->sgd(1, &w, &g, 0.1f);
  ck_assert_double_eq_tol((double)w, 0.47, 1e-7);
}
END_TEST

START_TEST(formulas_of_adam) {
  const float g = 0.3f;
  const double m1 = 0.9 * 0.02 + 0.1 * 0.3, v1 = 0.999 * 0.04 + 0.001 * 0.09;
  float w = 0.5f, m = 0.02f, v = 0.04f, v_hat = 0.05f;
  reference()->adam(1, &w, &g, &m, &v, 0.002f, 0.1f, 0.001f, 1e-7f);
  ck_assert_double_eq_tol((double)m, m1, 1e-8);
  ck_assert_double_eq_tol((double)v, v1, 1e-8);
  ck_assert_double_eq_tol((double)w, 0.5 - 0.002 * m1 / (sqrt(v1) + 1e-7), 1e-7);
  w = 0.5f, m = 0.02f, v = 0.04f;
  reference()->adam_amsgrad(1, &w, &g, &m, &v, &v_hat, 0.002f, 0.1f, 0.001f, 1e-7f);
  ck_assert(v_hat == 0.05f);
  ck_assert_double_eq_tol((double)w, 0.5 - 0.002 * m1 / (sqrt(0.05) + 1e-7), 1e-7);
  v_hat = 0.01f;
  reference()->adam_amsgrad(1, &w, &g, &m, &v, &v_hat, 0.002f, 0.1f, 0.001f, 1e-7f);
  ck_assert(v_hat == v);
  w = 0.5f, m = 0.02f;
  float u = 0.2f;
  reference()->adamax(1, &w, &g, &m, &u, 0.01f, 0.1f, 0.999f, 1e-7f);
  ck_assert(u == 0.3f);
  ck_assert_double_eq_tol((double)w, 0.5 - 0.01 * m1 / 0.3, 1e-7);
}
END_TEST

START_TEST(the_sign_of_nothing_is_nothing) {
  static const float factors[] = {0.9f, 0.1f, 0.99f, 0.01f};
  const float g[] = {0, 2, -2, 0.0f * -1};
  float w[] = {1, 1, 1, 1}, m[4] = {0};
  reference()->lion(4, w, g, m, 0.125f, factors);
  ck_assert(w[0] == 1 && w[1] == 0.875f && w[2] == 1.125f && w[3] == 1);
  ck_assert(m[0] == 0 && m[1] == 2 * 0.01f);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/optim");
  TCase *tcase = tcase_create("optim");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, sgd);
  ADD_CASE(tcase, sgd_momentum);
  ADD_CASE(tcase, adam);
  ADD_CASE(tcase, adam_amsgrad);
  ADD_CASE(tcase, adamax);
  ADD_CASE(tcase, nadam);
  ADD_CASE(tcase, lamb_direction);
  ADD_CASE(tcase, lion);
  tcase_add_test(tcase, formulas_of_sgd);
  tcase_add_test(tcase, formulas_of_adam);
  tcase_add_test(tcase, the_sign_of_nothing_is_nothing);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
