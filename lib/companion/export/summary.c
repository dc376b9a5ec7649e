/* summary: a value is a tensor and, with every one, the name of the plugin that shows it. */
#include "companion/export/summary.h"

#include "companion/export/buckets.h"

#include <stdlib.h>
#include <string.h>

/* TensorFlow's element types. */
enum { TYPE_FLOAT = 1, TYPE_DOUBLE = 2, TYPE_STRING = 7 };

/* A value with all that it points to. */
typedef struct value {
  Cnn__Events__Value value;
  Cnn__Events__Tensor tensor;
  Cnn__Events__Shape shape;
  Cnn__Events__Dim dims[2], *dim_list[2];
  Cnn__Events__Metadata metadata;
  Cnn__Events__Plugin plugin;
  char *tag, plugin_name[24];
} value;

static cnn_status begin(value *v, const char *tag, const char *plugin, int32_t type, size_t rank, const int64_t *extents) {
  *v = (value){.value = CNN__EVENTS__VALUE__INIT, .tensor = CNN__EVENTS__TENSOR__INIT, .shape = CNN__EVENTS__SHAPE__INIT,
               .metadata = CNN__EVENTS__METADATA__INIT, .plugin = CNN__EVENTS__PLUGIN__INIT};
  v->tag = strdup(tag);
  if (!v->tag)
    return cnn_error_set(CNN_ENOMEM, "tensorboard: no memory for '%s'", tag);
  v->value.tag = v->tag;
  v->value.tensor = &v->tensor;
  v->value.metadata = &v->metadata;
  v->metadata.plugin_data = &v->plugin;
  cnn_format(v->plugin_name, sizeof v->plugin_name, "%s", plugin);
  v->plugin.plugin_name = v->plugin_name;
  v->tensor.dtype = type;
  v->tensor.tensor_shape = &v->shape;
  for (size_t i = 0; i < rank; i++) {
    v->dims[i] = (Cnn__Events__Dim)CNN__EVENTS__DIM__INIT;
    v->dims[i].size = extents[i];
    v->dim_list[i] = &v->dims[i];
  }
  v->shape.n_dim = rank;
  v->shape.dim = v->dim_list;
  return CNN_OK;
}

static cnn_status end(value *v, cnn__event_file *file, int64_t step) {
  cnn_status status = cnn__event_file_add(file, step, &v->value);
  free(v->tag);
  return status;
}

/* Numbers in the file are little-endian, whatever the machine's are. */
static void put_bits(unsigned char *at, uint64_t bits, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    at[i] = (unsigned char)(bits >> 8 * i);
}

cnn_status cnn__summary_scalar(cnn__event_file *file, const char *tag, int64_t step, double number) {
  unsigned char content[4];
  value v;
  const float single = (float)number;
  uint32_t bits;
  cnn_status status = begin(&v, tag, "scalars", TYPE_FLOAT, 0, NULL);
  if (status < 0)
    return status;
  memcpy(&bits, &single, sizeof bits);
  put_bits(content, bits, 4);
  v.tensor.tensor_content = (ProtobufCBinaryData){sizeof content, content};
  return end(&v, file, step);
}

cnn_status cnn__summary_histogram(cnn__event_file *file, const char *tag, int64_t step, const float *values, int64_t count) {
  double rows[CNN__BUCKETS][3];
  unsigned char content[sizeof rows];
  value v;
  cnn_status status = begin(&v, tag, "histograms", TYPE_DOUBLE, 2, (const int64_t[]){CNN__BUCKETS, 3});
  if (status < 0)
    return status;
  cnn__buckets(rows, values, count);
  for (int i = 0; i < CNN__BUCKETS * 3; i++) {
    uint64_t bits;
    memcpy(&bits, &rows[i / 3][i % 3], sizeof bits);
    put_bits(content + 8 * i, bits, 8);
  }
  v.tensor.tensor_content = (ProtobufCBinaryData){sizeof content, content};
  return end(&v, file, step);
}

/* A single string, in a plugin that wants its version as content. */
cnn_status cnn__summary_graph(cnn__event_file *file, char *json, size_t length) {
  value v;
  ProtobufCBinaryData string = {length, (unsigned char *)json};
  unsigned char version[] = {'1'};
  cnn_status status = begin(&v, "keras", "graph_keras_model", TYPE_STRING, 0, NULL);
  if (status < 0)
    return status;
  v.plugin.content = (ProtobufCBinaryData){sizeof version, version};
  v.tensor.n_string_val = 1;
  v.tensor.string_val = &string;
  return end(&v, file, 0);
}

/* ---- pictures: width and height as text, then the PNG files ---- */

static cnn_status add_pictures(value *v, ProtobufCBinaryData *strings, const cnn__picture *pictures, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    cnn_status status = cnn__picture_png(&pictures[i], &strings[2 + i].data, &strings[2 + i].len);
    if (status < 0)
      return status;
  }
  v->tensor.n_string_val = (size_t)count + 2;
  v->tensor.string_val = strings;
  return CNN_OK;
}

static cnn_status put_pictures(value *v, cnn__event_file *file, int64_t step, const cnn__picture *pictures, int64_t count) {
  char extents[2][16];
  ProtobufCBinaryData *strings = calloc((size_t)count + 2, sizeof *strings);
  if (!strings)
    return cnn_error_set(CNN_ENOMEM, "tensorboard: no memory for %lld pictures", (long long)count);
  for (int i = 0; i < 2; i++) {
    cnn_format(extents[i], sizeof extents[i], "%d", (int)(i ? pictures->height : pictures->width));
    strings[i] = (ProtobufCBinaryData){strlen(extents[i]), (unsigned char *)extents[i]};
  }
  cnn_status status = add_pictures(v, strings, pictures, count);
  if (status == CNN_OK)
    status = cnn__event_file_add(file, step, &v->value);
  for (int64_t i = 0; i < count; i++)
    free(strings[2 + i].data);
  free(strings);
  return status;
}

cnn_status cnn__summary_pictures(cnn__event_file *file, const char *tag, int64_t step, const cnn__picture *pictures, int64_t count) {
  value v;
  if (cnn__event_tags_have(&file->tags, tag, step))
    return CNN_OK;
  cnn_status status = begin(&v, tag, "images", TYPE_STRING, 1, (const int64_t[]){count + 2});
  if (status < 0)
    return status;
  status = put_pictures(&v, file, step, pictures, count);
  free(v.tag);
  return status;
}
