/* transform: an image's affine transform as the warp kernels take it. */
#ifndef CNN_DATA_TRANSFORM_H
#define CNN_DATA_TRANSFORM_H

#include "cnn/augment.h"

/* Output row and column to source row and column: six numbers, see warp in kernel.h. Returns 0, and writes nothing, where the
 * transform is none, so that the image is to be copied instead. */
int32_t cnn__transform_matrix(const cnn_transform *transform, int64_t height, int64_t width, double matrix[6]);

#endif
