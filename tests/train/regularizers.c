/* regularizers: what weights cost is in the loss and its figures, and its gradient in theirs before the optimizer sees them. */
#include "training.h"

#include "compare.h"
#include "notebook.h"

#include "model/penalty.h"
#include "model/run_record.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 21
#define SIDE 12
#define CLASSES 5

/* l1 and l2 of each weight of the model below, in order. */
typedef struct cost {
  double l1, l2;
} cost;
static const cost costs[] = {{0, 0.01}, {0.02, 0}, {0.003, 0.004}, {0, 0.5}, {0, 0}, {0, 0}, {0.001, 0.002}, {0, 0.03},
                             {0.01, 0}, {0, 0}};

static cnn_context *context_of(const char *cpu, int32_t threads, int32_t fuse) {
  cnn_context *context;
  setenv("CNN_CPU", cpu, 1);
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 3));
  unsetenv("CNN_CPU");
  if (status == CNN_EINVAL)
    return NULL; /* this machine has no such instruction set */
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  context->fuse = fuse;
  return context;
}

/* Weight arrays of one and of several chunks of an update. Biases and beta do not begin at 0. */
static cnn_model *make(cnn_context *context, int32_t regularized, const char *optimizer, const char *attributes) {
  cnn_model *m;
  const char *none = "none";
#define REGULARIZED(text) (regularized ? (text) : none)
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){SIDE, SIDE, 1}, NULL);
  cnn_conv2d(m, 8, 3, 3,
             cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .bias_init = "random_normal(stddev=0.3)",
                             .kernel_regularizer = REGULARIZED("l2"), .bias_regularizer = REGULARIZED("l1(0.02)")));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.beta_init = "random_uniform(-1,1)",
                                                          .gamma_regularizer = REGULARIZED("l1_l2(0.003,0.004)"),
                                                          .beta_regularizer = REGULARIZED("l2(0.5)")));
  cnn_flatten(m, NULL);
  cnn_dense(m, 48, cnn_dense_opts(.activation = CNN_ACTIVATION_RELU, .bias_init = "constant(0.1)",
                                  .kernel_regularizer = REGULARIZED("l1_l2(l2=0.002,l1=0.001)"),
                                  .bias_regularizer = REGULARIZED("l2(l2=0.03)")));
  cnn_dense(m, CLASSES, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX, .kernel_regularizer = REGULARIZED("l1")));
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  notebook_compile(m, optimizer, attributes);
  return m;
}

static float x[ROWS * SIDE * SIDE], targets[ROWS * CLASSES];

static cnn__run *run_of(cnn_model *m, int32_t mode, test_batch *batch) {
  const cnn__plan *plan;
  cnn__run *run;
  test_numbers(x, ROWS * SIDE * SIDE, 11, 1);
  for (int64_t i = 0; i < ROWS * CLASSES; i++)
    targets[i] = i % CLASSES == i / CLASSES % CLASSES;
  test_batch_set(batch, x, SIDE * SIDE, targets, ROWS);
  ck_assert_int_eq(cnn__model_plan(m, mode, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, ROWS), CNN_OK);
  return run;
}

static double train(cnn_model *m, int steps) {
  test_batch batch;
  cnn__run *run = run_of(m, CNN__MODE_TRAIN, &batch);
  for (int i = 0; i < steps; i++)
    cnn__run_train(run, m, &batch.feed, 0);
  double penalty = cnn__run_penalty(run);
  cnn__run_free(run);
  return penalty;
}

static double by_hand(const cnn_model *m) {
  double sum = 0;
  for (int32_t i = 0; i < m->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(m, i);
    for (int64_t e = 0; weight->trainable && e < weight->count; e++) {
      double w = weight->value[e];
      sum += costs[i].l1 * fabs(w) + costs[i].l2 * w * w;
    }
  }
  return sum;
}

