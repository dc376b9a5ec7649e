/* optimizer: the handle (a type and its attributes) and the list of types. */
#include "optim/optimizer_internal.h"

#include "core/memory.h"

#include <string.h>

static const cnn__optimizer_type *const types[] = {
#define OPTIMIZER(name) &cnn__##name##_optimizer,
#include "optim/optimizers.def"
#undef OPTIMIZER
};

enum { TYPES = sizeof types / sizeof types[0], MAX_ATTRIBUTES_SIZE = 128 };

int32_t cnn__optimizer_type_count(void) { return TYPES; }

const cnn__optimizer_type *cnn__optimizer_type_at(int32_t index) {
  return index >= 0 && index < TYPES ? types[index] : NULL;
}

const cnn__optimizer_type *cnn__optimizer_type_find(const char *name) {
  const char *names[TYPES];
  for (int32_t i = 0; i < TYPES; i++) {
    names[i] = types[i]->name;
    if (name && strcmp(name, names[i]) == 0)
      return types[i];
  }
  const char *nearest = name ? cnn__nearest(name, names, TYPES) : NULL;
  if (nearest)
    (void)cnn__fail(CNN_ENAME, "unknown optimizer '%s'; did you mean '%s'?", name, nearest);
  else
    (void)cnn__fail(CNN_ENAME, "unknown optimizer '%s'", name ? name : "(none)");
  return NULL;
}

cnn_status cnn__optimizer_make(cnn_optimizer **out, cnn_context *context, const cnn__optimizer_type *type,
                               const void *attributes) {
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "%s: out or context is NULL", type->name);
  CNN__TRY(cnn__attributes_check(type->attributes, attributes, type->name));
  if (type->check)
    CNN__TRY(type->check(attributes));
  cnn_optimizer *optimizer = cnn__alloc_zero(context, sizeof *optimizer, "optimizer");
  if (!optimizer)
    return CNN_ENOMEM;
  optimizer->attributes = cnn__alloc(context, type->attributes_size, "attributes of an optimizer");
  if (!optimizer->attributes) {
    cnn__free(context, optimizer);
    return CNN_ENOMEM;
  }
  memcpy(optimizer->attributes, attributes, type->attributes_size);
  atomic_init(&optimizer->references, 1);
  optimizer->context = cnn__context_hold(context);
  optimizer->type = type;
  *out = optimizer;
  return CNN_OK;
}

cnn_status cnn_optimizer_new(cnn_optimizer **out, cnn_context *context, const char *name, const char *attributes) {
  union {
    double align;
    int64_t align_int;
    char bytes[MAX_ATTRIBUTES_SIZE];
  } set;
  const cnn__optimizer_type *type = cnn__optimizer_type_find(name);
  if (!type)
    return CNN_ENAME;
  CNN__TRY(cnn__attributes_parse(type->attributes, &set, attributes, type->name, NULL, NULL));
  return cnn__optimizer_make(out, context, type, &set);
}

cnn_optimizer *cnn__optimizer_hold(cnn_optimizer *optimizer) {
  atomic_fetch_add_explicit(&optimizer->references, 1, memory_order_relaxed);
  return optimizer;
}

void cnn_optimizer_free(cnn_optimizer *optimizer) {
  if (!optimizer || atomic_fetch_sub_explicit(&optimizer->references, 1, memory_order_acq_rel) > 1)
    return;
  cnn_context *context = optimizer->context;
  cnn__free(context, optimizer->attributes);
  cnn__free(context, optimizer);
  cnn__context_drop(context);
}

const char *cnn_optimizer_name(const cnn_optimizer *optimizer) { return optimizer ? optimizer->type->name : ""; }

float cnn__optimizer_rate(const cnn_optimizer *optimizer) {
  const cnn__attribute *row = cnn__attribute_find(optimizer->type->attributes, "learning_rate");
  return *(const float *)((const char *)optimizer->attributes + row->offset);
}
