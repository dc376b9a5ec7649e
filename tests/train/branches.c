/* branches: models whose layers are no row: beside Keras in float64, beside differences, with the same bits for any number
 * of threads and any instruction set, fused or not, and after they have been saved. */
#include "branches.h"

#include "compare.h"
#include "notebook.h"
#include "reference.h"

#include "model/run_record.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 19
#define CLASSES 4
#define STEPS 3

static cnn_context *context_of(int32_t threads, const char *cpu, int32_t fuse) {
  cnn_context *context = NULL;
  if (cpu)
    setenv("CNN_CPU", cpu, 1);
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 42));
  unsetenv("CNN_CPU");
  if (cpu && status == CNN_EINVAL)
    return NULL; /* this machine has no such instruction set */
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  context->fuse = fuse;
  return context;
}

static cnn_model *every_layer(cnn_context *context) {
  int32_t variants;
  cnn_model *m = branches_every_layer(context, &variants);
  ck_assert_int_ge(variants, 40);
  return m;
}

typedef cnn_model *make_model(cnn_context *context);
static make_model *const models[] = {every_layer, branches_resnet, branches_mobilenet, branches_tangle};
#define MODELS ((int)(sizeof models / sizeof *models))

static cnn_model *compiled(cnn_context *context, make_model *make) {
  cnn_model *m = make(context);
  notebook_compile(m, "sgd", "learning_rate=0.05 momentum=0.9");
  return m;
}

static int64_t input_floats(const cnn_model *m) { return cnn__shape_count(&m->layers[0]->out); }

/* `steps` steps on one batch; the mean loss of the last. */
static double train(cnn_model *m, int32_t steps) {
  const cnn__plan *plan;
  cnn__run *run;
  test_batch batch;
  float *x, *targets;
  double loss = 0;
  branches_data(ROWS, input_floats(m), CLASSES, &x, &targets);
  test_batch_set(&batch, x, input_floats(m), targets, ROWS);
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, ROWS), CNN_OK);
  for (int32_t step = 0; step < steps; step++)
    cnn__run_train(run, m, &batch.feed, (uint32_t)m->iterations);
  for (int64_t i = 0; i < ROWS; i++)
    loss += cnn__run_losses(run)[i] / ROWS;
  cnn__run_free(run);
  free(x);
  free(targets);
  return loss;
}

/* Predictions before and the hash after training; 0 where there is no such instruction set. */
static int bits_of(make_model *make, int32_t threads, const char *cpu, int32_t fuse, float *predictions, char hash[33]) {
  cnn_context *context = context_of(threads, cpu, fuse);
  if (!context)
    return 0;
  cnn_model *m = compiled(context, make);
  cnn__run *run;
  test_batch batch;
  float *x, *targets;
  branches_data(ROWS, input_floats(m), CLASSES, &x, &targets);
  test_batch_set(&batch, x, input_floats(m), NULL, ROWS);
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, ROWS, &run), CNN_OK);
  cnn__run_predict(run, m, &batch.feed, predictions);
  cnn__model_return_run(m, run);
  ck_assert(isfinite(train(m, STEPS)));
  cnn_model_hash(m, hash);
  free(x);
  free(targets);
  cnn_model_free(m);
  cnn_context_free(context);
  return 1;
}

/* Loop index: the model, then fused or not. */
START_TEST(threads_and_instruction_sets_change_no_bit) {
  static const struct {
    int32_t threads;
    const char *cpu;
  } turns[] = {{2, NULL}, {3, NULL}, {7, NULL}, {2, "ref"}, {1, "avx2"}, {3, "avx512"}};
  float one[ROWS * CLASSES], other[ROWS * CLASSES];
  char hash[33], again[33];
  make_model *make = models[_i / 2];
  bits_of(make, 1, NULL, _i % 2, one, hash);
  for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
    if (!bits_of(make, turns[i].threads, turns[i].cpu, _i % 2, other, again))
      continue;
    compare_bits("predictions", other, one, ROWS * CLASSES, 0);
    ck_assert_msg(!strcmp(hash, again), "1 thread: %s, %d threads, %s: %s", hash, (int)turns[i].threads,
                  turns[i].cpu ? turns[i].cpu : "the best instructions", again);
  }
}
END_TEST

