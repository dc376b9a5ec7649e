/* compare: arrays of numbers, with the first or worst difference in the text. */
#ifndef CNN_TESTS_COMPARE_H
#define CNN_TESTS_COMPARE_H

#include <stdint.h>

/* Fails the running test unless all bits are equal; with any_nan every NaN equals every other. */
void compare_bits(const char *what, const float *actual, const float *expected, int64_t count, int32_t any_nan);

/* Fails the running test unless every |actual - expected| <= absolute + relative * |expected|. NaN equals NaN, an infinity itself. */
void compare_close(const char *what, const float *actual, const float *expected, int64_t count, double absolute,
                   double relative);

/* Units in the last place between two finite floats, counted through zero; INT64_MAX where one is not finite and they differ. */
int64_t ulps_between(float a, float b);

/* A float of [-1, 1), a function of its arguments alone: test data without a file. */
float test_number(uint64_t seed, int64_t index);

/* count of them, times scale. */
void test_numbers(float *out, int64_t count, uint64_t seed, float scale);

#endif
