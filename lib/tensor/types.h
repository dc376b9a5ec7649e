/* types: a list of kinds of one thing (layers, optimizers, schedules), found by name and shown as the public interface shows it. */
#ifndef CNN_TENSOR_TYPES_H
#define CNN_TENSOR_TYPES_H

#include "tensor/attributes.h"

/* What every kind has. */
typedef struct cnn__type_row {
  const char *name, *help;
  const cnn__attribute *attributes;
} cnn__type_row;

enum { CNN__MOST_TYPES = 64 };

typedef struct cnn__types {
  const char *kind; /* "layer type", for texts */
  int32_t count;    /* at most CNN__MOST_TYPES */
  cnn__type_row (*row)(int32_t index);
} cnn__types;

/* The index of a name: -1 where there is none, which `demand` records: CNN_ENAME with the nearest name. name may be NULL. */
int32_t cnn__types_find(const cnn__types *types, const char *name);
int32_t cnn__types_demand(const cnn__types *types, const char *name);

/* The answers of cnn_*_type_at, _type_help, _attribute_count, _attribute_at. */
const char *cnn__types_name(const cnn__types *types, int32_t index);
const char *cnn__types_help(const cnn__types *types, const char *name);
int32_t cnn__types_attribute_count(const cnn__types *types, const char *name);
cnn_status cnn__types_attribute_at(const cnn__types *types, const char *name, int32_t index, cnn_attribute *out);

#endif
