/* reference_losses: every reference case through the handle: values of rows and the gradient of their sum and mean, against
 * float64; and the gradient of every loss of the registry against central differences. */
#include "objective_case.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *names;

/* 1 - 1e-7 lies at another place in float64 than in float32: where an element is clipped there, Keras's float32 value is
 * the one meant. */
static const reference_tensor *expected(const objective_case *c, const char *tensor) {
  char name[128];
  int32_t clipped = strstr(c->name, "crossentropy_extreme") != NULL;
  snprintf(name, sizeof name, "%s%s", tensor, clipped ? "" : ".f64");
  return reference_get(c->r, name);
}

static void check_gradient(objective_case *c, const char *tensor, float scale) {
  const reference_tensor *gradient = expected(c, tensor);
  double *values = malloc((size_t)c->rows.count * sizeof *values);
  c->objective->type->rows(c->objective->attributes, &c->rows, scale, values, c->gradient);
  reference_compare(tensor, c->gradient, gradient, 1e-6 * reference_largest(gradient));
  free(values);
}

START_TEST(values_and_gradients) {
  objective_case c;
  objective_case_open(&c, "losses", json_string_value(json_array_get(names, (size_t)_i)));
  const reference_tensor *value = expected(&c, "value.none");
  int64_t kept = c.rows.count;
  for (int64_t i = 0; i < c.rows.count && c.rows.labels; i++)
    kept -= c.rows.labels[i] == c.objective->ignored;
  c.objective->type->rows(c.objective->attributes, &c.rows, 1, c.values, NULL);
  ck_assert_int_eq(value->count, c.rows.count);
  for (int64_t i = 0; i < value->count; i++) {
    double wanted = value->values[i];
    if (isnan(wanted))
      ck_assert(isnan(c.values[i]));
    else
      ck_assert_msg(fabs(c.values[i] - wanted) <= 1e-6 * fmax(1, fabs(wanted)), "%s: loss %lld is %.9g, should be %.9g",
                    c.name, (long long)i, c.values[i], wanted);
  }
  check_gradient(&c, "grad_y_pred.sum", 1);
  check_gradient(&c, "grad_y_pred.sum_over_batch_size", 1.0f / (float)kept);
  objective_case_close(&c);
}
END_TEST

START_TEST(without_gradient_the_losses_are_the_same) {
  objective_case c;
  objective_case_open(&c, "losses", json_string_value(json_array_get(names, (size_t)_i)));
  double *losses = malloc((size_t)c.rows.count * sizeof *losses);
  c.objective->type->rows(c.objective->attributes, &c.rows, 1, losses, NULL);
  c.objective->type->rows(c.objective->attributes, &c.rows, 1, c.values, c.gradient);
  ck_assert_mem_eq(losses, c.values, (size_t)c.rows.count * sizeof *losses);
  free(losses);
  objective_case_close(&c);
}
END_TEST

/* ---- central differences ---- */

enum { ROWS = 3, COLUMNS = 4, STEPS = 3 };

static void fill(float *outputs, float *targets, int32_t *labels, int32_t logits) {
  for (int i = 0; i < ROWS; i++) {
    float sum = 0;
    for (int j = 0; j < COLUMNS; j++) {
      outputs[i * COLUMNS + j] = logits ? 0.7f * (float)((i * 5 + j * 3) % 7) - 2 : 0.1f + 0.05f * (float)((i * 5 + j * 3) % 7);
      sum += targets[i * COLUMNS + j] = (float)((i + 2 * j) % 5 + 1);
    }
    for (int j = 0; j < COLUMNS; j++)
      targets[i * COLUMNS + j] /= sum;
    labels[i] = (i * 2 + 1) % COLUMNS;
  }
}

/* The loss of row 0..ROWS-1 summed, with output `at` moved. */
static double moved(const cnn__objective *loss, cnn__rows rows, int64_t at, float to) {
  float outputs[ROWS * COLUMNS];
  double values[ROWS], sum = 0;
  memcpy(outputs, rows.outputs, sizeof outputs);
  outputs[at] = to;
  rows.outputs = outputs;
  loss->type->rows(loss->attributes, &rows, 1, values, NULL);
  for (int i = 0; i < ROWS; i++)
    sum += values[i];
  return sum;
}

static void differences(const cnn__objective *loss, const cnn__rows *rows) {
  float gradient[ROWS * COLUMNS];
  double values[ROWS];
  loss->type->rows(loss->attributes, rows, 1, values, gradient);
  for (int64_t i = 0; i < ROWS * COLUMNS; i++) {
    volatile float high = rows->outputs[i] + 0x1p-12f, low = rows->outputs[i] - 0x1p-12f;
    double slope = (moved(loss, *rows, i, high) - moved(loss, *rows, i, low)) / ((double)high - (double)low);
    ck_assert_msg(fabs(slope - (double)gradient[i]) <= 2e-5 * fmax(1, fabs(slope)),
                  "%s: gradient %lld is %.9g, by differences %.9g", loss->type->name, (long long)i, (double)gradient[i], slope);
  }
}

START_TEST(gradients_are_central_differences) {
  static const char *const with[] = {"", "from_logits=true", "label_smoothing=0.2", "delta=0.3", "ignore_class=3"};
  cnn_context *context;
  float outputs[ROWS * COLUMNS], targets[ROWS * COLUMNS];
  int32_t labels[ROWS];
  int32_t done = 0;
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  for (size_t w = 0; w < sizeof with / sizeof with[0]; w++) {
    cnn_loss *loss;
    if (cnn_loss_new(&loss, context, cnn_loss_type_at(_i), with[w]) < 0)
      continue; /* it has no such attribute */
    cnn__rows rows = {.count = ROWS, .columns = COLUMNS, .outputs = outputs, .targets = targets};
    fill(outputs, targets, labels, w == 1);
    if (!loss->objective.type->labels_only)
      differences(&loss->objective, &rows);
    rows.targets = NULL;
    rows.labels = labels;
    differences(&loss->objective, &rows);
    cnn_loss_free(loss);
    done++;
  }
  ck_assert_int_ge(done, 1);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  names = reference_json("losses/index.json");
  Suite *suite = suite_create("reference_losses");
  TCase *tests = tcase_create("all");
  tcase_add_loop_test(tests, values_and_gradients, 0, (int)json_array_size(names));
  tcase_add_loop_test(tests, without_gradient_the_losses_are_the_same, 0, (int)json_array_size(names));
  tcase_add_loop_test(tests, gradients_are_central_differences, 0, cnn_loss_type_count());
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(names);
  return failed != 0;
}
