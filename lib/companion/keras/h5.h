/* h5: reading HDF5 files that may be anything. HDF5's own library (1.10) can be made to crash or run for ever by one wrong bit, so it never
 * sees a file that we did not write: this is a reader of its own for what Keras's h5py writes (the oldest layout, superblock 0), and it follows a
 * path that is asked for and nothing else. There are no soft or external links, virtual or external data sets, committed types or
 * filters beyond deflate and shuffle here: each is a status with a sentence, before anything is allocated.
 * Format: "HDF5 File Format Specification Version 3.0", The HDF Group. Numbers in brackets are its sections.
 *
 * Every place in the file is looked at through keras__h5_at, which knows where the file ends. Work is bounded by `steps`, memory by `left`. */
#ifndef CNN_KERAS_H5_H
#define CNN_KERAS_H5_H

#include <cnn/tensor.h>

enum { KERAS__H5_HEADER = 96 }; /* of the superblock */
#define KERAS__H5_NOWHERE UINT64_MAX /* an address that leads to nothing */

typedef struct keras__h5 {
  const unsigned char *bytes;
  uint64_t count;  /* of the file as its superblock says, at most what there is */
  uint64_t root;   /* the root group's object header */
  uint64_t steps;  /* entries of the file that may still be looked at: it may be tied in knots */
  uint64_t left;   /* bytes that may still be unpacked */
} keras__h5;

/* Text of the file, not ended by 0. */
typedef struct keras__slice {
  const char *text;
  size_t length;
} keras__slice;
keras__slice keras__slice_of(const char *text);
int32_t keras__slice_equal(keras__slice a, keras__slice b);
/* As much of it as fits, ended by 0, fit for a sentence: what is not printable ASCII becomes '?'. @return buffer, KERAS__SHOWN bytes. */
enum { KERAS__SHOWN = 96 };
const char *keras__shown(char *buffer, keras__slice text);

/* 1: these bytes begin as an HDF5 file. */
int32_t keras__h5_sniff(const void *bytes, size_t count);
cnn_status keras__h5_open(keras__h5 *file, const void *bytes, size_t count);

/* The object at a path of names apart by '/' below the group `from` (file->root). *object: 0 where there is none. Errors: CNN_EFORMAT,
 * CNN_EUNSUPPORTED links of other kinds than hard ones. */
cnn_status keras__h5_find(uint64_t *object, keras__h5 *file, uint64_t from, keras__slice path);
/* How many links a group has. */
cnn_status keras__h5_size(uint64_t *links, keras__h5 *file, uint64_t group);
/* The name of one of them; its text is NULL where there are fewer. */
cnn_status keras__h5_link(keras__slice *name, keras__h5 *file, uint64_t group, uint64_t index);
/* An attribute of one text or a list of texts, which the caller frees with free(); the texts lie in the file. An array of no elements is an
 * empty list, whatever its type. *list: NULL where there is no such attribute. With `parts` also NAME0, NAME1, ..., joined. */
cnn_status keras__h5_texts(keras__slice **list, size_t *count, keras__h5 *file, uint64_t object, const char *name, int32_t parts);

/* A data set of floating-point numbers of 2, 4 or 8 bytes in any byte order as a new f32 tensor, or (integer) of one whole number or a float as
 * an i64. `what` names it in sentences. Errors: CNN_EFORMAT, CNN_EUNSUPPORTED, CNN_ESHAPE more axes than a tensor has, CNN_ENOMEM. */
cnn_status keras__h5_tensor(cnn_tensor **out, cnn_context *context, keras__h5 *file, uint64_t object, const char *what);
cnn_status keras__h5_integer(int64_t *out, keras__h5 *file, uint64_t object, const char *what);

/* ---- between the files of the reader ---- */

/* `length` bytes at an address; NULL: they are not in the file. */
const unsigned char *keras__h5_at(const keras__h5 *file, uint64_t address, uint64_t length);
/* Takes a step, or as many as it is to look through so many bytes; fails when there have been too many. */
cnn_status keras__h5_step(keras__h5 *file);
cnn_status keras__h5_steps(keras__h5 *file, uint64_t bytes);
cnn_status keras__h5_damaged(const char *what, uint64_t address); /* CNN_EFORMAT */
cnn_status keras__h5_newer(const char *what);                     /* CNN_EUNSUPPORTED: a layout that Keras does not write */

/* Little-endian numbers. */
uint64_t keras__h5_number(const unsigned char *bytes, int32_t count);
static inline uint32_t keras__u16(const unsigned char *b) { return (uint32_t)keras__h5_number(b, 2); }
static inline uint32_t keras__u32(const unsigned char *b) { return (uint32_t)keras__h5_number(b, 4); }
static inline uint64_t keras__u64(const unsigned char *b) { return keras__h5_number(b, 8); }

/* Messages of an object header [IV.A]. */
enum { KERAS__H5_SPACE = 1, KERAS__H5_LINKS = 2, KERAS__H5_TYPE = 3, KERAS__H5_LINK = 6, KERAS__H5_EXTERNAL = 7, KERAS__H5_LAYOUT = 8,
       KERAS__H5_FILTERS = 11, KERAS__H5_ATTRIBUTE = 12, KERAS__H5_CONTINUES = 16, KERAS__H5_TABLE = 17, KERAS__H5_ATTRIBUTES = 21 };
typedef struct keras__h5_message {
  uint32_t type, flags, size;
  const unsigned char *data;
} keras__h5_message;
/* Calls visit with each message of an object, until it returns something else than CNN_OK, which this then returns. */
typedef cnn_status keras__h5_visit(keras__h5 *file, const keras__h5_message *message, void *user);
cnn_status keras__h5_messages(keras__h5 *file, uint64_t object, keras__h5_visit *visit, void *user);

/* An element's type [IV.A.2.d] and an array's extents [IV.A.2.b]. */
enum { KERAS__H5_WHOLE, KERAS__H5_FLOAT, KERAS__H5_FIXED_TEXT, KERAS__H5_TEXT, KERAS__H5_OTHER };
typedef struct keras__h5_type {
  int32_t kind;
  uint32_t bytes;
  int32_t big_endian, is_signed;
} keras__h5_type;
typedef struct keras__h5_space {
  int32_t rank, empty; /* empty: no element at all, not even one */
  int64_t extent[CNN_MAX_RANK];
  uint64_t count;
} keras__h5_space;
cnn_status keras__h5_type_of(keras__h5_type *type, const unsigned char *bytes, uint32_t size);
cnn_status keras__h5_space_of(keras__h5_space *space, const unsigned char *bytes, uint32_t size);

/* A chunked data set's bytes in one piece, which the caller frees [III.A.1, IV.A.2.i, IV.A.2.l]. layout, filters (NULL: none): the messages. */
cnn_status keras__h5_chunks(unsigned char **out, keras__h5 *file, const keras__h5_space *space, uint32_t element,
                            const keras__h5_message *layout, const keras__h5_message *filters, const char *what);

#endif
