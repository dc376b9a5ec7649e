/* log_file: opening, cutting and writing whole lines. */
#include "train/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

cnn_status cnn__log_file_init(cnn__log_file *log, cnn_context *context, const char *kind, const char *path, int32_t append) {
  if (!path || !path[0])
    return cnn__fail(CNN_EINVAL, "%s: path is %s", kind, path ? "empty" : "NULL");
  log->builtin.kind = kind;
  log->append = append;
  log->file = -1;
  log->kept = -1;
  log->path = cnn__builtin_text(context, path);
  return log->path ? CNN_OK : CNN_ENOMEM;
}

void cnn__log_file_close(cnn__log_file *log) {
  if (log->file >= 0)
    close(log->file);
  log->file = -1;
}

void cnn__log_file_clear(cnn__log_file *log) {
  cnn__log_file_close(log);
  cnn__builtin_drop(log->builtin.context, log->path);
}

static cnn_status fail(const cnn__log_file *log, const char *what) {
  return cnn_error_set(CNN_EIO, "%s: '%s': cannot %s: %s", log->builtin.kind, log->path, what, cnn__errno_text(errno));
}

cnn_status cnn__log_file_begin(cnn__log_file *log) {
  struct stat about;
  const int64_t kept = log->kept;
  cnn__log_file_close(log);
  log->kept = -1;
  log->used = 0;
  log->file = open(log->path, O_WRONLY | O_CREAT | O_CLOEXEC | (log->append || kept >= 0 ? O_APPEND : O_TRUNC), 0666);
  if (log->file < 0 || fstat(log->file, &about) < 0)
    return fail(log, "open");
  log->whole = about.st_size;
  if (kept < 0 || about.st_size <= kept)
    return CNN_OK;
  log->whole = kept;
  return ftruncate(log->file, kept) < 0 ? fail(log, "shorten") : CNN_OK;
}

cnn_status cnn__log_file_check(const cnn__log_file *log) {
  return log->file >= 0 ? CNN_OK
                        : cnn_error_set(CNN_ESTATE, "%s: '%s': the end of an epoch came before the begin of training",
                                        log->builtin.kind, log->path);
}

/* ---- writing ---- */

static cnn_status flush(cnn__log_file *log) {
  for (size_t done = 0; done < log->used;) {
    ssize_t n = write(log->file, log->buffer + done, log->used - done);
    if (n < 0 && errno != EINTR) {
      cnn_status status = fail(log, "write");
      int refused = ftruncate(log->file, log->whole);
      (void)refused; /* what is no file cannot be cut */
      return status;
    }
    done += n > 0 ? (size_t)n : 0;
  }
  log->used = 0;
  return CNN_OK;
}

cnn_status cnn__log_file_put(cnn__log_file *log, const char *text, size_t length) {
  if (length > sizeof log->buffer - log->used)
    CNN__TRY(flush(log));
  memcpy(log->buffer + log->used, text, length);
  log->used += length;
  return CNN_OK;
}

cnn_status cnn__log_file_put_text(cnn__log_file *log, const char *text) { return cnn__log_file_put(log, text, strlen(text)); }

cnn_status cnn__log_file_end_line(cnn__log_file *log, const char *end) {
  struct stat about;
  CNN__TRY(cnn__log_file_put_text(log, end));
  CNN__TRY(flush(log));
  log->whole = fstat(log->file, &about) < 0 ? log->whole : about.st_size;
  return CNN_OK;
}

/* ---- state ---- */

cnn_status cnn__log_file_save(const cnn__log_file *log, cnn_state *state) {
  return log->file < 0 ? CNN_OK : cnn_state_set(state, "bytes", (double)log->whole);
}

/* A file that is not open had no line of this training. */
cnn_status cnn__log_file_load(cnn__log_file *log, const cnn_state *state) {
  int64_t bytes;
  if (cnn_state_count(state) == 0)
    return CNN_OK;
  CNN__TRY(cnn__builtin_count(state, "bytes", 0, &bytes));
  cnn__log_file_close(log);
  log->kept = bytes;
  return CNN_OK;
}
