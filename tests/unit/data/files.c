/* files: a file with given bytes, for readers to be tried on. */
#include "files.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

static char path[64];
static int descriptor = -1;

/* In memory: a disk would be waited for each time a file is cut and written anew. */
const char *file_of(const void *bytes, size_t count) {
  if (descriptor < 0)
    descriptor = memfd_create("cnn-test", MFD_CLOEXEC);
  ck_assert_int_ge(descriptor, 0);
  ck_assert_int_eq(ftruncate(descriptor, 0), 0);
  ck_assert_int_eq(pwrite(descriptor, bytes, count, 0), (ssize_t)count);
  snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  return path;
}

size_t gzip_pack(void *out, size_t room, const void *bytes, size_t count) {
  z_stream stream = {0};
  ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = (unsigned char *)bytes;
  stream.avail_in = (unsigned)count;
  stream.next_out = out;
  stream.avail_out = (unsigned)room;
  ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
  size_t length = room - stream.avail_out;
  deflateEnd(&stream);
  return length;
}

const char *gzip_file_of(const void *bytes, size_t count, size_t *packed_bytes) {
  size_t room = count + count / 100 + 1000;
  unsigned char *packed = malloc(room);
  ck_assert_ptr_nonnull(packed);
  size_t length = gzip_pack(packed, room, bytes, count);
  file_of(packed, length);
  free(packed);
  if (packed_bytes)
    *packed_bytes = length;
  return path;
}

void file_remove(void) {
  if (descriptor >= 0)
    close(descriptor);
  descriptor = -1;
}
