/* tensor: element type, shape and data. */
#include "tensor/tensor_internal.h"

#include "core/memory.h"
#include "core/options.h"
#include "core/text.h"

#include <math.h>
#include <string.h>

static const struct {
  int32_t type;
  size_t size;
  const char *name;
} types[] = {{CNN_F32, 4, "float32"}, {CNN_U8, 1, "uint8"}, {CNN_I32, 4, "int32"}, {CNN_I64, 8, "int64"}};
#define TYPE_COUNT (sizeof types / sizeof types[0])

const char *cnn_type_name(int32_t type) {
  for (size_t i = 0; i < TYPE_COUNT; i++)
    if (types[i].type == type)
      return types[i].name;
  return "unknown type";
}

size_t cnn_type_size(int32_t type) {
  for (size_t i = 0; i < TYPE_COUNT; i++)
    if (types[i].type == type)
      return types[i].size;
  return 0;
}

/* Type, shape and sizes of a new tensor, checked. */
static cnn_status describe(cnn_tensor *tensor, int32_t type, int32_t rank, const int64_t *shape) {
  char text[160];
  int64_t bytes;
  if (!cnn_type_size(type))
    return cnn__fail(CNN_EINVAL, "cnn_tensor_new: element type %d is unknown", (int)type);
  if (rank < 0 || rank > CNN_MAX_RANK)
    return cnn__fail(CNN_EINVAL, "cnn_tensor_new: rank is %d, not 0 to %d", (int)rank, CNN_MAX_RANK);
  if (rank > 0 && !shape)
    return cnn__fail(CNN_EINVAL, "cnn_tensor_new: shape is NULL, but rank is %d", (int)rank);
  tensor->type = type;
  tensor->shape.rank = rank;
  for (int32_t i = 0; i < rank; i++)
    tensor->shape.extent[i] = shape[i];
  for (int32_t i = 0; i < rank; i++)
    if (shape[i] < 0)
      return cnn__fail(CNN_ESHAPE, "cnn_tensor_new: extent %d of %s is negative", (int)i,
                       cnn__shape_text(text, &tensor->shape, 0));
  tensor->count = cnn__shape_count(&tensor->shape);
  if (tensor->count < 0 || cnn__mul(tensor->count, (int64_t)cnn_type_size(type), &bytes) || bytes > PTRDIFF_MAX)
    return cnn__fail(CNN_ESHAPE, "cnn_tensor_new: shape %s has too many elements",
                     cnn__shape_text(text, &tensor->shape, 0));
  return CNN_OK;
}

static cnn_status wrap(cnn_tensor *tensor, const cnn_tensor_opts *options) {
  size_t size = cnn_type_size(tensor->type);
  if ((options->release || options->copy) && !options->data)
    return cnn__fail(CNN_EINVAL, "cnn_tensor_new: %s is given without data", options->release ? "release" : "copy");
  if (options->copy)
    return CNN_OK;
  if ((uintptr_t)options->data % size != 0)
    return cnn__fail(CNN_EINVAL, "cnn_tensor_new: data at %p are not aligned to %zu bytes, a %s", options->data, size,
                     cnn_type_name(tensor->type));
  tensor->data = options->data;
  tensor->release = options->release;
  tensor->user = options->user;
  return CNN_OK;
}

cnn_status cnn_tensor_new(cnn_tensor **out, cnn_context *context, int32_t type, int32_t rank, const int64_t *shape,
                          const cnn_tensor_opts *options) {
  if (out)
    *out = NULL;
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "cnn_tensor_new: %s is NULL", out ? "context" : "out");
  cnn_tensor made, *tensor;
  cnn_tensor_opts known;
  memset(&made, 0, sizeof made);
  CNN__TRY(cnn__options(&known, CNN__FIRST(cnn_tensor_opts, copy), CNN__FIRST(cnn_tensor_opts, user), options, "cnn_tensor_opts"));
  CNN__TRY(describe(&made, type, rank, shape));
  CNN__TRY(wrap(&made, &known));
  tensor = cnn__alloc(context, sizeof *tensor, "a tensor");
  if (!tensor)
    return CNN_ENOMEM;
  memcpy(tensor, &made, sizeof *tensor);
  if (!tensor->data) {
    tensor->data = cnn__alloc_zero(context, cnn_tensor_bytes(tensor), "a tensor's data");
    tensor->owns_data = 1;
    if (!tensor->data) {
      cnn__free(context, tensor);
      return CNN_ENOMEM;
    }
  }
  atomic_init(&tensor->references, 1);
  tensor->context = cnn__context_hold(context);
  *out = tensor;
  if (!known.copy)
    return CNN_OK;
  memcpy(tensor->data, known.data, cnn_tensor_bytes(tensor));
  if (known.release)
    known.release(known.user, known.data);
  return CNN_OK;
}