START_TEST(the_penalty_is_that_of_the_weights_before_the_step) {
  static const char *const optimizers[] = {"sgd", "adam", "lamb"};
  for (int32_t fuse = 0; fuse < 2; fuse++) {
    cnn_context *context = context_of("avx2", 2, fuse);
    if (!context)
      return;
    cnn_model *m = make(context, 1, optimizers[_i], _i ? "global_clipnorm=0.5" : NULL);
    for (int step = 0; step < 3; step++) {
      test_batch batch;
      double expected = by_hand(m);
      cnn__run *test = run_of(m, CNN__MODE_TEST, &batch);
      cnn__run_test(test, m, &batch.feed);
      ck_assert_double_eq_tol(cnn__run_penalty(test), expected, 1e-12 * expected);
      cnn__run_free(test);
      ck_assert_double_eq_tol(train(m, 1), expected, 1e-12 * expected);
    }
    cnn_model_free(m);
    cnn_context_free(context);
  }
}
END_TEST

/* A record that is kept sees that weights have changed. */
START_TEST(a_test_run_follows_the_weights) {
  test_batch batch;
  cnn_context *context = context_of("ref", 1, 1);
  cnn_model *m = make(context, 1, "sgd", "learning_rate=0.1");
  cnn__run *test = run_of(m, CNN__MODE_TEST, &batch);
  for (int step = 0; step < 3; step++) {
    cnn__run_test(test, m, &batch.feed);
    ck_assert_double_eq_tol(cnn__run_penalty(test), by_hand(m), 1e-12 * by_hand(m));
    train(m, 1);
  }
  cnn__run_free(test);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* Without a rate nothing moves, and what stands in the gradients is what the optimizer was given. */
START_TEST(gradients_grow_by_that_of_the_penalty) {
  cnn_context *context = context_of("ref", 1, 0);
  cnn_model *plain = make(context, 0, "sgd", "learning_rate=0"), *m = make(context, 1, "sgd", "learning_rate=0");
  train(plain, 1);
  train(m, 1);
  for (int32_t i = 0; i < m->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(m, i);
    for (int64_t e = 0; weight->trainable && e < weight->count; e++) {
      double w = weight->value[e], sign = w > 0 ? 1 : w < 0 ? -1 : 0;
      double expected = (double)plain->parameters[i].grad[e] + costs[i].l1 * sign + 2 * costs[i].l2 * w;
      ck_assert_msg(fabs((double)m->parameters[i].grad[e] - expected) <= 2e-7 * (1 + fabs(expected)), "%s[%d]: %g, not %g",
                    weight->name, (int)e, (double)m->parameters[i].grad[e], expected);
    }
  }
  cnn_model_free(plain);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* Loss and penalty together, of a network that is smooth and the same in training. */
static double total(cnn_model *m) {
  test_batch batch;
  double sum = 0;
  cnn__run *run = run_of(m, CNN__MODE_TEST, &batch);
  cnn__run_test(run, m, &batch.feed);
  for (int i = 0; i < ROWS; i++)
    sum += cnn__run_losses(run)[i] / ROWS;
  sum += cnn__run_penalty(run);
  cnn__run_free(run);
  return sum;
}

START_TEST(gradients_are_central_differences_of_the_whole_loss) {
  cnn_context *context = context_of("ref", 1, 1);
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){SIDE, SIDE, 1}, NULL);
  cnn_conv2d(m, 2, 5, 5, cnn_conv2d_opts(.strides = {4, 4}, .activation = CNN_ACTIVATION_TANH,
                                         .kernel_regularizer = "l1_l2(0.02,0.05)", .bias_init = "constant(0.3)",
                                         .bias_regularizer = "l1(0.1)"));
  cnn_flatten(m, NULL);
  cnn_dense(m, CLASSES, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX, .kernel_regularizer = "l2(0.1)"));
  notebook_compile(m, "sgd", "learning_rate=0");
  train(m, 1);
  for (int32_t i = 0; i < m->parameter_count; i++) {
    cnn__weight *weight = cnn__model_weight(m, i);
    for (int64_t e = 0; e < weight->count; e++) {
      const float h = 1.0f / 512;
      float middle = weight->value[e], up = middle + h, down = middle - h;
      if (fabsf(middle) <= h)
        continue; /* |w| has a corner there */
      double gradient = m->parameters[i].grad[e], differences = 0;
      weight->value[e] = up;
      cnn__model_touch(m);
      differences = total(m);
      weight->value[e] = down;
      cnn__model_touch(m);
      differences = (differences - total(m)) / ((double)up - (double)down);
      weight->value[e] = middle;
      cnn__model_touch(m);
      ck_assert_msg(fabs(gradient - differences) <= 2e-4, "%s[%d]: %g, differences give %g", weight->name, (int)e, gradient,
                    differences);
    }
  }
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* Gradients are clipped with what the penalty adds. */
START_TEST(clipping_comes_after) {
  static const char *const attributes[] = {"learning_rate=1 clipvalue=0.001", "learning_rate=1 global_clipnorm=0.01",
                                           "learning_rate=1 clipnorm=0.01"};
  cnn_context *context = context_of("ref", 1, 1);
  cnn_model *m = make(context, 1, "sgd", attributes[_i]), *before = make(context, 1, "sgd", attributes[_i]);
  train(m, 1);
  double all = 0;
  for (int32_t i = 0; i < m->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(m, i), *old = cnn__model_weight(before, i);
    double squares = 0;
    for (int64_t e = 0; weight->trainable && e < weight->count; e++) {
      double moved = (double)weight->value[e] - (double)old->value[e];
      squares += moved * moved;
      ck_assert(_i || fabs(moved) <= 0.001 + 1e-7);
    }
    if (_i == 2)
      ck_assert_double_le(sqrt(squares), 0.01 + 1e-5);
    all += squares;
  }
  if (_i == 1)
    ck_assert_double_eq_tol(sqrt(all), 0.01, 1e-4);
  cnn_model_free(m);
  cnn_model_free(before);
  cnn_context_free(context);
}
END_TEST

