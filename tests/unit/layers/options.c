/* options: typed constructors against older and newer structs, zero as the default, CNN_ZERO as zero, and the error
 * that the model keeps. */
#include "cnn/cnn.h"
#include "layers/layer_internal.h"
#include "optim/optimizer_internal.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static cnn_context *context;
static cnn_model *model;

static void setup(void) {
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  ck_assert_ptr_nonnull(cnn_input(model, 3, (const int64_t[]){9, 9, 4}, NULL));
}

static void teardown(void) {
  cnn_model_free(model);
  cnn_context_free(context);
}

static void expect(const cnn_layer *layer, const char *key, const char *value) {
  char text[64];
  ck_assert_msg(layer != NULL, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_layer_attribute_text(layer, key, text, sizeof text), CNN_OK);
  ck_assert_msg(strcmp(text, value) == 0, "%s: %s is %s, should be %s", cnn_layer_type(layer), key, text, value);
}

/* ---- every constructor with a struct of any size ---- */

static cnn_layer *add_input(const void *o) { return cnn_input(model, 1, (const int64_t[]){3}, o); }
static cnn_layer *add_conv2d(const void *o) { return cnn_conv2d(model, 4, 3, 3, o); }
static cnn_layer *add_batch_normalization(const void *o) { return cnn_batch_normalization(model, o); }
static cnn_layer *add_max_pooling2d(const void *o) { return cnn_max_pooling2d(model, 2, 2, o); }
static cnn_layer *add_average_pooling2d(const void *o) { return cnn_average_pooling2d(model, 2, 2, o); }

/* What the layers must be told all the same: to read the image, which rank 3 they need; two inputs. */
static const void *on_image(const void *o) {
  static struct cnn_global_max_pooling2d_opts none = {.size = sizeof none, .input = "input"};
  struct cnn_global_max_pooling2d_opts *given = (void *)(uintptr_t)o; /* that of the average is alike */
  if (!given)
    return &none;
  given->input = "input";
  return given;
}
static cnn_layer *add_global_average_pooling2d(const void *o) { return cnn_global_average_pooling2d(model, on_image(o)); }
static cnn_layer *add_global_max_pooling2d(const void *o) { return cnn_global_max_pooling2d(model, on_image(o)); }
static cnn_layer *add_add(const void *o) {
  static const char *const inputs[] = {"input", "input"};
  struct cnn_add_opts *given = (void *)(uintptr_t)o;
  if (!given)
    return cnn_add(model, cnn_add_opts(.inputs = inputs, .input_count = 2));
  given->inputs = inputs;
  given->input_count = 2;
  return cnn_add(model, given);
}

static cnn_layer *add_flatten(const void *o) { return cnn_flatten(model, o); }
static cnn_layer *add_dense(const void *o) { return cnn_dense(model, 3, o); }
static cnn_layer *add_dropout(const void *o) { return cnn_dropout(model, 0.5f, o); }
static cnn_layer *add_activation(const void *o) { return cnn_activation(model, CNN_ACTIVATION_RELU, o); }

static const struct {
  const char *type;
  cnn_layer *(*add)(const void *options);
  size_t size;
} constructors[] = {
    {"input", add_input, sizeof(struct cnn_input_opts)},
    {"conv2d", add_conv2d, sizeof(struct cnn_conv2d_opts)},
    {"batch_normalization", add_batch_normalization, sizeof(struct cnn_batch_normalization_opts)},
    {"max_pooling2d", add_max_pooling2d, sizeof(struct cnn_max_pooling2d_opts)},
    {"average_pooling2d", add_average_pooling2d, sizeof(struct cnn_average_pooling2d_opts)},
    {"global_average_pooling2d", add_global_average_pooling2d, sizeof(struct cnn_global_average_pooling2d_opts)},
    {"global_max_pooling2d", add_global_max_pooling2d, sizeof(struct cnn_global_max_pooling2d_opts)},
    {"add", add_add, sizeof(struct cnn_add_opts)},
    {"flatten", add_flatten, sizeof(struct cnn_flatten_opts)},
    {"dense", add_dense, sizeof(struct cnn_dense_opts)},
    {"dropout", add_dropout, sizeof(struct cnn_dropout_opts)},
    {"activation", add_activation, sizeof(struct cnn_activation_opts)},
};
enum { CONSTRUCTORS = sizeof constructors / sizeof constructors[0] };

