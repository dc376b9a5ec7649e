/* own: registering layer types of the program, and finding any type that a context knows. */
#include "layers/own.h"

#include "core/memory.h"
#include "core/options.h"

#include <string.h>

#define NEAREST 64 /* names of one's own that are compared for "did you mean" */

static cnn_status taken(const char *type, const char *how) {
  return cnn__fail(CNN_ENAME, "layer type '%s': the name is %s", type, how);
}

static cnn_status add(cnn_context *context, const cnn_layer_descriptor *descriptor) {
  int32_t rows = cnn__own_rows(descriptor->attributes);
  cnn__own *own = cnn__alloc_zero(context, sizeof *own + ((size_t)rows + 1) * sizeof own->attributes[0],
                                  "a layer type of the program's own");
  if (!own)
    return CNN_ENOMEM;
  own->entry.kind = CNN__REGISTERED_LAYER;
  own->entry.name = descriptor->type;
  own->descriptor = *descriptor;
  for (int32_t i = 0; i < rows; i++)
    own->attributes[i] = cnn__own_row(&descriptor->attributes[i]);
  own->type = cnn__own_type;
  own->type.name = descriptor->type;
  own->type.class_name = descriptor->class_name ? descriptor->class_name : descriptor->type;
  own->type.help = descriptor->summary ? descriptor->summary : "";
  own->type.attributes = own->attributes;
  own->type.attributes_size = descriptor->attributes_size;
  own->type.inputs = descriptor->inputs == CNN_SEVERAL_INPUTS ? CNN__SEVERAL : 1;
  if (!cnn__registered_add(context, &own->entry, NULL))
    return CNN_OK;
  cnn__free(context, own);
  return taken(descriptor->type, "registered in this context already");
}

cnn_status cnn_layer_type_register(cnn_context *context, const cnn_layer_descriptor *descriptor) {
  cnn_layer_descriptor given;
  if (!context || !descriptor)
    return cnn__fail(CNN_EINVAL, "cnn_layer_type_register: %s is NULL", context ? "descriptor" : "context");
  CNN__TRY(cnn__options(&given, sizeof given, CNN__FIRST(cnn_layer_descriptor, free), descriptor,
                        "cnn_layer_descriptor"));
  CNN__TRY(cnn__own_check(&given));
  for (int32_t i = 0; i < cnn__layer_type_count(); i++)
    if (strcmp(cnn__layer_type_at(i)->name, given.type) == 0)
      return taken(given.type, "that of a built-in layer");
  return add(context, &given);
}

const cnn__layer_type *cnn__layer_type_known(const cnn_context *context, const char *name) {
  const char *names[NEAREST + 64];
  const cnn__registered *entry = cnn__registered_find(context, CNN__REGISTERED_LAYER, name);
  if (entry)
    return &((const cnn__own *)(const void *)entry)->type;
  int32_t count = cnn__registered_names(context, CNN__REGISTERED_LAYER, names, NEAREST);
  for (int32_t i = 0; i < cnn__layer_type_count() && i < 64; i++) {
    names[count++] = cnn__layer_type_at(i)->name;
    if (strcmp(names[count - 1], name) == 0)
      return cnn__layer_type_at(i);
  }
  const char *nearest = cnn__nearest(name, names, count);
  if (nearest)
    (void)cnn__fail(CNN_ENAME, "unknown layer type '%s'; did you mean '%s'?", name, nearest);
  else
    (void)cnn__fail(CNN_ENAME, "unknown layer type '%s'", name);
  return NULL;
}
