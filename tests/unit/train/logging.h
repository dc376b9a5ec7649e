/* logging: what the tests of callbacks that write a log share. */
#ifndef CNN_TESTS_LOGGING_H
#define CNN_TESTS_LOGGING_H

#include "replay.h"

/* All of a file, ended by a 0; the caller frees it. length may be NULL. */
char *logging_read(const char *path, size_t *length);

/* Files that cannot be opened or are full, and paths that are none, with the sentences that begin with the kind ("csv_logger"). */
typedef cnn_status logging_maker(cnn_callback **out, cnn_context *context, const char *path);
void logging_failures(replay *r, const char *kind, logging_maker *make);

#endif