/* An options struct of all zero but its size, `bytes` long, with a mark in the byte after what is known. */
static const void *options_of(size_t bytes, size_t known, int mark) {
  static union {
    size_t size;
    char bytes[512];
  } options;
  memset(&options, 0, sizeof options);
  options.size = bytes;
  options.bytes[known] = (char)mark;
  return &options;
}

START_TEST(every_type_has_a_constructor_here) {
  ck_assert_int_eq(CONSTRUCTORS, cnn_layer_type_count());
  for (int i = 0; i < CONSTRUCTORS; i++)
    ck_assert_str_eq(constructors[i].type, cnn_layer_type_at(i));
}
END_TEST

START_TEST(newer_structs_are_taken_where_the_rest_is_zero) {
  size_t known = constructors[_i].size;
  if (_i > 0) { /* a second input is refused by the model */
    ck_assert_msg(constructors[_i].add(options_of(known + 64, known, 0)) != NULL, "%s", cnn_error_text());
    ck_assert_msg(constructors[_i].add(NULL) != NULL, "%s", cnn_error_text());
  }
  ck_assert_ptr_null(constructors[_i].add(options_of(known + 64, known, 1)));
  ck_assert_int_eq(cnn_model_status(model), CNN_ETOONEW);
}
END_TEST

START_TEST(smaller_structs_than_the_first_are_refused) {
  ck_assert_ptr_null(constructors[_i].add(options_of(4, 300, 0)));
  ck_assert_int_eq(cnn_model_status(model), CNN_EINVAL);
  char first[256];
  snprintf(first, sizeof first, "%s", cnn_error_text());
  ck_assert_ptr_null(cnn_dense(model, -1, NULL));
  ck_assert_int_eq(cnn_model_status(model), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), first);
}
END_TEST

/* ---- defaults and zeros ---- */

START_TEST(zero_is_the_default) {
  for (int i = 1; i < CONSTRUCTORS; i++) {
    cnn_layer *layer = constructors[i].add(options_of(constructors[i].size, 300, 0));
    for (int32_t j = 0; j < cnn_layer_attribute_count(constructors[i].type); j++) {
      cnn_attribute row = {.size = sizeof row};
      ck_assert_int_eq(cnn_layer_attribute_at(constructors[i].type, j, &row), CNN_OK);
      if (!row.required && strcmp(row.standard, "auto") != 0)
        expect(layer, row.key, row.standard);
    }
  }
}
END_TEST

START_TEST(options_reach_their_attributes) {
  cnn_layer *conv = cnn_conv2d(model, 6, 3, 2,
                               cnn_conv2d_opts(.name = "c", .strides = {2, 1}, .padding = CNN_PADDING_SAME, .groups = 2,
                                               .activation = CNN_ACTIVATION_TANH, .no_bias = 1,
                                               .kernel_initializer = CNN_INITIALIZER_HE_UNIFORM,
                                               .bias_initializer = CNN_INITIALIZER_ONES));
  static const char *const pairs[][2] = {{"filters", "6"},      {"kernel_size", "3,2"},
                                         {"strides", "2,1"},    {"padding", "same"},
                                         {"groups", "2"},       {"activation", "tanh"},
                                         {"use_bias", "false"}, {"kernel_initializer", "he_uniform"},
                                         {"bias_initializer", "ones"}};
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
    expect(conv, pairs[i][0], pairs[i][1]);
  expect(cnn_conv2d(model, 6, 2, 2, cnn_conv2d_opts(.dilation_rate = {0, 2})), "dilation_rate", "1,2");
  cnn_layer *bn = cnn_batch_normalization(
      model, cnn_batch_normalization_opts(.momentum = 0.5f, .epsilon = 0.1f, .no_center = 1, .frozen = 1));
  expect(bn, "momentum", "0.5");
  expect(bn, "epsilon", "0.1");
  expect(bn, "center", "false");
  expect(bn, "scale", "true");
  expect(bn, "trainable", "false");
  cnn_layer *pool = cnn_max_pooling2d(model, 2, 1, cnn_max_pooling2d_opts(.strides = {1}, .padding = CNN_PADDING_SAME));
  expect(pool, "strides", "1,1");
  expect(pool, "padding", "same");
  cnn_layer *average = cnn_average_pooling2d(
      model, 3, 2, cnn_average_pooling2d_opts(.input = "c", .strides = {1}, .padding = CNN_PADDING_SAME));
  expect(average, "pool_size", "3,2");
  expect(average, "strides", "1,2");
  expect(average, "padding", "same");
  expect(cnn_global_max_pooling2d(model, cnn_global_max_pooling2d_opts(.keepdims = 1)), "keepdims", "true");
  expect(cnn_global_average_pooling2d(model, cnn_global_average_pooling2d_opts(.keepdims = 3)), "keepdims", "true");
  cnn_layer *leaky = cnn_activation(model, CNN_ACTIVATION_LEAKY_RELU,
                                    cnn_activation_opts(.negative_slope = 0.3f, .alpha = 2, .approximate = 1));
  expect(leaky, "negative_slope", "0.3");
  expect(leaky, "alpha", "2");
  expect(leaky, "approximate", "true");
  expect(cnn_dropout(model, 0, NULL), "rate", "0");
}
END_TEST

