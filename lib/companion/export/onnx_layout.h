/* onnx_layout: in which order of axes the values of an ONNX graph lie. Convolutions and poolings want the channels first, libcnn's inputs and
 * flattened rows have them last; a value is brought from one order to the other once, and only where somebody asks. */
#ifndef CNN_COMPANION_EXPORT_ONNX_LAYOUT_H
#define CNN_COMPANION_EXPORT_ONNX_LAYOUT_H

#include "companion/export/onnx_graph.h"

/* Is there an output of operation `i` with its channels first, without turning it? */
int32_t cnn__onnx_has_first(const cnn__onnx *o, int32_t i);

/* Names of the output of operation i in libcnn's order; of an image with its channels first. */
const char *cnn__onnx_plain(cnn__onnx *o, int32_t i);
const char *cnn__onnx_first(cnn__onnx *o, int32_t i);

/* The same, in either order. */
const char *cnn__onnx_either(cnn__onnx *o, int32_t i, int32_t first);

/* What the output of operation i, which is in the making, is to be called. `like`: an operation from which a flattened value has its order; -1: none. */
const char *cnn__onnx_result(cnn__onnx *o, int32_t i, int32_t first, int32_t like);

/* The order in which the model's inputs and outputs of this shape are. */
int32_t cnn__onnx_outside(const cnn__onnx *o, int32_t i);

/* Of a flattened image in the order [C, H, W]: where element `n` of it lies in libcnn's order. */
int64_t cnn__onnx_place(const int64_t flat[3], int64_t n);

#endif
