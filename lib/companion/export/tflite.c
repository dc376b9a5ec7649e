/* tflite: see tflite.h. */
#include "companion/export/tflite.h"

#include "companion/export/flatbuffer.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION = 3, DATA_ALIGN = 16 };

void cnn__tflite_free(cnn__tflite *graph) {
  for (int32_t i = 0; i < graph->tensor_count; i++) {
    free(graph->tensors[i].values);
    free(graph->tensors[i].scales);
  }
  free(graph->tensors);
  free(graph->operators);
  *graph = (cnn__tflite){0};
}

int32_t cnn__tflite_add_tensor(cnn__tflite *graph, const cnn__tflite_tensor *tensor) {
  const size_t count = (size_t)graph->tensor_count + 1;
  cnn__tflite_tensor *more = realloc(graph->tensors, count * sizeof *more);
  if (!more) {
    free(tensor->values);
    free(tensor->scales);
    (void)cnn_error_set(CNN_ENOMEM, "no memory for the tensors of a TensorFlow Lite file");
    return -1;
  }
  graph->tensors = more;
  more[graph->tensor_count] = *tensor;
  return graph->tensor_count++;
}

cnn_status cnn__tflite_add_operator(cnn__tflite *graph, const cnn__tflite_operator *op) {
  const size_t count = (size_t)graph->operator_count + 1;
  cnn__tflite_operator *more = realloc(graph->operators, count * sizeof *more);
  if (!more)
    return cnn_error_set(CNN_ENOMEM, "no memory for the operators of a TensorFlow Lite file");
  graph->operators = more;
  more[graph->operator_count++] = *op;
  return CNN_OK;
}

/* ---- writing: a function for each table of the schema, its fields by their numbers ---- */

typedef struct writing {
  const cnn__tflite *graph;
  cnn__flat flat;
  cnn__flat_place *places;       /* of tensors, buffers, operators or codes: of one list at a time */
  cnn__tflite_operator *codes;   /* each pair of code and version once */
  int32_t code_count;
} writing;

static cnn__flat_place write_quantization(writing *w, const cnn__tflite_tensor *t) {
  if (!t->scales)
    return 0;
  const size_t count = (size_t)t->scale_count;
  int64_t *zeros = calloc(count, sizeof *zeros);
  if (!zeros) {
    w->flat.failed = CNN__FLAT_NO_MEMORY;
    return 0;
  }
  cnn__flat_place points = cnn__flat_vector(&w->flat, zeros, count, sizeof *zeros, sizeof *zeros);
  cnn__flat_place scales = cnn__flat_vector(&w->flat, t->scales, count, sizeof *t->scales, sizeof *t->scales);
  free(zeros);
  cnn__flat_begin(&w->flat);
  cnn__flat_at(&w->flat, 2, scales);
  cnn__flat_at(&w->flat, 3, points);
  cnn__flat_i32(&w->flat, 6, t->axis);
  return cnn__flat_end(&w->flat);
}

/* Buffer 0 is the empty one; each constant has one of its own. */
static cnn__flat_place write_tensor(writing *w, const cnn__tflite_tensor *t, int32_t buffer) {
  int32_t signature[CNN_MAX_RANK + 1];
  const size_t rank = (size_t)t->rank;
  memcpy(signature, t->shape, sizeof signature);
  signature[0] = -1;
  cnn__flat_place quantization = write_quantization(w, t);
  cnn__flat_place name = cnn__flat_string(&w->flat, t->name, t->part);
  cnn__flat_place any = t->batched ? cnn__flat_vector(&w->flat, signature, rank, 4, 4) : 0;
  cnn__flat_place shape = cnn__flat_vector(&w->flat, t->shape, rank, 4, 4);
  cnn__flat_begin(&w->flat);
  cnn__flat_at(&w->flat, 0, shape);
  cnn__flat_u8(&w->flat, 1, (uint8_t)t->type);
  cnn__flat_i32(&w->flat, 2, t->values ? buffer : 0);
  cnn__flat_at(&w->flat, 3, name);
  cnn__flat_at(&w->flat, 4, quantization);
  cnn__flat_at(&w->flat, 7, any);
  cnn__flat_u8(&w->flat, 8, 1);
  return cnn__flat_end(&w->flat);
}

