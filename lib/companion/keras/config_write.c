/* config_write: our description of a model into Keras's. */
#include "companion/keras/config.h"

#include "companion/keras/graph.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 4096, OF = 256 };

/* One of our layers on its way. */
typedef struct entry {
  const char *name;
  const keras__layer *row;
  keras__extents shape;
  json_t *config; /* Keras's */
} entry;

typedef struct writing {
  entry *entries;
  keras__reads *reads;
  int32_t *order;
  int32_t count, layout;
  json_t *places; /* index by name */
} writing;

static const char *text_of(const json_t *object, const char *key) { return json_string_value(json_object_get(object, key)); }

/* ---- our layers ---- */

static cnn_status find_inputs(writing *w, int32_t index, const json_t *inputs, const char *of) {
  keras__reads *reads = &w->reads[index];
  size_t count = json_array_size(inputs);
  if (!json_is_array(inputs) || count > KERAS__INPUTS)
    return cnn_error_set(CNN_EFORMAT, "%s: its inputs are not the names of at most %d layers", of, KERAS__INPUTS);
  for (size_t i = 0; i < count; i++) {
    const char *name = json_string_value(json_array_get(inputs, i));
    const json_t *place = name ? json_object_get(w->places, name) : NULL;
    if (!place)
      return cnn_error_set(CNN_EFORMAT, "%s: its input %zu is no layer before it", of, i);
    reads->inputs[reads->count++] = (int32_t)json_integer_value(place);
  }
  int32_t wanted = w->entries[index].row->reads;
  if (wanted == 2 ? count < 2 : count != (size_t)wanted)
    return cnn_error_set(CNN_EFORMAT, "%s: has %zu inputs", of, count);
  return CNN_OK;
}

/* Attributes, name and trainable together, as the tables of options have them. */
static json_t *gather(const json_t *layer, const entry *e) {
  json_t *all = json_deep_copy(json_object_get(layer, "attributes"));
  int32_t frozen = json_is_false(json_object_get(layer, "trainable"));
  if ((all && e->row->given && e->row->given(all) < 0) || json_object_set_new(all, "name", json_string(e->name)) < 0 ||
      (frozen && json_object_set_new(all, "trainable", json_false()) < 0)) {
    json_decref(all);
    return NULL;
  }
  return all;
}

static cnn_status check_shape(const entry *e, const char *of) {
  for (int32_t i = 0; i < e->shape.rank; i++)
    if (e->shape.extent[i] < 1)
      return cnn_error_set(CNN_ESHAPE, "%s: the shape of what comes out cannot be", of);
  return e->shape.rank ? CNN_OK : cnn_error_set(CNN_ESHAPE, "%s: the shape of what comes in does not fit", of);
}

static cnn_status describe(writing *w, int32_t index, const json_t *layer, const char *of) {
  static const keras__extents none;
  entry *e = &w->entries[index];
  const keras__reads *reads = &w->reads[index];
  json_t *all = gather(layer, e);
  e->config = json_object();
  cnn_status status = all && e->config ? keras__fields_write(e->config, all, e->row->fields, of) : keras__no_memory(of);
  json_decref(all);
  if (status < 0)
    return status;
  e->row->shape(&e->shape, e->config, reads->count ? &w->entries[reads->inputs[0]].shape : &none);
  return check_shape(e, of);
}