static cnn_layer *momentum_zero(void) {
  return cnn_batch_normalization(model, cnn_batch_normalization_opts(.momentum = CNN_ZERO));
}

static cnn_layer *slope_zero(void) {
  return cnn_activation(model, CNN_ACTIVATION_LEAKY_RELU, cnn_activation_opts(.negative_slope = CNN_ZERO));
}
static cnn_layer *alpha_zero(void) {
  return cnn_activation(model, CNN_ACTIVATION_ELU, cnn_activation_opts(.alpha = CNN_ZERO));
}

/* zero_adam_beta_1 and so on. */
#define ZERO(type, key)                                                                             \
  static cnn_status zero_##type##_##key(cnn_optimizer **out) {                                      \
    return cnn_##type##_new(out, context, cnn_##type##_opts(.key = CNN_ZERO));                      \
  }
#define ROW(type, key) {#type, #key, NULL, zero_##type##_##key},
#define OPTIMIZER_ZEROS(DO)                                                                         \
  DO(adam, learning_rate) DO(adam, beta_1) DO(adam, beta_2) DO(adam, ema_momentum)                  \
  DO(adamw, learning_rate) DO(adamw, beta_1) DO(adamw, beta_2) DO(adamw, ema_momentum)              \
  DO(adamw, weight_decay) DO(rmsprop, learning_rate) DO(rmsprop, rho) DO(rmsprop, ema_momentum)     \
  DO(sgd, learning_rate) DO(sgd, ema_momentum)
OPTIMIZER_ZEROS(ZERO)

static const struct {
  const char *type, *key;
  cnn_layer *(*layer)(void);
  cnn_status (*optimizer)(cnn_optimizer **out);
} zeros[] = {
    {"activation", "negative_slope", slope_zero, NULL},       {"activation", "alpha", alpha_zero, NULL},
    {"batch_normalization", "momentum", momentum_zero, NULL},
    OPTIMIZER_ZEROS(ROW)
};

/* 0 is legal, is not the default, and the typed constructor can only say it by CNN_ZERO. */
static int needs_zero(const cnn__attribute *row) {
  int number = row->kind == CNN_ATTRIBUTE_INT || row->kind == CNN_ATTRIBUTE_PAIR || row->kind == CNN_ATTRIBUTE_FLOAT;
  return number && !row->required && row->minimum <= 0 && row->maximum >= 0 && strcmp(row->standard, "0") != 0;
}

static void try_zero(const char *type, const cnn__attribute *row) {
  for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++) {
    char text[64];
    cnn_optimizer *optimizer;
    if (strcmp(zeros[i].type, type) != 0 || strcmp(zeros[i].key, row->key) != 0)
      continue;
    if (zeros[i].layer) {
      expect(zeros[i].layer(), row->key, "0");
      return;
    }
    ck_assert_msg(zeros[i].optimizer(&optimizer) == CNN_OK, "%s", cnn_error_text());
    cnn__attribute_text(row, optimizer->attributes, text, sizeof text);
    ck_assert_str_eq(text, "0");
    cnn_optimizer_free(optimizer);
    return;
  }
  ck_abort_msg("%s: 0 is legal for %s and not its default; add a row that passes CNN_ZERO", type, row->key);
}

/* The other types are made by text alone, where 0 is 0. */
static int has_constructor(const char *type) {
  static const char *const typed[] = {"adam", "adamw", "rmsprop", "sgd"};
  for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++)
    if (strcmp(typed[i], type) == 0)
      return 1;
  return 0;
}

START_TEST(zero_can_be_said) {
  for (int32_t i = 0; i < cnn__layer_type_count(); i++)
    for (const cnn__attribute *row = cnn__layer_type_at(i)->attributes; row->key; row++)
      if (needs_zero(row))
        try_zero(cnn__layer_type_at(i)->name, row);
  for (int32_t i = 0; i < cnn_optimizer_type_count(); i++)
    for (const cnn__attribute *row = cnn__optimizer_type_at(i)->attributes; row->key; row++)
      if (needs_zero(row) && has_constructor(cnn__optimizer_type_at(i)->name))
        try_zero(cnn__optimizer_type_at(i)->name, row);
}
END_TEST

