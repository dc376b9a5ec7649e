/* export_file: see export_file.h. */
#include "companion/export/export_file.h"

#include <stdlib.h>

/* A model does not tell its context; one of a moment is enough to replace a file. */
static cnn_status replace(const char *path, const unsigned char *bytes, size_t count) {
  cnn_context *context;
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = 1));
  if (status < 0)
    return status;
  status = cnn_file_replace(context, path, bytes, count);
  cnn_context_free(context);
  return status;
}

cnn_status cnn__export_to_path(cnn__export_writer *writer, const cnn_model *model, const char *path, const void *options, const char *what) {
  unsigned char *bytes = NULL;
  size_t count = 0;
  if (!model || !path)
    return cnn_error_set(CNN_EINVAL, "%s: %s is NULL", what, model ? "path" : "model");
  cnn_status status = writer(model, options, &bytes, &count);
  if (status >= 0)
    status = replace(path, bytes, count);
  free(bytes);
  return status;
}

cnn_status cnn__export_to_sink(cnn__export_writer *writer, const cnn_container *container, cnn_context *context, const cnn_sink *to) {
  cnn_model *model;
  unsigned char *bytes = NULL;
  size_t count = 0;
  cnn_status status = cnn_model_from_container(&model, context, container, cnn_load_opts(.no_optimizer = 1));
  if (status < 0)
    return status;
  status = writer(model, NULL, &bytes, &count);
  if (status >= 0)
    to->write(to->user, (const char *)bytes, count);
  free(bytes);
  cnn_model_free(model);
  return status;
}
