/* h5_data: numbers of data sets, converted to what tensors hold. */
#include "companion/keras/h5.h"

#include <stdlib.h>
#include <string.h>

typedef struct data {
  keras__h5_type type;
  keras__h5_space space;
  keras__h5_message layout, filters;
  int32_t has_type, has_space;
  const char *what;
} data;

static cnn_status look(keras__h5 *file, const keras__h5_message *m, void *user) {
  data *d = user;
  (void)file;
  if (m->flags & 2 && (m->type == KERAS__H5_TYPE || m->type == KERAS__H5_SPACE || m->type == KERAS__H5_FILTERS))
    return keras__h5_newer("committed types or shared messages");
  switch (m->type) {
  case KERAS__H5_TYPE:
    d->has_type = 1;
    return keras__h5_type_of(&d->type, m->data, m->size);
  case KERAS__H5_SPACE:
    d->has_space = 1;
    return keras__h5_space_of(&d->space, m->data, m->size);
  case KERAS__H5_LAYOUT:
    d->layout = *m;
    return CNN_OK;
  case KERAS__H5_FILTERS:
    d->filters = *m;
    return CNN_OK;
  case KERAS__H5_EXTERNAL:
    return cnn_error_set(CNN_EUNSUPPORTED, "'%s' has its data in another file, which is not opened", d->what);
  default:
    return CNN_OK;
  }
}

static cnn_status describe(data *d, keras__h5 *file, uint64_t object, const char *what) {
  *d = (data){.what = what};
  cnn_status status = keras__h5_messages(file, object, look, d);
  if (status < 0)
    return status;
  return d->has_type && d->has_space && d->layout.data ? CNN_OK : cnn_error_set(CNN_EFORMAT, "'%s' is no data set", what);
}

/* The elements as they lie in the file; *owned: to be freed. */
static cnn_status elements(const unsigned char **bytes, unsigned char **owned, keras__h5 *file, const data *d) {
  const keras__h5_message *m = &d->layout;
  uint64_t need = d->space.count * d->type.bytes, address, size;
  *owned = NULL;
  if (m->size < 4 || m->data[0] != 3) {
    if (m->size >= 2 && m->data[0] == 4 && m->data[1] == 3)
      return cnn_error_set(CNN_EUNSUPPORTED, "'%s' is a virtual data set, put together from others", d->what);
    return keras__h5_newer("another layout of data than version 3");
  }
  if (m->data[1] == 2) {
    cnn_status status = keras__h5_chunks(owned, file, &d->space, d->type.bytes, m, d->filters.data ? &d->filters : NULL, d->what);
    *bytes = *owned;
    return status;
  }
  if (m->data[1] == 0) {
    size = keras__u16(m->data + 2);
    *bytes = size <= m->size - 4 ? m->data + 4 : NULL;
  } else if (m->data[1] == 1 && m->size >= 18) {
    address = keras__u64(m->data + 2);
    size = keras__u64(m->data + 10);
    *bytes = keras__h5_at(file, address, size);
  } else {
    return keras__h5_damaged("layout of data", KERAS__H5_NOWHERE);
  }
  if (!*bytes || size < need)
    return cnn_error_set(CNN_EFORMAT, "'%s' should have %llu bytes of data, which are not in the file", d->what, (unsigned long long)need);
  if (d->filters.data)
    return keras__h5_damaged("layout of compressed data", KERAS__H5_NOWHERE);
  return CNN_OK;
}

/* One element as bits, whatever its byte order. */
static uint64_t bits_of(const unsigned char *b, const keras__h5_type *type) {
  unsigned char turned[8];
  if (!type->big_endian)
    return keras__h5_number(b, (int32_t)type->bytes);
  for (uint32_t i = 0; i < type->bytes; i++)
    turned[i] = b[type->bytes - 1 - i];
  return keras__h5_number(turned, (int32_t)type->bytes);
}

/* A half's value is exact in float32. */
static float half(uint32_t bits) {
  uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31, mantissa = bits & 1023, single;
  float value;
  if (exponent == 0) { /* 0 and denormals: mantissa 2^-24 */
    value = (float)mantissa * 0x1p-24f;
    return sign ? -value : value;
  }
  single = sign | (exponent == 31 ? 255u : exponent + 112) << 23 | mantissa << 13;
  memcpy(&value, &single, sizeof value);
  return value;
}

static float number_of(const unsigned char *b, const keras__h5_type *type) {
  uint64_t bits = bits_of(b, type);
  uint32_t low = (uint32_t)bits;
  float single;
  double wide;
  if (type->bytes == 2)
    return half(low);
  if (type->bytes == 4) {
    memcpy(&single, &low, sizeof single);
    return single;
  }
  memcpy(&wide, &bits, sizeof wide);
  return (float)wide;
}

cnn_status keras__h5_tensor(cnn_tensor **out, cnn_context *context, keras__h5 *file, uint64_t object, const char *what) {
  data d;
  const unsigned char *bytes = NULL;
  unsigned char *owned = NULL;
  cnn_tensor *tensor;
  cnn_status status = describe(&d, file, object, what);
  if (status == CNN_OK && d.type.kind != KERAS__H5_FLOAT)
    status = cnn_error_set(CNN_EFORMAT, "'%s' does not hold floating-point numbers of 2, 4 or 8 bytes", what);
  if (status == CNN_OK && d.space.count)
    status = elements(&bytes, &owned, file, &d);
  if (status == CNN_OK && d.space.count * sizeof(float) > file->left)
    status = cnn_error_set(CNN_EFORMAT, "'%s' and what stands before it take more memory than is allowed for a file of %llu bytes", what,
                           (unsigned long long)file->count);
  if (status == CNN_OK)
    status = cnn_tensor_new(&tensor, context, CNN_F32, d.space.rank, d.space.extent, NULL);
  if (status == CNN_OK) {
    float *to = cnn_tensor_data(tensor);
    for (uint64_t i = 0; i < d.space.count; i++)
      to[i] = number_of(bytes + i * d.type.bytes, &d.type);
    file->left -= d.space.count * sizeof(float);
    *out = tensor;
  }
  free(owned);
  return status;
}

cnn_status keras__h5_integer(int64_t *out, keras__h5 *file, uint64_t object, const char *what) {
  data d;
  const unsigned char *bytes = NULL;
  unsigned char *owned = NULL;
  cnn_status status = describe(&d, file, object, what);
  if (status == CNN_OK && (d.type.kind != KERAS__H5_WHOLE || d.space.count != 1))
    status = cnn_error_set(CNN_EFORMAT, "'%s' is not one whole number", what);
  if (status == CNN_OK)
    status = elements(&bytes, &owned, file, &d);
  if (status == CNN_OK) {
    uint64_t bits = bits_of(bytes, &d.type), top = (uint64_t)1 << (d.type.bytes * 8 - 1);
    if (d.type.is_signed && bits & top && d.type.bytes < 8)
      bits |= ~(top * 2 - 1);
    memcpy(out, &bits, sizeof bits);
  }
  free(owned);
  return status;
}
