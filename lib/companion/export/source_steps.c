/* source_steps: see source_steps.h. */
#include "companion/export/source_steps.h"

#include "companion/export/source_helper.h"

#include <stdio.h>

/* What is written where: the text, the functions called so far, and whether the statements stand in the loop over a pool's rows. */
typedef struct writer {
  cnn__source_text *to;
  const cnn__source_model *model;
  uint32_t *helpers;
  int32_t in_rows;
} writer;

typedef char expression[64];

static const struct {
  cnn__source_helper helper;
  const char *name;
  int32_t parameter;
} functions[] = {
    [CNN_ACTIVATION_RELU] = {CNN__HELPER_RELU, "relu", 0},
    [CNN_ACTIVATION_SIGMOID] = {CNN__HELPER_SIGMOID_ALL, "sigmoid_all", 0},
    [CNN_ACTIVATION_TANH] = {CNN__HELPER_TANH_ALL, "tanh_all", 0},
    [CNN_ACTIVATION_LEAKY_RELU] = {CNN__HELPER_LEAKY_RELU, "leaky_relu", 1},
    [CNN_ACTIVATION_ELU] = {CNN__HELPER_ELU, "elu", 1},
    [CNN_ACTIVATION_GELU] = {CNN__HELPER_GELU, "gelu", 0},
    [CNN_ACTIVATION_SOFTPLUS] = {CNN__HELPER_SOFTPLUS, "softplus", 0},
    [CNN_ACTIVATION_SILU] = {CNN__HELPER_SILU, "silu", 0},
};

/* ---- expressions ---- */

static const cnn__op *op_at(const writer *w, int32_t i) { return &w->model->walk->ops[i]; }

static void value_of(const writer *w, int32_t i, expression out) {
  const int64_t offset = w->model->plan->buffers[w->model->plan->places[i].buffer].offset;
  if (offset == CNN__SOURCE_INPUT || offset == CNN__SOURCE_OUTPUT)
    snprintf(out, sizeof(expression), "%s", offset == CNN__SOURCE_INPUT ? "input" : "output");
  else if (!offset)
    snprintf(out, sizeof(expression), "work");
  else
    snprintf(out, sizeof(expression), "work + %lld", (long long)offset);
}

/* So many of what a row has `each` of: of all rows, or of those of this turn of the loop. */
static void amount(const writer *w, const cnn__op *op, int64_t whole, expression out) {
  if (w->in_rows)
    snprintf(out, sizeof(expression), "(end - first) * %lld", (long long)(whole / op->shape[0]));
  else
    snprintf(out, sizeof(expression), "%lld", (long long)whole);
}

static int64_t channels_of(const cnn__op *op) { return op->shape[op->rank - 1]; }

static const char *indent(const writer *w) { return w->in_rows ? "    " : "  "; }

static void need(const writer *w, cnn__source_helper helper) { cnn__source_need(w->helpers, helper); }

/* ---- statements ---- */

static void put_affine(const writer *w, const cnn__op *op, const char *scale, const char *shift, const char *id, const char *x, const char *y) {
  expression pixels;
  amount(w, op, op->count / channels_of(op), pixels);
  need(w, CNN__HELPER_AFFINE);
  cnn__source_put(w->to, "%s@_affine(%s, %lld, @_%s_%s, @_%s_%s, %s, %s);\n", indent(w), pixels, (long long)channels_of(op), id, scale, id, shift, x, y);
}

static void put_softmax(const writer *w, const cnn__op *op, const char *x, const char *y) {
  expression pixels;
  amount(w, op, op->count / channels_of(op), pixels);
  need(w, CNN__HELPER_SOFTMAX);
  cnn__source_put(w->to, "%s@_softmax(%s, %lld, %s, %s);\n", indent(w), pixels, (long long)channels_of(op), x, y);
}

static void put_activation(const writer *w, const cnn__op *op, const char *x, const char *y) {
  expression count;
  amount(w, op, op->count, count);
  if (op->activation == CNN_ACTIVATION_LINEAR)
    return;
  if (op->activation == CNN_ACTIVATION_SOFTMAX) {
    put_softmax(w, op, x, y);
    return;
  }
  const int32_t by_tanh = op->activation == CNN_ACTIVATION_GELU && op->parameter != 0.0f;
  need(w, by_tanh ? CNN__HELPER_GELU_BY_TANH : functions[op->activation].helper);
  cnn__source_put(w->to, "%s@_%s(%s, ", indent(w), by_tanh ? "gelu_by_tanh" : functions[op->activation].name, count);
  if (functions[op->activation].parameter) {
    cnn__source_put_float(w->to, op->parameter);
    cnn__source_put(w->to, ", ");
  }
  cnn__source_put(w->to, "%s, %s);\n", x, y);
}

