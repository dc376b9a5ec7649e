/* objective: the handle of losses and metrics, a type and its attributes, and finding types by name. */
#include "objective/objective.h"

#include "core/memory.h"
#include "core/text.h"

#include <string.h>

enum { MOST_TYPES = 96, TYPE_BYTES = 64, SETTINGS_BYTES = 64 };

const char *const cnn__reduction_names[] = {"sum_over_batch_size", "sum", "mean_with_sample_weight", NULL};

/* ---- types by name ---- */

static int32_t is_named(const cnn__objective_type *type, const char *name) {
  if (!strcmp(name, type->name) || !strcmp(name, type->class_name))
    return 1;
  for (size_t i = 0; i < sizeof type->aliases / sizeof type->aliases[0]; i++)
    if (type->aliases[i] && !strcmp(name, type->aliases[i]))
      return 1;
  return 0;
}

static const cnn__objective_type *lookup(const cnn__objectives *list, const char *name) {
  for (int32_t i = 0; i < list->count && name; i++)
    if (is_named(list->types[i], name))
      return list->types[i];
  return NULL;
}

const cnn__objective_type *cnn__objective_find(const cnn__objectives *list, const cnn_context *context,
                                               const char *name) {
  const char *known[2 * MOST_TYPES];
  const cnn__objective_type *type = lookup(list, name);
  if (!type && context && name)
    type = cnn__objective_own(list, context, name);
  if (type)
    return type;
  int32_t count = context ? cnn__registered_names(context, list->registered, known, MOST_TYPES) : 0;
  for (int32_t i = 0; i < list->count; i++)
    known[count++] = list->types[i]->name;
  const char *nearest = name ? cnn__nearest(name, known, count) : NULL;
  if (nearest)
    (void)cnn__fail(CNN_ENAME, "unknown %s '%s'; did you mean '%s'?", list->kind, name, nearest);
  else
    (void)cnn__fail(CNN_ENAME, "unknown %s '%s'", list->kind, name ? name : "(none)");
  return NULL;
}

int32_t cnn__objective_is_built_in(const cnn__objectives *list, const char *name) { return lookup(list, name) != NULL; }

const char *cnn__objective_name_at(const cnn__objectives *list, int32_t index) {
  return index >= 0 && index < list->count ? list->types[index]->name : NULL;
}

const char *cnn__objective_help(const cnn__objectives *list, const char *type) {
  const cnn__objective_type *found = lookup(list, type);
  return found ? found->help : NULL;
}

int32_t cnn__objective_attribute_count(const cnn__objectives *list, const char *type) {
  const cnn__objective_type *found = cnn__objective_find(list, NULL, type);
  return found ? cnn__attributes_count(found->attributes) : -1;
}

cnn_status cnn__objective_attribute_at(const cnn__objectives *list, const char *type, int32_t index,
                                       cnn_attribute *out) {
  const cnn__objective_type *found = cnn__objective_find(list, NULL, type);
  if (!found)
    return CNN_ENAME;
  cnn_status status = cnn__attribute_public(found->attributes, index, out);
  return status < 0 ? cnn__fail_in("%s", found->name) : status;
}

/* ---- the handle ---- */

static cnn_status take_name(cnn__objective *objective, const char *name) {
  cnn__clean(objective->name, sizeof objective->name, name);
  if (!name[0] || strlen(name) >= sizeof objective->name || strcmp(name, objective->name) != 0)
    return cnn__fail(CNN_EINVAL, "%s: name '%s' is not 1 to %d bytes of UTF-8 without control characters",
                     objective->type->name, objective->name, CNN__METRIC_NAME_BYTES - 1);
  return CNN_OK;
}

static void read_common(cnn__objective *objective) {
  const cnn__attribute *table = objective->type->attributes;
  const char *settings = objective->attributes;
  const cnn__attribute *reduction = cnn__attribute_find(table, "reduction");
  const cnn__attribute *ignored = cnn__attribute_find(table, "ignore_class");
  if (reduction)
    memcpy(&objective->reduction, settings + reduction->offset, sizeof objective->reduction);
  objective->ignored = -1;
  if (ignored)
    memcpy(&objective->ignored, settings + ignored->offset, sizeof objective->ignored);
}

