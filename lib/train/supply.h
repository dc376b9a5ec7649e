/* supply: the batches that one call goes over, pass by pass: of a data set, or of the caller's function; and the run
 * record with room for them. */
#ifndef CNN_TRAIN_SUPPLY_H
#define CNN_TRAIN_SUPPLY_H

#include "train/view.h"

typedef struct cnn__supply {
  /* set by the caller */
  const cnn_model *model;
  int32_t mode;                   /* CNN__MODE_*: what the batches are for */
  const char *what;               /* begins texts: "fit" */
  const cnn_augmenter *augmenter; /* NULL: none; held as long as the supply is open. Other modes than training
                                   * standardise with it and transform nothing */
  cnn__class_weights class_weights;

  cnn__samples samples;           /* of a data set; its `held` NULL: */
  cnn_batch_source source;        /* of this function; its `next` NULL too: of nothing */
  cnn_augmenter *held;            /* of a function, which may let go of it; a data set's batch holds its own */
  cnn_model *read;                /* of a function: the model, which it may let go of but not change the graph of */
  int64_t batch_size;             /* of a data set: of all batches but the last; of a function: what is wished */
  int64_t steps;                  /* batches of a pass; 0: as many as the function has */
  int64_t wanted;                 /* batches that were asked for: fewer are worth a warning; 0: whatever there are */
  cnn__batch *batch;              /* of a data set */
  cnn__view view;                 /* of a function: the batch in hand, and its tensors, held */
  cnn_tensor *inputs, *targets, *weights;
  cnn__run *run;

  /* the pass in hand */
  int64_t epoch, step, given;     /* batches and samples so far */
  uint32_t pass;
  int32_t shuffle;
} cnn__supply;

/* Batches of samples [first, first + count) of a data set, at most `steps` a pass (0: all). batch_size 0: 32, or where
 * steps are given as many as make `count` samples of them. CNN_ESHAPE where model and data do not fit. */
cnn_status cnn__supply_dataset(cnn__supply *supply, const cnn_dataset *dataset, int64_t first, int64_t count,
                               int64_t batch_size, int64_t steps);

/* Batches of a function, at most `steps` a pass; 0: the source's own count, and where it has none until it says that the
 * pass is over. */
cnn_status cnn__supply_source(cnn__supply *supply, const cnn_batch_source *source, int64_t batch_size, int64_t steps);

/* Is it of anything? */
int32_t cnn__supply_is(const cnn__supply *supply);

/* Samples of a pass over a data set. */
int64_t cnn__supply_samples(const cnn__supply *supply);

/* Memory, as far as sizes are known: of a data set all, so that passes allocate nothing. */
cnn_status cnn__supply_open(cnn__supply *supply);
void cnn__supply_close(cnn__supply *supply); /* one that was never filled, or is closed, stays as it is */

void cnn__supply_begin(cnn__supply *supply, int64_t epoch, uint32_t pass, int32_t shuffle);

/* Batches that the pass has had already: a function is asked for them once more, and they are not looked at; samples says how many a
 * data set's hold. */
cnn_status cnn__supply_skip(cnn__supply *supply, int64_t batches, int64_t samples);

/* The next batch, for supply->run. CNN_STOP: the pass is over. A pass without any batch is CNN_EDATA. */
cnn_status cnn__supply_next(cnn__supply *supply, cnn__feed *feed);

#endif
