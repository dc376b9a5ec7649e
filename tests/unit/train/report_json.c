/* Reports: accuracy of each class, the list of errors, and all of it as JSON. */
#include "report_check.h"

#include <jansson.h>
#include <math.h>

static cnn_report *of_rows(const cnn_report_opts *options) {
  const float rows[] = {0.1f, 0.8f, 0.1f, 0.45f, 0.25f, 0.3f, 0.0f, 0.0f, 1.0f, 0.375f, 0.3f, 0.3f};
  const uint8_t labels[] = {1, 2, 2, 1};
  cnn_tensor *a, *b;
  cnn_report *report;
  ck_assert_int_eq(cnn_tensor_new(&a, context, CNN_U8, 1, (const int64_t[]){4}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&b, context, CNN_F32, 2, (const int64_t[]){4, 3}, NULL), CNN_OK);
  memcpy(cnn_tensor_data(a), labels, sizeof labels);
  memcpy(cnn_tensor_data(b), rows, sizeof rows);
  ck_assert_int_eq(cnn_report_new(&report, context, a, b, options), CNN_OK);
  cnn_tensor_free(a);
  cnn_tensor_free(b);
  return report;
}

START_TEST(errors_with_their_confidence) {
  cnn_report_error error = {.size = sizeof error}, none = {0}, untouched = {.size = sizeof error, .sample = 77};
  cnn_report *report = of_rows(NULL);
  ck_assert_int_eq(cnn_report_error_count(report), 2);
  ck_assert_int_eq(cnn_report_error_at(report, 0, &error), CNN_OK);
  ck_assert(error.sample == 1 && error.label == 2 && error.prediction == 0 && error.confidence == (double)0.45f);
  ck_assert_int_eq(cnn_report_error_at(report, 1, &error), CNN_OK);
  ck_assert(error.size == sizeof error && error.sample == 3 && error.label == 1 && error.prediction == 0 &&
            error.confidence == 0.375);
  ck_assert_int_eq(cnn_report_error_at(report, 2, &untouched), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "report: error 2 of 2");
  ck_assert_int_eq(cnn_report_error_at(report, -1, &untouched), CNN_EINVAL);
  ck_assert_int_eq(untouched.sample, 77);
  ck_assert_int_eq(cnn_report_error_at(report, 0, &none), CNN_EINVAL);
  ck_assert_int_eq(cnn_report_error_at(report, 0, NULL), CNN_EINVAL);
  ck_assert_double_nan(cnn_report_class_accuracy(report, 0));
  ck_assert_double_nan(cnn_report_class_accuracy(report, 3));
  ck_assert(cnn_report_class_accuracy(report, 1) == 0.5 && cnn_report_class_accuracy(report, 2) == 0.5);
  cnn_report_free(report);
  const int32_t labels[] = {0, 1}, predictions[] = {0, 0};
  report = report_of(labels, predictions, 2, NULL);
  ck_assert_int_eq(cnn_report_error_at(report, 0, &error), CNN_OK);
  ck_assert_double_nan(error.confidence);
  cnn_report_free(report);
}
END_TEST

START_TEST(as_json) {
  static const char *const names[] = {"no \"cat\"", "a\\b", "\xc3\xa4\n"};
  collected printed;
  cnn_sink sink = sink_of(&printed, 0);
  json_error_t error;
  cnn_report *report = of_rows(cnn_report_opts(.class_names = names));
  ck_assert_int_eq(cnn_report_json(report, &sink), CNN_OK);
  json_t *root = json_loads(printed.text, JSON_REJECT_DUPLICATES, &error);
  ck_assert_msg(root != NULL, "%s: %s", error.text, printed.text);
  ck_assert_int_eq(json_integer_value(json_object_get(root, "classes")), 3);
  ck_assert_int_eq(json_integer_value(json_object_get(root, "samples")), 4);
  const json_t *matrix = json_object_get(root, "confusion_matrix");
  for (size_t i = 0; i < 3; i++)
    for (size_t j = 0; j < 3; j++)
      ck_assert_int_eq(json_integer_value(json_array_get(json_array_get(matrix, i), j)),
                       cnn_report_count(report, (int64_t)i, (int64_t)j));
  const json_t *rows = json_object_get(root, "classification_report"), *row = json_object_get(rows, "a\\b");
  ck_assert(json_real_value(json_object_get(row, "precision")) == cnn_report_precision(report, 1));
  ck_assert(json_real_value(json_object_get(row, "f1-score")) == cnn_report_f1(report, 1));
  ck_assert_int_eq(json_integer_value(json_object_get(row, "support")), 2);
  ck_assert_ptr_nonnull(json_object_get(rows, "no \"cat\""));
  ck_assert_ptr_nonnull(json_object_get(rows, "\xc3\xa4?"));
  ck_assert(json_real_value(json_object_get(rows, "accuracy")) == 0.5);
  ck_assert(json_real_value(json_object_get(json_object_get(rows, "macro avg"), "recall")) == cnn_report_macro(report, 1));
  ck_assert(json_real_value(json_object_get(json_object_get(rows, "weighted avg"), "recall")) ==
            cnn_report_weighted(report, 1));
  const json_t *accuracies = json_object_get(root, "class_accuracy");
  ck_assert(json_is_null(json_array_get(accuracies, 0)) && json_real_value(json_array_get(accuracies, 2)) == 0.5);
  const json_t *errors = json_object_get(root, "errors"), *last = json_array_get(errors, 1);
  ck_assert_uint_eq(json_array_size(errors), 2);
  ck_assert_int_eq(json_integer_value(json_object_get(last, "sample")), 3);
  ck_assert(json_real_value(json_object_get(last, "confidence")) == 0.375);
  ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(root, "most_confused"), "prediction")), 0);
  json_decref(root);
  cnn_report_free(report);
}
END_TEST

START_TEST(without_errors) {
  const int32_t labels[] = {0, 1};
  collected printed;
  cnn_sink sink = sink_of(&printed, 0);
  json_error_t error;
  cnn_report *report = report_of(labels, labels, 2, NULL);
  ck_assert_int_eq(cnn_report_json(report, &sink), CNN_OK);
  json_t *root = json_loads(printed.text, JSON_REJECT_DUPLICATES, &error);
  ck_assert_msg(root != NULL, "%s: %s", error.text, printed.text);
  ck_assert(json_is_null(json_object_get(root, "most_confused")));
  ck_assert_uint_eq(json_array_size(json_object_get(root, "errors")), 0);
  json_decref(root);
  ck_assert_int_eq(cnn_report_json(NULL, &sink), CNN_EINVAL);
  ck_assert_int_eq(cnn_report_json(report, NULL), CNN_OK);
  ck_assert_int_eq(cnn_report_json(report, &(cnn_sink){.size = 3}), CNN_EINVAL);
  cnn_report_free(report);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("report_json");
  TCase *tests = tcase_create("report");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, errors_with_their_confidence);
  tcase_add_test(tests, as_json);
  tcase_add_test(tests, without_errors);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
