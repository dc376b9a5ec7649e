/* pooling2d: what the pooling layers share: attributes, geometry, bands of an image. */
#ifndef CNN_LAYERS_POOLING2D_H
#define CNN_LAYERS_POOLING2D_H

#include "layers/layer_internal.h"

/* Attributes of a pooling by windows. */
typedef struct cnn__pooling2d {
  int64_t pool_size[2], strides[2];
  int32_t padding;
} cnn__pooling2d;
extern const cnn__attribute cnn__pooling2d_attributes[];

/* From what a typed constructor was given. */
cnn__pooling2d cnn__pooling2d_of(int64_t height, int64_t width, const int32_t strides[2], int32_t padding);

/* The output's shape, and the geometry into layer->data, a cnn__pool. */
cnn_status cnn__pooling2d_setup(cnn_layer *layer);

/* Units of a phase that works by rows of the output: those at hand, of one sample, as a pooling of its own; *x and *y
 * move to where it begins. */
int64_t cnn__pooling2d_rows(const cnn_layer *layer);
cnn__pool cnn__pooling2d_band(const cnn__work *work, const float **x, float **y);

/* Attributes of a pooling over the whole image. */
typedef struct cnn__global_pooling2d {
  int32_t keepdims;
} cnn__global_pooling2d;
extern const cnn__attribute cnn__global_pooling2d_attributes[];
cnn_status cnn__global_pooling2d_setup(cnn_layer *layer);

#endif
