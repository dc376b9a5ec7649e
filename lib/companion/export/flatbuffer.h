/* flatbuffer: a writer of FlatBuffers, from the back to the front as the form demands: children before their parents. Places are
 * counted from the end of what is written; what is read again goes by offsets, so that nothing moves them. */
#ifndef CNN_COMPANION_EXPORT_FLATBUFFER_H
#define CNN_COMPANION_EXPORT_FLATBUFFER_H

#include <stddef.h>
#include <stdint.h>

enum { CNN__FLAT_FIELDS = 12 }; /* of a table, at most */
enum { CNN__FLAT_NO_MEMORY = 1, CNN__FLAT_TOO_LARGE = 2 /* beyond the 2 GiB that offsets reach */ };

typedef struct cnn__flat {
  unsigned char *bytes; /* of the capacity; the last `used` are written */
  size_t capacity, used;
  size_t align;         /* the strictest so far */
  int32_t failed;       /* CNN__FLAT_...; 0: not. Everything written since is void */
  size_t fields[CNN__FLAT_FIELDS], begun; /* of the table that is open */
} cnn__flat;

typedef size_t cnn__flat_place; /* 0: nothing */

void cnn__flat_free(cnn__flat *flat);

/* A vector of `count` elements of 1, 4 or 8 bytes, whose first lies at a multiple of `align`. */
cnn__flat_place cnn__flat_vector(cnn__flat *flat, const void *elements, size_t count, size_t size, size_t align);
cnn__flat_place cnn__flat_places(cnn__flat *flat, const cnn__flat_place *places, size_t count);
/* Two texts, one after the other. */
cnn__flat_place cnn__flat_string(cnn__flat *flat, const char *text, const char *more);

/* A table: begun, its fields in any order, ended. Nothing else may be written in between. A place of 0 is a field left out. */
void cnn__flat_begin(cnn__flat *flat);
void cnn__flat_u8(cnn__flat *flat, int32_t field, uint8_t value);
void cnn__flat_i32(cnn__flat *flat, int32_t field, int32_t value);
void cnn__flat_f32(cnn__flat *flat, int32_t field, float value);
void cnn__flat_at(cnn__flat *flat, int32_t field, cnn__flat_place place);
cnn__flat_place cnn__flat_end(cnn__flat *flat);

/* The whole, valid until cnn__flat_free; NULL where it failed. `identifier` has four letters. */
const unsigned char *cnn__flat_finish(cnn__flat *flat, cnn__flat_place root, const char *identifier, size_t *bytes);

#endif