/* What follows the sums of products. Of int8 kernels they lack the size of a step, and their bias. */
static void put_end(const writer *w, const cnn__op *op, const char *id, const char *y) {
  if (w->model->int8)
    put_affine(w, op, "step", "bias", id, y, y);
  put_activation(w, op, y, y);
}

static void put_bias(const writer *w, const cnn__op *op, const char *id) {
  if (w->model->int8 || !op->bias)
    cnn__source_put(w->to, "NULL, ");
  else
    cnn__source_put(w->to, "@_%s_bias, ", id);
}

/* Is each channel convolved by itself? */
static int32_t depthwise(const cnn__op *op) { return op->groups == channels_of(op) && cnn_tensor_shape(op->kernel)[2] == 1; }

static void put_conv(const writer *w, int32_t i, const char *x, const char *y) {
  const cnn__op *op = op_at(w, i);
  const char *id = w->model->ids[i].text;
  const int32_t each = depthwise(op);
  need(w, each ? CNN__HELPER_CONVOLVE_EACH : CNN__HELPER_CONVOLVE);
  cnn__source_put(w->to, "%s@_%s(&@_%s_window, %s, @_%s_kernel, ", indent(w), each ? "convolve_each" : "convolve", id, x, id);
  put_bias(w, op, id);
  if (w->in_rows)
    cnn__source_put(w->to, "first, end, %s);\n", y);
  else
    cnn__source_put(w->to, "0, %lld, %s);\n", (long long)op->shape[0], y);
  put_end(w, op, id, y);
}

static void put_dense(const writer *w, int32_t i, const char *x, const char *y) {
  const cnn__op *op = op_at(w, i);
  const char *id = w->model->ids[i].text;
  need(w, CNN__HELPER_DENSE);
  cnn__source_put(w->to, "  @_dense(%lld, %lld, %lld, @_%s_kernel, ", (long long)(op->count / channels_of(op)),
                  (long long)cnn_tensor_shape(op->kernel)[0], (long long)channels_of(op), id);
  put_bias(w, op, id);
  cnn__source_put(w->to, "%s, %s);\n", x, y);
  put_end(w, op, id, y);
}

static void put_scaled(const writer *w, int32_t i, const char *x, const char *y) {
  put_affine(w, op_at(w, i), "scale", "shift", w->model->ids[i].text, x, y);
}

static void put_function(const writer *w, int32_t i, const char *x, const char *y) { put_activation(w, op_at(w, i), x, y); }

static void put_global(const writer *w, int32_t i, const char *x, const char *y) {
  const int64_t *in = op_at(w, op_at(w, i)->inputs[0])->shape;
  if (op_at(w, i)->kind == CNN__OP_GLOBAL_AVERAGE) {
    need(w, CNN__HELPER_GLOBAL_AVERAGE);
    cnn__source_put(w->to, "  @_global_average(%lld, %lld, %lld, %s, %s);\n", (long long)in[0], (long long)in[1], (long long)in[2], x, y);
  } else {
    need(w, CNN__HELPER_GLOBAL_MAX);
    cnn__source_put(w->to, "  @_global_max(%lld, %lld, %s, %s);\n", (long long)(in[0] * in[1]), (long long)in[2], x, y);
  }
}

static void put_add(const writer *w, int32_t i, const char *x, const char *y) {
  const cnn__op *op = op_at(w, i);
  need(w, CNN__HELPER_ADD);
  for (int32_t k = 1; k < op->input_count; k++) {
    expression other;
    value_of(w, op->inputs[k], other);
    cnn__source_put(w->to, "  @_add(%lld, %s, %s, %s);\n", (long long)op->count, k == 1 ? x : y, other, y);
  }
}

static const char *pool_name(const writer *w, const cnn__op *op) {
  const int32_t largest = op->kind == CNN__OP_MAX_POOL;
  need(w, largest ? CNN__HELPER_MAX_POOL : CNN__HELPER_AVERAGE_POOL);
  return largest ? "max_pool" : "average_pool";
}

static void put_pool(const writer *w, int32_t i, const char *x, const char *y) {
  const cnn__op *op = op_at(w, i);
  const char *name = pool_name(w, op);
  cnn__source_put(w->to, "  @_%s(&@_%s_window, %s, 0, 0, %lld, %s);\n", name, w->model->ids[i].text, x, (long long)op->shape[0], y);
}

