/* source: the bytes of a file, plain or gzip, read from front to back. (zip.c: of a member of an archive.)
 *
 * gzip is unpacked by zlib's inflate and not by its file functions: those take memory from malloc, block on a pipe and
 * pass over whatever follows the packed data in silence. */
#include "data/source.h"

#include "core/context_internal.h"
#include "core/locale.h"
#include "core/memory.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define PACKED_BYTES 65536       /* read from a gzip file at a time */
#define LARGEST_STEP (1 << 30)   /* asked of read or inflate at a time */
#define USUAL_RATIO 16           /* gzip data seldom unpack to more than this many times their size */

typedef struct cnn__unpacker {
  z_stream stream;
  int64_t read;     /* packed bytes taken from the file */
  int32_t members;  /* gzip members complete so far */
  int32_t ended;    /* the file is */
  unsigned char packed[PACKED_BYTES];
} cnn__unpacker;

static void *unpacker_alloc(void *context, unsigned items, unsigned size) {
  return cnn__alloc(context, (size_t)items * size, "gzip state");
}

static void unpacker_free(void *context, void *pointer) { cnn__free(context, pointer); }

cnn_status cnn__source_system_error(const cnn__source *source, int32_t number) {
  cnn__locale locale = cnn__locale_enter(); /* the system's words, untranslated */
  cnn_status status = cnn__fail(CNN_EIO, "'%s': %s", source->name, cnn__errno_text(number));
  cnn__locale_leave(locale);
  return status;
}

/* What read gives, whole: short only at the end of the file. */
static cnn_status read_plain(cnn__source *source, void *to, size_t bytes, size_t *got) {
  *got = 0;
  while (*got < bytes) {
    size_t step = bytes - *got < LARGEST_STEP ? bytes - *got : LARGEST_STEP;
    ssize_t n = read(source->descriptor, (char *)to + *got, step);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return cnn__source_system_error(source, errno);
    if (n == 0)
      break;
    *got += (size_t)n;
  }
  return CNN_OK;
}

/* Have at least one packed byte waiting, unless the file has ended. */
static cnn_status refill(cnn__source *source) {
  cnn__unpacker *u = source->unpacker;
  if (u->stream.avail_in > 0 || u->ended)
    return CNN_OK;
  size_t got;
  CNN__TRY(read_plain(source, u->packed, sizeof u->packed, &got));
  u->ended = got == 0;
  u->read += (int64_t)got;
  u->stream.next_in = u->packed;
  u->stream.avail_in = (unsigned)got;
  return CNN_OK;
}

static cnn_status unpack_error(const cnn__source *source, int32_t result) {
  const cnn__unpacker *u = source->unpacker;
  long long at = (long long)(u->read - (int64_t)u->stream.avail_in);
  if (result == Z_MEM_ERROR)
    return cnn__fail_code();
  if (u->members > 0 && u->stream.total_out == 0)
    return cnn__fail(CNN_EFORMAT, "'%s': something follows the gzip data, found at byte %lld of %lld", source->name, at,
                     (long long)source->size);
  return cnn__fail(CNN_EFORMAT, "'%s': gzip data are damaged at byte %lld of %lld (%s)", source->name, at,
                   (long long)source->size, u->stream.msg ? u->stream.msg : "no reason given");
}

static cnn_status read_gzip(cnn__source *source, void *to, size_t bytes, size_t *got) {
  cnn__unpacker *u = source->unpacker;
  *got = 0;
  while (*got < bytes) {
    CNN__TRY(refill(source));
    int32_t between_members = u->members > 0 && u->stream.total_in == 0;
    if (u->ended && between_members)
      break;
    if (u->ended)
      return cnn__fail(CNN_EFORMAT, "'%s': the gzip data are cut off after %lld bytes", source->name,
                       (long long)source->size);
    size_t step = bytes - *got < LARGEST_STEP ? bytes - *got : LARGEST_STEP;
    u->stream.next_out = (unsigned char *)to + *got;
    u->stream.avail_out = (unsigned)step;
    int32_t result = inflate(&u->stream, Z_NO_FLUSH);
    *got += step - u->stream.avail_out;
    if (result == Z_STREAM_END) {
      u->members++;
      inflateReset(&u->stream);
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return unpack_error(source, result);
    }
  }
  return CNN_OK;
}

static void close_gzip(cnn__source *source) {
  inflateEnd(&source->unpacker->stream);
  cnn__free(source->context, source->unpacker);
}

static const cnn__source_kind plain = {read_plain, NULL}, gzip = {read_gzip, close_gzip};

static cnn_status start_gzip(cnn__source *source) {
  source->unpacker = cnn__alloc_zero(source->context, sizeof *source->unpacker, "gzip state");
  if (!source->unpacker)
    return cnn__fail_code();
  z_stream *stream = &source->unpacker->stream;
  stream->zalloc = unpacker_alloc;
  stream->zfree = unpacker_free;
  stream->opaque = source->context;
  int32_t result = inflateInit2(stream, 15 + 16); /* the largest window; a gzip head and nothing else */
  if (result == Z_OK) {
    source->kind = &gzip;
    source->packed = 1;
    return CNN_OK;
  }
  cnn__free(source->context, source->unpacker);
  return result == Z_MEM_ERROR ? cnn__fail_code()
                               : cnn__fail(CNN_EUNSUPPORTED, "'%s': zlib %s does not start", source->name, zlibVersion());
}

