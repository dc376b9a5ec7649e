/* tflite_model: a model in TensorFlow Lite's operators, which compute as Keras's layers do: images NHWC, kernels [filters, height, width,
 * channels], dense kernels [units, inputs]. */
#include "companion/export/tflite_model.h"

#include "companion/export/tflite.h"
#include "companion/export/walk.h"
#include "companion/options.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
  LEAST_INT8 = 1024, /* smaller kernels stay float, as LiteRT's converter leaves them */
  NONE = -1,
  /* BuiltinOptions */
  OPTIONS_CONV_2D = 1,
  OPTIONS_DEPTHWISE_CONV_2D = 2,
  OPTIONS_POOL_2D = 5,
  OPTIONS_FULLY_CONNECTED = 8,
  OPTIONS_SOFTMAX = 9,
  OPTIONS_ADD = 11,
  OPTIONS_MUL = 21,
  OPTIONS_REDUCER = 27,
  OPTIONS_LEAKY_RELU = 75,
  OPTIONS_GELU = 116
};

typedef struct making {
  const cnn__walk *walk;
  const cnn__op *op; /* in hand */
  cnn__tflite graph;
  int32_t *made;     /* the tensor that each operation gave */
  int32_t int8;
  cnn_status status; /* the first error; everything after it does nothing */
} making;

/* ---- tensors ---- */

static void *memory(making *m, int64_t count, size_t size) {
  void *made = m->status < 0 ? NULL : calloc((size_t)count, size);
  if (!made && m->status >= 0)
    m->status = cnn_error_set(CNN_ENOMEM, "layer '%s': no memory for a TensorFlow Lite file", m->op->name);
  return made;
}

static int32_t add(making *m, cnn__tflite_tensor *t) {
  t->name = m->op->name;
  for (int32_t i = 0; i < t->rank; i++)
    if (t->shape[i] < 0) /* an extent that was cut off */
      m->status = cnn_error_set(CNN_EUNSUPPORTED, "layer '%s': an extent of its tensors is beyond 2^31 - 1, which TensorFlow Lite does not hold",
                                m->op->name);
  if (m->status < 0) {
    free(t->values);
    free(t->scales);
    return NONE;
  }
  const int32_t place = cnn__tflite_add_tensor(&m->graph, t);
  if (place < 0)
    m->status = CNN_ENOMEM;
  return place;
}

static int32_t extent(int64_t value) { return value <= INT32_MAX ? (int32_t)value : -1; }

/* What an operator gives, of the shape of the operation in hand. */
static int32_t value(making *m, const char *part) {
  cnn__tflite_tensor t = {.part = part, .type = CNN__TFLITE_F32, .rank = m->op->rank + 1, .shape = {1}, .batched = 1};
  for (int32_t i = 0; i < m->op->rank; i++)
    t.shape[i + 1] = extent(m->op->shape[i]);
  return add(m, &t);
}

static int64_t product(const int64_t *shape, int32_t rank) {
  int64_t count = 1;
  for (int32_t i = 0; i < rank; i++)
    count *= shape[i];
  return count;
}

/* Constant floats, taken over. */
static int32_t floats(making *m, const char *part, int32_t rank, const int64_t *shape, float *values) {
  cnn__tflite_tensor t = {.part = part, .type = CNN__TFLITE_F32, .rank = rank, .values = values,
                          .bytes = (size_t)product(shape, rank) * sizeof *values};
  for (int32_t i = 0; i < rank; i++)
    t.shape[i] = extent(shape[i]);
  return values ? add(m, &t) : NONE;
}

static int32_t copied(making *m, const char *part, int64_t count, const float *from) {
  float *values = memory(m, count, sizeof *values);
  if (values && from)
    memcpy(values, from, (size_t)count * sizeof *values);
  return floats(m, part, 1, &count, values);
}

static int32_t number(making *m, const char *part, float from) { return copied(m, part, 1, &from); }

static int32_t wholes(making *m, const char *part, int32_t first, int32_t second) {
  int32_t *values = memory(m, 2, sizeof *values);
  if (!values)
    return NONE;
  values[0] = first;
  values[1] = second;
  return add(m, &(cnn__tflite_tensor){.part = part, .type = CNN__TFLITE_I32, .rank = 1, .shape = {2}, .values = values,
                                      .bytes = 2 * sizeof *values});
}

