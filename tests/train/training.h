/* training: a small problem that a small model learns in a moment, and a callback that writes down what it hears. */
#ifndef CNN_TESTS_TRAINING_H
#define CNN_TESTS_TRAINING_H

#include "alloc.h"

#include <check.h>
#include <cnn/cnn.h>

/* Images of 4x4x1 of three classes: one of three rows is bright, the rest is noise. */
typedef struct training_data {
  cnn_dataset *labels;  /* class labels, i32 */
  cnn_dataset *targets; /* the same, one-hot */
} training_data;
training_data training_data_new(cnn_context *context, int64_t count, uint64_t seed);
void training_data_free(training_data *data);

/* Convolution, batch normalisation, dropout, dense, softmax; not compiled. */
cnn_model *training_model_new(cnn_context *context);
/* Compiled by Adam with categorical cross-entropy and accuracy. */
cnn_model *training_model(cnn_context *context);
void training_compile(cnn_model *model, cnn_context *context, float rate);

/* A callback that writes down each event as Keras's hooks are named, "on_epoch_end 0 accuracy,loss;", and acts at
 * one of them. */
typedef struct training_log {
  char text[16384];
  const char *act_at;      /* the event, "epoch_end" */
  int64_t act_epoch, act_step; /* -1: any */
  cnn_status returns;      /* what it returns there */
  cnn_status (*act)(const cnn_event *event, void *user); /* called there before; its status wins where it is not CNN_OK */
  void *user;
  int32_t freed;
} training_log;
cnn_callback *training_log_new(cnn_context *context, training_log *log);

double training_value(const cnn_logs *logs, const char *name);
double training_history(const cnn_history *history, int64_t row, const char *name);

#endif
