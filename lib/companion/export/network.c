/* network: a model as its exporters read it, through public headers alone. */
#include "companion/export/network.h"

#include <cnn/format.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 512 /* of an attribute as text; those that are asked for are short */

static cnn_status no_memory(const char *what) {
  return cnn_error_set(CNN_ENOMEM, "%s: no memory for the model's layers", what);
}

/* ---- what each layer reads: it stands nowhere but in the configuration, JSON of libcnn's own making, so that it needs no checking. (jansson's
 * parser takes a text that it has no memory for as a shorter one, or ends the program.) ---- */

/* Behind the string whose first quote `at` is. */
static const char *after_string(const char *at) {
  for (at++; *at && *at != '"'; at++)
    at += *at == '\\' && at[1];
  return *at ? at + 1 : at;
}

/* The value of a key of the object whose bracket `at` is; NULL: it has none. */
static const char *value_of(const char *at, const char *key) {
  const size_t length = strlen(key);
  int32_t depth = 0;
  while (*at) {
    if (*at == '"') {
      const char *end = after_string(at);
      if (depth == 1 && *end == ':' && (size_t)(end - at) == length + 2 && !strncmp(at + 1, key, length))
        return end + 1;
      at = end;
      continue;
    }
    depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    if (!depth)
      return NULL;
    at++;
  }
  return NULL;
}

/* The element after the one that `at` is in, of a list of objects or strings; NULL: it was the last. */
static const char *next_element(const char *at) {
  for (int32_t depth = 0; *at;) {
    if (*at == '"') {
      at = after_string(at);
      continue;
    }
    if (*at == ',' && !depth)
      return at + 1;
    depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    if (depth < 0)
      return NULL;
    at++;
  }
  return NULL;
}

static const char *first_element(const char *list) { return list && *list == '[' && list[1] != ']' ? list + 1 : NULL; }

static int32_t count_of(const char *list) {
  int32_t count = 0;
  for (const char *at = first_element(list); at; at = next_element(at))
    count++;
  return count;
}

/* Is the string at `at` this text? Only '"' and '\\' have a '\\' before them. */
static int32_t is_text(const char *at, const char *text) {
  for (at++; *at && *at != '"'; at++) {
    at += *at == '\\' && at[1];
    if (*at != *text++)
      return 0;
  }
  return !*text;
}

/* The layer before number `below` whose name the string at `at` is. */
static int32_t index_of(const cnn__network *network, const char *at, int32_t below) {
  for (int32_t i = below - 1; i >= 0; i--)
    if (is_text(at, network->layers[i].name))
      return i;
  return -1;
}

static cnn_status read_edges(cnn__network *network, const char *layers, const char *what) {
  size_t total = 0, used = 0;
  for (const char *at = first_element(layers); at; at = next_element(at))
    total += (size_t)count_of(value_of(at, "inputs"));
  network->edges = malloc((total ? total : 1) * sizeof *network->edges);
  if (!network->edges)
    return no_memory(what);
  const char *at = first_element(layers);
  for (int32_t i = 0; i < network->count; i++, at = next_element(at)) {
    const char *inputs = value_of(at, "inputs");
    network->layers[i].inputs = network->edges + used;
    network->layers[i].input_count = count_of(inputs);
    for (const char *name = first_element(inputs); name; name = next_element(name)) {
      int32_t from = index_of(network, name, i);
      if (from < 0)
        return cnn_error_set(CNN_EINTERNAL, "%s: layer '%s' reads what does not stand before it", what, network->layers[i].name);
      network->edges[used++] = from;
    }
  }
  return CNN_OK;
}

static cnn_status fill(cnn__network *network, const char *config, const char *what) {
  const char *layers = config ? value_of(config, "layers") : NULL;
  if (count_of(layers) != network->count)
    return cnn_error_set(CNN_EINTERNAL, "%s: the configuration has %d layers, the model %d", what, (int)count_of(layers), (int)network->count);
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
  cnn_container *container;
  if ((status = cnn_model_to_container(&container, model, cnn_save_opts(.no_optimizer = 1))) < 0)
    return status;
  cnn__network *network = calloc(1, sizeof *network);
  if (network) {
    network->model = model;
    network->count = cnn_model_layer_count(model);
    network->layers = calloc((size_t)network->count, sizeof *network->layers);
  }
  status = network && network->layers ? fill(network, cnn_container_note(container, "config"), what) : no_memory(what);
  cnn_container_free(container);
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

/* As digits and a power of ten, which mean the same whatever the program's locale is: "0.25" is "025e-2". */
double cnn__network_float(const cnn__network_layer *layer, const char *key) {
  char text[LONGEST], plain[LONGEST + 32];
  text_of(layer, key, text);
  const size_t mantissa = strcspn(text, "eE"), point = strcspn(text, ".");
  const long exponent = text[mantissa] ? strtol(text + mantissa + 1, NULL, 10) : 0;
  if (point >= mantissa) {
    cnn_format(plain, sizeof plain, "%.*se%ld", (int)mantissa, text, exponent);
  } else {
    const int behind = (int)(mantissa - point - 1);
    cnn_format(plain, sizeof plain, "%.*s%.*se%ld", (int)point, text, behind, text + point + 1, exponent - behind);
  }
  return strtod(plain, NULL);
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
