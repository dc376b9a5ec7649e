/* transform: what a cnn_transform makes of one image. */
#ifndef CNN_DATA_TRANSFORM_H
#define CNN_DATA_TRANSFORM_H

#include "cnn/augment.h"
#include "kernels/kernel.h"

/* The pixels of one image as they are stored. */
typedef struct cnn__image {
  const uint8_t *bytes; /* or */
  const float *floats;
  int64_t h, w, c;
  float divisor;        /* of bytes */
} cnn__image;

/* Output row and column to source row and column: six numbers, see warp in kernel.h; flips are part of it. Returns 0, and writes
 * nothing, where that moves nothing, so that the image is to be copied instead. */
int32_t cnn__transform_matrix(const cnn_transform *transform, int64_t height, int64_t width, double matrix[6]);

/* The whole transform, checked before; `to` gets h * w * c floats. */
void cnn__transform_image(const cnn__kernels *k, const cnn_transform *transform, const cnn__image *image, float *to);

/* As it is: bytes divided. */
void cnn__copy_image(const cnn__kernels *k, const cnn__image *image, float *to);

#endif
