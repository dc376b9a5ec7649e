/* history_text: a history as JSON and back, whatever numbers it holds, and texts that are none. */
#include "alloc.h"
#include "suite.h"
#include "train/history.h"

#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static test_alloc alloc;
static cnn_context *context;
static char written[65536];

static void open_context(void) {
  test_alloc_init(&alloc);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .allocator = &alloc.allocator)), CNN_OK);
}

static void close_context(void) {
  cnn_context_free(context);
  test_alloc_check(&alloc);
}

static void add(cnn_history *history, int64_t epoch, double seconds, const char *name, double value, const char *second,
                double other) {
  cnn_logs *logs;
  ck_assert_int_eq(cnn_logs_new(&logs, context), CNN_OK);
  ck_assert_int_eq(cnn_logs_set(logs, name, value), CNN_OK);
  if (second)
    ck_assert_int_eq(cnn_logs_set(logs, second, other), CNN_OK);
  ck_assert_int_eq(cnn__history_add(history, epoch, seconds, logs), CNN_OK);
  cnn_logs_free(logs);
}

static void take(void *user, const char *text, size_t length) {
  (void)user;
  ck_assert_uint_lt(strlen(written) + length, sizeof written);
  strncat(written, text, length);
}

static const char *json_of(const cnn_history *history) {
  const cnn_sink sink = {.size = sizeof sink, .write = take};
  written[0] = 0;
  ck_assert_msg(cnn_history_to_json(history, &sink) == CNN_OK, "%s", cnn_error_text());
  return written;
}

START_TEST(as_it_is_documented) {
  cnn_history *history, *back;
  open_context();
  ck_assert_int_eq(cnn__history_new(&history, context), CNN_OK);
  ck_assert_str_eq(json_of(history), "{\"epoch\": [], \"seconds\": [], \"history\": {}}\n");
  add(history, 4, 2.5, "loss", 0.1, NULL, 0);
  add(history, 6, 1e-7, "loss", (double)NAN, "val \"x\\", (double)-INFINITY);
  ck_assert_str_eq(json_of(history), "{\"epoch\": [4, 6], \"seconds\": [2.5, 1e-07], \"history\": {\"loss\": [0.1, \"nan\"], "
                                     "\"val \\\"x\\\\\": [null, \"-inf\"]}}\n");
  char *first = strdup(written);
  ck_assert_msg(cnn_history_from_json(&back, context, first, strlen(first)) == CNN_OK, "%s", cnn_error_text());
  ck_assert_str_eq(json_of(back), first);
  free(first);
  cnn_history_free(back);
  cnn_history_free(history);
  close_context();
}
END_TEST

static const double numbers[] = {0.0, -0.0, 1.0, 0.1, 1.0 / 3, 1e22, 1e23, 123456789012345678.0, DBL_MAX, -DBL_MAX, DBL_MIN,
                                 4.9406564584124654e-324, 2.2250738585072011e-308, 0.30000001192092896, 5e-5, 9007199254740993.0};
#define NUMBERS (sizeof numbers / sizeof numbers[0])

static void same_number(double a, double b) { ck_assert(memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b))); }

/* Also where the caller rounds upward. */
START_TEST(every_bit_comes_back) {
  cnn_history *history, *back;
  open_context();
  ck_assert_int_eq(cnn__history_new(&history, context), CNN_OK);
  for (size_t i = 0; i < NUMBERS; i++)
    add(history, (int64_t)i, fabs(numbers[i]), "loss", numbers[i], i % 3 ? "val_loss" : NULL, numbers[NUMBERS - 1 - i]);
  const int modes[] = {FE_TONEAREST, FE_UPWARD};
  for (size_t mode = 0; mode < 2; mode++) {
    json_of(history);
    ck_assert_int_eq(fesetround(modes[mode]), 0);
    cnn_status status = cnn_history_from_json(&back, context, written, strlen(written));
    ck_assert_int_eq(fegetround(), modes[mode]);
    ck_assert_int_eq(fesetround(FE_TONEAREST), 0);
    ck_assert_int_eq(status, CNN_OK);
    ck_assert_int_eq(cnn_history_count(back), (int64_t)NUMBERS);
    for (size_t i = 0; i < NUMBERS; i++) {
      double value = 7;
      ck_assert_int_eq(cnn_history_epoch(back, (int64_t)i), (int64_t)i);
      same_number(cnn_history_seconds(back, (int64_t)i), fabs(numbers[i]));
      ck_assert_int_eq(cnn_history_value(back, (int64_t)i, "loss", &value), CNN_OK);
      same_number(value, numbers[i]);
      ck_assert_int_eq(cnn_history_value(back, (int64_t)i, "val_loss", &value), i % 3 ? CNN_OK : CNN_ENAME);
      same_number(value, i % 3 ? numbers[NUMBERS - 1 - i] : numbers[i]);
    }
    cnn_history_free(back);
  }
  cnn_history_free(history);
  close_context();
}
END_TEST

