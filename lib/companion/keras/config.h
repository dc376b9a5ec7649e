/* config: Keras's description of a model and of its training, and libcnn's ("config", "compile" of docs/file-format.md), each made from
 * the other. Both come from files: every value is looked at, whatever its type. Written is what Keras 3.15 writes for the same model.
 *
 * All functions: *out is a new reference, dropped with json_decref; untouched after a failure. Threads: any. */
#ifndef CNN_KERAS_CONFIG_H
#define CNN_KERAS_CONFIG_H

#include "cnn/context.h"

#include <jansson.h>

/* How Keras lays JSON out: in .keras archives with module, registered_name and build_config beside class_name and config; in
 * whole-model .h5 files, its legacy form, mostly without them. Read are both, by any of the functions. */
enum { KERAS__ARCHIVE, KERAS__LEGACY };

/* A Sequential or Functional model ({"class_name", "config", ...}; more members are passed over) into "config". Errors: CNN_EFORMAT what is no such description, a
 * graph that does not hold together; CNN_EUNSUPPORTED a layer, option or value that libcnn has not, named with its layer. Initialisers that it has not become Keras's
 * defaults: a file holds the weights. */
cnn_status keras__config_read(json_t **ours, const json_t *keras);

/* Warns of what was read of it, but is not as Keras has it: initialisers that libcnn has not. Errors: CNN_ENOMEM. */
cnn_status keras__config_warn(cnn_context *context, const json_t *keras);

/* "config" as Keras describes it: Sequential where the model is a chain, else Functional. The layers stand in Keras's own order, which is the order
 * of weights in its files. Without compile_config. Errors: CNN_EUNSUPPORTED what Keras has not (layers of one's own, gelu's approximation as a layer);
 * CNN_EFORMAT, CNN_ESHAPE what is no "config" of libcnn's. */
cnn_status keras__config_write(json_t **keras, const json_t *ours, int32_t layout);

/* training_config of .h5 or compile_config of .keras into "compile"; *rate is the learning rate as it stands (of a schedule: its first). Errors:
 * CNN_EUNSUPPORTED what libcnn cannot express: the caller warns with the text and leaves the model uncompiled; CNN_EFORMAT. */
cnn_status keras__compile_read(json_t **ours, double *rate, const json_t *keras);

/* "compile" as Keras describes it, with this learning rate. Errors: CNN_EUNSUPPORTED what Keras cannot express, as above. */
cnn_status keras__compile_write(json_t **keras, const json_t *ours, double rate, int32_t layout);

/* Keras's class of a layer of "config" ({"type": "conv2d", ...}): "Conv2D"; NULL: Keras has none. */
const char *keras__class_name(const json_t *our_layer);

#endif
