/* worded: initialisers and regularizers given as text, by options and by name, for every weight that takes one. */
#include "cnn/cnn.h"
#include "layers/layer_internal.h"

#include <check.h>
#include <string.h>

static cnn_context *context;
static cnn_model *model;

static void set_up(void) {
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  ck_assert_ptr_nonnull(cnn_input(model, 3, (const int64_t[]){6, 6, 4}, NULL));
}

static void tear_down(void) {
  cnn_model_free(model);
  cnn_context_free(context);
}

static void expect(const cnn_layer *layer, const char *key, const char *value) {
  char text[96];
  ck_assert_msg(layer != NULL, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_layer_attribute_text(layer, key, text, sizeof text), CNN_OK);
  ck_assert_msg(strcmp(text, value) == 0, "%s: %s is %s, should be %s", cnn_layer_type(layer), key, text, value);
}

START_TEST(options) {
  cnn_layer *conv = cnn_conv2d(model, 2, 3, 3,
                               cnn_conv2d_opts(.kernel_init = "orthogonal", .bias_init = "constant(0.5)",
                                               .kernel_regularizer = "l2", .bias_regularizer = "l1_l2(l2=0.125)"));
  expect(conv, "kernel_initializer", "orthogonal(gain=1)");
  expect(conv, "bias_initializer", "constant(value=0.5)");
  expect(conv, "kernel_regularizer", "l2(l2=0.01)");
  expect(conv, "bias_regularizer", "l1_l2(l1=0,l2=0.125)");
  cnn_layer *norm = cnn_batch_normalization(
      model, cnn_batch_normalization_opts(.gamma_init = "constant(2)", .beta_init = "constant(3)",
                                          .moving_mean_init = "constant(4)", .moving_variance_init = "constant(5)",
                                          .gamma_regularizer = "l1", .beta_regularizer = "l1(0.25)"));
  for (int i = 0; i < 4; i++)
    ck_assert(norm->weights[i].value[0] == (float)(2 + i) && norm->weights[i].value[1] == (float)(2 + i));
  expect(norm, "gamma_regularizer", "l1(l1=0.01)");
  expect(norm, "beta_regularizer", "l1(l1=0.25)");
  ck_assert(norm->weights[0].l1 == 0.01f && norm->weights[0].l2 == 0 && norm->weights[1].l1 == 0.25f);
  cnn_layer *dense = cnn_dense(model, 3, cnn_dense_opts(.kernel_initializer = CNN_INITIALIZER_LECUN_NORMAL,
                                                        .bias_initializer = CNN_INITIALIZER_RANDOM_UNIFORM,
                                                        .bias_regularizer = "l1_l2(1,2)"));
  expect(dense, "kernel_initializer", "lecun_normal");
  expect(dense, "bias_initializer", "random_uniform(minval=-0.05,maxval=0.05)");
  ck_assert(dense->weights[1].l1 == 1 && dense->weights[1].l2 == 2 && dense->weights[0].l1 == 0);
}
END_TEST

START_TEST(constants_stand_at_their_numbers) {
  static const char *const names[] = {"zeros",     "ones",         "glorot_uniform",   "he_uniform",     "lecun_uniform",
                                      "glorot_normal", "he_normal", "lecun_normal",    "constant",       "truncated_normal",
                                      "random_uniform", "random_normal", "orthogonal"};
  for (int32_t i = 0; i < CNN_INITIALIZER_ORTHOGONAL; i++) {
    ck_assert_str_eq(cnn__initializers.names[i], names[i]);
    ck_assert_int_eq(cnn__initializer_form(i + 1, 0).choice, i);
  }
  ck_assert_ptr_null(cnn__initializers.names[CNN_INITIALIZER_ORTHOGONAL]);
}
END_TEST

