/* registry: the list of layer types, inside and as the public interface shows it. */
#include "layers/layer_internal.h"

#include "tensor/types.h"

static const cnn__layer_type *const types[] = {
#define LAYER(name) &cnn__##name##_layer,
#include "layers/layers.def"
#undef LAYER
};

enum { TYPES = sizeof types / sizeof types[0] };

int32_t cnn__layer_type_count(void) { return TYPES; }

const cnn__layer_type *cnn__layer_type_at(int32_t index) {
  return index >= 0 && index < TYPES ? types[index] : NULL;
}

static cnn__type_row row(int32_t index) {
  return (cnn__type_row){types[index]->name, types[index]->help, types[index]->attributes};
}

_Static_assert((int)TYPES <= (int)CNN__MOST_TYPES, "raise CNN__MOST_TYPES");
static const cnn__types list = {"layer type", TYPES, row};

const cnn__layer_type *cnn__layer_type_find(const char *name) {
  int32_t index = cnn__types_demand(&list, name);
  return index < 0 ? NULL : types[index];
}

int32_t cnn_layer_type_count(void) { return TYPES; }

const char *cnn_layer_type_at(int32_t index) { return cnn__types_name(&list, index); }

const char *cnn_layer_type_help(const char *type) { return cnn__types_help(&list, type); }

int32_t cnn_layer_attribute_count(const char *type) { return cnn__types_attribute_count(&list, type); }

cnn_status cnn_layer_attribute_at(const char *type, int32_t index, cnn_attribute *out) {
  return cnn__types_attribute_at(&list, type, index, out);
}
