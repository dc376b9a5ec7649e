/* file_name: names of files with figures in them. Of the public headers alone, but for the text of an error. */
#ifndef CNN_TRAIN_FILE_NAME_H
#define CNN_TRAIN_FILE_NAME_H

#include "cnn/callback.h"

#define CNN__PATH_BYTES 4096

/* Replace {epoch}, {batch} (where batch is not 0) and {NAME} of a figure in the template; {NAME:08.4f} gives a format: 0, width, precision, and d,
 * e, f or g; {{ and }} are braces. epoch and batch are written as they are given. logs NULL: only look whether the template can
 * be read; out stays as it is then. CNN_EINVAL: braces, format, or the name becomes too long; CNN_ENAME: no such
 * figure. */
cnn_status cnn__file_name(char out[CNN__PATH_BYTES], const char *path, int64_t epoch, int64_t batch,
                          const cnn_logs *logs);

#endif
