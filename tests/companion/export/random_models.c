/* random_models: see random_models.h. */
#include "random_models.h"

#include "compare.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

typedef struct maker {
  cnn_model *model;
  uint64_t seed;
  int64_t drawn;
  char *what;
  size_t bytes, used;
} maker;

static const char *const functions[] = {"linear", "relu", "sigmoid", "tanh", "softmax", "leaky_relu", "elu", "gelu", "softplus", "silu"};

/* 0 to below - 1. */
static int32_t draw(maker *m, int32_t below) {
  return (int32_t)((test_number(m->seed, m->drawn++) * 0.5f + 0.5f) * (float)below) % below;
}

static const char *one_of(maker *m, const char *a, const char *b) { return draw(m, 2) ? a : b; }

static void add(maker *m, const char *type, const char *attributes) {
  m->used += (size_t)snprintf(m->what + m->used, m->used < m->bytes ? m->bytes - m->used : 0, "%s%s", m->used ? ", " : "", type);
  ck_assert_msg(cnn_layer_add(m->model, type, attributes) != NULL, "%s %s: %s", type, attributes, cnn_error_text());
}

static int32_t shape_of(const maker *m, int64_t *shape) {
  return cnn_layer_output_shape(cnn_model_layer_at(m->model, cnn_model_layer_count(m->model) - 1), shape);
}

static void add_conv(maker *m) {
  int64_t shape[CNN_MAX_RANK];
  char text[256];
  shape_of(m, shape);
  const int32_t groups = draw(m, 3) ? 1 : draw(m, 2) ? (int32_t)shape[2] : 2 - (int32_t)(shape[2] % 2), dilated = draw(m, 3) == 0;
  const int32_t filters = groups * (1 + draw(m, 3)), high = 1 + draw(m, 3), wide = 1 + draw(m, 3);
  const int32_t fits = high * 2 - 1 <= shape[0] && wide * 2 - 1 <= shape[1];
  snprintf(text, sizeof text, "filters=%d kernel_size=%d,%d padding=%s groups=%d use_bias=%s activation=%s strides=%d,%d dilation_rate=%d,%d", (int)filters,
           (int)high, (int)wide, fits && draw(m, 2) ? "valid" : "same", (int)groups, one_of(m, "true", "false"), functions[draw(m, 10)],
           dilated ? 1 : 1 + (int)draw(m, 2), dilated ? 1 : 1 + (int)draw(m, 2), dilated ? 1 + (int)draw(m, 2) : 1, dilated ? 2 : 1);
  add(m, "conv2d", text);
}

static void add_pool(maker *m) {
  int64_t shape[CNN_MAX_RANK];
  char text[160];
  shape_of(m, shape);
  const int32_t high = 1 + draw(m, 3), wide = 1 + draw(m, 3), fits = high <= shape[0] && wide <= shape[1];
  snprintf(text, sizeof text, "pool_size=%d,%d strides=%d,%d padding=%s", (int)high, (int)wide, 1 + (int)draw(m, 3), 1 + (int)draw(m, 3),
           fits && draw(m, 2) ? "valid" : "same");
  add(m, one_of(m, "max_pooling2d", "average_pooling2d"), text);
}

static void add_activation(maker *m) {
  char text[160];
  snprintf(text, sizeof text, "activation=%s negative_slope=0.375 alpha=0.5 approximate=%s", functions[draw(m, 10)], one_of(m, "true", "false"));
  add(m, "activation", text);
}

/* The layer before once more, beside something that has been made of it. */
static void add_branch(maker *m) {
  char before[64], text[200];
  snprintf(before, sizeof before, "%s", cnn_layer_name(cnn_model_layer_at(m->model, cnn_model_layer_count(m->model) - 1)));
  if (draw(m, 2))
    add(m, "batch_normalization", "");
  add_activation(m);
  snprintf(text, sizeof text, "inputs=%s,%s%s%s", before, cnn_layer_name(cnn_model_layer_at(m->model, cnn_model_layer_count(m->model) - 1)),
           draw(m, 2) ? "," : "", "");
  if (text[strlen(text) - 1] == ',')
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s", before);
  add(m, "add", text);
}

static void add_any(maker *m) {
  char text[64];
  switch (draw(m, 8)) {
  case 0:
    add(m, "batch_normalization", "epsilon=0.01");
    break;
  case 1:
    add_activation(m);
    break;
  case 2:
    add_branch(m);
    break;
  case 3:
  case 4:
    add_pool(m);
    break;
  case 5:
    snprintf(text, sizeof text, "units=%d activation=%s", 1 + (int)draw(m, 6), functions[draw(m, 10)]);
    add(m, "dense", text);
    break;
  default:
    add_conv(m);
  }
}

cnn_model *random_model(cnn_context *context, uint64_t seed, char *what, size_t bytes) {
  maker m = {.seed = 7000 + seed, .what = what, .bytes = bytes};
  ck_assert_int_eq(cnn_model_new(&m.model, context, NULL), CNN_OK);
  const int64_t shape[] = {5 + draw(&m, 8), 5 + draw(&m, 8), 1 + draw(&m, 4)};
  ck_assert_ptr_nonnull(cnn_input(m.model, 3, shape, NULL));
  for (int32_t layers = 2 + draw(&m, 5); layers > 0; layers--)
    add_any(&m);
  add(&m, "dropout", "rate=0.5");
  const int32_t end = draw(&m, 4);
  add(&m, end == 0 ? "global_average_pooling2d" : end == 1 ? "global_max_pooling2d" : "flatten", "");
  if (end)
    add(&m, "dense", draw(&m, 3) ? "units=5 activation=softmax" : "units=1 activation=sigmoid");
  return m.model;
}
