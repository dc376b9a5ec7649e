/* model_write: containers into HDF5 files as Keras 3.15 lays them out. */
#ifndef CNN_KERAS_MODEL_WRITE_H
#define CNN_KERAS_MODEL_WRITE_H

#include <cnn/format.h>
#include <jansson.h>

/* Formats' saves: a whole model, or with weights_only the layout of Keras 2's save_weights; a .weights.h5. */
cnn_status keras__h5_save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to);
cnn_status keras__weights_save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to);

/* The bytes of a .weights.h5, the one in a .keras archive among them, which the caller frees with free(). keras: what keras__config_write makes of
 * `ours`, the note "config"; training: what keras__compile_write makes of `compile`, that note; both NULL: without the optimizer's state. */
cnn_status keras__weights_write(unsigned char **bytes, size_t *count, const cnn_container *container, const json_t *keras, const json_t *ours,
                                const json_t *training, const json_t *compile);

/* The version of Keras whose layout this is. */
#define KERAS__VERSION "3.15.1"

#endif
