/* evaluation: loss and metrics of a model over samples, as often as wanted, without allocating. */
#ifndef CNN_TRAIN_EVALUATION_H
#define CNN_TRAIN_EVALUATION_H

#include "train/figures.h"
#include "train/progress_text.h"
#include "train/samples.h"

typedef struct cnn__evaluation {
  const cnn_model *model;
  const cnn_dataset *data;
  int64_t batch_size;
  cnn__batch *batch;
  cnn__run *run; /* borrowed from the model */
  cnn__figures figures;
} cnn__evaluation;

/* data stays where it is until the end. On an error there is nothing to end. */
cnn_status cnn__evaluation_begin(cnn__evaluation *evaluation, const cnn_model *model, const cnn_dataset *data,
                                 int64_t batch_size);

/* Go over all samples in their order; the figures are then in evaluation->figures. bar and running (its figures)
 * may be NULL. */
cnn_status cnn__evaluation_run(cnn__evaluation *evaluation, cnn__bar *bar, cnn_logs *running);
void cnn__evaluation_end(cnn__evaluation *evaluation);

#endif
