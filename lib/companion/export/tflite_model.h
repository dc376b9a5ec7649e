/* tflite_model: a model in TensorFlow Lite's operators. */
#ifndef CNN_COMPANION_EXPORT_TFLITE_MODEL_H
#define CNN_COMPANION_EXPORT_TFLITE_MODEL_H

#include "companion/export/export_file.h"

#include <cnn/export.h>

/* An export writer; options: cnn_tflite_opts. */
cnn_status cnn__tflite_model(const cnn_model *model, const void *options, unsigned char **bytes, size_t *count);

extern const cnn_file_format cnn__tflite_format;

#endif
