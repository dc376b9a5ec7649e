/** @file export.h
 * Models for other programs, by the companion library libcnn-export. Not in cnn.h: link -lcnn-export, and register it in a context.
 *
 *     #include <cnn/cnn.h>
 *     #include <cnn/export.h>
 *     ...
 *     cnn_export_register(ctx);
 *
 * docs/export.md tells what each form of file holds. */
#ifndef CNN_EXPORT_H
#define CNN_EXPORT_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Make known to a context the forms of files that this library writes: from then on saving takes the paths that end like them, for any model
 * of the context. Registering twice is the same as once. Errors: CNN_EINVAL; CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_export_register(cnn_context *context);

#ifdef __cplusplus
}
#endif
#endif