static cnn_status take(writing *w, int32_t index, const json_t *layer) {
  char of[OF];
  entry *e = &w->entries[index];
  const char *type = text_of(layer, "type");
  const json_t *attributes = json_object_get(layer, "attributes");
  e->name = text_of(layer, "name");
  if (!type || !e->name || !*e->name || !json_is_object(attributes))
    return cnn_error_set(CNN_EFORMAT, "layer %d is not described by type, name, inputs and attributes", (int)index);
  cnn_format(of, OF, "layer '%.96s' (%.64s)", e->name, type);
  e->row = keras__layer_of_type(type, attributes);
  if (!e->row)
    return cnn_error_set(CNN_EUNSUPPORTED, keras__layer_has_type(type) ? "%s: Keras has no layer for this function with these numbers"
                                                                       : "%s: Keras has no layer of this type", of);
  cnn_status status = find_inputs(w, index, json_object_get(layer, "inputs"), of);
  if (status == CNN_OK)
    status = describe(w, index, layer, of);
  if (status == CNN_OK && json_object_get(w->places, e->name))
    return cnn_error_set(CNN_EFORMAT, "two layers have the name '%.96s'", e->name);
  if (status == CNN_OK && json_object_set_new(w->places, e->name, json_integer(index)) < 0)
    return keras__no_memory("the names of layers");
  return status;
}

static cnn_status take_all(writing *w, const json_t *layers) {
  size_t count = json_array_size(layers);
  if (count < 1 || count > MOST_LAYERS)
    return cnn_error_set(CNN_EFORMAT, "its layers are no list of 1 to %d", MOST_LAYERS);
  w->entries = calloc(count + 1, sizeof *w->entries);
  w->reads = calloc(count, sizeof *w->reads);
  w->order = calloc(count, sizeof *w->order);
  w->places = json_object();
  if (!w->entries || !w->reads || !w->order || !w->places)
    return keras__no_memory("the layers of a model");
  for (w->count = 0; w->count < (int32_t)count; w->count++) {
    cnn_status status = take(w, w->count, json_array_get(layers, (size_t)w->count));
    if (status < 0)
      return status;
    if ((w->entries[w->count].row->reads == 0) != (w->count == 0))
      return cnn_error_set(CNN_EFORMAT, "layer '%.96s': a model begins with its input, and has one", w->entries[w->count].name);
  }
  return CNN_OK;
}

/* ---- Keras's layers ---- */

static json_t *build_config(const writing *w, int32_t index) {
  const keras__reads *reads = &w->reads[index];
  json_t *shapes = json_array();
  for (int32_t i = 0; i < reads->count; i++)
    if (json_array_append_new(shapes, keras__batch_shape(&w->entries[reads->inputs[i]].shape)) < 0) {
      json_decref(shapes);
      return NULL;
    }
  if (shapes && w->entries[index].row->reads == 1) {
    json_t *one = json_incref(json_array_get(shapes, 0));
    json_decref(shapes);
    shapes = one;
  }
  return shapes ? json_pack("{s:o}", "input_shape", shapes) : NULL;
}

/* {"module", "class_name", "config", "registered_name", "build_config"}, of which the legacy form has two. */
static json_t *layer_object(const writing *w, int32_t index) {
  const entry *e = &w->entries[index];
  if (w->layout == KERAS__LEGACY)
    return json_pack("{s:s, s:O}", "class_name", e->row->class_name, "config", e->config);
  json_t *object = keras__object("keras.layers", e->row->class_name, json_incref(e->config));
  if (object && e->row->builds && json_object_set_new(object, "build_config", build_config(w, index)) < 0) {
    json_decref(object);
    return NULL;
  }
  return object;
}

static json_t *calls(const writing *w, int32_t index) {
  const char *names[KERAS__INPUTS];
  const keras__extents *shapes[KERAS__INPUTS];
  const keras__reads *reads = &w->reads[index];
  for (int32_t i = 0; i < reads->count; i++) {
    names[i] = w->entries[reads->inputs[i]].name;
    shapes[i] = &w->entries[reads->inputs[i]].shape;
  }
  return reads->count ? keras__graph_node(names, shapes, reads->count, w->entries[index].row) : json_array();
}

/* In a Functional model with its name and its call besides. */
static json_t *called_object(const writing *w, int32_t index) {
  json_t *object = layer_object(w, index);
  if (object && (json_object_set_new(object, "name", json_string(w->entries[index].name)) < 0 ||
                 json_object_set_new(object, "inbound_nodes", calls(w, index)) < 0)) {
    json_decref(object);
    return NULL;
  }
  return object;
}

