/* passing: evaluate and predict. How samples are put into batches, and how many threads there are, changes no bit. */
#include "training.h"

#include "compare.h"
#include "suite.h"

#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#define COUNT 50
#define CLASSES 3

static test_alloc a;
static cnn_context *context;
static training_data data;
static cnn_model *model;

static void open_context(int32_t threads) {
  test_alloc_init(&a);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 7, .threads = threads, .allocator = &a.allocator)), CNN_OK);
  data = training_data_new(context, COUNT, 1);
  model = training_model(context);
  ck_assert_int_eq(cnn_model_fit(model, data.labels, cnn_fit_opts(.epochs = 2)), CNN_OK);
}

static void close_context(void) {
  cnn_model_free(model);
  training_data_free(&data);
  cnn_context_free(context);
  test_alloc_check(&a);
}

static cnn_tensor *inputs_of(int64_t first, int64_t count) {
  cnn_tensor *inputs;
  ck_assert_int_eq(cnn_dataset_inputs(&inputs, data.labels, first, count), CNN_OK);
  return inputs;
}

static cnn_tensor *predict(const cnn_tensor *inputs, int64_t batch_size) {
  cnn_tensor *outputs;
  ck_assert_msg(cnn_model_predict(&outputs, 1, model, &inputs, 1, cnn_predict_opts(.batch_size = batch_size)) == CNN_OK, "%s",
                cnn_error_text());
  return outputs;
}

static const int64_t sizes[] = {1, 3, 7, 8, 32, 50, 1000};
#define SIZES (sizeof sizes / sizeof sizes[0])

START_TEST(evaluate_knows_no_batches) {
  double loss = 0, accuracy = 0;
  for (int32_t threads = 1; threads <= 3; threads++) {
    open_context(threads);
    for (size_t i = 0; i < SIZES; i++) {
      cnn_logs *logs;
      ck_assert_int_eq(cnn_model_evaluate(&logs, model, i % 2 ? data.labels : data.targets, cnn_evaluate_opts(.batch_size = sizes[i])), CNN_OK);
      ck_assert_int_eq(cnn_logs_count(logs), 2);
      ck_assert_str_eq(cnn_logs_name(logs, 0), "accuracy");
      ck_assert_str_eq(cnn_logs_name(logs, 1), "loss");
      if (threads == 1 && i == 0) {
        loss = training_value(logs, "loss");
        accuracy = training_value(logs, "accuracy");
      }
      ck_assert_double_eq(training_value(logs, "loss"), loss);
      ck_assert_double_eq(training_value(logs, "accuracy"), accuracy);
      cnn_logs_free(logs);
    }
    close_context();
  }
}
END_TEST

/* Loss and accuracy from the rows that predict gives. */
START_TEST(evaluate_is_predict_and_count) {
  cnn_logs *logs;
  cnn_tensor *outputs;
  double loss = 0, hits = 0;
  open_context(2);
  ck_assert_int_eq(cnn_model_predict_dataset(&outputs, 1, model, data.labels, NULL), CNN_OK);
  const float *p = cnn_tensor_read(outputs);
  for (int64_t i = 0; i < COUNT; i++, p += CLASSES) {
    int64_t label = cnn_dataset_label(data.labels, i), best = p[1] > p[0] ? 1 : 0;
    best = p[2] > p[best] ? 2 : best;
    loss -= log((double)p[label]);
    hits += best == label;
  }
  ck_assert_int_eq(cnn_model_evaluate(&logs, model, data.labels, NULL), CNN_OK);
  ck_assert_double_eq_tol(training_value(logs, "loss"), loss / COUNT, 1e-6);
  ck_assert_double_eq(training_value(logs, "accuracy"), (double)(float)(hits / COUNT));
  cnn_logs_free(logs);
  cnn_tensor_free(outputs);
  close_context();
}
END_TEST

