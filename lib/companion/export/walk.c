/* walk: see walk.h. */
#include "companion/export/walk.h"

#include "companion/export/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is read of a layer, besides the operation that it becomes. */
typedef struct reader {
  const cnn__network *network;
  int32_t number;                 /* the layer's */
  const cnn__network_layer *layer;
  cnn__op *op;
} reader;

/* ---- attributes and weights ---- */

/* The choices stand in the order of the constants. */
static int32_t activation_of(const cnn__network_layer *layer) {
  cnn_attribute row = {.size = sizeof row};
  for (int32_t i = 0; cnn_layer_attribute_at("activation", i, &row) == CNN_OK; i++)
    for (int32_t k = 0; !strcmp(row.key, "activation") && row.choices[k]; k++)
      if (cnn__network_is(layer, "activation", row.choices[k]))
        return k;
  return CNN_ACTIVATION_LINEAR;
}

/* Of a function at the end of a layer the parameters are Keras's; a layer of its own has attributes for them. */
static void activate(const reader *r) {
  cnn__op *op = r->op;
  op->activation = activation_of(r->layer);
  const int32_t own = !strcmp(r->layer->type, "activation");
  if (op->activation == CNN_ACTIVATION_LEAKY_RELU)
    op->parameter = own ? (float)cnn__network_float(r->layer, "negative_slope") : 0.2f;
  else if (op->activation == CNN_ACTIVATION_ELU)
    op->parameter = own ? (float)cnn__network_float(r->layer, "alpha") : 1.0f;
  else if (op->activation == CNN_ACTIVATION_GELU)
    op->parameter = own && cnn__network_is(r->layer, "approximate", "true") ? 1.0f : 0.0f;
}

static cnn_status all_finite(const float *values, int64_t count, const char *layer, const char *weight) {
  for (int64_t i = 0; i < count; i++)
    if (!(fabsf(values[i]) <= 3.402823466e38f))
      return cnn_error_set(CNN_EDATA, "layer '%s': element %lld of %s is NaN or infinite", layer, (long long)i, weight);
  return CNN_OK;
}

/* A weight of the layer; NULL where it has none of this name. */
static cnn_status take(cnn_tensor **out, const reader *r, const char *weight) {
  cnn_status status = cnn__network_weight(out, r->network, r->number, weight);
  if (status == CNN_ENAME)
    return CNN_OK;
  return status < 0 ? status : all_finite(cnn_tensor_read(*out), cnn_tensor_count(*out), r->op->name, weight);
}

/* ---- a layer of each type ---- */

/* Windows over the input's height and width. */
static void window(const reader *r, const char *size) {
  cnn__op *op = r->op;
  const int64_t *in = r->network->layers[r->layer->inputs[0]].shape;
  cnn__network_pair(r->layer, size, op->size);
  cnn__network_pair(r->layer, "strides", op->strides);
  op->same = cnn__network_is(r->layer, "padding", "same");
  for (int i = 0; i < 2; i++) {
    int64_t reach = (op->size[i] - 1) * op->dilation[i] + 1;
    int64_t padding = (op->shape[i] - 1) * op->strides[i] + reach - in[i];
    op->before[i] = op->same && padding > 0 ? padding / 2 : 0;
    op->after[i] = op->same && padding > 0 ? padding - padding / 2 : 0;
  }
}

static cnn_status products(const reader *r) {
  activate(r);
  cnn_status status = take(&r->op->kernel, r, "kernel");
  return status < 0 ? status : take(&r->op->bias, r, "bias");
}

static cnn_status conv(const reader *r) {
  r->op->kind = CNN__OP_CONV;
  cnn__network_pair(r->layer, "dilation_rate", r->op->dilation);
  r->op->groups = cnn__network_int(r->layer, "groups");
  window(r, "kernel_size");
  return products(r);
}

static cnn_status dense(const reader *r) {
  r->op->kind = CNN__OP_DENSE;
  return products(r);
}

