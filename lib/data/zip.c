/* zip: one member of a zip archive as a source, unpacked by minizip over a descriptor that we have opened, so that what
 * is no regular file is refused first and errors keep the system's words. */
#include "data/zip.h"

#include "core/memory.h"
#include "core/text.h"

#include <errno.h>
#include <minizip/unzip.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_STEP (1 << 30) /* asked of minizip at a time */

typedef struct cnn__member {
  unzFile archive;
  int64_t size;         /* of the archive */
  int64_t position;     /* in it */
  ZPOS64_T promised;    /* bytes of the member, unpacked: minizip compares the checksum only where they all came */
  ZPOS64_T given;
  int32_t error_number; /* of the last read that failed; 0: none */
  int32_t cut;          /* minizip asked for bytes behind the end, which it would take for zeros */
  int32_t open, ended;
} cnn__member;

/* ---- the archive's bytes, as minizip asks for them; the stream is the source ---- */

static void *stream_open(void *source, const void *name, int mode) {
  (void)name;
  return mode & ZLIB_FILEFUNC_MODE_WRITE ? NULL : source;
}

static uLong stream_read(void *opaque, void *stream, void *to, uLong bytes) {
  const cnn__source *source = stream;
  cnn__member *member = source->member;
  uLong done = 0;
  (void)opaque;
  while (done < bytes) {
    ssize_t n = pread(source->descriptor, (char *)to + done, bytes - done, (off_t)member->position);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      member->error_number = errno;
    member->cut |= n == 0;
    if (n <= 0)
      break;
    member->position += n;
    done += (uLong)n;
  }
  return done;
}

static ZPOS64_T stream_tell(void *opaque, void *stream) {
  (void)opaque;
  return (ZPOS64_T)((const cnn__source *)stream)->member->position;
}

static long stream_seek(void *opaque, void *stream, ZPOS64_T offset, int origin) {
  const cnn__source *source = stream;
  cnn__member *member = source->member;
  int64_t from = origin == ZLIB_FILEFUNC_SEEK_CUR ? member->position : origin == ZLIB_FILEFUNC_SEEK_END ? member->size : 0;
  (void)opaque;
  if (offset > INT64_MAX / 2 || from + (int64_t)offset > member->size)
    return -1;
  member->position = from + (int64_t)offset;
  return 0;
}

static int stream_close(void *opaque, void *stream) { return (void)opaque, (void)stream, 0; }

static int stream_error(void *opaque, void *stream) {
  (void)opaque;
  const cnn__member *member = ((const cnn__source *)stream)->member;
  return member->error_number || member->cut;
}

/* ---- the source ---- */

/* minizip's word for what went wrong, where the system has none of its own. */
static cnn_status failed(const cnn__source *source, int result) {
  if (source->member->error_number)
    return cnn__source_system_error(source, source->member->error_number);
  if (result == UNZ_INTERNALERROR || result == Z_MEM_ERROR)
    return cnn__fail(CNN_ENOMEM, "'%s': no memory to unpack it", source->name);
  return cnn__fail(CNN_EFORMAT, "'%s': the zip archive is damaged (%s)", source->name,
                   result == UNZ_CRCERROR ? "wrong checksum" : "or packed in a way that is not known");
}

static cnn_status read_member(cnn__source *source, void *to, size_t bytes, size_t *got) {
  cnn__member *member = source->member;
  *got = 0;
  while (*got < bytes && !member->ended) {
    size_t step = bytes - *got < LARGEST_STEP ? bytes - *got : LARGEST_STEP;
    int n = unzReadCurrentFile(member->archive, (char *)to + *got, (unsigned)step);
    if (n < 0)
      return failed(source, n);
    *got += (size_t)n;
    member->given += (ZPOS64_T)n;
    if (n > 0)
      continue;
    member->ended = 1;
    member->open = 0;
    int result = unzCloseCurrentFile(member->archive); /* compares the checksum */
    if (result != UNZ_OK)
      return failed(source, result);
    if (member->given != member->promised)
      return cnn__fail(CNN_EFORMAT, "'%s': the zip archive is damaged (%llu bytes where it promises %llu)", source->name,
                       (unsigned long long)member->given, (unsigned long long)member->promised);
  }
  return CNN_OK;
}

static void close_member(cnn__source *source) {
  cnn__member *member = source->member;
  if (member->open)
    unzCloseCurrentFile(member->archive);
  if (member->archive)
    unzClose(member->archive);
  cnn__free(source->context, member);
}

static cnn_status open_member(cnn__source *source, const char *name) {
  static const cnn__source_kind zip = {read_member, close_member};
  zlib_filefunc64_def calls = {.zopen64_file = stream_open, .zread_file = stream_read, .ztell64_file = stream_tell,
                               .zseek64_file = stream_seek, .zclose_file = stream_close, .zerror_file = stream_error,
                               .opaque = source};
  unz_file_info64 info;
  cnn__member *member = source->member = cnn__alloc_zero(source->context, sizeof *member, "zip state");
  if (!member)
    return cnn__fail_code();
  member->size = source->size;
  source->kind = &zip;
  source->packed = 1;
  member->archive = unzOpen2_64(source->name, &calls);
  if (!member->archive)
    return member->error_number ? failed(source, UNZ_ERRNO)
                                : cnn__fail(CNN_EFORMAT, "'%s': is no zip archive, or is cut off", source->name);
  if (unzLocateFile(member->archive, name, 1) != UNZ_OK)
    return cnn__fail(CNN_EFORMAT, "'%s': the archive has no '%s'", source->name, name);
  int result = unzGetCurrentFileInfo64(member->archive, &info, NULL, 0, NULL, 0, NULL, 0);
  if (result != UNZ_OK)
    return failed(source, result);
  if (info.flag & 1)
    return cnn__fail(CNN_EUNSUPPORTED, "'%s': '%s' is encrypted", source->name, name);
  result = unzOpenCurrentFile(member->archive);
  if (result != UNZ_OK)
    return failed(source, result);
  member->open = 1;
  member->promised = info.uncompressed_size;
  if (info.compressed_size < (ZPOS64_T)source->size)
    source->size = (int64_t)info.compressed_size;
  size_t used = strlen(source->name);
  cnn__format(source->name + used, sizeof source->name - used, ": %s", name);
  return CNN_OK;
}

cnn_status cnn__source_open_member(cnn__source *source, cnn_context *context, const char *path, const char *member) {
  CNN__TRY(cnn__source_open_plain(source, context, path));
  cnn_status status = open_member(source, member);
  if (status < 0)
    cnn__source_close(source);
  return status;
}