START_TEST(predict_knows_no_batches) {
  open_context(2);
  cnn_tensor *inputs = inputs_of(0, COUNT), *all = predict(inputs, 0), *by_dataset;
  ck_assert_int_eq(cnn_tensor_rank(all), 2);
  ck_assert_int_eq(cnn_tensor_shape(all)[0], COUNT);
  ck_assert_int_eq(cnn_tensor_shape(all)[1], CLASSES);
  for (size_t i = 0; i < SIZES; i++) {
    cnn_tensor *outputs = predict(inputs, sizes[i]);
    compare_bits("predict", cnn_tensor_read(outputs), cnn_tensor_read(all), COUNT * CLASSES, 0);
    cnn_tensor_free(outputs);
    ck_assert_int_eq(cnn_model_predict_dataset(&by_dataset, 1, model, data.targets, cnn_predict_opts(.batch_size = sizes[i])), CNN_OK);
    compare_bits("predict_dataset", cnn_tensor_read(by_dataset), cnn_tensor_read(all), COUNT * CLASSES, 0);
    cnn_tensor_free(by_dataset);
  }
  for (int64_t i = 0; i < COUNT; i++) {
    cnn_tensor *one = inputs_of(i, 1), *outputs = predict(one, 0);
    compare_bits("one alone", cnn_tensor_read(outputs), (const float *)cnn_tensor_read(all) + i * CLASSES, CLASSES, 0);
    cnn_tensor_free(one);
    cnn_tensor_free(outputs);
  }
  cnn_tensor_free(inputs);
  cnn_tensor_free(all);
  close_context();
}
END_TEST

/* Into tensors of the caller: nothing is allocated from the second call on. Rank 3 images have their channel axis
 * left out. */
START_TEST(predict_into_allocates_nothing) {
  open_context(2);
  cnn_tensor *inputs = inputs_of(0, COUNT), *expected = predict(inputs, 16), *flat, *outputs;
  ck_assert_int_eq(cnn_tensor_new(&flat, context, CNN_F32, 3, (const int64_t[]){COUNT, 4, 4},
                                  cnn_tensor_opts(.data = cnn_tensor_data(inputs))), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&outputs, context, CNN_F32, 2, (const int64_t[]){COUNT, CLASSES}, NULL), CNN_OK);
  int64_t calls = a.calls;
  for (int i = 0; i < 3; i++) {
    const cnn_tensor *in = i % 2 ? flat : inputs;
    memset(cnn_tensor_data(outputs), 0, cnn_tensor_bytes(outputs));
    ck_assert_int_eq(cnn_model_predict_into(&outputs, 1, model, &in, 1, cnn_predict_opts(.batch_size = 16)), CNN_OK);
    compare_bits("predict_into", cnn_tensor_read(outputs), cnn_tensor_read(expected), COUNT * CLASSES, 0);
  }
  ck_assert_int_eq(a.calls, calls);
  cnn_tensor_free(flat);
  cnn_tensor_free(outputs);
  cnn_tensor_free(expected);
  cnn_tensor_free(inputs);
  close_context();
}
END_TEST

START_TEST(predict_of_nothing_is_nothing) {
  cnn_tensor *none;
  open_context(1);
  ck_assert_int_eq(cnn_tensor_new(&none, context, CNN_F32, 4, (const int64_t[]){0, 4, 4, 1}, NULL), CNN_OK);
  cnn_tensor *outputs = predict(none, 0);
  ck_assert_int_eq(cnn_tensor_count(outputs), 0);
  ck_assert_int_eq(cnn_tensor_shape(outputs)[1], CLASSES);
  cnn_tensor_free(outputs);
  cnn_tensor_free(none);
  close_context();
}
END_TEST

/* ---- refusals ---- */

static void refused(cnn_status status, cnn_status code, const char *part) {
  ck_assert_msg(status == code && strstr(cnn_error_text(), part), "%s: %s, not %s", cnn_status_name(status), cnn_error_text(), part);
}

