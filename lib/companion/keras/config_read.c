/* config_read: Keras's description of a model into ours. */
#include "companion/keras/config.h"

#include "companion/keras/graph.h"

#include <cnn/layer.h>

#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 4096, OF = 256 };

/* One layer of Keras's list on its way. */
typedef struct entry {
  const json_t *object, *config, *nodes; /* nodes: inbound_nodes of a Functional model */
  const char *name, *class_name;
  const keras__layer *row;
  keras__reads reads; /* by index in the list */
  keras__extents shape;
  int32_t taken;      /* is in ours */
  int32_t needed;     /* the output needs it */
} entry;

typedef struct reading {
  entry *entries;
  int32_t count;
  int32_t frozen; /* the model as a whole is not trainable */
  json_t *ours;   /* layers so far */
} reading;

/* ---- what a list says of a layer ---- */

static const char *name_of(const json_t *object, const json_t *config) {
  const json_t *own = json_object_get(config, "name");
  return json_string_value(own ? own : json_object_get(object, "name"));
}

static cnn_status describe(entry *made, const json_t *object, int32_t index) {
  made->object = object;
  made->class_name = json_is_object(object) ? keras__class_of(object, &made->config) : NULL;
  made->name = name_of(object, made->config);
  made->nodes = json_object_get(object, "inbound_nodes");
  if (!made->class_name || !json_is_object(made->config))
    return cnn_error_set(CNN_EFORMAT, "layer %d is not described by class_name and config", (int)index);
  if (!made->name || !*made->name)
    return cnn_error_set(CNN_EFORMAT, "layer %d (%.64s) has no name", (int)index, made->class_name);
  made->row = keras__is_own(object) ? keras__layer_of_class(made->class_name) : NULL;
  if (!made->row)
    return cnn_error_set(CNN_EUNSUPPORTED, "layer '%.96s' is a %.64s, which libcnn has not; layers of one's own and Lambda cannot be read",
                         made->name, made->class_name);
  return CNN_OK;
}

static cnn_status describe_all(reading *r, const json_t *list) {
  size_t count = json_array_size(list);
  if (count < 1 || count > MOST_LAYERS)
    return cnn_error_set(CNN_EFORMAT, "its layers are no list of 1 to %d", MOST_LAYERS);
  r->entries = calloc(count + 1, sizeof *r->entries); /* a Sequential model may need an input besides */
  if (!r->entries)
    return keras__no_memory("the layers of a model");
  for (size_t i = 0; i < count; i++) {
    cnn_status status = describe(&r->entries[r->count++], json_array_get(list, i), (int32_t)i);
    if (status < 0)
      return status;
  }
  return CNN_OK;
}

/* ---- a layer ---- */

static void title(char of[OF], const entry *e) { cnn_format(of, OF, "layer '%.96s' (%.64s)", e->name, e->class_name); }

/* Beside the attributes of a type that has no trainable among them, where it is false. */
static cnn_status move_trainable(json_t *layer, json_t *attributes, const char *type) {
  int32_t frozen = json_is_false(json_object_get(attributes, "trainable"));
  cnn_attribute row = {.size = sizeof row};
  for (int32_t i = 0; i < cnn_layer_attribute_count(type); i++)
    if (cnn_layer_attribute_at(type, i, &row) == CNN_OK && strcmp(row.key, "trainable") == 0)
      return CNN_OK;
  json_object_del(attributes, "trainable");
  return frozen && json_object_set_new(layer, "trainable", json_false()) < 0 ? keras__no_memory("a layer") : CNN_OK;
}

static json_t *input_names(const reading *r, const entry *e) {
  json_t *names = json_array();
  for (int32_t i = 0; i < e->reads.count; i++)
    if (json_array_append_new(names, json_string(r->entries[e->reads.inputs[i]].name)) < 0) {
      json_decref(names);
      return NULL;
    }
  return names;
}

/* attributes is given away. */
static cnn_status append(reading *r, const entry *e, json_t *attributes) {
  json_t *layer = json_pack("{s:s, s:s, s:o}", "type", e->row->type, "name", e->name, "inputs", input_names(r, e));
  cnn_status status = layer && attributes ? move_trainable(layer, attributes, e->row->type) : keras__no_memory("a layer");
  if (status == CNN_OK && json_object_set(layer, "attributes", attributes) < 0)
    status = keras__no_memory("a layer");
  json_decref(attributes);
  if (status < 0)
    json_decref(layer);
  else if (json_array_append_new(r->ours, layer) < 0)
    status = keras__no_memory("a layer");
  return status;
}

static cnn_status check_reads(const entry *e, const char *of) {
  int32_t count = e->reads.count;
  if (e->row->reads == 0 ? count != 0 : e->row->reads == 1 ? count != 1 : count < 2)
    return cnn_error_set(CNN_EUNSUPPORTED, "%s: reads %d layers, %s here", of, (int)count,
                         e->row->reads == 0 ? "none" : e->row->reads == 1 ? "one" : "2 or more");
  return CNN_OK;
}

