/* container: a file of named tensors and string metadata in the safetensors form, ended by a checksum. Knows
 * nothing of models.
 *
 *   8 bytes   length n of the header, little-endian
 *   n bytes   header: a JSON object, padded with spaces so that the data begin at a multiple of 64
 *   the rest  the tensors' data, little-endian, row-major, one after the other without gaps, in the order of the header
 *
 * The last tensor, "__checksum__" U8[16], is the XXH3-128 (canonical, big-endian) of every byte before it. */
#ifndef CNN_IO_CONTAINER_H
#define CNN_IO_CONTAINER_H

#include "core/checksum.h"
#include "core/context_internal.h"
#include "tensor/shape.h"

enum {
  CNN__FORMAT_VERSION = 1,          /* newer files are refused */
  CNN__MAX_HEADER = 16 << 20,       /* bytes */
  CNN__MAX_TENSORS = 4096,          /* with the checksum */
  CNN__MAX_NOTES = 64               /* keys of the metadata */
};
#define CNN__MAX_FILE ((int64_t)1 << 30) /* bytes of a file to read, where the caller sets no limit */

typedef struct cnn__entry {
  const char *name;
  int32_t type;       /* CNN_F32 ... */
  cnn__shape shape;
  const void *data;   /* in a file that was read: at any alignment, so copy with memcpy */
  int64_t bytes;      /* set by reading; writing works it out */
  int32_t taken;      /* 0 after reading; for those who must know that nothing was left over */
} cnn__entry;

typedef struct cnn__note {
  const char *key, *text;
} cnn__note;

/* Where a file goes: under a name in the file system, or into the caller's memory. */
typedef struct cnn__target {
  const char *path;  /* replaced as a whole (atomic_file); NULL: memory */
  void *buffer;      /* NULL: only the length is wanted */
  size_t capacity;
  size_t *length;    /* of the file, set also where it does not fit */
} cnn__target;

/* Where a file comes from. */
typedef struct cnn__origin {
  const char *path;  /* NULL: memory */
  const void *bytes; /* borrowed as long as the container lives */
  size_t count;
} cnn__origin;

/* What texts call it. */
static inline const char *cnn__origin_name(const cnn__origin *origin) {
  return origin->path ? origin->path : "(memory)";
}

/* Write a file of `entries` in this order. The metadata begin with "format", "format_version" and "library"; `notes`
 * follow. CNN_EIO; CNN_ENOMEM; CNN_EINVAL: memory too small; CNN_ESTATE: a name that cannot stand in a file, or twice
 * the same. */
cnn_status cnn__container_write(cnn_context *context, const cnn__target *target, const char *format,
                                const cnn__note *notes, int32_t note_count, const cnn__entry *entries,
                                int32_t entry_count);

/* A file that was read and found to be whole. Everything in it is borrowed and lives until cnn__container_free. */
typedef struct cnn__container {
  cnn_context *context;
  const unsigned char *bytes; /* the whole file */
  unsigned char *owned;     /* the same, where it was read from a path */
  int64_t byte_count;
  int64_t data_start;
  struct json_t *header;
  cnn__entry *entries;      /* in file order, the checksum left out */
  int32_t entry_count;
} cnn__container;

/* Read a regular file, or memory, of at most max_bytes (0: CNN__MAX_FILE), taken as hostile. CNN_EIO; CNN_EFORMAT
 * with what and where; CNN_ETOONEW; CNN_ENOMEM. Texts begin with the origin's name. */
cnn_status cnn__container_read(cnn__container **out, cnn_context *context, const cnn__origin *origin, int64_t max_bytes);
void cnn__container_free(cnn__container *container); /* NULL does nothing */

cnn__entry *cnn__container_find(const cnn__container *container, const char *name); /* NULL: there is none */
const char *cnn__container_note(const cnn__container *container, const char *key);  /* NULL: there is none */

/* Element types by the names they have in files. 0 and NULL: there is no such type. */
int32_t cnn__dtype_find(const char *name);
const char *cnn__dtype_name(int32_t type);

/* CNN_OK where this machine stores numbers as files do. */
cnn_status cnn__container_supported(void);

#endif
