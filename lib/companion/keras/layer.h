/* layer: Keras's layer classes and the layer types that they are here, a row of a table for each. */
#ifndef CNN_KERAS_LAYER_H
#define CNN_KERAS_LAYER_H

#include "companion/keras/fields.h"

typedef struct keras__extents {
  int32_t rank; /* 0: not known */
  int64_t extent[CNN_MAX_RANK];
} keras__extents;

enum { KERAS__INPUTS = 32 }; /* that a layer reads at most */

typedef struct keras__layer {
  const char *type, *class_name;
  const keras__field *fields; /* of attributes together with the layer's name and trainable */
  int32_t reads;              /* 0 nothing, 1 one layer, 2 several */
  int32_t builds;             /* Keras writes build_config */
  const char *kwargs;         /* of its call in a Functional model, JSON; NULL: {} */
  /* What comes out, from options that have the same names on both sides. *out is left without rank where it cannot be told. */
  void (*shape)(keras__extents *out, const json_t *options, const keras__extents *in);
  cnn_status (*taken)(json_t *attributes, const keras__extents *in, const char *of); /* after reading the options; NULL: nothing to do */
  int32_t (*fits)(const json_t *attributes); /* is this the row to write? NULL: always */
  int32_t (*given)(json_t *attributes);      /* before writing; NULL: nothing to do. Below 0: no memory */
} keras__layer;

/* NULL: there is none. */
const keras__layer *keras__layer_of_class(const char *class_name);
const keras__layer *keras__layer_of_type(const char *type, const json_t *attributes);
int32_t keras__layer_has_type(const char *type);

#endif