/* A kernel of rows, one an output, as int8 with a scale for each row: the largest of a row becomes 127 or -127. A
 * scale that is no normal number is refused by LiteRT: weights that are so small become 0. */
static int32_t quantized(making *m, int32_t rank, const int64_t *shape, float *values) {
  const int64_t rows = shape[0], length = product(shape + 1, rank - 1);
  int8_t *small = memory(m, rows * length, sizeof *small);
  float *scales = memory(m, rows, sizeof *scales);
  for (int64_t r = 0; small && scales && r < rows; r++) {
    const float *row = values + r * length;
    float most = 0.0f;
    for (int64_t i = 0; i < length; i++)
      most = fmaxf(most, fabsf(row[i]));
    scales[r] = most / 127.0f >= FLT_MIN ? most / 127.0f : 1.0f;
    for (int64_t i = 0; i < length; i++)
      small[r * length + i] = (int8_t)fmaxf(-127.0f, fminf(127.0f, roundf(row[i] / scales[r])));
  }
  free(values);
  if (!small || !scales) {
    free(small);
    free(scales);
    return NONE;
  }
  cnn__tflite_tensor t = {.part = "/kernel", .type = CNN__TFLITE_I8, .rank = rank, .values = small, .bytes = (size_t)(rows * length),
                          .scales = scales, .scale_count = extent(rows)};
  for (int32_t i = 0; i < rank; i++)
    t.shape[i] = extent(shape[i]);
  return add(m, &t);
}

/* ---- operators ---- */

#define BYTE(number, value) {.kind = 'b', .field = number, .whole = value}
#define WHOLE(number, value) {.kind = 'i', .field = number, .whole = value}
#define FRACTION(number, value) {.kind = 'f', .field = number, .fraction = value}

/* op without its version, inputs counted up to the first NONE that ends them; returns its output. */
static int32_t put(making *m, cnn__tflite_operator op, int32_t output) {
  op.output = output;
  if (!op.version)
    op.version = 1;
  if (m->status >= 0)
    m->status = cnn__tflite_add_operator(&m->graph, &op);
  return m->status < 0 ? NONE : output;
}

static int32_t unary(making *m, cnn__tflite_code code, int32_t x, const char *part) {
  return put(m, (cnn__tflite_operator){.code = code, .inputs = {x}, .input_count = 1}, value(m, part));
}

static int32_t binary(making *m, cnn__tflite_code code, int32_t x, int32_t y, const char *part) {
  return put(m, (cnn__tflite_operator){.code = code, .inputs = {x, y}, .input_count = 2,
                                       .options_type = code == CNN__TFLITE_ADD ? OPTIONS_ADD : OPTIONS_MUL}, value(m, part));
}

/* ---- activations; the last operator's output has the layer's name ---- */

static int32_t relu(making *m, int32_t x) { return unary(m, CNN__TFLITE_RELU, x, ""); }
static int32_t sigmoid(making *m, int32_t x) { return unary(m, CNN__TFLITE_LOGISTIC, x, ""); }
static int32_t hyperbolic(making *m, int32_t x) { return unary(m, CNN__TFLITE_TANH, x, ""); }

static int32_t silu(making *m, int32_t x) {
  return binary(m, CNN__TFLITE_MUL, x, unary(m, CNN__TFLITE_LOGISTIC, x, "/sigmoid"), "");
}

static int32_t softmax(making *m, int32_t x) {
  return put(m, (cnn__tflite_operator){.code = CNN__TFLITE_SOFTMAX, .inputs = {x}, .input_count = 1, .options_type = OPTIONS_SOFTMAX,
                                       .options = {FRACTION(0, 1.0f)}}, value(m, ""));
}

static int32_t leaky_relu(making *m, int32_t x) {
  return put(m, (cnn__tflite_operator){.code = CNN__TFLITE_LEAKY_RELU, .inputs = {x}, .input_count = 1,
                                       .options_type = OPTIONS_LEAKY_RELU, .options = {FRACTION(0, m->op->parameter)}}, value(m, ""));
}

