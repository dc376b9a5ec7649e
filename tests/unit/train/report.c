/* Reports: what is refused, what stands out of range, how they print. */
#include "report_check.h"

#include "alloc.h"

#include <locale.h>
#include <math.h>

static void expect_text(const char *part) {
  ck_assert_msg(strstr(cnn_error_text(), part) != NULL, "'%s' lacks '%s'", cnn_error_text(), part);
}

/* The class is the first of the largest columns. */
START_TEST(predictions_as_rows) {
  const float rows[] = {0.1f, 0.8f, 0.1f, 0.4f, 0.2f, 0.4f, 0.0f, 0.0f, 1.0f, 0.3f, 0.3f, 0.3f};
  const uint8_t labels[] = {1, 2, 2, 1};
  cnn_tensor *a, *b;
  cnn_report *report;
  int64_t label, prediction;
  ck_assert_int_eq(cnn_tensor_new(&a, context, CNN_U8, 2, (const int64_t[]){4, 1}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&b, context, CNN_F32, 2, (const int64_t[]){4, 3}, NULL), CNN_OK);
  memcpy(cnn_tensor_data(a), labels, sizeof labels);
  memcpy(cnn_tensor_data(b), rows, sizeof rows);
  ck_assert_int_eq(cnn_report_new(&report, context, a, b, NULL), CNN_OK);
  ck_assert_int_eq(cnn_report_classes(report), 3);
  ck_assert_int_eq(cnn_report_count(report, 1, 1), 1);
  ck_assert_int_eq(cnn_report_count(report, 2, 0), 1);
  ck_assert_int_eq(cnn_report_count(report, 2, 2), 1);
  ck_assert_int_eq(cnn_report_count(report, 1, 0), 1);
  ck_assert_int_eq(cnn_report_most_confused(report, &label, &prediction), 1);
  ck_assert(label == 1 && prediction == 0);
  cnn_report_free(report);
  ck_assert_int_eq(cnn_report_new(&report, context, a, b, cnn_report_opts(.classes = 4)), CNN_ESHAPE);
  ck_assert_ptr_null(report);
  ((float *)cnn_tensor_data(b))[7] = NAN;
  ck_assert_int_eq(cnn_report_new(&report, context, a, b, NULL), CNN_EDATA);
  expect_text("sample 2");
  ((float *)cnn_tensor_data(b))[7] = 0;
  ((uint8_t *)cnn_tensor_data(a))[3] = 3;
  ck_assert_int_eq(cnn_report_new(&report, context, a, b, NULL), CNN_EDATA);
  expect_text("label 3 of sample 3 is not in [0, 3)");
  cnn_tensor_free(a);
  cnn_tensor_free(b);
}
END_TEST

/* Figures of no report: a program that asks for them goes on. */
START_TEST(null_is_answered) {
  int64_t label = 7, prediction = 7;
  ck_assert_int_eq(cnn_report_classes(NULL), 0);
  ck_assert_int_eq(cnn_report_samples(NULL), 0);
  ck_assert_int_eq(cnn_report_count(NULL, 0, 0), -1);
  ck_assert_int_eq(cnn_report_support(NULL, 0), -1);
  ck_assert_int_eq(cnn_report_error_count(NULL), 0);
  ck_assert_double_eq(cnn_report_accuracy(NULL), 0);
  ck_assert_double_nan(cnn_report_precision(NULL, 0));
  ck_assert_double_nan(cnn_report_recall(NULL, 0));
  ck_assert_double_nan(cnn_report_f1(NULL, 0));
  ck_assert_double_nan(cnn_report_class_accuracy(NULL, 0));
  ck_assert_double_nan(cnn_report_macro(NULL, 0));
  ck_assert_double_nan(cnn_report_weighted(NULL, 0));
  ck_assert_int_eq(cnn_report_most_confused(NULL, &label, &prediction), 0);
  ck_assert(label == -1 && prediction == -1);
}
END_TEST

