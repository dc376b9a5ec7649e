/* atomic_file: a file that is replaced as a whole. All names are resolved against a descriptor of the folder,
 * taken once, so that neither a change of the working directory nor a renamed folder can separate the temporary
 * from its target. */
#include "io/atomic_file.h"

#include "cnn/format.h"
#include "core/memory.h"
#include "core/text.h"
#include "io/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRIES 64           /* temporary names tried before giving up */
#define KEPT_OF_NAME 200   /* bytes of the target's name in the temporary's: its owner shows, NAME_MAX is kept */
#define WRITE_AT_ONCE ((size_t)1 << 30)

struct cnn__atomic_file {
  cnn_context *context;
  char *path;              /* as given, for texts */
  char name[NAME_MAX + 1]; /* the target in its folder */
  char temporary[NAME_MAX + 1];
  int folder, descriptor;  /* -1: not open */
  int claim;               /* on the temporary; -1: none */
  int32_t created;         /* the temporary exists */
};

/* ---- the calls ---- */

static int open_folder(const char *path) { return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

static int create(int folder, const char *name, mode_t mode) {
  return openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

static int rename_within(int folder, const char *from, const char *to) { return renameat(folder, from, folder, to); }

static int link_within(int folder, const char *from, const char *to) { return linkat(folder, from, folder, to, 0); }

static int open_within(int folder, const char *name) { return openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC); }

cnn__file_calls cnn__file_ops = {.open_folder = open_folder,
                                 .create = create,
                                 .set_mode = fchmod,
                                 .write = write,
                                 .sync = fsync,
                                 .close = close,
                                 .rename = rename_within,
                                 .link = link_within,
                                 .open = open_within,
                                 .sync_folder = fsync};

/* ---- opening ---- */

static cnn_status fail_io(const cnn__atomic_file *file, const char *what, int error) {
  return cnn__fail(CNN_EIO, "'%s': cannot %s: %s", file->path, what, cnn__errno_text(error));
}

/* Split `path` into the folder, which is opened, and the name in it. */
static cnn_status open_parts(cnn__atomic_file *file, const char *path) {
  char folder[PATH_MAX];
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  size_t length = slash ? (size_t)(slash - path) : 0;
  if (!*name)
    return fail_io(file, "write", *path ? EISDIR : ENOENT);
  if (strlen(name) > NAME_MAX || length >= sizeof folder)
    return fail_io(file, "write", ENAMETOOLONG);
  memcpy(folder, path, length);
  folder[length] = 0;
  cnn__format(file->name, sizeof file->name, "%s", name);
  file->folder = cnn__file_ops.open_folder(!slash ? "." : length ? folder : "/");
  return file->folder < 0 ? fail_io(file, "open its folder", errno) : CNN_OK;
}

/* Find the target and judge what stands there. *mode: its permission bits, -1 where there is nothing yet. */
static cnn_status find_target(cnn__atomic_file *file, int32_t *mode) {
  char resolved[PATH_MAX];
  struct stat st;
  const char *path = file->path;
  if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
    if (!realpath(path, resolved))
      return fail_io(file, "follow the link", errno);
    path = resolved;
  }
  CNN__TRY(open_parts(file, path));
  *mode = -1;
  if (fstatat(file->folder, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? CNN_OK : fail_io(file, "look at it", errno);
  if (!S_ISREG(st.st_mode))
    return cnn__fail(CNN_EIO, "'%s': is not a regular file and will not be replaced", file->path);
  if (faccessat(file->folder, file->name, W_OK, AT_EACCESS) < 0)
    return fail_io(file, "replace it", errno);
  *mode = (int32_t)(st.st_mode & 0777);
  return CNN_OK;
}

/* What the names of all temporaries of this file begin with. */
static void stem_of(const cnn__atomic_file *file, char stem[NAME_MAX + 1]) {
  cnn__format(stem, NAME_MAX + 1, ".%.*s.", KEPT_OF_NAME, file->name);
}

/* A name for a temporary that nobody has, as good as certainly. */
static void name_temporary(const cnn__atomic_file *file, char name[NAME_MAX + 1]) {
  static atomic_uint count;
  char stem[NAME_MAX + 1];
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  stem_of(file, stem);
  cnn__format(name, NAME_MAX + 1, "%s%lx-%lx-%x.tmp", stem, (unsigned long)getpid(), (unsigned long)now.tv_nsec,
              atomic_fetch_add(&count, 1u));
}

static void close_one(int *descriptor) {
  if (*descriptor >= 0)
    (void)close(*descriptor);
  *descriptor = -1;
}

/* Exclusive creation decides whether the name is nobody's. While it is to take the bits of an older file it is nobody
 * else's to read. */
static cnn_status make_temporary(cnn__atomic_file *file, int32_t mode) {
  for (int32_t i = 0; i < TRIES; i++) {
    name_temporary(file, file->temporary);
    file->descriptor = cnn__file_ops.create(file->folder, file->temporary, mode < 0 ? 0666 : 0600);
    if (file->descriptor < 0 && errno != EEXIST)
      return fail_io(file, "create a temporary beside it", errno);
    int32_t lost = file->descriptor < 0;
    if (!lost)
      file->claim = cnn__leftover_claim(file->descriptor, &lost);
    if (!lost)
      break;
    close_one(&file->descriptor);
  }
  if (file->descriptor < 0)
    return fail_io(file, "create a temporary beside it", EEXIST);
  file->created = 1;
  if (mode >= 0 && cnn__file_ops.set_mode(file->descriptor, (mode_t)mode) < 0)
    return fail_io(file, "keep its permissions", errno);
  return CNN_OK;
}

cnn_status cnn__atomic_open(cnn__atomic_file **out, cnn_context *context, const char *path) {
  *out = NULL;
  cnn__atomic_file *file = cnn__alloc_zero(context, sizeof *file, "file to write");
  if (!file)
    return CNN_ENOMEM;
  file->context = context;
  file->folder = file->descriptor = file->claim = -1;
  file->path = cnn__strdup(context, path);
  int32_t mode;
  cnn_status status = file->path ? find_target(file, &mode) : CNN_ENOMEM;
  if (status == CNN_OK) {
    char stem[NAME_MAX + 1];
    stem_of(file, stem);
    cnn__leftovers_remove(file->folder, stem); /* first, as they may take the room that this one needs */
    status = make_temporary(file, mode);
  }
  if (status < 0)
    cnn__atomic_abandon(file);
  else
    *out = file;
  return status;
}

/* ---- writing and ending ---- */

/* Negative with errno where not all of it was taken. */
static int write_all(int descriptor, const char *at, size_t bytes) {
  while (bytes) {
    ssize_t n = cnn__file_ops.write(descriptor, at, bytes < WRITE_AT_ONCE ? bytes : WRITE_AT_ONCE);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      errno = n < 0 ? errno : ENOSPC;
      return -1;
    }
    at += n;
    bytes -= (size_t)n;
  }
  return 0;
}

cnn_status cnn__atomic_write(cnn__atomic_file *file, const void *data, size_t bytes) {
  return write_all(file->descriptor, data, bytes) < 0 ? fail_io(file, "write", errno) : CNN_OK;
}

static int sync_through(int (*sync)(int), int descriptor) {
  int result;
  do
    result = sync(descriptor);
  while (result < 0 && errno == EINTR);
  return result;
}

/* Some file systems cannot sync a folder and say so: what can be done has then been done. */
static cnn_status sync_folder(const cnn__atomic_file *file) {
  if (sync_through(cnn__file_ops.sync_folder, file->folder) == 0 || errno == EINVAL || errno == ENOTSUP)
    return CNN_OK;
  return cnn__fail(CNN_EIO, "'%s': is written, but may not outlive a power cut: cannot sync its folder: %s", file->path,
                   cnn__errno_text(errno));
}

/* ---- the generation before ---- */

/* All of one descriptor into another. */
static int copy_bytes(int from, int to) {
  char buffer[16384];
  for (;;) {
    ssize_t n = read(from, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return (int)n;
    if (write_all(to, buffer, (size_t)n) < 0)
      return -1;
  }
}

static int copy_within(const cnn__atomic_file *file, const char *to, int *claim) {
  struct stat about;
  int from = cnn__file_ops.open(file->folder, file->name), made = -1, result = -1;
  if (from >= 0 && fstat(from, &about) == 0)
    made = cnn__file_ops.create(file->folder, to, 0600);
  int32_t lost = 0;
  if (made >= 0)
    *claim = cnn__leftover_claim(made, &lost);
  if (made >= 0 && copy_bytes(from, made) == 0 && cnn__file_ops.set_mode(made, about.st_mode & 0777) == 0)
    result = sync_through(cnn__file_ops.sync, made);
  int error = errno;
  if (made >= 0 && cnn__file_ops.close(made) < 0 && result == 0) {
    error = errno;
    result = -1;
  }
  if (from >= 0)
    (void)close(from);
  errno = error;
  return result;
}

static int32_t refuses_links(int error) {
  return error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EMLINK || error == EXDEV;
}

/* Give what stands at the target its second name. Where both names are of one file already, as after a crash between the two
 * renames, rename does nothing: the temporary name goes in any case. */
static cnn_status keep_previous(const cnn__atomic_file *file) {
  char second[NAME_MAX + 1], previous[NAME_MAX + 1];
  if (cnn__format(previous, sizeof previous, "%s" CNN__PREVIOUS, file->name) > NAME_MAX)
    return fail_io(file, "keep the file before it as " CNN__PREVIOUS, ENAMETOOLONG);
  name_temporary(file, second);
  int claim = -1;
  int result = cnn__file_ops.link(file->folder, file->name, second);
  if (result < 0 && refuses_links(errno))
    result = copy_within(file, second, &claim);
  if (result < 0 && errno == ENOENT)
    return CNN_OK; /* nothing stands there */
  if (result == 0)
    result = cnn__file_ops.rename(file->folder, second, previous);
  int error = errno;
  (void)unlinkat(file->folder, second, 0);
  close_one(&claim);
  return result < 0 ? fail_io(file, "keep the file before it as " CNN__PREVIOUS, error) : CNN_OK;
}

void cnn__atomic_previous(char out[PATH_MAX], const char *path) {
  char resolved[PATH_MAX];
  struct stat st;
  const char *target = path;
  if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && realpath(path, resolved))
    target = resolved;
  if (cnn__format(out, PATH_MAX, "%s" CNN__PREVIOUS, target) >= PATH_MAX)
    out[0] = 0; /* nothing has such a name */
}

cnn_status cnn__atomic_finish(cnn__atomic_file *file, int32_t keeping) {
  if (sync_through(cnn__file_ops.sync, file->descriptor) < 0)
    return fail_io(file, "sync", errno);
  int closed = cnn__file_ops.close(file->descriptor);
  file->descriptor = -1; /* gone even when close reports an error */
  if (closed < 0 && errno != EINTR)
    return fail_io(file, "close", errno);
  if (keeping)
    CNN__TRY(keep_previous(file));
  if (cnn__file_ops.rename(file->folder, file->temporary, file->name) < 0)
    return fail_io(file, "rename the temporary to it", errno);
  file->created = 0;
  close_one(&file->claim);
  return sync_folder(file);
}

cnn_status cnn__atomic_commit(cnn__atomic_file *file) {
  cnn_status status = cnn__atomic_finish(file, 0);
  cnn__atomic_abandon(file);
  return status;
}

void cnn__atomic_abandon(cnn__atomic_file *file) {
  if (!file)
    return;
  close_one(&file->descriptor);
  if (file->created)
    (void)unlinkat(file->folder, file->temporary, 0);
  close_one(&file->claim);
  close_one(&file->folder);
  cnn__free(file->context, file->path);
  cnn__free(file->context, file);
}

cnn_status cnn_file_replace(cnn_context *context, const char *path, const void *bytes, size_t count) {
  cnn__atomic_file *file;
  if (!context || !path || (!bytes && count))
    return cnn__fail(CNN_EINVAL, "cnn_file_replace: %s is NULL", !context ? "context" : !path ? "path" : "bytes");
  CNN__TRY(cnn__atomic_open(&file, context, path));
  cnn_status status = cnn__atomic_write(file, bytes, count);
  if (status == CNN_OK)
    return cnn__atomic_commit(file);
  cnn__atomic_abandon(file);
  return status;
}
