/* tensors: ranges of values. */
#include "inspect.h"

#include <math.h>
#include <string.h>

typedef struct range {
  double least, largest;
  int64_t finite, nan, infinite;
} range;

static void take(range *r, double value) {
  if (isnan(value))
    r->nan++;
  else if (isinf(value))
    r->infinite++;
  else {
    r->least = r->finite && r->least < value ? r->least : value;
    r->largest = r->finite && r->largest > value ? r->largest : value;
    r->finite++;
  }
}

static double value_at(const void *data, int32_t type, int64_t i) {
  switch (type) {
  case CNN_F32: return (double)((const float *)data)[i];
  case CNN_U8: return ((const unsigned char *)data)[i];
  case CNN_I32: return ((const int32_t *)data)[i];
  default: return (double)((const int64_t *)data)[i];
  }
}

static json_t *number(const range *r, double value, int32_t type) {
  if (!r->finite)
    return json_null();
  return type == CNN_F32 ? json_real(value) : json_integer((json_int_t)value);
}

json_t *describe_tensor(const char *name, const cnn_tensor *value) {
  const void *data = cnn_tensor_read(value);
  int32_t type = cnn_tensor_type(value);
  int64_t count = cnn_tensor_count(value);
  json_t *out = json_object(), *shape = json_array();
  range r = {0};
  for (int64_t i = 0; i < count; i++)
    take(&r, value_at(data, type, i));
  put(out, "name", shown_text(name));
  put(out, "type", json_string(cnn_type_name(type)));
  for (int32_t i = 0; i < cnn_tensor_rank(value); i++)
    add(shape, json_integer(cnn_tensor_shape(value)[i]));
  put(out, "shape", shape);
  put(out, "values", json_integer(count));
  put(out, "min", number(&r, r.least, type));
  put(out, "max", number(&r, r.largest, type));
  put(out, "nan", json_integer(r.nan));
  put(out, "infinite", json_integer(r.infinite));
  return out;
}