static cnn__flat_place write_buffer(writing *w, const void *values, size_t bytes) {
  cnn__flat_place data = values ? cnn__flat_vector(&w->flat, values, bytes, 1, DATA_ALIGN) : 0;
  cnn__flat_begin(&w->flat);
  cnn__flat_at(&w->flat, 0, data);
  return cnn__flat_end(&w->flat);
}

static cnn__flat_place write_options(writing *w, const cnn__tflite_operator *op) {
  cnn__flat_begin(&w->flat);
  for (int32_t i = 0; i < CNN__TFLITE_MOST_OPTIONS && op->options[i].kind; i++) {
    const cnn__tflite_option *o = &op->options[i];
    if (o->kind == 'b')
      cnn__flat_u8(&w->flat, o->field, (uint8_t)o->whole);
    else if (o->kind == 'i')
      cnn__flat_i32(&w->flat, o->field, o->whole);
    else
      cnn__flat_f32(&w->flat, o->field, o->fraction);
  }
  return cnn__flat_end(&w->flat);
}

/* The place of the operator's code in the list of codes. */
static int32_t code_of(writing *w, const cnn__tflite_operator *op) {
  int32_t i = 0;
  while (i < w->code_count && (w->codes[i].code != op->code || w->codes[i].version != op->version))
    i++;
  if (i == w->code_count)
    w->codes[w->code_count++] = *op;
  return i;
}

static cnn__flat_place write_operator(writing *w, const cnn__tflite_operator *op) {
  cnn__flat_place options = op->options_type ? write_options(w, op) : 0;
  cnn__flat_place outputs = cnn__flat_vector(&w->flat, &op->output, 1, 4, 4);
  cnn__flat_place inputs = cnn__flat_vector(&w->flat, op->inputs, (size_t)op->input_count, 4, 4);
  cnn__flat_begin(&w->flat);
  cnn__flat_i32(&w->flat, 0, code_of(w, op));
  cnn__flat_at(&w->flat, 1, inputs);
  cnn__flat_at(&w->flat, 2, outputs);
  cnn__flat_u8(&w->flat, 3, (uint8_t)op->options_type);
  cnn__flat_at(&w->flat, 4, options);
  return cnn__flat_end(&w->flat);
}

/* The old field holds one byte; codes that do not fit leave its largest there. */
static cnn__flat_place write_code(writing *w, const cnn__tflite_operator *op) {
  cnn__flat_begin(&w->flat);
  cnn__flat_u8(&w->flat, 0, (uint8_t)(op->code < 127 ? op->code : 127));
  cnn__flat_i32(&w->flat, 2, op->version);
  cnn__flat_i32(&w->flat, 3, (int32_t)op->code);
  return cnn__flat_end(&w->flat);
}

static cnn__flat_place write_buffers(writing *w) {
  int32_t count = 0;
  w->places[count++] = write_buffer(w, NULL, 0);
  for (int32_t i = 0; i < w->graph->tensor_count; i++)
    if (w->graph->tensors[i].values)
      w->places[count++] = write_buffer(w, w->graph->tensors[i].values, w->graph->tensors[i].bytes);
  return cnn__flat_places(&w->flat, w->places, (size_t)count);
}

static cnn__flat_place write_subgraph(writing *w) {
  const cnn__tflite *g = w->graph;
  int32_t buffer = 0;
  for (int32_t i = 0; i < g->tensor_count; i++) {
    buffer += g->tensors[i].values != NULL;
    w->places[i] = write_tensor(w, &g->tensors[i], buffer);
  }
  cnn__flat_place tensors = cnn__flat_places(&w->flat, w->places, (size_t)g->tensor_count);
  for (int32_t i = 0; i < g->operator_count; i++)
    w->places[i] = write_operator(w, &g->operators[i]);
  cnn__flat_place operators = cnn__flat_places(&w->flat, w->places, (size_t)g->operator_count);
  cnn__flat_place inputs = cnn__flat_vector(&w->flat, &g->input, 1, 4, 4), outputs = cnn__flat_vector(&w->flat, &g->output, 1, 4, 4);
  cnn__flat_place name = cnn__flat_string(&w->flat, g->name, "");
  cnn__flat_begin(&w->flat);
  cnn__flat_at(&w->flat, 0, tensors);
  cnn__flat_at(&w->flat, 1, inputs);
  cnn__flat_at(&w->flat, 2, outputs);
  cnn__flat_at(&w->flat, 3, operators);
  cnn__flat_at(&w->flat, 4, name);
  return cnn__flat_end(&w->flat);
}

