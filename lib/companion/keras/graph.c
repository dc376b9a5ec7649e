/* graph: the calls of a Functional model. */
#include "companion/keras/graph.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading calls ---- */

typedef struct call {
  const char **names;
  int32_t count;
  const char *of;
} call;

static cnn_status odd(const call *made, const char *what) { return cnn_error_set(CNN_EFORMAT, "%s: %s", made->of, what); }

/* ["conv1", 0, 0], where a call and one of its outputs are counted. */
static cnn_status add_history(call *made, const json_t *history) {
  const json_t *list = keras__list(history);
  const char *name = json_string_value(json_array_get(list, 0));
  const json_t *node = json_array_get(list, 1), *tensor = json_array_get(list, 2);
  if (!name || !json_is_integer(node) || !json_is_integer(tensor))
    return odd(made, "it is called on what is no output of a layer");
  if (json_integer_value(node) || json_integer_value(tensor))
    return cnn_error_set(CNN_EUNSUPPORTED, "%s: reads call %lld, output %lld of '%.64s'; here layers are called once and have one output", made->of,
                         (long long)json_integer_value(node), (long long)json_integer_value(tensor), name);
  if (made->count >= KERAS__INPUTS)
    return cnn_error_set(CNN_EUNSUPPORTED, "%s: reads more than %d layers", made->of, KERAS__INPUTS);
  made->names[made->count++] = name;
  return CNN_OK;
}

/* Arguments of a call as Keras 3 writes them: tensors, lists of tensors, nothing. The text's depth bounds the recursion. */
static cnn_status add_arguments(call *made, const json_t *value, const char *key) {
  const json_t *list = keras__list(value), *config;
  const char *word = list ? NULL : keras__class_of(value, &config);
  cnn_status status = CNN_OK;
  if (json_is_null(value))
    return CNN_OK;
  if (word && json_is_object(value) && strcmp(word, "__keras_tensor__") == 0)
    return add_history(made, json_object_get(config, "keras_history"));
  if (!list)
    return keras__refuse(&(keras__place){made->of, key}, value, "libcnn calls layers on other layers' outputs alone");
  for (size_t i = 0; status == CNN_OK && i < json_array_size(list); i++)
    status = add_arguments(made, json_array_get(list, i), key);
  return status;
}

/* Keras 3's fit, evaluate and predict override what a call says of training, true as well as false: that is no wish. */
static cnn_status add_keywords(call *made, const json_t *object, int32_t overrides) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)object, key, value) {
    int32_t idle = overrides && json_is_boolean(value) && strcmp(key, "training") == 0;
    cnn_status status = idle ? CNN_OK : add_arguments(made, value, key);
    if (status < 0)
      return status;
  }
  return CNN_OK;
}

/* ["conv1", 0, 0, {}] of Keras 2, whose last is the keywords. */
static cnn_status add_entry(call *made, const json_t *entry) {
  cnn_status status = add_history(made, entry);
  return status < 0 ? status : add_keywords(made, json_array_get(entry, 3), 0);
}

static cnn_status add_call(call *made, const json_t *node) {
  const json_t *list = keras__list(node), *arguments = json_object_get(node, "args");
  cnn_status status = CNN_OK;
  if (arguments) {
    status = add_arguments(made, arguments, "an argument of its call");
    return status < 0 ? status : add_keywords(made, json_object_get(node, "kwargs"), 1);
  }
  if (!list)
    return odd(made, "its call has no arguments");
  if (json_is_string(json_array_get(list, 0)))
    return add_entry(made, list);
  for (size_t i = 0; status == CNN_OK && i < json_array_size(list); i++)
    status = add_entry(made, json_array_get(list, i));
  return status;
}

cnn_status keras__graph_inputs(const char **names, int32_t *count, const json_t *nodes, const char *of) {
  call made = {names, 0, of};
  const json_t *list = keras__list(nodes);
  if (!list)
    return odd(&made, "its inbound_nodes are no list");
  if (json_array_size(list) > 1)
    return cnn_error_set(CNN_EUNSUPPORTED, "%s: is called %zu times; libcnn's layers are called once", of, json_array_size(list));
  cnn_status status = json_array_size(list) ? add_call(&made, json_array_get(list, 0)) : CNN_OK;
  *count = made.count;
  return status;
}

