/* form: reading, writing and ranges of names with numbers. */
#include "tensor/form.h"

#include <check.h>
#include <math.h>
#include <string.h>

static const cnn__forms forms = {
    .names = {"plain", "one", "two"},
    .numbers = {[1] = {{"gain", 2.0f, -3.4028234663852885981e38f}}, [2] = {{"mean", 0.5f, -3e38f}, {"stddev", 0.05f, 0.0f}}},
};

static const struct {
  const char *text;
  int32_t choice;
  float numbers[2];
  const char *back;
} good[] = {
    {"plain", 0, {0, 0}, "plain"},
    {"one", 1, {2, 0}, "one(gain=2)"},
    {"one(-1e-3)", 1, {-1e-3f, 0}, "one(gain=-0.001)"},
    {"one(gain=0.1)", 1, {0.1f, 0}, "one(gain=0.1)"},
    {"two", 2, {0.5f, 0.05f}, "two(mean=0.5,stddev=0.05)"},
    {"two(stddev=3)", 2, {0.5f, 3}, "two(mean=0.5,stddev=3)"},
    {"two(1,2)", 2, {1, 2}, "two(mean=1,stddev=2)"},
    {"two(stddev=1,mean=2)", 2, {2, 1}, "two(mean=2,stddev=1)"},
    {"two(1,stddev=2)", 2, {1, 2}, "two(mean=1,stddev=2)"},
};

START_TEST(good_forms) {
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    cnn__form form, again;
    char text[96];
    ck_assert_msg(cnn__form_read(&forms, &form, good[i].text) == CNN_OK, "%s", good[i].text);
    ck_assert_int_eq(form.choice, good[i].choice);
    ck_assert(form.numbers[0] == good[i].numbers[0] && form.numbers[1] == good[i].numbers[1]);
    ck_assert_int_eq(cnn__form_text(&forms, &form, text, sizeof text), (int)strlen(good[i].back));
    ck_assert_str_eq(text, good[i].back);
    ck_assert_int_eq(cnn__form_read(&forms, &again, text), CNN_OK);
    ck_assert_mem_eq(&form, &again, sizeof form);
    ck_assert_int_eq(cnn__form_check(&forms, &form, "key", "what"), CNN_OK);
  }
}
END_TEST

START_TEST(bad_forms) {
  static const char *const unknown[] = {"", "on", "ones", "(1)", "Plain", "one,2"};
  static const char *const wrong[] = {"plain(1)", "plain()",  "one(",         "one()",           "one(1",        "one(1)x",
                                      "one(1,2)", "one(a=1)", "one(gain=)",   "one(gain=x)",     "two(1,mean=2)", "two(1,,2)",
                                      "two(1,2,3)", "one(1))", "two(stddev=1,2,3)", "one(gain=1,gain=1)", "one(0x10)",
                                      "one(11111111111111111111111111111111111111111111111111111111111111111111)"};
  cnn__form form;
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    ck_assert_msg(cnn__form_read(&forms, &form, unknown[i]) == CNN_ENAME, "'%s'", unknown[i]);
    ck_assert_int_eq(form.choice, -1);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    ck_assert_msg(cnn__form_read(&forms, &form, wrong[i]) == CNN_EINVAL, "'%s'", wrong[i]);
}
END_TEST

START_TEST(short_buffers) {
  cnn__form form = cnn__form_of(&forms, 2);
  char whole[64], text[64];
  int length = cnn__form_text(&forms, &form, whole, sizeof whole);
  for (size_t bytes = 0; bytes < sizeof text; bytes++) {
    memset(text, 'x', sizeof text);
    ck_assert_int_eq(cnn__form_text(&forms, &form, text, bytes), length);
    if (bytes) {
      size_t kept = bytes - 1 < (size_t)length ? bytes - 1 : (size_t)length;
      ck_assert(memcmp(text, whole, kept) == 0 && text[kept] == 0);
    }
    ck_assert(text[bytes] == 'x');
  }
}
END_TEST

START_TEST(ranges) {
  cnn__form form = cnn__form_of(&forms, 2);
  form.numbers[1] = -0.5f;
  ck_assert_int_eq(cnn__form_check(&forms, &form, "kernel_initializer", "dense 'a'"), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "dense 'a': kernel_initializer is two(mean=0.5,stddev=-0.5), whose stddev must be finite and at "
                                     "least 0");
  form = cnn__form_of(&forms, 1);
  form.numbers[0] = NAN;
  ck_assert_int_eq(cnn__form_check(&forms, &form, "k", "w"), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "w: k is one(gain=nan), whose gain must be finite");
  form.numbers[0] = INFINITY;
  ck_assert_int_eq(cnn__form_check(&forms, &form, "k", "w"), CNN_EINVAL);
}
END_TEST

START_TEST(no_index) {
  char text[16];
  cnn__form form = cnn__form_of(&forms, 3);
  ck_assert(form.choice == 3 && form.numbers[0] == 0);
  ck_assert_int_eq(cnn__form_text(&forms, &form, text, sizeof text), 1);
  ck_assert_str_eq(text, "3");
  char usage[32];
  cnn__form_usage(&forms, 2, usage, sizeof usage);
  ck_assert_str_eq(usage, "two(mean,stddev)");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("form");
  TCase *tests = tcase_create("form");
  tcase_add_test(tests, good_forms);
  tcase_add_test(tests, bad_forms);
  tcase_add_test(tests, short_buffers);
  tcase_add_test(tests, ranges);
  tcase_add_test(tests, no_index);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