/* The file is open: is it one, and how long? */
static cnn_status examine(cnn__source *source) {
  struct stat status;
  if (fstat(source->descriptor, &status) < 0)
    return cnn__source_system_error(source, errno);
  if (S_ISDIR(status.st_mode))
    return cnn__fail(CNN_EIO, "'%s': is a directory, not a file", source->name);
  if (!S_ISREG(status.st_mode))
    return cnn__fail(CNN_EIO, "'%s': is not a regular file", source->name);
  source->size = (int64_t)status.st_size;
  return CNN_OK;
}

static cnn_status unpack_gzip(cnn__source *source) {
  unsigned char magic[2];
  ssize_t n = pread(source->descriptor, magic, sizeof magic, 0);
  if (n < 0)
    return cnn__source_system_error(source, errno);
  return n == 2 && magic[0] == 0x1f && magic[1] == 0x8b ? start_gzip(source) : CNN_OK;
}

static cnn_status closed_where_bad(cnn__source *source, cnn_status status) {
  if (status < 0)
    cnn__source_close(source);
  return status;
}

cnn_status cnn__source_open_plain(cnn__source *source, cnn_context *context, const char *path) {
  *source = (cnn__source){.context = context, .kind = &plain, .descriptor = -1};
  cnn__clean(source->name, sizeof source->name, path);
  /* Not blocking: opening a pipe that nobody writes to would wait for ever. Regular files do not care. */
  do
    source->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  while (source->descriptor < 0 && errno == EINTR);
  return source->descriptor < 0 ? cnn__source_system_error(source, errno) : closed_where_bad(source, examine(source));
}

cnn_status cnn__source_open(cnn__source *source, cnn_context *context, const char *path) {
  CNN__TRY(cnn__source_open_plain(source, context, path));
  return closed_where_bad(source, unpack_gzip(source));
}

void cnn__source_close(cnn__source *source) {
  if (source->kind->close)
    source->kind->close(source);
  source->kind = &plain;
  if (source->descriptor >= 0)
    close(source->descriptor);
  source->descriptor = -1;
}

cnn_status cnn__source_read(cnn__source *source, void *to, size_t bytes, size_t *got) {
  return source->kind->read(source, to, bytes, got);
}

static cnn_status wrong_length(const cnn__source *source, int64_t expected, const char *more, int64_t found,
                               const char *what) {
  return cnn__fail(CNN_EFORMAT, "%s '%s': the header says %lld bytes of data, the file has %s%lld", what, source->name,
                   (long long)expected, more, (long long)found);
}

/* Fill `data` (of *capacity bytes) with `bytes`, growing it as they arrive. */
static cnn_status read_growing(void **data, int64_t *capacity, cnn__source *source, int64_t bytes, const char *what) {
  int64_t filled = 0;
  for (;;) {
    size_t got;
    CNN__TRY(cnn__source_read(source, (char *)*data + filled, (size_t)(*capacity - filled), &got));
    filled += (int64_t)got;
    if (filled < *capacity)
      return wrong_length(source, bytes, "", filled, what);
    if (filled == bytes)
      return CNN_OK;
    int64_t wanted = *capacity > bytes / 2 ? bytes : 2 * *capacity;
    void *larger = cnn__alloc(source->context, (size_t)wanted, what);
    if (!larger)
      return cnn__fail_code();
    memcpy(larger, *data, (size_t)filled);
    cnn__free(source->context, *data);
    *data = larger;
    *capacity = wanted;
  }
}

cnn_status cnn__source_read_rest(void **out, cnn__source *source, int64_t header, int64_t bytes, const char *what) {
  int64_t capacity = bytes;
  if (bytes > source->context->max_load_bytes)
    return cnn__fail(CNN_EFORMAT, "%s '%s': %lld bytes of data, more than the %lld that the context's max_load_bytes allows",
                     what, source->name, (long long)bytes, (long long)source->context->max_load_bytes);
  if (!source->packed && source->size - header != bytes)
    return wrong_length(source, bytes, "", source->size - header, what);
  if (source->packed && bytes / USUAL_RATIO > source->size)
    capacity = source->size * USUAL_RATIO;
  if ((uint64_t)bytes > SIZE_MAX)
    return cnn__fail(CNN_EUNSUPPORTED, "%s '%s': %lld bytes are more than this machine can address", what, source->name,
                     (long long)bytes);
  void *data = cnn__alloc(source->context, (size_t)capacity, what);
  if (!data)
    return cnn__fail_code();
  cnn_status status = read_growing(&data, &capacity, source, bytes, what);
  if (status >= 0) { /* reading on also makes zlib compare the checksum */
    char extra;
    size_t got;
    status = cnn__source_read(source, &extra, 1, &got);
    if (status >= 0 && got > 0)
      status = wrong_length(source, bytes, "at least ", bytes + 1, what);
  }
  if (status < 0) {
    cnn__free(source->context, data);
    return status;
  }
  *out = data;
  return CNN_OK;
}
