/* source: batches of the caller's function in fit, evaluate and predict. In order they give the bits of a data set. */
#include "stream.h"

#include "compare.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static fitting f;
static stream s, t;

static void open_streams(int32_t threads, int64_t size) {
  fitting_open(&f, threads);
  stream_open(&s, &f, f.data.labels, size);
  stream_open(&t, &f, f.other.labels, 7);
}

static void close_streams(void) {
  stream_close(&s);
  stream_close(&t);
  fitting_close(&f);
}

static void fits_source(const cnn_fit_opts *options) {
  ck_assert_msg(cnn_model_fit_source(f.model, &s.source, options) == CNN_OK, "%s", cnn_error_text());
}

static fitting_outcome outcome(cnn_fit_opts options) {
  fitting_outcome o = {0};
  cnn_history *history;
  options.history = &history;
  fits_source(&options);
  int64_t last = cnn_history_count(history) - 1;
  cnn_model_hash(f.model, o.hash);
  o.loss = training_history(history, last, "loss");
  o.accuracy = training_history(history, last, "accuracy");
  if (cnn_history_name_count(history) == 4)
    o.val_loss = training_history(history, last, "val_loss");
  cnn_history_free(history);
  return o;
}

/* Dropout and augmentation among it: samples are known by their place in the pass. */
START_TEST(gives_the_bits_of_a_data_set) {
  for (int32_t i = 0; i < 4; i++) {
    cnn_augmenter *augmenter;
    open_streams(1 + i, 12);
    ck_assert_int_eq(cnn_augmenter_new(&augmenter, f.context, cnn_augmenter_opts(.rotation_range = 15)), CNN_OK);
    cnn_fit_opts o = *cnn_fit_opts(.epochs = 3, .batch_size = 12, .no_shuffle = 1, .augmenter = i % 2 ? augmenter : NULL,
                                   .validation = f.other.labels);
    fitting_outcome expected = fitting_run(&f, f.data.labels, o);
    fitting_anew(&f);
    o.validation = NULL;
    o.validation_source = &t.source;
    s.rows = i / 2;
    fitting_equal(outcome(o), expected);
    cnn_augmenter_free(augmenter);
    close_streams();
  }
}
END_TEST