/* Loop index: the optimizer. */
START_TEST(the_same_bits_on_any_threads_and_levels) {
  static const char *const optimizers[] = {"adam", "lamb", "sgd"};
  static const struct {
    const char *cpu;
    int32_t threads;
  } ways[] = {{"ref", 1}, {"ref", 3}, {"avx2", 1}, {"avx2", 2}, {"avx512", 3}};
  float *first[16] = {0};
  double penalty = 0;
  for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
    cnn_context *context = context_of(ways[way].cpu, ways[way].threads, 1);
    if (!context)
      continue;
    cnn_model *m = make(context, 1, optimizers[_i], _i == 2 ? "global_clipnorm=0.1" : NULL);
    double now = train(m, 3);
    ck_assert(!way || now == penalty);
    penalty = now;
    for (int32_t i = 0; i < m->parameter_count; i++) {
      const cnn__weight *weight = cnn__model_weight(m, i);
      size_t bytes = (size_t)weight->count * sizeof(float);
      if (!way)
        first[i] = memcpy(malloc(bytes), weight->value, bytes);
      compare_bits(weight->name, weight->value, first[i], weight->count, 0);
    }
    cnn_model_free(m);
    cnn_context_free(context);
  }
  for (int i = 0; i < 16; i++)
    free(first[i]);
}
END_TEST