static void (*const putters[])(const writer *w, int32_t i, const char *x, const char *y) = {
    [CNN__OP_CONV] = put_conv,
    [CNN__OP_DENSE] = put_dense,
    [CNN__OP_AFFINE] = put_scaled,
    [CNN__OP_MAX_POOL] = put_pool,
    [CNN__OP_AVERAGE_POOL] = put_pool,
    [CNN__OP_GLOBAL_AVERAGE] = put_global,
    [CNN__OP_GLOBAL_MAX] = put_global,
    [CNN__OP_ADD] = put_add,
    [CNN__OP_ACTIVATION] = put_function,
};

static void put_op(const writer *w, int32_t i) {
  expression x, y;
  value_of(w, op_at(w, i)->inputs[0], x);
  value_of(w, i, y);
  putters[op_at(w, i)->kind](w, i, x, y);
}

/* ---- steps ---- */

static void put_shape(cnn__source_text *to, const cnn__op *op) {
  for (int32_t d = 0; d < op->rank; d++)
    cnn__source_put(to, "%s%lld", d ? " x " : "", (long long)op->shape[d]);
}

static void put_layer(const writer *w, int32_t i) {
  const cnn__op *op = op_at(w, i);
  cnn__source_put(w->to, "%s: %s", cnn__source_comment(op->name, w->model->ids[i].text), cnn_layer_type(op->layer));
}

/* The operations before a pool that run within it, in their order: the last is `at`. */
static void put_chain(const writer *w, int32_t at, int32_t head, void (*put)(const writer *w, int32_t i)) {
  int32_t chain[CNN__SOURCE_CHAIN + 1], count = 0;
  for (; at != head; at = op_at(w, at)->inputs[0])
    chain[count++] = at;
  chain[count++] = head;
  while (count)
    put(w, chain[--count]);
}

static void put_named(const writer *w, int32_t i) {
  put_layer(w, i);
  cnn__source_put(w->to, "; ");
}

/* A convolution and its pool, row by row of the pool's output. */
static void put_rows(const writer *w, int32_t i, int32_t head) {
  const cnn__op *pool = op_at(w, i), *conv = op_at(w, head);
  const writer rows = {w->to, w->model, w->helpers, 1};
  const char *id = w->model->ids[i].text, *name = pool_name(w, pool);
  expression x, y;
  value_of(w, pool->inputs[0], x);
  value_of(w, i, y);
  cnn__source_put(w->to, "\n  /* ");
  put_chain(w, pool->inputs[0], head, put_named);
  put_layer(w, i);
  cnn__source_put(w->to, ", row by row: ");
  put_shape(w->to, pool);
  cnn__source_put(w->to, " */\n  for (int32_t i = 0; i < %lld; i++) {\n", (long long)pool->shape[0]);
  cnn__source_put(w->to, "    const int32_t first = @_begin(i, %lld, %lld), end = @_end(i, %lld, %lld, %lld, %lld);\n", (long long)pool->strides[0],
                  (long long)pool->before[0], (long long)pool->strides[0], (long long)pool->before[0], (long long)pool->size[0],
                  (long long)conv->shape[0]);
  put_chain(&rows, pool->inputs[0], head, put_op);
  cnn__source_put(w->to, "    @_%s(&@_%s_window, %s, first, i, i + 1, %s + i * %lld);\n  }\n", name, id, x, y,
                  (long long)(pool->count / pool->shape[0]));
}

/* The model's output where it is its input under another shape. */
static void put_copy(const writer *w) {
  const cnn__op *op = op_at(w, w->model->walk->output);
  if (w->model->plan->buffers[w->model->plan->places[w->model->walk->output].buffer].offset != CNN__SOURCE_INPUT)
    return;
  need(w, CNN__HELPER_COPY);
  cnn__source_put(w->to, "  @_copy(%lld, input, output);\n", (long long)op->count);
}

void cnn__source_put_steps(cnn__source_text *to, const cnn__source_model *model, uint32_t *helpers) {
  const writer w = {to, model, helpers, 0};
  for (int32_t i = 0; i < model->walk->count; i++) {
    const cnn__op *op = &model->walk->ops[i];
    const cnn__source_place *place = &model->plan->places[i];
    if (!cnn__source_used(model->walk, i) || place->pool >= 0 || !putters[op->kind])
      continue;
    if (place->head >= 0) {
      put_rows(&w, i, place->head);
      continue;
    }
    cnn__source_put(to, "\n  /* ");
    put_layer(&w, i);
    cnn__source_put(to, ": ");
    put_shape(to, op);
    cnn__source_put(to, " */\n");
    put_op(&w, i);
  }
  put_copy(&w);
}