static int32_t gelu(making *m, int32_t x) {
  return put(m, (cnn__tflite_operator){.code = CNN__TFLITE_GELU, .inputs = {x}, .input_count = 1, .options_type = OPTIONS_GELU,
                                       .options = {BYTE(0, m->op->parameter > 0.0f)}}, value(m, ""));
}

/* TensorFlow Lite's has alpha 1: alpha elu(x) + (1 - alpha) relu(x). */
static int32_t elu(making *m, int32_t x) {
  const float alpha = m->op->parameter;
  if (!(alpha < 1.0f || alpha > 1.0f))
    return unary(m, CNN__TFLITE_ELU, x, "");
  const int32_t below = binary(m, CNN__TFLITE_MUL, unary(m, CNN__TFLITE_ELU, x, "/elu"), number(m, "/alpha", alpha), "/below");
  const int32_t above = binary(m, CNN__TFLITE_MUL, unary(m, CNN__TFLITE_RELU, x, "/relu"), number(m, "/rest", 1.0f - alpha), "/above");
  return binary(m, CNN__TFLITE_ADD, below, above, "");
}

/* relu(x) + log(1 + exp(-|x|)) */
static int32_t softplus(making *m, int32_t x) {
  int32_t y = unary(m, CNN__TFLITE_NEG, unary(m, CNN__TFLITE_ABS, x, "/size"), "/negative");
  y = binary(m, CNN__TFLITE_ADD, unary(m, CNN__TFLITE_EXP, y, "/exp"), number(m, "/one", 1.0f), "/sum");
  y = unary(m, CNN__TFLITE_LOG, y, "/log");
  return binary(m, CNN__TFLITE_ADD, unary(m, CNN__TFLITE_RELU, x, "/relu"), y, "");
}

static int32_t (*const activations[])(making *m, int32_t x) = {
    [CNN_ACTIVATION_RELU] = relu,         [CNN_ACTIVATION_SIGMOID] = sigmoid,       [CNN_ACTIVATION_TANH] = hyperbolic,
    [CNN_ACTIVATION_SOFTMAX] = softmax,   [CNN_ACTIVATION_LEAKY_RELU] = leaky_relu, [CNN_ACTIVATION_ELU] = elu,
    [CNN_ACTIVATION_GELU] = gelu,         [CNN_ACTIVATION_SOFTPLUS] = softplus,     [CNN_ACTIVATION_SILU] = silu};

/* Within the operator itself: relu alone. */
static int32_t fused(const making *m) { return m->op->activation == CNN_ACTIVATION_RELU; }

static int32_t stands_alone(const making *m) { return !fused(m) && m->op->activation != CNN_ACTIVATION_LINEAR; }

static int32_t products_value(making *m) { return value(m, stands_alone(m) ? "/linear" : ""); }

static int32_t activated(making *m, int32_t x) { return stands_alone(m) ? activations[m->op->activation](m, x) : x; }

/* ---- operations ---- */

static int32_t input_of(const making *m, int32_t i) { return m->made[m->op->inputs[i]]; }

static int32_t bias(making *m, int64_t count) {
  return copied(m, "/bias", count, m->op->bias ? cnn_tensor_read(m->op->bias) : NULL);
}

/* [inputs, outputs] becomes [outputs, inputs]. */
static float *transposed(making *m, int64_t inputs, int64_t outputs) {
  const float *from = cnn_tensor_read(m->op->kernel);
  float *to = memory(m, inputs * outputs, sizeof *to);
  for (int64_t i = 0; to && i < inputs; i++)
    for (int64_t j = 0; j < outputs; j++)
      to[j * inputs + i] = from[i * outputs + j];
  return to;
}

static int32_t padding(const making *m) { return m->op->same ? CNN__TFLITE_SAME : CNN__TFLITE_VALID; }

