/* Our exp, log, tanh, normal distribution, sine, cosine and powers against the C library, over dense sweeps. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "kernels/math.h"

/* Distance of a float from the exact value, in units of the float nearest to it. */
static double ulps(float got, double want) {
  const float nearest = (float)want;
  if (isinf(nearest) || isnan(nearest)) {
    return got == nearest || (isnan(got) && isnan(nearest)) ? 0.0 : INFINITY;
  }
  const int exponent = nearest == 0.0f ? -148 : ilogbf(nearest) < -126 ? -126 : ilogbf(nearest);
  return fabs((double)got - want) / ldexp(1.0, exponent - 23 < -149 ? -149 : exponent - 23);
}

static double ulps_f64(double got, long double want) {
  const double nearest = (double)want;
  if (isinf(nearest) || isnan(nearest)) {
    return got == nearest || (isnan(got) && isnan(nearest)) ? 0.0 : INFINITY;
  }
  const int exponent = nearest == 0.0 || ilogb(nearest) < -1022 ? -1022 : ilogb(nearest);
  return (double)(fabsl((long double)got - want) / ldexpl(1.0L, exponent - 52));
}

/* Every 293rd float there is. */
#define EACH_FLOAT(x) \
  for (uint64_t bits_ = 0; bits_ < 0x100000000u; bits_ += 293) \
    for (float x = cnn__float_of((uint32_t)bits_), *once_ = &x; once_ != NULL; once_ = NULL)

START_TEST(exp_everywhere) {
  double worst = 0.0;
  EACH_FLOAT(x) {
    worst = fmax(worst, ulps(cnn__exp(x), exp((double)x)));
  }
  ck_assert_double_le(worst, 2.0);
  for (int i = -2000000; i <= 2000000; i++) {
    const float x = (float)i * 1e-5f;
    worst = fmax(worst, ulps(cnn__exp(x), exp((double)x)));
  }
  ck_assert_double_le(worst, 2.0);
  ck_assert(cnn__exp(0.0f) == 1.0f && cnn__exp(-0.0f) == 1.0f);
  ck_assert(cnn__exp(-INFINITY) == 0.0f && cnn__exp(INFINITY) == INFINITY && isnan(cnn__exp(NAN)));
}
END_TEST

START_TEST(tanh_everywhere) {
  double worst = 0.0;
  EACH_FLOAT(x) {
    worst = fmax(worst, ulps(cnn__tanh(x), tanh((double)x)));
  }
  for (int i = -2000000; i <= 2000000; i++) {
    const float x = (float)i * 5e-6f;
    worst = fmax(worst, ulps(cnn__tanh(x), tanh((double)x)));
  }
  ck_assert_double_le(worst, 3.0);
  ck_assert(cnn__tanh(INFINITY) == 1.0f && cnn__tanh(-INFINITY) == -1.0f && isnan(cnn__tanh(NAN)));
  ck_assert(signbit(cnn__tanh(-0.0f)) && !signbit(cnn__tanh(0.0f)));
}
END_TEST

START_TEST(expm1_below_0) {
  double worst = 0.0;
  EACH_FLOAT(x) {
    if (x <= 0.0f) {
      worst = fmax(worst, ulps(cnn__expm1_below_0(x), expm1((double)x)));
    }
  }
  for (int i = -2000000; i <= 0; i++) {
    const float x = (float)i * 1e-5f;
    worst = fmax(worst, ulps(cnn__expm1_below_0(x), expm1((double)x)));
  }
  ck_assert_double_le(worst, 2.0);
  ck_assert(cnn__expm1_below_0(1.0f) == 0.0f && cnn__expm1_below_0(-INFINITY) == -1.0f);
  ck_assert(isnan(cnn__expm1_below_0(NAN)));
}
END_TEST

START_TEST(log1p_of_the_unit) {
  double worst = 0.0;
  EACH_FLOAT(e) {
    if (e >= 0.0f && e <= 1.0f) {
      worst = fmax(worst, ulps(cnn__log1p_unit(e), log1p((double)e)));
    }
  }
  ck_assert_double_le(worst, 2.0);
  ck_assert(cnn__log1p_unit(0.0f) == 0.0f && isnan(cnn__log1p_unit(NAN)));
}
END_TEST

/* Far below 0 nearly as good as near it; the bell curve too. */
START_TEST(normal_everywhere) {
  double worst = 0.0, worst_far = 0.0, worst_bell = 0.0;
  for (int i = -1450000; i <= 1450000; i++) {
    float x = (float)i * 1e-5f, bell, below = cnn__normal(x, &bell);
    const double want = 0.5 * erfc(-(double)x * 0.70710678118654752440);
    double *which = x < -1.0f ? &worst_far : &worst;
    if (want > 1e-37) {
      *which = fmax(*which, ulps(below, want));
    }
    if (want > 1e-37 && x <= 0.0f) {
      worst_bell = fmax(worst_bell, ulps(bell, exp(-0.5 * (double)x * (double)x)));
    }
  }
  ck_assert_double_le(worst, 3.0);
  ck_assert_double_le(worst_far, 5.0);
  ck_assert_double_le(worst_bell, 2.0);
  float bell;
  ck_assert(cnn__normal(-INFINITY, &bell) == 0.0f && bell == 0.0f);
  ck_assert(cnn__normal(INFINITY, &bell) == 1.0f && isnan(cnn__normal(NAN, &bell)));
}
END_TEST

