/* predict: what its calls for tensors and for batches share. */
#ifndef CNN_TRAIN_PREDICT_H
#define CNN_TRAIN_PREDICT_H

#include "cnn/train.h"
#include "tensor/shape.h"
#include "train/sink.h"

/* A predict call's options, read and checked. */
typedef struct cnn__predict {
  cnn_predict_opts options;
  cnn_sink sink;
  const cnn_sink *to; /* NULL: silent */
} cnn__predict;

/* CNN_EINVAL, CNN_ESHAPE, CNN_ETOONEW; what is left are the inputs themselves, checked here only not to be NULL. */
cnn_status cnn__predict_begin(cnn__predict *predict, const void *outputs, int32_t output_count, const cnn_model *model,
                              const void *inputs, int32_t input_count, const cnn_predict_opts *options);

/* Of so many samples. */
cnn__shape cnn__predict_shape(const cnn_model *model, int64_t count);

#endif
