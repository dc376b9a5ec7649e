/* container: named tensors and string metadata (notes), and how they lie in a file of the safetensors form, ended by a checksum.
 * Knows nothing of models.
 *
 *   8 bytes   length n of the header, little-endian
 *   n bytes   header: a JSON object, padded with spaces so that the data begin at a multiple of 64
 *   the rest  the tensors' data, little-endian, row-major, one after the other without gaps, in the order of the header
 *
 * The last tensor, "__checksum__" U8[16], is the XXH3-128 (canonical, big-endian) of every byte before it. */
#ifndef CNN_IO_CONTAINER_H
#define CNN_IO_CONTAINER_H

#include "cnn/format.h"
#include "core/checksum.h"
#include "core/context_internal.h"
#include "tensor/shape.h"

enum {
  CNN__FORMAT_VERSION = 1,          /* newer files are refused */
  CNN__MAX_HEADER = 16 << 20,       /* bytes */
  CNN__MAX_TENSORS = 4096,          /* with the checksum */
  CNN__MAX_NOTES = 64               /* keys of the metadata */
};
/* Members of a file's header that are no tensor of the caller's. */
#define CNN__METADATA "__metadata__"
#define CNN__CHECKSUM "__checksum__"
#define CNN__MAX_FILE ((int64_t)1 << 30) /* bytes of a file to read, where the caller sets no limit */

typedef struct cnn__entry {
  const char *name;
  int32_t type;       /* CNN_F32 ... */
  cnn__shape shape;
  const void *data;   /* in a file that was read: at any alignment, so copy with memcpy */
  int64_t bytes;      /* set by reading; writing works it out */
  cnn_tensor *value;  /* that the data belong to, in a container that owns what is in it */
} cnn__entry;

typedef struct cnn__note {
  const char *key, *text;
} cnn__note;

/* Where a file goes: under a name in the file system, into the caller's memory, or what it would hold into a container. */
typedef struct cnn__target {
  const char *path;  /* replaced as a whole (atomic_file); NULL: memory */
  cnn_container *container; /* empty; no file is made */
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

/* One that was read from a file of this form borrows: names, texts and data point into the file, which goes with it. Any
 * other owns its names and texts, and its data are tensors (container.c). */
struct cnn_container {
  cnn_context *context;
  cnn__note *notes;
  cnn__entry *entries;        /* in file order, the checksum left out */
  int64_t note_capacity, entry_capacity;
  int32_t note_count, entry_count;
  struct json_t *header;      /* NULL: it owns */
  const unsigned char *bytes; /* the whole file; NULL where there is none */
  unsigned char *owned;       /* the same, where it was read from a path */
  int64_t byte_count;
  int64_t data_start;
  int64_t max_bytes;          /* of who loads; 0: he says nothing */
};

/* The file alone, not looked at: a regular one, or memory, of at most max_bytes (0: CNN__MAX_FILE). CNN_EIO, CNN_EFORMAT the size,
 * CNN_ENOMEM. Texts are without the origin's name. */
cnn_status cnn__container_open(cnn_container **out, cnn_context *context, const cnn__origin *origin, int64_t max_bytes);

/* Does it begin as files of this form do, damaged ones too? */
int32_t cnn__container_is_own(const cnn_container *container);

/* Then take it apart, as hostile. CNN_EFORMAT with what and where; CNN_ETOONEW; CNN_ENOMEM. */
cnn_status cnn__container_parse(cnn_container *container);

/* All of it for a file that must be of this form. Texts begin with the origin's name. */
cnn_status cnn__container_read(cnn_container **out, cnn_context *context, const cnn__origin *origin, int64_t max_bytes);

cnn__entry *cnn__container_find(const cnn_container *container, const char *name); /* NULL: there is none */

/* Add or replace a tensor: by a copy of the entry's, or one that is shared from then on and changed by nobody. */
cnn_status cnn__container_put(cnn_container *container, const cnn__entry *entry);
cnn_status cnn__container_share(cnn_container *container, const char *name, cnn_tensor *value);

/* Element types by the names they have in files. 0 and NULL: there is no such type. */
int32_t cnn__dtype_find(const char *name);
const char *cnn__dtype_name(int32_t type);

/* CNN_OK where this machine stores numbers as files do. */
cnn_status cnn__container_supported(void);

#endif