cnn_status cnn__objective_make(cnn__objective **out, cnn_context *context, const cnn__objective_type *type,
                               const void *attributes, const char *name) {
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "%s: out or context is NULL", type->name);
  CNN__TRY(cnn__attributes_check(type->attributes, attributes, type->name));
  cnn__objective made = {.type = type};
  CNN__TRY(take_name(&made, name ? name : type->name));
  cnn__objective *objective = cnn__alloc_zero(context, sizeof *objective, "loss or metric");
  if (!objective)
    return CNN_ENOMEM;
  objective->attributes = cnn__alloc_zero(context, type->attributes_size + 1, "attributes of a loss or metric");
  if (!objective->attributes) {
    cnn__free(context, objective);
    return CNN_ENOMEM;
  }
  memcpy(objective->attributes, attributes, type->attributes_size);
  memcpy(objective->name, made.name, sizeof made.name);
  atomic_init(&objective->references, 1);
  objective->context = cnn__context_hold(context);
  objective->type = type;
  read_common(objective);
  *out = objective;
  return CNN_OK;
}

cnn__objective *cnn__objective_hold(cnn__objective *objective) {
  atomic_fetch_add_explicit(&objective->references, 1, memory_order_relaxed);
  return objective;
}

void cnn__objective_free(cnn__objective *objective) {
  if (!objective || atomic_fetch_sub_explicit(&objective->references, 1, memory_order_acq_rel) > 1)
    return;
  cnn_context *context = objective->context;
  cnn__free(context, objective->attributes);
  cnn__free(context, objective);
  cnn__context_drop(context);
}

cnn_status cnn__objective_show(const cnn__objective *objective, const char *key, char *buffer, size_t bytes) {
  if (!objective || !key || (!buffer && bytes))
    return cnn__fail(CNN_EINVAL, "attribute of a loss or metric: an argument is NULL");
  return cnn__attributes_text(objective->type->attributes, objective->attributes, key, buffer, bytes,
                              objective->type->name);
}

/* ---- from text ---- */

typedef struct naming {
  const cnn__objective_type *type;
  char name[512];
} naming;

static cnn_status take(void *user, const char *key, const char *value) {
  naming *given = user;
  if (strcmp(key, "name") != 0)
    return cnn__fail(CNN_ENAME, "%s: unknown attribute '%s'", given->type->name, key);
  cnn__format(given->name, sizeof given->name, "%s", value);
  return CNN_OK;
}

cnn_status cnn__objective_new(cnn__objective **out, cnn_context *context, const cnn__objectives *list, const char *name,
                              const char *attributes) {
  union {
    double align;
    int64_t align_int;
    char bytes[SETTINGS_BYTES];
  } set = {.bytes = {0}};
  const cnn__objective_type *type = cnn__objective_find(list, context, name);
  if (!type)
    return CNN_ENAME;
  naming given = {.type = type};
  cnn__format(given.name, sizeof given.name, "%s", name);
  CNN__TRY(cnn__attributes_parse(type->attributes, &set, attributes, type->name, list == &cnn__metrics ? take : NULL,
                                 &given));
  return cnn__objective_make(out, context, type, &set, given.name);
}

cnn_status cnn__objective_read(cnn__objective **out, cnn_context *context, const cnn__objectives *list,
                               const char *text) {
  char name[TYPE_BYTES];
  size_t length = strcspn(text, " \t\r\n");
  if (length >= sizeof name)
    return cnn__fail(CNN_ENAME, "unknown %s '%.*s...'", list->kind, TYPE_BYTES - 1, text);
  memcpy(name, text, length);
  name[length] = 0;
  return cnn__objective_new(out, context, list, name, text + length);
}
