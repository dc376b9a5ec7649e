/* small_model: a little network with every kind of layer, and steps of training for it. */
#ifndef CNN_TESTS_IO_SMALL_MODEL_H
#define CNN_TESTS_IO_SMALL_MODEL_H

#include "model/model_internal.h"

/* Not compiled. */
cnn_model *small_model(cnn_context *context);
/* optimizer and attributes as cnn_optimizer_new takes them. */
void small_model_compile(cnn_model *model, const char *optimizer, const char *attributes);
/* `steps` training steps on made-up images that depend on the model's iterations alone; counts one pass. */
void small_model_train(cnn_model *model, int steps);
/* Outputs for five made-up images: 5 rows of 4. */
void small_model_predict(const cnn_model *model, float outputs[20]);

/* Same weights, slots, rate, iterations, pass, seed, configuration. */
void ck_same_model(const cnn_model *a, const cnn_model *b);

/* To and from a file of the test's own folder, without an error. */
cnn_model *small_model_load(cnn_context *context, const char *name, const cnn_load_opts *options);
void small_model_save(const cnn_model *model, const char *name, const cnn_save_opts *options);

/* One dense layer. */
cnn_model *dense_model(cnn_context *context, int64_t units, const char *name);

#endif
