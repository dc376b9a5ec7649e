/* schedule: the handle (a type and its attributes), its text, and the list of types. */
#include "optim/schedule_internal.h"

#include "core/memory.h"
#include "core/text.h"
#include "tensor/types.h"

#include <string.h>

static const cnn__schedule_type *const types[] = {
#define SCHEDULE(name) &cnn__##name##_schedule,
#include "optim/schedules.def"
#undef SCHEDULE
};

enum { TYPES = sizeof types / sizeof types[0], MAX_ATTRIBUTES_SIZE = 2 * sizeof(cnn__list) + 64 };

/* ---- the handle ---- */

cnn_status cnn__schedule_make(cnn_schedule **out, cnn_context *context, const cnn__schedule_type *type,
                              const void *attributes) {
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "%s: out or context is NULL", type->name);
  CNN__TRY(cnn__attributes_check(type->attributes, attributes, type->name));
  if (type->check)
    CNN__TRY(type->check(attributes));
  cnn_schedule *schedule = cnn__alloc_zero(context, sizeof *schedule, "schedule");
  if (!schedule)
    return CNN_ENOMEM;
  schedule->attributes = cnn__alloc(context, type->attributes_size, "attributes of a schedule");
  if (!schedule->attributes) {
    cnn__free(context, schedule);
    return CNN_ENOMEM;
  }
  memcpy(schedule->attributes, attributes, type->attributes_size);
  atomic_init(&schedule->references, 1);
  schedule->context = cnn__context_hold(context);
  schedule->type = type;
  *out = schedule;
  return CNN_OK;
}

static cnn__type_row row(int32_t index) {
  return (cnn__type_row){types[index]->name, types[index]->help, types[index]->attributes};
}

_Static_assert((int)TYPES <= (int)CNN__MOST_TYPES, "raise CNN__MOST_TYPES");
static const cnn__types list = {"schedule", TYPES, row};

cnn_status cnn_schedule_new(cnn_schedule **out, cnn_context *context, const char *name, const char *attributes) {
  union {
    double align;
    int64_t align_int;
    char bytes[MAX_ATTRIBUTES_SIZE];
  } set;
  int32_t index = cnn__types_demand(&list, name);
  if (index < 0)
    return CNN_ENAME;
  const cnn__schedule_type *type = types[index];
  CNN__TRY(cnn__attributes_parse(type->attributes, &set, attributes, type->name, NULL, NULL));
  return cnn__schedule_make(out, context, type, &set);
}

void cnn_schedule_free(cnn_schedule *schedule) {
  if (!schedule || atomic_fetch_sub_explicit(&schedule->references, 1, memory_order_acq_rel) > 1)
    return;
  cnn_context *context = schedule->context;
  cnn__free(context, schedule->attributes);
  cnn__free(context, schedule);
  cnn__context_drop(context);
}

const char *cnn_schedule_name(const cnn_schedule *schedule) { return schedule ? schedule->type->name : ""; }

double cnn_schedule_rate(const cnn_schedule *schedule, int64_t step) {
  const int64_t most = (int64_t)1 << 53;
  if (!schedule)
    return 0;
  step = step < 0 ? 0 : step > most ? most : step;
  return (double)schedule->type->rate(schedule->attributes, (float)step);
}

cnn_status cnn_schedule_attribute_text(const cnn_schedule *schedule, const char *key, char *buffer, size_t bytes) {
  if (!schedule || !key || (!buffer && bytes))
    return cnn__fail(CNN_EINVAL, "cnn_schedule_attribute_text: schedule, key or buffer is NULL");
  return cnn__attributes_text(schedule->type->attributes, schedule->attributes, key, buffer, bytes, schedule->type->name);
}

/* ---- as text ---- */

cnn_status cnn__schedule_text(const cnn_schedule *schedule, char *buffer, size_t bytes) {
  size_t used = (size_t)cnn__format(buffer, bytes, "%s", schedule->type->name);
  for (const cnn__attribute *row = schedule->type->attributes; row->key && used < bytes; row++) {
    char text[CNN__ATTRIBUTE_TEXT_BYTES];
    cnn__attribute_text(row, schedule->attributes, text, sizeof text);
    used += (size_t)cnn__format(buffer + used, bytes - used, "%c%s=%s", row == schedule->type->attributes ? '(' : ',',
                                row->key, text);
  }
  if (used + 1 >= bytes)
    return cnn__fail(CNN_EINVAL, "%s: has so many numbers that its text is longer than %zu bytes", schedule->type->name,
                     bytes - 1);
  buffer[used] = ')';
  buffer[used + 1] = 0;
  return CNN_OK;
}

cnn_status cnn__schedule_read(cnn_schedule **out, cnn_context *context, const char *text) {
  char name[64], attributes[CNN__ATTRIBUTE_TEXT_BYTES];
  size_t length = strcspn(text, "("), all = strlen(text);
  if (length >= sizeof name || all < length + 2 || all >= sizeof attributes || text[all - 1] != ')')
    return cnn__fail(CNN_EINVAL, "a schedule is 'NAME(key=value,key=value)', not '%s'", text);
  cnn__format(name, sizeof name, "%.*s", (int)length, text);
  cnn__format(attributes, sizeof attributes, "%.*s", (int)(all - length - 2), text + length + 1);
  for (char *at = attributes; *at; at++)
    if (*at == ',')
      *at = ' ';
  return cnn_schedule_new(out, context, name, attributes);
}

/* ---- the list of types ---- */

const cnn__schedule_type *cnn__schedule_type_at(int32_t index) {
  return index >= 0 && index < TYPES ? types[index] : NULL;
}

int32_t cnn_schedule_type_count(void) { return TYPES; }

const char *cnn_schedule_type_at(int32_t index) { return cnn__types_name(&list, index); }

const char *cnn_schedule_type_help(const char *type) { return cnn__types_help(&list, type); }

int32_t cnn_schedule_attribute_count(const char *type) { return cnn__types_attribute_count(&list, type); }

cnn_status cnn_schedule_attribute_at(const char *type, int32_t index, cnn_attribute *out) {
  return cnn__types_attribute_at(&list, type, index, out);
}
