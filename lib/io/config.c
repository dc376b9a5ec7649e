/* config: what a model is and how it was compiled, as JSON text and back. Texts that are read come from files:
 * every piece is looked at before it is used, and a layer's weights are known by shape, and accepted, before
 * memory is asked for them. */
#include "io/config.h"

#include "core/memory.h"
#include "io/attribute_json.h"
#include "io/objective_json.h"

#include <string.h>

/* ---- writing ---- */

static cnn_status finish(cnn__text *out, json_t *root) {
  cnn_status status = root ? cnn__json_append(out, root) : cnn__fail(CNN_ENOMEM, "no memory for a model as JSON");
  json_decref(root);
  return status;
}

/* A type without the attribute says only that it is frozen, beside the others. */
static int32_t says_trainable(const cnn_layer *layer) {
  return !layer->trainable && !cnn__attribute_find(layer->type->attributes, "trainable");
}

/* NULL: no memory. */
static json_t *layer_json(const cnn_layer *layer) {
  json_t *inputs = json_array(), *attributes = cnn__attributes_to_json(layer->type->attributes, layer->attributes);
  for (int32_t i = 0; i < layer->input_count; i++)
    if (json_array_append_new(inputs, json_string(layer->inputs[i]->name)) < 0) {
      json_decref(inputs);
      inputs = NULL;
    }
  if (inputs && attributes) {
    json_t *frozen = says_trainable(layer) ? json_false() : NULL;
    return json_pack("{s:s, s:s, s:o, s:o, s:o*}", "type", layer->type->name, "name", layer->name, "inputs", inputs,
                     "attributes", attributes, "trainable", frozen);
  }
  json_decref(inputs);
  json_decref(attributes);
  return NULL;
}

static cnn_status describe(cnn__text *out, const cnn_model *model) {
  json_t *layers = json_array();
  for (int32_t i = 0; i < model->layer_count; i++)
    if (json_array_append_new(layers, layer_json(model->layers[i])) < 0) {
      json_decref(layers);
      return finish(out, NULL);
    }
  return finish(out, layers ? json_pack("{s:s, s:o}", "name", model->name, "layers", layers) : NULL);
}

cnn_status cnn__config_model_text(cnn__text *out, const cnn_model *model) {
  if (model->layer_count > CNN__MAX_LAYERS)
    return cnn__fail(CNN_ESTATE, "model '%s' has %d layers, a file holds %d", model->name, (int)model->layer_count,
                     CNN__MAX_LAYERS);
  CNN__TRY(describe(out, model));
  if (cnn__json_scan(out->data, out->length, "config") < 0)
    return cnn__fail(CNN_ESTATE, "model '%s' is described by more than %d values of JSON, which no file holds",
                     model->name, CNN__JSON_VALUES);
  return CNN_OK;
}

cnn_status cnn__config_compile_text(cnn__text *out, const cnn_model *model) {
  const cnn_optimizer *optimizer = model->optimizer;
  json_t *loss = cnn__loss_to_json(model->loss), *metrics = cnn__metrics_to_json(model);
  json_t *attributes = cnn__attributes_to_json(optimizer->type->attributes, optimizer->attributes);
  if (loss && metrics && attributes)
    return finish(out, json_pack("{s:{s:s, s:o}, s:o, s:o}", "optimizer", "name", optimizer->type->name, "attributes",
                                 attributes, "loss", loss, "metrics", metrics));
  json_decref(loss);
  json_decref(metrics);
  json_decref(attributes);
  return finish(out, NULL);
}

/* ---- reading ---- */

