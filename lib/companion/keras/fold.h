/* fold: kernels that Keras lays out otherwise. */
#ifndef CNN_KERAS_FOLD_H
#define CNN_KERAS_FOLD_H

#include <cnn/tensor.h>

/* A DepthwiseConv2D's kernel [height, width, channels, times] is here that of a convolution in as many groups, [height, width, 1, channels * times]:
 * the same values in the same order. *value is replaced by such a tensor where the class is that and it has four axes. Errors: CNN_ENOMEM. */
cnn_status keras__fold(cnn_tensor **value, cnn_context *context, const char *class_name);

#endif
