/* model: the handle. It owns its layers, counts its owners, and keeps the first error that a constructor met. */
#include "model/model_internal.h"

#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/text.h"
#include "model/graph.h"
#include "model/pack.h"

#include <string.h>

/* ---- making and freeing ---- */

cnn_status cnn_model_new(cnn_model **out, cnn_context *context, const cnn_model_opts *options) {
  cnn_model_opts given;
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "cnn_model_new: %s is NULL", out ? "context" : "out");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof(cnn_model_opts), options, "cnn_model_opts"));
  const char *name = given.name ? given.name : "sequential";
  CNN__TRY(cnn__graph_name_valid(name, "model"));
  cnn_model *model = cnn__alloc_zero(context, sizeof *model, "model");
  if (!model)
    return CNN_ENOMEM;
  model->name = cnn__strdup(context, name);
  if (!model->name) {
    cnn__free(context, model);
    return CNN_ENOMEM;
  }
  atomic_init(&model->references, 1);
  atomic_init(&model->fitting, 0);
  cnn__lock_init(&model->lock);
  model->context = cnn__context_hold(context);
  model->seed = context->seed;
  model->weights_version = 1;
  *out = model;
  return CNN_OK;
}

cnn_model *cnn__model_hold(cnn_model *model) {
  atomic_fetch_add(&model->references, 1);
  return model;
}

cnn_status cnn__model_still(const cnn_model *model) {
  if (atomic_load(&model->reading))
    return cnn__fail(CNN_ESTATE, "model '%s' is in use by the call that asks for this batch; change it after that has returned",
                     model->name);
  return CNN_OK;
}

void cnn__model_forget(cnn_model *model) {
  while (model->idle) {
    cnn__run *run = model->idle;
    model->idle = cnn__run_next(run);
    cnn__run_free(run);
  }
  for (int32_t mode = 0; mode < CNN__MODES; mode++) {
    cnn__plan_free(model->plans[mode]);
    model->plans[mode] = NULL;
  }
  cnn__packs_free(model);
}

void cnn_model_free(cnn_model *model) {
  if (!model || atomic_fetch_sub(&model->references, 1) > 1)
    return;
  cnn_context *context = model->context;
  cnn__model_forget(model);
  for (int32_t i = 0; i < model->layer_count; i++)
    cnn__layer_free(model->layers[i]);
  cnn_optimizer_free(model->optimizer);
  cnn__objective_free(model->loss);
  for (int32_t m = 0; m < model->metric_count; m++)
    cnn__objective_free(model->metrics[m]);
  cnn__free(context, model->training_block);
  cnn__free(context, model->parameters);
  cnn__free(context, model->arrays);
  cnn__free(context, model->layers);
  cnn__names_free(&model->names, context);
  cnn__free(context, model->name);
  cnn__lock_destroy(&model->lock);
  cnn__free(context, model);
  cnn__context_drop(context);
}

/* ---- layers ---- */

/* A compiled model refuses without keeping the error: it stays as usable as it was. */
cnn_layer *cnn__model_refuse(cnn_model *model) {
  if (model && model->error >= 0 && !model->compiled) {
    model->error = cnn__fail_code();
    cnn__format(model->error_text, sizeof model->error_text, "%s", cnn_error_text());
  }
  return NULL;
}

/* Room for one more layer and the weights that it may have, so that nothing can fail once it is made. */
static cnn_status make_room(cnn_model *model) {
  int64_t layers = (int64_t)model->layer_count + 1, weights = (int64_t)model->parameter_count + CNN__MAX_WEIGHTS;
  cnn_context *context = model->context;
  CNN__TRY(
      cnn__grow(context, (void **)&model->layers, &model->layer_capacity, layers, sizeof *model->layers, "layers"));
  CNN__TRY(cnn__names_make_room(&model->names, context));
  CNN__TRY(cnn__grow(context, (void **)&model->arrays, &model->arrays_capacity, layers, sizeof *model->arrays,
                     "arrays of layers"));
  return cnn__grow(context, (void **)&model->parameters, &model->parameter_capacity, weights, sizeof *model->parameters,
                   "list of weights");
}

