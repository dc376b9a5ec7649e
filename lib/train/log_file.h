/* log_file: a file of lines that a callback adds to as training goes on, each handed to the system at once and whole. A training that goes
 * on from a checkpoint cuts off what the file got after that. Public headers alone, as the callbacks made of it. */
#ifndef CNN_TRAIN_LOG_FILE_H
#define CNN_TRAIN_LOG_FILE_H

#include "train/builtin.h"

/* The first field of the callback's struct. */
typedef struct cnn__log_file {
  cnn__builtin builtin;
  char *path;
  int32_t append;
  int file;      /* -1: closed */
  int64_t kept;  /* bytes of the file that a loaded state knows of: what comes behind them is written again; -1: no such state */
  int64_t whole; /* bytes up to the end of the last line */
  char buffer[4096]; /* of the line in hand */
  size_t used;
} cnn__log_file;

/* One that is closed, before the callback is made of it: the path is copied. */
cnn_status cnn__log_file_init(cnn__log_file *log, cnn_context *context, const char *kind, const char *path, int32_t append);
void cnn__log_file_close(cnn__log_file *log);
void cnn__log_file_clear(cnn__log_file *log); /* for the callback's `clear` */

/* Open it: anew, to append, or at the place that a loaded state knows. */
cnn_status cnn__log_file_begin(cnn__log_file *log);

/* Add to the line in hand; end it. A line that cannot be written whole is taken back. */
cnn_status cnn__log_file_put(cnn__log_file *log, const char *text, size_t length);
cnn_status cnn__log_file_put_text(cnn__log_file *log, const char *text);
cnn_status cnn__log_file_end_line(cnn__log_file *log, const char *end);

/* Is it open? CNN_ESTATE where it is not. */
cnn_status cnn__log_file_check(const cnn__log_file *log);

/* How long the file is into a state, nothing where it is closed; and back. */
cnn_status cnn__log_file_save(const cnn__log_file *log, cnn_state *state);
cnn_status cnn__log_file_load(cnn__log_file *log, const cnn_state *state);

#endif