START_TEST(zero_is_refused_where_it_is_not_legal) {
  ck_assert_ptr_null(cnn_conv2d(model, 2, 1, 1, cnn_conv2d_opts(.name = "c", .groups = CNN_ZERO_INT)));
  ck_assert_int_eq(cnn_model_status(model), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "conv2d 'c': groups is 0, must be 1 to 16777216");
}
END_TEST

START_TEST(reserved_fields_must_be_zero) {
  cnn_optimizer *optimizer;
  ck_assert_int_eq(cnn_sgd_new(&optimizer, context, cnn_sgd_opts(.reserved = 1)), CNN_ETOONEW);
  if (_i)
    ck_assert_ptr_null(cnn_batch_normalization(model, cnn_batch_normalization_opts(.reserved = 1)));
  else
    ck_assert_ptr_null(cnn_max_pooling2d(model, 2, 2, cnn_max_pooling2d_opts(.reserved = 1)));
  ck_assert_int_eq(cnn_model_status(model), CNN_ETOONEW);
}
END_TEST

START_TEST(bad_arguments_are_refused) {
  ck_assert_ptr_null(cnn_activation(model, 99, cnn_activation_opts(.name = "a")));
  ck_assert_int_eq(cnn_model_status(model), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(),
                   "activation 'a': activation is '99', must be one of linear, relu, sigmoid, tanh, softmax, leaky_relu, "
                   "elu, gelu, softplus, silu");
}
END_TEST

START_TEST(the_rank_of_an_input_is_1_to_4) {
  static const int64_t ones[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  static const int32_t bad[] = {-1, 0, 5, 9};
  char text[64];
  cnn_model *empty;
  ck_assert_int_eq(cnn_model_new(&empty, context, NULL), CNN_OK);
  ck_assert_ptr_null(cnn_input(empty, bad[_i], ones, NULL));
  snprintf(text, sizeof text, "input: shape has rank %d, must be 1 to 4", (int)bad[_i]);
  ck_assert_int_eq(cnn_model_status(empty), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), text);
  cnn_model_free(empty);
}
END_TEST

START_TEST(a_value_that_is_no_number_is_named) {
  ck_assert_ptr_null(cnn_dropout(model, _i ? NAN : -NAN, cnn_dropout_opts(.name = "a")));
  ck_assert_int_eq(cnn_model_status(model), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "dropout 'a': rate is nan, must be at least 0 and at most 1");
}
END_TEST

START_TEST(an_unknown_initializer_is_named_as_it_was_given) {
  static const int32_t given[] = {14, 99, -1, CNN_ZERO_INT};
  char text[128];
  ck_assert_ptr_null(cnn_dense(model, 2, cnn_dense_opts(.name = "a", .kernel_initializer = given[_i])));
  ck_assert_int_eq(cnn_model_status(model), CNN_EINVAL);
  snprintf(text, sizeof text, "kernel_initializer is '%d', must be one of zeros", (int)given[_i]);
  ck_assert_msg(strstr(cnn_error_text(), text) != NULL, "%s", cnn_error_text());
}
END_TEST

int main(void) {
  Suite *suite = suite_create("options");
  TCase *tests = tcase_create("options");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, every_type_has_a_constructor_here);
  tcase_add_loop_test(tests, newer_structs_are_taken_where_the_rest_is_zero, 0, CONSTRUCTORS);
  tcase_add_loop_test(tests, smaller_structs_than_the_first_are_refused, 0, CONSTRUCTORS);
  tcase_add_test(tests, zero_is_the_default);
  tcase_add_test(tests, options_reach_their_attributes);
  tcase_add_test(tests, zero_can_be_said);
  tcase_add_test(tests, zero_is_refused_where_it_is_not_legal);
  tcase_add_loop_test(tests, reserved_fields_must_be_zero, 0, 2);
  tcase_add_test(tests, bad_arguments_are_refused);
  tcase_add_loop_test(tests, the_rank_of_an_input_is_1_to_4, 0, 4);
  tcase_add_loop_test(tests, a_value_that_is_no_number_is_named, 0, 2);
  tcase_add_loop_test(tests, an_unknown_initializer_is_named_as_it_was_given, 0, 4);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
