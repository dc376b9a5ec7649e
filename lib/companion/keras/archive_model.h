/* archive_model: models in .keras archives, as containers. */
#ifndef CNN_KERAS_ARCHIVE_MODEL_H
#define CNN_KERAS_ARCHIVE_MODEL_H

#include <cnn/format.h>

/* A format's load. */
cnn_status keras__archive_load(cnn_container *out, cnn_context *context, const void *bytes, size_t count, const cnn_container *like);

#endif
