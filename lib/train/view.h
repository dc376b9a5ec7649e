/* view: a batch of the caller's tensors as a run takes it. Copies nothing but indices, labels and weights, into the run's own
 * memory. */
#ifndef CNN_TRAIN_VIEW_H
#define CNN_TRAIN_VIEW_H

#include "cnn/train.h"
#include "train/samples.h"

typedef struct cnn__view {
  cnn_dataset part;   /* the tensors as a data set, which nobody holds */
  cnn__batch batch;   /* and as a batch of it */
} cnn__view;

/* Look at a batch: CNN_ESHAPE, CNN_EDATA where the model cannot use it. targets: it needs them. `what` begins the text
 * ("fit: batch 3 of epoch 0"). The tensors are borrowed. */
cnn_status cnn__view_set(cnn__view *view, const cnn_model *model, const cnn_batch *given, int32_t targets,
                         const cnn_augmenter *augmenter, const cnn__class_weights *class_weights, const char *what);

/* The batch for a run with room for it. The coordinates of its random numbers: pass, and samples from `first` on. */
cnn__feed cnn__view_feed(cnn__view *view, cnn__run *run, uint32_t pass, int64_t first);

#endif