START_TEST(doubles) {
  double worst_exp = 0.0, worst_log = 0.0, worst_sine = 0.0;
  for (int i = -1000000; i <= 1000000; i++) {
    const double x = i * 7.5e-4, angle = i * 1.1e-4;
    worst_exp = fmax(worst_exp, ulps_f64(cnn__exp_f64(x), expl((long double)x)));
    const double y = ldexp(1.0 + (double)(i & 1023) / 1024.0 + 1e-9 * i, i / 1000);
    worst_log = fmax(worst_log, ulps_f64(cnn__log_f64(y), logl((long double)y)));
    double sine, cosine;
    cnn__sin_cos_f64(angle, &sine, &cosine);
    worst_sine = fmax(worst_sine, fabs(sine - (double)sinl((long double)angle)));
    worst_sine = fmax(worst_sine, fabs(cosine - (double)cosl((long double)angle)));
    cnn__sin_cos_f64(i * 1.04, &sine, &cosine);
    worst_sine = fmax(worst_sine, fabs(sine - (double)sinl((long double)(i * 1.04))));
  }
  ck_assert_double_le(worst_exp, 2.0);
  ck_assert_double_le(worst_log, 2.0);
  ck_assert_double_le(worst_sine, 3e-16);
}
END_TEST

START_TEST(doubles_at_the_ends) {
  ck_assert(cnn__exp_f64(-INFINITY) == 0.0 && cnn__exp_f64(INFINITY) == INFINITY && isnan(cnn__exp_f64(NAN)));
  ck_assert(cnn__exp_f64(1e300) == INFINITY && cnn__exp_f64(-1e300) == 0.0 && cnn__exp_f64(0.0) == 1.0);
  ck_assert(cnn__log_f64(0.0) == -INFINITY && isnan(cnn__log_f64(-1.0)) && isnan(cnn__log_f64(NAN)));
  ck_assert(cnn__log_f64(INFINITY) == INFINITY && cnn__log_f64(1.0) == 0.0);
  const double least = cnn__double_of(1);
  ck_assert_double_le(ulps_f64(cnn__log_f64(least), logl((long double)least)), 2.0);
  double sine, cosine;
  cnn__sin_cos_f64(0.0, &sine, &cosine);
  ck_assert(sine == 0.0 && cosine == 1.0);
  const double none[4] = {NAN, INFINITY, -INFINITY, 1e7};
  for (int i = 0; i < 4; i++) {
    cnn__sin_cos_f64(none[i], &sine, &cosine);
    ck_assert(isnan(sine) && isnan(cosine));
  }
}
END_TEST

START_TEST(integer_powers) {
  ck_assert(cnn__pow_int_f64(3.0, 0) == 1.0 && cnn__pow_int_f64(3.0, 5) == 243.0);
  ck_assert(cnn__pow_int_f64(2.0, -3) == 0.125 && cnn__pow_int_f64(0.5, 2000) == 0.0);
  ck_assert(cnn__pow_int_f64(1.0, INT64_MIN) == 1.0);
  for (int n = 1; n < 20000; n += 37) {
    const double want = pow(0.999, n);
    ck_assert_double_le(fabs(cnn__pow_int_f64(0.999, n) - want), want * 1e-12);
  }
}
END_TEST

START_TEST(row_sum_in_lanes) {
  float x[37], lanes[16] = {0};
  for (int i = 0; i < 37; i++) {
    x[i] = 1.0f / (float)(i + 1);
    lanes[i % 16] += x[i];
  }
  float eight[8], four[4];
  for (int i = 0; i < 8; i++) {
    eight[i] = lanes[i] + lanes[i + 8];
  }
  for (int i = 0; i < 4; i++) {
    four[i] = eight[i] + eight[i + 4];
  }
  ck_assert(cnn__row_sum(37, x) == (four[0] + four[2]) + (four[1] + four[3]));
  ck_assert(cnn__row_sum(0, x) == 0.0f && cnn__row_sum(1, x) == 1.0f);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/math");
  TCase *tcase = tcase_create("math");
  tcase_set_timeout(tcase, 120);
  tcase_add_test(tcase, exp_everywhere);
  tcase_add_test(tcase, tanh_everywhere);
  tcase_add_test(tcase, expm1_below_0);
  tcase_add_test(tcase, log1p_of_the_unit);
  tcase_add_test(tcase, normal_everywhere);
  tcase_add_test(tcase, doubles);
  tcase_add_test(tcase, doubles_at_the_ends);
  tcase_add_test(tcase, integer_powers);
  tcase_add_test(tcase, row_sum_in_lanes);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
