/* json_logger: its lines to the byte but for times, and what becomes of errors. */
#include "logging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char path[256];

static void set(replay *r, const char *name, double value) { ck_assert_int_eq(cnn_logs_set(r->logs, name, value), CNN_OK); }

static void tell(replay *r, cnn_callback *callback, int32_t kind) {
  ck_assert_msg(replay_tell(r, callback, kind) == CNN_OK, "%s", cnn_error_text());
}

/* The file holds these lines: each an object whose last two members are times, which are taken out. */
static void expect(const char *const *lines, size_t count) {
  char *bytes = logging_read(path, NULL), *rest = bytes;
  for (size_t i = 0; i < count; i++) {
    double seconds, time;
    json_error_t error;
    char *end = strchr(rest, '\n');
    ck_assert_ptr_nonnull(end);
    *end = 0;
    json_t *object = json_loads(rest, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(object != NULL, "%s: %s", rest, error.text);
    ck_assert_int_eq(json_unpack(object, "{s:F, s:F}", "seconds", &seconds, "time", &time), 0);
    ck_assert(seconds >= 0 && seconds < 600 && time > 1.7e9);
    json_decref(object);
    char *times = strstr(rest, ", \"seconds\": ");
    ck_assert_ptr_nonnull(times);
    strcpy(times, "}");
    ck_assert_str_eq(rest, lines[i]);
    rest = end + 1;
  }
  ck_assert_str_eq(rest, "");
  free(bytes);
}

START_TEST(lines_of_epochs_and_batches) {
  static const char *const lines[] = {
      "{\"epoch\": 3, \"batch\": 1, \"accuracy\": 0.1, \"loss\": \"nan\", \"learning_rate\": 0.0010000000474974513}",
      "{\"epoch\": 3, \"batch\": 3, \"accuracy\": 0.1, \"loss\": \"nan\", \"learning_rate\": 0.0010000000474974513}",
      "{\"epoch\": 3, \"accuracy\": 1e-07, \"loss\": \"-inf\", \"a\\\"b\\\\\": 2.0, \"learning_rate\": 0.25}",
      "{\"epoch\": 4, \"accuracy\": 1e-07, \"loss\": \"inf\", \"a\\\"b\\\\\": 2.0, \"learning_rate\": 0.25}"};
  replay r;
  cnn_callback *callback;
  replay_open(&r);
  snprintf(path, sizeof path, "%s/log.jsonl", replay_folder());
  ck_assert_int_eq(cnn_json_logger_new(&callback, r.context, path, cnn_json_logger_opts(.every_batches = 2)), CNN_OK);
  tell(&r, callback, CNN__TRAIN_BEGIN);
  r.event.epoch = 3;
  tell(&r, callback, CNN__EPOCH_BEGIN);
  set(&r, "accuracy", 0.1);
  set(&r, "loss", (double)NAN);
  for (r.event.step = 0; r.event.step < 5; r.event.step++)
    tell(&r, callback, CNN__BATCH_END);
  expect(lines, 2);
  set(&r, "accuracy", 1e-7);
  set(&r, "loss", (double)-INFINITY);
  set(&r, "a\"b\\", 2);
  set(&r, "time", 5); /* names of its own */
  set(&r, "learning_rate", 0.25);
  tell(&r, callback, CNN__EPOCH_END);
  expect(lines, 3);
  r.event.epoch = 4;
  set(&r, "loss", (double)INFINITY);
  tell(&r, callback, CNN__EPOCH_BEGIN);
  tell(&r, callback, CNN__EPOCH_END);
  tell(&r, callback, CNN__TRAIN_END);
  expect(lines, 4);
  cnn_callback_free(callback);
  replay_close(&r);
}
END_TEST

/* A second training begins the file anew, unless it is to be appended to. */
START_TEST(anew_or_behind) {
  static const char *const lines[] = {"{\"epoch\": 0, \"loss\": 0.5, \"learning_rate\": 0.0010000000474974513}",
                                      "{\"epoch\": 1, \"loss\": 0.5, \"learning_rate\": 0.0010000000474974513}"};
  for (int32_t append = 0; append < 2; append++) {
    replay r;
    cnn_callback *callback;
    replay_open(&r);
    snprintf(path, sizeof path, "%s/log-%d.jsonl", replay_folder(), append);
    ck_assert_int_eq(cnn_json_logger_new(&callback, r.context, path, cnn_json_logger_opts(.append = append)), CNN_OK);
    set(&r, "loss", 0.5);
    for (r.event.epoch = 0; r.event.epoch < 2; r.event.epoch++) {
      tell(&r, callback, CNN__TRAIN_BEGIN);
      tell(&r, callback, CNN__EPOCH_BEGIN);
      tell(&r, callback, CNN__EPOCH_END);
      tell(&r, callback, CNN__TRAIN_END);
    }
    expect(lines + !append, append ? 2 : 1);
    cnn_callback_free(callback);
    replay_close(&r);
  }
}
END_TEST

static cnn_status make(cnn_callback **out, cnn_context *context, const char *file) {
  return cnn_json_logger_new(out, context, file, NULL);
}

START_TEST(says_what_failed) {
  replay r;
  cnn_callback *callback = NULL;
  replay_open(&r);
  logging_failures(&r, "json_logger", make);
  ck_assert_int_eq(cnn_json_logger_new(&callback, r.context, "a", cnn_json_logger_opts(.every_batches = -1)), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "json_logger: every_batches is -1, must be 0 or more");
  ck_assert_int_eq(cnn_json_logger_new(&callback, r.context, "a", cnn_json_logger_opts(.reserved = 1)), CNN_ETOONEW);
  ck_assert_ptr_null(callback);
  replay_close(&r);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, lines_of_epochs_and_batches);
  tcase_add_test(tests, anew_or_behind);
  tcase_add_test(tests, says_what_failed);
}

int main(void) { return replay_run("json_logger", add); }