static float value_of(const cnn_tensor *tensor, int64_t i, float otherwise) {
  return tensor ? ((const float *)cnn_tensor_read(tensor))[i] : otherwise;
}

static cnn_status fold(cnn__op *op) {
  int64_t channels = op->shape[op->rank - 1];
  op->scale = malloc((size_t)channels * sizeof *op->scale);
  op->shift = malloc((size_t)channels * sizeof *op->shift);
  if (!op->scale || !op->shift)
    return cnn_error_set(CNN_ENOMEM, "no memory for the %lld channels of layer '%s'", (long long)channels, op->name);
  for (int64_t q = 0; q < channels; q++) {
    double deviation = sqrt((double)value_of(op->variance, q, 1.0f) + (double)op->epsilon);
    double scale = (double)value_of(op->gamma, q, 1.0f) / deviation;
    op->scale[q] = (float)scale;
    op->shift[q] = (float)((double)value_of(op->beta, q, 0.0f) - (double)value_of(op->mean, q, 0.0f) * scale);
  }
  cnn_status status = all_finite(op->scale, channels, op->name, "gamma / sqrt(moving_variance + epsilon)");
  return status < 0 ? status : all_finite(op->shift, channels, op->name, "beta - moving_mean * gamma / sqrt(moving_variance + epsilon)");
}

static cnn_status normalization(const reader *r) {
  cnn__op *op = r->op;
  op->kind = CNN__OP_AFFINE;
  op->epsilon = (float)cnn__network_float(r->layer, "epsilon");
  const struct {
    const char *local;
    cnn_tensor **to;
  } weights[] = {{"gamma", &op->gamma}, {"beta", &op->beta}, {"moving_mean", &op->mean}, {"moving_variance", &op->variance}};
  for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
    cnn_status status = take(weights[i].to, r, weights[i].local);
    if (status < 0)
      return status;
  }
  return fold(op);
}

static cnn_status max_pool(const reader *r) {
  r->op->kind = CNN__OP_MAX_POOL;
  window(r, "pool_size");
  return CNN_OK;
}

static cnn_status average_pool(const reader *r) {
  r->op->kind = CNN__OP_AVERAGE_POOL;
  window(r, "pool_size");
  return CNN_OK;
}

static cnn_status global_average(const reader *r) {
  r->op->kind = CNN__OP_GLOBAL_AVERAGE;
  return CNN_OK;
}

static cnn_status global_max(const reader *r) {
  r->op->kind = CNN__OP_GLOBAL_MAX;
  return CNN_OK;
}

static cnn_status add(const reader *r) {
  r->op->kind = CNN__OP_ADD;
  return CNN_OK;
}

static cnn_status flatten(const reader *r) {
  r->op->kind = CNN__OP_FLATTEN;
  return CNN_OK;
}

static cnn_status function(const reader *r) {
  r->op->kind = CNN__OP_ACTIVATION;
  activate(r);
  return CNN_OK;
}

static cnn_status input(const reader *r) {
  r->op->kind = CNN__OP_INPUT;
  return CNN_OK;
}

static const struct {
  const char *type;
  cnn_status (*read)(const reader *r); /* NULL: nothing is done in inference */
} types[] = {
    {"input", input},
    {"conv2d", conv},
    {"dense", dense},
    {"batch_normalization", normalization},
    {"max_pooling2d", max_pool},
    {"average_pooling2d", average_pool},
    {"global_average_pooling2d", global_average},
    {"global_max_pooling2d", global_max},
    {"add", add},
    {"flatten", flatten},
    {"activation", function},
    {"dropout", NULL},
};

/* ---- the list ---- */

/* Is it another name for what it reads? */
static int32_t does_nothing(const cnn__op *op, int32_t row) {
  return !types[row].read || (op->kind == CNN__OP_ACTIVATION && op->activation == CNN_ACTIVATION_LINEAR);
}