cnn_status cnn_tensor_copy(cnn_tensor **out, const cnn_tensor *tensor) {
  if (out)
    *out = NULL;
  if (!out || !tensor)
    return cnn__fail(CNN_EINVAL, "cnn_tensor_copy: %s is NULL", out ? "tensor" : "out");
  return cnn_tensor_new(out, tensor->context, tensor->type, tensor->shape.rank, tensor->shape.extent,
                        cnn_tensor_opts(.data = tensor->data, .copy = 1));
}

cnn_tensor *cnn__tensor_hold(cnn_tensor *tensor) {
  atomic_fetch_add_explicit(&tensor->references, 1, memory_order_relaxed);
  return tensor;
}

void cnn_tensor_free(cnn_tensor *tensor) {
  if (!tensor || atomic_fetch_sub_explicit(&tensor->references, 1, memory_order_acq_rel) > 1)
    return;
  cnn_context *context = tensor->context;
  if (tensor->owns_data)
    cnn__free(context, tensor->data);
  else if (tensor->release)
    tensor->release(tensor->user, tensor->data);
  cnn__free(context, tensor);
  cnn__context_drop(context);
}

int32_t cnn_tensor_type(const cnn_tensor *tensor) { return tensor ? tensor->type : 0; }

int32_t cnn_tensor_rank(const cnn_tensor *tensor) { return tensor ? tensor->shape.rank : 0; }

const int64_t *cnn_tensor_shape(const cnn_tensor *tensor) { return tensor ? tensor->shape.extent : NULL; }

int64_t cnn_tensor_count(const cnn_tensor *tensor) { return tensor ? tensor->count : 0; }

size_t cnn_tensor_bytes(const cnn_tensor *tensor) {
  return tensor ? (size_t)tensor->count * cnn_type_size(tensor->type) : 0;
}

void *cnn_tensor_data(cnn_tensor *tensor) { return tensor ? tensor->data : NULL; }

const void *cnn_tensor_read(const cnn_tensor *tensor) { return tensor ? tensor->data : NULL; }

/* Where element `flat` lies within the axes from `first` on, as text: " at (2, 5, 0)", "" where there are none. */
static const char *position_text(char buffer[192], const cnn__shape *shape, int32_t first, int64_t flat) {
  cnn__shape position = {.rank = shape->rank - first};
  char text[160];
  for (int32_t i = shape->rank - 1; i >= first; i--) {
    position.extent[i - first] = flat % shape->extent[i];
    flat /= shape->extent[i];
  }
  cnn__format(buffer, 192, "%s%s", position.rank > 0 ? " at " : "",
              position.rank > 0 ? cnn__shape_text(text, &position, 0) : "");
  return buffer;
}

/* Exponent bits all set: infinite or NaN. Read as integers, which compilers turn into vectors. */
static uint32_t is_special(const uint32_t *bits) { return (*bits & 0x7f800000u) == 0x7f800000u; }

cnn_status cnn__tensor_finite(const cnn_tensor *tensor, const char *what) {
  if (tensor->type != CNN_F32)
    return CNN_OK;
  const uint32_t *bits = tensor->data;
  int64_t found = 0;
  while (found < tensor->count) { /* a block at a time, so that the inner loop has no exit */
    int64_t end = tensor->count - found < 4096 ? tensor->count : found + 4096;
    uint32_t any = 0;
    for (int64_t i = found; i < end; i++)
      any |= is_special(bits + i);
    if (any)
      break;
    found = end;
  }
  while (found < tensor->count && !is_special(bits + found))
    found++;
  if (found == tensor->count)
    return CNN_OK;
  char position[192], sample[48] = "";
  const char *value = bits[found] & 0x7fffffu ? "NaN" : bits[found] >> 31 ? "-infinity" : "infinity";
  int64_t row = tensor->shape.rank > 0 ? tensor->count / tensor->shape.extent[0] : 1;
  if (tensor->shape.rank > 0)
    cnn__format(sample, sizeof sample, ": sample %lld", (long long)(found / row));
  return cnn__fail(CNN_EDATA, "%s%s%s is %s", what, sample,
                   position_text(position, &tensor->shape, tensor->shape.rank > 0, found % row), value);
}

