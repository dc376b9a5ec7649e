/* weights: the lists that follow from a model's description. */
#include "companion/keras/weights.h"

#include "companion/keras/fields.h"

#include <stdlib.h>
#include <string.h>

/* ---- attributes of "config" and "compile" ---- */

/* A flag or a number, which files have as a text; standard: where it is missing. */
static double number(const json_t *attributes, const char *key, double standard) {
  const json_t *value = json_object_get(attributes, key);
  const char *text = json_string_value(value);
  if (json_is_boolean(value))
    return json_is_true(value);
  if (text && keras__read_number(&standard, text) == 0)
    return standard;
  return json_is_integer(value) ? (double)json_integer_value(value) : standard;
}

/* ---- weights of layers ---- */

/* Weights in Keras's order: those that learn first. */
typedef struct kind {
  const char *type;
  struct {
    const char *name, *unless; /* the attribute that turns it off, if there is one */
    int32_t learned;
  } weights[KERAS__LAYER_WEIGHTS];
} kind;
static const kind kinds[] = {
    {"conv2d", {{"kernel", NULL, 1}, {"bias", "use_bias", 1}}},
    {"dense", {{"kernel", NULL, 1}, {"bias", "use_bias", 1}}},
    {"batch_normalization",
     {{"gamma", "scale", 1}, {"beta", "center", 1}, {"moving_mean", NULL, 0}, {"moving_variance", NULL, 0}}},
};

static const json_t *layer_named(const json_t *ours, const char *name) {
  const json_t *layer;
  size_t i;
  json_array_foreach(json_object_get(ours, "layers"), i, layer) {
    const char *here = json_string_value(json_object_get(layer, "name"));
    if (here && strcmp(here, name) == 0)
      return layer;
  }
  return NULL;
}

static void weights_of_layer(keras__layer_weights *layer, const json_t *ours) {
  const char *type = json_string_value(json_object_get(ours, "type"));
  const json_t *attributes = json_object_get(ours, "attributes");
  int32_t frozen = number(attributes, "trainable", 1) == 0 || number(ours, "trainable", 1) == 0;
  for (size_t k = 0; type && k < sizeof kinds / sizeof kinds[0]; k++)
    for (int32_t i = 0; strcmp(kinds[k].type, type) == 0 && i < KERAS__LAYER_WEIGHTS && kinds[k].weights[i].name; i++) {
      const char *unless = kinds[k].weights[i].unless;
      if (unless && number(attributes, unless, 1) == 0)
        continue;
      layer->learned += kinds[k].weights[i].learned && !frozen;
      layer->names[layer->count++] = kinds[k].weights[i].name;
    }
}

/* Of ASCII, whatever the locale. */
static int32_t is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static int32_t is_lower(char c) { return c >= 'a' && c <= 'z'; }

/* Class names as Keras writes them in paths: MaxPooling2D as max_pooling2d. */
static void snake_case(char *out, size_t bytes, const char *name) {
  size_t n = 0;
  for (size_t i = 0; name[i] && n + 3 < bytes; i++) {
    int32_t up = is_upper(name[i]);
    if (i && up && (is_lower(name[i + 1]) || is_lower(name[i - 1])))
      out[n++] = '_';
    out[n++] = up ? (char)(name[i] - 'A' + 'a') : name[i];
  }
  out[n] = 0;
}

/* The first of a class has its name alone, the others _1, _2, ... */
static void name_group(const keras__weights *weights, size_t index) {
  keras__layer_weights *layer = &weights->layers[index];
  int32_t before = 0;
  for (size_t i = 0; i < index; i++)
    before += strcmp(weights->layers[i].class_name, layer->class_name) == 0;
  snake_case(layer->group, sizeof layer->group - 12, layer->class_name);
  if (before)
    cnn_format(layer->group + strlen(layer->group), 12, "_%d", before);
}

