/* Reports against scikit-learn's: its texts byte by byte, its figures, and what is refused. */
#include <cnn/cnn.h>

#include "alloc.h"
#include "reference.h"

#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

static void expect_text(const char *part) {
  ck_assert_msg(strstr(cnn_error_text(), part) != NULL, "'%s' lacks '%s'", cnn_error_text(), part);
}

/* What was printed, and a sink that collects it. */
typedef struct collected {
  char text[8192];
  size_t length;
} collected;

static void collect(void *user, const char *text, size_t length) {
  collected *c = user;
  ck_assert_uint_lt(c->length + length, sizeof c->text);
  memcpy(c->text + c->length, text, length);
  c->length += length;
  c->text[c->length] = 0;
}

static cnn_sink sink_of(collected *c, int32_t columns) {
  memset(c, 0, sizeof *c);
  return (cnn_sink){.size = sizeof(cnn_sink), .user = c, .write = collect, .columns = columns};
}

static cnn_tensor *integers(const int32_t *values, int64_t count) {
  cnn_tensor *tensor;
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_I32, 1, &count, NULL), CNN_OK);
  if (count)
    memcpy(cnn_tensor_data(tensor), values, (size_t)count * sizeof *values);
  return tensor;
}

static cnn_report *report_of(const int32_t *labels, const int32_t *predictions, int64_t count, const cnn_report_opts *options) {
  cnn_report *report;
  cnn_tensor *a = integers(labels, count), *b = integers(predictions, count);
  ck_assert_int_eq(cnn_report_new(&report, context, a, b, options), CNN_OK);
  cnn_tensor_free(a);
  cnn_tensor_free(b);
  return report;
}

static void read_text(char *to, size_t room, const char *path) {
  char full[4096];
  snprintf(full, sizeof full, "%s/%s", REFERENCE_DIR, path);
  FILE *file = fopen(full, "rb");
  ck_assert_msg(file != NULL, "cannot open %s", full);
  size_t length = fread(to, 1, room - 1, file);
  ck_assert_uint_lt(length, room - 1);
  to[length] = 0;
  fclose(file);
}

/* Numbers separated by blanks; their count. */
static int64_t read_numbers(int32_t *to, const char *text) {
  int64_t count = 0;
  for (char *end; *text; text = *end ? end + 1 : end)
    to[count++] = (int32_t)strtol(text, &end, 10);
  return count;
}

/* Labels and predictions that give a case's matrix, where the case is too large to list them. */
static int64_t numbers_of_matrix(int32_t *labels, int32_t *predictions, const json_t *matrix) {
  int64_t count = 0;
  for (size_t i = 0; i < json_array_size(matrix); i++)
    for (size_t j = 0; j < json_array_size(matrix); j++)
      for (json_int_t n = json_integer_value(json_array_get(json_array_get(matrix, i), j)); n > 0; n--) {
        labels[count] = (int32_t)i;
        predictions[count++] = (int32_t)j;
      }
  return count;
}

static void compare_figures(const cnn_report *report, const json_t *row) {
  static const char *const keys[] = {"precision", "recall", "f1-score"};
  const json_t *dict = json_object_get(row, "report_dict"), *names = json_object_get(json_object_get(row, "arguments"), "target_names");
  for (int64_t i = 0; i < cnn_report_classes(report); i++) {
    char name[64];
    if (names)
      snprintf(name, sizeof name, "%s", json_string_value(json_array_get(names, (size_t)i)));
    else
      snprintf(name, sizeof name, "%d", (int)i);
    const json_t *figures = json_object_get(dict, name);
    const double ours[] = {cnn_report_precision(report, i), cnn_report_recall(report, i), cnn_report_f1(report, i)};
    for (int k = 0; figures && k < 3; k++)
      ck_assert_double_eq_tol(ours[k], json_number_value(json_object_get(figures, keys[k])), 1e-15);
    ck_assert_int_eq(cnn_report_support(report, i), figures ? (int64_t)json_number_value(json_object_get(figures, "support")) : 0);
  }
  for (int k = 0; k < 3; k++) {
    ck_assert_double_eq_tol(cnn_report_macro(report, k), json_number_value(json_object_get(json_object_get(dict, "macro avg"), keys[k])), 1e-15);
    ck_assert_double_eq_tol(cnn_report_weighted(report, k),
                            json_number_value(json_object_get(json_object_get(dict, "weighted avg"), keys[k])), 1e-15);
  }
  ck_assert_double_eq_tol(cnn_report_accuracy(report), json_number_value(json_object_get(row, "accuracy")), 1e-15);
}

