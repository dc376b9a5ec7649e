/* notebook: the model that the project began with, the MNIST images, and batches of them: what several tests train. */
#ifndef CNN_TESTS_NOTEBOOK_H
#define CNN_TESTS_NOTEBOOK_H

#include "model/run.h"

#include "cnn/cnn.h"

#define NOTEBOOK_PIXELS 784
#define NOTEBOOK_CLASSES 10

/* Two blocks of convolution, batch normalisation, pooling and dropout, two dense layers; dropout 0.25, 0.25, 0.5, or
 * none. */
cnn_model *notebook_new(cnn_context *context, int32_t dropout);

/* Compiled with an optimizer by name and attributes, categorical cross-entropy, accuracy. */
void notebook_compile(cnn_model *model, const char *optimizer, const char *attributes);

/* All weights from a case of tests/reference/model. */
void notebook_set(cnn_model *model, const char *name);

/* Images and targets, [0, 1] and one-hot. file: "train" or "t10k". */
typedef struct notebook_images {
  int64_t count;
  float *pixels, *targets;
  int32_t *labels;
} notebook_images;
notebook_images notebook_load(const char *file, int64_t count);
void notebook_unload(notebook_images *images);

/* The feed of rows of x, with their targets; it points into the arrays and, for its fill, at itself. */
typedef struct test_batch {
  cnn__feed feed;
  const float *x;
  int64_t row; /* floats of x a row */
} test_batch;
void test_batch_set(test_batch *batch, const float *x, int64_t row, const float *targets, int64_t count);

/* Rows [first, first + count) of the images. */
void notebook_take(test_batch *batch, const notebook_images *images, int64_t first, int64_t count);

#endif
