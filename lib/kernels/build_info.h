/* build_info: how the library was built and what it found. */
#ifndef CNN_KERNELS_BUILD_INFO_H
#define CNN_KERNELS_BUILD_INFO_H

#include "cnn/context.h"

/* The BLAS built in with its version and its own word on its core, "OpenBLAS 0.3.21 (core Zen)"; only where CNN_HAVE_BLAS. */
const char *cnn__blas_name(void);

/* The core in the name of an OpenBLAS whose kernels are older than AVX2, copied into core; non-zero: it is one. */
int32_t cnn__blas_is_old(char core[32], const char *name);

/* Where the BLAS computes this context's matrix products: says, once in the process, that its threads are set to one, and warns
 * if it takes the CPU for an older one. Called when a model is compiled. */
void cnn__blas_warning(const cnn_context *context);

#endif