/* Label i, of any integer type. */
static int64_t label_at(const cnn_tensor *labels, int64_t i) {
  if (labels->type == CNN_U8)
    return ((const uint8_t *)labels->data)[i];
  return labels->type == CNN_I32 ? ((const int32_t *)labels->data)[i] : ((const int64_t *)labels->data)[i];
}

static cnn_status check_labels(const cnn_tensor *labels, int64_t classes) {
  if (labels->type == CNN_F32)
    return cnn__fail(CNN_ESHAPE, "cnn_to_categorical: labels are float32, not integers");
  if (labels->shape.rank >= CNN_MAX_RANK)
    return cnn__fail(CNN_ESHAPE, "cnn_to_categorical: labels have rank %d, one more is too much", (int)labels->shape.rank);
  if (classes < 1)
    return cnn__fail(CNN_EINVAL, "cnn_to_categorical: classes is %lld, less than 1", (long long)classes);
  for (int64_t i = 0; i < labels->count; i++) {
    char position[192];
    int64_t label = label_at(labels, i);
    if (label < 0 || label >= classes)
      return cnn__fail(CNN_EDATA, "cnn_to_categorical: label %lld%s is outside [0, %lld)", (long long)label,
                       position_text(position, &labels->shape, 0, i), (long long)classes);
  }
  return CNN_OK;
}

cnn_status cnn_to_categorical(cnn_tensor **out, const cnn_tensor *labels, int64_t classes) {
  if (out)
    *out = NULL;
  if (!out || !labels)
    return cnn__fail(CNN_EINVAL, "cnn_to_categorical: %s is NULL", out ? "labels" : "out");
  CNN__TRY(check_labels(labels, classes));
  cnn__shape shape = labels->shape;
  shape.extent[shape.rank++] = classes;
  CNN__TRY(cnn_tensor_new(out, labels->context, CNN_F32, shape.rank, shape.extent, NULL));
  float *rows = (*out)->data;
  for (int64_t i = 0; i < labels->count; i++)
    rows[i * classes + label_at(labels, i)] = 1.0f;
  return CNN_OK;
}

int64_t cnn__first_largest(const float *values, int64_t n) {
  int64_t largest = 0;
  for (int64_t i = 1; i < n; i++)
    if (values[i] > values[largest])
      largest = i;
  return largest;
}

static int32_t has_nan(const float *values, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if (isnan(values[i]))
      return 1;
  return 0;
}

cnn_status cnn_to_classes(cnn_tensor **out, const cnn_tensor *rows) {
  char text[160];
  if (out)
    *out = NULL;
  if (!out || !rows)
    return cnn__fail(CNN_EINVAL, "cnn_to_classes: %s is NULL", out ? "rows" : "out");
  cnn__shape shape = rows->shape;
  if (rows->type != CNN_F32 || shape.rank < 1 || shape.extent[shape.rank - 1] < 1)
    return cnn__fail(CNN_ESHAPE, "cnn_to_classes: rows are %s %s, must be float32 (..., columns)", cnn_type_name(rows->type),
                     cnn__shape_text(text, &shape, 0));
  int64_t columns = shape.extent[--shape.rank], count = rows->count / columns;
  const float *row = rows->data;
  for (int64_t i = 0; i < count; i++)
    if (has_nan(row + i * columns, columns))
      return cnn__fail(CNN_EDATA, "cnn_to_classes: row %lld holds NaN", (long long)i);
  CNN__TRY(cnn_tensor_new(out, rows->context, CNN_I32, shape.rank, shape.extent, NULL));
  int32_t *classes = (*out)->data;
  for (int64_t i = 0; i < count; i++, row += columns)
    classes[i] = columns == 1 ? row[0] > 0.5f : (int32_t)cnn__first_largest(row, columns);
  return CNN_OK;
}
