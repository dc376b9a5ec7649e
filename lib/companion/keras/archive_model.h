/* archive_model: models in .keras archives, as containers. */
#ifndef CNN_KERAS_ARCHIVE_MODEL_H
#define CNN_KERAS_ARCHIVE_MODEL_H

#include <cnn/format.h>

/* A format's load and save. An archive is a whole model: weights alone cannot be saved as one. */
cnn_status keras__archive_load(cnn_container *out, cnn_context *context, const void *bytes, size_t count, const cnn_container *like);
cnn_status keras__archive_save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to);

#endif
