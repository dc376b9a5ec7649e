/* conv_nine: forward convolution of one channel by a 3x3 kernel, as the first layer of a network for grey images has it. */
#ifndef CNN_KERNELS_CONV_NINE_H
#define CNN_KERNELS_CONV_NINE_H

#include "kernels/conv_layout.h"

/* One channel, 3x3 at stride 1 without dilation, no edges, rows of a tile at least. */
int32_t CNN__NAME(conv_nine_fits)(const cnn__conv *g);

/* One image of such a convolution. */
void CNN__NAME(conv_nine)(const cnn__conv *g, const float *x, const float *packed, const float *bias, int32_t relu, float *y);

/* The kernel nine_backward, of levels whose registers hold it. */
cnn__nine_backward_fn CNN__NAME(nine_backward);

#endif
