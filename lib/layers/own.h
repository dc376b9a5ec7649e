/* own: layer types that a program registers. Each becomes a cnn__layer_type like any other, whose phases call the
 * program's functions. */
#ifndef CNN_LAYERS_OWN_H
#define CNN_LAYERS_OWN_H

#include "cnn/extend.h"
#include "core/registered.h"
#include "layers/layer_internal.h"

typedef struct cnn__own {
  cnn__registered entry; /* first: the registered thing */
  cnn__layer_type type;
  cnn_layer_descriptor descriptor;
  cnn__attribute attributes[]; /* ended by key NULL */
} cnn__own;

/* own_check.c: is the descriptor complete, and its table one that reading and checking may rely on? */
cnn_status cnn__own_check(const cnn_layer_descriptor *descriptor);
/* Rows of a public table; 0 for none. */
int32_t cnn__own_rows(const cnn_attribute_row *rows);
/* Letters (lower-case where asked), digits and '_', 1 to 63 of them? */
int32_t cnn__own_name(const char *name, int32_t lower);
cnn__attribute cnn__own_row(const cnn_attribute_row *row);

/* own_work.c: setup, phases and sizes that all such types have; name, help and attributes are the caller's to fill in. */
extern const cnn__layer_type cnn__own_type;

#endif
