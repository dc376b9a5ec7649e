/* inspecting: trained models with inputs, and tensors compared to the bit: what the tests of inspection begin with. */
#ifndef CNN_TESTS_INSPECTING_H
#define CNN_TESTS_INSPECTING_H

#include "model/model_internal.h"

#include "cnn/cnn.h"

typedef cnn_model *inspecting_make(cnn_context *context);

/* Fails the running test with the text of the error. */
void inspecting_ok(cnn_status status);

/* cpu NULL: the best instructions; NULL comes back where this machine has not those that are asked for. Knows the layers of own_layers. */
cnn_context *inspecting_context(int32_t threads, const char *cpu);

/* What is tried beside one thread. */
typedef struct inspecting_turn {
  int32_t threads;
  const char *cpu;
  int64_t batch_size;
} inspecting_turn;

/* Made, compiled and trained for a step, so that moving statistics have moved. */
cnn_model *inspecting_trained(cnn_context *context, inspecting_make *make);

/* Layers of a program, of one input and of several, between built-in ones; images of 8x8x4, four classes, as of branches_every_layer. */
cnn_model *inspecting_own(cnn_context *context);
cnn_model *inspecting_every_layer(cnn_context *context);

/* f32 [rows, ...the model's input], the same for each model. */
cnn_tensor *inspecting_inputs(const cnn_model *m, int64_t rows);

/* Fails the running test unless all bits are equal. */
void inspecting_same(const char *what, const cnn_tensor *actual, const cnn_tensor *expected);

#endif
