/* source_weights: see source_weights.h. */
#include "companion/export/source_weights.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define FLOATS_A_LINE 8
#define BYTES_A_LINE 24
#define LARGEST 127.0f /* of an int8 weight: the same on both sides of 0 */

/* ---- arrays ---- */

static void put_floats(cnn__source_text *to, const char *id, const char *what, const float *values, int64_t count) {
  cnn__source_put(to, "static const float @_%s_%s[%lld] = {", id, what, (long long)count);
  for (int64_t i = 0; i < count; i++) {
    cnn__source_put(to, "%s", i % FLOATS_A_LINE ? " " : "\n  ");
    cnn__source_put_float(to, values[i]);
    cnn__source_put(to, ",");
  }
  cnn__source_put(to, "\n};\n");
}

/* Steps of each output channel, the last axis of a kernel: its largest weight is 127 of them. Weights too small for a normal number become 0. */
static float step_of(const float *kernel, int64_t count, int64_t channels, int64_t channel) {
  float largest = 0.0f;
  for (int64_t i = channel; i < count; i += channels)
    largest = fabsf(kernel[i]) > largest ? fabsf(kernel[i]) : largest;
  return largest / LARGEST >= FLT_MIN ? largest / LARGEST : 1.0f;
}

static int rounded(float value, float step) {
  float steps = value / step;
  steps = steps > LARGEST ? LARGEST : steps < -LARGEST ? -LARGEST : steps;
  return (int)(steps + (steps < 0.0f ? -0.5f : 0.5f));
}

static void put_bytes(cnn__source_text *to, const char *id, const float *kernel, int64_t count, int64_t channels) {
  float *steps = malloc((size_t)channels * sizeof *steps);
  if (!steps) {
    to->failed = 1;
    return;
  }
  for (int64_t q = 0; q < channels; q++)
    steps[q] = step_of(kernel, count, channels, q);
  cnn__source_put(to, "static const int8_t @_%s_kernel[%lld] = {", id, (long long)count);
  for (int64_t i = 0; i < count; i++)
    cnn__source_put(to, "%s%d,", i % BYTES_A_LINE ? " " : "\n  ", rounded(kernel[i], steps[i % channels]));
  cnn__source_put(to, "\n};\n");
  put_floats(to, id, "step", steps, channels);
  free(steps);
}

/* ---- what an operation has ---- */

static void put_window(cnn__source_text *to, const cnn__op *op, const cnn__op *from, const char *id) {
  cnn__source_put(to, "static const struct @_window @_%s_window = {\n", id);
  cnn__source_put(to, "  .height = %lld, .width = %lld, .channels = %lld, .out_width = %lld, .out_channels = %lld,\n", (long long)from->shape[0],
                  (long long)from->shape[1], (long long)from->shape[2], (long long)op->shape[1], (long long)op->shape[2]);
  cnn__source_put(to, "  .size_down = %lld, .size_across = %lld, .stride_down = %lld, .stride_across = %lld,\n", (long long)op->size[0],
                  (long long)op->size[1], (long long)op->strides[0], (long long)op->strides[1]);
  cnn__source_put(to, "  .dilation_down = %lld, .dilation_across = %lld, .top = %lld, .left = %lld, .groups = %lld,\n};\n", (long long)op->dilation[0],
                  (long long)op->dilation[1], (long long)op->before[0], (long long)op->before[1], (long long)op->groups);
}

static int64_t put_zeros(cnn__source_text *to, const char *id, int64_t count) {
  cnn__source_put(to, "static const float @_%s_bias[%lld] = {0};\n", id, (long long)count);
  return count * (int64_t)sizeof(float);
}

static int64_t put_kernel(cnn__source_text *to, const cnn__op *op, const char *id, int32_t int8) {
  const float *kernel = cnn_tensor_read(op->kernel);
  const int64_t count = cnn_tensor_count(op->kernel), channels = op->shape[op->rank - 1];
  int64_t bytes = int8 ? count + channels * (int64_t)sizeof(float) : count * (int64_t)sizeof(float);
  if (int8)
    put_bytes(to, id, kernel, count, channels);
  else
    put_floats(to, id, "kernel", kernel, count);
  if (op->bias) {
    put_floats(to, id, "bias", cnn_tensor_read(op->bias), channels);
    bytes += channels * (int64_t)sizeof(float);
  } else if (int8) {
    bytes += put_zeros(to, id, channels);
  }
  return bytes;
}

static int64_t put_op(cnn__source_text *to, const cnn__source_model *model, int32_t i) {
  const cnn__op *op = &model->walk->ops[i];
  const char *id = model->ids[i].text;
  int64_t bytes = 0;
  if (op->kind == CNN__OP_CONV || op->kind == CNN__OP_MAX_POOL || op->kind == CNN__OP_AVERAGE_POOL)
    put_window(to, op, &model->walk->ops[op->inputs[0]], id);
  if (op->kernel)
    bytes = put_kernel(to, op, id, model->int8);
  if (op->kind == CNN__OP_AFFINE) {
    const int64_t channels = op->shape[op->rank - 1];
    put_floats(to, id, "scale", op->scale, channels);
    put_floats(to, id, "shift", op->shift, channels);
    bytes = 2 * channels * (int64_t)sizeof(float);
  }
  return bytes;
}

int64_t cnn__source_put_constants(cnn__source_text *to, const cnn__source_model *model) {
  int64_t bytes = 0;
  for (int32_t i = 0; i < model->walk->count; i++) {
    const cnn__op *op = &model->walk->ops[i];
    if (!cnn__source_used(model->walk, i) || op->kind == CNN__OP_INPUT || op->kind == CNN__OP_FLATTEN || op->kind == CNN__OP_ADD)
      continue;
    const size_t before = to->length;
    cnn__source_put(to, "/* %s: %s */\n", cnn__source_comment(op->name, model->ids[i].text), cnn_layer_type(op->layer));
    const size_t headed = to->length;
    bytes += put_op(to, model, i);
    if (to->length == headed)
      to->length = before;
    else
      cnn__source_put(to, "\n");
  }
  return bytes;
}
