/* fit: one training, from its options to its last callback. fit.c opens and closes it, epoch.c runs it. */
#ifndef CNN_TRAIN_FIT_INTERNAL_H
#define CNN_TRAIN_FIT_INTERNAL_H

#include "cnn/train.h"
#include "train/callback.h"
#include "train/evaluation.h"
#include "train/history.h"

/* Where a training stands between two events: what another process needs to go on there. */
typedef struct cnn__place {
  int64_t epoch;                 /* the one in hand; between epochs the next */
  int64_t step, samples;         /* batches of it that are done, and samples in them; 0: it has not begun */
  int64_t steps;                 /* batches of an epoch; 0: not known yet */
  double seconds;                /* spent on it */
  int32_t stop, stop_batches;    /* as in cnn__fit */
  cnn__figures figures;          /* sums so far */
} cnn__place;

typedef struct cnn__fit {
  cnn_model *model;              /* held */
  cnn_fit_opts options;          /* defaults filled in */
  cnn_sink sink;
  const cnn_sink *to;            /* NULL: silent */
  cnn_augmenter *augmenter;      /* held; may be NULL */
  cnn__supply train;
  cnn_callback **callbacks;      /* held: the caller's, then fit's own progress where it adds one */
  int32_t callback_count, own;   /* in all; of them fit's */
  cnn_history *history;
  cnn_logs *logs, *running;      /* of the last epoch; of the event in hand */

  cnn__figures figures;
  cnn__evaluation evaluation;    /* validation; its supply is of nothing where there is none */

  cnn_callback *checkpoint;      /* one of the callbacks, or NULL */
  json_t *recipe;                /* what the training is made of, for its checkpoints; the data are gone through once */
  cnn__place place;              /* where epochs begin, and what is saved */
  double begun;                  /* when the epoch did */
  int32_t leave;                 /* the epoch is left where it stands: a checkpoint has it */

  cnn_event event;
  int32_t stop, stop_batches;    /* asked for: no further epoch; no further batch of this one */
} cnn__fit;

/* fit->place is where it stands: in an epoch, or ended: behind it. */
void cnn__fit_note(cnn__fit *fit, int32_t ended);

/* The whole training, callbacks from train_begin to train_end. */
cnn_status cnn__fit_run(cnn__fit *fit);

#endif
