/* network: a model as its exporters read it, through public headers alone: layers in their order, what each reads,
 * attributes, shapes and weights by name. */
#ifndef CNN_COMPANION_EXPORT_NETWORK_H
#define CNN_COMPANION_EXPORT_NETWORK_H

#include <cnn/model.h>

typedef struct cnn__network_layer {
  const cnn_layer *layer;
  const char *name, *type;  /* borrowed from the model */
  const int32_t *inputs;    /* indices of the layers that it reads */
  int32_t input_count;
  int32_t rank;             /* of its output, without the batch axis */
  int64_t shape[CNN_MAX_RANK];
} cnn__network_layer;

typedef struct cnn__network {
  const cnn_model *model; /* borrowed */
  int32_t count;
  cnn__network_layer *layers; /* the last one is the output */
  int32_t *edges;             /* what `inputs` point into */
} cnn__network;

/* Errors: CNN_EINVAL model is NULL; CNN_ESTATE a model without layers; that of a layer that the model
 * keeps; those of saving (a layer that nothing reads); CNN_ENOMEM. `what` begins the texts. */
cnn_status cnn__network_new(cnn__network **out, const cnn_model *model, const char *what);
void cnn__network_free(cnn__network *network);

/* The shape of what a layer reads: of its first input. */
const cnn__network_layer *cnn__network_input(const cnn__network *network, int32_t layer);

/* Attributes of a layer that has them, in the C locale: a whole number or a flag; a pair; a fraction; whether a
 * choice is `value`. */
int64_t cnn__network_int(const cnn__network_layer *layer, const char *key);
void cnn__network_pair(const cnn__network_layer *layer, const char *key, int64_t pair[2]);
double cnn__network_float(const cnn__network_layer *layer, const char *key);
int32_t cnn__network_is(const cnn__network_layer *layer, const char *key, const char *value);

/* A copy of a layer's weight, "kernel" of "conv1", for the caller to free. CNN_ENAME: it has no such weight. */
cnn_status cnn__network_weight(cnn_tensor **out, const cnn__network *network, int32_t layer, const char *weight);

#endif
