/* h5_type: types of elements and extents of arrays, as messages describe them. */
#include "companion/keras/h5.h"

/* IEEE's layouts: bits, exponent's place and size, mantissa's size, bias. */
typedef struct ieee {
  uint32_t bytes, exponent_at, exponent, mantissa, bias;
} ieee;
static const ieee floats[] = {{2, 10, 5, 10, 15}, {4, 23, 8, 23, 127}, {8, 52, 11, 52, 1023}};

static int32_t is_ieee(uint32_t bytes, const unsigned char *flags, const unsigned char *p) {
  for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) {
    const ieee *f = &floats[i];
    if (f->bytes == bytes)
      return keras__u16(p) == 0 && keras__u16(p + 2) == bytes * 8 && p[4] == f->exponent_at && p[5] == f->exponent && p[6] == 0 &&
             p[7] == f->mantissa && keras__u32(p + 8) == f->bias && flags[1] == bytes * 8 - 1 && (flags[0] >> 4 & 3) == 2 &&
             !(flags[0] & 0x40);
  }
  return 0;
}

cnn_status keras__h5_type_of(keras__h5_type *type, const unsigned char *b, uint32_t size) {
  if (size < 8)
    return keras__h5_damaged("type of elements", KERAS__H5_NOWHERE);
  uint32_t class = b[0] & 15, version = b[0] >> 4;
  const unsigned char *flags = b + 1;
  *type = (keras__h5_type){.kind = KERAS__H5_OTHER, .bytes = keras__u32(b + 4), .big_endian = flags[0] & 1, .is_signed = flags[0] >> 3 & 1};
  if (version < 1 || version > 3 || type->bytes == 0)
    return keras__h5_damaged("type of elements", KERAS__H5_NOWHERE);
  if (class == 0 && size >= 12 && type->bytes <= 8 && keras__u16(b + 8) == 0 && keras__u16(b + 10) == type->bytes * 8)
    type->kind = KERAS__H5_WHOLE;
  else if (class == 1 && size >= 20 && is_ieee(type->bytes, flags, b + 8))
    type->kind = KERAS__H5_FLOAT;
  else if (class == 3)
    type->kind = KERAS__H5_FIXED_TEXT;
  else if (class == 9 && (flags[0] & 15) == 1 && type->bytes == 16)
    type->kind = KERAS__H5_TEXT;
  return CNN_OK;
}

cnn_status keras__h5_space_of(keras__h5_space *space, const unsigned char *b, uint32_t size) {
  if (size < 4)
    return keras__h5_damaged("shape", KERAS__H5_NOWHERE);
  uint32_t version = b[0], rank = b[1], at = version == 1 ? 8 : 4;
  if (version != 1 && version != 2)
    return keras__h5_damaged("shape", KERAS__H5_NOWHERE);
  if (rank > CNN_MAX_RANK)
    return cnn_error_set(CNN_ESHAPE, "an array of %u axes; at most %d are taken", rank, CNN_MAX_RANK);
  if (size < at + 8 * rank)
    return keras__h5_damaged("shape", KERAS__H5_NOWHERE);
  *space = (keras__h5_space){.rank = (int32_t)rank, .count = 1, .empty = version == 2 && b[3] == 2};
  for (uint32_t i = 0; i < rank; i++) {
    uint64_t extent = keras__u64(b + at + 8 * i);
    if (extent > INT64_MAX || (extent && space->count > INT64_MAX / 8 / extent))
      return cnn_error_set(CNN_ESHAPE, "an array with an axis of %llu: more than any memory holds", (unsigned long long)extent);
    space->extent[i] = (int64_t)extent;
    space->count *= extent;
  }
  if (space->empty)
    space->count = 0;
  space->empty = space->count == 0;
  return CNN_OK;
}
