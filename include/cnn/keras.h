/** @file keras.h
 * Keras's files, by the companion library libcnn-keras. Not in cnn.h: link -lcnn-keras, and register it in a context.
 *
 *     #include <cnn/cnn.h>
 *     #include <cnn/keras.h>
 *     ...
 *     cnn_keras_register(ctx);
 *
 * docs/keras-files.md tells what each form of file holds, and what of it is read. */
#ifndef CNN_KERAS_H
#define CNN_KERAS_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Make known to a context the forms of files that Keras writes: from then on loading knows them by what stands in them, and saving takes the
 * paths that end like them, for any model of the context. Registering twice is the same as once. Files are written by HDF5's library, one at a time:
 * a program that calls HDF5 itself in another thread needs a thread-safe build of it. Errors: CNN_EINVAL; CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_keras_register(cnn_context *context);

#ifdef __cplusplus
}
#endif
#endif
