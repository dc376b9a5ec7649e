/* callback: the handle, and telling one callback or a list of them what happens. */
#ifndef CNN_TRAIN_CALLBACK_H
#define CNN_TRAIN_CALLBACK_H

#include "cnn/callback.h"
#include "core/context_internal.h"

struct cnn_callback {
  atomic_int references;
  cnn_context *context; /* held */
  cnn_callback_functions functions;
};

enum {
  CNN__TRAIN_BEGIN,
  CNN__TRAIN_END,
  CNN__EPOCH_BEGIN,
  CNN__EPOCH_END,
  CNN__BATCH_BEGIN,
  CNN__BATCH_END,
  CNN__TEST_BEGIN,
  CNN__TEST_END,
  CNN__EVENTS
};

/* cnn__returned of a function that may also stop what is going on: CNN_STOP is passed on. */
cnn_status cnn__settle(cnn_status status, const char *function, uint64_t failures);

cnn_callback *cnn__callback_hold(cnn_callback *callback);

/* Call a callback's function for an event, where it has one. Returns CNN_OK, CNN_STOP or a negative status that
 * has a text. */
cnn_status cnn__callback_tell(const cnn_callback *callback, int32_t kind, const cnn_event *event);

/* All of them in order. Begin and end of training reach every one, so that each end has its begin; other events stop at
 * the first error. Returns the first error, else CNN_STOP where one asked for it. */
cnn_status cnn__callbacks_tell(cnn_callback *const *callbacks, int32_t count, int32_t kind, const cnn_event *event);

#endif
