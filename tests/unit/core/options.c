/* options: structs of this version, of older and of newer ones. */
#include "suite.h"

#include "core/options.h"

#include <math.h>
#include <string.h>

/* The struct as the first version had it, as it is now, and as a later one will. */
typedef struct first_opts {
  size_t size;
  int32_t a, b;
} first_opts;
typedef struct opts {
  size_t size;
  int32_t a, b, c, d;
} opts;
typedef struct later_opts {
  size_t size;
  int32_t a, b, c, d, e, f;
} later_opts;

static cnn_status read_opts(opts *full, const void *given) {
  memset(full, 0x77, sizeof *full);
  return cnn__options(full, sizeof *full, sizeof(first_opts), given, "test_opts");
}

START_TEST(null_means_all_defaults) {
  opts full;
  ck_assert_int_eq(read_opts(&full, NULL), CNN_OK);
  ck_assert_uint_eq(full.size, sizeof full);
  ck_assert(full.a == 0 && full.b == 0 && full.c == 0 && full.d == 0);
}
END_TEST

START_TEST(this_version_is_copied) {
  opts full, given = {sizeof given, 1, 2, 3, 4};
  ck_assert_int_eq(read_opts(&full, &given), CNN_OK);
  ck_assert_mem_eq(&full, &given, sizeof full);
}
END_TEST

START_TEST(older_structs_end_in_zeros) {
  opts full;
  first_opts given = {sizeof given, 1, 2};
  ck_assert_int_eq(read_opts(&full, &given), CNN_OK);
  ck_assert_uint_eq(full.size, sizeof full);
  ck_assert(full.a == 1 && full.b == 2 && full.c == 0 && full.d == 0);
}
END_TEST

START_TEST(newer_structs_are_read_where_they_ask_nothing_new) {
  opts full;
  later_opts given = {sizeof given, 1, 2, 3, 4, 0, 0};
  ck_assert_int_eq(read_opts(&full, &given), CNN_OK);
  ck_assert_uint_eq(full.size, sizeof full);
  ck_assert(full.a == 1 && full.d == 4);
}
END_TEST

START_TEST(newer_structs_are_refused_where_they_ask_more) {
  opts full;
  for (int32_t last = 0; last < 2; last++) {
    later_opts given = {sizeof given, 1, 2, 3, 4, !last, last << 24};
    ck_assert_int_eq(read_opts(&full, &given), CNN_ETOONEW);
    ck_assert_ptr_nonnull(strstr(cnn_error_text(), "test_opts: byte"));
  }
}
END_TEST

START_TEST(sizes_that_none_can_have_are_refused) {
  static const size_t sizes[] = {0, 1, sizeof(first_opts) - 1, 65537, SIZE_MAX};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    opts full, given = {sizes[i], 1, 2, 3, 4};
    ck_assert_int_eq(read_opts(&full, &given), CNN_EINVAL);
    ck_assert_ptr_nonnull(strstr(cnn_error_text(), "test_opts: size is"));
  }
}
END_TEST

START_TEST(zero_means_default_and_cnn_zero_means_zero) {
  ck_assert(cnn__option(0.0f, 0.9f) == 0.9f);
  ck_assert(cnn__option(-0.0f, 0.9f) == 0.9f);
  ck_assert(cnn__option(CNN_ZERO, 0.9f) == 0.0f);
  ck_assert(cnn__option(0.5f, 0.9f) == 0.5f);
  ck_assert(isnan(cnn__option(NAN, 0.9f)));
  ck_assert_int_eq(cnn__option_int(0, 5), 5);
  ck_assert_int_eq(cnn__option_int(CNN_ZERO_INT, 5), 0);
  ck_assert_int_eq(cnn__option_int(-1, 5), -1);
}
END_TEST

int main(void) {
  return RUN_SUITE("options", 0, null_means_all_defaults, this_version_is_copied, older_structs_end_in_zeros,
                   newer_structs_are_read_where_they_ask_nothing_new, newer_structs_are_refused_where_they_ask_more,
                   sizes_that_none_can_have_are_refused, zero_means_default_and_cnn_zero_means_zero);
}
