/* background: the file is opened and let go of by the caller; the thread writes and renames. It allocates nothing, since the
 * allocator is promised rest while a training step runs. */
#include "io/background.h"

#include "core/memory.h"
#include "core/signals.h"
#include "core/text.h"

#include <unistd.h>

static void write_all(cnn__background *b) {
  b->status = cnn__atomic_write(b->file, b->bytes, b->count);
  if (b->status == CNN_OK)
    b->status = cnn__atomic_finish(b->file, b->keeping);
  if (b->status < 0)
    cnn__format(b->text, sizeof b->text, "%s", cnn_error_text());
}

static void *work(void *user) {
  write_all(user);
  return NULL;
}

static int32_t start_thread(cnn__background *b) {
  sigset_t before;
  cnn__block_signals(&before);
  int error = pthread_create(&b->thread, NULL, work, b);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  b->process = getpid();
  return !error;
}

cnn_status cnn__background_wait(cnn__background *b) {
  if (!b->file)
    return CNN_OK;
  if (b->threaded && b->process != getpid())
    return CNN_OK; /* a child after fork: the file is its parent's to write */
  if (b->threaded)
    pthread_join(b->thread, NULL);
  cnn__atomic_abandon(b->file);
  cnn__free(b->context, b->bytes);
  b->file = NULL;
  b->bytes = NULL;
  return b->status < 0 ? cnn__fail(b->status, "%s", b->text) : CNN_OK;
}

cnn_status cnn__background_write(cnn__background *b, cnn_context *context, const char *path, unsigned char *bytes,
                                 size_t count, int32_t keeping, int32_t at_once) {
  cnn__atomic_file *file;
  cnn_status status = cnn__background_wait(b);
  if (status == CNN_OK)
    status = cnn__atomic_open(&file, context, path);
  if (status < 0) {
    cnn__free(context, bytes);
    return status;
  }
  *b = (cnn__background){.context = context, .file = file, .bytes = bytes, .count = count, .keeping = keeping};
  b->threaded = !at_once && start_thread(b);
  if (b->threaded)
    return CNN_OK;
  write_all(b);
  return cnn__background_wait(b);
}
