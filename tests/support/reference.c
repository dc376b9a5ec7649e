/* reference: reading the safetensors files of tests/reference. */
#include "reference.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char *read_all(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "cannot open %s", path);
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*length + 1);
  ck_assert_ptr_nonnull(bytes);
  ck_assert_uint_eq(fread(bytes, 1, *length, file), *length);
  fclose(file);
  bytes[*length] = 0;
  return bytes;
}

static double element(const char *type, const unsigned char *at, int64_t i) {
  if (strcmp(type, "F64") == 0) {
    double value;
    memcpy(&value, at + 8 * i, 8);
    return value;
  }
  if (strcmp(type, "F32") == 0) {
    float value;
    memcpy(&value, at + 4 * i, 4);
    return value;
  }
  if (strcmp(type, "I64") == 0) {
    int64_t value;
    memcpy(&value, at + 8 * i, 8);
    return (double)value;
  }
  if (strcmp(type, "I32") == 0) {
    int32_t value;
    memcpy(&value, at + 4 * i, 4);
    return value;
  }
  ck_assert_msg(strcmp(type, "U8") == 0, "type %s is not read", type);
  return at[i];
}

static void read_tensor(reference_tensor *tensor, const char *name, json_t *entry, const unsigned char *data) {
  json_t *shape = json_object_get(entry, "shape");
  const char *type = json_string_value(json_object_get(entry, "dtype"));
  int64_t begin = json_integer_value(json_array_get(json_object_get(entry, "data_offsets"), 0));
  snprintf(tensor->name, sizeof tensor->name, "%s", name);
  tensor->rank = (int32_t)json_array_size(shape);
  ck_assert_int_le(tensor->rank, REFERENCE_MAX_RANK);
  tensor->count = 1;
  for (int32_t i = 0; i < tensor->rank; i++) {
    tensor->shape[i] = json_integer_value(json_array_get(shape, (size_t)i));
    tensor->count *= tensor->shape[i];
  }
  tensor->values = malloc((size_t)tensor->count * sizeof(double) + 1);
  ck_assert_ptr_nonnull(tensor->values);
  for (int64_t i = 0; i < tensor->count; i++)
    tensor->values[i] = element(type, data + begin, i);
}

static void full_path(char path[1024], const char *folder, const char *name, const char *extension) {
  snprintf(path, 1024, "%s/%s/%s%s", REFERENCE_DIR, folder, name, extension);
}

reference *reference_open(const char *folder, const char *name) {
  char path[1024];
  size_t length;
  full_path(path, folder, name, ".safetensors");
  unsigned char *bytes = read_all(path, &length);
  uint64_t header_length;
  memcpy(&header_length, bytes, 8);
  json_t *header = json_loadb((char *)bytes + 8, header_length, 0, NULL);
  ck_assert_msg(header != NULL, "%s: header is no JSON", path);
  reference *r = calloc(1, sizeof *r);
  ck_assert_ptr_nonnull(r);
  r->tensors = calloc(json_object_size(header), sizeof *r->tensors);
  ck_assert_ptr_nonnull(r->tensors);
  const char *key;
  json_t *entry;
  json_object_foreach(header, key, entry) {
    if (strcmp(key, "__metadata__") == 0)
      r->meta = json_loads(json_string_value(json_object_get(entry, "meta")), 0, NULL);
    else
      read_tensor(&r->tensors[r->count++], key, entry, bytes + 8 + header_length);
  }
  json_decref(header);
  free(bytes);
  return r;
}

void reference_close(reference *r) {
  for (int32_t i = 0; i < r->count; i++)
    free(r->tensors[i].values);
  free(r->tensors);
  json_decref(r->meta);
  free(r);
}

const reference_tensor *reference_find(const reference *r, const char *name) {
  for (int32_t i = 0; i < r->count; i++)
    if (strcmp(r->tensors[i].name, name) == 0)
      return &r->tensors[i];
  return NULL;
}

const reference_tensor *reference_get(const reference *r, const char *name) {
  const reference_tensor *tensor = reference_find(r, name);
  ck_assert_msg(tensor != NULL, "the case has no tensor %s", name);
  return tensor;
}

void reference_floats(const reference_tensor *tensor, float *out) {
  for (int64_t i = 0; i < tensor->count; i++)
    out[i] = (float)tensor->values[i];
}

json_t *reference_json(const char *name) {
  char path[1024];
  json_error_t error;
  full_path(path, ".", name, "");
  json_t *json = json_load_file(path, 0, &error);
  if (!json) /* no assertion that passes: main calls this too, outside of any test */
    ck_abort_msg("%s: %s", path, error.text);
  return json;
}

static double distance(float actual, double expected) {
  if (isnan(expected))
    return isnan(actual) ? 0 : INFINITY;
  if (fabs(expected) > FLT_MAX)
    return isinf(actual) && signbit(actual) == signbit(expected) ? 0 : INFINITY;
  double d = fabs((double)actual - expected);
  return isnan(d) ? INFINITY : d;
}

void reference_compare_values(const char *what, const float *actual, const double *expected, int64_t count,
                              double tolerance) {
  double worst = -1;
  int64_t at = 0;
  for (int64_t i = 0; i < count; i++) {
    double d = distance(actual[i], expected[i]);
    if (d > worst) {
      worst = d;
      at = i;
    }
  }
  ck_assert_msg(count == 0 || worst <= tolerance, "%s: element %lld is %.9g, should be %.9g: off by %.3g, allowed %.3g",
                what, (long long)at, (double)actual[at], expected[at], worst, tolerance);
}

void reference_compare(const char *what, const float *actual, const reference_tensor *expected, double tolerance) {
  reference_compare_values(what, actual, expected->values, expected->count, tolerance);
}

double reference_largest(const reference_tensor *tensor) {
  double largest = 0;
  for (int64_t i = 0; i < tensor->count; i++)
    if (isfinite(tensor->values[i]) && fabs(tensor->values[i]) <= FLT_MAX)
      largest = fmax(largest, fabs(tensor->values[i]));
  return largest;
}
