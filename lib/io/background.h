/* background: bytes written to a file while the caller goes on. */
#ifndef CNN_IO_BACKGROUND_H
#define CNN_IO_BACKGROUND_H

#include "io/atomic_file.h"

#include <pthread.h>

/* Zero-filled before the first use. One file at a time. */
typedef struct cnn__background {
  cnn_context *context;
  cnn__atomic_file *file; /* NULL: nothing is on its way */
  unsigned char *bytes;
  size_t count;
  int32_t keeping, threaded;
  pid_t process;          /* that has the thread: a forked child has none */
  pthread_t thread;
  cnn_status status;      /* of the last file, once waited for */
  char text[1024];
} cnn__background;

/* Begin to replace `path` by `bytes`, which were allocated from the context and belong to this from now on, also after an error;
 * keeping as in cnn__atomic_finish. The one before is waited for first, and its error returned. Where no thread can be had, or
 * none is wanted, all is done at once. */
cnn_status cnn__background_write(cnn__background *b, cnn_context *context, const char *path, unsigned char *bytes,
                                 size_t count, int32_t keeping, int32_t at_once);

/* Wait for it. Its error is returned once. */
cnn_status cnn__background_wait(cnn__background *b);

#endif
