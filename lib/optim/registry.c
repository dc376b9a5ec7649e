/* registry: the list of optimizer types, inside and as the public interface shows it. */
#include "optim/optimizer_internal.h"

#include "tensor/types.h"

static const cnn__optimizer_type *const types[] = {
#define OPTIMIZER(name) &cnn__##name##_optimizer,
#include "optim/optimizers.def"
#undef OPTIMIZER
};

enum { TYPES = sizeof types / sizeof types[0] };

const cnn__optimizer_type *cnn__optimizer_type_at(int32_t index) {
  return index >= 0 && index < TYPES ? types[index] : NULL;
}

static cnn__type_row row(int32_t index) {
  return (cnn__type_row){types[index]->name, types[index]->help, types[index]->attributes};
}

_Static_assert((int)TYPES <= (int)CNN__MOST_TYPES, "raise CNN__MOST_TYPES");
static const cnn__types list = {"optimizer", TYPES, row};

const cnn__optimizer_type *cnn__optimizer_type_find(const char *name) {
  int32_t index = cnn__types_demand(&list, name);
  return index < 0 ? NULL : types[index];
}

int32_t cnn_optimizer_type_count(void) { return TYPES; }

const char *cnn_optimizer_type_at(int32_t index) { return cnn__types_name(&list, index); }

const char *cnn_optimizer_type_help(const char *type) { return cnn__types_help(&list, type); }

int32_t cnn_optimizer_attribute_count(const char *type) { return cnn__types_attribute_count(&list, type); }

cnn_status cnn_optimizer_attribute_at(const char *type, int32_t index, cnn_attribute *out) {
  return cnn__types_attribute_at(&list, type, index, out);
}
