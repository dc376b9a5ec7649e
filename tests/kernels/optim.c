/* Optimizer updates: every level against the reference, and the reference against the formulas in double. */
#include "check.h"

CASE(sgd) {
  EACH_LEVEL(sgd) {
    for (int64_t i = 0; lengths(i) >= 0; i++) {
      const int64_t n = lengths(i);
      NOTE(sgd, n);
      EACH_PLACEMENT(50 + (uint64_t)i) {
        for (int kind = 0; kind < KINDS; kind++) {
          float *w = place_floats(0, n, kind);
          const float *g = place_floats(1, n, kind);
          float *copy = place_copy(2, 0);
          reference()->sgd(n, w, g, 0.01f);
          t->sgd(n, copy, g, 0.01f);
          same_floats(2, 0);
        }
      }
    }
  }
}
END_CASE

CASE(sgd_momentum) {
  EACH_LEVEL(sgd_momentum) {
    for (int64_t i = 0; lengths(i) >= 0; i++) {
      const int64_t n = lengths(i);
      EACH_PLACEMENT(60 + (uint64_t)i) {
        for (int turn = 0; turn < 2 * KINDS; turn++) {
          const int32_t nesterov = turn % 2;
          NOTE(sgd_momentum, n, nesterov);
          float *w = place_floats(0, n, turn / 2);
          float *v = place_floats(1, n, turn / 2);
          const float *g = place_floats(2, n, turn / 2);
          float *w2 = place_copy(3, 0);
          float *v2 = place_copy(4, 1);
          reference()->sgd_momentum(n, w, g, v, 0.01f, 0.9f, nesterov);
          t->sgd_momentum(n, w2, g, v2, 0.01f, 0.9f, nesterov);
          same_floats(3, 0);
          same_floats(4, 1);
        }
      }
    }
  }
}
END_CASE

CASE(adam) {
  EACH_LEVEL(adam) {
    for (int64_t i = 0; lengths(i) >= 0; i++) {
      const int64_t n = lengths(i);
      NOTE(adam, n);
      EACH_PLACEMENT(70 + (uint64_t)i) {
        for (int kind = 0; kind < KINDS; kind++) {
          float *w = place_floats(0, n, kind);
          float *m = place_floats(1, n, kind);
          float *v = place_floats(2, n, kind);
          const float *g = place_floats(3, n, kind);
          float *w2 = place_copy(4, 0);
          float *m2 = place_copy(5, 1);
          float *v2 = place_copy(6, 2);
          reference()->adam(n, w, g, m, v, 0.001f, 0.1f, 0.001f, 1e-7f);
          t->adam(n, w2, g, m2, v2, 0.001f, 0.1f, 0.001f, 1e-7f);
          same_floats(4, 0);
          same_floats(5, 1);
          same_floats(6, 2);
        }
      }
    }
  }
}
END_CASE

START_TEST(formulas) {
  const float g = 0.3f;
  float w = 0.5f, m = 0.02f, v = 0.04f;
  reference()->adam(1, &w, &g, &m, &v, 0.002f, 0.1f, 0.001f, 1e-7f);
  const double m1 = 0.9 * 0.02 + 0.1 * 0.3, v1 = 0.999 * 0.04 + 0.001 * 0.09;
  ck_assert_double_eq_tol((double)m, m1, 1e-8);
  ck_assert_double_eq_tol((double)v, v1, 1e-8);
  ck_assert_double_eq_tol((double)w, 0.5 - 0.002 * m1 / (sqrt(v1) + 1e-7), 1e-7);
  float velocity = 0.2f;
  w = 0.5f;
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

int main(void) {
  Suite *suite = suite_create("kernels/optim");
  TCase *tcase = tcase_create("optim");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, sgd);
  ADD_CASE(tcase, sgd_momentum);
  ADD_CASE(tcase, adam);
  tcase_add_test(tcase, formulas);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