static void append(cnn_model *model, cnn_layer *layer) {
  cnn__arrays *arrays = &model->arrays[model->layer_count];
  memset(arrays, 0, sizeof *arrays);
  for (int32_t i = 0; i < layer->weight_count; i++) {
    arrays->weights[i] = layer->weights[i].value;
    model->parameters[model->parameter_count++] = (cnn__parameter){.layer = layer, .index = i};
  }
  model->layers[model->layer_count++] = layer;
  cnn__names_add(&model->names, layer);
  cnn__model_touch(model);
}

static cnn_status make_layer(cnn_model *model, const cnn__layer_type *type, const void *attributes, const char *given,
                             const char *const *inputs, int32_t input_count, cnn_layer **out) {
  char name[CNN__NAME_BYTES];
  cnn_layer *sources[CNN__MAX_INPUTS];
  CNN__TRY(cnn__graph_name(model, type, given, name));
  CNN__TRY(cnn__graph_inputs(model, type, name, inputs, &input_count, sources));
  CNN__TRY(make_room(model));
  cnn__fp saved = cnn__fp_enter();
  *out = cnn__layer_new(model->context, type, attributes, name, model->layer_count, sources, input_count,
                        model->seed);
  cnn__fp_leave(saved);
  return *out ? CNN_OK : cnn__fail_code();
}

cnn_layer *cnn__model_append_reader(cnn_model *model, const cnn__layer_type *type, const void *attributes,
                                    const char *name, const char *const *inputs, int32_t input_count) {
  cnn_layer *layer = NULL;
  if (!model) {
    (void)cnn__fail(CNN_EINVAL, "%s: model is NULL", type->name);
    return NULL;
  }
  if (cnn_model_status(model) < 0)
    return NULL;
  if (model->compiled) {
    (void)cnn__fail(CNN_ESTATE, "%s: model '%s' is compiled and takes no more layers", type->name, model->name);
    return NULL;
  }
  if (cnn__model_still(model) < 0)
    return NULL;
  if (make_layer(model, type, attributes, name, inputs, input_count, &layer) < 0)
    return cnn__model_refuse(model);
  cnn__model_forget(model);
  append(model, layer);
  return layer;
}

cnn_layer *cnn__model_append(cnn_model *model, const cnn__layer_type *type, const void *attributes, const char *name,
                             const char *input) {
  return cnn__model_append_reader(model, type, attributes, name, &input, input != NULL);
}

/* ---- layers by the name of their type ---- */

typedef struct given_names {
  char name[512], inputs[512]; /* "": not given */
} given_names;

static cnn_status take_name(void *user, const char *key, const char *value) {
  given_names *names = user;
  cnn__format(strcmp(key, "name") ? names->inputs : names->name, sizeof names->name, "%s", value);
  return CNN_OK;
}

/* Cuts "a,b" at its commas; how many names there are, of which at most CNN__MAX_INPUTS are listed. */
static int32_t split(char *text, const char **names) {
  int32_t count = 0;
  for (char *next = *text ? text : NULL; next;) {
    if (count < CNN__MAX_INPUTS)
      names[count] = next;
    count++;
    next = strchr(next, ',');
    if (next)
      *next++ = 0;
  }
  return count;
}

static cnn_layer *add(cnn_model *model, const cnn__layer_type *type, void *set, const char *attributes) {
  given_names names = {"", ""};
  const char *inputs[CNN__MAX_INPUTS];
  if (cnn__attributes_parse(type->attributes, set, attributes, type->name, take_name, &names) < 0)
    return cnn__model_refuse(model);
  int32_t count = split(names.inputs, inputs);
  return cnn__model_append_reader(model, type, set, *names.name ? names.name : NULL, inputs, count);
}

