/* crossentropy: every reference case, value and gradient, against float64; from logits, from probabilities, with
 * targets and with labels. */
#include "reference.h"

#include "objective/objective.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *names;

/* A case as rows: y_true as targets or labels, y_pred flattened to its last axis. */
typedef struct loss_case {
  const char *name;
  reference *r;
  const cnn__loss *loss;
  cnn__rows rows;
  float *outputs, *targets, *gradient;
  int32_t *labels;
  double *losses;
} loss_case;

static void open_case(loss_case *c, const char *name) {
  c->name = name;
  c->r = reference_open("losses", name);
  const reference_tensor *p = reference_get(c->r, "y_pred"), *y = reference_get(c->r, "y_true");
  int32_t sparse = strncmp(name, "sparse", 6) == 0;
  c->loss = cnn__loss_find(sparse ? "sparse_categorical_crossentropy" : "categorical_crossentropy");
  ck_assert_ptr_nonnull(c->loss);
  size_t n = (size_t)p->count;
  c->outputs = malloc(n * sizeof(float));
  c->targets = malloc(n * sizeof(float));
  c->gradient = malloc(n * sizeof(float));
  c->labels = malloc(n * sizeof(int32_t));
  c->losses = malloc(n * sizeof(double));
  reference_floats(p, c->outputs);
  for (int64_t i = 0; i < y->count; i++) {
    c->labels[i] = (int32_t)y->values[i];
    c->targets[i] = (float)y->values[i];
  }
  int32_t logits = json_is_true(json_object_get(json_object_get(c->r->meta, "config"), "from_logits")) ||
                   strstr(name, "after_softmax") != NULL;
  c->rows = (cnn__rows){.columns = p->shape[p->rank - 1], .outputs = c->outputs, .from_logits = logits,
                        .labels = sparse ? c->labels : NULL, .targets = sparse ? NULL : c->targets};
  c->rows.count = p->count / c->rows.columns;
}

static void close_case(loss_case *c) {
  free(c->outputs);
  free(c->targets);
  free(c->gradient);
  free(c->labels);
  free(c->losses);
  reference_close(c->r);
}

/* 1 - 1e-7 lies at another place in float64 than in float32: where an element is clipped there, Keras's float32
 * value is the one meant. */
static const reference_tensor *expected(const loss_case *c, const char *tensor) {
  char name[128];
  strcpy(name, tensor);
  if (!strstr(c->name, "crossentropy_extreme"))
    strcat(name, ".f64");
  return reference_get(c->r, name);
}

START_TEST(value_and_gradient) {
  loss_case c;
  open_case(&c, json_string_value(json_array_get(names, (size_t)_i)));
  const reference_tensor *value = expected(&c, "value.none");
  const reference_tensor *gradient = expected(&c, "grad_y_pred.sum_over_batch_size");
  c.loss->rows(&c.rows, 1.0f / (float)c.rows.count, c.losses, c.gradient);
  ck_assert_int_eq(value->count, c.rows.count);
  for (int64_t i = 0; i < value->count; i++) {
    double wanted = value->values[i];
    if (isnan(wanted))
      ck_assert(isnan(c.losses[i]));
    else
      ck_assert_msg(fabs(c.losses[i] - wanted) <= 1e-6 * fmax(1, fabs(wanted)), "%s: loss %lld is %.9g, should be %.9g",
                    c.name, (long long)i, c.losses[i], wanted);
  }
  reference_compare(c.name, c.gradient, gradient, 1e-6 * reference_largest(gradient));
  close_case(&c);
}
END_TEST

START_TEST(without_gradient_the_losses_are_the_same) {
  loss_case c;
  open_case(&c, json_string_value(json_array_get(names, (size_t)_i)));
  double *losses = malloc((size_t)c.rows.count * sizeof *losses);
  c.loss->rows(&c.rows, 1, losses, NULL);
  c.loss->rows(&c.rows, 1, c.losses, c.gradient);
  ck_assert_mem_eq(losses, c.losses, (size_t)c.rows.count * sizeof *losses);
  free(losses);
  close_case(&c);
}
END_TEST

START_TEST(labels_are_one_hot_targets) {
  static const float outputs[] = {0.2f, 0.3f, 0.5f, 0.9f, 0.05f, 0.05f};
  static const float targets[] = {0, 0, 1, 1, 0, 0};
  static const int32_t labels[] = {2, 0};
  double a[2], b[2];
  float ga[6], gb[6];
  for (int32_t logits = 0; logits < 2; logits++) {
    cnn__rows rows = {.count = 2, .columns = 3, .outputs = outputs, .from_logits = logits, .targets = targets};
    cnn__categorical_crossentropy_loss.rows(&rows, 0.5f, a, ga);
    rows.targets = NULL;
    rows.labels = labels;
    cnn__categorical_crossentropy_loss.rows(&rows, 0.5f, b, gb);
    ck_assert_mem_eq(a, b, sizeof a);
    ck_assert_mem_eq(ga, gb, sizeof ga);
  }
}
END_TEST

START_TEST(three_logits) {
  static const float logits[] = {1, 2, 3};
  static const double expected_losses[] = {2.40760596, 1.40760596, 0.40760596};
  static const double expected_gradient[] = {0.09003057, 0.24472847, -0.33475904};
  float gradient[3];
  for (int32_t label = 0; label < 3; label++) {
    double loss;
    cnn__rows rows = {.count = 1, .columns = 3, .outputs = logits, .from_logits = 1, .labels = &label};
    cnn__sparse_categorical_crossentropy_loss.rows(&rows, 1, &loss, gradient);
    ck_assert_double_eq_tol(loss, expected_losses[label], 1e-8);
  }
  for (int j = 0; j < 3; j++)
    ck_assert_double_eq_tol(gradient[j], expected_gradient[j], 1e-7);
}
END_TEST

int main(void) {
  names = reference_json("losses/index.json");
  Suite *suite = suite_create("crossentropy");
  TCase *tests = tcase_create("crossentropy");
  tcase_add_loop_test(tests, value_and_gradient, 0, (int)json_array_size(names));
  tcase_add_loop_test(tests, without_gradient_the_losses_are_the_same, 0, (int)json_array_size(names));
  tcase_add_test(tests, labels_are_one_hot_targets);
  tcase_add_test(tests, three_logits);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(names);
  return failed != 0;
}