START_TEST(predict_refuses) {
  cnn_tensor *outputs = NULL, *wrong;
  open_context(1);
  cnn_tensor *good = inputs_of(0, 6);
  const cnn_tensor *in = good;
  refused(cnn_model_predict(NULL, 1, model, &in, 1, NULL), CNN_EINVAL, "outputs is NULL");
  refused(cnn_model_predict(&outputs, 1, NULL, &in, 1, NULL), CNN_EINVAL, "model is NULL");
  refused(cnn_model_predict(&outputs, 1, model, NULL, 1, NULL), CNN_EINVAL, "input is NULL");
  refused(cnn_model_predict(&outputs, 1, model, (const cnn_tensor *const[]){NULL}, 1, NULL), CNN_EINVAL, "input is NULL");
  refused(cnn_model_predict(&outputs, 2, model, &in, 1, NULL), CNN_EINVAL, "1 inputs and 2 outputs");
  refused(cnn_model_predict(&outputs, 1, model, &in, 0, NULL), CNN_EINVAL, "0 inputs");
  refused(cnn_model_predict(&outputs, 1, model, &in, 1, cnn_predict_opts(.batch_size = -5)), CNN_EINVAL, "batch_size is -5");
  refused(cnn_model_predict(&outputs, 1, model, &in, 1, cnn_predict_opts(.verbose = 9)), CNN_EINVAL, "verbose is 9");
  refused(cnn_model_predict(&outputs, 1, model, &in, 1, cnn_predict_opts(.reserved = 1)), CNN_ETOONEW, "reserved");
  const struct {
    int32_t type, rank;
    int64_t shape[5];
  } shapes[] = {{CNN_U8, 4, {6, 4, 4, 1}},  {CNN_F32, 4, {6, 4, 4, 2}}, {CNN_F32, 2, {6, 16}},
                {CNN_F32, 3, {6, 4, 5}},    {CNN_F32, 3, {4, 4, 1}},    {CNN_F32, 0, {0}},
                {CNN_F32, 5, {6, 4, 4, 1, 1}}};
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    ck_assert_int_eq(cnn_tensor_new(&wrong, context, shapes[i].type, shapes[i].rank, shapes[i].shape, NULL), CNN_OK);
    in = wrong;
    refused(cnn_model_predict(&outputs, 1, model, &in, 1, NULL), CNN_ESHAPE, "model 'sequential' takes float32 (None, 4, 4, 1)");
    cnn_tensor_free(wrong);
  }
  ((float *)cnn_tensor_data(good))[2 * 16 + 5] = INFINITY;
  in = good;
  refused(cnn_model_predict(&outputs, 1, model, &in, 1, NULL), CNN_EDATA, "sample 2");
  ck_assert_ptr_null(outputs);
  cnn_tensor_free(good);
  close_context();
}
END_TEST

START_TEST(predict_into_refuses) {
  cnn_tensor *outputs;
  open_context(1);
  cnn_tensor *good = inputs_of(0, 6);
  const cnn_tensor *in = good;
  const struct {
    int32_t type, rank;
    int64_t shape[3];
  } shapes[] = {{CNN_I32, 2, {6, 3}}, {CNN_F32, 2, {5, 3}}, {CNN_F32, 2, {6, 4}}, {CNN_F32, 1, {18}}, {CNN_F32, 3, {6, 3, 1}}};
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    ck_assert_int_eq(cnn_tensor_new(&outputs, context, shapes[i].type, shapes[i].rank, shapes[i].shape, NULL), CNN_OK);
    refused(cnn_model_predict_into(&outputs, 1, model, &in, 1, NULL), CNN_ESHAPE, "must be float32 (6, 3)");
    cnn_tensor_free(outputs);
  }
  refused(cnn_model_predict_into((cnn_tensor *const[]){NULL}, 1, model, &in, 1, NULL), CNN_EINVAL, "output is NULL");
  cnn_tensor_free(good);
  close_context();
}
END_TEST

/* In one block of floats: outputs of 18 from each place to inputs of 96 at 40. */
START_TEST(predict_into_refuses_to_overlap) {
  static float block[256];
  cnn_tensor *inputs, *outputs;
  open_context(1);
  ck_assert_int_eq(cnn_tensor_new(&inputs, context, CNN_F32, 4, (const int64_t[]){6, 4, 4, 1}, cnn_tensor_opts(.data = block + 40)), CNN_OK);
  const cnn_tensor *in = inputs;
  for (int at = 0; at < 160; at++) {
    ck_assert_int_eq(cnn_tensor_new(&outputs, context, CNN_F32, 2, (const int64_t[]){6, 3}, cnn_tensor_opts(.data = block + at)), CNN_OK);
    cnn_status status = cnn_model_predict_into(&outputs, 1, model, &in, 1, NULL);
    if (at <= 40 - 18 || at >= 40 + 96)
      ck_assert_int_eq(status, CNN_OK);
    else
      refused(status, CNN_EINVAL, "share their memory");
    cnn_tensor_free(outputs);
  }
  cnn_tensor_free(inputs);
  close_context();
}
END_TEST