static int32_t depthwise(making *m, int64_t filters) {
  const cnn__op *op = m->op;
  const int64_t *shape = cnn_tensor_shape(op->kernel), mine[] = {1, shape[0], shape[1], filters};
  float *values = memory(m, product(mine, 4), sizeof *values);
  if (values)
    memcpy(values, cnn_tensor_read(op->kernel), cnn_tensor_bytes(op->kernel));
  return put(m, (cnn__tflite_operator){.code = CNN__TFLITE_DEPTHWISE_CONV_2D, .version = 2, .input_count = 3,
                                       .inputs = {input_of(m, 0), floats(m, "/kernel", 4, mine, values), bias(m, filters)},
                                       .options_type = OPTIONS_DEPTHWISE_CONV_2D,
                                       .options = {BYTE(0, padding(m)), WHOLE(1, (int32_t)op->strides[1]), WHOLE(2, (int32_t)op->strides[0]),
                                                   WHOLE(3, (int32_t)(filters / op->groups)), BYTE(4, fused(m)),
                                                   WHOLE(5, (int32_t)op->dilation[1]), WHOLE(6, (int32_t)op->dilation[0])}},
             products_value(m));
}

static int32_t plain(making *m, int64_t filters) {
  const cnn__op *op = m->op;
  const int64_t *shape = cnn_tensor_shape(op->kernel), mine[] = {filters, shape[0], shape[1], shape[2]};
  const int32_t small = m->int8 && op->groups == 1 && op->dilation[0] == 1 && op->dilation[1] == 1 && product(mine, 4) >= LEAST_INT8;
  float *values = transposed(m, shape[0] * shape[1] * shape[2], filters);
  const int32_t kernel = !values ? NONE : small ? quantized(m, 4, mine, values) : floats(m, "/kernel", 4, mine, values);
  return put(m, (cnn__tflite_operator){.code = CNN__TFLITE_CONV_2D, .version = small ? 5 : op->groups > 1 ? 6 : 1, .input_count = 3,
                                       .inputs = {input_of(m, 0), kernel, bias(m, filters)}, .options_type = OPTIONS_CONV_2D,
                                       .options = {BYTE(0, padding(m)), WHOLE(1, (int32_t)op->strides[1]), WHOLE(2, (int32_t)op->strides[0]),
                                                   BYTE(3, fused(m)), WHOLE(4, (int32_t)op->dilation[1]), WHOLE(5, (int32_t)op->dilation[0])}},
             products_value(m));
}

static int32_t convolution(making *m) {
  const int64_t *shape = cnn_tensor_shape(m->op->kernel);
  return activated(m, m->op->groups > 1 && shape[2] == 1 ? depthwise(m, shape[3]) : plain(m, shape[3]));
}

static int32_t dense(making *m) {
  const int64_t *shape = cnn_tensor_shape(m->op->kernel), mine[] = {shape[1], shape[0]};
  const int32_t small = m->int8 && shape[0] * shape[1] >= LEAST_INT8, many = m->op->rank > 1;
  float *values = transposed(m, shape[0], shape[1]);
  const int32_t kernel = !values ? NONE : small ? quantized(m, 2, mine, values) : floats(m, "/kernel", 2, mine, values);
  return activated(m, put(m, (cnn__tflite_operator){.code = CNN__TFLITE_FULLY_CONNECTED, .version = small ? 12 : many ? 5 : 1,
                                                    .inputs = {input_of(m, 0), kernel, bias(m, shape[1])}, .input_count = 3,
                                                    .options_type = OPTIONS_FULLY_CONNECTED,
                                                    .options = {BYTE(0, fused(m)), BYTE(2, many), BYTE(3, small)}}, products_value(m)));
}

static int32_t affine(making *m) {
  const int64_t channels = m->op->shape[m->op->rank - 1];
  const int32_t scaled = binary(m, CNN__TFLITE_MUL, input_of(m, 0), copied(m, "/scale", channels, m->op->scale), "/scaled");
  return binary(m, CNN__TFLITE_ADD, scaled, copied(m, "/shift", channels, m->op->shift), "");
}

static int32_t pool(making *m, cnn__tflite_code code) {
  const cnn__op *op = m->op;
  return put(m, (cnn__tflite_operator){.code = code, .inputs = {input_of(m, 0)}, .input_count = 1, .options_type = OPTIONS_POOL_2D,
                                       .options = {BYTE(0, padding(m)), WHOLE(1, (int32_t)op->strides[1]), WHOLE(2, (int32_t)op->strides[0]),
                                                   WHOLE(3, (int32_t)op->size[1]), WHOLE(4, (int32_t)op->size[0])}}, value(m, ""));
}

static int32_t max_pool(making *m) { return pool(m, CNN__TFLITE_MAX_POOL_2D); }
static int32_t average_pool(making *m) { return pool(m, CNN__TFLITE_AVERAGE_POOL_2D); }

