/* atomic_file: a file that is replaced as a whole. It is written under a temporary name in the same folder,
 * synced, and renamed over the target: at any moment, a crash included, the target is the old file or the new one. */
#ifndef CNN_IO_ATOMIC_FILE_H
#define CNN_IO_ATOMIC_FILE_H

#include "core/context_internal.h"

#include <limits.h>
#include <sys/types.h>

typedef struct cnn__atomic_file cnn__atomic_file;

/* Begin to write `path`. A symbolic link is followed: its target is what gets replaced. The new file takes the
 * permission bits of the one that it replaces, or those of any new file. CNN_EIO: no such folder, no permission,
 * the target is no regular file or is write-protected. */
cnn_status cnn__atomic_open(cnn__atomic_file **out, cnn_context *context, const char *path);

/* Append all of `bytes`. After an error only cnn__atomic_abandon makes sense. */
cnn_status cnn__atomic_write(cnn__atomic_file *file, const void *data, size_t bytes);

/* Sync, rename, sync the folder; frees the file in any case. On an error before the rename the target is untouched
 * and the temporary removed. */
cnn_status cnn__atomic_commit(cnn__atomic_file *file);

/* The same without freeing, for a thread that must not: cnn__atomic_abandon follows. keeping: what stood at `path` stays as the
 * file `path`.prev, which is replaced. `path` is never absent: it gets a second name by a hard link (a copy where the
 * file system has none), then the new file is renamed over it. */
#define CNN__PREVIOUS ".prev"
cnn_status cnn__atomic_finish(cnn__atomic_file *file, int32_t keeping);

/* The name of the file that is kept: beside the target of a symbolic link, not beside the link. */
void cnn__atomic_previous(char out[PATH_MAX], const char *path);

/* Remove the temporary and free the file; NULL does nothing. The error recorded last stays. */
void cnn__atomic_abandon(cnn__atomic_file *file);

/* The calls that may fail, as a table, so that tests can make each of them fail. Errors are -1 and errno. */
typedef struct cnn__file_calls {
  int (*open_folder)(const char *path);
  int (*create)(int folder, const char *name, mode_t mode); /* new, exclusive, close-on-exec */
  int (*set_mode)(int file, mode_t mode);
  ssize_t (*write)(int file, const void *data, size_t bytes);
  int (*sync)(int file);
  int (*close)(int file);
  int (*rename)(int folder, const char *from, const char *to);
  int (*link)(int folder, const char *from, const char *to);
  int (*open)(int folder, const char *name); /* for reading: what is copied where link is refused */
  int (*sync_folder)(int folder);
} cnn__file_calls;
extern cnn__file_calls cnn__file_ops;

#endif