static cnn_status take(reading *r, entry *e) {
  char of[OF];
  json_t *attributes = json_object();
  const keras__extents none = {0}, *in = e->reads.count ? &r->entries[e->reads.inputs[0]].shape : &none;
  title(of, e);
  e->taken = 1;
  cnn_status status = attributes ? check_reads(e, of) : keras__no_memory(of);
  if (status == CNN_OK)
    status = keras__fields_read(attributes, e->config, e->row->fields, of);
  if (status == CNN_OK && e->row->taken)
    status = e->row->taken(attributes, in, of);
  if (status == CNN_OK && r->frozen && e->row->reads && json_object_set_new(attributes, "trainable", json_false()) < 0)
    status = keras__no_memory(of);
  if (status < 0) {
    json_decref(attributes);
    return status;
  }
  e->row->shape(&e->shape, attributes, in);
  json_object_del(attributes, "name");
  return append(r, e, attributes);
}

/* ---- Sequential ---- */

static int32_t is_input(const entry *e) { return e->row->reads == 0; }

/* A model without a layer for its input: the shape stands in its first layer, or beside the list. */
static cnn_status add_input(reading *r, const json_t *model, const json_t *config, json_t **kept) {
  const char *const keys[] = {"batch_input_shape", "batch_shape"};
  const json_t *shape = NULL, *first = r->entries[0].config;
  for (size_t i = 0; i < 2 && !keras__list(shape); i++)
    shape = json_object_get(first, keys[i]);
  if (!keras__list(shape))
    shape = json_object_get(config, "build_input_shape");
  if (!keras__list(shape))
    shape = json_object_get(json_object_get(model, "build_config"), "input_shape");
  if (!keras__list(shape))
    return cnn_error_set(CNN_EUNSUPPORTED, "the model does not say the shape of its input: it was never built");
  char name[OF];
  if (cnn_format(name, sizeof name, "%s_input", r->entries[0].name) >= OF)
    cnn_format(name, sizeof name, "input");
  *kept = json_pack("{s:s, s:{s:s, s:O}}", "class_name", "InputLayer", "config", "name", name, "batch_shape", (json_t *)(uintptr_t)shape);
  if (!*kept)
    return keras__no_memory("an input");
  memmove(r->entries + 1, r->entries, (size_t)r->count++ * sizeof *r->entries);
  r->entries[0] = (entry){0};
  return describe(&r->entries[0], *kept, 0);
}

static cnn_status read_chain(reading *r, const json_t *model, const json_t *config, json_t **kept) {
  cnn_status status = is_input(&r->entries[0]) ? CNN_OK : add_input(r, model, config, kept);
  for (int32_t i = 0; status == CNN_OK && i < r->count; i++) {
    if (i)
      r->entries[i].reads = (keras__reads){1, {i - 1}};
    status = take(r, &r->entries[i]);
  }
  return status;
}

/* ---- Functional ---- */

/* Index by name, as an object. */
static cnn_status index_names(json_t *places, const reading *r) {
  for (int32_t i = 0; i < r->count; i++) {
    const char *name = r->entries[i].name, *called = json_string_value(json_object_get(r->entries[i].object, "name"));
    if (called && strcmp(called, name) != 0)
      return cnn_error_set(CNN_EFORMAT, "layer '%.96s' has another name beside its config, '%.96s'", name, called);
    if (json_object_get(places, name))
      return cnn_error_set(CNN_EFORMAT, "two layers have the name '%.96s'", name);
    if (json_object_set_new(places, name, json_integer(i)) < 0)
      return keras__no_memory("the names of layers");
  }
  return CNN_OK;
}

static cnn_status connect(entry *e, const json_t *places) {
  char of[OF];
  const char *names[KERAS__INPUTS];
  int32_t count = 0;
  title(of, e);
  cnn_status status = keras__graph_inputs(names, &count, e->nodes, of);
  if (status < 0)
    return status;
  for (int32_t i = 0; i < count; i++) {
    const json_t *place = json_object_get(places, names[i]);
    if (!place)
      return cnn_error_set(CNN_EFORMAT, "%s: reads '%.96s', which is no layer of the model", of, names[i]);
    e->reads.inputs[e->reads.count++] = (int32_t)json_integer_value(place);
  }
  return check_reads(e, of);
}

static int32_t is_ready(const reading *r, const entry *e) {
  for (int32_t i = 0; i < e->reads.count; i++)
    if (!r->entries[e->reads.inputs[i]].taken)
      return 0;
  return !e->taken;
}

/* Layers as soon as all that they read are there, otherwise in the list's order, as Keras makes them. order gets their places. */
static cnn_status take_all(reading *r, int32_t *order) {
  int32_t done = 0, before = -1;
  while (done < r->count && done != before) {
    before = done;
    for (int32_t i = 0; i < r->count; i++) {
      if (!is_ready(r, &r->entries[i]))
        continue;
      cnn_status status = take(r, &r->entries[i]);
      if (status < 0)
        return status;
      order[done++] = i;
    }
  }
  for (int32_t i = 0; i < r->count; i++)
    if (!r->entries[i].taken)
      return cnn_error_set(CNN_EFORMAT, "layer '%.96s' reads, by way of others, itself", r->entries[i].name);
  return CNN_OK;
}

