/* evaluation: loss and metrics of a model over samples, as often as wanted, without allocating. */
#ifndef CNN_TRAIN_EVALUATION_H
#define CNN_TRAIN_EVALUATION_H

#include "train/figures.h"
#include "train/progress_text.h"
#include "train/supply.h"

typedef struct cnn__evaluation {
  cnn__supply supply;    /* open; of mode CNN__MODE_TEST */
  cnn__figures figures;
} cnn__evaluation;

/* Go over all samples in their order; the figures are then in evaluation->figures. epoch: fit's, 0 elsewhere. bar and
 * running (its figures) may be NULL. */
cnn_status cnn__evaluation_run(cnn__evaluation *evaluation, int64_t epoch, cnn__bar *bar, cnn_logs *running);

#endif
