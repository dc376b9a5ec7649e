/* conv_depthwise: the slots of convolution where each channel has a filter of its own. */
#ifndef CNN_KERNELS_CONV_DEPTHWISE_H
#define CNN_KERNELS_CONV_DEPTHWISE_H

#include "kernels/conv_axis.h"

void CNN__NAME(depthwise_forward)(const cnn__conv *g, int64_t n, const float *x, const float *packed, const float *bias,
                                  int32_t relu, float *y);
void CNN__NAME(depthwise_backward_data)(const cnn__conv *g, int64_t n, const float *dy, const float *packed_t, float *dx);
void CNN__NAME(depthwise_backward_weights)(const cnn__conv *g, int64_t n, const float *x, const float *dy, int32_t add,
                                           float *dw);

#endif
