/* optimizers: the same bits for any number of threads and any instruction set, for every type with every option; and
 * what the options do to a model. */
#include "optimizers.h"

#include "compare.h"
#include "notebook.h"

#include "model/model_internal.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define ROWS 21
#define SIDE 12
#define CLASSES 10
#define STEPS 4

static int combinations;

/* Small, with weight arrays of several chunks of an update. */
static cnn_model *make(cnn_context *context, const char *optimizer, const char *attributes) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){SIDE, SIDE, 1}, NULL);
  cnn_conv2d(m, 8, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .no_bias = 1));
  cnn_batch_normalization(m, NULL);
  cnn_activation(m, CNN_ACTIVATION_RELU, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, 48, cnn_dense_opts(.activation = CNN_ACTIVATION_RELU));
  cnn_dense(m, CLASSES, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  notebook_compile(m, optimizer, attributes);
  return m;
}

static void train(cnn_model *m, int steps) {
  static float x[ROWS * SIDE * SIDE], targets[ROWS * CLASSES];
  const cnn__plan *plan;
  cnn__run *run;
  test_batch batch;
  for (int64_t i = 0; i < ROWS; i++)
    targets[i * CLASSES + i % CLASSES] = 1;
  test_batch_set(&batch, x, SIDE * SIDE, targets, ROWS);
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, ROWS), CNN_OK);
  for (int step = 0; step < steps; step++) {
    test_numbers(x, ROWS * SIDE * SIDE, (uint64_t)m->iterations, 1);
    cnn__run_train(run, m, &batch.feed, 0);
  }
  cnn__run_free(run);
}

/* Of all weights and all slots. */
static uint64_t hash_of(const cnn_model *m) {
  uint64_t hash = 0;
  for (int32_t i = 0; i < m->parameter_count; i++) {
    size_t bytes = (size_t)cnn__model_weight(m, i)->count * sizeof(float);
    hash = XXH3_64bits_withSeed(cnn__model_weight(m, i)->value, bytes, hash);
    for (int32_t s = 0; s < CNN__MAX_SLOTS; s++)
      if (m->parameters[i].slots[s])
        hash = XXH3_64bits_withSeed(m->parameters[i].slots[s], bytes, hash);
  }
  return hash;
}

/* 0: this machine has no such instruction set. */
static uint64_t hash_after(int number, int32_t threads, const char *cpu) {
  char attributes[512];
  const char *type = optimizer_combination(number, attributes, sizeof attributes);
  cnn_context *context;
  setenv("CNN_CPU", cpu, 1);
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 3));
  unsetenv("CNN_CPU");
  if (status == CNN_EINVAL)
    return 0;
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  cnn_model *m = make(context, type, attributes);
  train(m, STEPS);
  for (int32_t i = 0; i < m->parameter_count; i++)
    for (int64_t e = 0; e < cnn__model_weight(m, i)->count; e++)
      ck_assert_msg(isfinite(cnn__model_weight(m, i)->value[e]), "%s %s: %s is not finite", type, attributes,
                    cnn__model_weight(m, i)->name);
  uint64_t hash = hash_of(m);
  cnn_model_free(m);
  cnn_context_free(context);
  return hash;
}

START_TEST(threads_and_instruction_sets_change_no_bit) {
  static const struct {
    int32_t threads;
    const char *cpu;
  } ways[] = {{3, "ref"}, {2, "avx2"}, {1, "avx512"}, {4, "avx512"}};
  char attributes[512];
  const char *type = optimizer_combination(_i, attributes, sizeof attributes);
  uint64_t reference = hash_after(_i, 1, "ref");
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
    uint64_t hash = hash_after(_i, ways[i].threads, ways[i].cpu);
    ck_assert_msg(!hash || hash == reference, "%s %s: %d threads of %s give other bits", type, attributes,
                  (int)ways[i].threads, ways[i].cpu);
  }
}
END_TEST

START_TEST(the_combinations_are_complete) { optimizer_combinations_check(); }
END_TEST

/* ---- what the options do ---- */

static const float *values(const cnn_model *m, const char *name) {
  return cnn__model_weight(m, cnn__model_find_weight(m, name))->value;
}

static cnn_model *trained(cnn_context *context, const char *optimizer, const char *attributes, int steps) {
  cnn_model *m = make(context, optimizer, attributes);
  train(m, steps);
  return m;
}

START_TEST(excluded_weights_do_not_decay) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK);
  cnn_model *plain = trained(context, "sgd", "learning_rate=0", 1);
  cnn_model *m = make(context, "sgd", "learning_rate=0.5 weight_decay=0.25 clipvalue=1e-30 exclude_from_weight_decay=gamma,dense_1");
  train(m, 1);
  ck_assert(values(m, "dense/kernel")[0] == values(plain, "dense/kernel")[0] * 0.875f);
  ck_assert(values(m, "dense_1/kernel")[0] == values(plain, "dense_1/kernel")[0]);
  ck_assert(values(m, "batch_normalization/gamma")[0] == 1);
  cnn_model_free(m);
  cnn_model_free(plain);
  cnn_context_free(context);
}
END_TEST