static cnn_status check_ends(const reading *r, const json_t *config, const json_t *places, int32_t *output) {
  const char *input = keras__graph_end(json_object_get(config, "input_layers"));
  const char *last = keras__graph_end(json_object_get(config, "output_layers"));
  if (!input || !last)
    return cnn_error_set(CNN_EUNSUPPORTED, "the model has not one input and one output, as models have here");
  const json_t *first = json_object_get(places, input), *end = json_object_get(places, last);
  if (!first || !end || !is_input(&r->entries[json_integer_value(first)]))
    return cnn_error_set(CNN_EFORMAT, "'%.96s' and '%.96s' are not an input and a layer of the model", input, last);
  for (int32_t i = 0; i < r->count; i++)
    if (is_input(&r->entries[i]) && i != json_integer_value(first))
      return cnn_error_set(CNN_EUNSUPPORTED, "layer '%.96s' is another input besides '%.96s'; models have one here", r->entries[i].name, input);
  *output = (int32_t)json_integer_value(end);
  return CNN_OK;
}

/* Backwards through an order in which layers stand after those that they read. */
static cnn_status check_needed(reading *r, const int32_t *order, int32_t output) {
  r->entries[output].needed = 1;
  for (int32_t i = r->count - 1; i >= 0; i--) {
    const entry *e = &r->entries[order[i]];
    if (!e->needed)
      return cnn_error_set(CNN_EUNSUPPORTED, "layer '%.96s' does not lead to the output '%.96s'", e->name, r->entries[output].name);
    for (int32_t k = 0; k < e->reads.count; k++)
      r->entries[e->reads.inputs[k]].needed = 1;
  }
  return CNN_OK;
}

static cnn_status read_graph(reading *r, const json_t *config) {
  int32_t output = 0;
  json_t *places = json_object();
  int32_t *order = calloc((size_t)(uint32_t)r->count, sizeof *order);
  cnn_status status = places && order ? index_names(places, r) : keras__no_memory("the layers of a model");
  if (status == CNN_OK)
    status = check_ends(r, config, places, &output);
  for (int32_t i = 0; status == CNN_OK && i < r->count; i++)
    status = connect(&r->entries[i], places);
  if (status == CNN_OK)
    status = take_all(r, order);
  if (status == CNN_OK)
    status = check_needed(r, order, output);
  json_decref(places);
  free(order);
  return status;
}

/* ---- the model ---- */

static cnn_status read_model(json_t **ours, reading *r, const json_t *keras) {
  const json_t *config = NULL;
  json_t *kept = NULL;
  const char *class_name = json_is_object(keras) ? keras__class_of(keras, &config) : NULL;
  int32_t chain = class_name && strcmp(class_name, "Sequential") == 0;
  if (!class_name || !(json_is_object(config) || (chain && json_is_array(config))))
    return cnn_error_set(CNN_EFORMAT, "it is not described by class_name and config");
  if (!keras__is_own(keras) || (!chain && strcmp(class_name, "Functional") != 0 && strcmp(class_name, "Model") != 0))
    return cnn_error_set(CNN_EUNSUPPORTED, "it is a %.64s; Sequential and Functional models can be read", class_name);
  const char *name = json_string_value(json_object_get(config, "name"));
  r->frozen = !chain && json_is_false(json_object_get(config, "trainable"));
  r->ours = json_array();
  cnn_status status = r->ours ? describe_all(r, json_is_array(config) ? config : json_object_get(config, "layers")) : keras__no_memory("layers");
  if (status == CNN_OK)
    status = chain ? read_chain(r, keras, config, &kept) : read_graph(r, config);
  if (status == CNN_OK)
    status = keras__give(ours, json_pack("{s:s, s:O}", "name", name && *name ? name : chain ? "sequential" : "functional", "layers", r->ours));
  json_decref(kept);
  return status;
}

cnn_status keras__config_read(json_t **ours, const json_t *keras) {
  reading r = {0};
  cnn_status status = read_model(ours, &r, keras);
  free(r.entries);
  json_decref(r.ours);
  return status < 0 ? cnn_error_set(status, "Keras's model: %s", cnn_error_text()) : CNN_OK;
}

cnn_status keras__config_warn(cnn_context *context, const json_t *keras) {
  const json_t *config = json_object_get(keras, "config"), *object;
  const json_t *list = json_is_array(config) ? config : json_object_get(config, "layers");
  cnn_status status = CNN_OK;
  for (size_t i = 0; status == CNN_OK && (object = json_array_get(list, i)) != NULL; i++) {
    char of[OF];
    entry e = {0};
    status = describe(&e, object, (int32_t)i);
    title(of, &e);
    if (status == CNN_OK)
      status = keras__fields_warn(context, e.config, e.row->fields, of);
  }
  return status;
}

const char *keras__class_name(const json_t *our_layer) {
  const char *type = json_string_value(json_object_get(our_layer, "type"));
  const keras__layer *row = type ? keras__layer_of_type(type, json_object_get(our_layer, "attributes")) : NULL;
  return row ? row->class_name : NULL;
}
