/* event_file: names, records and writing. A record is its length, a masked CRC-32C of that, the bytes of the event, a masked CRC-32C of
 * them (tensorflow/core/lib/io/record_writer.h says so in words). */
#include "companion/export/event_file.h"

#include "companion/export/crc32c.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  FRAME = 16,         /* bytes of a record beside its event */
  ENOUGH = 256 * 1024 /* so many bytes do not wait */
};

static double clock_seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double cnn__event_seconds(void) { return clock_seconds(CLOCK_MONOTONIC); }

const char *cnn__event_errno(int number) {
#ifdef CNN_HAVE_STRERRORDESC_NP
  const char *text = strerrordesc_np(number);
  return text ? text : "unknown error";
#else
  static const char *const known[] = {[EACCES] = "Permission denied", [ENOSPC] = "No space left on device",
                                      [ENOENT] = "No such file or directory", [EROFS] = "Read-only file system",
                                      [ENOTDIR] = "Not a directory"};
  return number > 0 && (size_t)number < sizeof known / sizeof known[0] && known[number] ? known[number] : "the system refuses it";
#endif
}

static cnn_status fail(const char *path, const char *what, int number) {
  return cnn_error_set(CNN_EIO, "tensorboard: '%s': cannot %s: %s; choose a folder that can be written and has room", path, what,
                       cnn__event_errno(number));
}

/* ---- making ---- */

cnn_status cnn__event_file_begin(cnn__event_file *file, const char *folder, const char *name, const char *writer, int32_t again) {
  cnn__event_file_close(file);
  if (cnn_format(file->folder, sizeof file->folder, "%s/%s", folder, name) >= (int32_t)sizeof file->folder)
    return cnn_error_set(CNN_EINVAL, "tensorboard: the folder's name has %zu bytes, too many for a path", strlen(folder));
  cnn_format(file->writer, sizeof file->writer, "%s", writer);
  return again ? cnn__event_tags_read(&file->tags, file->folder, writer) : CNN_OK;
}

/* mkdir -p; the folder itself must be one in the end. */
static cnn_status make_folder(const char *folder) {
  char path[4096];
  struct stat about;
  cnn_format(path, sizeof path, "%s", folder);
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    (void)mkdir(path, 0777);
    *slash = '/';
  }
  if (mkdir(path, 0777) == 0)
    return CNN_OK;
  const int number = errno;
  if (number == EEXIST && stat(path, &about) == 0 && S_ISDIR(about.st_mode))
    return CNN_OK;
  return fail(folder, "make the folder", number == EEXIST ? ENOTDIR : number);
}

/* As TensorFlow names them: readers go through them in the order of their names, so that a file of a run that goes on must come after its earlier ones. */
static void name_file(cnn__event_file *file, const char *host, int number) {
  int64_t seconds = (int64_t)clock_seconds(CLOCK_REALTIME);
  seconds = seconds > file->tags.newest ? seconds : file->tags.newest + 1;
  cnn_format(file->path, sizeof file->path, "%s/events.out.tfevents.%010" PRId64 ".%s.%ld.%d.v2", file->folder, seconds, host,
             (long)getpid(), number);
}

static void name_host(char host[256]) {
  if (gethostname(host, 255) < 0 || !host[0])
    strcpy(host, "localhost");
  host[255] = 0;
  for (char *at = host; *at; at++)
    if (*at == '/' || *at < '!' || *at > '~')
      *at = '_';
}

static cnn_status add_record(cnn__event_file *file, const Cnn__Events__Event *event);

static cnn_status add_version(cnn__event_file *file) {
  Cnn__Events__Source source = CNN__EVENTS__SOURCE__INIT;
  Cnn__Events__Event event = CNN__EVENTS__EVENT__INIT;
  char version[] = CNN__EVENT_FILE_VERSION;
  source.writer = file->writer;
  event.wall_time = clock_seconds(CLOCK_REALTIME);
  event.file_version = version;
  event.source_metadata = &source;
  return add_record(file, &event);
}

