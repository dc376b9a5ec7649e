/* batch: which samples a batch holds and how a worker makes its rows. */
#ifndef CNN_DATA_BATCH_H
#define CNN_DATA_BATCH_H

#include "cnn/augment.h"
#include "data/targets.h"
#include "kernels/kernel.h"

typedef struct cnn__batch {
  const cnn_dataset *dataset;
  const cnn_augmenter *augmenter; /* NULL: none */
  int32_t still;                  /* the augmenter standardises images and transforms none; the owner sets it */
  const cnn__kernels *k;
  uint32_t pass;
  int64_t count;                  /* rows in use */
  int64_t capacity;
  int64_t *samples;               /* data-set index of each row (within this data set: 0 .. its count - 1) */
  int32_t *labels;                /* class of each row; NULL where the data set has f32 targets or none */
  float *targets;                 /* rows of targets; NULL where it has labels or none */
  float *weights;                 /* of each row; NULL: none are asked for */
  cnn__class_weights class_weights;
} cnn__batch;

cnn_status cnn__batch_new(cnn__batch **out, const cnn_dataset *dataset, const cnn_augmenter *augmenter, int64_t capacity);
void cnn__batch_free(cnn__batch *batch);

/* Room for weights where samples have them or their classes do. */
cnn_status cnn__batch_weigh(cnn__batch *batch, const cnn__class_weights *class_weights);

/* Rows position .. position + count - 1 of pass's order (a keyed permutation when shuffle, else file order); gathers labels or targets. */
void cnn__batch_take(cnn__batch *batch, uint64_t seed, uint32_t pass, int32_t shuffle, int64_t position, int64_t count);

/* Make rows [first, first + count) at x, scaled, augmented, standardised. The `fill` of a cnn__feed (user is the batch). */
void cnn__batch_fill(const void *batch, int64_t first, int64_t count, float *x);

#endif