cnn_layer *cnn_layer_add(cnn_model *model, const char *type, const char *attributes) {
  if (!model || !type) {
    (void)cnn__fail(CNN_EINVAL, "cnn_layer_add: %s is NULL", model ? "type" : "model");
    return cnn__model_refuse(model);
  }
  if (cnn_model_status(model) < 0)
    return NULL;
  const cnn__layer_type *found = cnn__layer_type_known(model->context, type);
  void *set = found ? cnn__alloc_zero(model->context, found->attributes_size, "attributes of a layer") : NULL;
  cnn_layer *layer = set ? add(model, found, set, attributes) : cnn__model_refuse(model);
  cnn__free(model->context, set);
  return layer;
}

/* ---- state ---- */

cnn_status cnn_model_status(const cnn_model *model) {
  if (!model)
    return cnn__fail(CNN_EINVAL, "model is NULL");
  return model->error < 0 ? cnn__fail(model->error, "%s", model->error_text) : CNN_OK;
}

void cnn_model_forget_error(cnn_model *model) {
  if (model)
    model->error = CNN_OK;
}

cnn_status cnn__model_ready(const cnn_model *model) {
  CNN__TRY(cnn_model_status(model));
  return cnn__graph_check(model);
}

void cnn__model_touch(cnn_model *model) { model->weights_version++; }

/* ---- getters ---- */

const char *cnn_model_name(const cnn_model *model) { return model ? model->name : ""; }

int32_t cnn_model_layer_count(const cnn_model *model) { return model ? model->layer_count : 0; }

cnn_layer *cnn_model_layer_at(const cnn_model *model, int32_t index) {
  return index >= 0 && index < cnn_model_layer_count(model) ? model->layers[index] : NULL;
}

cnn_layer *cnn_model_layer(const cnn_model *model, const char *name) {
  if (!model || !name) {
    (void)cnn__fail(CNN_EINVAL, "cnn_model_layer: %s is NULL", model ? "name" : "model");
    return NULL;
  }
  return cnn__graph_find(model, name);
}

int32_t cnn_model_input_count(const cnn_model *model) { return cnn_model_layer_count(model) ? 1 : 0; }

int32_t cnn_model_output_count(const cnn_model *model) { return cnn_model_layer_count(model) ? 1 : 0; }

static int32_t shape_of(const cnn_model *model, int32_t index, int32_t layer, int64_t *shape) {
  const cnn_layer *found = index ? NULL : cnn_model_layer_at(model, layer);
  return found ? cnn_layer_output_shape(found, shape) : -1;
}

int32_t cnn_model_input_shape(const cnn_model *model, int32_t index, int64_t *shape) {
  return shape_of(model, index, 0, shape);
}

int32_t cnn_model_output_shape(const cnn_model *model, int32_t index, int64_t *shape) {
  return shape_of(model, index, cnn_model_layer_count(model) - 1, shape);
}

int64_t cnn_model_parameters(const cnn_model *model) {
  int64_t total = 0;
  for (int32_t i = 0; model && i < model->layer_count; i++)
    total += cnn_layer_parameters(model->layers[i]);
  return total;
}

int64_t cnn_model_trainable_parameters(const cnn_model *model) {
  int64_t total = 0;
  for (int32_t i = 0; model && i < model->layer_count; i++)
    total += cnn_layer_trainable_parameters(model->layers[i]);
  return total;
}

/* The work of absurd shapes stops at the largest number. */
static int64_t add_work(int64_t total, int64_t flops, int64_t times) {
  return cnn__mul(flops, times, &flops) || cnn__sum(total, flops, &total) ? INT64_MAX : total;
}

int64_t cnn_model_flops(const cnn_model *model) {
  int64_t total = 0;
  for (int32_t i = 0; model && i < model->layer_count; i++)
    total = add_work(total, model->layers[i]->flops, 1);
  return total;
}

/* Counted are the multiply-adds of convolution and dense layers, taps outside the image included: once forward, once
 * for the gradient of the weights, and once for the gradient of the input where a layer below has weights to train. */
int64_t cnn_model_training_flops(const cnn_model *model) {
  int64_t total = 0;
  int32_t below = 0;
  for (int32_t i = 0; model && i < model->layer_count; i++) {
    int32_t learns = cnn_layer_trainable_parameters(model->layers[i]) > 0;
    total = add_work(total, model->layers[i]->flops, 1 + learns + below);
    below |= learns;
  }
  return total;
}
