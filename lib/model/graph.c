/* graph: which layer reads which, and what they are called. Layers are kept in the order of their making, in which
 * each reads earlier ones, so a plan is that order. */
#include "model/graph.h"

#include "core/text.h"

#include <string.h>

cnn_status cnn__graph_name_valid(const char *name, const char *what) {
  char clean[CNN__NAME_BYTES];
  size_t length = strlen(name);
  if (!length || length >= CNN__NAME_BYTES)
    return cnn__fail(CNN_EINVAL, "%s: name has %zu bytes, must be 1 to %d", what, length, CNN__NAME_BYTES - 1);
  cnn__clean(clean, sizeof clean, name);
  if (strcmp(clean, name) != 0)
    return cnn__fail(CNN_EINVAL, "%s: name '%s' must be UTF-8 without control characters", what, clean);
  return CNN_OK;
}

const char *cnn__graph_nearer(const char *name, const char *best, const char *candidate) {
  const char *known[2] = {best ? best : candidate, candidate};
  return cnn__nearest(name, known, best ? 2 : 1);
}

/* "unknown layer 'con1'; did you mean 'conv1'?" */
static cnn_status unknown(const cnn_model *model, const char *name) {
  const char *best = NULL;
  char clean[CNN__NAME_BYTES];
  for (int32_t i = 0; i < model->layer_count; i++) {
    const char *nearer = cnn__graph_nearer(name, best, model->layers[i]->name);
    best = nearer ? nearer : best;
  }
  cnn__clean(clean, sizeof clean, name);
  if (best)
    return cnn__fail(CNN_ENAME, "unknown layer '%s'; did you mean '%s'?", clean, best);
  return cnn__fail(CNN_ENAME, "unknown layer '%s'", clean);
}

cnn_layer *cnn__graph_find(const cnn_model *model, const char *name) {
  cnn_layer *layer = cnn__names_find(&model->names, name);
  if (!layer)
    (void)unknown(model, name);
  return layer;
}

/* The first of "conv2d", "conv2d_1" ... that is not taken; names stay taken, so that the search goes on where the last
 * one ended. */
static cnn_status next_name(cnn_model *model, const cnn__layer_type *type, char name[CNN__NAME_BYTES]) {
  cnn__numbering *numbering = cnn__names_numbering(&model->names, model->context, type);
  if (!numbering)
    return CNN_ENOMEM;
  for (;; numbering->next++) {
    if (numbering->next)
      cnn__format(name, CNN__NAME_BYTES, "%s_%d", type->name, (int)numbering->next);
    else
      cnn__format(name, CNN__NAME_BYTES, "%s", type->name);
    if (!cnn__names_find(&model->names, name))
      return CNN_OK;
  }
}

cnn_status cnn__graph_name(cnn_model *model, const cnn__layer_type *type, const char *given,
                           char name[CNN__NAME_BYTES]) {
  if (!given)
    return next_name(model, type, name);
  CNN__TRY(cnn__graph_name_valid(given, type->name));
  if (strchr(given, '/'))
    return cnn__fail(CNN_EINVAL, "%s: name '%s' must not hold '/', which parts it from its weights' names", type->name,
                     given);
  const cnn_layer *taken = cnn__names_find(&model->names, given);
  if (taken)
    return cnn__fail(CNN_ENAME, "%s: name '%s' is taken by layer %d, a %s", type->name, given, (int)taken->index,
                     taken->type->name);
  cnn__format(name, CNN__NAME_BYTES, "%s", given);
  return CNN_OK;
}

static cnn_status find_inputs(const cnn_model *model, const cnn__layer_type *type, const char *name,
                              const char *const *inputs, int32_t count, cnn_layer **out) {
  for (int32_t i = 0; i < count; i++) {
    if (!inputs || !inputs[i])
      return cnn__fail(CNN_EINVAL, "%s '%s': the name of input %d is NULL", type->name, name, (int)i);
    out[i] = cnn__names_find(&model->names, inputs[i]);
    if (!out[i]) {
      (void)unknown(model, inputs[i]);
      return cnn__fail_in("%s '%s': input", type->name, name);
    }
  }
  return CNN_OK;
}

cnn_status cnn__graph_inputs(const cnn_model *model, const cnn__layer_type *type, const char *name,
                             const char *const *inputs, int32_t *count, cnn_layer **out) {
  if (!type->inputs) {
    if (*count)
      return cnn__fail(CNN_EINVAL, "%s '%s': reads no layer, got input", type->name, name);
    if (model->layer_count)
      return cnn__fail(CNN_EUNSUPPORTED, "%s '%s': the model has its input '%s'; this version takes one", type->name,
                       name, model->layers[0]->name);
    return CNN_OK;
  }
  if (!model->layer_count)
    return cnn__fail(CNN_EINVAL, "%s '%s': the first layer of a model must be its input", type->name, name);
  if (!*count && type->inputs == 1) {
    out[(*count)++] = model->layers[model->layer_count - 1];
    return CNN_OK;
  }
  char what[320];
  cnn__format(what, sizeof what, "%s '%s'", type->name, name);
  CNN__TRY(cnn__layer_reads(type, *count, what));
  return find_inputs(model, type, name, inputs, *count, out);
}

static int32_t read_by_another(const cnn_model *model, int32_t index) {
  for (int32_t i = index + 1; i < model->layer_count; i++)
    for (int32_t j = 0; j < model->layers[i]->input_count; j++)
      if (model->layers[i]->inputs[j] == model->layers[index])
        return 1;
  return 0;
}

cnn_status cnn__graph_check(const cnn_model *model) {
  if (model->layer_count < 2)
    return cnn__fail(CNN_EINVAL, "model '%s' has no layers%s", model->name,
                     model->layer_count ? " after its input" : "");
  for (int32_t i = 0; i < model->layer_count - 1; i++)
    if (!read_by_another(model, i))
      return cnn__fail(CNN_EUNSUPPORTED,
                       "%s '%s': no layer reads it and it is not the last; this version has one output",
                       model->layers[i]->type->name, model->layers[i]->name);
  return CNN_OK;
}

int32_t cnn__graph_is_row(const cnn_model *model) {
  for (int32_t i = 1; i < model->layer_count; i++)
    if (model->layers[i]->input_count != 1 || model->layers[i]->inputs[0] != model->layers[i - 1])
      return 0;
  return 1;
}
