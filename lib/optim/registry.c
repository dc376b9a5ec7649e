/* registry: the list of optimizer types, inside and as the public interface shows it. */
#include "optim/optimizer_internal.h"

#include "core/text.h"

#include <string.h>

static const cnn__optimizer_type *const types[] = {
#define OPTIMIZER(name) &cnn__##name##_optimizer,
#include "optim/optimizers.def"
#undef OPTIMIZER
};

enum { TYPES = sizeof types / sizeof types[0] };

const cnn__optimizer_type *cnn__optimizer_type_at(int32_t index) {
  return index >= 0 && index < TYPES ? types[index] : NULL;
}

static const cnn__optimizer_type *find(const char *name) {
  for (int32_t i = 0; i < TYPES && name; i++)
    if (strcmp(types[i]->name, name) == 0)
      return types[i];
  return NULL;
}

const cnn__optimizer_type *cnn__optimizer_type_find(const char *name) {
  const cnn__optimizer_type *type = find(name);
  if (type)
    return type;
  const char *names[TYPES];
  for (int32_t i = 0; i < TYPES; i++)
    names[i] = types[i]->name;
  const char *nearest = name ? cnn__nearest(name, names, TYPES) : NULL;
  if (nearest)
    (void)cnn__fail(CNN_ENAME, "unknown optimizer '%s'; did you mean '%s'?", name, nearest);
  else
    (void)cnn__fail(CNN_ENAME, "unknown optimizer '%s'", name ? name : "(none)");
  return NULL;
}

int32_t cnn_optimizer_type_count(void) { return TYPES; }

const char *cnn_optimizer_type_at(int32_t index) {
  const cnn__optimizer_type *type = cnn__optimizer_type_at(index);
  return type ? type->name : NULL;
}

const char *cnn_optimizer_type_help(const char *type) {
  const cnn__optimizer_type *found = find(type);
  return found ? found->help : NULL;
}

int32_t cnn_optimizer_attribute_count(const char *type) {
  const cnn__optimizer_type *found = cnn__optimizer_type_find(type);
  return found ? cnn__attributes_count(found->attributes) : -1;
}

cnn_status cnn_optimizer_attribute_at(const char *type, int32_t index, cnn_attribute *out) {
  const cnn__optimizer_type *found = cnn__optimizer_type_find(type);
  if (!found)
    return CNN_ENAME;
  cnn_status status = cnn__attribute_public(found->attributes, index, out);
  return status < 0 ? cnn__fail_in("%s", found->name) : status;
}
