/* idx: the file format of the MNIST sets. Big-endian: 00 00, element type, rank, the extents as 32-bit numbers, then the elements
 * row-major. Files come from outside: nothing that the header says is believed before the file bears it out. */
#include "cnn/data.h"

#include "core/memory.h"
#include "data/source.h"
#include "tensor/tensor_internal.h"

#include <string.h>

static const struct element {
  unsigned char code;
  const char *name;
  int32_t type; /* 0: no tensor has it */
  int64_t bytes;
} elements[] = {
    {0x08, "uint8", CNN_U8, 1}, {0x09, "int8", 0, 1},       {0x0b, "int16", 0, 2},
    {0x0c, "int32", CNN_I32, 4}, {0x0d, "float32", CNN_F32, 4}, {0x0e, "float64", 0, 8},
};
#define ELEMENTS (sizeof elements / sizeof elements[0])

static uint32_t big_endian(const unsigned char *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | (uint32_t)bytes[3];
}

static cnn_status read_header_part(cnn__source *source, unsigned char *to, size_t bytes, int64_t before) {
  size_t got;
  CNN__TRY(cnn__source_read(source, to, bytes, &got));
  if (got < bytes)
    return cnn__fail(CNN_EFORMAT, "idx '%s': a header of at least %lld bytes expected, the file has %lld", source->name,
                     (long long)before + (long long)bytes, (long long)before + (long long)got);
  return CNN_OK;
}

static cnn_status read_magic(cnn__source *source, const struct element **element, int32_t *rank) {
  unsigned char magic[4];
  CNN__TRY(read_header_part(source, magic, sizeof magic, 0));
  *element = NULL;
  for (size_t i = 0; i < ELEMENTS; i++)
    if (elements[i].code == magic[2])
      *element = &elements[i];
  if (magic[0] || magic[1] || !*element || magic[3] == 0)
    return cnn__fail(CNN_EFORMAT, "idx '%s': magic %02x %02x %02x %02x; expected 00 00, a type of 08 to 0e, a rank from 01",
                     source->name, magic[0], magic[1], magic[2], magic[3]);
  if (!(*element)->type)
    return cnn__fail(CNN_EUNSUPPORTED, "idx '%s': elements are %s; tensors are uint8, int32 or float32", source->name,
                     (*element)->name);
  if (magic[3] > CNN_MAX_RANK)
    return cnn__fail(CNN_EUNSUPPORTED, "idx '%s': rank %d, at most %d is done", source->name, (int)magic[3], CNN_MAX_RANK);
  *rank = magic[3];
  return CNN_OK;
}

static cnn_status read_shape(cnn__source *source, const struct element *element, cnn__shape *shape, int64_t *bytes) {
  unsigned char extents[4 * CNN_MAX_RANK];
  CNN__TRY(read_header_part(source, extents, (size_t)(4 * shape->rank), 4));
  *bytes = element->bytes;
  int32_t too_many = 0;
  for (int32_t i = 0; i < shape->rank; i++) {
    shape->extent[i] = big_endian(extents + 4 * i);
    too_many |= cnn__mul(*bytes, shape->extent[i], bytes);
  }
  char text[160];
  return too_many ? cnn__fail(CNN_EFORMAT, "idx '%s': shape %s is more than any file holds", source->name,
                              cnn__shape_text(text, shape, 0))
                  : CNN_OK;
}

/* The elements of four bytes from big-endian to the machine's order, in place. */
static void to_host(void *data, int64_t bytes) {
  unsigned char *element = data;
  for (int64_t at = 0; at < bytes; at += 4) {
    uint32_t value = big_endian(element + at);
    memcpy(element + at, &value, sizeof value);
  }
}

static cnn_status load(cnn_tensor **out, cnn__source *source) {
  const struct element *element;
  cnn__shape shape = {0};
  int64_t bytes;
  void *data;
  CNN__TRY(read_magic(source, &element, &shape.rank));
  CNN__TRY(read_shape(source, element, &shape, &bytes));
  CNN__TRY(cnn__source_read_rest(&data, source, 4 + 4 * (int64_t)shape.rank, bytes, "idx"));
  if (element->bytes == 4)
    to_host(data, bytes);
  cnn_status status = cnn_tensor_new(out, source->context, element->type, shape.rank, shape.extent, cnn_tensor_opts(.data = data));
  if (status < 0)
    cnn__free(source->context, data);
  else
    (*out)->owns_data = 1;
  return status;
}

cnn_status cnn_idx_load(cnn_tensor **out, cnn_context *context, const char *path) {
  cnn__source source;
  if (!out || !context || !path)
    return cnn__fail(CNN_EINVAL, "idx: out, context or path is NULL");
  *out = NULL;
  CNN__TRY(cnn__source_open(&source, context, path));
  cnn_status status = load(out, &source);
  cnn__source_close(&source);
  return status;
}
