/* register: the forms of files that this library brings, made known to a context. */
#include "companion/export/npz.h"
#include "companion/export/onnx.h"
#include "companion/export/source.h"
#include "companion/export/tflite_model.h"

#include <string.h>

static const struct {
  const cnn_file_format *format;
  const char *file; /* a name that ends like such a file */
} rows[] = {
    {&cnn__onnx_format, "model.onnx"},
    {&cnn__source_format, "model.c"},
    {&cnn__npz_format, "model.npz"},
    {&cnn__tflite_format, "model.tflite"},
};

cnn_status cnn_export_register(cnn_context *context) {
  if (!context)
    return cnn_error_set(CNN_EINVAL, "cnn_export_register: context is NULL");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *known = cnn_format_name(context, rows[i].file);
    if (known && !strcmp(known, rows[i].format->name))
      continue;
    cnn_status status = cnn_format_register(context, rows[i].format);
    if (status < 0)
      return status;
  }
  return CNN_OK;
}
