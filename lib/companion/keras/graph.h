/* graph: which layers a layer of a Functional model reads, by name; and the order in which Keras lists layers. */
#ifndef CNN_KERAS_GRAPH_H
#define CNN_KERAS_GRAPH_H

#include "companion/keras/layer.h"

/* The names of the layers that a layer is called on, in their order: `names` has KERAS__INPUTS places and points into `nodes`, the value
 * of inbound_nodes. Errors: CNN_EFORMAT; CNN_EUNSUPPORTED a layer called more than once, on other things than layers, or in another
 * manner. */
cnn_status keras__graph_inputs(const char **names, int32_t *count, const json_t *nodes, const char *of);

/* The one layer of input_layers or output_layers; NULL: they are not one. */
const char *keras__graph_end(const json_t *ends);

/* What a layer reads, by its place in a list in which layers stand after those that they read. */
typedef struct keras__reads {
  int32_t count;
  int32_t inputs[KERAS__INPUTS];
} keras__reads;

/* order[i]: which layer Keras lists as i-th: by the longest way to the output, the farthest first, and among equals as a walk from the
 * output back meets them. Errors: CNN_ENOMEM; CNN_EUNSUPPORTED with *lost a layer that does not lead to the last one. */
cnn_status keras__graph_order(int32_t *order, int32_t *lost, const keras__reads *layers, int32_t count);

/* A call as Keras writes it: [{"args": [...], "kwargs": {}}] of tensors of these layers. NULL: no memory. */
json_t *keras__graph_node(const char *const *names, const keras__extents *const *shapes, int32_t count, const keras__layer *row);

/* [null, 28, 28, 1] */
json_t *keras__batch_shape(const keras__extents *shape);

#endif
