/* tensor: the handle inside. */
#ifndef CNN_TENSOR_TENSOR_INTERNAL_H
#define CNN_TENSOR_TENSOR_INTERNAL_H

#include "core/context_internal.h"
#include "tensor/shape.h"

struct cnn_tensor {
  atomic_int references;
  cnn_context *context;
  int32_t type;
  cnn__shape shape;
  int64_t count;
  void *data;
  int32_t owns_data; /* data is the context's allocator's */
  void (*release)(void *user, void *data);
  void *user;
};

/* The first of the largest of n >= 1 values. */
int64_t cnn__first_largest(const float *values, int64_t n);

cnn_tensor *cnn__tensor_hold(cnn_tensor *tensor);

/* f32: the first element that is NaN or infinite -> CNN_EDATA naming `what`, sample (index on axis 0) and position within it. */
cnn_status cnn__tensor_finite(const cnn_tensor *tensor, const char *what);

#endif
