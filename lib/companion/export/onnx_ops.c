/* onnx_ops: the operations of a walk as nodes of ONNX. */
#include "companion/export/onnx_ops.h"

#include "companion/export/onnx_layout.h"

#include <string.h>

/* The axis of the channels: of an image with its channels first the one behind the samples, else the last one. */
static int64_t channel_axis(const cnn__op *op, int32_t first) {
  return first && op->rank == 3 ? 1 : op->rank;
}

static void window(cnn__onnx *o, cnn__onnx_node *node, const cnn__op *op) {
  cnn__onnx_ints(o, node, "kernel_shape", 2, op->size);
  cnn__onnx_ints(o, node, "strides", 2, op->strides);
  cnn__onnx_ints(o, node, "pads", 4, (const int64_t[]){op->before[0], op->before[1], op->after[0], op->after[1]});
}

/* kernel [H, W, C, F] -> [F, C, H, W] */
static const char *filters(cnn__onnx *o, const cnn__op *op) {
  const int64_t *shape = cnn_tensor_shape(op->kernel);
  const int64_t four[] = {cnn_tensor_rank(op->kernel) == 2 ? 1 : shape[0], cnn_tensor_rank(op->kernel) == 2 ? 1 : shape[1],
                          shape[cnn_tensor_rank(op->kernel) - 2], shape[cnn_tensor_rank(op->kernel) - 1]};
  const int64_t taps = four[0] * four[1], inputs = four[2], outputs = four[3];
  const float *from = cnn_tensor_read(op->kernel);
  float *to = cnn__onnx_memory(o, (size_t)cnn_tensor_count(op->kernel), sizeof *to);
  for (int64_t t = 0; to && t < taps; t++)
    for (int64_t c = 0; c < inputs; c++)
      for (int64_t f = 0; f < outputs; f++)
        to[(f * inputs + c) * taps + t] = from[(t * inputs + c) * outputs + f];
  return cnn__onnx_floats(o, op, "kernel", 4, (const int64_t[]){outputs, inputs, four[0], four[1]}, to);
}

static const char *bias(cnn__onnx *o, const cnn__op *op) {
  return cnn__onnx_floats(o, op, "bias", 1, cnn_tensor_shape(op->bias), cnn_tensor_read(op->bias));
}

static void conv(cnn__onnx *o, int32_t i, const cnn__op *op) {
  const char *result = cnn__onnx_result(o, i, 1, -1), *before = cnn__onnx_before(o, op, "conv", result);
  const char *inputs[3] = {cnn__onnx_first(o, op->inputs[0]), filters(o, op), op->bias ? bias(o, op) : NULL};
  cnn__onnx_node *node = cnn__onnx_node_add(o, "Conv", before, op->bias ? 3 : 2, inputs);
  window(o, node, op);
  cnn__onnx_ints(o, node, "dilations", 2, op->dilation);
  cnn__onnx_int(o, node, "group", op->groups);
  cnn__onnx_activate(o, op, before, result, channel_axis(op, 1));
}

/* ---- dense ---- */

/* kernel [C, units] -> [units, C], which is what runtimes like best in a Gemm; inputs in the order in which a flattened image comes. */
static const char *rows(cnn__onnx *o, const cnn__op *op, const int64_t *flat) {
  const int64_t inputs = cnn_tensor_shape(op->kernel)[0], units = cnn_tensor_shape(op->kernel)[1];
  const float *from = cnn_tensor_read(op->kernel);
  float *to = cnn__onnx_memory(o, (size_t)cnn_tensor_count(op->kernel), sizeof *to);
  for (int64_t r = 0; to && r < inputs; r++) {
    const float *row = from + (flat ? cnn__onnx_place(flat, r) : r) * units;
    for (int64_t u = 0; u < units; u++)
      to[u * inputs + r] = row[u];
  }
  return cnn__onnx_floats(o, op, "kernel", 2, (const int64_t[]){units, inputs}, to);
}

