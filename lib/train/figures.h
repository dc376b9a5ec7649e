/* figures: loss and metrics of a pass over samples, as sums over samples. */
#ifndef CNN_TRAIN_FIGURES_H
#define CNN_TRAIN_FIGURES_H

#include "model/model_internal.h"
#include "train/logs.h"

#define CNN__MAX_FIGURES (1 + CNN__MAX_METRICS)

typedef struct cnn__figures {
  int32_t count;
  int32_t metric[CNN__MAX_FIGURES]; /* in alphabetical order of names; -1: the loss */
  const char *names[CNN__MAX_FIGURES]; /* of the model, which stays compiled as it is */
  int32_t weighted[CNN__MAX_FIGURES], root[CNN__MAX_FIGURES];
  double sums[CNN__MAX_FIGURES];
  double weight;                    /* of all samples */
  int64_t samples;
} cnn__figures;

/* Nothing summed yet. */
void cnn__figures_begin(cnn__figures *figures, const cnn_model *model);

/* Add the `count` rows of a run's batch, one after the other: the sum knows nothing of batches. */
void cnn__figures_add(cnn__figures *figures, const cnn__run *run, int64_t count);

/* Set the means so far, as float32 holds them, with a prefix ("" or "val_") before each name. */
cnn_status cnn__figures_tell(const cnn__figures *figures, cnn_logs *logs, const char *prefix);

#endif