static const struct {
  const char *attributes, *error;
} refused[] = {
    {"kernel_initializer=normal", "dense: kernel_initializer is 'normal', must be one of zeros, ones"},
    {"kernel_initializer=random_normal(std=1)",
     "dense: kernel_initializer is 'random_normal(std=1)', must be of the form random_normal(mean,stddev)"},
    {"kernel_initializer=he_normal(1)", "dense: kernel_initializer is 'he_normal(1)', must be of the form he_normal"},
    {"kernel_initializer=truncated_normal(0,-1)", "whose stddev must be finite and at least 0"},
    {"kernel_regularizer=l2(-1)", "dense: kernel_regularizer is l2(l2=-1), whose l2 must be finite and at least 0"},
    {"kernel_regularizer=l3", "dense: kernel_regularizer is 'l3', must be one of none, l1, l2, l1_l2; did you mean 'l1'?"},
    {"bias_initializer=orthogonal", "bias (3,) cannot begin orthogonal: that takes at least two axes"},
    {"bias_initializer=constant(1e39)", "whose value must be finite"},
};

START_TEST(bad_texts_are_refused) {
  char text[128] = "units=3 ";
  strcat(text, refused[_i].attributes);
  ck_assert_ptr_null(cnn_layer_add(model, "dense", text));
  ck_assert_msg(strstr(cnn_error_text(), refused[_i].error) != NULL, "%s", cnn_error_text());
}
END_TEST

START_TEST(bad_options_are_refused) {
  static const char *const errors[] = {
      "dense 'a': kernel_initializer is 'glorot', must be one of zeros",
      "dense 'a': kernel_initializer is given as 2 and as 'zeros'",
      "batch_normalization: gamma_initializer is 'l2', must be one of",
  };
  cnn_layer *layer =
      _i == 0   ? cnn_dense(model, 2, cnn_dense_opts(.name = "a", .kernel_init = "glorot"))
      : _i == 1 ? cnn_dense(model, 2, cnn_dense_opts(.name = "a", .kernel_init = "zeros",
                                                     .kernel_initializer = CNN_INITIALIZER_ONES))
                : cnn_batch_normalization(model, cnn_batch_normalization_opts(.gamma_init = "l2"));
  ck_assert_ptr_null(layer);
  ck_assert_int_lt(cnn_model_status(model), 0);
  ck_assert_msg(strstr(cnn_error_text(), errors[_i]) != NULL, "%s", cnn_error_text());
}
END_TEST

/* Reserved fields stand in the midst of these structs. */
START_TEST(reserved_fields) {
  cnn_layer *layer = _i == 0   ? cnn_conv2d(model, 2, 1, 1, cnn_conv2d_opts(.reserved = 1))
                     : _i == 1 ? cnn_dense(model, 2, cnn_dense_opts(.reserved = 1))
                               : cnn_batch_normalization(model, cnn_batch_normalization_opts(.reserved = 1));
  ck_assert_ptr_null(layer);
  ck_assert_int_eq(cnn_model_status(model), CNN_ETOONEW);
}
END_TEST

/* Whatever weights a type has, of each trainable one the initializer is an attribute, and of those of these types the regularizer. */
START_TEST(every_form_is_read_and_written) {
  for (int32_t i = 0; i < cnn__layer_type_count(); i++)
    for (const cnn__attribute *row = cnn__layer_type_at(i)->attributes; row->key; row++) {
      cnn_attribute seen = {.size = sizeof seen};
      if (row->kind != CNN_ATTRIBUTE_FORM)
        continue;
      ck_assert_int_eq(cnn__attribute_public(cnn__layer_type_at(i)->attributes,
                                             (int32_t)(row - cnn__layer_type_at(i)->attributes), &seen), CNN_OK);
      ck_assert(seen.kind == CNN_ATTRIBUTE_FORM && seen.choices && seen.choices[0]);
      ck_assert(strstr(row->key, "_initializer") || strstr(row->key, "_regularizer"));
    }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("worded");
  TCase *tests = tcase_create("worded");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_test(tests, options);
  tcase_add_test(tests, constants_stand_at_their_numbers);
  tcase_add_loop_test(tests, bad_texts_are_refused, 0, sizeof refused / sizeof refused[0]);
  tcase_add_loop_test(tests, bad_options_are_refused, 0, 3);
  tcase_add_loop_test(tests, reserved_fields, 0, 3);
  tcase_add_test(tests, every_form_is_read_and_written);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
