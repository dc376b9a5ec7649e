/* initializer: the first values of weights, by name. */
#ifndef CNN_LAYERS_INITIALIZER_H
#define CNN_LAYERS_INITIALIZER_H

#include "layers/layer_internal.h"

/* Fill the array. Coordinates of its random numbers: (seed, CNN__RANDOM_INIT, layer index, weight index, position). Fans as
 * Keras. CNN_ENOMEM: of orthogonal alone, which needs the array again in doubles. */
cnn_status cnn__initialize(cnn_context *context, float *value, const cnn__shape *shape, const cnn__form *form,
                           uint64_t seed, int32_t layer, int32_t weight);

/* orthogonal.c: standard normal values become `gain` times a matrix whose rows or columns, whichever are fewer, are
 * orthonormal: all axes but the last are one. CNN_ENOMEM. */
cnn_status cnn__orthogonalize(cnn_context *context, float *value, const cnn__shape *shape, float gain);

#endif
