/* random: Philox against the published answers; the permutation is one, and looks like chance. */
#include "suite.h"

#include "core/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The known answers that Random123 publishes for philox4x32-10. */
START_TEST(philox_gives_the_known_answers) {
  static const struct {
    uint32_t counter[4], key[2], out[4];
  } known[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    uint32_t out[4];
    cnn__philox(known[i].counter, known[i].key, out);
    ck_assert_mem_eq(out, known[i].out, sizeof out);
  }
}
END_TEST

START_TEST(philox_may_write_where_it_reads) {
  uint32_t both[4] = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344};
  const uint32_t key[2] = {0xa4093822, 0x299f31d0}, expected[4] = {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
  cnn__philox(both, key, both);
  ck_assert_mem_eq(both, expected, sizeof both);
}
END_TEST

START_TEST(coordinates_and_key_have_their_places) {
  uint32_t counter[4], key[2];
  cnn__coordinates(counter, CNN__RANDOM_DROPOUT, 0x1abcdef, 7, 8, 9);
  ck_assert_uint_eq(counter[0], 9);
  ck_assert_uint_eq(counter[1], 8);
  ck_assert_uint_eq(counter[2], 7);
  ck_assert_uint_eq(counter[3], 0x02abcdef);
  cnn__key(key, UINT64_C(0x0123456789abcdef));
  ck_assert_uint_eq(key[0], 0x89abcdef);
  ck_assert_uint_eq(key[1], 0x01234567);
}
END_TEST

START_TEST(units_lie_in_their_half_open_interval) {
  ck_assert(cnn__unit_float(0) == 0.0f);
  ck_assert(cnn__unit_float(UINT32_MAX) == 1.0f - ldexpf(1, -24));
  ck_assert(cnn__unit_double(0, 0) == 0.0);
  ck_assert(cnn__unit_double(UINT32_MAX, UINT32_MAX) == 1.0 - ldexp(1, -53));
  ck_assert(cnn__unit_double(0x80000000, 0) == 0.5);
}
END_TEST

START_TEST(permute_is_a_bijection) {
  static const int64_t sizes[] = {1, 2, 3, 4, 5, 10, 16, 17, 1000, 4096, 4097, 54000};
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
    for (uint32_t pass = 0; pass < 3; pass++) {
      int64_t n = sizes[s];
      unsigned char *seen = calloc((size_t)n, 1);
      for (int64_t i = 0; i < n; i++) {
        int64_t at = cnn__permute(42, pass, n, i);
        ck_assert_int_ge(at, 0);
        ck_assert_int_lt(at, n);
        ck_assert_int_eq(seen[at], 0);
        seen[at] = 1;
      }
      free(seen);
    }
}
END_TEST

START_TEST(permute_reaches_the_largest_sizes) {
  int64_t n = (INT64_C(1) << 32) - 1;
  for (int64_t i = 0; i < 1000; i++) {
    int64_t at = cnn__permute(1, 2, n, n - 1 - i);
    ck_assert(at >= 0 && at < n);
  }
}
END_TEST

/* How often each index of ten lands on each place, over many passes: chi-squared with 81 degrees of freedom. */
START_TEST(permute_is_roughly_uniform) {
  enum { N = 10, PASSES = 20000 };
  int32_t counts[N][N];
  memset(counts, 0, sizeof counts);
  for (uint32_t pass = 0; pass < PASSES; pass++)
    for (int64_t i = 0; i < N; i++)
      counts[i][cnn__permute(7, pass, N, i)]++;
  double chi = 0, expected = (double)PASSES / N;
  for (int32_t i = 0; i < N; i++)
    for (int32_t j = 0; j < N; j++)
      chi += (counts[i][j] - expected) * (counts[i][j] - expected) / expected;
  ck_assert_msg(chi > 40 && chi < 140, "chi squared is %.1f, about 81 was expected", chi);
}
END_TEST

/* In a large permutation neighbours part: the mean distance of two independent places is n / 3, few points stay. */
START_TEST(permute_parts_neighbours) {
  int64_t n = 54000, fixed = 0;
  double distance = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t here = cnn__permute(3, 0, n, i), next = cnn__permute(3, 0, n, (i + 1) % n);
    distance += (double)llabs(here - next) / (double)n;
    fixed += here == i;
  }
  ck_assert_double_eq_tol(distance / (double)n, 1.0 / 3, 0.01);
  ck_assert_int_lt(fixed, 10);
}
END_TEST

START_TEST(permute_depends_on_seed_and_pass) {
  int64_t by_seed = 0, by_high_word = 0, by_pass = 0;
  for (int64_t i = 0; i < 1000; i++) {
    int64_t at = cnn__permute(1, 1, 1000, i);
    by_seed += at == cnn__permute(2, 1, 1000, i);
    by_high_word += at == cnn__permute(1 | UINT64_C(1) << 40, 1, 1000, i);
    by_pass += at == cnn__permute(1, 2, 1000, i);
    ck_assert_int_eq(at, cnn__permute(1, 1, 1000, i));
  }
  ck_assert_int_lt(by_seed, 10);
  ck_assert_int_lt(by_high_word, 10);
  ck_assert_int_lt(by_pass, 10);
}
END_TEST

int main(void) {
  return RUN_SUITE("random", 20, philox_gives_the_known_answers, philox_may_write_where_it_reads,
                   coordinates_and_key_have_their_places, units_lie_in_their_half_open_interval, permute_is_a_bijection,
                   permute_reaches_the_largest_sizes, permute_is_roughly_uniform, permute_parts_neighbours,
                   permute_depends_on_seed_and_pass);
}
