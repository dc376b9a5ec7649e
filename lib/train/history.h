/* history: the figures of every epoch of a fit. */
#ifndef CNN_TRAIN_HISTORY_H
#define CNN_TRAIN_HISTORY_H

#include "train/logs.h"

cnn_status cnn__history_new(cnn_history **out, cnn_context *context);

/* Append an epoch with a copy of its figures. On an error nothing is changed. */
cnn_status cnn__history_add(cnn_history *history, int64_t epoch, double seconds, const cnn_logs *logs);

#endif