cnn_status keras__weights_of(keras__weights *out, const json_t *keras, const json_t *ours) {
  const json_t *config = json_object_get(keras, "config"), *layers = json_object_get(config, "layers"), *layer;
  const char *class_name = json_string_value(json_object_get(keras, "class_name"));
  const char *name = json_string_value(json_object_get(config, "name"));
  size_t i, count = json_array_size(layers);
  keras__weights w = {.name = name ? name : "sequential", .functional = !class_name || strcmp(class_name, "Sequential") != 0};
  w.layers = calloc(count + 1, sizeof *w.layers);
  if (!w.layers)
    return cnn_error_set(CNN_ENOMEM, "no memory for a list of %zu layers", count);
  json_array_foreach(layers, i, layer) {
    keras__layer_weights *l = &w.layers[w.count];
    l->class_name = json_string_value(json_object_get(layer, "class_name"));
    l->name = json_string_value(json_object_get(json_object_get(layer, "config"), "name"));
    if (!l->class_name || !l->name) {
      free(w.layers);
      return cnn_error_set(CNN_EFORMAT, "layer %zu of the model has no class or no name", i);
    }
    if (!w.functional && strcmp(l->class_name, "InputLayer") == 0)
      continue;
    weights_of_layer(l, layer_named(ours, l->name));
    name_group(&w, w.count++);
  }
  *out = w;
  return CNN_OK;
}

void keras__weights_free(keras__weights *weights) {
  free(weights->layers);
  weights->layers = NULL;
}

const char *keras__weight_name(char buffer[KERAS__NAME], const keras__layer_weights *layer, int32_t index) {
  cnn_format(buffer, KERAS__NAME, "%s/%s", layer->name, layer->names[index]);
  return buffer;
}

/* ---- variables of optimizers ---- */

typedef struct keeper {
  const char *name;
  struct {
    const char *slots[KERAS__GROUP], *where; /* the attribute that must be set, if there is one */
  } groups[KERAS__GROUPS];
} keeper;
static const keeper keepers[] = {
    {"sgd", {{{"momentum"}, "momentum"}}},
    {"adam", {{{"momentum", "velocity"}, NULL}, {{"velocity_hat"}, "amsgrad"}}},
    {"adamw", {{{"momentum", "velocity"}, NULL}, {{"velocity_hat"}, "amsgrad"}}},
    {"adamax", {{{"momentum", "norm"}, NULL}}},
    {"nadam", {{{"momentum", "velocity"}, NULL}}},
    {"lamb", {{{"momentum", "velocity"}, NULL}}},
    {"lion", {{{"momentum"}, NULL}}},
    {"rmsprop", {{{"velocity"}, NULL}, {{"momentum"}, "momentum"}, {{"average_gradient"}, "centered"}}},
    {"adagrad", {{{"accumulator"}, NULL}}},
    {"adadelta", {{{"accumulated_grad", "accumulated_delta_var"}, NULL}}},
    {"ftrl", {{{"accumulator", "linear"}, NULL}}},
};

static void add_group(keras__slots *slots, const char *const *names) {
  for (int32_t i = 0; i < KERAS__GROUP; i++)
    slots->groups[slots->count][i] = names[i];
  slots->count++;
}

cnn_status keras__slots_of(keras__slots *out, const json_t *compile) {
  const json_t *optimizer = json_object_get(compile, "optimizer"), *attributes = json_object_get(optimizer, "attributes");
  const char *name = json_string_value(json_object_get(optimizer, "name"));
  const char *schedule = json_string_value(json_object_get(attributes, "learning_rate_schedule"));
  keras__slots slots = {.name = name, .scheduled = schedule && *schedule, .beta_1 = number(attributes, "beta_1", 0.9)};
  if (number(attributes, "use_ema", 0) != 0)
    add_group(&slots, (const char *const[KERAS__GROUP]){"average"});
  if (number(attributes, "gradient_accumulation_steps", 0) > 1)
    add_group(&slots, (const char *const[KERAS__GROUP]){"gradient_accumulator"});
  for (size_t k = 0; name && k < sizeof keepers / sizeof keepers[0]; k++) {
    if (strcmp(keepers[k].name, name) != 0)
      continue;
    for (int32_t i = 0; i < KERAS__GROUPS && keepers[k].groups[i].slots[0]; i++)
      if (!keepers[k].groups[i].where || number(attributes, keepers[k].groups[i].where, 0) != 0)
        add_group(&slots, keepers[k].groups[i].slots);
    slots.product = strcmp(name, "nadam") == 0;
    *out = slots;
    return CNN_OK;
  }
  return cnn_error_set(CNN_EUNSUPPORTED, "the optimizer '%s' is none whose state Keras keeps", name ? name : "");
}
