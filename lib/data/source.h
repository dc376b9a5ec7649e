/* source: the bytes of a file, plain or gzip, read from front to back. */
#ifndef CNN_DATA_SOURCE_H
#define CNN_DATA_SOURCE_H

#include "cnn/context.h"
#include "core/status.h"

#define CNN__SOURCE_NAME 256

typedef struct cnn__source {
  cnn_context *context;
  char name[CNN__SOURCE_NAME]; /* the path as it may be printed */
  int32_t descriptor;
  int64_t size;                /* as stored: of the file, or of the archive's member */
  int32_t packed;              /* only reading tells how long it is unpacked */
  const struct cnn__source_kind *kind;
  struct cnn__unpacker *unpacker; /* of gzip */
  struct cnn__member *member;     /* of zip */
} cnn__source;

/* How bytes come. */
typedef struct cnn__source_kind {
  cnn_status (*read)(cnn__source *source, void *to, size_t bytes, size_t *got);
  void (*close)(cnn__source *source); /* NULL: nothing but the file */
} cnn__source_kind;

/* Open a regular file. CNN_EIO: it is none, or the system says no (with its words). On an error there is nothing to close. */
cnn_status cnn__source_open(cnn__source *source, cnn_context *context, const char *path);
/* The file as it is stored. */
cnn_status cnn__source_open_plain(cnn__source *source, cnn_context *context, const char *path);
void cnn__source_close(cnn__source *source);

/* CNN_EIO with the source's name and the system's words for errno's `number`. */
cnn_status cnn__source_system_error(const cnn__source *source, int32_t number);

/* Read until `bytes` are there or the data end; *got says how many came. CNN_EIO; CNN_EFORMAT: gzip data that are damaged, cut off or
 * followed by something else; CNN_ENOMEM. */
cnn_status cnn__source_read(cnn__source *source, void *to, size_t bytes, size_t *got);

/* Read exactly the `bytes` that a header promised, and the end of the file after them, into new memory of the context. A plain file is
 * measured before any memory is asked for; of a gzip file memory grows with the bytes that arrive, so that a header that lies costs no
 * more than a small multiple of the file. `header`: bytes read so far; `what` names the file's format in texts.
 * CNN_EFORMAT: more or fewer bytes, or more than the context's max_load_bytes. */
cnn_status cnn__source_read_rest(void **out, cnn__source *source, int64_t header, int64_t bytes, const char *what);

#endif
