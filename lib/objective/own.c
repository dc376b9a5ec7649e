/* own: losses and metrics that a program registers. Each becomes a type like any other, whose rows call the program's. */
#include "cnn/extend.h"
#include "objective/objective.h"

#include "core/memory.h"
#include "core/options.h"

#include <string.h>

typedef struct own {
  cnn__registered entry; /* first: the registered thing */
  cnn__objective_type type;
  cnn_objective_descriptor descriptor;
} own;

typedef struct settings {
  int32_t reduction;
} settings;

static const cnn__attribute loss_attributes[] = {CNN__REDUCTION_ROW, {0}}, metric_attributes[] = {{0}};

static void rows_of(const void *set, const cnn__rows *rows, float scale, double *values, float *gradient) {
  const cnn_objective_descriptor *descriptor = rows->own;
  const cnn_objective_rows given = {.size = sizeof given,
                                    .user = descriptor->user,
                                    .count = rows->count,
                                    .columns = rows->columns,
                                    .outputs = rows->outputs,
                                    .targets = rows->targets,
                                    .labels = rows->labels};
  (void)set;
  descriptor->rows(&given, values, gradient);
  for (int64_t i = 0; gradient && i < rows->count * rows->columns; i++)
    gradient[i] *= scale;
}

static cnn_status check(const cnn_objective_descriptor *descriptor) {
  if (descriptor->form != CNN_EXTEND_FORM)
    return cnn__fail(CNN_EUNSUPPORTED,
                     "cnn_objective_descriptor: it is of form %d of extend.h, libcnn %s has form %d; build the program anew",
                     (int)descriptor->form, cnn_version(), CNN_EXTEND_FORM);
  size_t length = descriptor->type ? strlen(descriptor->type) : 0;
  if (length < 1 || length >= CNN__METRIC_NAME_BYTES ||
      strspn(descriptor->type, "abcdefghijklmnopqrstuvwxyz0123456789_") != length)
    return cnn__fail(CNN_EINVAL, "cnn_objective_descriptor: type '%s' must be 1 to %d lower-case letters, digits or '_'",
                     descriptor->type ? descriptor->type : "(none)", CNN__METRIC_NAME_BYTES - 1);
  if (!descriptor->rows)
    return cnn__fail(CNN_EINVAL, "cnn_objective_descriptor '%s': rows is NULL", descriptor->type);
  return CNN_OK;
}

static cnn_status taken(const cnn__objectives *list, const char *type, const char *how) {
  return cnn__fail(CNN_ENAME, "%s '%s': the name is %s", list->kind, type, how);
}

static cnn_status add(cnn_context *context, const cnn__objectives *list, const cnn_objective_descriptor *descriptor) {
  own *made = cnn__alloc_zero(context, sizeof *made, "a loss or metric of the program's own");
  if (!made)
    return CNN_ENOMEM;
  made->entry.kind = list->registered;
  made->entry.name = descriptor->type;
  made->descriptor = *descriptor;
  made->type = (cnn__objective_type){.name = descriptor->type,
                                     .class_name = descriptor->type,
                                     .help = descriptor->summary ? descriptor->summary : "",
                                     .attributes = list == &cnn__losses ? loss_attributes : metric_attributes,
                                     .attributes_size = sizeof(settings),
                                     .labels_only = descriptor->labels_only != 0,
                                     .rows = rows_of,
                                     .own = &made->descriptor};
  if (!cnn__registered_add(context, &made->entry, NULL))
    return CNN_OK;
  cnn__free(context, made);
  return taken(list, descriptor->type, "registered in this context already");
}

static cnn_status enlist(cnn_context *context, const cnn__objectives *list, const cnn_objective_descriptor *descriptor) {
  cnn_objective_descriptor given;
  if (!context || !descriptor)
    return cnn__fail(CNN_EINVAL, "cnn_%s_type_register: %s is NULL", list->kind, context ? "descriptor" : "context");
  CNN__TRY(cnn__options(&given, sizeof given, CNN__FIRST(cnn_objective_descriptor, rows), descriptor,
                        "cnn_objective_descriptor"));
  CNN__TRY(check(&given));
  if (cnn__objective_is_built_in(list, given.type))
    return taken(list, given.type, "that of a built-in one");
  return add(context, list, &given);
}

cnn_status cnn_loss_type_register(cnn_context *context, const cnn_objective_descriptor *descriptor) {
  return enlist(context, &cnn__losses, descriptor);
}

cnn_status cnn_metric_type_register(cnn_context *context, const cnn_objective_descriptor *descriptor) {
  return enlist(context, &cnn__metrics, descriptor);
}

const cnn__objective_type *cnn__objective_own(const cnn__objectives *list, const cnn_context *context, const char *name) {
  const cnn__registered *entry = cnn__registered_find(context, list->registered, name);
  return entry ? &((const own *)(const void *)entry)->type : NULL;
}
