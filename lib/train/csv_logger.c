/* csv_logger: a row of figures for each epoch, written and handed to the system at once. Columns are those of the
 * first epoch, in alphabetical order; where none of them is of the validation, a val_ column follows for each, in
 * case one comes later. */
#include "train/log_file.h"

#include <string.h>

typedef struct csv_logger {
  cnn__log_file log;
  char separator;
  int32_t with_header;
  cnn_state *columns; /* only their names, in order; NULL before the first epoch */
} csv_logger;

static void forget_columns(csv_logger *csv) {
  cnn_state_free(csv->columns);
  csv->columns = NULL;
}

static void clear(void *user) {
  csv_logger *csv = user;
  forget_columns(csv);
  cnn__log_file_clear(&csv->log);
}

/* ---- writing ---- */

/* A name or a value, quoted where it has a character that would end it. Names are shorter than the buffer. */
static cnn_status put_field(csv_logger *csv, const char *text) {
  const char special[] = {csv->separator, '"', '\r', '\n', 0};
  if (!strpbrk(text, special))
    return cnn__log_file_put_text(&csv->log, text);
  CNN__TRY(cnn__log_file_put(&csv->log, "\"", 1));
  for (; *text; text++) {
    CNN__TRY(cnn__log_file_put(&csv->log, text, 1));
    if (*text == '"')
      CNN__TRY(cnn__log_file_put(&csv->log, text, 1));
  }
  return cnn__log_file_put(&csv->log, "\"", 1);
}

/* ---- columns ---- */

/* The first name of the logs that comes after `last` in alphabetical order; NULL: none. */
static const char *next_name(const cnn_logs *logs, const char *last) {
  const char *best = NULL;
  for (int32_t i = 0; i < cnn_logs_count(logs); i++) {
    const char *name = cnn_logs_name(logs, i);
    if ((!last || strcmp(name, last) > 0) && (!best || strcmp(name, best) < 0))
      best = name;
  }
  return best;
}

static int32_t has_validation(const cnn_logs *logs) {
  for (int32_t i = 0; i < cnn_logs_count(logs); i++)
    if (!strncmp(cnn_logs_name(logs, i), "val_", 4))
      return 1;
  return 0;
}

static cnn_status choose_columns(cnn_state *columns, const cnn_logs *logs) {
  char name[128];
  for (const char *at = next_name(logs, NULL); at; at = next_name(logs, at))
    CNN__TRY(cnn_state_set(columns, at, 0));
  if (has_validation(logs))
    return CNN_OK;
  for (const char *at = next_name(logs, NULL); at; at = next_name(logs, at)) {
    cnn_format(name, sizeof name, "val_%s", at);
    CNN__TRY(cnn_state_set(columns, name, 0));
  }
  return CNN_OK;
}

static cnn_status write_header(csv_logger *csv) {
  CNN__TRY(put_field(csv, "epoch"));
  for (int32_t i = 0; i < cnn_state_count(csv->columns); i++) {
    CNN__TRY(cnn__log_file_put(&csv->log, &csv->separator, 1));
    CNN__TRY(put_field(csv, cnn_state_name(csv->columns, i)));
  }
  return cnn__log_file_put(&csv->log, "\r\n", 2);
}

static cnn_status begin_columns(csv_logger *csv, const cnn_logs *logs) {
  CNN__TRY(cnn_state_new(&csv->columns, csv->log.builtin.context));
  return choose_columns(csv->columns, logs);
}

/* ---- what happens ---- */

static cnn_status train_begin(void *user, const cnn_event *event) {
  csv_logger *csv = user;
  (void)event;
  if (csv->log.kept < 0)
    forget_columns(csv); /* else they were loaded */
  CNN__TRY(cnn__log_file_begin(&csv->log));
  csv->with_header = csv->log.whole == 0;
  return CNN_OK;
}

static int32_t find(const cnn_logs *logs, const char *name, double *out) {
  for (int32_t i = 0; i < cnn_logs_count(logs); i++)
    if (!strcmp(cnn_logs_name(logs, i), name))
      return cnn_logs_value(logs, name, out) == CNN_OK;
  return 0;
}

