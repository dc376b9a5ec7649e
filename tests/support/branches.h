/* branches: models whose layers are no row: what several tests train. Images are 9x8x6 in the residual model, else 8x8x4. */
#ifndef CNN_TESTS_BRANCHES_H
#define CNN_TESTS_BRANCHES_H

#include "cnn/cnn.h"

/* The residual model of the reference: convolutions with normalisation, their input added again, five classes. */
cnn_model *branches_residual(cnn_context *context);

/* A small ResNet: a stem, a block as it is and one with strides and a projection, four classes. */
cnn_model *branches_resnet(cnn_context *context);

/* A small MobileNet: depthwise and 1x1 convolutions in turn, one of the pairs with a short cut. */
cnn_model *branches_mobilenet(cnn_context *context);

/* Smooth functions only: a layer that is added to itself, one that many read, readers that move no data and such that work
 * in place, frozen layers in a branch, a branch that learns nothing. */
cnn_model *branches_tangle(cnn_context *context);

/* Every layer type of the registry, each with every attribute that can be changed by itself, all beside each other.
 * *variants: how many. */
cnn_model *branches_every_layer(cnn_context *context, int32_t *variants);

/* One of them alone, by its index, from 0 on; NULL: there are no more. text: what it is, of at least 320 bytes. */
cnn_model *branches_one_layer(cnn_context *context, int32_t index, char *text);

/* `rows` images of `floats` values and one-hot targets of `classes`; both are the caller's to free. */
void branches_data(int64_t rows, int64_t floats, int64_t classes, float **x, float **targets);

#endif