const char *keras__graph_end(const json_t *ends) {
  const json_t *list = keras__list(ends);
  while (json_array_size(list) == 1)
    list = keras__list(json_array_get(list, 0));
  return json_string_value(json_array_get(list, 0));
}

/* ---- Keras's order ---- */

typedef struct place {
  int32_t layer, depth, met;
} place;

static int compare(const void *a, const void *b) {
  const place *first = a, *second = b;
  return first->depth != second->depth ? (first->depth < second->depth) - (first->depth > second->depth)
                                       : (first->met > second->met) - (first->met < second->met);
}

/* Steps to the output on the longest way, of layers that are met. */
static void measure(place *places, const keras__reads *layers, int32_t count) {
  for (int32_t i = count - 1; i >= 0; i--)
    for (int32_t k = 0; places[i].met >= 0 && k < layers[i].count; k++) {
      place *input = &places[layers[i].inputs[k]];
      input->depth = input->depth > places[i].depth ? input->depth : places[i].depth + 1;
    }
}

/* From the last layer back, inputs in their order, each layer before those that it reads. waiting has room for every edge. */
static void walk(place *places, int32_t *waiting, const keras__reads *layers, int32_t count) {
  int32_t used = 0, met = 0;
  waiting[used++] = count - 1;
  while (used) {
    int32_t layer = waiting[--used];
    if (places[layer].met >= 0)
      continue;
    places[layer].met = met++;
    for (int32_t k = layers[layer].count - 1; k >= 0; k--)
      waiting[used++] = layers[layer].inputs[k];
  }
}

cnn_status keras__graph_order(int32_t *order, int32_t *lost, const keras__reads *layers, int32_t count) {
  size_t edges = 1;
  for (int32_t i = 0; i < count; i++)
    edges += (size_t)layers[i].count;
  place *places = calloc((size_t)(uint32_t)count, sizeof *places);
  int32_t *waiting = calloc(edges, sizeof *waiting);
  *lost = -1;
  if (places && waiting) {
    for (int32_t i = 0; i < count; i++)
      places[i] = (place){i, 0, -1};
    walk(places, waiting, layers, count);
    for (int32_t i = 0; i < count; i++)
      *lost = places[i].met < 0 ? i : *lost;
    measure(places, layers, count);
    qsort(places, (size_t)count, sizeof *places, compare);
    for (int32_t i = 0; i < count; i++)
      order[i] = places[i].layer;
  }
  cnn_status status = !places || !waiting ? keras__no_memory("the order of layers") : CNN_OK;
  free(places);
  free(waiting);
  if (status == CNN_OK && *lost >= 0)
    return cnn_error_set(CNN_EUNSUPPORTED, "a layer does not lead to the output, as all layers of a Functional model do");
  return status;
}

/* ---- writing calls ---- */

json_t *keras__batch_shape(const keras__extents *shape) {
  json_t *list = json_pack("[n]");
  for (int32_t i = 0; list && i < shape->rank; i++)
    if (json_array_append_new(list, json_integer(shape->extent[i])) < 0) {
      json_decref(list);
      return NULL;
    }
  return list;
}

static json_t *tensor(const char *name, const keras__extents *shape) {
  json_t *whole = keras__batch_shape(shape);
  return whole ? json_pack("{s:s, s:{s:o, s:s, s:[s, i, i]}}", "class_name", "__keras_tensor__", "config", "shape", whole, "dtype",
                           "float32", "keras_history", name, 0, 0)
               : NULL;
}

json_t *keras__graph_node(const char *const *names, const keras__extents *const *shapes, int32_t count, const keras__layer *row) {
  json_t *tensors = json_array(), *kwargs = keras__json_of(row->kwargs ? row->kwargs : "{}");
  for (int32_t i = 0; i < count; i++)
    if (json_array_append_new(tensors, tensor(names[i], shapes[i])) < 0) {
      json_decref(tensors);
      tensors = NULL;
    }
  if (tensors && row->reads > 1)
    tensors = json_pack("[o]", tensors);
  if (tensors && kwargs)
    return json_pack("[{s:o, s:o}]", "args", tensors, "kwargs", kwargs);
  json_decref(tensors);
  json_decref(kwargs);
  return NULL;
}
