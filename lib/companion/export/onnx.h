/* onnx: a model as the bytes of an ONNX file. */
#ifndef CNN_COMPANION_EXPORT_ONNX_H
#define CNN_COMPANION_EXPORT_ONNX_H

#include <cnn/export.h>
#include <cnn/format.h>

/* What protobuf takes in one message, and so an ONNX file without others beside it. */
#define CNN__ONNX_LARGEST INT64_C(2147483647)

/* Into memory of malloc. options: as cnn__options leaves them. CNN_EUNSUPPORTED: more than `largest` bytes. */
cnn_status cnn__onnx_bytes(const cnn_model *model, const struct cnn_onnx_opts *options, int64_t largest, unsigned char **bytes, size_t *count);

/* The row of the table of formats. */
extern const cnn_file_format cnn__onnx_format;

#endif