START_TEST(bytes_are_divided) {
  cnn_tensor *outputs[2], *bytes, *batch;
  cnn_dataset *dataset;
  open_streams(2, 20);
  s.bytes = 1;
  s.source.batches = 1; /* of 20 */
  ck_assert_int_eq(cnn_model_predict_source(&outputs[0], 1, f.model, &s.source, NULL), CNN_OK);
  batch = s.x;
  ck_assert_int_eq(cnn_tensor_new(&bytes, f.context, CNN_U8, 3, cnn_tensor_shape(batch), cnn_tensor_opts(.data = cnn_tensor_data(batch))), CNN_OK);
  ck_assert_int_eq(cnn_dataset_new(&dataset, f.context, 1, &bytes, 0, NULL, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_predict_dataset(&outputs[1], 1, f.model, dataset, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_count(outputs[0]), 60);
  compare_bits("bytes", cnn_tensor_read(outputs[0]), cnn_tensor_read(outputs[1]), 60, 0);
  cnn_tensor_free(outputs[0]);
  cnn_tensor_free(outputs[1]);
  cnn_tensor_free(bytes);
  cnn_dataset_free(dataset);
  close_streams();
}
END_TEST

START_TEST(evaluates_and_predicts) {
  cnn_logs *logs[2];
  cnn_tensor *outputs[2];
  for (int64_t size = 1; size <= 64; size *= 4) {
    open_streams(2, size);
    ck_assert_int_eq(cnn_model_evaluate(&logs[0], f.model, f.data.targets, NULL), CNN_OK);
    ck_assert_int_eq(cnn_model_evaluate_source(&logs[1], f.model, &s.source, NULL), CNN_OK);
    ck_assert_double_eq(training_value(logs[0], "loss"), training_value(logs[1], "loss"));
    ck_assert_double_eq(training_value(logs[0], "accuracy"), training_value(logs[1], "accuracy"));
    s.calls = 0;
    ck_assert_int_eq(cnn_model_predict_dataset(&outputs[0], 1, f.model, f.data.targets, NULL), CNN_OK);
    ck_assert_int_eq(cnn_model_predict_source(&outputs[1], 1, f.model, &s.source, NULL), CNN_OK);
    ck_assert_int_eq(cnn_tensor_shape(outputs[1])[0], FITTING_COUNT);
    compare_bits("predict", cnn_tensor_read(outputs[0]), cnn_tensor_read(outputs[1]), FITTING_COUNT * 3, 0);
    for (int i = 0; i < 2; i++) {
      cnn_logs_free(logs[i]);
      cnn_tensor_free(outputs[i]);
    }
    close_streams();
  }
}
END_TEST

/* ---- passes ---- */

static int32_t warnings;
static char warned[256];

static void warn(void *user, int32_t level, const char *line) {
  (void)user, (void)level;
  warnings++;
  snprintf(warned, sizeof warned, "%s", line);
}

typedef struct pass_case {
  int32_t endless;
  int64_t batches, steps_per_epoch;
  int64_t steps[3];   /* of three epochs over 5 batches */
  int32_t calls, warnings;
} pass_case;

/* Keras would make 4, 1, 4 of a source of 5 with 4 a pass: here every pass makes all of its steps. */
START_TEST(passes) {
  static const pass_case cases[] = {
      {0, 0, 0, {5, 5, 5}, 18, 0}, {0, 5, 0, {5, 5, 5}, 15, 0}, {0, 0, 4, {4, 4, 4}, 12, 0}, {0, 5, 6, {5, 5, 5}, 18, 3},
      {0, 6, 0, {5, 5, 5}, 18, 3}, {1, 0, 7, {7, 7, 7}, 21, 0}, {1, 4, 0, {4, 4, 4}, 12, 0}, {1, 4, 9, {9, 9, 9}, 27, 0}};
  const cnn_logger logger = {.size = sizeof logger, .write = warn};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const pass_case *c = &cases[i];
    cnn_context *plain;
    open_streams(1, 10);
    ck_assert_int_eq(cnn_context_new(&plain, cnn_context_opts(.threads = 1, .logger = &logger)), CNN_OK);
    cnn_model_free(f.model);
    f.model = training_model(plain);
    warnings = 0;
    s.endless = c->endless;
    s.source.batches = c->batches;
    int32_t at = 0;
    fits_source(cnn_fit_opts(.epochs = 3, .steps_per_epoch = c->steps_per_epoch, .batch_size = 17));
    for (int64_t epoch = 0; epoch < 3; epoch++) {
      for (int64_t step = 0; step < c->steps[epoch]; step++, at++) {
        const cnn_batch_request *r = &s.asked[at];
        ck_assert_msg(r->epoch == epoch && r->step == step && r->pass == epoch && r->batch_size == 17, "case %zu, call %d", i, at);
      }
      at += s.asked[at].epoch == epoch && at < s.calls && s.asked[at].step == c->steps[epoch]; /* told that it is over */
    }
    ck_assert_msg(s.calls == c->calls && at == c->calls, "case %zu: %d calls", i, s.calls);
    ck_assert_msg(warnings == c->warnings, "case %zu: %d warnings", i, warnings);
    if (warnings)
      ck_assert_str_eq(warned, "fit: the data ran out after 5 of 6 steps in epoch 2");
    ck_assert_int_eq(cnn_model_iterations(f.model), c->steps[0] * 3);
    ck_assert(pthread_equal(s.thread, pthread_self()));
    cnn_model_free(f.model);
    f.model = NULL;
    cnn_context_free(plain);
    close_streams();
  }
}
END_TEST

/* How long an epoch is callbacks know from the second one on. */
static int64_t steps_told[8];
static int32_t told;

static cnn_status note_steps(const cnn_event *event, void *user) {
  (void)user;
  steps_told[told++] = event->steps;
  return CNN_OK;
}

START_TEST(callbacks_learn_the_steps) {
  training_log log = {.act_at = "epoch_begin", .act_epoch = -1, .act_step = -1, .act = note_steps};
  open_streams(1, 10);
  cnn_callback *callback = training_log_new(f.context, &log);
  fits_source(cnn_fit_opts(.epochs = 3, .callbacks = &callback, .callback_count = 1));
  ck_assert_int_eq(told, 3);
  ck_assert_int_eq(steps_told[0], 0);
  ck_assert_int_eq(steps_told[1], 5);
  ck_assert_int_eq(steps_told[2], 5);
  cnn_callback_free(callback);
  close_streams();
}
END_TEST

/* Validation, evaluate and predict: so many batches. */
START_TEST(steps_limit_all_calls) {
  cnn_logs *logs;
  cnn_tensor *outputs;
  open_streams(1, 10);
  fits_source(cnn_fit_opts(.epochs = 2, .validation_source = &t.source, .validation_steps = 2, .validation_batch_size = 9));
  ck_assert_int_eq(t.calls, 4);
  ck_assert_int_eq(t.asked[3].batch_size, 9);
  ck_assert_int_eq(t.asked[3].epoch, 1);
  t.calls = 0;
  ck_assert_int_eq(cnn_model_evaluate_source(&logs, f.model, &t.source, cnn_evaluate_opts(.steps = 1)), CNN_OK);
  cnn_logs_free(logs);
  ck_assert_int_eq(cnn_model_predict_source(&outputs, 1, f.model, &t.source, cnn_predict_opts(.steps = 2)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_shape(outputs)[0], 14);
  ck_assert_int_eq(t.calls, 3);
  cnn_tensor_free(outputs);
  close_streams();
}
END_TEST

/* ---- errors ---- */

static cnn_status wrong_shape(stream *x, cnn_batch *batch) {
  cnn_tensor_free(x->x);
  ck_assert_int_eq(cnn_tensor_new(&x->x, f.context, CNN_F32, 3, (const int64_t[]){10, 4, 5}, NULL), CNN_OK);
  batch->inputs = x->x;
  return CNN_OK;
}

static cnn_status wrong_count(stream *x, cnn_batch *batch) {
  cnn_tensor_free(x->y);
  ck_assert_int_eq(cnn_tensor_new(&x->y, f.context, CNN_I32, 1, (const int64_t[]){9}, NULL), CNN_OK);
  batch->targets = x->y;
  return CNN_OK;
}

static cnn_status no_number(stream *x, cnn_batch *batch) {
  (void)batch;
  ((float *)cnn_tensor_data(x->x))[3 * 16 + 2] = NAN;
  return CNN_OK;
}

static cnn_status wrong_label(stream *x, cnn_batch *batch) {
  (void)batch;
  ((int32_t *)cnn_tensor_data(x->y))[4] = 3;
  return CNN_OK;
}

static cnn_status negative_label(stream *x, cnn_batch *batch) {
  (void)batch;
  (void)x;
  ((int32_t *)cnn_tensor_data(x->y))[4] = -1;
  return CNN_OK;
}

static cnn_status no_inputs(stream *x, cnn_batch *batch) {
  (void)x;
  batch->inputs = NULL;
  return CNN_OK;
}

static cnn_status no_targets(stream *x, cnn_batch *batch) {
  (void)x;
  batch->targets = NULL;
  return CNN_OK;
}

static cnn_status newer(stream *x, cnn_batch *batch) {
  (void)x;
  batch->size = 8;
  return CNN_OK;
}

static cnn_status own_error(stream *x, cnn_batch *batch) {
  (void)x, (void)batch;
  return cnn_error_set(CNN_EIO, "the tape has run out");
}

static cnn_status silent_error(stream *x, cnn_batch *batch) {
  (void)x, (void)batch;
  return CNN_EIO;
}

static cnn_status odd(stream *x, cnn_batch *batch) {
  (void)x, (void)batch;
  return 5;
}

static cnn_status fits_inside(stream *x, cnn_batch *batch) {
  (void)x, (void)batch;
  return cnn_model_fit(f.model, f.data.labels, NULL);
}

static cnn_status nothing(stream *x, cnn_batch *batch) {
  (void)x, (void)batch;
  return CNN_STOP;
}

typedef struct error_case {
  cnn_status (*spoil)(stream *s, cnn_batch *batch);
  cnn_status code;
  const char *text;
  int64_t step;
} error_case;

/* The model holds the weights of the steps before; train_end has been told. */
START_TEST(errors_are_named) {
  static const error_case cases[] = {
      {wrong_shape, CNN_ESHAPE, "fit: batch 2 of the batch function in epoch 0: samples are (None, 4, 5, 1), model 'sequential' takes (None, 4, 4, 1)", 2},
      {wrong_count, CNN_ESHAPE, "fit: batch 2 of the batch function in epoch 0: targets of shape (9,) for 10 samples", 2},
      {no_number, CNN_EDATA, "fit: batch 2 of the batch function in epoch 0: inputs", 2},
      {wrong_label, CNN_ESHAPE, "fit: batch 2 of the batch function in epoch 0: labels are of 4 classes, model 'sequential' gives 3 values", 2},
      {negative_label, CNN_EDATA, "fit: batch 2 of the batch function in epoch 0: label -1 of sample 4", 2},
      {no_inputs, CNN_EINVAL, "fit: batch 2 of the batch function in epoch 0: inputs is NULL", 2},
      {no_targets, CNN_ESHAPE, "fit: batch 2 of the batch function in epoch 0: data set has no targets", 2},
      {newer, CNN_EINVAL, "fit: batch 2 of the batch function in epoch 0: ", 2},
      {own_error, CNN_EIO, "the tape has run out", 2},
      {silent_error, CNN_ECALLBACK, "fit: batch function returned CNN_EIO (-7)", 2},
      {odd, CNN_ECALLBACK, "fit: batch function returned 5, must be CNN_OK, CNN_STOP or an error", 2},
      {fits_inside, CNN_ESTATE, "in training already", 2},
      {nothing, CNN_EDATA, "fit: the batch function gave no batch in epoch 0", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    training_log log = {.act_epoch = -1, .act_step = -1};
    open_streams(1, 10);
    cnn_callback *callback = training_log_new(f.context, &log);
    s.spoil = cases[i].spoil;
    s.spoil_step = cases[i].step;
    cnn_status status = cnn_model_fit_source(f.model, &s.source, cnn_fit_opts(.epochs = 2, .callbacks = &callback, .callback_count = 1));
    ck_assert_msg(status == cases[i].code && strstr(cnn_error_text(), cases[i].text), "case %zu: %s: %s, not %s", i,
                  cnn_status_name(status), cnn_error_text(), cases[i].text);
    ck_assert_int_eq(cnn_model_iterations(f.model), cases[i].step);
    ck_assert_ptr_nonnull(strstr(log.text, "train_end - ;"));
    ck_assert_ptr_null(strstr(log.text, "epoch_end"));
    s.spoil = NULL;
    s.endless = 0;
    fits_source(cnn_fit_opts(.epochs = 1)); /* it may go on */
    cnn_callback_free(callback);
    close_streams();
  }
}
END_TEST

START_TEST(errors_of_other_calls) {
  cnn_logs *logs = NULL;
  cnn_tensor *outputs = NULL;
  open_streams(1, 10);
  s.spoil = no_number;
  s.spoil_step = 1;
  ck_assert_int_eq(cnn_model_evaluate_source(&logs, f.model, &s.source, NULL), CNN_EDATA);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "evaluate: batch 1 of the batch function"));
  ck_assert_int_eq(cnn_model_predict_source(&outputs, 1, f.model, &s.source, NULL), CNN_EDATA);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "predict: batch 1 of the batch function"));
  ck_assert_int_eq(cnn_model_fit_source(f.model, &t.source, cnn_fit_opts(.validation_source = &s.source)), CNN_EDATA);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "fit, validation: batch 1 of the batch function"));
  s.spoil = no_targets; /* which predict does not need */
  ck_assert_int_eq(cnn_model_predict_source(&outputs, 1, f.model, &s.source, NULL), CNN_OK);
  cnn_tensor_free(outputs);
  ck_assert_ptr_null(logs);
  close_streams();
}
END_TEST

/* ---- memory ---- */

/* One pair of tensors for all batches. */
static cnn_status again(void *user, const cnn_batch_request *request, cnn_batch *batch) {
  int64_t *calls = user;
  if (request->epoch == 1 && request->step == 0)
    calls[0] = f.alloc.calls;
  calls[1] = f.alloc.calls - calls[0];
  batch->inputs = s.all;
  batch->targets = s.labels;
  return CNN_OK;
}

START_TEST(allocates_nothing_after_the_first) {
  int64_t calls[2] = {0, 0};
  open_streams(2, 10);
  const cnn_batch_source source = {.size = sizeof source, .user = calls, .next = again, .batches = 3};
  ck_assert_int_eq(cnn_model_fit_source(f.model, &source, cnn_fit_opts(.epochs = 3)), CNN_OK);
  ck_assert_int_gt(calls[0], 0);
  ck_assert_int_eq(calls[1], 0);
  close_streams();
}
END_TEST

int main(void) {
  return RUN_SUITE("source", 120, gives_the_bits_of_a_data_set, bytes_are_divided, evaluates_and_predicts, passes,
                   callbacks_learn_the_steps, steps_limit_all_calls, errors_are_named, errors_of_other_calls,
                   allocates_nothing_after_the_first);
}