static const char *text_of(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

/* The weights that a layer would have, as its setup declares them, are shown to `accept` and forgotten. */
static cnn_status ask(const cnn_layer *like, cnn__config_accept *accept, void *user, const char *what) {
  cnn_layer probe = *like;
  CNN__TRY(cnn__attributes_check(probe.type->attributes, probe.attributes, what));
  probe.data = cnn__alloc_zero(probe.context, probe.type->data_size, "geometry of a layer");
  if (!probe.data)
    return CNN_ENOMEM;
  cnn_status status = probe.type->setup(&probe);
  if (status < 0)
    (void)cnn__fail_in("%s", what);
  else
    status = accept(user, &probe);
  for (int32_t i = 0; i < probe.weight_count; i++)
    cnn__free(probe.context, probe.weights[i].name);
  if (probe.type->free)
    probe.type->free(&probe);
  cnn__free(probe.context, probe.data);
  return status;
}

/* The layers that `like` reads, and their names. */
static cnn_status find_inputs(const cnn_model *model, cnn_layer *like, const json_t *inputs, const char **names,
                              const char *what) {
  size_t count = json_array_size(inputs);
  if (!json_is_array(inputs) || count > CNN__MAX_INPUTS)
    return cnn__fail(CNN_EFORMAT, "%s: its inputs are not the names of at most %d layers", what, CNN__MAX_INPUTS);
  CNN__TRY(cnn__layer_reads(like->type, (int32_t)count, what));
  for (size_t i = 0; i < count; i++) {
    names[i] = json_string_value(json_array_get(inputs, i));
    if (!names[i])
      return cnn__fail(CNN_EFORMAT, "%s: input %zu is no name", what, i);
    like->inputs[like->input_count] = cnn_model_layer(model, names[i]);
    if (!like->inputs[like->input_count++])
      return cnn__fail_in("%s", what);
  }
  if (count)
    like->in = like->inputs[0]->out;
  return CNN_OK;
}

/* `like` has type, name and context; the rest is filled in here. */
static cnn_status append(cnn_model *model, cnn_layer *like, const json_t *object, cnn__config_accept *accept,
                         void *user) {
  char what[2 * CNN__SHOWN_BYTES];
  const char *names[CNN__MAX_INPUTS];
  cnn__format(what, sizeof what, "%s '%.*s'", like->type->name, CNN__SHOWN_BYTES, like->name);
  CNN__TRY(find_inputs(model, like, json_object_get(object, "inputs"), names, what));
  CNN__TRY(cnn__attributes_from_json(like->type->attributes, like->attributes, json_object_get(object, "attributes"),
                                     what));
  CNN__TRY(ask(like, accept, user, what));
  cnn_layer *made = cnn__model_append_reader(model, like->type, like->attributes, like->name, names, like->input_count);
  if (!made)
    return cnn__fail_code();
  return json_object_get(object, "trainable") ? cnn_layer_set_trainable(made, 0) : CNN_OK;
}

/* Perhaps the file is of a program with types of its own. */
static cnn_status unknown_type(void) {
  char text[512];
  cnn__format(text, sizeof text, "%s", cnn_error_text());
  return cnn__fail(CNN_EUNSUPPORTED, "%s (layers of one's own are registered before loading)", text);
}

static cnn_status append_layer(cnn_model *model, const json_t *object, cnn__config_accept *accept, void *user) {
  const char *type = text_of(object, "type"), *name = text_of(object, "name");
  size_t members = json_is_false(json_object_get(object, "trainable")) ? 5 : 4;
  if (!type || !name || json_object_size(object) != members)
    return cnn__fail(CNN_EFORMAT, "it is not described by type, name, inputs and attributes");
  cnn_layer like = {.context = model->context, .index = model->layer_count};
  like.name = (char *)(uintptr_t)name; /* setup reads it */
  like.type = cnn__layer_type_known(model->context, type);
  if (!like.type)
    return unknown_type();
  like.attributes = cnn__alloc_zero(model->context, like.type->attributes_size, "attributes of a layer");
  if (!like.attributes)
    return CNN_ENOMEM;
  cnn_status status = append(model, &like, object, accept, user);
  cnn__free(model->context, like.attributes);
  return status;
}

static cnn_status append_layers(cnn_model *model, const json_t *root, cnn__config_accept *accept, void *user) {
  const json_t *layers = json_object_get(root, "layers");
  size_t count = json_array_size(layers);
  if (json_object_size(root) != 2 || count < 1 || count > CNN__MAX_LAYERS)
    return cnn__fail(CNN_EFORMAT, "config: is not a name and 1 to %d layers", CNN__MAX_LAYERS);
  for (size_t i = 0; i < count; i++)
    if (append_layer(model, json_array_get(layers, i), accept, user) < 0)
      return cnn__fail_in("config: layer %zu", i);
  return CNN_OK;
}

cnn_status cnn__config_make_model(cnn_model **out, cnn_context *context, const char *text, uint64_t seed,
                                  cnn__config_accept *accept, void *user) {
  cnn_model *model = NULL;
  json_t *root = cnn__json_parse(text, strlen(text), "config");
  if (!root)
    return cnn__fail_code();
  const char *name = text_of(root, "name");
  cnn_status status = name ? cnn_model_new(&model, context, cnn_model_opts(.name = name))
                           : cnn__fail(CNN_EFORMAT, "config: the model has no name");
  if (status == CNN_OK) {
    model->seed = seed;
    status = append_layers(model, root, accept, user);
  }
  json_decref(root);
  if (status < 0)
    cnn_model_free(model);
  else
    *out = model;
  return status;
}

static cnn_status make_optimizer(cnn_optimizer **out, cnn_context *context, const json_t *object) {
  const char *name = text_of(object, "name");
  const cnn__optimizer_type *type = name ? cnn__optimizer_type_find(name) : NULL;
  if (!type || json_object_size(object) != 2)
    return name && !type ? cnn__fail_code()
                         : cnn__fail(CNN_EFORMAT, "the optimizer is not described by name and attributes");
  void *attributes = cnn__alloc_zero(context, type->attributes_size, "attributes of an optimizer");
  if (!attributes)
    return CNN_ENOMEM;
  cnn_status status = cnn__attributes_from_json(type->attributes, attributes, json_object_get(object, "attributes"),
                                                name);
  if (status == CNN_OK)
    status = cnn__optimizer_make(out, context, type, attributes);
  cnn__free(context, attributes);
  return status;
}

static cnn_status compile(cnn_model *model, const json_t *root) {
  cnn_optimizer *optimizer = NULL;
  cnn__goals goals = {0};
  json_t *loss = json_object_get(root, "loss"), *metrics = json_object_get(root, "metrics");
  if (json_object_size(root) != 3 || !loss || !json_is_array(metrics) || json_array_size(metrics) > CNN__MAX_METRICS)
    return cnn__fail(CNN_EFORMAT, "is not an optimizer, a loss and at most %d metrics", CNN__MAX_METRICS);
  CNN__TRY(make_optimizer(&optimizer, model->context, json_object_get(root, "optimizer")));
  cnn_status status = cnn__goals_from_json(&goals, model->context, loss, metrics);
  if (status == CNN_OK)
    status = cnn__model_compile(model, optimizer, &goals, 0);
  cnn__goals_free(&goals);
  cnn_optimizer_free(optimizer);
  return status;
}

cnn_status cnn__config_compile(cnn_model *model, const char *text) {
  json_t *root = cnn__json_parse(text, strlen(text), "compile");
  if (!root)
    return cnn__fail_code();
  cnn_status status = compile(model, root);
  json_decref(root);
  return status < 0 ? cnn__fail_in("compile") : status;
}