START_TEST(frozen_weights_cost_nothing) {
  cnn_context *context = context_of("ref", 1, 1);
  cnn_model *m = make(context, 1, "sgd", "learning_rate=0");
  ck_assert_double_eq_tol(train(m, 1), by_hand(m), 1e-9);
  for (int32_t i = 1; i < m->layer_count; i++)
    ck_assert_int_eq(cnn_layer_set_trainable(m->layers[i], i == 4), CNN_OK);
  notebook_compile(m, "sgd", "learning_rate=0");
  ck_assert_double_gt(train(m, 1), 0.01);
  ck_assert_double_eq_tol(train(m, 1), by_hand(m), 1e-9);
  ck_assert_int_eq(cnn_layer_set_trainable(m->layers[4], 0), CNN_OK);
  notebook_compile(m, "sgd", "learning_rate=0");
  ck_assert(train(m, 1) == 0 && cnn__model_regularized(m) == 0);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

START_TEST(nothing_is_kept_where_none_is_set) {
  test_batch batch;
  cnn_context *context = context_of("ref", 1, 1);
  cnn_model *m = make(context, 0, "sgd", NULL);
  cnn__run *run = run_of(m, CNN__MODE_TRAIN, &batch);
  ck_assert_ptr_null(run->penalties);
  cnn__run_train(run, m, &batch.feed, 0);
  ck_assert(cnn__run_penalty(run) == 0);
  cnn__run_free(run);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* ---- figures ---- */

static cnn_model *figured(cnn_context *context, const char *regularizer) {
  cnn_model *m;
  cnn_optimizer *sgd;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){4, 4, 1}, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, 3, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX, .kernel_regularizer = regularizer));
  ck_assert_int_eq(cnn_optimizer_new(&sgd, context, "sgd", "learning_rate=0"), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, sgd, 1, (const char *[]){"categorical_crossentropy"},
                                     cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1)),
                   CNN_OK);
  cnn_optimizer_free(sgd);
  return m;
}

START_TEST(figures_of_fit_and_evaluate) {
  cnn_context *context = context_of("ref", 1, 1);
  training_data data = training_data_new(context, 50, 1), other = training_data_new(context, 20, 9);
  cnn_model *models[2] = {figured(context, NULL), figured(context, "l1_l2(0.1,0.2)")};
  cnn_history *histories[2];
  cnn_logs *evaluated[2];
  for (int i = 0; i < 2; i++) {
    ck_assert_msg(cnn_model_fit(models[i], data.targets, cnn_fit_opts(.batch_size = 16, .validation = other.targets,
                                                                      .history = &histories[i])) == CNN_OK, "%s",
                  cnn_error_text());
    ck_assert_int_eq(cnn_model_evaluate(&evaluated[i], models[i], data.targets, NULL), CNN_OK);
  }
  double penalty = 0;
  const cnn__weight *kernel = cnn__model_weight(models[1], 0);
  for (int64_t e = 0; e < kernel->count; e++)
    penalty += 0.1 * fabs((double)kernel->value[e]) + 0.2 * (double)kernel->value[e] * (double)kernel->value[e];
  ck_assert_double_gt(penalty, 0.1);
  static const char *const names[] = {"loss", "val_loss", "accuracy", "val_accuracy"};
  for (int n = 0; n < 4; n++) {
    double values[2];
    for (int i = 0; i < 2; i++)
      ck_assert_int_eq(cnn_history_value(histories[i], 0, names[n], &values[i]), CNN_OK);
    ck_assert_double_eq_tol(values[1] - values[0], n < 2 ? penalty : 0, 1e-6);
  }
  double losses[2];
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(cnn_logs_value(evaluated[i], "loss", &losses[i]), CNN_OK);
  ck_assert_double_eq_tol(losses[1] - losses[0], penalty, 1e-6);
  for (int i = 0; i < 2; i++) {
    cnn_logs_free(evaluated[i]);
    cnn_history_free(histories[i]);
    cnn_model_free(models[i]);
  }
  training_data_free(&data);
  training_data_free(&other);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("regularizers");
  TCase *tests = tcase_create("regularizers");
  tcase_set_timeout(tests, 120);
  tcase_add_loop_test(tests, the_penalty_is_that_of_the_weights_before_the_step, 0, 3);
  tcase_add_test(tests, a_test_run_follows_the_weights);
  tcase_add_test(tests, gradients_grow_by_that_of_the_penalty);
  tcase_add_test(tests, gradients_are_central_differences_of_the_whole_loss);
  tcase_add_loop_test(tests, clipping_comes_after, 0, 3);
  tcase_add_loop_test(tests, the_same_bits_on_any_threads_and_levels, 0, 3);
  tcase_add_test(tests, frozen_weights_cost_nothing);
  tcase_add_test(tests, nothing_is_kept_where_none_is_set);
  tcase_add_test(tests, figures_of_fit_and_evaluate);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
