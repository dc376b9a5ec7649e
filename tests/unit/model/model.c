/* model: the handle: its getters, weights by name, hash, work counted, and life. */
#include "notebook.h"

#include "model/model_internal.h"

#include <check.h>
#include <math.h>
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
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