/* Weights move at every k-th step only, by the mean gradient of k; steps are counted all. */
START_TEST(gradients_of_several_steps_make_one_update) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2)), CNN_OK);
  cnn_model *m = make(context, "sgd", "learning_rate=0.5 gradient_accumulation_steps=3");
  float first = values(m, "dense/kernel")[0];
  train(m, 2);
  ck_assert(values(m, "dense/kernel")[0] == first);
  train(m, 1);
  ck_assert(values(m, "dense/kernel")[0] != first);
  ck_assert_int_eq(cnn_model_iterations(m), 3);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* No norm is above the limit after clipping: with a rate of 1 it is how far the weights went. */
static double moved(const cnn_model *before, const cnn_model *after, int32_t only) {
  double squares = 0;
  for (int32_t i = 0; i < before->parameter_count; i++) {
    const cnn__weight *a = cnn__model_weight(before, i), *b = cnn__model_weight(after, i);
    for (int64_t e = 0; e < a->count && a->trainable && (only < 0 || only == i); e++) {
      double d = (double)b->value[e] - (double)a->value[e];
      squares += d * d;
    }
  }
  return sqrt(squares);
}

START_TEST(norms_are_limited) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2)), CNN_OK);
  cnn_model *start = make(context, "sgd", NULL), *free_ = trained(context, "sgd", "learning_rate=1", 1);
  cnn_model *each = trained(context, "sgd", "learning_rate=1 clipnorm=0.01", 1);
  cnn_model *all = trained(context, "sgd", "learning_rate=1 global_clipnorm=0.01", 1);
  double whole = moved(start, free_, -1);
  ck_assert_double_gt(whole, 0.02);
  ck_assert_double_eq_tol(moved(start, all, -1), 0.01, 1e-5);
  for (int32_t i = 0; i < start->parameter_count; i++) {
    double norm = moved(start, free_, i);
    ck_assert_double_eq_tol(moved(start, each, i), norm > 0.01 ? 0.01 : norm, 1e-5);
    ck_assert_double_eq_tol(moved(start, all, i), norm * 0.01 / whole, 1e-5);
  }
  cnn_model_free(all);
  cnn_model_free(each);
  cnn_model_free(free_);
  cnn_model_free(start);
  cnn_context_free(context);
}
END_TEST

/* At the end of fit the average takes the place of the weights, and callbacks at its end see that. */
START_TEST(fit_ends_with_the_average) {
  static float x[ROWS * SIDE * SIDE];
  cnn_context *context;
  cnn_tensor *inputs, *labels;
  cnn_dataset *data;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&inputs, context, CNN_F32, 4, (const int64_t[]){ROWS, SIDE, SIDE, 1}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&labels, context, CNN_U8, 1, (const int64_t[]){ROWS}, NULL), CNN_OK);
  test_numbers(x, ROWS * SIDE * SIDE, 5, 1);
  memcpy(cnn_tensor_data(inputs), x, sizeof x);
  for (int i = 0; i < ROWS; i++)
    ((uint8_t *)cnn_tensor_data(labels))[i] = (uint8_t)(i % CLASSES);
  ck_assert_msg(cnn_dataset_new(&data, context, 1, &inputs, 1, &labels, NULL) == CNN_OK, "%s", cnn_error_text());
  cnn_model *m = make(context, "adam", "learning_rate=0.05 use_ema=true ema_momentum=0.9");
  cnn_status status = cnn_model_fit(m, data, cnn_fit_opts(.epochs = 3, .batch_size = 8));
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  for (int32_t i = 0; i < m->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(m, i);
    const float *average = m->parameters[i].slots[CNN__SLOT_AVERAGE];
    ck_assert_int_eq(average != NULL, weight->trainable);
    if (average)
      compare_bits(weight->name, weight->value, average, weight->count, 0);
  }
  cnn_model_free(m);
  cnn_dataset_free(data);
  cnn_tensor_free(labels);
  cnn_tensor_free(inputs);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  combinations = optimizer_combinations();
  Suite *suite = suite_create("optimizers");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 120);
  tcase_add_loop_test(all, threads_and_instruction_sets_change_no_bit, 0, combinations);
  tcase_add_test(all, the_combinations_are_complete);
  tcase_add_test(all, excluded_weights_do_not_decay);
  tcase_add_test(all, gradients_of_several_steps_make_one_update);
  tcase_add_test(all, norms_are_limited);
  tcase_add_test(all, fit_ends_with_the_average);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
