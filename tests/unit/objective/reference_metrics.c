/* reference_metrics: every reference case over its batches, plain and weighted; and what shapes and ties make of accuracy. */
#include "objective_case.h"

#include <check.h>
#include <math.h>
#include <stdio.h>

static json_t *names;

START_TEST(running_means) {
  objective_case c;
  objective_case_open(&c, "metrics", json_string_value(json_array_get(names, (size_t)_i)));
  const reference_tensor *result = reference_get(c.r, "result"), *weighted = reference_get(c.r, "result.weighted");
  double sum = 0, count = 0, weighted_sum = 0, weight = 0;
  for (int32_t batch = 0; batch < result->count; batch++) {
    char outputs[32], targets[32], weights[32];
    snprintf(outputs, sizeof outputs, "y_pred.%d", (int)batch);
    snprintf(targets, sizeof targets, "y_true.%d", (int)batch);
    snprintf(weights, sizeof weights, "sample_weight.%d", (int)batch);
    const reference_tensor *w = reference_get(c.r, weights);
    objective_case_rows(&c, outputs, targets);
    c.objective->type->rows(c.objective->attributes, &c.rows, 0, c.values, NULL);
    for (int64_t i = 0; i < c.rows.count; i++) {
      sum += c.values[i];
      weighted_sum += w->values[i] * c.values[i];
      weight += w->values[i];
    }
    count += (double)c.rows.count;
    int32_t root = c.objective->type->root;
    ck_assert_double_eq_tol(root ? sqrt(sum / count) : sum / count, result->values[batch], 2e-6);
    ck_assert_double_eq_tol(root ? sqrt(weighted_sum / weight) : weighted_sum / weight, weighted->values[batch], 2e-6);
  }
  objective_case_close(&c);
}
END_TEST

/* Values of the metric `type` of rows. */
static void values_of(const char *type, const char *attributes, const cnn__rows *rows, double *values) {
  cnn_context *context;
  cnn_metric *metric;
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_metric_new(&metric, context, type, attributes), CNN_OK);
  metric->objective.type->rows(metric->objective.attributes, rows, 0, values, NULL);
  cnn_metric_free(metric);
  cnn_context_free(context);
}

START_TEST(binary_by_columns) {
  static const float outputs[] = {0.5f, 0.51f, 0.2f, 0.9f}, targets[] = {0, 1, 1, 1};
  static const int32_t labels[] = {0, 1, 1, 1};
  double values[4];
  cnn__rows rows = {.count = 4, .columns = 1, .outputs = outputs, .labels = labels};
  values_of("binary_accuracy", NULL, &rows, values);
  ck_assert(values[0] == 1 && values[1] == 1 && values[2] == 0 && values[3] == 1);
  values_of("binary_accuracy", "threshold=0.1", &rows, values);
  ck_assert(values[0] == 0 && values[1] == 1 && values[2] == 1 && values[3] == 1);
  rows = (cnn__rows){.count = 2, .columns = 2, .outputs = outputs, .targets = targets};
  values_of("binary_accuracy", NULL, &rows, values);
  ck_assert(values[0] == 1 && values[1] == 0.5);
  rows = (cnn__rows){.count = 2, .columns = 2, .outputs = outputs, .labels = labels};
  values_of("binary_accuracy", NULL, &rows, values);
  ck_assert(values[0] == 0 && values[1] == 1);
}
END_TEST

START_TEST(accuracy_is_what_the_shapes_say) {
  static const float outputs[] = {0.3f, 0.4f, 0.7f, 0.6f}, targets[] = {0, 1, 0, 1};
  static const int32_t labels[] = {1, 1, 0, 0};
  double values[4], by_name[4];
  cnn__rows rows = {.count = 4, .columns = 1, .outputs = outputs, .labels = labels};
  values_of("accuracy", NULL, &rows, values);
  values_of("binary_accuracy", NULL, &rows, by_name);
  ck_assert_mem_eq(values, by_name, sizeof values);
  rows = (cnn__rows){.count = 2, .columns = 2, .outputs = outputs, .labels = labels};
  values_of("acc", NULL, &rows, values);
  ck_assert(values[0] == 1 && values[1] == 0);
  rows = (cnn__rows){.count = 2, .columns = 2, .outputs = outputs, .targets = targets};
  values_of("accuracy", NULL, &rows, values);
  ck_assert(values[0] == 1 && values[1] == 0);
}
END_TEST

START_TEST(top_k_counts_what_is_greater) {
  static const float outputs[] = {0.2f, 0.3f, 0.3f, 0.2f, NAN, 0.1f, 0.2f, 0.3f};
  static const int32_t labels[] = {2, 0};
  double values[2];
  const cnn__rows rows = {.count = 2, .columns = 4, .outputs = outputs, .labels = labels};
  values_of("top_k_categorical_accuracy", "k=1", &rows, values);
  ck_assert(values[0] == 1 && values[1] == 0); /* a tie is a hit, NaN never */
  values_of("sparse_top_k_categorical_accuracy", NULL, &rows, values);
  ck_assert(values[0] == 1 && values[1] == 0);
}
END_TEST

int main(void) {
  names = reference_json("metrics/index.json");
  Suite *suite = suite_create("reference_metrics");
  TCase *tests = tcase_create("all");
  tcase_add_loop_test(tests, running_means, 0, (int)json_array_size(names));
  tcase_add_test(tests, binary_by_columns);
  tcase_add_test(tests, accuracy_is_what_the_shapes_say);
  tcase_add_test(tests, top_k_counts_what_is_greater);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(names);
  return failed != 0;
}
