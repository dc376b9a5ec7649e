/* history_json: a history as JSON and back, for files. Whatever a file says is checked. */
#include "train/history.h"

#include <string.h>

/* ---- writing ---- */

static json_t *row_json(const cnn_history *history, int64_t row) {
  char text[32];
  json_t *figures = json_object();
  for (int32_t i = 0; i < cnn_history_name_count(history); i++) {
    double value;
    const char *name = cnn_history_name(history, i);
    if (cnn__history_has(history, row, name, &value))
      json_object_set_new(figures, name, json_string(cnn__repr(text, value)));
  }
  return json_pack("{s:I, s:s, s:o}", "epoch", (json_int_t)cnn_history_epoch(history, row), "seconds",
                   cnn__repr(text, cnn_history_seconds(history, row)), "figures", figures);
}

json_t *cnn__history_to_json(const cnn_history *history) {
  json_t *rows = json_array();
  for (int64_t row = 0; row < cnn_history_count(history); row++)
    if (json_array_append_new(rows, row_json(history, row)) < 0) {
      json_decref(rows);
      return NULL;
    }
  return rows;
}

/* ---- reading ---- */

static cnn_status bad(size_t row, const char *what) {
  return cnn__fail(CNN_EFORMAT, "row %zu of its history: %s is not what it should be", row, what);
}

static cnn_status read_figures(cnn_logs *logs, const json_t *figures, size_t row) {
  const char *name, *text;
  double value;
  json_t *member;
  cnn__logs_clear(logs);
  json_object_foreach((json_t *)(uintptr_t)figures, name, member) {
    text = json_string_value(member);
    if (!text || cnn__read_double(text, &value) || cnn__figure_name_check(name) < 0)
      return bad(row, "a figure");
    CNN__TRY(cnn_logs_set(logs, name, value));
  }
  return CNN_OK;
}

static cnn_status read_row(cnn_history *history, cnn_logs *logs, const json_t *object, size_t row) {
  double seconds;
  const json_t *epoch = json_object_get(object, "epoch"), *figures = json_object_get(object, "figures");
  const char *text = json_string_value(json_object_get(object, "seconds"));
  if (!json_is_integer(epoch) || json_integer_value(epoch) < 0 || json_object_size(object) != 3)
    return bad(row, "the epoch");
  if (!text || cnn__read_double(text, &seconds))
    return bad(row, "seconds");
  if (!json_is_object(figures))
    return bad(row, "the list of figures");
  CNN__TRY(read_figures(logs, figures, row));
  return cnn__history_add(history, json_integer_value(epoch), seconds, logs);
}

cnn_status cnn__history_from_json(cnn_history *history, cnn_context *context, const json_t *rows) {
  cnn_logs *logs;
  if (!json_is_array(rows))
    return cnn__fail(CNN_EFORMAT, "its history is no list");
  CNN__TRY(cnn_logs_new(&logs, context));
  cnn_status status = CNN_OK;
  for (size_t i = 0; i < json_array_size(rows) && status == CNN_OK; i++)
    status = read_row(history, logs, json_array_get(rows, i), i);
  cnn_logs_free(logs);
  return status;
}

cnn_status cnn__history_last(const cnn_history *history, cnn_logs *logs) {
  int64_t row = cnn_history_count(history) - 1;
  cnn__logs_clear(logs);
  for (int32_t i = 0; row >= 0 && i < cnn_history_name_count(history); i++) {
    double value;
    const char *name = cnn_history_name(history, i);
    if (cnn__history_has(history, row, name, &value))
      CNN__TRY(cnn_logs_set(logs, name, value));
  }
  return CNN_OK;
}
