/* objective: what compile makes of losses and metrics, by name and as handles, and what a run makes of every reference case:
 * a 1x1 convolution that changes nothing gives the case's predictions, its kernel's gradient is their product with the loss's. */
#include "notebook.h"
#include "reference.h"

#include "cnn/train.h"
#include "model/run_record.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;
static json_t *names;

static void set_up(void) { ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2)), CNN_OK); }
static void tear_down(void) { cnn_context_free(context); }

/* ---- the reference cases ---- */

typedef struct pass {
  const reference *r;
  const reference_tensor *p, *y;
  int64_t columns, positions, samples;
  int32_t weighted;
  float *x, *targets, *weights;
  int32_t *labels;
} pass;

static void fill(const void *user, int64_t first, int64_t count, float *x) {
  const pass *all = user;
  int64_t values = all->positions * all->columns;
  memcpy(x, all->x + first * values, (size_t)(count * values) * sizeof *x);
}

/* Where weights are given, each row is a sample of its own, as the case weighs them. */
static void open_pass(pass *all, const reference *r, int32_t weighted) {
  const reference_tensor *p = reference_get(r, "y_pred"), *y = reference_get(r, "y_true");
  *all = (pass){.r = r, .p = p, .y = y, .weighted = weighted, .columns = p->shape[p->rank - 1]};
  int64_t rows = p->count / all->columns;
  all->samples = weighted ? rows : p->shape[0];
  all->positions = rows / all->samples;
  all->x = malloc((size_t)p->count * sizeof(float));
  all->targets = malloc((size_t)y->count * sizeof(float));
  all->labels = malloc((size_t)y->count * sizeof(int32_t));
  all->weights = malloc((size_t)rows * sizeof(float));
  reference_floats(p, all->x);
  reference_floats(y, all->targets);
  for (int64_t i = 0; i < y->count; i++)
    all->labels[i] = (int32_t)y->values[i];
  reference_floats(reference_get(r, "sample_weight"), all->weights);
}

static void close_pass(pass *all) {
  free(all->x);
  free(all->targets);
  free(all->labels);
  free(all->weights);
}

static cnn_model *identity(const pass *all, const char *loss, int32_t softmax) {
  cnn_model *m;
  cnn_optimizer *sgd;
  cnn_tensor *kernel;
  const int64_t shape[] = {1, 1, all->columns, all->columns};
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){all->positions, 1, all->columns}, NULL);
  cnn_conv2d(m, all->columns, 1, 1, cnn_conv2d_opts(.name = "same", .activation = softmax ? CNN_ACTIVATION_SOFTMAX : 0));
  ck_assert_int_eq(cnn_tensor_new(&kernel, context, CNN_F32, 4, shape, NULL), CNN_OK);
  for (int64_t i = 0; i < all->columns; i++)
    ((float *)cnn_tensor_data(kernel))[i * all->columns + i] = 1;
  ck_assert_int_eq(cnn_model_set_weight(m, "same/kernel", kernel), CNN_OK);
  cnn_tensor_free(kernel);
  ck_assert_int_eq(cnn_sgd_new(&sgd, context, NULL), CNN_OK);
  ck_assert_msg(cnn_model_compile(m, sgd, 1, &loss, NULL) == CNN_OK, "%s", cnn_error_text());
  cnn_optimizer_free(sgd);
  return m;
}

/* The loss by the name of its class, with Keras's attributes and this reduction. */
static void loss_text(const reference *r, const char *reduction, char *text, size_t bytes) {
  const char *key;
  json_t *value;
  size_t used = (size_t)snprintf(text, bytes, "%s reduction=%s", json_string_value(json_object_get(r->meta, "loss")), reduction);
  json_object_foreach(json_object_get(r->meta, "config"), key, value) {
    if (json_is_boolean(value))
      used += (size_t)snprintf(text + used, bytes - used, " %s=%s", key, json_is_true(value) ? "true" : "false");
    else if (!json_is_null(value) && strcmp(key, "axis") != 0)
      used += (size_t)snprintf(text + used, bytes - used, " %s=%.9g", key, json_number_value(value));
  }
}

