/* shape: extents and their text. */
#ifndef CNN_TENSOR_SHAPE_H
#define CNN_TENSOR_SHAPE_H

#include "cnn/tensor.h"
#include "core/status.h"

typedef struct cnn__shape {
  int32_t rank;
  int64_t extent[CNN_MAX_RANK];
} cnn__shape;

/* Product of all extents, or -1 where it does not fit. */
int64_t cnn__shape_count(const cnn__shape *shape);
int32_t cnn__shape_equal(const cnn__shape *a, const cnn__shape *b);

/* "(28, 28, 1)"; with_batch: "(None, 28, 28, 1)"; a single axis as Python does: "(10,)". */
const char *cnn__shape_text(char buffer[160], const cnn__shape *shape, int32_t with_batch);

#endif