static json_t *layer_list(const writing *w, int32_t chain) {
  json_t *list = json_array();
  for (int32_t i = 0; i < w->count; i++)
    if (json_array_append_new(list, chain ? layer_object(w, i) : called_object(w, w->order[i])) < 0) {
      json_decref(list);
      return NULL;
    }
  return list;
}

/* ---- the model ---- */

static int32_t is_chain(const writing *w) {
  for (int32_t i = 1; i < w->count; i++)
    if (w->reads[i].count != 1 || w->reads[i].inputs[0] != i - 1)
      return 0;
  return 1;
}

#define POLICY "module", "keras", "class_name", "DTypePolicy", "config", "name", "float32", "registered_name"

static json_t *chain_config(const writing *w, const char *name) {
  json_t *list = layer_list(w, 1), *shape = keras__batch_shape(&w->entries[0].shape);
  if (list && shape)
    return json_pack("{s:s, s:b, s:{s:s, s:s, s:{s:s}, s:n}, s:o, s:o}", "name", name, "trainable", 1, "dtype", POLICY, "layers", list,
                     "build_input_shape", shape);
  json_decref(list);
  json_decref(shape);
  return NULL;
}

static json_t *graph_config(const writing *w, const char *name) {
  json_t *list = layer_list(w, 0);
  return list ? json_pack("{s:s, s:b, s:o, s:[s, i, i], s:[s, i, i]}", "name", name, "trainable", 1, "layers", list, "input_layers",
                          w->entries[0].name, 0, 0, "output_layers", w->entries[w->count - 1].name, 0, 0)
              : NULL;
}

static json_t *model_object(const writing *w, json_t *config, int32_t chain) {
  const char *class_name = chain ? "Sequential" : "Functional";
  if (w->layout == KERAS__LEGACY)
    return config ? json_pack("{s:s, s:o}", "class_name", class_name, "config", config) : NULL;
  json_t *shape = chain ? keras__batch_shape(&w->entries[0].shape) : json_null();
  json_t *object = keras__object(chain ? "keras" : "keras.src.models.functional", class_name, config);
  const int32_t named = chain || json_object_set_new(object, "registered_name", json_string("Functional")) == 0;
  if (object && named && shape && json_object_set_new(object, "build_config", json_pack("{s:o}", "input_shape", shape)) == 0)
    return object;
  json_decref(object);
  return NULL;
}

static cnn_status write_model(json_t **keras, writing *w, const json_t *ours) {
  int32_t lost = -1;
  const char *name = text_of(ours, "name");
  if (!name || !*name)
    return cnn_error_set(CNN_EFORMAT, "it is not described by name and layers");
  cnn_status status = take_all(w, json_object_get(ours, "layers"));
  int32_t chain = status == CNN_OK && is_chain(w);
  if (status == CNN_OK && !chain)
    status = keras__graph_order(w->order, &lost, w->reads, w->count);
  if (lost >= 0)
    return cnn_error_set(status, "layer '%.96s' does not lead to the output", w->entries[lost].name);
  return status < 0 ? status : keras__give(keras, model_object(w, chain ? chain_config(w, name) : graph_config(w, name), chain));
}

cnn_status keras__config_write(json_t **keras, const json_t *ours, int32_t layout) {
  json_t *made = NULL;
  writing w = {.layout = layout};
  cnn_status status = write_model(&made, &w, ours);
  for (int32_t i = 0; i <= w.count && w.entries; i++) /* the last one may have failed half way */
    json_decref(w.entries[i].config);
  free(w.entries);
  free(w.reads);
  free(w.order);
  json_decref(w.places);
  if (status < 0)
    return cnn_error_set(status, "the model for Keras: %s", cnn_error_text());
  *keras = made;
  return CNN_OK;
}
