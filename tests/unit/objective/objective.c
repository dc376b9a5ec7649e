/* objective: losses and metrics by name, alias and handle, with attributes; what is refused. */
#include "objective/objective.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static cnn_context *context;

static void set_up(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void tear_down(void) { cnn_context_free(context); }

static void fails(cnn_status wanted, cnn_status status, const char *text) {
  ck_assert_int_eq(status, wanted);
  ck_assert_str_eq(cnn_error_text(), text);
}

START_TEST(every_type_by_its_names) {
  const cnn__objectives *const lists[] = {&cnn__losses, &cnn__metrics};
  for (int l = 0; l < 2; l++)
    for (int32_t i = 0; i < lists[l]->count; i++) {
      const cnn__objective_type *type = lists[l]->types[i];
      cnn__objective *made;
      ck_assert_ptr_eq(cnn__objective_find(lists[l], NULL, type->name), type);
      ck_assert_ptr_eq(cnn__objective_find(lists[l], NULL, type->class_name), type);
      for (int a = 0; a < 2 && type->aliases[a]; a++)
        ck_assert_ptr_eq(cnn__objective_find(lists[l], NULL, type->aliases[a]), type);
      ck_assert_int_eq(cnn__objective_new(&made, context, lists[l], type->name, NULL), CNN_OK);
      ck_assert_str_eq(made->name, type->name);
      cnn__objective_free(made);
    }
}
END_TEST

START_TEST(the_public_lists) {
  cnn_attribute row = {.size = sizeof row};
  ck_assert_int_eq(cnn_loss_type_count(), cnn__losses.count);
  ck_assert_int_eq(cnn_metric_type_count(), cnn__metrics.count);
  ck_assert_ptr_null(cnn_loss_type_at(-1));
  ck_assert_ptr_null(cnn_loss_type_at(cnn_loss_type_count()));
  ck_assert_ptr_null(cnn_metric_type_at(cnn_metric_type_count()));
  ck_assert_ptr_null(cnn_loss_type_help("none"));
  for (int32_t i = 0; i < cnn_loss_type_count(); i++) {
    const char *type = cnn_loss_type_at(i);
    ck_assert_ptr_nonnull(cnn_loss_type_help(type));
    ck_assert_int_ge(cnn_loss_attribute_count(type), 1);
    ck_assert_int_eq(cnn_loss_attribute_at(type, 0, &row), CNN_OK);
    ck_assert_str_eq(row.key, "reduction");
    ck_assert_str_eq(row.standard, "sum_over_batch_size");
  }
  for (int32_t i = 0; i < cnn_metric_type_count(); i++) {
    const char *type = cnn_metric_type_at(i);
    ck_assert_ptr_nonnull(cnn_metric_type_help(type));
    for (int32_t a = 0; a < cnn_metric_attribute_count(type); a++)
      ck_assert_int_eq(cnn_metric_attribute_at(type, a, &row), CNN_OK);
  }
  ck_assert_int_eq(cnn_metric_attribute_count("none"), -1);
  fails(CNN_EINVAL, cnn_loss_attribute_at("huber", 2, &row), "huber: attribute 2 does not exist, there are 2");
}
END_TEST

START_TEST(typed_and_by_name_are_the_same) {
  static const char *const texts[][3] = {
      {"categorical_crossentropy", "reduction=sum from_logits=true label_smoothing=0.1", "label_smoothing"},
      {"sparse_categorical_crossentropy", "reduction=mean_with_sample_weight ignore_class=0", "ignore_class"},
      {"binary_crossentropy", "label_smoothing=0.25", "label_smoothing"},
      {"mean_squared_error", "reduction=sum", "reduction"},
      {"mean_absolute_error", "reduction=sum", "reduction"},
      {"huber", "delta=2", "delta"},
  };
  cnn_loss *typed[6], *named;
  char a[64], b[64];
  ck_assert_int_eq(cnn_categorical_crossentropy_new(&typed[0], context, cnn_categorical_crossentropy_opts(
                       .reduction = CNN_REDUCTION_SUM, .from_logits = 1, .label_smoothing = 0.1f)), CNN_OK);
  ck_assert_int_eq(cnn_sparse_categorical_crossentropy_new(&typed[1], context, cnn_sparse_categorical_crossentropy_opts(
                       .reduction = CNN_REDUCTION_MEAN_WITH_SAMPLE_WEIGHT, .ignore_class = CNN_ZERO_INT)), CNN_OK);
  ck_assert_int_eq(cnn_binary_crossentropy_new(&typed[2], context, cnn_binary_crossentropy_opts(
                       .label_smoothing = 0.25f)), CNN_OK);
  ck_assert_int_eq(cnn_mean_squared_error_new(&typed[3], context, cnn_mean_squared_error_opts(
                       .reduction = CNN_REDUCTION_SUM)), CNN_OK);
  ck_assert_int_eq(cnn_mean_absolute_error_new(&typed[4], context, cnn_mean_absolute_error_opts(
                       .reduction = CNN_REDUCTION_SUM)), CNN_OK);
  ck_assert_int_eq(cnn_huber_new(&typed[5], context, cnn_huber_opts(.delta = 2)), CNN_OK);
  for (int i = 0; i < 6; i++) {
    ck_assert_int_eq(cnn_loss_new(&named, context, texts[i][0], texts[i][1]), CNN_OK);
    ck_assert_str_eq(cnn_loss_type(typed[i]), texts[i][0]);
    ck_assert_mem_eq(typed[i]->objective.attributes, named->objective.attributes, named->objective.type->attributes_size);
    ck_assert_int_eq(typed[i]->objective.reduction, named->objective.reduction);
    ck_assert_int_eq(typed[i]->objective.ignored, named->objective.ignored);
    ck_assert_int_eq(cnn_loss_attribute_text(typed[i], texts[i][2], a, sizeof a), CNN_OK);
    ck_assert_int_eq(cnn_loss_attribute_text(named, texts[i][2], b, sizeof b), CNN_OK);
    ck_assert_str_eq(a, b);
    cnn_loss_free(typed[i]);
    cnn_loss_free(named);
  }
}
END_TEST

START_TEST(defaults_of_the_typed) {
  cnn_loss *loss;
  cnn_metric *metric;
  char text[64];
  ck_assert_int_eq(cnn_sparse_categorical_crossentropy_new(&loss, context, NULL), CNN_OK);
  ck_assert_int_eq(loss->objective.ignored, -1);
  cnn_loss_free(loss);
  ck_assert_int_eq(cnn_huber_new(&loss, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_loss_attribute_text(loss, "delta", text, sizeof text), CNN_OK);
  ck_assert_str_eq(text, "1");
  cnn_loss_free(loss);
  ck_assert_int_eq(cnn_binary_accuracy_new(&metric, context, cnn_binary_accuracy_opts(.threshold = CNN_ZERO)), CNN_OK);
  ck_assert_int_eq(cnn_metric_attribute_text(metric, "threshold", text, sizeof text), CNN_OK);
  ck_assert_str_eq(text, "0");
  cnn_metric_free(metric);
  ck_assert_int_eq(cnn_top_k_categorical_accuracy_new(&metric, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_metric_attribute_text(metric, "k", text, sizeof text), CNN_OK);
  ck_assert_str_eq(text, "5");
  cnn_metric_free(metric);
  ck_assert_int_eq(cnn_sparse_top_k_categorical_accuracy_new(&metric, context, cnn_sparse_top_k_categorical_accuracy_opts(
                       .k = 2, .name = "second")), CNN_OK);
  ck_assert_str_eq(cnn_metric_name(metric), "second");
  ck_assert_str_eq(cnn_metric_type(metric), "sparse_top_k_categorical_accuracy");
  cnn_metric_free(metric);
}
END_TEST

START_TEST(a_metric_has_the_name_it_was_asked_for_by) {
  cnn_metric *metric;
  ck_assert_int_eq(cnn_metric_new(&metric, context, "mse", NULL), CNN_OK);
  ck_assert_str_eq(cnn_metric_name(metric), "mse");
  ck_assert_str_eq(cnn_metric_type(metric), "mean_squared_error");
  cnn_metric_free(metric);
  ck_assert_int_eq(cnn_metric_new(&metric, context, "top_k_categorical_accuracy", "k=3 name=top3"), CNN_OK);
  ck_assert_str_eq(cnn_metric_name(metric), "top3");
  cnn_metric_free(metric);
}
END_TEST

START_TEST(what_is_refused) {
  cnn_loss *loss = NULL;
  cnn_metric *metric = NULL;
  char text[2];
  fails(CNN_ENAME, cnn_loss_new(&loss, context, "categorical_crossentropie", NULL),
        "unknown loss 'categorical_crossentropie'; did you mean 'categorical_crossentropy'?");
  fails(CNN_ENAME, cnn_loss_new(&loss, context, "mean", NULL), "unknown loss 'mean'");
  fails(CNN_ENAME, cnn_loss_new(&loss, context, NULL, NULL), "unknown loss '(none)'");
  fails(CNN_ENAME, cnn_metric_new(&metric, context, "acuracy", NULL),
        "unknown metric 'acuracy'; did you mean 'accuracy'?");
  fails(CNN_ENAME, cnn_loss_new(&loss, context, "huber", "name=h"), "huber: unknown attribute 'name'");
  fails(CNN_EINVAL, cnn_loss_new(&loss, context, "huber", "delta=0"), "huber: delta is 0, must be finite and above 0");
  fails(CNN_EINVAL, cnn_loss_new(&loss, context, "bce", "label_smoothing=1.5"),
        "binary_crossentropy: label_smoothing is 1.5, must be at least 0 and at most 1");
  fails(CNN_ENAME, cnn_loss_new(&loss, context, "mse", "reduction=mean"),
        "mean_squared_error: reduction is 'mean', must be one of sum_over_batch_size, sum, mean_with_sample_weight");
  fails(CNN_EINVAL, cnn_huber_new(&loss, context, cnn_huber_opts(.reduction = 3)),
        "huber: reduction is '3', must be one of sum_over_batch_size, sum, mean_with_sample_weight");
  fails(CNN_EINVAL, cnn_huber_new(NULL, context, NULL), "huber: out is NULL");
  fails(CNN_EINVAL, cnn_metric_new(&metric, context, "top_k_categorical_accuracy", "k=0"),
        "top_k_categorical_accuracy: k is 0, must be 1 to 2147483647");
  fails(CNN_EINVAL, cnn_metric_new(&metric, context, "acc", "name=0123456789012345678901234567890123456789012345678901"),
        "accuracy: name '01234567890123456789012345678901234567890123456789' is not 1 to 50 bytes of UTF-8 without control "
        "characters");
  ck_assert_ptr_null(loss);
  ck_assert_ptr_null(metric);
  ck_assert_int_eq(cnn_loss_new(&loss, context, "huber", NULL), CNN_OK);
  fails(CNN_ENAME, cnn_loss_attribute_text(loss, "delt", text, sizeof text),
        "huber: unknown attribute 'delt'; did you mean 'delta'?");
  fails(CNN_EINVAL, cnn_loss_attribute_text(loss, "reduction", text, sizeof text),
        "huber: reduction needs a buffer of 20 bytes, got 2");
  cnn_loss_free(loss);
  cnn_loss_free(NULL);
  cnn_metric_free(NULL);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("objective");
  TCase *tests = tcase_create("objective");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_test(tests, every_type_by_its_names);
  tcase_add_test(tests, the_public_lists);
  tcase_add_test(tests, typed_and_by_name_are_the_same);
  tcase_add_test(tests, defaults_of_the_typed);
  tcase_add_test(tests, a_metric_has_the_name_it_was_asked_for_by);
  tcase_add_test(tests, what_is_refused);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
