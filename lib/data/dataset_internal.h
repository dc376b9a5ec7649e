/* dataset: the handle inside. */
#ifndef CNN_DATA_DATASET_INTERNAL_H
#define CNN_DATA_DATASET_INTERNAL_H

#include "cnn/data.h"
#include "tensor/tensor_internal.h"

struct cnn_dataset {
  atomic_int references;
  cnn_context *context;
  cnn_tensor *inputs;   /* held; u8 or f32 [N, ...] */
  cnn_tensor *targets;  /* held; integers [N] or [N, 1], or f32 [N, K]; NULL: none */
  int64_t first, count; /* this data set's part of the tensors (split shares them) */
  cnn__shape sample;    /* of one input, without the batch axis (rank-2 images have got their channel axis) */
  int64_t classes;
  float divisor;        /* of u8 inputs */
};

/* Takes const: the count is atomic and the data are not touched. */
cnn_dataset *cnn__dataset_hold(const cnn_dataset *dataset);

/* What a data set of these tensors is: its samples, their shape, its classes (given, 0: by the labels). It borrows them; the
 * rest of it stays as it is. CNN_ESHAPE, CNN_EDATA, CNN_EINVAL with no name in front. */
cnn_status cnn__dataset_describe(cnn_dataset *dataset, const cnn_tensor *inputs, const cnn_tensor *targets,
                                 int64_t classes);

/* Is it a tensor of integers (u8, i32, i64)? Its element; -1 for any other tensor. */
int32_t cnn__labels_are(const cnn_tensor *tensor);
int64_t cnn__label_at(const cnn_tensor *tensor, int64_t index);

#endif
