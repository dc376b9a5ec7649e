/* compare: arrays of numbers, with the first or worst difference in the text. */
#include "compare.h"

#include <check.h>
#include <math.h>
#include <string.h>

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

void compare_bits(const char *what, const float *actual, const float *expected, int64_t count, int32_t any_nan) {
  int64_t different = 0, first = 0;
  for (int64_t i = count - 1; i >= 0; i--)
    if (bits_of(actual[i]) != bits_of(expected[i]) && !(any_nan && isnan(actual[i]) && isnan(expected[i]))) {
      different++;
      first = i;
    }
  ck_assert_msg(different == 0, "%s: %lld of %lld differ, first element %lld: %.9g (%08x), should be %.9g (%08x)", what,
                (long long)different, (long long)count, (long long)first, (double)actual[first], bits_of(actual[first]),
                (double)expected[first], bits_of(expected[first]));
}

/* By how much the difference exceeds what is allowed; at most 0: it does not. */
static double excess(double actual, double expected, double absolute, double relative) {
  if (isnan(expected) || isinf(expected) || isnan(actual) || isinf(actual))
    return (isnan(actual) && isnan(expected)) || actual == expected ? 0 : INFINITY;
  return fabs(actual - expected) - (absolute + relative * fabs(expected));
}

void compare_close(const char *what, const float *actual, const float *expected, int64_t count, double absolute,
                   double relative) {
  int64_t worst = 0;
  double most = 0;
  for (int64_t i = 0; i < count; i++) {
    double over = excess((double)actual[i], (double)expected[i], absolute, relative);
    if (over > most) {
      most = over;
      worst = i;
    }
  }
  ck_assert_msg(most <= 0, "%s: element %lld is %.9g, should be %.9g, within %.3g and %.3g of it", what, (long long)worst,
                (double)actual[worst], (double)expected[worst], absolute, relative);
}

/* Floats in order as integers in order. */
static int64_t rank_of(float value) {
  int64_t magnitude = bits_of(value) & 0x7fffffffu;
  return bits_of(value) >> 31 ? -magnitude : magnitude;
}

int64_t ulps_between(float a, float b) {
  if (!isfinite(a) || !isfinite(b))
    return bits_of(a) == bits_of(b) || (isnan(a) && isnan(b)) ? 0 : INT64_MAX;
  int64_t distance = rank_of(a) - rank_of(b);
  return distance < 0 ? -distance : distance;
}

/* The finaliser of splitmix64: a good mixer, and none of the library's own. */
float test_number(uint64_t seed, int64_t index) {
  uint64_t x = seed * UINT64_C(0xd1342543de82ef95) + (uint64_t)index * UINT64_C(0x9e3779b97f4a7c15) + 1;
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  x ^= x >> 31;
  return (float)(int64_t)((x >> 40) - (UINT64_C(1) << 23)) * (1.0f / 8388608.0f);
}

void test_numbers(float *out, int64_t count, uint64_t seed, float scale) {
  for (int64_t i = 0; i < count; i++)
    out[i] = test_number(seed, i) * scale;
}
