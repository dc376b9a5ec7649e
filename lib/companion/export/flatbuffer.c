/* flatbuffer: see flatbuffer.h. The form: https://flatbuffers.dev/internals. Numbers are little-endian whatever the machine. */
#include "companion/export/flatbuffer.h"

#include <stdlib.h>
#include <string.h>

#define MOST ((size_t)INT32_MAX)
#define LEAST 4096

void cnn__flat_free(cnn__flat *flat) {
  free(flat->bytes);
  *flat = (cnn__flat){0};
}

static int32_t reserve(cnn__flat *f, size_t more) {
  if (f->failed)
    return 0;
  if (more > MOST - f->used) {
    f->failed = CNN__FLAT_TOO_LARGE;
    return 0;
  }
  if (more <= f->capacity - f->used)
    return 1;
  size_t capacity = f->capacity ? f->capacity : LEAST;
  while (capacity - f->used < more)
    capacity *= 2;
  unsigned char *bytes = malloc(capacity);
  if (!bytes) {
    f->failed = CNN__FLAT_NO_MEMORY;
    return 0;
  }
  if (f->used)
    memcpy(bytes + capacity - f->used, f->bytes + f->capacity - f->used, f->used);
  free(f->bytes);
  f->bytes = bytes;
  f->capacity = capacity;
  return 1;
}

static void push(cnn__flat *f, const void *data, size_t bytes) {
  if (!bytes || !reserve(f, bytes))
    return;
  f->used += bytes;
  memcpy(f->bytes + f->capacity - f->used, data, bytes);
}

static void push_zeros(cnn__flat *f, size_t bytes) {
  if (!bytes || !reserve(f, bytes))
    return;
  f->used += bytes;
  memset(f->bytes + f->capacity - f->used, 0, bytes);
}

/* Fill up so that what begins after `bytes` more is at a multiple of `align`, a power of two. */
static void prepare(cnn__flat *f, size_t align, size_t bytes) {
  if (align > f->align)
    f->align = align;
  push_zeros(f, (0 - (f->used + bytes)) & (align - 1));
}

static void push_number(cnn__flat *f, uint64_t value, size_t size) {
  unsigned char bytes[8];
  for (size_t i = 0; i < size; i++)
    bytes[i] = (unsigned char)(value >> 8 * i);
  push(f, bytes, size);
}

static void push_aligned(cnn__flat *f, uint64_t value, size_t size) {
  prepare(f, size, size);
  push_number(f, value, size);
}

/* How far it is from the four bytes about to be written to a place. */
static void push_offset(cnn__flat *f, cnn__flat_place to) {
  prepare(f, 4, 4);
  push_number(f, f->used + 4 - to, 4);
}

static void push_element(cnn__flat *f, const unsigned char *element, size_t size) {
  uint32_t four;
  uint64_t eight;
  if (size == 4) {
    memcpy(&four, element, sizeof four);
    push_number(f, four, 4);
  } else if (size == 8) {
    memcpy(&eight, element, sizeof eight);
    push_number(f, eight, 8);
  } else {
    push(f, element, size);
  }
}

cnn__flat_place cnn__flat_vector(cnn__flat *f, const void *elements, size_t count, size_t size, size_t align) {
  if (count > MOST / size) {
    f->failed = CNN__FLAT_TOO_LARGE;
    return 0;
  }
  prepare(f, 4, count * size);
  prepare(f, align, count * size);
  if (size == 1)
    push(f, elements, count);
  else
    for (size_t i = count; i-- > 0;)
      push_element(f, (const unsigned char *)elements + i * size, size);
  push_number(f, count, 4);
  return f->used;
}

cnn__flat_place cnn__flat_places(cnn__flat *f, const cnn__flat_place *places, size_t count) {
  prepare(f, 4, count * 4);
  for (size_t i = count; i-- > 0;)
    push_offset(f, places[i]);
  push_number(f, count, 4);
  return f->used;
}

cnn__flat_place cnn__flat_string(cnn__flat *f, const char *text, const char *more) {
  const size_t first = strlen(text), second = strlen(more);
  prepare(f, 4, first + second + 1);
  push_zeros(f, 1);
  push(f, more, second);
  push(f, text, first);
  push_number(f, first + second, 4);
  return f->used;
}

void cnn__flat_begin(cnn__flat *f) {
  memset(f->fields, 0, sizeof f->fields);
  f->begun = f->used;
}

static void put(cnn__flat *f, int32_t field, uint64_t value, size_t size) {
  push_aligned(f, value, size);
  f->fields[field] = f->used;
}

void cnn__flat_u8(cnn__flat *f, int32_t field, uint8_t value) { put(f, field, value, 1); }
void cnn__flat_i32(cnn__flat *f, int32_t field, int32_t value) { put(f, field, (uint32_t)value, 4); }

void cnn__flat_f32(cnn__flat *f, int32_t field, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  put(f, field, bits, 4);
}

void cnn__flat_at(cnn__flat *f, int32_t field, cnn__flat_place place) {
  if (!place)
    return;
  push_offset(f, place);
  f->fields[field] = f->used;
}

/* The table begins with the way to its list of fields, which is written before it: places of fields within the table, and the
 * sizes of list and table. */
cnn__flat_place cnn__flat_end(cnn__flat *f) {
  push_aligned(f, 0, 4);
  const size_t table = f->used;
  int32_t count = CNN__FLAT_FIELDS;
  while (count > 0 && !f->fields[count - 1])
    count--;
  for (int32_t i = count; i-- > 0;)
    push_number(f, f->fields[i] ? table - f->fields[i] : 0, 2);
  push_number(f, table - f->begun, 2);
  push_number(f, 2 * ((size_t)count + 2), 2);
  if (f->failed)
    return 0;
  unsigned char *at = f->bytes + f->capacity - table;
  for (int32_t i = 0; i < 4; i++)
    at[i] = (unsigned char)((f->used - table) >> 8 * i);
  return table;
}

const unsigned char *cnn__flat_finish(cnn__flat *f, cnn__flat_place root, const char *identifier, size_t *bytes) {
  prepare(f, f->align > 4 ? f->align : 4, 8);
  push(f, identifier, 4);
  push_offset(f, root);
  *bytes = f->used;
  return f->failed ? NULL : f->bytes + f->capacity - f->used;
}