static const reference_tensor *expected(const pass *all, const char *name, const char *what, const char *reduction) {
  char key[128];
  snprintf(key, sizeof key, "%s.%s%s%s", what, reduction, all->weighted ? ".weighted" : "",
           strstr(name, "crossentropy_extreme") ? "" : ".f64");
  return reference_get(all->r, key);
}

/* d loss / d kernel[i][j] is the sum over rows of x[i] dy[j]. */
static void check_kernel(const pass *all, const cnn_model *m, const reference_tensor *dy, const char *name) {
  int64_t n = all->columns;
  double *wanted = calloc((size_t)(n * n), sizeof *wanted), largest = 0;
  for (int64_t row = 0; row < all->p->count / n; row++)
    for (int64_t i = 0; i < n; i++)
      for (int64_t j = 0; j < n; j++)
        wanted[i * n + j] += (double)all->x[row * n + i] * dy->values[row * n + j];
  for (int64_t i = 0; i < n * n; i++)
    largest = fmax(largest, fabs(wanted[i]));
  reference_compare_values(name, m->parameters[0].grad, wanted, n * n, 4e-6 * largest);
  free(wanted);
}

static void check_pass(const reference *r, const char *name, const char *reduction, int32_t weighted) {
  pass all;
  char text[256];
  const cnn__plan *plan;
  cnn__run *run;
  double mean = 0;
  open_pass(&all, r, weighted);
  loss_text(r, reduction, text, sizeof text);
  cnn_model *m = identity(&all, text, strstr(name, "after_softmax") != NULL);
  int32_t labels = all.y->count < all.p->count;
  const cnn__feed feed = {.count = all.samples, .fill = fill, .user = &all, .labels = labels ? all.labels : NULL,
                          .targets = labels ? NULL : all.targets, .weights = weighted ? all.weights : NULL};
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, all.samples), CNN_OK);
  cnn__run_gradients(run, m, &feed, 0);
  for (int64_t i = 0; i < all.samples; i++)
    mean += cnn__run_losses(run)[i] / (double)all.samples;
  double wanted = expected(&all, name, "value", reduction)->values[0];
  ck_assert_msg(fabs(mean - wanted) <= 1e-6 * fmax(1, fabs(wanted)), "%s: %s: loss %.9g, should be %.9g", name, text, mean,
                wanted);
  check_kernel(&all, m, expected(&all, name, "grad_y_pred", reduction), name);
  cnn__run_free(run);
  cnn_model_free(m);
  close_pass(&all);
}

START_TEST(reductions_and_weights) {
  static const char *const reductions[] = {"sum_over_batch_size", "sum", "mean_with_sample_weight"};
  const char *name = json_string_value(json_array_get(names, (size_t)_i));
  reference *r = reference_open("losses", name);
  double largest = reference_largest(reference_get(r, "y_pred"));
  /* A row without a sum makes NaN of all; 1e30 times a weight that is 0 is no number for a convolution's neighbours. */
  for (int i = 0; i < 3 && !strstr(name, "zero_row") && largest < 1e20; i++)
    for (int32_t weighted = 0; weighted < 2; weighted++)
      check_pass(r, name, reductions[i], weighted);
  reference_close(r);
}
END_TEST

/* ---- compile ---- */

static cnn_model *small(int32_t activation) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){3}, NULL);
  cnn_dense(m, 4, cnn_dense_opts(.activation = activation));
  return m;
}

