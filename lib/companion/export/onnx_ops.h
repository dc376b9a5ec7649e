/* onnx_ops: the operations of a walk as nodes of ONNX. */
#ifndef CNN_COMPANION_EXPORT_ONNX_OPS_H
#define CNN_COMPANION_EXPORT_ONNX_OPS_H

#include "companion/export/onnx_graph.h"

/* Operation i of the walk, the input too. */
void cnn__onnx_write_op(cnn__onnx *o, int32_t i);

/* The function of `op` from one value to another, over `axis` where it is softmax. linear: nothing; then both must be one name. */
void cnn__onnx_activate(cnn__onnx *o, const cnn__op *op, const char *from, const char *to, int64_t axis);

/* What comes before the function at the end of an operation is called: as its result where there is none, else "conv1/part". */
const char *cnn__onnx_before(cnn__onnx *o, const cnn__op *op, const char *part, const char *result);

#endif
