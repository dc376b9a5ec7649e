/* model_read: models and weights from Keras's HDF5 files into containers. */
#ifndef CNN_KERAS_MODEL_READ_H
#define CNN_KERAS_MODEL_READ_H

#include <cnn/format.h>
#include <jansson.h>

/* A format's load: whole models and weights, of Keras 2 and 3. */
cnn_status keras__h5_load(cnn_container *out, cnn_context *context, const void *bytes, size_t count, const cnn_container *like);

/* The weights of a .weights.h5 file, the one in a .keras archive among them, and with `compile` (the note, parsed; else NULL) the optimizer's state.
 * keras: the model as keras__config_write makes it or as a file had it; ours: its "config". */
cnn_status keras__weights_read(cnn_container *out, cnn_context *context, const void *bytes, size_t count, const json_t *keras,
                               const json_t *ours, const json_t *compile);

#endif
