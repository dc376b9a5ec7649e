/* branches: see branches.h. */
#include "branches.h"

#include "compare.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define READ(...) (const char *const[]){__VA_ARGS__}
#define RELU CNN_ACTIVATION_RELU
#define TANH CNN_ACTIVATION_TANH
#define SAME CNN_PADDING_SAME

static cnn_model *begin(cnn_context *context, const char *name, int64_t h, int64_t w, int64_t c) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, cnn_model_opts(.name = name)), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){h, w, c}, cnn_input_opts(.name = "image"));
  return m;
}

static cnn_model *end(cnn_model *m, int64_t classes) {
  cnn_dense(m, classes, cnn_dense_opts(.name = "dense", .activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  return m;
}

static void add(cnn_model *m, const char *name, const char *a, const char *b) {
  cnn_add(m, cnn_add_opts(.name = name, .inputs = READ(a, b), .input_count = 2));
}

cnn_model *branches_residual(cnn_context *context) {
  cnn_model *m = begin(context, "residual", 9, 8, 6);
  cnn_conv2d(m, 6, 3, 3, cnn_conv2d_opts(.name = "conv_a", .padding = SAME, .no_bias = 1));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "bn_a"));
  cnn_activation(m, RELU, cnn_activation_opts(.name = "relu_a"));
  cnn_conv2d(m, 6, 3, 3, cnn_conv2d_opts(.name = "conv_b", .padding = SAME, .no_bias = 1));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "bn_b"));
  add(m, "add", "bn_b", "image");
  cnn_activation(m, RELU, cnn_activation_opts(.name = "relu_b"));
  cnn_global_average_pooling2d(m, cnn_global_average_pooling2d_opts(.name = "pool"));
  return end(m, 5);
}

/* conv, bn, relu, conv, bn, added to what came in (projected where it changes its shape), relu. */
static void block(cnn_model *m, const char *input, int32_t number, int64_t filters, int32_t stride) {
  char main[16], shortcut[16], sum[16];
  snprintf(main, sizeof main, "main%d", (int)number);
  snprintf(shortcut, sizeof shortcut, "shortcut%d", (int)number);
  snprintf(sum, sizeof sum, "sum%d", (int)number);
  cnn_conv2d(m, filters, 3, 3,
             cnn_conv2d_opts(.input = input, .padding = SAME, .no_bias = 1, .strides = {stride, stride}));
  cnn_batch_normalization(m, NULL);
  cnn_activation(m, RELU, NULL);
  cnn_conv2d(m, filters, 3, 3, cnn_conv2d_opts(.padding = SAME, .no_bias = 1));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = main));
  if (stride > 1) {
    cnn_conv2d(m, filters, 1, 1, cnn_conv2d_opts(.input = input, .no_bias = 1, .strides = {stride, stride}));
    cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = shortcut));
  }
  add(m, sum, main, stride > 1 ? shortcut : input);
  cnn_activation(m, RELU, NULL);
}

cnn_model *branches_resnet(cnn_context *context) {
  cnn_model *m = begin(context, "resnet", 8, 8, 4);
  cnn_conv2d(m, 16, 3, 3, cnn_conv2d_opts(.padding = SAME, .no_bias = 1));
  cnn_batch_normalization(m, NULL);
  cnn_activation(m, RELU, NULL);
  cnn_max_pooling2d(m, 3, 3, cnn_max_pooling2d_opts(.name = "stem", .strides = {1, 1}, .padding = SAME));
  block(m, "stem", 1, 16, 1);
  block(m, "activation_2", 2, 24, 2);
  cnn_global_average_pooling2d(m, NULL);
  return end(m, 4);
}

static void pair(cnn_model *m, int64_t channels, int64_t filters, int32_t stride) {
  cnn_conv2d(m, channels, 3, 3,
             cnn_conv2d_opts(.padding = SAME, .groups = (int32_t)channels, .no_bias = 1, .strides = {stride, stride}));
  cnn_batch_normalization(m, NULL);
  cnn_activation(m, RELU, NULL);
  cnn_conv2d(m, filters, 1, 1, cnn_conv2d_opts(.no_bias = 1));
  cnn_batch_normalization(m, NULL);
}

cnn_model *branches_mobilenet(cnn_context *context) {
  cnn_model *m = begin(context, "mobilenet", 8, 8, 4);
  cnn_conv2d(m, 16, 3, 3, cnn_conv2d_opts(.padding = SAME, .no_bias = 1, .activation = RELU));
  pair(m, 16, 20, 1);
  cnn_activation(m, RELU, cnn_activation_opts(.name = "in"));
  pair(m, 20, 20, 1);
  add(m, "sum", cnn_layer_name(cnn_model_layer_at(m, cnn_model_layer_count(m) - 1)), "in");
  pair(m, 20, 33, 2);
  cnn_activation(m, RELU, NULL);
  cnn_global_average_pooling2d(m, cnn_global_average_pooling2d_opts(.keepdims = 1));
  cnn_dropout(m, 0.25f, NULL);
  cnn_conv2d(m, 8, 1, 1, NULL);
  cnn_flatten(m, NULL);
  return end(m, 4);
}

cnn_model *branches_tangle(cnn_context *context) {
  cnn_model *m = begin(context, "tangle", 8, 8, 4);
  cnn_dropout(m, 0.0f, cnn_dropout_opts(.name = "as_it_is"));
  cnn_average_pooling2d(m, 3, 3, cnn_average_pooling2d_opts(.name = "nothing_to_learn", .strides = {1, 1}, .padding = SAME));
  cnn_conv2d(m, 4, 3, 3, cnn_conv2d_opts(.name = "a", .input = "image", .padding = SAME, .activation = TANH));
  add(m, "twice", "a", "a");
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "bn", .input = "a"));
  cnn_dropout(m, 0.0f, cnn_dropout_opts(.name = "same1", .input = "a"));
  cnn_activation(m, CNN_ACTIVATION_LINEAR, cnn_activation_opts(.name = "same2"));
  cnn_activation(m, TANH, cnn_activation_opts(.name = "tanh", .input = "same1"));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "frozen", .input = "twice", .frozen = 1));
  cnn_add(m, cnn_add_opts(.name = "sum", .inputs = READ("twice", "bn", "same2", "tanh", "nothing_to_learn", "frozen", "as_it_is"),
                          .input_count = 7));
  cnn_activation(m, TANH, cnn_activation_opts(.name = "in_place"));
  cnn_dropout(m, 0.25f, NULL);
  cnn_average_pooling2d(m, 2, 2, cnn_average_pooling2d_opts(.name = "halved"));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "before_pool", .input = "sum"));
  cnn_average_pooling2d(m, 2, 2, NULL);
  add(m, "halves", "halved", "average_pooling2d");
  cnn_flatten(m, cnn_flatten_opts(.name = "flat1"));
  cnn_flatten(m, cnn_flatten_opts(.name = "flat2", .input = "halves"));
  add(m, "flats", "flat2", "flat1");
  return end(m, 4);
}

void branches_data(int64_t rows, int64_t floats, int64_t classes, float **x, float **targets) {
  *x = malloc((size_t)(rows * floats) * sizeof **x);
  *targets = calloc((size_t)(rows * classes), sizeof **targets);
  ck_assert(*x && *targets);
  test_numbers(*x, rows * floats, 11, 1.0f);
  for (int64_t i = 0; i < rows; i++)
    (*targets)[i * classes + i * 7 % classes] = 1.0f;
}