/* The one entry of a list of a signature's tensors. */
static cnn__flat_place write_entry(writing *w, const char *name, int32_t tensor) {
  cnn__flat_place text = cnn__flat_string(&w->flat, name, "");
  cnn__flat_begin(&w->flat);
  cnn__flat_at(&w->flat, 0, text);
  cnn__flat_i32(&w->flat, 1, tensor);
  cnn__flat_place entry = cnn__flat_end(&w->flat);
  return cnn__flat_places(&w->flat, &entry, 1);
}

static cnn__flat_place write_signature(writing *w) {
  cnn__flat_place inputs = write_entry(w, w->graph->input_name, w->graph->input);
  cnn__flat_place outputs = write_entry(w, w->graph->output_name, w->graph->output);
  cnn__flat_place key = cnn__flat_string(&w->flat, "serving_default", "");
  cnn__flat_begin(&w->flat);
  cnn__flat_at(&w->flat, 0, inputs);
  cnn__flat_at(&w->flat, 1, outputs);
  cnn__flat_at(&w->flat, 2, key);
  cnn__flat_i32(&w->flat, 4, 0);
  cnn__flat_place signature = cnn__flat_end(&w->flat);
  return cnn__flat_places(&w->flat, &signature, 1);
}

static cnn__flat_place write_model(writing *w) {
  cnn__flat_place buffers = write_buffers(w), signatures = write_signature(w), graph = write_subgraph(w);
  cnn__flat_place graphs = cnn__flat_places(&w->flat, &graph, 1);
  for (int32_t i = 0; i < w->code_count; i++)
    w->places[i] = write_code(w, &w->codes[i]);
  cnn__flat_place codes = cnn__flat_places(&w->flat, w->places, (size_t)w->code_count);
  cnn__flat_place about = cnn__flat_string(&w->flat, "libcnn ", cnn_version());
  cnn__flat_begin(&w->flat);
  cnn__flat_i32(&w->flat, 0, VERSION);
  cnn__flat_at(&w->flat, 1, codes);
  cnn__flat_at(&w->flat, 2, graphs);
  cnn__flat_at(&w->flat, 3, about);
  cnn__flat_at(&w->flat, 4, buffers);
  cnn__flat_at(&w->flat, 7, signatures);
  return cnn__flat_end(&w->flat);
}

static cnn_status take_bytes(writing *w, cnn__flat_place root, unsigned char **out, size_t *bytes) {
  const unsigned char *at = cnn__flat_finish(&w->flat, root, "TFL3", bytes);
  if (w->flat.failed == CNN__FLAT_TOO_LARGE)
    return cnn_error_set(CNN_EUNSUPPORTED, "a TensorFlow Lite file holds 2 GiB at most, this model needs more");
  *out = at ? malloc(*bytes) : NULL;
  if (!*out)
    return cnn_error_set(CNN_ENOMEM, "no memory for a TensorFlow Lite file");
  memcpy(*out, at, *bytes);
  return CNN_OK;
}

cnn_status cnn__tflite_write(const cnn__tflite *graph, unsigned char **out, size_t *bytes) {
  writing w = {.graph = graph};
  w.places = calloc((size_t)graph->tensor_count + (size_t)graph->operator_count + 1, sizeof *w.places);
  w.codes = calloc((size_t)graph->operator_count + 1, sizeof *w.codes);
  cnn_status status = w.places && w.codes ? take_bytes(&w, write_model(&w), out, bytes)
                                          : cnn_error_set(CNN_ENOMEM, "no memory for a TensorFlow Lite file");
  cnn__flat_free(&w.flat);
  free(w.places);
  free(w.codes);
  return status;
}
