/* network: a model as its exporters read it, through public headers alone. */
#include "companion/export/network.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 512 /* of an attribute as text; those that are asked for are short */

static cnn_status no_memory(const char *what) {
  return cnn_error_set(CNN_ENOMEM, "%s: no memory for the model's layers", what);
}

/* The header of a model file: its length in eight bytes, then JSON. */
static json_t *config_in(const unsigned char *file) {
  uint64_t length = 0;
  for (int i = 7; i >= 0; i--)
    length = length << 8 | file[i];
  json_t *header = json_loadb((const char *)file + 8, (size_t)length, 0, NULL);
  const char *text = json_string_value(json_object_get(json_object_get(header, "__metadata__"), "config"));
  json_t *config = text ? json_loads(text, 0, NULL) : NULL;
  json_decref(header);
  return config;
}

/* What each layer reads stands nowhere but in the configuration. NULL: *status says why. */
static json_t *config_of(const cnn_model *model, const char *what, cnn_status *status) {
  size_t bytes = 0;
  *status = cnn_model_save_memory(model, NULL, 0, &bytes, cnn_save_opts(.no_optimizer = 1));
  if (*status < 0)
    return NULL;
  unsigned char *file = malloc(bytes);
  json_t *config = NULL;
  if (!file)
    *status = no_memory(what);
  else if ((*status = cnn_model_save_memory(model, file, bytes, NULL, cnn_save_opts(.no_optimizer = 1))) >= 0 && !(config = config_in(file)))
    *status = no_memory(what);
  free(file);
  return config;
}

static int32_t index_of(const cnn__network *network, const char *name, int32_t below) {
  for (int32_t i = below - 1; i >= 0; i--)
    if (!strcmp(network->layers[i].name, name))
      return i;
  return -1;
}

static cnn_status read_edges(cnn__network *network, const json_t *layers, const char *what) {
  size_t total = 0, used = 0;
  for (int32_t i = 0; i < network->count; i++)
    total += json_array_size(json_object_get(json_array_get(layers, (size_t)i), "inputs"));
  network->edges = malloc((total ? total : 1) * sizeof *network->edges);
  if (!network->edges)
    return no_memory(what);
  for (int32_t i = 0; i < network->count; i++) {
    const json_t *inputs = json_object_get(json_array_get(layers, (size_t)i), "inputs");
    network->layers[i].inputs = network->edges + used;
    network->layers[i].input_count = (int32_t)json_array_size(inputs);
    for (size_t k = 0; k < json_array_size(inputs); k++) {
      const char *name = json_string_value(json_array_get(inputs, k));
      int32_t from = name ? index_of(network, name, i) : -1;
      if (from < 0)
        return cnn_error_set(CNN_EINTERNAL, "%s: layer '%s' reads what does not stand before it", what, network->layers[i].name);
      network->edges[used++] = from;
    }
  }
  return CNN_OK;
}

static cnn_status fill(cnn__network *network, const json_t *config, const char *what) {
  const json_t *layers = json_object_get(config, "layers");
  if (json_array_size(layers) != (size_t)network->count)
    return cnn_error_set(CNN_EINTERNAL, "%s: the configuration has %zu layers, the model %d", what, json_array_size(layers), (int)network->count);
  for (int32_t i = 0; i < network->count; i++) {
    cnn__network_layer *l = &network->layers[i];
    l->layer = cnn_model_layer_at(network->model, i);
    l->name = cnn_layer_name(l->layer);
    l->type = cnn_layer_type(l->layer);
    l->rank = cnn_layer_output_shape(l->layer, l->shape);
  }
  return read_edges(network, layers, what);
}

cnn_status cnn__network_new(cnn__network **out, const cnn_model *model, const char *what) {
  cnn_status status = CNN_OK;
  if (!model)
    return cnn_error_set(CNN_EINVAL, "%s: model is NULL", what);
  if ((status = cnn_model_status(model)) < 0)
    return status;
  if (!cnn_model_layer_count(model))
    return cnn_error_set(CNN_ESTATE, "%s: the model has no layers", what);
  json_t *config = config_of(model, what, &status);
  if (!config)
    return status;
  cnn__network *network = calloc(1, sizeof *network);
  if (network) {
    network->model = model;
    network->count = cnn_model_layer_count(model);
    network->layers = calloc((size_t)network->count, sizeof *network->layers);
  }
  status = network && network->layers ? fill(network, config, what) : no_memory(what);
  json_decref(config);
  if (status < 0)
    cnn__network_free(network);
  else
    *out = network;
  return status;
}

void cnn__network_free(cnn__network *network) {
  if (!network)
    return;
  free(network->layers);
  free(network->edges);
  free(network);
}

const cnn__network_layer *cnn__network_input(const cnn__network *network, int32_t layer) {
  return &network->layers[network->layers[layer].inputs[0]];
}

/* ---- attributes ---- */

static const char *text_of(const cnn__network_layer *layer, const char *key, char text[LONGEST]) {
  if (cnn_layer_attribute_text(layer->layer, key, text, LONGEST) < 0)
    text[0] = 0;
  return text;
}

int64_t cnn__network_int(const cnn__network_layer *layer, const char *key) {
  char text[LONGEST];
  text_of(layer, key, text);
  return strcmp(text, "true") ? strtoll(text, NULL, 10) : 1;
}

void cnn__network_pair(const cnn__network_layer *layer, const char *key, int64_t pair[2]) {
  char text[LONGEST], *end;
  text_of(layer, key, text);
  pair[0] = strtoll(text, &end, 10);
  pair[1] = *end == ',' ? strtoll(end + 1, NULL, 10) : pair[0];
}

/* jansson reads numbers in the C locale, whatever the program's is. */
double cnn__network_float(const cnn__network_layer *layer, const char *key) {
  char text[LONGEST];
  json_t *number = json_loads(text_of(layer, key, text), JSON_DECODE_ANY, NULL);
  double value = json_number_value(number);
  json_decref(number);
  return value;
}

int32_t cnn__network_is(const cnn__network_layer *layer, const char *key, const char *value) {
  char text[LONGEST];
  return !strcmp(text_of(layer, key, text), value);
}

cnn_status cnn__network_weight(cnn_tensor **out, const cnn__network *network, int32_t layer, const char *weight) {
  char name[LONGEST];
  cnn_format(name, sizeof name, "%s/%s", network->layers[layer].name, weight);
  return cnn_model_weight(out, network->model, name);
}