START_TEST(refuses_what_is_none) {
  static const struct {
    const char *json, *says;
  } bad[] = {
      {"", "history: does not begin with '{'"},
      {"[]", "history: does not begin with '{'"},
      {"{\"epoch\": [0], \"seconds\": [1]", "at byte"},
      {"{}", "history: 'epoch' is no list of 0 elements"},
      {"{\"epoch\": [0], \"seconds\": [], \"history\": {}}", "'seconds' is no list of 1 elements"},
      {"{\"epoch\": [0], \"seconds\": [1]}", "'history' is no object of lists"},
      {"{\"epoch\": [0], \"seconds\": [1], \"history\": []}", "'history' is no object of lists"},
      {"{\"epoch\": [0], \"seconds\": [1], \"history\": {\"loss\": [1, 2]}}", "'loss' is no list of 1 elements"},
      {"{\"epoch\": [0], \"seconds\": [1], \"history\": {\"loss\": 1}}", "'loss' is no list of 1 elements"},
      {"{\"epoch\": [0], \"seconds\": [1], \"history\": {\"\": [1]}}", "history: '' is no name of a figure"},
      {"{\"epoch\": [0], \"seconds\": [1], \"history\": {\"a\\nb\": [1]}}", "history: 'a?b' is no name of a figure"},
      {"{\"epoch\": [-1], \"seconds\": [1], \"history\": {}}", "element 0 of 'epoch'"},
      {"{\"epoch\": [0.5], \"seconds\": [1], \"history\": {}}", "element 0 of 'epoch'"},
      {"{\"epoch\": [0, 1], \"seconds\": [1, null], \"history\": {}}", "element 1 of 'seconds'"},
      {"{\"epoch\": [0], \"seconds\": [1], \"history\": {\"loss\": [\"1.5\"]}}", "element 0 of 'loss'"},
      {"{\"epoch\": [0], \"seconds\": [1], \"history\": {\"loss\": [\"oops\"]}}", "element 0 of 'loss'"},
      {"{\"epoch\": [0], \"seconds\": [1], \"history\": {\"loss\": [true]}}", "element 0 of 'loss'"},
      {"{\"epoch\": [0], \"seconds\": [1], \"history\": {\"loss\": [[1]]}}", "element 0 of 'loss'"},
      {"{\"epoch\": [0], \"seconds\": [1], \"history\": {\"loss\": [1e999]}}", "at byte"},
      {"{\"epoch\": [[[[[[[[[]]]]]]]]]}", "nested deeper"},
  };
  open_context();
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    cnn_history *history = (cnn_history *)&alloc;
    ck_assert_msg(cnn_history_from_json(&history, context, bad[i].json, strlen(bad[i].json)) == CNN_EFORMAT, "%s", bad[i].json);
    ck_assert_msg(strstr(cnn_error_text(), bad[i].says) != NULL, "%s: %s", bad[i].json, cnn_error_text());
    ck_assert_ptr_eq(history, &alloc); /* untouched */
  }
  cnn_history *history = NULL;
  ck_assert_int_eq(cnn_history_from_json(&history, context, NULL, 0), CNN_EINVAL);
  ck_assert_int_eq(cnn_history_from_json(&history, NULL, "{}", 2), CNN_EINVAL);
  ck_assert_int_eq(cnn_history_from_json(NULL, context, "{}", 2), CNN_EINVAL);
  ck_assert_int_eq(cnn_history_to_json(NULL, NULL), CNN_EINVAL);
  close_context();
}
END_TEST

static cnn_status there_and_back(const cnn_allocator *allocator, void *user) {
  const char *json = user;
  cnn_context *own;
  cnn_history *history;
  cnn_status status = cnn_context_new(&own, cnn_context_opts(.threads = 1, .allocator = allocator));
  if (status < 0)
    return status;
  status = cnn_history_from_json(&history, own, json, strlen(json));
  if (status == CNN_OK) {
    const cnn_sink sink = {.size = sizeof sink, .write = take};
    written[0] = 0;
    status = cnn_history_to_json(history, &sink);
    ck_assert_str_eq(written, status == CNN_OK ? json : "");
    cnn_history_free(history);
  }
  cnn_context_free(own);
  return status;
}

START_TEST(memory_runs_out) {
  static char json[] = "{\"epoch\": [0, 1], \"seconds\": [1.0, 2.0], \"history\": {\"loss\": [1.0, null], \"x\": [0.5, 2.0]}}\n";
  ck_assert_int_gt(test_alloc_fail_each(there_and_back, json), 5);
}
END_TEST

int main(void) {
  return RUN_SUITE("history_text", 60, as_it_is_documented, every_bit_comes_back, refuses_what_is_none, memory_runs_out);
}
