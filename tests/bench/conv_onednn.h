/* conv_onednn: the convolutions of oneDNN, the referee of the suite conv. */
#ifndef BENCH_CONV_ONEDNN_H
#define BENCH_CONV_ONEDNN_H

#include "kernels/kernel.h"

enum { ONEDNN_FORWARD, ONEDNN_BACKWARD_DATA, ONEDNN_BACKWARD_WEIGHTS };
enum { ONEDNN_DIRECT, ONEDNN_AUTO };

typedef struct onednn_conv onednn_conv;

/* A convolution of n images by the algorithm named, its arrays in the layouts that oneDNN prefers, on `threads` threads.
 * NULL where oneDNN has no such algorithm for it, or is not there. */
onednn_conv *onednn_conv_new(const cnn__conv *g, int64_t n, int direction, int algorithm, int32_t threads);
void onednn_conv_run(void *conv); /* once */
void onednn_conv_free(onednn_conv *conv);

/* "oneDNN 2.6.3", or why there is none. */
const char *onednn_version(void);

#endif
