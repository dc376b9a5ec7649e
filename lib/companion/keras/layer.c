/* layer: the table of layers. */
#include "companion/keras/layer.h"

#include <string.h>

/* ---- options that many have, in Keras's order ---- */

#define POLICY "{\"module\": \"keras\", \"class_name\": \"DTypePolicy\", \"config\": {\"name\": \"float32\"}, \"registered_name\": null}"
#define COMMON                                                                                                         \
  KERAS__SAME("name", name, NULL), KERAS__SAME("trainable", flag, "true"), KERAS__THEIRS("dtype", dtype, POLICY),      \
      KERAS__THEIRS("batch_input_shape", past, NULL)
#define CHANNELS_LAST KERAS__THEIRS("data_format", channels_last, "\"channels_last\"")
#define FAN "{\"module\": \"keras.initializers\", \"class_name\": \"GlorotUniform\", \"config\": {\"seed\": null, \"input_axes\": null, \"output_axes\": null}, \"registered_name\": null}"
#define FILLED(class_name) "{\"module\": \"keras.initializers\", \"class_name\": \"" class_name "\", \"config\": {}, \"registered_name\": null}"
#define WINDOW KERAS__SAME("kernel_size", pair, NULL), KERAS__SAME("strides", pair, "[1, 1]"), KERAS__SAME("padding", padding, "\"valid\"")
#define NO_ACTIVITY KERAS__THEIRS("activity_regularizer", null, "null")

static const keras__field input[] = {
    {"shape", "batch_shape", &keras__shape, NULL, "batch_input_shape"},
    KERAS__THEIRS("dtype", dtype, "\"float32\""), KERAS__THEIRS("sparse", nothing, "false"), KERAS__THEIRS("ragged", nothing, "false"),
    KERAS__SAME("name", name, NULL), KERAS__THEIRS("optional", nothing, "false"), KERAS__OURS("trainable"), {0}};

static const keras__field conv2d[] = {
    COMMON, KERAS__SAME("filters", whole, NULL), WINDOW, CHANNELS_LAST, KERAS__SAME("dilation_rate", pair, "[1, 1]"), KERAS__SAME("groups", whole, "1"),
    KERAS__SAME("activation", activation, "\"linear\""), KERAS__SAME("use_bias", flag, "true"), KERAS__SAME("kernel_initializer", initializer, FAN),
    KERAS__SAME("bias_initializer", initializer, FILLED("Zeros")), KERAS__SAME("kernel_regularizer", regularizer, "null"),
    KERAS__SAME("bias_regularizer", regularizer, "null"), NO_ACTIVITY, KERAS__THEIRS("kernel_constraint", null, "null"),
    KERAS__THEIRS("bias_constraint", null, "null"), {0}};

static const keras__field depthwise_conv2d[] = {
    COMMON, KERAS__SAME("depth_multiplier", whole, "1"), WINDOW, CHANNELS_LAST, KERAS__SAME("dilation_rate", pair, "[1, 1]"),
    KERAS__THEIRS("groups", past, NULL), KERAS__SAME("activation", activation, "\"linear\""), KERAS__SAME("use_bias", flag, "true"),
    {"kernel_initializer", "depthwise_initializer", &keras__initializer, FAN, NULL},
    KERAS__SAME("bias_initializer", initializer, FILLED("Zeros")),
    {"kernel_regularizer", "depthwise_regularizer", &keras__regularizer, "null", NULL},
    KERAS__SAME("bias_regularizer", regularizer, "null"), NO_ACTIVITY, KERAS__THEIRS("depthwise_constraint", null, "null"),
    KERAS__THEIRS("bias_constraint", null, "null"), {0}};

static const keras__field batch_normalization[] = {
    COMMON, KERAS__SAME("axis", axes, "-1"), KERAS__SAME("momentum", number, "0.99"), KERAS__SAME("epsilon", number, "0.001"),
    KERAS__SAME("center", flag, "true"), KERAS__SAME("scale", flag, "true"), KERAS__SAME("beta_initializer", initializer, FILLED("Zeros")),
    KERAS__SAME("gamma_initializer", initializer, FILLED("Ones")), KERAS__SAME("moving_mean_initializer", initializer, FILLED("Zeros")),
    KERAS__SAME("moving_variance_initializer", initializer, FILLED("Ones")), KERAS__SAME("beta_regularizer", regularizer, "null"),
    KERAS__SAME("gamma_regularizer", regularizer, "null"), KERAS__THEIRS("beta_constraint", null, "null"),
    KERAS__THEIRS("gamma_constraint", null, "null"), KERAS__THEIRS("synchronized", nothing, "false"), KERAS__THEIRS("renorm", nothing, "false"),
    KERAS__THEIRS("renorm_clipping", any, "null"), KERAS__THEIRS("renorm_momentum", any, "0.99"), KERAS__THEIRS("fused", past, NULL), {0}};