START_TEST(evaluate_refuses) {
  cnn_logs *logs = NULL;
  open_context(1);
  refused(cnn_model_evaluate(NULL, model, data.labels, NULL), CNN_EINVAL, "out is NULL");
  refused(cnn_model_evaluate(&logs, NULL, data.labels, NULL), CNN_EINVAL, "model is NULL");
  refused(cnn_model_evaluate(&logs, model, NULL, NULL), CNN_EINVAL, "data set or batch source is NULL");
  refused(cnn_model_evaluate(&logs, model, data.labels, cnn_evaluate_opts(.batch_size = -1)), CNN_EINVAL, "batch_size is -1");
  refused(cnn_model_evaluate(&logs, model, data.labels, cnn_evaluate_opts(.verbose = -1)), CNN_EINVAL, "verbose is -1");
  refused(cnn_model_evaluate(&logs, model, data.labels, cnn_evaluate_opts(.reserved = 2)), CNN_ETOONEW, "reserved is 2");
  cnn_model_free(model);
  model = training_model_new(context);
  refused(cnn_model_evaluate(&logs, model, data.labels, NULL), CNN_ESTATE, "not compiled");
  ck_assert_ptr_null(logs);
  cnn_tensor *inputs = inputs_of(0, 3), *outputs = predict(inputs, 0); /* which needs no compilation */
  cnn_tensor_free(inputs);
  cnn_tensor_free(outputs);
  close_context();
}
END_TEST

/* ---- circumstances ---- */

/* The caller's rounding mode changes no figure and is there again afterwards. */
START_TEST(rounding_of_the_caller) {
  double loss[2];
  char hash[2][33];
  for (int i = 0; i < 2; i++) {
    cnn_logs *logs;
    open_context(1); /* its data are the test's own arithmetic */
    ck_assert_int_eq(fesetround(i ? FE_UPWARD : FE_TONEAREST), 0);
    ck_assert_int_eq(cnn_model_fit(model, data.labels, cnn_fit_opts(.epochs = 2, .validation_split = 0.2)), CNN_OK);
    ck_assert_int_eq(cnn_model_evaluate(&logs, model, data.labels, NULL), CNN_OK);
    loss[i] = training_value(logs, "loss");
    cnn_model_hash(model, hash[i]);
    ck_assert_int_eq(fegetround(), i ? FE_UPWARD : FE_TONEAREST);
    fesetround(FE_TONEAREST);
    cnn_logs_free(logs);
    close_context();
  }
  ck_assert_double_eq(loss[0], loss[1]);
  ck_assert_str_eq(hash[0], hash[1]);
}
END_TEST

static void *predicts(void *user) {
  const cnn_tensor *inputs = user;
  for (int i = 0; i < 10; i++) {
    cnn_tensor *outputs;
    cnn_logs *logs;
    if (cnn_model_predict(&outputs, 1, model, &inputs, 1, cnn_predict_opts(.batch_size = 1 + i)) < 0 ||
        cnn_model_evaluate(&logs, model, data.labels, NULL) < 0)
      return NULL;
    cnn_logs_free(logs);
    if (i == 9)
      return outputs;
    cnn_tensor_free(outputs);
  }
  return NULL;
}

START_TEST(several_threads_at_once) {
  pthread_t threads[4];
  open_context(2);
  cnn_tensor *inputs = inputs_of(0, COUNT), *expected = predict(inputs, 0);
  for (int i = 0; i < 4; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, predicts, inputs), 0);
  for (int i = 0; i < 4; i++) {
    void *outputs;
    ck_assert_int_eq(pthread_join(threads[i], &outputs), 0);
    ck_assert_ptr_nonnull(outputs);
    compare_bits("threads", cnn_tensor_read(outputs), cnn_tensor_read(expected), COUNT * CLASSES, 0);
    cnn_tensor_free(outputs);
  }
  cnn_tensor_free(inputs);
  cnn_tensor_free(expected);
  close_context();
}
END_TEST

int main(void) {
  return RUN_SUITE("passing", 60, evaluate_knows_no_batches, evaluate_is_predict_and_count, predict_knows_no_batches,
                   predict_into_allocates_nothing, predict_of_nothing_is_nothing, predict_refuses, predict_into_refuses,
                   predict_into_refuses_to_overlap, evaluate_refuses, rounding_of_the_caller, several_threads_at_once);
}
