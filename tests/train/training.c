/* training: see training.h. */
#include "training.h"

#include "compare.h"

#include <stdio.h>
#include <string.h>

#define SIDE 4
#define CLASSES 3

training_data training_data_new(cnn_context *context, int64_t count, uint64_t seed) {
  training_data data;
  cnn_tensor *x, *labels, *rows;
  ck_assert_int_eq(cnn_tensor_new(&x, context, CNN_F32, 3, (const int64_t[]){count, SIDE, SIDE}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&labels, context, CNN_I32, 1, &count, NULL), CNN_OK);
  float *pixels = cnn_tensor_data(x);
  int32_t *classes = cnn_tensor_data(labels);
  test_numbers(pixels, count * SIDE * SIDE, seed, 0.5f);
  for (int64_t i = 0; i < count; i++) {
    classes[i] = (int32_t)((test_number(seed + 1, i) + 1) * 0.5f * CLASSES) % CLASSES;
    for (int k = 0; k < SIDE; k++)
      pixels[(i * SIDE + classes[i]) * SIDE + k] += 1;
  }
  ck_assert_int_eq(cnn_to_categorical(&rows, labels, CLASSES), CNN_OK);
  const cnn_dataset_opts *o = cnn_dataset_opts(.classes = CLASSES);
  ck_assert_int_eq(cnn_dataset_new(&data.labels, context, 1, &x, 1, &labels, o), CNN_OK);
  ck_assert_int_eq(cnn_dataset_new(&data.targets, context, 1, &x, 1, &rows, NULL), CNN_OK);
  cnn_tensor_free(x);
  cnn_tensor_free(labels);
  cnn_tensor_free(rows);
  return data;
}

void training_data_free(training_data *data) {
  cnn_dataset_free(data->labels);
  cnn_dataset_free(data->targets);
}

cnn_model *training_model_new(cnn_context *context) {
  cnn_model *model;
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  cnn_input(model, 3, (const int64_t[]){SIDE, SIDE, 1}, NULL);
  cnn_conv2d(model, 4, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU));
  cnn_batch_normalization(model, NULL);
  cnn_dropout(model, 0.25f, NULL);
  cnn_flatten(model, NULL);
  cnn_dense(model, CLASSES, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_msg(cnn_model_status(model) == CNN_OK, "%s", cnn_error_text());
  return model;
}

void training_compile(cnn_model *model, cnn_context *context, float rate) {
  cnn_optimizer *adam;
  ck_assert_int_eq(cnn_adam_new(&adam, context, cnn_adam_opts(.learning_rate = rate)), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(model, adam, 1, (const char *[]){"categorical_crossentropy"},
                                     cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1)),
                   CNN_OK);
  cnn_optimizer_free(adam);
}

cnn_model *training_model(cnn_context *context) {
  cnn_model *model = training_model_new(context);
  training_compile(model, context, 0.01f);
  return model;
}

/* ---- callback ---- */

static cnn_status hear(training_log *log, const cnn_event *event, const char *name, int32_t has_number, int64_t number) {
  char figures[256] = "";
  ck_assert_uint_ge(event->size, sizeof *event);
  for (int32_t i = 0; i < cnn_logs_count(event->logs); i++)
    snprintf(figures + strlen(figures), sizeof figures - strlen(figures), "%s%s", i ? "," : "", cnn_logs_name(event->logs, i));
  size_t used = strlen(log->text), room = sizeof log->text - used;
  if (has_number)
    snprintf(log->text + used, room, "%s %d %s;", name, (int)number, figures);
  else
    snprintf(log->text + used, room, "%s - %s;", name, figures);
  if (!log->act_at || strcmp(log->act_at, name) || (log->act_epoch >= 0 && log->act_epoch != event->epoch) ||
      (log->act_step >= 0 && log->act_step != event->step))
    return CNN_OK;
  cnn_status status = log->act ? log->act(event, log->user) : CNN_OK;
  return status != CNN_OK ? status : log->returns;
}

static cnn_status train_begin(void *user, const cnn_event *e) { return hear(user, e, "train_begin", 0, 0); }
static cnn_status train_end(void *user, const cnn_event *e) { return hear(user, e, "train_end", 0, 0); }
static cnn_status epoch_begin(void *user, const cnn_event *e) { return hear(user, e, "epoch_begin", 1, e->epoch); }
static cnn_status epoch_end(void *user, const cnn_event *e) { return hear(user, e, "epoch_end", 1, e->epoch); }
static cnn_status batch_begin(void *user, const cnn_event *e) { return hear(user, e, "batch_begin", 1, e->step); }
static cnn_status batch_end(void *user, const cnn_event *e) { return hear(user, e, "batch_end", 1, e->step); }
static cnn_status test_begin(void *user, const cnn_event *e) { return hear(user, e, "test_begin", 0, 0); }
static cnn_status test_end(void *user, const cnn_event *e) { return hear(user, e, "test_end", 0, 0); }
static void let_go(void *user) { ((training_log *)user)->freed++; }

cnn_callback *training_log_new(cnn_context *context, training_log *log) {
  cnn_callback *callback;
  const cnn_callback_functions functions = {.size = sizeof functions, .user = log, .train_begin = train_begin,
                                            .train_end = train_end, .epoch_begin = epoch_begin, .epoch_end = epoch_end,
                                            .batch_begin = batch_begin, .batch_end = batch_end, .test_begin = test_begin,
                                            .test_end = test_end, .free = let_go};
  ck_assert_int_eq(cnn_callback_new(&callback, context, &functions), CNN_OK);
  return callback;
}

/* ---- figures ---- */

double training_value(const cnn_logs *logs, const char *name) {
  double value = 0;
  ck_assert_msg(cnn_logs_value(logs, name, &value) == CNN_OK, "%s", cnn_error_text());
  return value;
}

double training_history(const cnn_history *history, int64_t row, const char *name) {
  double value = 0;
  ck_assert_msg(cnn_history_value(history, row, name, &value) == CNN_OK, "%s", cnn_error_text());
  return value;
}