static const keras__field pooling2d[] = {COMMON, KERAS__SAME("pool_size", pair, "[2, 2]"), KERAS__SAME("padding", padding, "\"valid\""),
                                         KERAS__SAME("strides", pair, "null"), CHANNELS_LAST, {0}};
static const keras__field global_pooling2d[] = {COMMON, CHANNELS_LAST, KERAS__SAME("keepdims", flag, "false"), {0}};
static const keras__field flatten[] = {COMMON, CHANNELS_LAST, {0}};
static const keras__field add[] = {COMMON, {0}};

static const keras__field dense[] = {
    COMMON, KERAS__SAME("units", whole, NULL), KERAS__SAME("activation", activation, "\"linear\""), KERAS__SAME("use_bias", flag, "true"),
    KERAS__SAME("kernel_initializer", initializer, FAN), KERAS__SAME("bias_initializer", initializer, FILLED("Zeros")),
    KERAS__SAME("kernel_regularizer", regularizer, "null"), KERAS__SAME("bias_regularizer", regularizer, "null"),
    KERAS__THEIRS("activity_regularizer", past_nothing, NULL), KERAS__THEIRS("kernel_constraint", null, "null"),
    KERAS__THEIRS("bias_constraint", null, "null"), KERAS__THEIRS("quantization_config", null, "null"), {0}};

static const keras__field dropout[] = {COMMON, KERAS__SAME("rate", number, NULL), KERAS__THEIRS("seed", any, "null"),
                                       KERAS__THEIRS("noise_shape", null, "null"), {0}};

static const keras__field activation[] = {COMMON, KERAS__SAME("activation", activation, NULL), KERAS__OURS("negative_slope"), KERAS__OURS("alpha"),
                                          KERAS__OURS("approximate"), {0}};
static const keras__field relu[] = {COMMON, KERAS__THEIRS("max_value", null, "null"), KERAS__SAME("negative_slope", number, "0.0"),
                                    KERAS__THEIRS("threshold", nothing, "0.0"), {0}};
static const keras__field leaky_relu[] = {COMMON, {"negative_slope", "negative_slope", &keras__number, "0.3", "alpha"},
                                          KERAS__OURS("activation"), KERAS__OURS("alpha"), KERAS__OURS("approximate"), {0}};
static const keras__field elu[] = {KERAS__SAME("name", name, NULL), KERAS__SAME("alpha", number, "1.0"), KERAS__SAME("trainable", flag, "true"),
                                   KERAS__THEIRS("dtype", dtype, POLICY), KERAS__THEIRS("batch_input_shape", past, NULL), KERAS__OURS("activation"),
                                   KERAS__OURS("negative_slope"), KERAS__OURS("approximate"), {0}};
static const keras__field softmax[] = {COMMON, KERAS__THEIRS("axis", last_axis, "-1"), {0}};

/* ---- shapes ---- */

static int64_t item(const json_t *options, const char *key, size_t index) {
  return json_integer_value(json_array_get(json_object_get(options, key), index));
}

static void input_shape(keras__extents *out, const json_t *options, const keras__extents *in) {
  const json_t *whole = json_object_get(options, "batch_shape"), *list = whole ? whole : json_object_get(options, "shape");
  (void)in;
  for (size_t i = whole != NULL; i < json_array_size(list) && out->rank < CNN_MAX_RANK; i++)
    out->extent[out->rank++] = json_integer_value(json_array_get(list, i));
}

static void same_shape(keras__extents *out, const json_t *options, const keras__extents *in) {
  (void)options;
  *out = *in;
}

/* Positions of a window that spans `span` along `extent`. */
static int64_t positions(int64_t extent, int64_t span, int64_t stride, int32_t same) {
  if (span < 1 || stride < 1 || (!same && span > extent))
    return 0;
  return same ? (extent - 1) / stride + 1 : (extent - span) / stride + 1;
}

static int32_t is_same(const json_t *options) {
  const char *padding = json_string_value(json_object_get(options, "padding"));
  return padding && strcmp(padding, "same") == 0;
}

