/* regularizer: what a weight array costs by its size, by name. */
#ifndef CNN_LAYERS_REGULARIZER_H
#define CNN_LAYERS_REGULARIZER_H

#include "layers/layer_internal.h"

/* Sets the weight's l1 and l2. */
void cnn__regularize(cnn__weight *weight, const cnn__form *form);

#endif
