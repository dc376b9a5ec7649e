/* samples: the samples that one call goes over: a part of a data set, held while it lasts. */
#ifndef CNN_TRAIN_SAMPLES_H
#define CNN_TRAIN_SAMPLES_H

#include "data/batch.h"
#include "data/dataset_internal.h"
#include "model/model_internal.h"

typedef struct cnn__samples {
  cnn_dataset *held; /* NULL: closed */
  cnn_dataset part;  /* shares its tensors; a split of the data set meanwhile changes nothing here */
} cnn__samples;

/* Samples [first, first + count) of the data set. */
void cnn__samples_open(cnn__samples *samples, const cnn_dataset *dataset, int64_t first, int64_t count);
void cnn__samples_close(cnn__samples *samples); /* a closed one stays as it is */

/* CNN_ESHAPE where the model does not take such inputs, or its loss and metrics not such targets; `what` begins
 * the text. */
cnn_status cnn__samples_check_inputs(const cnn_dataset *dataset, const cnn_model *model, const char *what);
cnn_status cnn__samples_check_targets(const cnn_dataset *dataset, const cnn_model *model, const char *what);

/* Class weights go with samples of one class, and not with weights of their own. */
cnn_status cnn__samples_check_weights(const cnn_dataset *dataset, const cnn__class_weights *class_weights,
                                      const char *what);

/* The batch in hand as a run takes it. */
cnn__feed cnn__batch_feed(const cnn__batch *batch);

/* Batches of at most `size` that `count` samples make. */
int64_t cnn__batches(int64_t count, int64_t size);

#endif
