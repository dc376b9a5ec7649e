/* objective: Keras's losses and metrics, and ours: {"type": "huber", "attributes": {...}}, of a metric with name and weighted. */
#ifndef CNN_KERAS_OBJECTIVE_H
#define CNN_KERAS_OBJECTIVE_H

#include "companion/keras/fields.h"

cnn_status keras__loss_read(json_t **ours, const json_t *keras);
cnn_status keras__metric_read(json_t **ours, const json_t *keras, int32_t weighted);

/* A name, where all options are the standard ones, else an object; legacy: of class_name and config alone. */
cnn_status keras__loss_write(json_t **keras, const json_t *ours, int32_t legacy);
/* loss: ours, since "accuracy" under another name is one of several classes by what is trained. */
cnn_status keras__metric_write(json_t **keras, const json_t *ours, const json_t *loss, int32_t legacy);

#endif
