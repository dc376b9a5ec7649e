/* onnx_activation: libcnn's activations by nodes of ONNX's opset 17. */
#include "companion/export/onnx_ops.h"

static cnn__onnx_node *map(cnn__onnx *o, const char *type, const char *to, const char *from) {
  return cnn__onnx_node_add(o, type, to, 1, &from);
}

static void join(cnn__onnx *o, const char *type, const char *to, const char *a, const char *b) {
  cnn__onnx_node_add(o, type, to, 2, (const char *const[]){a, b});
}

/* x * sigmoid(x) */
static void silu(cnn__onnx *o, const cnn__op *op, const char *from, const char *to) {
  const char *gate = cnn__onnx_name(o, op, "sigmoid");
  map(o, "Sigmoid", gate, from);
  join(o, "Mul", to, from, gate);
}

/* x * (1 + erf(x / sqrt(2))) * 0.5: nodes in the order in which runtimes know them as one. */
static void gelu(cnn__onnx *o, const cnn__op *op, const char *from, const char *to) {
  const char *scaled = cnn__onnx_name(o, op, "scaled"), *erf = cnn__onnx_name(o, op, "erf"), *sum = cnn__onnx_name(o, op, "sum"),
             *product = cnn__onnx_name(o, op, "product");
  join(o, "Div", scaled, from, cnn__onnx_number(o, op, "sqrt2", 1.41421356237309504880f));
  map(o, "Erf", erf, scaled);
  join(o, "Add", sum, erf, cnn__onnx_number(o, op, "one", 1.0f));
  join(o, "Mul", product, from, sum);
  join(o, "Mul", to, product, cnn__onnx_number(o, op, "half", 0.5f));
}

/* x * 0.5 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) */
static void gelu_by_tanh(cnn__onnx *o, const cnn__op *op, const char *from, const char *to) {
  const char *square = cnn__onnx_name(o, op, "square"), *cube = cnn__onnx_name(o, op, "cube"), *part = cnn__onnx_name(o, op, "part"),
             *inner = cnn__onnx_name(o, op, "inner"), *scaled = cnn__onnx_name(o, op, "scaled"), *tanh = cnn__onnx_name(o, op, "tanh"),
             *sum = cnn__onnx_name(o, op, "sum"), *halved = cnn__onnx_name(o, op, "halved");
  join(o, "Mul", square, from, from);
  join(o, "Mul", cube, square, from);
  join(o, "Mul", part, cube, cnn__onnx_number(o, op, "cubic", 0.044715f));
  join(o, "Add", inner, from, part);
  join(o, "Mul", scaled, inner, cnn__onnx_number(o, op, "sqrt2pi", 0.79788456080286535588f));
  map(o, "Tanh", tanh, scaled);
  join(o, "Add", sum, tanh, cnn__onnx_number(o, op, "one", 1.0f));
  join(o, "Mul", halved, from, cnn__onnx_number(o, op, "half", 0.5f));
  join(o, "Mul", to, halved, sum);
}

/* By CNN_ACTIVATION_...; where there is a function, it writes the nodes. */
static const struct {
  const char *type, *parameter;
} rows[] = {
    [CNN_ACTIVATION_LINEAR] = {NULL, NULL},           [CNN_ACTIVATION_RELU] = {"Relu", NULL},
    [CNN_ACTIVATION_SIGMOID] = {"Sigmoid", NULL},     [CNN_ACTIVATION_TANH] = {"Tanh", NULL},
    [CNN_ACTIVATION_SOFTMAX] = {"Softmax", NULL},     [CNN_ACTIVATION_LEAKY_RELU] = {"LeakyRelu", "alpha"},
    [CNN_ACTIVATION_ELU] = {"Elu", "alpha"},          [CNN_ACTIVATION_GELU] = {"", NULL},
    [CNN_ACTIVATION_SOFTPLUS] = {"Softplus", NULL},   [CNN_ACTIVATION_SILU] = {"", NULL},
};

void cnn__onnx_activate(cnn__onnx *o, const cnn__op *op, const char *from, const char *to, int64_t axis) {
  const char *type = rows[op->activation].type;
  if (!type)
    return;
  if (op->activation == CNN_ACTIVATION_SILU) {
    silu(o, op, from, to);
  } else if (op->activation == CNN_ACTIVATION_GELU) {
    (op->parameter > 0.0f ? gelu_by_tanh : gelu)(o, op, from, to);
  } else {
    cnn__onnx_node *node = map(o, type, to, from);
    if (rows[op->activation].parameter)
      cnn__onnx_float(o, node, rows[op->activation].parameter, op->parameter);
    if (op->activation == CNN_ACTIVATION_SOFTMAX)
      cnn__onnx_int(o, node, "axis", axis);
  }
}

const char *cnn__onnx_before(cnn__onnx *o, const cnn__op *op, const char *part, const char *result) {
  return op->activation == CNN_ACTIVATION_LINEAR ? result : cnn__onnx_name(o, op, part);
}
