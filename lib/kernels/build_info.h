/* build_info: how the library was built and what it found. */
#ifndef CNN_KERNELS_BUILD_INFO_H
#define CNN_KERNELS_BUILD_INFO_H

#include "cnn/context.h"

/* The BLAS built in with its version and its own word on its core, "OpenBLAS 0.3.21 (core Zen)"; only where CNN_HAVE_BLAS. */
const char *cnn__blas_name(void);

/* Warns, once in the process, where the BLAS computes this context's matrix products and takes the CPU for an older one. */
void cnn__blas_warning(const cnn_context *context);

#endif