static int32_t row_of(const cnn__network_layer *layer) {
  const int32_t count = (int32_t)(sizeof types / sizeof *types);
  for (int32_t k = 0; k < count; k++)
    if (!strcmp(types[k].type, layer->type))
      return k;
  return -1;
}

/* place[i]: the operation whose output layer i gives. */
static cnn_status add_layer(cnn__walk *walk, const cnn__network *network, int32_t i, int32_t *place, const char *form) {
  const cnn__network_layer *layer = &network->layers[i];
  cnn__op *op = &walk->ops[walk->count];
  const int32_t row = row_of(layer);
  if (row < 0)
    return cnn_error_set(CNN_EUNSUPPORTED, "layer '%s' is of type '%s', which %s has no form for: only the built-in types can be written",
                         layer->name, layer->type, form);
  *op = (cnn__op){.layer = layer->layer, .name = layer->name, .input_count = layer->input_count, .rank = layer->rank,
                  .count = 1, .dilation = {1, 1}, .strides = {1, 1}, .size = {1, 1}, .groups = 1};
  for (int32_t k = 0; k < op->input_count; k++)
    op->inputs[k] = place[layer->inputs[k]];
  for (int32_t d = 0; d < op->rank; d++) {
    op->shape[d] = layer->shape[d];
    op->count *= op->shape[d];
  }
  walk->count++; /* so that what it holds is freed with the walk */
  cnn_status status = types[row].read ? types[row].read(&(reader){network, i, layer, op}) : CNN_OK;
  place[i] = walk->count - 1;
  if (does_nothing(op, row)) {
    place[i] = op->inputs[0];
    walk->count--;
  }
  return status;
}

static cnn_status fill(cnn__walk *walk, const cnn__network *network, int32_t *place, const char *form) {
  for (int32_t i = 0; i < network->count; i++) {
    cnn_status status = add_layer(walk, network, i, place, form);
    if (status < 0)
      return status;
  }
  walk->output = place[network->count - 1];
  for (int32_t i = walk->count - 1; i >= 0; i--)
    for (int32_t k = 0; k < walk->ops[i].input_count && (i == walk->output || walk->ops[i].readers); k++)
      walk->ops[walk->ops[i].inputs[k]].readers++;
  return CNN_OK;
}

static cnn_status walk_of(cnn__walk **out, const cnn__network *network, const char *form) {
  const size_t count = (size_t)network->count;
  cnn__walk *walk = calloc(1, sizeof *walk);
  int32_t *place = calloc(count, sizeof *place);
  cnn_status status;
  if (walk)
    *walk = (cnn__walk){.model = network->model, .name = cnn_model_name(network->model), .ops = calloc(count, sizeof *walk->ops)};
  if (!walk || !place || !walk->ops)
    status = cnn_error_set(CNN_ENOMEM, "no memory for the %zu layers of model '%s'", count, cnn_model_name(network->model));
  else
    status = fill(walk, network, place, form);
  free(place);
  if (status < 0)
    cnn__walk_free(walk);
  else
    *out = walk;
  return status;
}

cnn_status cnn__walk_new(cnn__walk **out, const cnn_model *model, const char *form) {
  cnn__network *network;
  cnn_status status = cnn__network_new(&network, model, form);
  if (status < 0)
    return status;
  status = walk_of(out, network, form);
  cnn__network_free(network);
  return status;
}

void cnn__walk_free(cnn__walk *walk) {
  if (!walk)
    return;
  for (int32_t i = 0; i < walk->count; i++) {
    cnn__op *op = &walk->ops[i];
    cnn_tensor *tensors[] = {op->kernel, op->bias, op->gamma, op->beta, op->mean, op->variance};
    for (size_t k = 0; k < sizeof tensors / sizeof *tensors; k++)
      cnn_tensor_free(tensors[k]);
    free(op->scale);
    free(op->shift);
  }
  free(walk->ops);
  free(walk);
}
