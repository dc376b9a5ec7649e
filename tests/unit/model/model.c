/* model: the handle: its getters, weights by name, hash, work counted, and life. */
#include "notebook.h"

#include "model/model_internal.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static cnn_context *context;
static cnn_model *m;

static void set_up(void) {
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .seed = 3)), CNN_OK);
  m = notebook_new(context, 1);
}

static void tear_down(void) {
  cnn_model_free(m);
  cnn_context_free(context);
}

START_TEST(shapes_and_counts) {
  int64_t shape[CNN_MAX_RANK];
  ck_assert_int_eq(cnn_model_layer_count(m), 13);
  ck_assert_int_eq(cnn_model_input_count(m), 1);
  ck_assert_int_eq(cnn_model_output_count(m), 1);
  ck_assert_int_eq(cnn_model_input_shape(m, 0, shape), 3);
  ck_assert_int_eq(shape[0] * shape[1] * shape[2], 784);
  ck_assert_int_eq(cnn_model_output_shape(m, 0, shape), 1);
  ck_assert_int_eq(shape[0], 10);
  ck_assert_int_eq(cnn_model_input_shape(m, 1, shape), -1);
  ck_assert_int_eq(cnn_model_output_shape(m, -1, shape), -1);
  ck_assert_int_eq(cnn_model_parameters(m), 422026);
  ck_assert_int_eq(cnn_model_trainable_parameters(m), 421834);
}
END_TEST

START_TEST(work_is_counted) {
  ck_assert_int_eq(cnn_model_flops(m), 2 * (225792 + 3612672 + 401408 + 1280));
  ck_assert_int_eq(cnn_model_training_flops(m), 3 * cnn_model_flops(m) - 2 * 225792);
}
END_TEST

START_TEST(weights_stand_in_model_order) {
  static const char *const names[] = {
      "conv1/kernel", "conv1/bias",  "bn1/gamma", "bn1/beta",        "bn1/moving_mean",     "bn1/moving_variance",
      "conv2/kernel", "conv2/bias",  "bn2/gamma", "bn2/beta",        "bn2/moving_mean",     "bn2/moving_variance",
      "dense1/kernel", "dense1/bias", "output/kernel", "output/bias"};
  ck_assert_int_eq(cnn_model_weight_count(m), 16);
  for (int32_t i = 0; i < 16; i++)
    ck_assert_str_eq(cnn_model_weight_name(m, i), names[i]);
  ck_assert_ptr_null(cnn_model_weight_name(m, 16));
  ck_assert_ptr_null(cnn_model_weight_name(m, -1));
}
END_TEST

START_TEST(a_weight_is_copied_and_replaced) {
  cnn_tensor *bias, *back;
  char before[33], after[33];
  cnn_model_hash(m, before);
  ck_assert_int_eq(cnn_model_weight(&bias, m, "output/bias"), CNN_OK);
  ck_assert_int_eq(cnn_tensor_count(bias), 10);
  float *value = cnn_tensor_data(bias);
  value[3] = 0.5f;
  ck_assert_str_eq(cnn_model_hash(m, after), before); /* a copy */
  ck_assert_int_eq(cnn_model_set_weight(m, "output/bias", bias), CNN_OK);
  ck_assert_str_ne(cnn_model_hash(m, after), before);
  ck_assert_int_eq(cnn_model_weight(&back, m, "output/bias"), CNN_OK);
  ck_assert_mem_eq(cnn_tensor_read(back), value, 40);
  value[3] = 0.0f;
  ck_assert_int_eq(cnn_model_set_weight(m, "output/bias", bias), CNN_OK);
  ck_assert_str_eq(cnn_model_hash(m, after), before);
  cnn_tensor_free(bias);
  cnn_tensor_free(back);
}
END_TEST

