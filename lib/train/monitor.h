/* monitor: the figure that a callback watches, and when it has become better. Of the public headers alone. */
#ifndef CNN_TRAIN_MONITOR_H
#define CNN_TRAIN_MONITOR_H

#include "cnn/callback.h"

#define CNN__MONITOR_BYTES 64

typedef struct cnn__monitor {
  char name[CNN__MONITOR_BYTES];
  int32_t larger; /* is better */
} cnn__monitor;

/* name NULL: "val_loss". Non-zero where the name is empty or too long, or the mode is none of CNN_MODE_*. */
int32_t cnn__monitor_set(cnn__monitor *monitor, const char *name, int32_t mode);

/* The figure's value; 0 where the logs have it. */
int32_t cnn__monitor_value(const cnn__monitor *monitor, const cnn_logs *logs, double *out);

/* Is a better than b, both as float32? Never where one is NaN. */
int32_t cnn__monitor_better(const cnn__monitor *monitor, double a, double b);

/* "loss,learning_rate": the figures that there are. */
void cnn__monitor_available(const cnn_logs *logs, char *buffer, size_t bytes);

#endif