cnn_status cnn__event_file_open(cnn__event_file *file) {
  char host[256];
  if (file->file >= 0)
    return CNN_OK;
  cnn_status status = make_folder(file->folder);
  if (status < 0)
    return status;
  name_host(host);
  for (int number = 0; file->file < 0; number++) {
    name_file(file, host, number);
    file->file = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (file->file < 0 && errno != EEXIST)
      return fail(file->path, "make it", errno);
  }
  file->used = 0;
  file->whole = 0;
  status = add_version(file);
  return status < 0 ? status : cnn__event_file_flush(file, 0); /* readers see at once that there is a run */
}

/* ---- adding ---- */

static cnn_status reserve(cnn__event_file *file, size_t more) {
  if (more <= file->capacity - file->used)
    return CNN_OK;
  size_t capacity = (file->used + more) * 2;
  unsigned char *bytes = realloc(file->bytes, capacity);
  if (!bytes)
    return cnn_error_set(CNN_ENOMEM, "tensorboard: no memory for a record of %zu bytes", more);
  file->bytes = bytes;
  file->capacity = capacity;
  return CNN_OK;
}

static void put(unsigned char *at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    at[i] = (unsigned char)(value >> 8 * i);
}

static cnn_status add_record(cnn__event_file *file, const Cnn__Events__Event *event) {
  const size_t length = cnn__events__event__get_packed_size(event);
  cnn_status status = reserve(file, length + FRAME);
  if (status < 0)
    return status;
  unsigned char *at = file->bytes + file->used;
  put(at, length, 8);
  put(at + 8, cnn__crc32c_masked(at, 8), 4);
  cnn__events__event__pack(event, at + 12);
  put(at + 12 + length, cnn__crc32c_masked(at + 12, length), 4);
  file->used += length + FRAME;
  return CNN_OK;
}

cnn_status cnn__event_file_add(cnn__event_file *file, int64_t step, Cnn__Events__Value *value) {
  Cnn__Events__Summary summary = CNN__EVENTS__SUMMARY__INIT;
  Cnn__Events__Event event = CNN__EVENTS__EVENT__INIT;
  if (cnn__event_tags_have(&file->tags, value->tag, step))
    return CNN_OK;
  cnn_status status = cnn__event_file_open(file);
  if (status < 0)
    return status;
  summary.n_value = 1;
  summary.value = &value;
  event.wall_time = clock_seconds(CLOCK_REALTIME);
  event.step = step;
  event.summary = &summary;
  status = add_record(file, &event);
  return status < 0 || file->used < ENOUGH ? status : cnn__event_file_flush(file, 0);
}

/* ---- writing ---- */

cnn_status cnn__event_file_flush(cnn__event_file *file, double not_before) {
  const double now = cnn__event_seconds();
  if (file->file < 0 || !file->used || now - file->flushed < not_before)
    return CNN_OK;
  for (size_t done = 0; done < file->used;) {
    ssize_t n = write(file->file, file->bytes + done, file->used - done);
    if (n < 0 && errno != EINTR) {
      cnn_status status = fail(file->path, "write", errno);
      int refused = ftruncate(file->file, file->whole);
      (void)refused; /* readers leave out half a record as well */
      file->used = 0;
      return status;
    }
    done += n > 0 ? (size_t)n : 0;
  }
  file->whole += (int64_t)file->used;
  file->used = 0;
  file->flushed = now;
  return CNN_OK;
}

cnn_status cnn__event_file_end(cnn__event_file *file) {
  cnn_status status = cnn__event_file_flush(file, 0);
  cnn__event_file_close(file);
  return status;
}

void cnn__event_file_close(cnn__event_file *file) {
  if (file->file >= 0)
    close(file->file);
  free(file->bytes);
  cnn__event_tags_free(&file->tags);
  file->file = -1;
  file->bytes = NULL;
  file->used = file->capacity = 0;
}
