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
 * a program that calls HDF5 itself in another thread needs a thread-safe build of it. HDF5's library ends the process where it finds no memory: a save
 * is begun only where three times the file and 8 MiB can be had, else it is CNN_ENOMEM; what other threads take after that can still end the process, so that a program which
 * lives at its limit of memory saves in libcnn's own form. Reading needs no HDF5. Errors: CNN_EINVAL; CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_keras_register(cnn_context *context);

#ifdef __cplusplus
}
#endif
#endif
