/* Reports against scikit-learn's: its texts byte by byte, its figures. */
#include "report_check.h"

#include "reference.h"

#include <stdio.h>
#include <stdlib.h>

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

int main(void) {
  Suite *suite = suite_create("report_sklearn");
  TCase *tests = tcase_create("report");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, as_scikit_learn);
  tcase_add_test(tests, the_notebooks_report);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