/* Over height and width. */
static int32_t reduce(making *m, cnn__tflite_code code) {
  return put(m, (cnn__tflite_operator){.code = code, .inputs = {input_of(m, 0), wholes(m, "/axes", 1, 2)}, .input_count = 2,
                                       .options_type = OPTIONS_REDUCER, .options = {BYTE(0, m->op->rank == 3)}}, value(m, ""));
}

static int32_t global_average(making *m) { return reduce(m, CNN__TFLITE_MEAN); }
static int32_t global_max(making *m) { return reduce(m, CNN__TFLITE_REDUCE_MAX); }

static int32_t sum(making *m) {
  int32_t so_far = input_of(m, 0);
  for (int32_t i = 1; i < m->op->input_count; i++)
    so_far = binary(m, CNN__TFLITE_ADD, so_far, input_of(m, i), i + 1 < m->op->input_count ? "/sum" : "");
  return so_far;
}

static int32_t flatten(making *m) {
  const int32_t shape = wholes(m, "/shape", -1, extent(m->op->count));
  return put(m, (cnn__tflite_operator){.code = CNN__TFLITE_RESHAPE, .inputs = {input_of(m, 0), shape}, .input_count = 2}, value(m, ""));
}

static int32_t input(making *m) { return value(m, ""); }
static int32_t activation(making *m) { return activations[m->op->activation](m, input_of(m, 0)); }

static int32_t (*const operations[])(making *m) = {
    [CNN__OP_INPUT] = input,         [CNN__OP_CONV] = convolution,           [CNN__OP_DENSE] = dense,
    [CNN__OP_AFFINE] = affine,       [CNN__OP_MAX_POOL] = max_pool,          [CNN__OP_AVERAGE_POOL] = average_pool,
    [CNN__OP_ADD] = sum,             [CNN__OP_GLOBAL_AVERAGE] = global_average, [CNN__OP_GLOBAL_MAX] = global_max,
    [CNN__OP_FLATTEN] = flatten,     [CNN__OP_ACTIVATION] = activation};

/* ---- the whole ---- */

static cnn_status make(making *m) {
  const cnn__walk *walk = m->walk;
  m->graph = (cnn__tflite){.name = walk->name, .input_name = walk->ops[0].name, .output_name = walk->ops[walk->output].name};
  m->op = walk->ops;
  m->made = memory(m, walk->count, sizeof *m->made);
  for (int32_t i = 0; m->status >= 0 && i < walk->count; i++) {
    m->op = &walk->ops[i];
    if (i == 0 || i == walk->output || m->op->readers > 0)
      m->made[i] = operations[m->op->kind](m);
  }
  if (m->status >= 0) {
    m->graph.input = m->made[0];
    m->graph.output = m->made[walk->output];
  }
  return m->status;
}

cnn_status cnn__tflite_model(const cnn_model *model, const void *options, unsigned char **bytes, size_t *count) {
  cnn_tflite_opts given;
  cnn__walk *walk;
  cnn_status status =
      cnn__companion_options(&given, CNN__COMPANION_FIRST(cnn_tflite_opts, int8), CNN__COMPANION_FIRST(cnn_tflite_opts, int8), options, "cnn_tflite_opts");
  if (status >= 0)
    status = cnn__walk_new(&walk, model, "TensorFlow Lite");
  if (status < 0)
    return status;
  making m = {.walk = walk, .int8 = given.int8 != 0};
  status = make(&m);
  if (status >= 0)
    status = cnn__tflite_write(&m.graph, bytes, count);
  cnn__tflite_free(&m.graph);
  free(m.made);
  cnn__walk_free(walk);
  return status;
}

cnn_status cnn_model_save_tflite(const cnn_model *model, const char *path, const cnn_tflite_opts *options) {
  return cnn__export_to_path(cnn__tflite_model, model, path, options, "cnn_model_save_tflite");
}

static cnn_status save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to) {
  (void)options;
  return cnn__export_to_sink(cnn__tflite_model, container, context, to);
}

const cnn_file_format cnn__tflite_format = {.size = sizeof(cnn_file_format), .name = "TensorFlow Lite", .endings = ".tflite", .save = save};
