/* number: numbers to text and back. */
#include "suite.h"

#include "core/text.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What Python's repr writes. */
START_TEST(repr_is_python_s) {
  static const struct {
    double value;
    const char *text;
  } known[] = {
      {0.0, "0.0"}, {-0.0, "-0.0"}, {1, "1.0"}, {-1, "-1.0"}, {0.1, "0.1"}, {100, "100.0"}, {123456, "123456.0"},
      {1e-7, "1e-07"}, {-2.5e-7, "-2.5e-07"}, {1e-4, "0.0001"}, {1e-5, "1e-05"}, {0.00012345, "0.00012345"},
      {1e15, "1000000000000000.0"}, {1e16, "1e+16"}, {1.5e16, "1.5e+16"}, {1e22, "1e+22"}, {1e23, "1e+23"},
      {9007199254740993.0, "9007199254740992.0"}, {123456789012345680.0, "1.2345678901234568e+17"},
      {1.0 / 3, "0.3333333333333333"}, {2.0 / 3, "0.6666666666666666"}, {0.1 + 0.2, "0.30000000000000004"},
      {(double)0.0005f, "0.0005000000237487257"}, {(double)0.1f, "0.10000000149011612"}, {5e-324, "5e-324"},
      {DBL_MIN, "2.2250738585072014e-308"}, {DBL_MAX, "1.7976931348623157e+308"}, {1e100, "1e+100"},
      {5.684341886080802e-14, "5.684341886080802e-14"}, /* 2^-44: the nearest sixteen digits do not read back */
      {INFINITY, "inf"}, {-INFINITY, "-inf"}, {(double)NAN, "nan"}, {-(double)NAN, "nan"}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    char text[32], public_text[32];
    ck_assert_str_eq(cnn__repr(text, known[i].value), known[i].text);
    ck_assert_str_eq(cnn_format_shortest(public_text, known[i].value), known[i].text);
  }
  ck_assert_str_eq(cnn_format_shortest(NULL, 1.0), "");
}
END_TEST

/* Bits of a double from a counter: every exponent comes up. */
static double scrambled(uint64_t i) {
  double value;
  uint64_t x = i * UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x ^= x >> 31;
  memcpy(&value, &x, sizeof value);
  return value;
}

START_TEST(repr_reads_back) {
  for (uint64_t i = 0; i < 5000; i++) {
    char text[32];
    double value = scrambled(i), back = 0;
    cnn__repr(text, value);
    ck_assert_uint_lt(strlen(text), 26);
    ck_assert_int_eq(cnn__read_double(text, &back), 0);
    ck_assert_msg(isnan(value) ? isnan(back) : memcmp(&back, &value, sizeof back) == 0, "%a became %s", value, text);
  }
}
END_TEST

START_TEST(repr_of_powers_of_two_reads_back) {
  for (int32_t e = -1074; e < 1024; e++) {
    char text[32];
    double value = ldexp(1, e), back = 0;
    ck_assert_int_eq(cnn__read_double(cnn__repr(text, value), &back), 0);
    ck_assert_msg(back == value, "2^%d became %s", (int)e, text);
  }
}
END_TEST

START_TEST(thousands) {
  static const struct {
    int64_t value;
    const char *text;
  } known[] = {{0, "0"}, {7, "7"}, {999, "999"}, {1000, "1,000"}, {422026, "422,026"}, {1000000, "1,000,000"}, {-999, "-999"},
               {-1000, "-1,000"}, {INT64_MAX, "9,223,372,036,854,775,807"}, {INT64_MIN, "-9,223,372,036,854,775,808"}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    char text[32];
    ck_assert_str_eq(cnn__thousands(text, known[i].value), known[i].text);
  }
}
END_TEST

START_TEST(memory_sizes_are_keras_s) {
  static const struct {
    int64_t bytes;
    const char *text;
  } known[] = {{0, "0.00 B"}, {768, "768.00 B"}, {1023, "1023.00 B"}, {1024, "1.00 KB"}, {422026 * 4, "1.61 MB"},
               {INT64_C(1) << 30, "1.00 GB"}, {INT64_C(3) << 39, "1.50 TB"}, {INT64_C(1) << 52, "4096.00 TB"}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    char text[32];
    ck_assert_str_eq(cnn__memory_size(text, known[i].bytes), known[i].text);
  }
}
END_TEST

START_TEST(doubles_are_read_whole) {
  static const struct {
    const char *text;
    double value;
  } known[] = {{"0", 0}, {"1", 1}, {"+1", 1}, {"-1.5", -1.5}, {".5", 0.5}, {"5.", 5}, {"1e3", 1000}, {"1E-07", 1e-7}, {"1e+2", 100},
               {"0.0005000000237487257", (double)0.0005f}, {"1e-400", 0}, {"5e-324", 5e-324}, {"inf", INFINITY}, {"-inf", -INFINITY}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    double value = 77;
    ck_assert_msg(cnn__read_double(known[i].text, &value) == 0, "%s was refused", known[i].text);
    ck_assert_msg(value == known[i].value, "%s became %g", known[i].text, value);
  }
}
END_TEST

START_TEST(what_is_no_double_is_refused) {
  static const char *const texts[] = {"", " ", "a", "1 ", " 1", "1a", "1,5", "0x10", "1e", "1e+", "e5", ".", "-", "+.e1", "--1", "1.2.3",
                                      "infinity", "NaN", "1e999", "-1e999", "1\n", "1_000"};
  double value = 77;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    ck_assert_msg(cnn__read_double(texts[i], &value) != 0, "'%s' became %g", texts[i], value);
  char longest[1000];
  memset(longest, '0', sizeof longest);
  longest[999] = 0;
  ck_assert_int_ne(cnn__read_double(longest, &value), 0);
  ck_assert(value == 77);
}
END_TEST

START_TEST(integers_are_read_whole) {
  int64_t value = 77;
  ck_assert_int_eq(cnn__read_int("0", &value), 0);
  ck_assert_int_eq(value, 0);
  ck_assert_int_eq(cnn__read_int("-12", &value), 0);
  ck_assert_int_eq(value, -12);
  ck_assert_int_eq(cnn__read_int("+0012", &value), 0);
  ck_assert_int_eq(value, 12);
  ck_assert_int_eq(cnn__read_int("9223372036854775807", &value), 0);
  ck_assert(value == INT64_MAX);
  ck_assert_int_eq(cnn__read_int("-9223372036854775808", &value), 0);
  ck_assert(value == INT64_MIN);
}
END_TEST

START_TEST(what_is_no_integer_is_refused) {
  static const char *const texts[] = {"", "-", "+", "a", "1.0", "1 ", " 1", "1a", "0x10", "9223372036854775808", "-9223372036854775809",
                                      "99999999999999999999999", "18446744073709551616"};
  int64_t value = 77;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    ck_assert_msg(cnn__read_int(texts[i], &value) != 0, "'%s' became %lld", texts[i], (long long)value);
  ck_assert_int_eq(value, 77);
}
END_TEST

int main(void) {
  return RUN_SUITE("number", 20, repr_is_python_s, repr_reads_back, repr_of_powers_of_two_reads_back, thousands,
                   memory_sizes_are_keras_s, doubles_are_read_whole, what_is_no_double_is_refused, integers_are_read_whole,
                   what_is_no_integer_is_refused);
}