static void conv2d_shape(keras__extents *out, const json_t *options, const keras__extents *in) {
  *out = (keras__extents){in->rank == 3 ? 3 : 0, {0, 0, json_integer_value(json_object_get(options, "filters"))}};
  for (size_t i = 0; i < 2 && out->rank; i++) {
    int64_t kernel = item(options, "kernel_size", i), dilation = item(options, "dilation_rate", i), span;
    if (__builtin_mul_overflow(kernel - 1, dilation, &span) || span < 0 || span == INT64_MAX)
      out->rank = 0;
    else
      out->extent[i] = positions(in->extent[i], span + 1, item(options, "strides", i), is_same(options));
  }
}

static void pooling2d_shape(keras__extents *out, const json_t *options, const keras__extents *in) {
  const char *strides = json_is_array(json_object_get(options, "strides")) ? "strides" : "pool_size";
  *out = (keras__extents){in->rank == 3 ? 3 : 0, {0, 0, in->extent[2]}};
  for (size_t i = 0; i < 2 && out->rank; i++)
    out->extent[i] = positions(in->extent[i], item(options, "pool_size", i), item(options, strides, i), is_same(options));
}

static void global_pooling2d_shape(keras__extents *out, const json_t *options, const keras__extents *in) {
  if (in->rank == 3)
    *out = json_is_true(json_object_get(options, "keepdims")) ? (keras__extents){3, {1, 1, in->extent[2]}}
                                                              : (keras__extents){1, {in->extent[2]}};
}

static void flatten_shape(keras__extents *out, const json_t *options, const keras__extents *in) {
  (void)options;
  *out = (keras__extents){in->rank > 0, {1}};
  for (int32_t i = 0; i < in->rank; i++)
    if (__builtin_mul_overflow(out->extent[0], in->extent[i], &out->extent[0]))
      out->rank = 0;
}

static void dense_shape(keras__extents *out, const json_t *options, const keras__extents *in) {
  *out = *in;
  if (out->rank)
    out->extent[out->rank - 1] = json_integer_value(json_object_get(options, "units"));
}

/* ---- what a table of options cannot say ---- */

static cnn_status set(json_t *attributes, const char *key, json_t *value) {
  return json_object_set_new(attributes, key, value) < 0 ? keras__no_memory("a layer of Keras's") : CNN_OK;
}

/* Each channel has kernels of its own: a convolution of as many groups. */
static cnn_status depthwise_taken(json_t *attributes, const keras__extents *in, const char *of) {
  int64_t times = json_integer_value(json_object_get(attributes, "depth_multiplier")), filters;
  if (in->rank != 3)
    return cnn_error_set(CNN_EUNSUPPORTED, "%s: its input's channels cannot be told", of);
  if (times < 1 || __builtin_mul_overflow(times, in->extent[2], &filters))
    return cnn_error_set(CNN_EFORMAT, "%s: depth_multiplier is %lld, must be at least 1", of, (long long)times);
  json_object_del(attributes, "depth_multiplier");
  cnn_status status = set(attributes, "groups", json_integer(in->extent[2]));
  return status < 0 ? status : set(attributes, "filters", json_integer(filters));
}

/* The axis as Keras 2 writes it counts from the batch on. */
static cnn_status normalization_taken(json_t *attributes, const keras__extents *in, const char *of) {
  int64_t axis = json_integer_value(json_object_get(attributes, "axis"));
  if (axis != -1 && (!in->rank || axis != in->rank))
    return cnn_error_set(CNN_EUNSUPPORTED, "%s: axis is %lld, libcnn normalises over the last one", of, (long long)axis);
  json_object_del(attributes, "axis");
  return CNN_OK;
}

/* The number of an attribute's text. */
static double number(const json_t *attributes, const char *key, double standard) {
  char text[KERAS__TEXT];
  double value = standard;
  const json_t *given = json_object_get(attributes, key);
  return !given || keras__text_of(text, given) || keras__read_number(&value, text) ? standard : value;
}

static int32_t is(const json_t *attributes, const char *function) {
  const char *name = json_string_value(json_object_get(attributes, "activation"));
  return name && strcmp(name, function) == 0;
}

static cnn_status relu_taken(json_t *attributes, const keras__extents *in, const char *of) {
  (void)in, (void)of;
  int32_t leaks = number(attributes, "negative_slope", 0) > 0;
  if (!leaks && number(attributes, "negative_slope", 0) == 0)
    json_object_del(attributes, "negative_slope"); /* below 0: the core says no */
  return set(attributes, "activation", json_string(json_object_get(attributes, "negative_slope") ? "leaky_relu" : "relu"));
}
static cnn_status leaky_relu_taken(json_t *attributes, const keras__extents *in, const char *of) {
  (void)in, (void)of;
  return set(attributes, "activation", json_string("leaky_relu"));
}
static cnn_status elu_taken(json_t *attributes, const keras__extents *in, const char *of) {
  (void)in, (void)of;
  return set(attributes, "activation", json_string("elu"));
}
static cnn_status softmax_taken(json_t *attributes, const keras__extents *in, const char *of) {
  (void)in, (void)of;
  return set(attributes, "activation", json_string("softmax"));
}

