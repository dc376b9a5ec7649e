/* types: a list of kinds of one thing, found by name and shown as the public interface shows it. */
#include "tensor/types.h"

#include <string.h>

int32_t cnn__types_find(const cnn__types *types, const char *name) {
  for (int32_t i = 0; i < types->count && name; i++)
    if (strcmp(types->row(i).name, name) == 0)
      return i;
  return -1;
}

int32_t cnn__types_demand(const cnn__types *types, const char *name) {
  int32_t index = cnn__types_find(types, name);
  if (index >= 0)
    return index;
  const char *names[CNN__MOST_TYPES];
  for (int32_t i = 0; i < types->count; i++)
    names[i] = types->row(i).name;
  const char *nearest = name ? cnn__nearest(name, names, types->count) : NULL;
  if (nearest)
    (void)cnn__fail(CNN_ENAME, "unknown %s '%s'; did you mean '%s'?", types->kind, name, nearest);
  else
    (void)cnn__fail(CNN_ENAME, "unknown %s '%s'", types->kind, name ? name : "(none)");
  return -1;
}

const char *cnn__types_name(const cnn__types *types, int32_t index) {
  return index >= 0 && index < types->count ? types->row(index).name : NULL;
}

const char *cnn__types_help(const cnn__types *types, const char *name) {
  int32_t index = cnn__types_find(types, name);
  return index < 0 ? NULL : types->row(index).help;
}

int32_t cnn__types_attribute_count(const cnn__types *types, const char *name) {
  int32_t index = cnn__types_demand(types, name);
  return index < 0 ? -1 : cnn__attributes_count(types->row(index).attributes);
}

cnn_status cnn__types_attribute_at(const cnn__types *types, const char *name, int32_t index, cnn_attribute *out) {
  int32_t found = cnn__types_demand(types, name);
  if (found < 0)
    return CNN_ENAME;
  cnn_status status = cnn__attribute_public(types->row(found).attributes, index, out);
  return status < 0 ? cnn__fail_in("%s", types->row(found).name) : status;
}