START_TEST(out_of_range) {
  const int32_t labels[] = {0, 1, 1}, predictions[] = {0, 1, 1};
  int64_t label, prediction;
  cnn_report *report = report_of(labels, predictions, 3, cnn_report_opts(.classes = 5));
  ck_assert_int_eq(cnn_report_most_confused(report, &label, &prediction), 0);
  ck_assert(label == -1 && prediction == -1);
  ck_assert_int_eq(cnn_report_most_confused(report, NULL, NULL), 0);
  const int64_t bad[] = {-1, 5, INT64_MAX, INT64_MIN};
  for (int i = 0; i < 4; i++) {
    ck_assert_int_eq(cnn_report_count(report, bad[i], 0), -1);
    ck_assert_int_eq(cnn_report_count(report, 0, bad[i]), -1);
    ck_assert_int_eq(cnn_report_support(report, bad[i]), -1);
    ck_assert_double_nan(cnn_report_precision(report, bad[i]));
    ck_assert_double_nan(cnn_report_recall(report, bad[i]));
    ck_assert_double_nan(cnn_report_f1(report, bad[i]));
  }
  ck_assert_double_nan(cnn_report_macro(report, 3));
  ck_assert_double_nan(cnn_report_weighted(report, -1));
  ck_assert(cnn_report_precision(report, 4) == 0 && cnn_report_support(report, 4) == 0);
  ck_assert(cnn_report_macro(report, 0) == 1); /* absent classes count in no average */
  collected printed;
  cnn_sink sink = sink_of(&printed, 0);
  ck_assert_int_eq(cnn_report_print(report, &sink, -1), CNN_EINVAL);
  ck_assert_int_eq(cnn_report_print(report, &sink, 10), CNN_EINVAL);
  ck_assert_int_eq(cnn_report_print(report, &(cnn_sink){.size = 3}, 2), CNN_EINVAL);
  ck_assert_uint_eq(printed.length, 0);
  ck_assert_int_eq(cnn_report_print(report, NULL, 2), CNN_OK); /* the context has no sink: silence */
  ck_assert_int_eq(cnn_report_print_matrix(report, NULL), CNN_OK);
  cnn_report_free(report);
  cnn_report_free(NULL);
}
END_TEST