START_TEST(a_bad_weight_changes_nothing) {
  cnn_tensor *value, *wrong, *out = NULL;
  char before[33], after[33];
  cnn_model_hash(m, before);
  ck_assert_int_eq(cnn_model_weight(&out, m, "output/bia"), CNN_ENAME);
  ck_assert_str_eq(cnn_error_text(), "unknown weight 'output/bia'; did you mean 'output/bias'?");
  ck_assert_ptr_null(out);
  ck_assert_int_eq(cnn_tensor_new(&value, context, CNN_F32, 1, (const int64_t[]){10}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&wrong, context, CNN_F32, 2, (const int64_t[]){2, 5}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_set_weight(m, "nonsense", value), CNN_ENAME);
  ck_assert_int_eq(cnn_model_set_weight(m, "output/bias", NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_set_weight(m, NULL, value), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_set_weight(NULL, "output/bias", value), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_weight(&out, m, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_weight(&out, NULL, "output/bias"), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_set_learning_rate(NULL, 1), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_set_weight(m, "output/bias", wrong), CNN_ESHAPE);
  ck_assert_str_eq(cnn_error_text(), "weight 'output/bias' is float32 (10,), got float32 (2, 5)");
  ((float *)cnn_tensor_data(value))[7] = NAN;
  ck_assert_int_eq(cnn_model_set_weight(m, "output/bias", value), CNN_EDATA);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "output/bias"));
  ck_assert_str_eq(cnn_model_hash(m, after), before);
  cnn_tensor_free(value);
  cnn_tensor_free(wrong);
}
END_TEST

START_TEST(equal_seeds_make_equal_weights) {
  char a[33], b[33], c[33];
  cnn_context *other;
  cnn_model *same = notebook_new(context, 0), *different;
  ck_assert_int_eq(cnn_context_new(&other, cnn_context_opts(.threads = 1, .seed = 4)), CNN_OK);
  different = notebook_new(other, 1);
  cnn_model_hash(m, a);
  ck_assert_uint_eq(strlen(a), 32);
  ck_assert_uint_eq(strspn(a, "0123456789abcdef"), 32);
  ck_assert_str_eq(cnn_model_hash(same, b), a);
  ck_assert_str_ne(cnn_model_hash(different, c), a);
  cnn_model_free(same);
  cnn_model_free(different);
  cnn_context_free(other);
}
END_TEST

START_TEST(a_held_model_outlives_its_handle) {
  cnn__model_hold(m);
  cnn_model_free(m);
  ck_assert_int_eq(cnn_model_parameters(m), 422026);
}
END_TEST

START_TEST(a_model_outlives_its_contexts_handle) {
  cnn_context *own;
  ck_assert_int_eq(cnn_context_new(&own, cnn_context_opts(.threads = 1)), CNN_OK);
  cnn_model *model = notebook_new(own, 1);
  cnn_context_free(own);
  ck_assert_int_eq(cnn_model_parameters(model), 422026);
  cnn_model_free(model);
  cnn_model_free(NULL);
}
END_TEST

START_TEST(null_is_harmless) {
  char text[33];
  cnn_tensor *out = NULL;
  ck_assert_int_eq(cnn_model_status(NULL), CNN_EINVAL);
  ck_assert_str_eq(cnn_model_name(NULL), "");
  ck_assert_int_eq(cnn_model_layer_count(NULL), 0);
  ck_assert_ptr_null(cnn_model_layer_at(NULL, 0));
  ck_assert_ptr_null(cnn_model_layer(NULL, "conv1"));
  ck_assert_ptr_null(cnn_model_layer(m, NULL));
  ck_assert_int_eq(cnn_model_input_count(NULL) + cnn_model_output_count(NULL), 0);
  ck_assert_int_eq(cnn_model_input_shape(NULL, 0, NULL), -1);
  ck_assert_int_eq(cnn_model_output_shape(NULL, 0, NULL), -1);
  ck_assert_int_eq(cnn_model_input_shape(m, 0, NULL), 3);
  ck_assert_int_eq(cnn_model_parameters(NULL) + cnn_model_trainable_parameters(NULL), 0);
  ck_assert_int_eq(cnn_model_flops(NULL) + cnn_model_training_flops(NULL), 0);
  ck_assert_int_eq(cnn_model_weight_count(NULL), 0);
  ck_assert_ptr_null(cnn_model_weight_name(NULL, 0));
  ck_assert_int_eq(cnn_model_weight(NULL, m, "conv1/kernel"), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_weight(&out, NULL, "conv1/kernel"), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_weight(&out, m, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_set_weight(NULL, "conv1/kernel", NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_set_weight(m, NULL, NULL), CNN_EINVAL);
  ck_assert_str_eq(cnn_model_hash(NULL, text), "");
  ck_assert_str_eq(cnn_model_hash(m, NULL), "");
  ck_assert(cnn_model_learning_rate(NULL) == 0);
  ck_assert_int_eq(cnn_model_iterations(NULL), 0);
  ck_assert_int_eq(cnn_model_set_learning_rate(NULL, 1), CNN_EINVAL);
}
END_TEST

/* Two layers of 2^61 operations each, three times in training. */
START_TEST(work_beyond_64_bits_stops_at_the_largest) {
  cnn_model *huge;
  ck_assert_int_eq(cnn_model_new(&huge, context, NULL), CNN_OK);
  cnn_input(huge, 3, (const int64_t[]){1048576, 1048576, 1}, NULL);
  for (int i = 0; i < 2; i++)
    cnn_conv2d(huge, 1, 1024, 1024, cnn_conv2d_opts(.padding = CNN_PADDING_SAME));
  ck_assert_msg(cnn_model_status(huge) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_model_flops(huge), INT64_C(1) << 62);
  ck_assert_int_eq(cnn_model_training_flops(huge), INT64_MAX);
  cnn_model_free(huge);
}
END_TEST

/* A text of two names of 255 bytes each is kept whole. */
START_TEST(a_long_error_is_kept_whole) {
  cnn_model *model;
  char name[256], text[1024];
  memset(name, 'n', 255);
  name[255] = 0;
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  cnn_input(model, 1, (const int64_t[]){2}, NULL);
  ck_assert_ptr_null(cnn_flatten(model, cnn_flatten_opts(.name = name, .input = name)));
  snprintf(text, sizeof text, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_model_status(model), CNN_ENAME);
  ck_assert_str_eq(cnn_error_text(), text);
  cnn_model_free(model);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("model");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_add_test(all, shapes_and_counts);
  tcase_add_test(all, work_is_counted);
  tcase_add_test(all, weights_stand_in_model_order);
  tcase_add_test(all, a_weight_is_copied_and_replaced);
  tcase_add_test(all, a_bad_weight_changes_nothing);
  tcase_add_test(all, equal_seeds_make_equal_weights);
  tcase_add_test(all, a_held_model_outlives_its_handle);
  tcase_add_test(all, a_model_outlives_its_contexts_handle);
  tcase_add_test(all, null_is_harmless);
  tcase_add_test(all, work_beyond_64_bits_stops_at_the_largest);
  tcase_add_test(all, a_long_error_is_kept_whole);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
