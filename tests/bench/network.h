/* network: the MNIST notebook's model, or one of its shape for larger images and more channels, with images to train it on. */
#ifndef BENCH_NETWORK_H
#define BENCH_NETWORK_H

#include "data/batch.h"
#include "model/model_internal.h"

#include <cnn/cnn.h>

typedef struct network {
  cnn_dataset *data;       /* grey uint8 images of side x side, ten classes */
  cnn_augmenter *augmenter; /* with the notebook's ranges */
  cnn_model *model;        /* compiled: Adam, categorical cross-entropy, accuracy */
  int64_t images;
} network;

/* side: a multiple of 4; the notebook's is 28. width: channels of every layer but the last, times this; the notebook's is 1. */
cnn_status network_new(network *n, cnn_context *context, int64_t side, int64_t width, int64_t images);
void network_free(network *n);

/* Batches of one size from a network, and the run records for them. */
typedef struct network_run {
  network *network;
  int64_t batch;
  cnn__batch *plain, *augmented;
  cnn__run *train, *infer;
  float *outputs;
} network_run;

cnn_status network_run_new(network_run *r, network *n, int64_t batch);
void network_run_free(network_run *r);

/* Images a second of so many steps: training (with the batches plain or augmented) and inference, both from bytes. */
double network_train(network_run *r, cnn__batch *from, int64_t steps);
double network_infer(network_run *r, int64_t steps);

#endif
