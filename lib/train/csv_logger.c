/* csv_logger: a row of figures for each epoch, written and handed to the system at once. Columns are those of the
 * first epoch, in alphabetical order; where none of them is of the validation, a val_ column follows for each, in
 * case one comes later. */
#include "train/builtin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct csv_logger {
  cnn__builtin builtin;
  char *path;
  char separator;
  int32_t append, with_header;
  int file;           /* -1: closed */
  cnn_state *columns; /* only their names, in order; NULL before the first epoch */
  int64_t kept;       /* bytes of the file that a loaded state knows of: what comes behind them is written again; -1: no such state */
  char buffer[4096];  /* of the row in hand */
  size_t used;
} csv_logger;

static void close_file(csv_logger *csv) {
  if (csv->file >= 0)
    close(csv->file);
  csv->file = -1;
  cnn_state_free(csv->columns);
  csv->columns = NULL;
}

static void clear(void *user) {
  csv_logger *csv = user;
  close_file(csv);
  cnn__builtin_drop(csv->builtin.context, csv->path);
}

static cnn_status fail(const csv_logger *csv, const char *what) {
  return cnn_error_set(CNN_EIO, "csv_logger: '%s': cannot %s: %s", csv->path, what, cnn__errno_text(errno));
}

/* ---- writing ---- */

static cnn_status flush(csv_logger *csv) {
  for (size_t done = 0; done < csv->used;) {
    ssize_t n = write(csv->file, csv->buffer + done, csv->used - done);
    if (n < 0 && errno != EINTR)
      return fail(csv, "write");
    done += n > 0 ? (size_t)n : 0;
  }
  csv->used = 0;
  return CNN_OK;
}

static cnn_status put(csv_logger *csv, const char *text, size_t length) {
  if (length > sizeof csv->buffer - csv->used)
    CNN__TRY(flush(csv));
  memcpy(csv->buffer + csv->used, text, length);
  csv->used += length;
  return CNN_OK;
}

/* A name or a value, quoted where it has a character that would end it. Names are shorter than the buffer. */
static cnn_status put_field(csv_logger *csv, const char *text) {
  const char special[] = {csv->separator, '"', '\r', '\n', 0};
  if (!strpbrk(text, special))
    return put(csv, text, strlen(text));
  CNN__TRY(put(csv, "\"", 1));
  for (; *text; text++) {
    CNN__TRY(put(csv, text, 1));
    if (*text == '"')
      CNN__TRY(put(csv, text, 1));
  }
  return put(csv, "\"", 1);
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
    CNN__TRY(put(csv, &csv->separator, 1));
    CNN__TRY(put_field(csv, cnn_state_name(csv->columns, i)));
  }
  return put(csv, "\r\n", 2);
}

static cnn_status begin_columns(csv_logger *csv, const cnn_logs *logs) {
  CNN__TRY(cnn_state_new(&csv->columns, csv->builtin.context));
  return choose_columns(csv->columns, logs);
}

/* ---- what happens ---- */

static cnn_status train_begin(void *user, const cnn_event *event) {
  csv_logger *csv = user;
  struct stat about;
  (void)event;
  const int64_t kept = csv->kept;
  csv->kept = -1;
  if (kept < 0)
    close_file(csv); /* else the columns were loaded */
  csv->used = 0;
  csv->file = open(csv->path, O_WRONLY | O_CREAT | O_CLOEXEC | (csv->append || kept >= 0 ? O_APPEND : O_TRUNC), 0666);
  if (csv->file < 0 || fstat(csv->file, &about) < 0)
    return fail(csv, "open");
  const int32_t longer = kept >= 0 && about.st_size > kept;
  if (longer && ftruncate(csv->file, kept) < 0)
    return fail(csv, "shorten");
  csv->with_header = (longer ? kept : about.st_size) == 0;
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
  if (csv->file < 0)
    return cnn_error_set(CNN_ESTATE, "csv_logger: '%s': the end of an epoch came before the begin of training", csv->path);
  if (!csv->columns)
    CNN__TRY(begin_columns(csv, event->logs));
  if (csv->with_header)
    CNN__TRY(write_header(csv));
  csv->with_header = 0;
  cnn_format(text, sizeof text, "%lld", (long long)event->epoch);
  CNN__TRY(put_field(csv, text));
  for (int32_t i = 0; i < cnn_state_count(csv->columns); i++) {
    CNN__TRY(put(csv, &csv->separator, 1));
    if (find(event->logs, cnn_state_name(csv->columns, i), &value))
      CNN__TRY(put_field(csv, cnn_format_shortest(text, value)));
    else
      CNN__TRY(put_field(csv, "NA"));
  }
  CNN__TRY(put(csv, "\r\n", 2));
  return flush(csv);
}

static cnn_status train_end(void *user, const cnn_event *event) {
  (void)event;
  close_file(user);
  return CNN_OK;
}

/* ---- state: how long the file is, and its columns in their order ---- */

#define COLUMN "column/"

static cnn_status state_save(void *user, cnn_state *state) {
  char name[128];
  const csv_logger *csv = user;
  struct stat about;
  if (csv->file < 0 || fstat(csv->file, &about) < 0)
    return CNN_OK;
  CNN__TRY(cnn_state_set(state, "bytes", (double)about.st_size));
  for (int32_t i = 0; i < cnn_state_count(csv->columns); i++) {
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

/* A file that is not open had no row of this training. */
static cnn_status state_load(void *user, const cnn_state *state) {
  csv_logger *csv = user;
  int64_t bytes;
  cnn_state *columns = NULL;
  if (cnn_state_count(state) == 0)
    return CNN_OK;
  CNN__TRY(cnn__builtin_count(state, "bytes", 0, &bytes));
  if (cnn_state_count(state) > 1) {
    CNN__TRY(cnn_state_new(&columns, csv->builtin.context));
    cnn_status status = load_columns(columns, state);
    if (status < 0) {
      cnn_state_free(columns);
      return status;
    }
  }
  close_file(csv);
  csv->columns = columns;
  csv->kept = bytes;
  return CNN_OK;
}

cnn_status cnn_csv_logger_new(cnn_callback **out, cnn_context *context, const char *path,
                              const cnn_csv_logger_opts *options) {
  static const cnn_callback_functions functions = {
      .train_begin = train_begin, .epoch_end = epoch_end, .train_end = train_end, .state_save = state_save,
      .state_load = state_load};
  cnn_csv_logger_opts given;
  csv_logger csv = {.builtin = {.clear = clear, .kind = "csv_logger"}, .file = -1, .kept = -1};
  CNN__TRY(cnn__builtin_check(out, context, "csv_logger"));
  if (!path || !path[0])
    return cnn__fail(CNN_EINVAL, "csv_logger: path is %s", path ? "empty" : "NULL");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_csv_logger_opts"));
  CNN__TRY(cnn__builtin_reserved(given.reserved, "cnn_csv_logger_opts"));
  const char *separator = given.separator ? given.separator : ",";
  if (strlen(separator) != 1 || strchr("\"\r\n", separator[0]))
    return cnn__fail(CNN_EINVAL, "csv_logger: separator '%s', must be one character and no quote", separator);
  csv.separator = separator[0];
  csv.append = given.append;
  csv.path = cnn__builtin_text(context, path);
  if (!csv.path)
    return CNN_ENOMEM;
  return cnn__builtin_new(out, context, &functions, &csv.builtin, sizeof csv);
}
