/* progress: the callback that shows how far training is. */
#ifndef CNN_TRAIN_PROGRESS_H
#define CNN_TRAIN_PROGRESS_H

#include "cnn/callback.h"

int32_t cnn__is_progress(const cnn_callback *callback);

#endif