/* Functions whose number is not the one that Keras's function of the name has. */
static int32_t leaks(const json_t *attributes) {
  return is(attributes, "leaky_relu") && (float)number(attributes, "negative_slope", 0.2) != 0.2f;
}
static int32_t bends(const json_t *attributes) { return is(attributes, "elu") && number(attributes, "alpha", 1) != 1; }
static int32_t is_plain(const json_t *attributes) {
  return !is(attributes, "gelu") || !json_is_true(json_object_get(attributes, "approximate"));
}
static int32_t never(const json_t *attributes) {
  (void)attributes;
  return 0;
}

static int32_t pooling2d_given(json_t *attributes) {
  const json_t *strides = json_object_get(attributes, "strides");
  json_t *size = json_object_get(attributes, "pool_size");
  if (strides && !json_is_string(strides))
    return 0;
  return json_object_set_new(attributes, "strides", size ? json_incref(size) : json_string("2,2"));
}

/* ---- the table ---- */

static const keras__layer layers[] = {
    {"input", "InputLayer", input, 0, 0, NULL, input_shape, NULL, NULL, NULL},
    {"conv2d", "Conv2D", conv2d, 1, 1, NULL, conv2d_shape, NULL, NULL, NULL},
    {"conv2d", "DepthwiseConv2D", depthwise_conv2d, 1, 1, NULL, conv2d_shape, depthwise_taken, never, NULL},
    {"batch_normalization", "BatchNormalization", batch_normalization, 1, 1, "{\"mask\": null}", same_shape, normalization_taken, NULL, NULL},
    {"max_pooling2d", "MaxPooling2D", pooling2d, 1, 0, NULL, pooling2d_shape, NULL, NULL, pooling2d_given},
    {"average_pooling2d", "AveragePooling2D", pooling2d, 1, 0, NULL, pooling2d_shape, NULL, NULL, pooling2d_given},
    {"global_average_pooling2d", "GlobalAveragePooling2D", global_pooling2d, 1, 0, NULL, global_pooling2d_shape, NULL, NULL, NULL},
    {"global_max_pooling2d", "GlobalMaxPooling2D", global_pooling2d, 1, 0, NULL, global_pooling2d_shape, NULL, NULL, NULL},
    {"add", "Add", add, 2, 1, NULL, same_shape, NULL, NULL, NULL},
    {"flatten", "Flatten", flatten, 1, 1, NULL, flatten_shape, NULL, NULL, NULL},
    {"dense", "Dense", dense, 1, 1, NULL, dense_shape, NULL, NULL, NULL},
    {"dropout", "Dropout", dropout, 1, 0, "{\"training\": false}", same_shape, NULL, NULL, NULL},
    {"activation", "ReLU", relu, 1, 0, NULL, same_shape, relu_taken, never, NULL},
    {"activation", "Softmax", softmax, 1, 0, NULL, same_shape, softmax_taken, never, NULL},
    {"activation", "LeakyReLU", leaky_relu, 1, 0, NULL, same_shape, leaky_relu_taken, leaks, NULL},
    {"activation", "ELU", elu, 1, 0, NULL, same_shape, elu_taken, bends, NULL},
    {"activation", "Activation", activation, 1, 0, NULL, same_shape, NULL, is_plain, NULL},
};
enum { LAYERS = sizeof layers / sizeof *layers };

const keras__layer *keras__layer_of_class(const char *class_name) {
  for (int32_t i = 0; i < LAYERS; i++)
    if (strcmp(layers[i].class_name, class_name) == 0)
      return &layers[i];
  return NULL;
}

const keras__layer *keras__layer_of_type(const char *type, const json_t *attributes) {
  for (int32_t i = 0; i < LAYERS; i++)
    if (strcmp(layers[i].type, type) == 0 && (!layers[i].fits || layers[i].fits(attributes)))
      return &layers[i];
  return NULL;
}

int32_t keras__layer_has_type(const char *type) {
  for (int32_t i = 0; i < LAYERS; i++)
    if (strcmp(layers[i].type, type) == 0)
      return 1;
  return 0;
}