START_TEST(what_is_refused) {
  const int32_t values[] = {0, 1, -1, 5000};
  cnn_tensor *two = integers(values, 2), *three = integers(values, 3), *large = integers(values + 2, 2), *none = integers(NULL, 0);
  cnn_tensor *bad[3];
  cnn_report *report;
  ck_assert_int_eq(cnn_report_new(&report, context, two, three, NULL), CNN_ESHAPE);
  ck_assert_int_eq(cnn_report_new(&report, context, none, none, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_report_new(&report, context, three, three, NULL), CNN_EDATA);
  expect_text("label -1 of sample 2");
  ck_assert_int_eq(cnn_report_new(&report, context, two, large, NULL), CNN_EDATA);
  expect_text("prediction -1 of sample 0");
  ((int32_t *)cnn_tensor_data(large))[0] = 0;
  ck_assert_int_eq(cnn_report_new(&report, context, large, two, NULL), CNN_EDATA);
  expect_text("label 5000 of sample 1 is not in [0, 4096)");
  ck_assert_int_eq(cnn_report_new(&report, context, two, two, cnn_report_opts(.classes = 1)), CNN_EDATA);
  ck_assert_int_eq(cnn_report_new(&report, context, two, two, cnn_report_opts(.classes = -1)), CNN_EINVAL);
  ck_assert_int_eq(cnn_report_new(&report, context, two, two, cnn_report_opts(.classes = 4097)), CNN_EINVAL);
  ck_assert_int_eq(cnn_report_new(&report, context, two, two, cnn_report_opts(.class_names = (const char *[]){"a", NULL})), CNN_EINVAL);
  ck_assert_int_eq(cnn_report_new(&report, context, two, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_report_new(NULL, context, two, two, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_tensor_new(&bad[0], context, CNN_F32, 1, (const int64_t[]){2}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&bad[1], context, CNN_F32, 2, (const int64_t[]){2, 0}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&bad[2], context, CNN_I32, 2, (const int64_t[]){2, 2}, NULL), CNN_OK);
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(cnn_report_new(&report, context, two, bad[i], NULL), CNN_ESHAPE);
    ck_assert_int_eq(cnn_report_new(&report, context, bad[i], two, NULL), CNN_ESHAPE);
    ck_assert_ptr_null(report);
    cnn_tensor_free(bad[i]);
  }
  cnn_tensor_free(two);
  cnn_tensor_free(three);
  cnn_tensor_free(large);
  cnn_tensor_free(none);
}
END_TEST

START_TEST(matrix_as_text) {
  const int32_t labels[] = {0, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, predictions[] = {0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0};
  static const char *const names[] = {"cat", "horse", "d\xc3\xb6rr"};
  collected printed;
  cnn_sink sink = sink_of(&printed, 0);
  cnn_report *report = report_of(labels, predictions, 14, NULL);
  ck_assert_int_eq(cnn_report_print_matrix(report, &sink), CNN_OK);
  ck_assert_str_eq(printed.text, "     predicted\n"
                                 "true  0  1  2\n"
                                 "   0  1  1  0\n"
                                 "   1  0  1  0\n"
                                 "   2  1  0 10\n");
  cnn_report_free(report);
  report = report_of(labels, predictions, 14, cnn_report_opts(.classes = 3, .class_names = names));
  sink = sink_of(&printed, 0);
  ck_assert_int_eq(cnn_report_print_matrix(report, &sink), CNN_OK);
  ck_assert_str_eq(printed.text, "      predicted\n"
                                 " true   cat horse  d\xc3\xb6rr\n"
                                 "  cat     1     1     0\n"
                                 "horse     0     1     0\n"
                                 " d\xc3\xb6rr     1     0    10\n");
  sink = sink_of(&printed, 20); /* too narrow for names */
  ck_assert_int_eq(cnn_report_print_matrix(report, &sink), CNN_OK);
  ck_assert_str_eq(printed.text, "         predicted\n"
                                 "    true  0  1  2\n"
                                 " 0   cat  1  1  0\n"
                                 " 1 horse  0  1  0\n"
                                 " 2  d\xc3\xb6rr  1  0 10\n");
  cnn_report_free(report);
}
END_TEST

START_TEST(names_are_cleaned_and_aligned) {
  const int32_t labels[] = {0, 1}, predictions[] = {0, 1};
  static const char *const names[] = {"two\nlines", "\xc3\xa4\xc3\xa4\xc3\xa4"};
  collected printed;
  cnn_sink sink = sink_of(&printed, 0);
  cnn_report *report = report_of(labels, predictions, 2, cnn_report_opts(.classes = 2, .class_names = names));
  ck_assert_int_eq(cnn_report_print(report, &sink, 1), CNN_OK);
  ck_assert_ptr_nonnull(strstr(printed.text, "\n   two?lines        1.0"));
  ck_assert_ptr_nonnull(strstr(printed.text, "\n         \xc3\xa4\xc3\xa4\xc3\xa4        1.0"));
  cnn_report_free(report);
}
END_TEST

START_TEST(decimal_point_in_every_locale) {
  const int32_t labels[] = {0, 1}, predictions[] = {0, 0};
  static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "C"};
  for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++) {
    collected printed;
    cnn_sink sink = sink_of(&printed, 0);
    if (!setlocale(LC_ALL, locales[i]))
      continue;
    cnn_report *report = report_of(labels, predictions, 2, NULL);
    ck_assert_int_eq(cnn_report_print(report, &sink, 2), CNN_OK);
    ck_assert_ptr_nonnull(strstr(printed.text, "0.50"));
    cnn_report_free(report);
  }
  setlocale(LC_ALL, "C");
}
END_TEST

static cnn_status scenario(const cnn_allocator *allocator, void *user) {
  (void)user;
  static const char *const names[] = {"a", "b"};
  collected printed;
  cnn_sink sink = sink_of(&printed, 0);
  cnn_context *made = NULL;
  cnn_tensor *labels = NULL;
  cnn_report *report = NULL;
  cnn_status status = cnn_context_new(&made, cnn_context_opts(.allocator = allocator));
  if (status >= 0)
    status = cnn_tensor_new(&labels, made, CNN_U8, 1, (const int64_t[]){4}, NULL);
  if (status >= 0)
    status = cnn_report_new(&report, made, labels, labels, cnn_report_opts(.classes = 2, .class_names = names));
  if (status >= 0)
    status = cnn_report_print(report, &sink, 2);
  if (status >= 0)
    status = cnn_report_print_matrix(report, &sink);
  if (status >= 0)
    status = cnn_report_json(report, &sink);
  cnn_context_free(made);
  cnn_tensor_free(labels);
  cnn_report_free(report);
  return status;
}

START_TEST(memory_runs_out) { ck_assert_int_ge(test_alloc_fail_each(scenario, NULL), 9); }
END_TEST

int main(void) {
  Suite *suite = suite_create("report");
  TCase *tests = tcase_create("report");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, predictions_as_rows);
  tcase_add_test(tests, null_is_answered);
  tcase_add_test(tests, out_of_range);
  tcase_add_test(tests, what_is_refused);
  tcase_add_test(tests, matrix_as_text);
  tcase_add_test(tests, names_are_cleaned_and_aligned);
  tcase_add_test(tests, decimal_point_in_every_locale);
  tcase_add_test(tests, memory_runs_out);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