static void dense(cnn__onnx *o, int32_t i, const cnn__op *op) {
  const int32_t in = op->inputs[0], first = cnn__onnx_has_first(o, in);
  if (op->rank == 3 && first) { /* over the channels of an image: a convolution of one pixel */
    conv(o, i, op);
    return;
  }
  const char *result = cnn__onnx_result(o, i, 0, -1), *before = cnn__onnx_before(o, op, "matmul", result);
  const char *x = cnn__onnx_either(o, in, first);
  if (op->rank == 1) {
    const char *inputs[] = {x, rows(o, op, first ? o->values[in].flat : NULL), op->bias ? bias(o, op) : NULL};
    cnn__onnx_int(o, cnn__onnx_node_add(o, "Gemm", before, op->bias ? 3 : 2, inputs), "transB", 1);
  } else {
    const char *kernel = cnn__onnx_floats(o, op, "kernel", 2, cnn_tensor_shape(op->kernel), cnn_tensor_read(op->kernel));
    const char *product = op->bias ? cnn__onnx_name(o, op, "product") : before;
    cnn__onnx_node_add(o, "MatMul", product, 2, (const char *const[]){x, kernel});
    if (op->bias)
      cnn__onnx_node_add(o, "Add", before, 2, (const char *const[]){product, bias(o, op)});
  }
  cnn__onnx_activate(o, op, before, result, channel_axis(op, 0));
}

/* ---- normalisation ---- */

/* A weight for each channel, in the order in which a flattened image comes; NULL: all are `otherwise`. */
static const char *channels(cnn__onnx *o, const cnn__op *op, const char *part, const float *from, float otherwise, const int64_t *flat) {
  const int64_t count = op->shape[op->rank - 1];
  if (from && !flat)
    return cnn__onnx_floats(o, op, part, 1, &count, from);
  float *to = cnn__onnx_memory(o, (size_t)count, sizeof *to);
  for (int64_t k = 0; to && k < count; k++)
    to[k] = from ? from[cnn__onnx_place(flat, k)] : otherwise;
  return cnn__onnx_floats(o, op, part, 1, &count, to);
}

static const float *values_of(const cnn_tensor *tensor) {
  return tensor ? cnn_tensor_read(tensor) : NULL;
}

/* ONNX's normalisation has the channels on the second axis: of shapes that are neither rows nor images the scale and shift are applied. */
static void normalization(cnn__onnx *o, int32_t i, const cnn__op *op) {
  const int32_t in = op->inputs[0], first = op->rank == 3 || cnn__onnx_has_first(o, in);
  const char *x = cnn__onnx_either(o, in, first), *result = cnn__onnx_result(o, i, first, in);
  if (op->rank == 2 || op->rank == 4) {
    const char *scaled = cnn__onnx_name(o, op, "scaled");
    cnn__onnx_node_add(o, "Mul", scaled, 2, (const char *const[]){x, channels(o, op, "scale", op->scale, 0, NULL)});
    cnn__onnx_node_add(o, "Add", result, 2, (const char *const[]){scaled, channels(o, op, "shift", op->shift, 0, NULL)});
    return;
  }
  const int64_t *flat = op->rank == 1 && first ? o->values[in].flat : NULL;
  const char *inputs[] = {x, channels(o, op, "gamma", values_of(op->gamma), 1.0f, flat), channels(o, op, "beta", values_of(op->beta), 0.0f, flat),
                          channels(o, op, "moving_mean", values_of(op->mean), 0.0f, flat),
                          channels(o, op, "moving_variance", values_of(op->variance), 1.0f, flat)};
  cnn__onnx_float(o, cnn__onnx_node_add(o, "BatchNormalization", result, 5, inputs), "epsilon", op->epsilon);
}

/* ---- the rest ---- */

static void max_pool(cnn__onnx *o, int32_t i, const cnn__op *op) {
  const char *x = cnn__onnx_first(o, op->inputs[0]);
  window(o, cnn__onnx_node_add(o, "MaxPool", cnn__onnx_result(o, i, 1, -1), 1, &x), op);
}

static void average_pool(cnn__onnx *o, int32_t i, const cnn__op *op) {
  const char *x = cnn__onnx_first(o, op->inputs[0]);
  cnn__onnx_node *node = cnn__onnx_node_add(o, "AveragePool", cnn__onnx_result(o, i, 1, -1), 1, &x);
  window(o, node, op);
  cnn__onnx_int(o, node, "count_include_pad", 0);
}

