/* onnx_graph: the graph of an ONNX file in the making: memory, unique names, nodes, constants. The first failure is kept in `status`, after
 * which every call does as little as it can; what writes operations need not look before the end. */
#ifndef CNN_COMPANION_EXPORT_ONNX_GRAPH_H
#define CNN_COMPANION_EXPORT_ONNX_GRAPH_H

#include "companion/export/onnx.pb-c.h"
#include "companion/export/walk.h"

#include <jansson.h>

typedef Cnn__Onnx__Node cnn__onnx_node;

/* Where an operation's output is to be found. Of an image (rank 3 without the batch axis) and of what was flattened there are two orders:
 * libcnn's, channels last, and ONNX's. NULL: not in the graph, or not yet. */
typedef struct cnn__onnx_value {
  const char *plain; /* in libcnn's order */
  const char *first; /* channels before rows and columns */
  int64_t flat[3];   /* height, width, channels of the image that a flattened `first` was */
} cnn__onnx_value;

typedef struct cnn__onnx {
  const cnn__walk *walk;
  int32_t nchw;            /* images come and go with their channels first */
  int64_t batch;           /* samples; 0: any number, "N" */
  cnn_status status;
  Cnn__Onnx__Graph graph;
  size_t node_room, constant_room;
  cnn__onnx_value *values; /* an operation each */
  json_t *names;           /* those given; a set */
  struct cnn__onnx_block *blocks;
} cnn__onnx;

void cnn__onnx_begin(cnn__onnx *o, const cnn__walk *walk);
void cnn__onnx_end(cnn__onnx *o);

/* Zeroed, until the end; NULL: status says so. */
void *cnn__onnx_memory(cnn__onnx *o, size_t count, size_t bytes);

/* A copy of a text. */
char *cnn__onnx_text(cnn__onnx *o, const char *text);

/* "conv1/kernel", of an operation's name and what it is for: a name that nothing else has. part NULL: the operation's own. */
const char *cnn__onnx_name(cnn__onnx *o, const cnn__op *op, const char *part);

/* A node with one output, whose name it shares. NULL: status says why; the attribute functions take NULL. */
cnn__onnx_node *cnn__onnx_node_add(cnn__onnx *o, const char *type, const char *output, size_t count, const char *const *inputs);
void cnn__onnx_float(cnn__onnx *o, cnn__onnx_node *node, const char *key, float value);
void cnn__onnx_int(cnn__onnx *o, cnn__onnx_node *node, const char *key, int64_t value);
void cnn__onnx_ints(cnn__onnx *o, cnn__onnx_node *node, const char *key, size_t count, const int64_t *values);

/* A constant; values are borrowed until the end. Its name. */
const char *cnn__onnx_floats(cnn__onnx *o, const cnn__op *op, const char *part, size_t rank, const int64_t *shape, const float *values);
const char *cnn__onnx_number(cnn__onnx *o, const cnn__op *op, const char *part, float value);
const char *cnn__onnx_whole(cnn__onnx *o, const cnn__op *op, const char *part, size_t count, const int64_t *values);

#endif