static cnn_status epoch_end(void *user, const cnn_event *event) {
  csv_logger *csv = user;
  char text[32];
  double value;
  CNN__TRY(cnn__log_file_check(&csv->log));
  if (!csv->columns)
    CNN__TRY(begin_columns(csv, event->logs));
  if (csv->with_header)
    CNN__TRY(write_header(csv));
  csv->with_header = 0;
  cnn_format(text, sizeof text, "%lld", (long long)event->epoch);
  CNN__TRY(put_field(csv, text));
  for (int32_t i = 0; i < cnn_state_count(csv->columns); i++) {
    CNN__TRY(cnn__log_file_put(&csv->log, &csv->separator, 1));
    if (find(event->logs, cnn_state_name(csv->columns, i), &value))
      CNN__TRY(put_field(csv, cnn_format_shortest(text, value)));
    else
      CNN__TRY(put_field(csv, "NA"));
  }
  return cnn__log_file_end_line(&csv->log, "\r\n");
}

static cnn_status train_end(void *user, const cnn_event *event) {
  csv_logger *csv = user;
  (void)event;
  forget_columns(csv);
  cnn__log_file_close(&csv->log);
  return CNN_OK;
}

/* ---- state: how long the file is, and its columns in their order ---- */

#define COLUMN "column/"

static cnn_status state_save(void *user, cnn_state *state) {
  char name[128];
  const csv_logger *csv = user;
  CNN__TRY(cnn__log_file_save(&csv->log, state));
  for (int32_t i = 0; csv->log.file >= 0 && i < cnn_state_count(csv->columns); i++) {
    cnn_format(name, sizeof name, COLUMN "%s", cnn_state_name(csv->columns, i));
    CNN__TRY(cnn_state_set(state, name, i));
  }
  return CNN_OK;
}

static cnn_status load_columns(cnn_state *columns, const cnn_state *state) {
  for (int32_t i = 0; i < cnn_state_count(state); i++) {
    const char *name = cnn_state_name(state, i);
    if (!strncmp(name, COLUMN, strlen(COLUMN)))
      CNN__TRY(cnn_state_set(columns, name + strlen(COLUMN), 0));
  }
  return CNN_OK;
}

static cnn_status state_load(void *user, const cnn_state *state) {
  csv_logger *csv = user;
  cnn_state *columns = NULL;
  cnn_status status = CNN_OK;
  if (cnn_state_count(state) > 1) {
    CNN__TRY(cnn_state_new(&columns, csv->log.builtin.context));
    status = load_columns(columns, state);
  }
  if (status == CNN_OK)
    status = cnn__log_file_load(&csv->log, state);
  if (status < 0 || cnn_state_count(state) == 0) {
    cnn_state_free(columns);
    return status;
  }
  forget_columns(csv);
  csv->columns = columns;
  return CNN_OK;
}

cnn_status cnn_csv_logger_new(cnn_callback **out, cnn_context *context, const char *path,
                              const cnn_csv_logger_opts *options) {
  static const cnn_callback_functions functions = {
      .train_begin = train_begin, .epoch_end = epoch_end, .train_end = train_end, .state_save = state_save,
      .state_load = state_load};
  cnn_csv_logger_opts given;
  csv_logger csv = {.log = {.builtin = {.clear = clear}}};
  CNN__TRY(cnn__builtin_check(out, context, "csv_logger"));
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_csv_logger_opts"));
  CNN__TRY(cnn__builtin_reserved(given.reserved, "cnn_csv_logger_opts"));
  const char *separator = given.separator ? given.separator : ",";
  if (strlen(separator) != 1 || strchr("\"\r\n", separator[0]))
    return cnn__fail(CNN_EINVAL, "csv_logger: separator '%s', must be one character and no quote", separator);
  csv.separator = separator[0];
  CNN__TRY(cnn__log_file_init(&csv.log, context, "csv_logger", path, given.append));
  return cnn__builtin_new(out, context, &functions, &csv.log.builtin, sizeof csv);
}
