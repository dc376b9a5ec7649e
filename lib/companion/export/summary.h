/* summary: scalars, histograms and pictures as TensorBoard's plugins want them, into an event file. */
#ifndef CNN_COMPANION_EXPORT_SUMMARY_H
#define CNN_COMPANION_EXPORT_SUMMARY_H

#include "companion/export/event_file.h"
#include "companion/export/picture.h"

cnn_status cnn__summary_scalar(cnn__event_file *file, const char *tag, int64_t step, double value);
cnn_status cnn__summary_histogram(cnn__event_file *file, const char *tag, int64_t step, const float *values, int64_t count);

/* A model as JSON of `length` bytes, under the tag and at the step that Keras's callback has for it. */
cnn_status cnn__summary_graph(cnn__event_file *file, char *json, size_t length);

/* Pictures of one size. */
cnn_status cnn__summary_pictures(cnn__event_file *file, const char *tag, int64_t step, const cnn__picture *pictures, int64_t count);

#endif
