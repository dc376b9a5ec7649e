/* export_file: what a writer has made, to a path or through the table of formats. */
#ifndef CNN_COMPANION_EXPORT_EXPORT_FILE_H
#define CNN_COMPANION_EXPORT_EXPORT_FILE_H

#include <cnn/format.h>

/* Makes the whole file of a model in memory of malloc. options: of the writer's own, read and checked; NULL: defaults. */
typedef cnn_status cnn__export_writer(const cnn_model *model, const void *options, unsigned char **bytes, size_t *count);

/* Write the model's file at the path. `what`, the public function, begins the texts of its arguments. */
cnn_status cnn__export_to_path(cnn__export_writer *writer, const cnn_model *model, const char *path, const void *options, const char *what);

/* What a row of the table of formats does: the file of the model that the container describes, into the sink. */
cnn_status cnn__export_to_sink(cnn__export_writer *writer, const cnn_container *container, cnn_context *context, const cnn_sink *to);

#endif