START_TEST(names_and_handles) {
  static const char *const metrics[] = {"acc", "mse"}, *const weighted[] = {"acc", "top_k_categorical_accuracy k=2 name=top2"};
  static const char *const wanted[] = {"acc", "mse", "binary_accuracy", "weighted_acc", "top2"};
  cnn_model *m = small(CNN_ACTIVATION_SOFTMAX);
  cnn_optimizer *sgd;
  cnn_loss *loss;
  cnn_metric *metric;
  ck_assert_int_eq(cnn_sgd_new(&sgd, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_huber_new(&loss, context, cnn_huber_opts(.delta = 2)), CNN_OK);
  ck_assert_int_eq(cnn_binary_accuracy_new(&metric, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, sgd, 1, NULL,
                                     cnn_compile_opts(.metrics = metrics, .metric_count = 2, .weighted_metrics = weighted,
                                                      .weighted_metric_count = 2,
                                                      .loss_handles = (cnn_loss *const[]){loss},
                                                      .metric_handles = (cnn_metric *const[]){metric},
                                                      .metric_handle_count = 1)),
                   CNN_OK);
  cnn_loss_free(loss);
  cnn_metric_free(metric);
  cnn_optimizer_free(sgd);
  ck_assert_str_eq(m->loss->type->name, "huber");
  ck_assert_int_eq(m->metric_count, 5);
  for (int i = 0; i < 5; i++) {
    ck_assert_str_eq(m->metric_names[i], wanted[i]);
    ck_assert_int_eq(m->weighted[i], i > 2);
  }
  cnn_model_free(m);
}
END_TEST

START_TEST(what_compile_refuses) {
  static const char *const loss = "mse", *const named_loss[] = {"acc name=loss"}, *const wrong = "mse delta=1";
  static const char *const as_validation[2][2] = {{"acc", "mae name=val_loss"}, {"mae name=val_acc", "acc"}};
  static const char *const taken[] = {
      "compile: metric 'val_loss' is named as the validation's figure of 'loss' is; give it another name",
      "compile: metric 'val_acc' is named as the validation's figure of 'acc' is; give it another name"};
  cnn_model *m = small(0);
  cnn_optimizer *sgd;
  cnn_loss *handle;
  ck_assert_int_eq(cnn_sgd_new(&sgd, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_huber_new(&handle, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, sgd, 1, &loss, cnn_compile_opts(.loss_handles = (cnn_loss *const[]){handle})),
                   CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "compile: loss 'mse' is given by name and as a handle");
  ck_assert_int_eq(cnn_model_compile(m, sgd, 1, &loss, cnn_compile_opts(.metrics = named_loss, .metric_count = 1)), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "compile: metric 'loss' is named twice");
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(cnn_model_compile(m, sgd, 1, &loss, cnn_compile_opts(.metrics = as_validation[i], .metric_count = 2)), CNN_EINVAL);
    ck_assert_str_eq(cnn_error_text(), taken[i]);
  }
  ck_assert_int_eq(cnn_model_compile(m, sgd, 1, &wrong, NULL), CNN_ENAME);
  ck_assert_str_eq(cnn_error_text(), "mean_squared_error: unknown attribute 'delta'");
  ck_assert_int_eq(cnn_model_compile(m, sgd, 1, &loss, cnn_compile_opts(.metric_handle_count = 1)), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "compile: 1 metric_handles, must be 0 to 8 of them");
  ck_assert_int_eq(m->compiled, 0);
  cnn_loss_free(handle);
  cnn_optimizer_free(sgd);
  cnn_model_free(m);
}
END_TEST

START_TEST(a_final_activation_is_taken_by_its_loss) {
  static const char *const losses[] = {"categorical_crossentropy", "bce", "mse"};
  for (int activation = 0; activation <= CNN_ACTIVATION_SOFTMAX; activation++)
    for (int i = 0; i < 3; i++) {
      cnn_model *m = small(activation);
      cnn_optimizer *sgd;
      ck_assert_int_eq(cnn_sgd_new(&sgd, context, NULL), CNN_OK);
      ck_assert_int_eq(cnn_model_compile(m, sgd, 1, &losses[i], NULL), CNN_OK);
      int32_t takes = (i == 0 && activation == CNN_ACTIVATION_SOFTMAX) || (i == 1 && activation == CNN_ACTIVATION_SIGMOID);
      ck_assert_int_eq(m->plans[CNN__MODE_TRAIN]->taken, takes ? 1 : -1);
      cnn_optimizer_free(sgd);
      cnn_model_free(m);
    }
}
END_TEST

static char heard[512];

static void hear(void *user, int32_t level, const char *text) {
  (void)user;
  if (level == CNN_LOG_WARNING)
    snprintf(heard, sizeof heard, "%s", text);
}

START_TEST(logits_of_a_softmax_are_worth_a_warning) {
  static const char *const losses[] = {"categorical_crossentropy", "categorical_crossentropy from_logits=true"};
  const cnn_logger logger = {.size = sizeof logger, .write = hear, .level = CNN_LOG_WARNING};
  cnn_context *listening;
  ck_assert_int_eq(cnn_context_new(&listening, cnn_context_opts(.logger = &logger)), CNN_OK);
  cnn_context *silent = context;
  context = listening;
  for (int i = 0; i < 2; i++) {
    cnn_model *m = small(CNN_ACTIVATION_SOFTMAX);
    cnn_optimizer *sgd;
    ck_assert_int_eq(cnn_sgd_new(&sgd, context, NULL), CNN_OK);
    ck_assert_int_eq(cnn_model_compile(m, sgd, 1, &losses[i], NULL), CNN_OK);
    ck_assert_str_eq(heard, i ? "model 'sequential': loss categorical_crossentropy is told from_logits, but the model ends in softmax; "
                                "the loss takes the logits that go into it" : "");
    cnn_optimizer_free(sgd);
    cnn_model_free(m);
  }
  context = silent;
  cnn_context_free(listening);
}
END_TEST

static void rows_of_three(const void *user, int64_t first, int64_t count, float *x) {
  (void)user;
  for (int64_t i = 0; i < 3 * count; i++)
    x[i] = 0.4f * (float)((3 * first + i) % 7) - 1;
}

/* The loss of a model that ends in `activation`, its metric, and the weights after a step. */
static void step_of(int32_t activation, const char *loss, const char *metric, double *value, double *figure, char hash[33]) {
  static const float targets[] = {0, 1, 1, 0, 1, 0, 0, 1};
  const cnn__feed feed = {.count = 2, .fill = rows_of_three, .targets = targets};
  const cnn__plan *plan;
  cnn_model *m = small(activation);
  cnn_optimizer *sgd;
  cnn__run *run;
  ck_assert_int_eq(cnn_sgd_new(&sgd, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, sgd, 1, &loss, cnn_compile_opts(.metrics = &metric, .metric_count = 1)), CNN_OK);
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, 2), CNN_OK);
  cnn__run_train(run, m, &feed, 0);
  *value = cnn__run_losses(run)[0];
  *figure = cnn__run_metric(run, 0)[0];
  cnn_model_hash(m, hash);
  cnn__run_free(run);
  cnn_optimizer_free(sgd);
  cnn_model_free(m);
}

