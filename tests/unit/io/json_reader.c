/* Our own parser of JSON: what is a value and what is none, numbers to the last bit, and each allocation failing. */
#include "io/json_reader.h"

#include "suite.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static json_t *read_text(const char *text, cnn__json_fault *fault) {
  char *exact = malloc(strlen(text) + 1); /* of this size, so that a sanitizer sees what is read beyond it */
  memcpy(exact, text, strlen(text) + 1);
  exact = realloc(exact, strlen(text) ? strlen(text) : 1);
  json_t *made = cnn__json_read(exact, strlen(text), fault);
  free(exact);
  return made;
}

START_TEST(values) {
  static const char *const texts[] = {
      "null", " true\n", "\tfalse\r", "0", "-0", "12", "-9223372036854775808", "9223372036854775807", "0.5", "-1.25e-3", "1E5", "1e+05", "1e-400", "0.1",
      "5e-324", "2.2250738585072011e-308", "1.7976931348623157e308", "123456789012345678901234567890.5", "\"\"", "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
      "\"\\u00e9\\u20ac\\ud83d\\ude00\"", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "\"\x7f\"", "[]", "[ ]", "[1, [2, {}], \"x\"]", "{}", "{ }",
      "{\"a\": 1, \"b\": {\"a\": [null]}}", "{\"\": \"\\uFFFF\"}"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    cnn__json_fault fault;
    json_t *ours = read_text(texts[i], &fault), *theirs = json_loads(texts[i], JSON_DECODE_ANY, NULL);
    ck_assert_msg(ours && theirs && json_equal(ours, theirs), "%s: %s", texts[i], ours ? "another value" : fault.what);
    if (json_is_real(ours)) {
      const double a = json_real_value(ours), b = json_real_value(theirs);
      ck_assert_msg(memcmp(&a, &b, sizeof a) == 0, "%s: %a, not %a", texts[i], a, b);
    }
    json_decref(ours);
    json_decref(theirs);
  }
}
END_TEST

START_TEST(no_values) {
  static const struct {
    const char *text, *what;
    size_t at;
  } rows[] = {{"", "no value", 0}, {" ", "no value", 1}, {"nul", "no value", 0}, {"NaN", "no value", 0}, {"Infinity", "no value", 0},
              {"-", "no value", 0}, {"-Infinity", "no value", 0}, {"01", "no value", 0}, {"1.", "no value", 0}, {".5", "no value", 0}, {"1e", "no value", 0}, {"1e+", "no value", 0}, {"+1", "no value", 0}, {"0x1", "behind", 1}, {"1 2", "behind", 2},
              {"9223372036854775808", "64 bits", 0}, {"-9223372036854775809", "64 bits", 0}, {"1e309", "too large", 0}, {"-1e99999999999999999999", "too large", 0},
              {"\"", "end of the text", 1}, {"\"\\", "", 1}, {"\"\\\"", "end of the text", 3}, {"\"\\x\"", "escape", 1}, {"\"\\u12\"", "escape", 1}, {"\"\\u\"", "escape", 1},
              {"\"\\u0000\"", "NUL", 1}, {"\"\\ud800\"", "escape", 1}, {"\"\\ud800\\u0041\"", "escape", 1}, {"\"\\udc00\"", "escape", 1}, {"\"a\nb\"", "control", 2},
              {"\"\xff\"", "UTF-8", 1}, {"\"\xc0\xaf\"", "UTF-8", 1}, {"\"\xed\xa0\x80\"", "UTF-8", 1}, {"\"\xe2\x82\"", "UTF-8", 1}, {"\"\xf5\x80\x80\x80\"", "UTF-8", 1},
              {"[", "no value", 1}, {"[1", "closing", 2}, {"[1,]", "no value", 3}, {"[1 2]", "closing", 3}, {"[,1]", "no value", 1}, {"]", "no value", 0}, {"[1}", "closing", 2},
              {"{", "name", 1}, {"{1:2}", "name", 1}, {"{\"a\"}", "':'", 4}, {"{\"a\":}", "no value", 5}, {"{\"a\":1,}", "name", 7}, {"{\"a\":1", "closing", 6},
              {"{\"a\":1,\"\\u0061\":2}", "duplicate object key", 7}, {"[1]]", "behind", 3}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    cnn__json_fault fault = {0};
    ck_assert_msg(!read_text(rows[i].text, &fault), "%s", rows[i].text);
    ck_assert_msg(fault.what && strstr(fault.what, rows[i].what) && fault.at == rows[i].at, "%s: %s, at %zu", rows[i].text, fault.what ? fault.what : "no memory", fault.at);
  }
  cnn__json_fault fault;
  ck_assert_ptr_null(cnn__json_read("1\0", 2, &fault)); /* a NUL ends nothing */
  ck_assert_uint_eq(fault.at, 1);
}
END_TEST

START_TEST(numbers) {
  double value = 7;
  ck_assert_int_eq(cnn__json_number(&value, "0.25"), 0);
  ck_assert_double_eq(value, 0.25);
  ck_assert_int_eq(cnn__json_number(&value, "-3"), 0);
  ck_assert_double_eq(value, -3);
  static const char *const none[] = {"", "-", "nan", "1 ", " 1", "1e999", "0x1p3", "1,5", "inf", "true"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    ck_assert_msg(cnn__json_number(&value, none[i]) && value == -3, "'%s'", none[i]);
}
END_TEST

/* jansson's own functions in this process, and so its allocations, go through these two. */
static int64_t left;
static void *some(size_t bytes) { return left-- == 0 ? NULL : malloc(bytes); }

START_TEST(no_memory) {
  static const char text[] = "{\"a long name of a member\": [1, 0.123456789012345678901, \"a text of more than sixteen bytes\", {\"x\": null}]}";
  cnn__json_fault fault;
  json_t *whole = cnn__json_read(text, sizeof text - 1, &fault), *made = NULL;
  int64_t failed = 0;
  ck_assert_ptr_nonnull(whole);
  for (int64_t n = 0; !made; n++) {
    json_set_alloc_funcs(some, free);
    left = n;
    made = cnn__json_read(text, sizeof text - 1, &fault);
    json_set_alloc_funcs(malloc, free);
    ck_assert(made ? json_equal(made, whole) : !fault.what);
    failed += !made;
  }
  ck_assert_int_gt(failed, 10);
  json_decref(made);
  json_decref(whole);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("json_reader");
  TCase *group = tcase_create("json_reader");
  tcase_add_test(group, values);
  tcase_add_test(group, no_values);
  tcase_add_test(group, numbers);
  tcase_add_test(group, no_memory);
  suite_add_tcase(suite, group);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
