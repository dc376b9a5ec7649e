/* graph: which layer reads which, and what they are called. In this version one input, one output. */
#ifndef CNN_MODEL_GRAPH_H
#define CNN_MODEL_GRAPH_H

#include "model/model_internal.h"

#define CNN__NAME_BYTES 256 /* a name's 255 bytes and its end */

/* CNN_EINVAL where the name is not 1 to 255 bytes of UTF-8 without control characters. what: "model", "conv2d". */
cnn_status cnn__graph_name_valid(const char *name, const char *what);

/* The name of a new layer: the given one, checked and not taken; for NULL the type's name, then type_1, type_2 ... */
cnn_status cnn__graph_name(cnn_model *model, const cnn__layer_type *type, const char *given,
                           char name[CNN__NAME_BYTES]);

/* The layers that a new one reads, by *count names; where none is given, one that reads one reads what was made last.
 * *count then tells how many they are. out has CNN__MAX_INPUTS places. */
cnn_status cnn__graph_inputs(const cnn_model *model, const cnn__layer_type *type, const char *name,
                             const char *const *inputs, int32_t *count, cnn_layer **out);

/* Every layer but the last must be read by one. */
cnn_status cnn__graph_check(const cnn_model *model);

/* Does each layer read the one before and nothing else? Keras calls that a Sequential, any other a Functional. */
int32_t cnn__graph_is_row(const cnn_model *model);

/* NULL with CNN_ENAME and the nearest name. */
cnn_layer *cnn__graph_find(const cnn_model *model, const char *name);

/* The nearer of best (NULL: none yet) and candidate to name, or NULL: for the nearest of a list that is no array. */
const char *cnn__graph_nearer(const char *name, const char *best, const char *candidate);

#endif
