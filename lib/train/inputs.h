/* inputs: a tensor of inputs, checked and cut into batches, for calls that go over tensors. */
#ifndef CNN_TRAIN_INPUTS_H
#define CNN_TRAIN_INPUTS_H

#include "cnn/augment.h"
#include "model/model_internal.h"

typedef struct cnn__inputs {
  const float *values;
  int64_t count, size, first; /* samples; at most so many in a batch; where the one in hand begins */
  int64_t width, channels;    /* floats of a sample; of them on its last axis */
  const cnn_augmenter *augmenter; /* standardises them; NULL: none */
} cnn__inputs;

/* `what` begins texts: "predict". batch_size 0: 32. CNN_EINVAL, CNN_ESHAPE, CNN_EDATA (NaN or infinity); what the augmenter says. */
cnn_status cnn__inputs_open(cnn__inputs *inputs, const cnn_model *model, const cnn_tensor *input, const cnn_augmenter *augmenter,
                          int64_t batch_size, const char *what);

/* The batch from inputs->first on, which the caller then moves on by feed->count; 0: there is none. */
int32_t cnn__inputs_batch(const cnn__inputs *inputs, cnn__feed *feed);

/* f32 [count, ...shape]. */
cnn_status cnn__results_new(cnn_tensor **out, const cnn_model *model, int64_t count, const cnn__shape *shape);

#endif
