/* accuracy: every reference case over its batches. */
#include "reference.h"

#include "objective/objective.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static json_t *names;

START_TEST(running_mean) {
  const char *name = json_string_value(json_array_get(names, (size_t)_i));
  reference *r = reference_open("metrics", name);
  char metric_name[64];
  snprintf(metric_name, sizeof metric_name, "%s", name);
  if (strstr(metric_name, "_ties"))
    *strstr(metric_name, "_ties") = 0;
  const cnn__metric *metric = cnn__metric_find(metric_name, 0, 0);
  ck_assert_msg(metric != NULL, "%s", cnn_error_text());
  const reference_tensor *result = reference_get(r, "result");
  double sum = 0, count = 0;
  for (int32_t batch = 0; batch < result->count; batch++) {
    char key[32];
    float outputs[256], targets[256];
    int32_t labels[64];
    double values[64];
    snprintf(key, sizeof key, "y_pred.%d", (int)batch);
    const reference_tensor *p = reference_get(r, key);
    snprintf(key, sizeof key, "y_true.%d", (int)batch);
    const reference_tensor *y = reference_get(r, key);
    reference_floats(p, outputs);
    for (int64_t i = 0; i < y->count; i++) {
      targets[i] = (float)y->values[i];
      if (y->rank == 1)
        labels[i] = (int32_t)y->values[i];
    }
    cnn__rows rows = {.count = p->shape[0], .columns = p->shape[1], .outputs = outputs,
                      .labels = y->rank == 1 ? labels : NULL, .targets = y->rank == 1 ? NULL : targets};
    metric->rows(&rows, values);
    for (int64_t i = 0; i < rows.count; i++)
      sum += values[i];
    count += (double)rows.count;
    ck_assert_double_eq_tol(sum / count, result->values[batch], 2e-6);
  }
  reference_close(r);
}
END_TEST

START_TEST(binary_by_columns) {
  static const float outputs[] = {0.5f, 0.51f, 0.2f, 0.9f}, targets[] = {0, 1, 1, 1};
  static const int32_t labels[] = {0, 1, 1, 1};
  double values[4];
  cnn__rows rows = {.count = 4, .columns = 1, .outputs = outputs, .labels = labels};
  cnn__binary_accuracy_metric.rows(&rows, values);
  ck_assert(values[0] == 1 && values[1] == 1 && values[2] == 0 && values[3] == 1);
  rows = (cnn__rows){.count = 2, .columns = 2, .outputs = outputs, .targets = targets};
  cnn__binary_accuracy_metric.rows(&rows, values);
  ck_assert(values[0] == 1 && values[1] == 0.5);
  rows = (cnn__rows){.count = 2, .columns = 2, .outputs = outputs, .labels = labels};
  cnn__binary_accuracy_metric.rows(&rows, values);
  ck_assert(values[0] == 0 && values[1] == 1);
}
END_TEST

int main(void) {
  names = reference_json("metrics/index.json");
  Suite *suite = suite_create("accuracy");
  TCase *tests = tcase_create("accuracy");
  tcase_add_loop_test(tests, running_mean, 0, (int)json_array_size(names));
  tcase_add_test(tests, binary_by_columns);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(names);
  return failed != 0;
}
