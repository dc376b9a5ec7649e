/* history_text: a history as JSON for people's programs and back, a list for each figure. Files have a form of their own (history_json). */
#include "train/history.h"

#include "core/fp.h"
#include "train/sink.h"

#include <math.h>
#include <string.h>

/* ---- writing ---- */

static void add_number(cnn__text *text, double value) {
  char buffer[32];
  cnn__text_add(text, isfinite(value) ? "%s" : "\"%s\"", cnn__repr(buffer, value));
}

static void add_figure(cnn__text *text, const cnn_history *history, const char *name) {
  double value;
  cnn__json_add_quoted(text, name);
  for (int64_t row = 0; row < cnn_history_count(history); row++) {
    cnn__text_add(text, row ? ", " : ": [");
    if (cnn__history_has(history, row, name, &value))
      add_number(text, value);
    else
      cnn__text_add(text, "null");
  }
  cnn__text_add(text, "]");
}

static void add_all(cnn__text *text, const cnn_history *history) {
  cnn__text_add(text, "{\"epoch\": [");
  for (int64_t row = 0; row < cnn_history_count(history); row++)
    cnn__text_add(text, row ? ", %lld" : "%lld", (long long)cnn_history_epoch(history, row));
  cnn__text_add(text, "], \"seconds\": [");
  for (int64_t row = 0; row < cnn_history_count(history); row++) {
    cnn__text_add(text, row ? ", " : "");
    add_number(text, cnn_history_seconds(history, row));
  }
  cnn__text_add(text, "], \"history\": {");
  for (int32_t i = 0; i < cnn_history_name_count(history); i++) {
    cnn__text_add(text, i ? ", " : "");
    add_figure(text, history, cnn_history_name(history, i));
  }
  cnn__text_add(text, "}}\n");
}

cnn_status cnn_history_to_json(const cnn_history *history, const cnn_sink *given) {
  cnn_sink copy;
  const cnn_sink *sink;
  if (!history)
    return cnn__fail(CNN_EINVAL, "cnn_history_to_json: history is NULL");
  cnn_context *context = cnn__history_context(history);
  CNN__TRY(cnn__sink_read(&copy, &sink, given, context));
  cnn__text text = {.context = context};
  add_all(&text, history);
  return cnn__sink_deliver(&text, sink);
}

/* ---- reading ---- */

static cnn_status bad(const char *list, size_t row) {
  char shown[CNN__SHOWN_BYTES];
  return cnn__fail(CNN_EFORMAT, "history: element %zu of '%s' is not what it should be", row, cnn__shown(shown, list));
}

/* A JSON number, or a string that says what is not finite. */
static int32_t read_number(const json_t *value, double *out) {
  const char *text = json_string_value(value);
  if (text)
    return !cnn__read_double(text, out) && !isfinite(*out);
  *out = json_number_value(value);
  return json_is_number(value);
}

static cnn_status read_figures(cnn_logs *logs, const json_t *figures, size_t row) {
  const char *name;
  json_t *list;
  double value;
  cnn__logs_clear(logs);
  json_object_foreach((json_t *)(uintptr_t)figures, name, list) {
    const json_t *element = json_array_get(list, row);
    if (json_is_null(element))
      continue;
    if (!read_number(element, &value))
      return bad(name, row);
    CNN__TRY(cnn_logs_set(logs, name, value));
  }
  return CNN_OK;
}

static cnn_status read_rows(cnn_history *history, cnn_logs *logs, const json_t *epochs, const json_t *times,
                            const json_t *figures) {
  double seconds;
  for (size_t row = 0; row < json_array_size(epochs); row++) {
    const json_t *epoch = json_array_get(epochs, row);
    if (!json_is_integer(epoch) || json_integer_value(epoch) < 0)
      return bad("epoch", row);
    if (!read_number(json_array_get(times, row), &seconds))
      return bad("seconds", row);
    CNN__TRY(read_figures(logs, figures, row));
    CNN__TRY(cnn__history_add(history, json_integer_value(epoch), seconds, logs));
  }
  return CNN_OK;
}

static cnn_status check_list(const json_t *list, const char *name, size_t count) {
  char shown[CNN__SHOWN_BYTES];
  return json_is_array(list) && json_array_size(list) == count
             ? CNN_OK
             : cnn__fail(CNN_EFORMAT, "history: '%s' is no list of %zu elements, as many as 'epoch' has", cnn__shown(shown, name),
                         count);
}

static cnn_status read_all(cnn_history *history, cnn_context *context, const json_t *root) {
  char shown[CNN__SHOWN_BYTES];
  const char *name;
  json_t *list, *figures = json_object_get(root, "history");
  const json_t *epochs = json_object_get(root, "epoch"), *times = json_object_get(root, "seconds");
  const size_t count = json_array_size(epochs);
  cnn_logs *logs;
  CNN__TRY(check_list(epochs, "epoch", count));
  CNN__TRY(check_list(times, "seconds", count));
  if (!json_is_object(figures))
    return cnn__fail(CNN_EFORMAT, "history: 'history' is no object of lists");
  json_object_foreach(figures, name, list) {
    if (cnn__figure_name_check(name) < 0)
      return cnn__fail(CNN_EFORMAT, "history: '%s' is no name of a figure", cnn__shown(shown, name));
    CNN__TRY(check_list(list, name, count));
  }
  CNN__TRY(cnn_logs_new(&logs, context));
  cnn_status status = read_rows(history, logs, epochs, times, figures);
  cnn_logs_free(logs);
  return status;
}

static cnn_status parse(cnn_history **out, cnn_context *context, const char *json, size_t bytes) {
  json_t *root = cnn__json_parse(json, bytes, "history");
  if (!root)
    return cnn__fail_code();
  cnn_status status = cnn__history_new(out, context);
  if (status == CNN_OK)
    status = read_all(*out, context, root);
  json_decref(root);
  return status;
}

cnn_status cnn_history_from_json(cnn_history **out, cnn_context *context, const char *json, size_t bytes) {
  cnn_history *history = NULL;
  if (!out || !context || !json)
    return cnn__fail(CNN_EINVAL, "cnn_history_from_json: %s is NULL", !out ? "out" : context ? "json" : "context");
  cnn__fp saved = cnn__fp_enter();
  cnn_status status = parse(&history, context, json, bytes);
  cnn__fp_leave(saved);
  if (status < 0)
    cnn_history_free(history);
  else
    *out = history;
  return status;
}
