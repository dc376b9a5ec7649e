/* shaken: weights that are no model's first ones. */
#ifndef CNN_TESTS_EXPORT_SHAKEN_H
#define CNN_TESTS_EXPORT_SHAKEN_H

#include <cnn/cnn.h>

/* Every weight is something else: vectors (biases, scales, moving statistics) from 0.5 to 1.5, each element its own, so that an order that is wrong
 * shows; kernels so that outputs stay near 1. Ends the program where that fails. */
void shaken(cnn_model *model);

#endif
