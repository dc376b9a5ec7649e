/* optimizer: Keras's optimizers and schedules of the learning rate, and ours: {"name": "adam", "attributes": {...}}. */
#ifndef CNN_KERAS_OPTIMIZER_H
#define CNN_KERAS_OPTIMIZER_H

#include "companion/keras/fields.h"

/* *rate: the learning rate; of a schedule its first. */
cnn_status keras__optimizer_read(json_t **ours, double *rate, const json_t *keras);
/* With this learning rate, where no schedule gives it. legacy: class_name and config alone. */
cnn_status keras__optimizer_write(json_t **keras, const json_t *ours, double rate, int32_t legacy);

#endif
