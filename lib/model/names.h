/* names: the layers of a model by name, and the next number of each type's unnamed ones, so that a model of thousands
 * of layers is made in time that grows as they do. */
#ifndef CNN_MODEL_NAMES_H
#define CNN_MODEL_NAMES_H

#include "layers/layer_internal.h"

/* Unnamed layers of a type: "conv2d", then "conv2d_1" ... */
typedef struct cnn__numbering {
  const cnn__layer_type *type;
  int32_t next; /* the lowest that may be free; 0 stands for the name without a number */
} cnn__numbering;

typedef struct cnn__names {
  cnn_layer **slots; /* by a hash of the name, NULL free; at most half of them are taken */
  int64_t capacity;  /* a power of two, or 0 */
  cnn__numbering *numberings;
  int64_t numbering_capacity;
  int32_t count, numbering_count;
} cnn__names;

/* NULL: there is none. */
cnn_layer *cnn__names_find(const cnn__names *names, const char *name);

/* The numbering of a type; NULL with CNN_ENOMEM. Valid until the next call. */
cnn__numbering *cnn__names_numbering(cnn__names *names, cnn_context *context, const cnn__layer_type *type);

/* Room for one more layer, so that adding it cannot fail. Its name is not among them. */
cnn_status cnn__names_make_room(cnn__names *names, cnn_context *context);
void cnn__names_add(cnn__names *names, cnn_layer *layer);

void cnn__names_free(cnn__names *names, cnn_context *context);

#endif
