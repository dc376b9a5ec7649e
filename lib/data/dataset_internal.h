/* dataset: the handle inside. */
#ifndef CNN_DATA_DATASET_INTERNAL_H
#define CNN_DATA_DATASET_INTERNAL_H

#include "cnn/data.h"
#include "tensor/tensor_internal.h"

struct cnn_dataset {
  atomic_int references;
  cnn_context *context;
  cnn_tensor *inputs;   /* held; u8 or f32 [N, ...] */
  cnn_tensor *targets;  /* held; class labels (integers), or f32 rows; NULL: none */
  cnn_tensor *weights;  /* held; f32, one a sample; NULL: none */
  int64_t first, count; /* this data set's part of the tensors (split shares them) */
  cnn__shape sample;    /* of one input, without the batch axis (rank-2 images have got their channel axis) */
  cnn__shape target;    /* of one target, without the batch axis; of labels without a last axis of 1 */
  int64_t target_values; /* of one target */
  int64_t classes;
  float divisor;        /* of u8 inputs */
};

/* Takes const: the count is atomic and the data are not touched. */
cnn_dataset *cnn__dataset_hold(const cnn_dataset *dataset);

/* What a data set of these tensors is: its samples, their shape, its classes (given, 0: by the labels). It borrows them; the
 * rest of it stays as it is. CNN_ESHAPE, CNN_EDATA, CNN_EINVAL with no name in front. */
cnn_status cnn__dataset_describe(cnn_dataset *dataset, const cnn_tensor *inputs, const cnn_tensor *targets,
                                 const cnn_tensor *weights, int64_t classes);

/* Samples [first, first + count) of the data set, with its tensors and context, which it does not hold. */
void cnn__dataset_part(cnn_dataset *part, const cnn_dataset *dataset, int64_t first, int64_t count);

/* Is it a tensor of integers (u8, i32, i64)? Its element; -1 for any other tensor. */
int32_t cnn__labels_are(const cnn_tensor *tensor);
int64_t cnn__label_at(const cnn_tensor *tensor, int64_t index);

#endif
