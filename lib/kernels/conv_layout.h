/* conv_layout: what the convolutions of every level and provider share about the layout of their arrays. */
#ifndef CNN_KERNELS_CONV_LAYOUT_H
#define CNN_KERNELS_CONV_LAYOUT_H

#include "kernels/kernel.h"

static inline int64_t cnn__at_most(int64_t value, int64_t limit) { return value < limit ? value : limit; }

/* Output rows whose taps, laid out as [pixel][ky][kx][channel of one group], fill the scratch of the blas provider. */
int64_t cnn__conv_band_rows(const cnn__conv *g);

#endif