/* Forward the bits of fused layers are those of the layers by themselves. */
START_TEST(fusion_changes_no_prediction) {
  float apart[ROWS * CLASSES], fused[ROWS * CLASSES];
  char hash[33];
  bits_of(models[_i], 2, NULL, 0, apart, hash);
  bits_of(models[_i], 2, NULL, 1, fused, hash);
  compare_bits("predictions", fused, apart, ROWS * CLASSES, 0);
}
END_TEST

START_TEST(training_lowers_the_loss) {
  cnn_context *context = context_of(2, NULL, 1);
  cnn_model *m = compiled(context, models[_i]);
  double first = train(m, 1), last = train(m, 40);
  ck_assert_msg(last < 0.7 * first, "loss %g at first, %g at last", first, last);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

START_TEST(a_saved_model_goes_on_with_the_same_bits) {
  char path[300], straight[33], resumed[33];
  snprintf(path, sizeof path, "%s/cnn-branches-%d-%d", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir, (int)getpid(), _i);
  cnn_context *context = context_of(2, NULL, 1), *other = context_of(3, NULL, 1);
  cnn_model *m = compiled(context, models[_i]), *copy;
  train(m, 2);
  ck_assert_msg(cnn_model_save(m, path, NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_msg(cnn_model_load(&copy, other, path, NULL) == CNN_OK, "%s", cnn_error_text());
  unlink(path);
  for (int32_t i = 0; i < m->layer_count; i++)
    for (int32_t k = 0; k < m->layers[i]->input_count; k++)
      ck_assert_int_eq(copy->layers[i]->inputs[k]->index, m->layers[i]->inputs[k]->index);
  train(m, 2);
  train(copy, 2);
  ck_assert_str_eq(cnn_model_hash(m, straight), cnn_model_hash(copy, resumed));
  cnn_model_free(copy);
  cnn_model_free(m);
  cnn_context_free(context);
  cnn_context_free(other);
}
END_TEST

/* ---- beside differences ---- */

typedef struct experiment {
  cnn_model *model;
  cnn__run *run;
  test_batch batch;
} experiment;

static double loss_of(experiment *e) {
  double sum = 0;
  cnn__run_gradients(e->run, e->model, &e->batch.feed, 3);
  for (int64_t i = 0; i < ROWS; i++)
    sum += cnn__run_losses(e->run)[i] / ROWS;
  return sum;
}

static double difference(experiment *e, float *at) {
  static const float steps[4] = {0.015625f, 0.0078125f, -0.0078125f, -0.015625f};
  static const double shares[4] = {-1, 8, -8, 1};
  double sum = 0;
  float middle = *at;
  for (int i = 0; i < 4; i++) {
    *at = middle + steps[i];
    cnn__model_touch(e->model);
    sum += shares[i] * loss_of(e);
  }
  *at = middle;
  cnn__model_touch(e->model);
  return sum / (12 * 0.0078125);
}

/* Of each weight array up to 20 elements. Loop index: fused or not. */
START_TEST(gradients_of_branches_are_differences) {
  const cnn__plan *plan;
  float *x, *targets, gradients[20];
  cnn_context *context = context_of(2, NULL, _i);
  experiment e = {.model = compiled(context, branches_tangle)};
  branches_data(ROWS, input_floats(e.model), CLASSES, &x, &targets);
  test_batch_set(&e.batch, x, input_floats(e.model), targets, ROWS);
  ck_assert_int_eq(cnn__model_plan(e.model, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&e.run, e.model, plan, ROWS), CNN_OK);
  for (int32_t i = 0; i < e.model->parameter_count; i++) {
    cnn__weight *weight = cnn__model_weight(e.model, i);
    const float *gradient = e.model->parameters[i].grad;
    if (!gradient)
      continue;
    (void)loss_of(&e);
    int64_t stride = (weight->count - 1) / 20 + 1, taken = (weight->count - 1) / stride + 1;
    for (int64_t k = 0; k < taken; k++)
      gradients[k] = gradient[k * stride];
    for (int64_t k = 0; k < taken; k++) {
      double expected = difference(&e, &weight->value[k * stride]);
      ck_assert_msg(fabs((double)gradients[k] - expected) <= 2e-4 * fmax(1, fabs(expected)),
                    "%s[%lld]: gradient %.7g, differences give %.7g", weight->name, (long long)(k * stride),
                    (double)gradients[k], expected);
    }
  }
  cnn__run_free(e.run);
  free(x);
  free(targets);
  cnn_model_free(e.model);
  cnn_context_free(context);
}
END_TEST

/* ---- beside Keras ---- */

#define RESIDUAL_ROWS 10
#define RESIDUAL_CLASSES 5

/* float32 values of the reference's run, each with the tolerance that stands beside it. */
static void compare(const reference *r, const char *name, const float *actual) {
  const json_t *errors = json_object_get(json_object_get(r->meta, "errors"), name);
  ck_assert_msg(errors != NULL, "no tolerance for %s", name);
  reference_compare(name, actual, reference_get(r, name), json_number_value(json_object_get(errors, "atol")));
}

static void compare_all(const reference *r, const cnn_model *m, const char *prefix, int32_t gradients) {
  char name[96];
  for (int32_t i = 0; i < m->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(m, i);
    snprintf(name, sizeof name, "%s%s", prefix, weight->name);
    if (!gradients)
      compare(r, name, weight->value);
    else if (m->parameters[i].grad)
      compare(r, name, m->parameters[i].grad);
  }
}

static void set_weights(cnn_model *m, const reference *r) {
  char name[96];
  for (int32_t i = 0; i < m->parameter_count; i++) {
    snprintf(name, sizeof name, "initial.%s", cnn__model_weight(m, i)->name);
    reference_floats(reference_get(r, name), cnn__model_weight(m, i)->value);
  }
  cnn__model_touch(m);
}

static void one_step(cnn_model *m, cnn__run *run, const test_batch *batch, const reference *r, int32_t step) {
  char name[32];
  double sum = 0;
  cnn__run_train(run, m, &batch->feed, 0);
  for (int64_t i = 0; i < RESIDUAL_ROWS; i++)
    sum += cnn__run_losses(run)[i] / RESIDUAL_ROWS;
  float loss = (float)sum;
  snprintf(name, sizeof name, "step%d.loss", (int)step);
  compare(r, name, &loss);
  snprintf(name, sizeof name, "step%d.", (int)step);
  compare_all(r, m, name, 0);
}

/* Loop index: fused or not. */
START_TEST(the_residual_model_is_keras) {
  const cnn__plan *plan;
  cnn__run *run;
  test_batch batch;
  float predictions[RESIDUAL_ROWS * RESIDUAL_CLASSES];
  reference *r = reference_open("model", "residual");
  cnn_context *context = context_of(2, NULL, _i);
  cnn_model *m = branches_residual(context);
  int64_t floats = input_floats(m);
  float *x = malloc((size_t)(3 * RESIDUAL_ROWS * floats) * sizeof *x);
  float targets[3 * RESIDUAL_ROWS * RESIDUAL_CLASSES];
  reference_floats(reference_get(r, "x"), x);
  reference_floats(reference_get(r, "y"), targets);
  notebook_compile(m, "sgd", "learning_rate=0.05 momentum=0.9");
  set_weights(m, r);
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, RESIDUAL_ROWS), CNN_OK);
  test_batch_set(&batch, x, floats, targets, RESIDUAL_ROWS);
  cnn__run_gradients(run, m, &batch.feed, 0);
  compare_all(r, m, "step1.grad.", 1);
  set_weights(m, r);
  for (int32_t step = 0; step < 3; step++) {
    test_batch_set(&batch, x + step * RESIDUAL_ROWS * floats, floats, targets + step * RESIDUAL_ROWS * RESIDUAL_CLASSES,
                   RESIDUAL_ROWS);
    one_step(m, run, &batch, r, step + 1);
  }
  cnn__run_free(run);
  test_batch_set(&batch, x, floats, NULL, RESIDUAL_ROWS);
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, RESIDUAL_ROWS, &run), CNN_OK);
  cnn__run_predict(run, m, &batch.feed, predictions);
  compare(r, "predictions_after", predictions);
  cnn__model_return_run(m, run);
  free(x);
  cnn_model_free(m);
  cnn_context_free(context);
  reference_close(r);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("branches");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 120);
  tcase_add_loop_test(all, threads_and_instruction_sets_change_no_bit, 0, 2 * MODELS);
  tcase_add_loop_test(all, fusion_changes_no_prediction, 0, MODELS);
  tcase_add_loop_test(all, training_lowers_the_loss, 0, MODELS);
  tcase_add_loop_test(all, a_saved_model_goes_on_with_the_same_bits, 0, MODELS);
  tcase_add_loop_test(all, gradients_of_branches_are_differences, 0, 2);
  tcase_add_loop_test(all, the_residual_model_is_keras, 0, 2);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