/* A sigmoid that the loss takes is a loss from logits; a metric of the same kind sees the logits too, any other one what the model gives. */
START_TEST(a_sigmoid_in_the_loss_is_a_loss_from_logits) {
  double value[2], figure[2];
  char hash[2][33];
  step_of(CNN_ACTIVATION_SIGMOID, "bce", "bce", &value[0], &figure[0], hash[0]);
  step_of(0, "bce from_logits=true", "bce from_logits=true", &value[1], &figure[1], hash[1]);
  ck_assert_str_eq(hash[0], hash[1]);
  ck_assert_double_eq(value[0], value[1]);
  ck_assert_double_eq(figure[0], value[0]);
  ck_assert_double_eq(figure[1], value[0]);
  step_of(CNN_ACTIVATION_SIGMOID, "bce", "binary_accuracy", &value[0], &figure[0], hash[0]);
  step_of(0, "bce from_logits=true", "binary_accuracy threshold=0", &value[1], &figure[1], hash[1]);
  ck_assert_double_eq(figure[0], figure[1]);
}
END_TEST

int main(void) {
  names = reference_json("losses/index.json");
  Suite *suite = suite_create("objective");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_add_loop_test(all, reductions_and_weights, 0, (int)json_array_size(names));
  tcase_add_test(all, names_and_handles);
  tcase_add_test(all, what_compile_refuses);
  tcase_add_test(all, a_final_activation_is_taken_by_its_loss);
  tcase_add_test(all, logits_of_a_softmax_are_worth_a_warning);
  tcase_add_test(all, a_sigmoid_in_the_loss_is_a_loss_from_logits);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(names);
  return failed != 0;
}