static void global(cnn__onnx *o, int32_t i, const cnn__op *op, const char *type) {
  const char *x = cnn__onnx_first(o, op->inputs[0]);
  const int32_t keeps = op->rank == 3;
  const char *result = cnn__onnx_result(o, i, keeps, -1), *pooled = keeps ? result : cnn__onnx_name(o, op, "pool");
  cnn__onnx_node_add(o, type, pooled, 1, &x);
  if (!keeps)
    cnn__onnx_int(o, cnn__onnx_node_add(o, "Flatten", result, 1, &pooled), "axis", 1);
}

static void global_average(cnn__onnx *o, int32_t i, const cnn__op *op) {
  global(o, i, op, "GlobalAveragePool");
}

static void global_max(cnn__onnx *o, int32_t i, const cnn__op *op) {
  global(o, i, op, "GlobalMaxPool");
}

/* Are all values, or some image, there with the channels first? Flattened ones must have one order. */
static int32_t add_first(const cnn__onnx *o, const cnn__op *op) {
  int32_t some = 0, all = 1;
  for (int32_t k = 0; k < op->input_count; k++) {
    const cnn__onnx_value *value = &o->values[op->inputs[k]];
    some |= value->first != NULL;
    all &= value->first != NULL && !memcmp(value->flat, o->values[op->inputs[0]].flat, sizeof value->flat);
  }
  return op->rank == 3 ? some : all;
}

static void add(cnn__onnx *o, int32_t i, const cnn__op *op) {
  const int32_t first = add_first(o, op);
  const char *sum = cnn__onnx_either(o, op->inputs[0], first);
  for (int32_t k = 1; k < op->input_count; k++) {
    const char *next = k + 1 < op->input_count ? cnn__onnx_name(o, op, "sum") : cnn__onnx_result(o, i, first, op->inputs[0]);
    const char *x = cnn__onnx_either(o, op->inputs[k], first);
    cnn__onnx_node_add(o, "Add", next, 2, (const char *const[]){sum, x});
    sum = next;
  }
}

/* Rows of libcnn's order need the channels last; only where no Transpose is wanted they stay first, and who reads the rows knows. */
static void flatten(cnn__onnx *o, int32_t i, const cnn__op *op) {
  const int32_t in = op->inputs[0];
  const int64_t *image = o->walk->ops[in].shape;
  const int32_t is_image = o->walk->ops[in].rank == 3, one_order = !is_image || image[2] == 1 || image[0] * image[1] == 1;
  const int32_t first = cnn__onnx_has_first(o, in) && (o->nchw || one_order || !is_image), ordered = !first || (one_order && is_image);
  const char *x = cnn__onnx_either(o, in, first), *result = cnn__onnx_result(o, i, !ordered, is_image ? -1 : in);
  if (first && is_image)
    memcpy(o->values[i].flat, image, sizeof o->values[i].flat);
  cnn__onnx_int(o, cnn__onnx_node_add(o, "Flatten", result, 1, &x), "axis", 1);
}

static void function(cnn__onnx *o, int32_t i, const cnn__op *op) {
  const int32_t in = op->inputs[0], first = cnn__onnx_has_first(o, in);
  const char *x = cnn__onnx_either(o, in, first);
  cnn__onnx_activate(o, op, x, cnn__onnx_result(o, i, first, in), channel_axis(op, first));
}

static void input(cnn__onnx *o, int32_t i, const cnn__op *op) {
  (void)op;
  cnn__onnx_result(o, i, cnn__onnx_outside(o, i), -1);
}

static void (*const write[])(cnn__onnx *o, int32_t i, const cnn__op *op) = {
    [CNN__OP_INPUT] = input,
    [CNN__OP_CONV] = conv,
    [CNN__OP_DENSE] = dense,
    [CNN__OP_AFFINE] = normalization,
    [CNN__OP_MAX_POOL] = max_pool,
    [CNN__OP_AVERAGE_POOL] = average_pool,
    [CNN__OP_GLOBAL_AVERAGE] = global_average,
    [CNN__OP_GLOBAL_MAX] = global_max,
    [CNN__OP_ADD] = add,
    [CNN__OP_FLATTEN] = flatten,
    [CNN__OP_ACTIVATION] = function,
};

void cnn__onnx_write_op(cnn__onnx *o, int32_t i) {
  if (o->status >= 0)
    write[o->walk->ops[i].kind](o, i, &o->walk->ops[i]);
}
