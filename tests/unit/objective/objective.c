/* objective: losses and metrics by name. */
#include "objective/objective.h"

#include <check.h>

START_TEST(losses_by_name) {
  ck_assert_int_eq(cnn__loss_count(), 2);
  for (int32_t i = 0; i < cnn__loss_count(); i++)
    ck_assert_ptr_eq(cnn__loss_find(cnn__loss_at(i)->name), cnn__loss_at(i));
  ck_assert_ptr_null(cnn__loss_at(2));
  ck_assert_ptr_null(cnn__loss_find("categorical_crossentropie"));
  ck_assert_str_eq(cnn_error_text(),
                   "unknown loss 'categorical_crossentropie'; did you mean 'categorical_crossentropy'?");
  ck_assert_ptr_null(cnn__loss_find("mean"));
  ck_assert_str_eq(cnn_error_text(), "unknown loss 'mean'");
}
END_TEST

START_TEST(accuracy_is_found_by_the_shapes) {
  for (int i = 0; i < 2; i++) {
    const char *name = i ? "acc" : "accuracy";
    ck_assert_str_eq(cnn__metric_find(name, 1, 0)->name, "binary_accuracy");
    ck_assert_str_eq(cnn__metric_find(name, 1, 1)->name, "binary_accuracy");
    ck_assert_str_eq(cnn__metric_find(name, 10, 1)->name, "sparse_categorical_accuracy");
    ck_assert_str_eq(cnn__metric_find(name, 10, 0)->name, "categorical_accuracy");
  }
}
END_TEST

START_TEST(metrics_by_name) {
  ck_assert_int_eq(cnn__metric_count(), 5);
  for (int32_t i = 0; i < cnn__metric_count(); i++)
    ck_assert_ptr_nonnull(cnn__metric_find(cnn__metric_name_at(i), 10, 0));
  ck_assert_ptr_null(cnn__metric_name_at(5));
  ck_assert_ptr_null(cnn__metric_find("acuracy", 10, 0));
  ck_assert_str_eq(cnn_error_text(), "unknown metric 'acuracy'; did you mean 'accuracy'?");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("objective");
  TCase *tests = tcase_create("objective");
  tcase_add_test(tests, losses_by_name);
  tcase_add_test(tests, accuracy_is_found_by_the_shapes);
  tcase_add_test(tests, metrics_by_name);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
