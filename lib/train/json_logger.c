/* json_logger: a JSON object a line for each epoch and, where wanted, for batches: for programs that follow a training. */
#include "train/log_file.h"

#include "cnn/train.h"

#include <math.h>
#include <string.h>
#include <time.h>

typedef struct json_logger {
  cnn__log_file log;
  int64_t every_batches; /* 0: no lines for batches */
  double begun;          /* the epoch in hand, by the clock that never goes back; less what an earlier run spent on it */
  double spent;          /* that, until the epoch begins */
} json_logger;

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void clear(void *user) { cnn__log_file_clear(user); }

/* ---- a line ---- */

static cnn_status put_name(cnn__log_file *log, const char *name) {
  CNN__TRY(cnn__log_file_put_text(log, ", \""));
  for (; *name; name++) {
    if (*name == '"' || *name == '\\')
      CNN__TRY(cnn__log_file_put(log, "\\", 1));
    CNN__TRY(cnn__log_file_put(log, name, 1));
  }
  return cnn__log_file_put_text(log, "\": ");
}

/* JSON has no word for what is not finite: it becomes a string. */
static cnn_status put_figure(cnn__log_file *log, const char *name, double value) {
  char number[32], text[40];
  CNN__TRY(put_name(log, name));
  cnn_format_shortest(number, value);
  cnn_format(text, sizeof text, isfinite(value) ? "%s" : "\"%s\"", number);
  return cnn__log_file_put_text(log, text);
}

static int32_t is_ours(const char *name) {
  static const char *const names[] = {"epoch", "batch", "learning_rate", "seconds", "time"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (!strcmp(name, names[i]))
      return 1;
  return 0;
}

/* The rate with which the epoch was trained: a callback that has lowered it since has noted that one. */
static cnn_status put_rate(cnn__log_file *log, const cnn_event *event) {
  double rate = cnn_model_learning_rate(event->model);
  for (int32_t i = 0; i < cnn_logs_count(event->logs); i++)
    if (!strcmp(cnn_logs_name(event->logs, i), "learning_rate"))
      CNN__TRY(cnn_logs_value(event->logs, "learning_rate", &rate));
  return put_figure(log, "learning_rate", rate);
}

static cnn_status put_figures(cnn__log_file *log, const cnn_logs *logs) {
  double value;
  for (int32_t i = 0; i < cnn_logs_count(logs); i++) {
    const char *name = cnn_logs_name(logs, i);
    if (is_ours(name))
      continue;
    CNN__TRY(cnn_logs_value(logs, name, &value));
    CNN__TRY(put_figure(log, name, value));
  }
  return CNN_OK;
}

static cnn_status write_line(json_logger *json, const cnn_event *event, int64_t batch) {
  char text[80];
  CNN__TRY(cnn__log_file_check(&json->log));
  cnn_format(text, sizeof text, batch < 0 ? "{\"epoch\": %lld" : "{\"epoch\": %lld, \"batch\": %lld", (long long)event->epoch,
             (long long)batch);
  CNN__TRY(cnn__log_file_put_text(&json->log, text));
  CNN__TRY(put_figures(&json->log, event->logs));
  CNN__TRY(put_rate(&json->log, event));
  cnn_format(text, sizeof text, ", \"seconds\": %.6f, \"time\": %.3f}", seconds(CLOCK_MONOTONIC) - json->begun,
             seconds(CLOCK_REALTIME));
  CNN__TRY(cnn__log_file_put_text(&json->log, text));
  return cnn__log_file_end_line(&json->log, "\n");
}

/* ---- what happens ---- */

static cnn_status train_begin(void *user, const cnn_event *event) {
  json_logger *json = user;
  (void)event;
  if (json->log.kept < 0)
    json->spent = 0;
  json->begun = seconds(CLOCK_MONOTONIC);
  return cnn__log_file_begin(&json->log);
}

static cnn_status epoch_begin(void *user, const cnn_event *event) {
  json_logger *json = user;
  (void)event;
  json->begun = seconds(CLOCK_MONOTONIC) - json->spent;
  return CNN_OK;
}

static cnn_status batch_end(void *user, const cnn_event *event) {
  json_logger *json = user;
  json->spent = seconds(CLOCK_MONOTONIC) - json->begun;
  if (!json->every_batches || (event->step + 1) % json->every_batches)
    return CNN_OK;
  return write_line(json, event, event->step);
}

static cnn_status epoch_end(void *user, const cnn_event *event) {
  json_logger *json = user;
  json->spent = 0;
  return write_line(json, event, -1);
}

static cnn_status train_end(void *user, const cnn_event *event) {
  (void)event;
  cnn__log_file_close(user);
  return CNN_OK;
}

static cnn_status state_save(void *user, cnn_state *state) {
  const json_logger *json = user;
  CNN__TRY(cnn__log_file_save(&json->log, state));
  return json->log.file < 0 ? CNN_OK : cnn_state_set(state, "seconds", json->spent);
}

static cnn_status state_load(void *user, const cnn_state *state) {
  json_logger *json = user;
  double spent;
  if (cnn_state_count(state) == 0)
    return CNN_OK;
  CNN__TRY(cnn_state_value(state, "seconds", &spent));
  CNN__TRY(cnn__log_file_load(&json->log, state));
  json->spent = spent;
  return CNN_OK;
}

cnn_status cnn_json_logger_new(cnn_callback **out, cnn_context *context, const char *path,
                               const cnn_json_logger_opts *options) {
  static const cnn_callback_functions functions = {
      .train_begin = train_begin, .epoch_begin = epoch_begin, .batch_end = batch_end, .epoch_end = epoch_end,
      .train_end = train_end, .state_save = state_save, .state_load = state_load};
  cnn_json_logger_opts given;
  json_logger json = {.log = {.builtin = {.clear = clear}}};
  CNN__TRY(cnn__builtin_check(out, context, "json_logger"));
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_json_logger_opts"));
  CNN__TRY(cnn__builtin_reserved(given.reserved, "cnn_json_logger_opts"));
  if (given.every_batches < 0)
    return cnn__fail(CNN_EINVAL, "json_logger: every_batches is %lld, must be 0 or more", (long long)given.every_batches);
  json.every_batches = given.every_batches;
  CNN__TRY(cnn__log_file_init(&json.log, context, "json_logger", path, given.append));
  return cnn__builtin_new(out, context, &functions, &json.log.builtin, sizeof json);
}