/* The matrix of a case has only the classes that occur. */
static void compare_matrix(const cnn_report *report, const json_t *matrix) {
  int64_t occurring[64], n = 0;
  for (int64_t i = 0; i < cnn_report_classes(report); i++) {
    int64_t predicted = 0;
    for (int64_t j = 0; j < cnn_report_classes(report); j++)
      predicted += cnn_report_count(report, j, i);
    if (predicted || cnn_report_support(report, i))
      occurring[n++] = i;
  }
  ck_assert_int_eq(n, (int64_t)json_array_size(matrix));
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++)
      ck_assert_int_eq(cnn_report_count(report, occurring[i], occurring[j]),
                       json_integer_value(json_array_get(json_array_get(matrix, (size_t)i), (size_t)j)));
}

/* Other labels than all that occur, and other values for 0/0 than 0, are not what this version does. */
static int32_t is_ours(const json_t *row) {
  const json_t *arguments = json_object_get(row, "arguments"), *zero = json_object_get(arguments, "zero_division");
  return !json_object_get(row, "error") && !json_object_get(arguments, "labels") &&
         (!zero || (json_is_integer(zero) && json_integer_value(zero) == 0));
}

static void try_case(const json_t *row) {
  static int32_t labels[200000], predictions[200000];
  char expected[8192];
  const char *names[64];
  const json_t *arguments = json_object_get(row, "arguments"), *given = json_object_get(arguments, "target_names");
  const json_t *digits = json_object_get(arguments, "digits"), *matrix = json_object_get(row, "confusion_matrix");
  int64_t count = json_object_get(row, "y_true") ? read_numbers(labels, json_string_value(json_object_get(row, "y_true")))
                                                 : numbers_of_matrix(labels, predictions, matrix);
  if (json_object_get(row, "y_true"))
    ck_assert_int_eq(read_numbers(predictions, json_string_value(json_object_get(row, "y_pred"))), count);
  for (size_t i = 0; i < json_array_size(given); i++)
    names[i] = json_string_value(json_array_get(given, i));
  cnn_report *report = report_of(labels, predictions, count,
                                 cnn_report_opts(.classes = (int64_t)json_array_size(given), .class_names = given ? names : NULL));
  collected printed;
  cnn_sink sink = sink_of(&printed, 0);
  ck_assert_int_eq(cnn_report_print(report, &sink, digits ? (int32_t)json_integer_value(digits) : 2), CNN_OK);
  read_text(expected, sizeof expected, json_string_value(json_object_get(row, "report_file")));
  ck_assert_str_eq(printed.text, expected);
  ck_assert_int_eq(cnn_report_samples(report), count);
  compare_figures(report, row);
  compare_matrix(report, matrix);
  cnn_report_free(report);
}

START_TEST(as_scikit_learn) {
  json_t *rows = reference_json("text/sklearn/cases.json"), *row;
  size_t index, tried = 0;
  json_array_foreach(rows, index, row) if (is_ours(row)) {
    try_case(row);
    tried++;
  }
  ck_assert_uint_eq(tried, 13);
  json_decref(rows);
}
END_TEST

START_TEST(the_notebooks_report) {
  static int32_t labels[10000], predictions[10000];
  static char csv[65536], prints[8192];
  static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  int64_t count = 0, label, prediction;
  read_text(csv, sizeof csv, "text/notebook_prints_report_labels.csv");
  read_text(prints, sizeof prints, "text/notebook_prints_report.txt");
  for (char *line = strchr(csv, '\n') + 1; *line; line = strchr(line, '\n') + 1, count++)
    ck_assert_int_eq(sscanf(line, "%d,%d", &labels[count], &predictions[count]), 2);
  ck_assert_int_eq(count, 10000);
  cnn_report *report = report_of(labels, predictions, count, cnn_report_opts(.classes = 10, .class_names = names));
  collected printed;
  cnn_sink sink = sink_of(&printed, 0);
  ck_assert_int_eq(cnn_report_print(report, &sink, 2), CNN_OK);
  ck_assert_ptr_nonnull(strstr(prints, printed.text));
  for (int digit = 0; digit < 10; digit++) {
    char line[64];
    double share = cnn_report_recall(report, digit);
    snprintf(line, sizeof line, "  Digit %d: %.4f (%.2f%%)\n", digit, share, share * 100);
    ck_assert_msg(strstr(prints, line) != NULL, "%s", line);
  }
  ck_assert_int_eq(cnn_report_most_confused(report, &label, &prediction), 9);
  ck_assert(label == 5 && prediction == 9);
  ck_assert_double_eq_tol(cnn_report_accuracy(report), 0.9807, 1e-15);
  cnn_report_free(report);
}
END_TEST

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
  tcase_add_test(tests, as_scikit_learn);
  tcase_add_test(tests, the_notebooks_report);
  tcase_add_test(tests, predictions_as_rows);
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
