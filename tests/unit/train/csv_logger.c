/* csv_logger: Keras's own files, byte for byte, and what becomes of errors. */
#include "logging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char path[256];

/* One training, an epoch for each element of logs. */
static void run(replay *r, cnn_callback *callback, const json_t *epochs) {
  size_t i;
  json_t *logs, *value;
  const char *name;
  ck_assert_int_eq(replay_tell(r, callback, CNN__TRAIN_BEGIN), CNN_OK);
  json_array_foreach(epochs, i, logs) {
    r->event.epoch = (int64_t)i;
    cnn__logs_clear(r->logs);
    json_object_foreach((json_t *)logs, name, value)
        ck_assert_int_eq(cnn_logs_set(r->logs, name, replay_number(value)), CNN_OK);
    ck_assert_int_eq(replay_tell(r, callback, CNN__EPOCH_END), CNN_OK);
  }
  ck_assert_int_eq(replay_tell(r, callback, CNN__TRAIN_END), CNN_OK);
}

static void run_case(const json_t *c) {
  replay r;
  size_t i, length, wanted;
  json_t *epochs;
  char expected_path[512];
  const json_t *arguments = json_object_get(c, "arguments");
  const char *name = json_string_value(json_object_get(c, "case"));
  if (!strcmp(name, "lists")) /* figures are numbers here */
    return;
  replay_open(&r);
  snprintf(path, sizeof path, "%s/%s.csv", replay_folder(), name);
  json_array_foreach(json_object_get(c, "runs"), i, epochs) {
    cnn_callback *callback;
    ck_assert_int_eq(
        cnn_csv_logger_new(&callback, r.context, path,
                           cnn_csv_logger_opts(.separator = json_string_value(json_object_get(arguments, "separator")),
                                               .append = json_is_true(json_object_get(arguments, "append")))),
        CNN_OK);
    run(&r, callback, epochs);
    cnn_callback_free(callback);
  }
  snprintf(expected_path, sizeof expected_path, "%s/callbacks/%s", REFERENCE_DIR, json_string_value(json_object_get(c, "file")));
  char *bytes = logging_read(path, &length), *expected = logging_read(expected_path, &wanted);
  ck_assert_msg(length == wanted && !memcmp(bytes, expected, length), "%s:\n%s\nnot\n%s", name, bytes, expected);
  free(bytes);
  free(expected);
  replay_close(&r);
}

START_TEST(does_as_keras) {
  size_t i;
  json_t *c, *cases = reference_json("callbacks/csv_logger.json");
  ck_assert_uint_eq(json_array_size(cases), 8);
  json_array_foreach(cases, i, c) run_case(c);
  json_decref(cases);
}
END_TEST

/* The same callback in a second training begins its file anew. Rows are there as soon as the epoch has ended. */
START_TEST(writes_at_once_and_again) {
  replay r;
  cnn_callback *callback;
  size_t length;
  replay_open(&r);
  snprintf(path, sizeof path, "%s/log.csv", replay_folder());
  ck_assert_int_eq(cnn_csv_logger_new(&callback, r.context, path, NULL), CNN_OK);
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(replay_tell(&r, callback, CNN__TRAIN_BEGIN), CNN_OK);
    ck_assert_int_eq(cnn_logs_set(r.logs, i ? "b,\"x" : "val_a", 0.25), CNN_OK);
    ck_assert_int_eq(replay_tell(&r, callback, CNN__EPOCH_END), CNN_OK);
    char *bytes = logging_read(path, &length);
    ck_assert_str_eq(bytes, i ? "epoch,\"b,\"\"x\",val_a\r\n0,0.25,0.25\r\n" : "epoch,val_a\r\n0,0.25\r\n");
    free(bytes);
    ck_assert_int_eq(replay_tell(&r, callback, CNN__TRAIN_END), CNN_OK);
  }
  cnn_callback_free(callback);
  replay_close(&r);
}
END_TEST

static cnn_status make(cnn_callback **out, cnn_context *context, const char *file) {
  return cnn_csv_logger_new(out, context, file, NULL);
}

START_TEST(says_what_failed) {
  replay r;
  cnn_callback *callback = NULL;
  replay_open(&r);
  logging_failures(&r, "csv_logger", make);
  const char *bad[] = {"", ",,", "\"", "\n"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_int_eq(cnn_csv_logger_new(&callback, r.context, "log.csv", cnn_csv_logger_opts(.separator = bad[i])), CNN_EINVAL);
  ck_assert_int_eq(cnn_csv_logger_new(&callback, r.context, "log.csv", cnn_csv_logger_opts(.reserved = 1)), CNN_ETOONEW);
  ck_assert_ptr_null(callback);
  replay_close(&r);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, does_as_keras);
  tcase_add_test(tests, writes_at_once_and_again);
  tcase_add_test(tests, says_what_failed);
}

int main(void) { return replay_run("csv_logger", add); }
