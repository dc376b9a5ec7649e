/* model_write: containers into HDF5 files as Keras 3.15 lays them out. */
#include "companion/keras/model_write.h"

#include "companion/keras/config.h"
#include "companion/keras/fields.h"
#include "companion/keras/hdf5.h"
#include "companion/keras/json.h"
#include "companion/keras/state.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* All of it is got together before HDF5's lock is taken. */
typedef struct writing {
  const cnn_container *container;
  json_t *keras, *ours, *training, *compile; /* the latter two NULL: not compiled, or not as Keras can say it */
  char *model_text, *training_text;
  keras__weights weights;
  keras__slots slots;
  int32_t has_state;
  int64_t iterations;
  float rate;
  const char **names; /* of one list at a time: pointers, and the texts they point to */
  char (*texts)[KERAS__NAME];
  keras__hdf5 *file;
} writing;

/* ---- what is to be written ---- */

static cnn_status note(json_t **out, const cnn_container *container, const char *key) {
  const char *text = cnn_container_note(container, key);
  return text ? keras__json_parse(out, text, strlen(text), key) : CNN_OK;
}

static cnn_status describe_training(writing *w, cnn_context *context) {
  const char *rate_text = cnn_container_note(w->container, "learning_rate"), *steps = cnn_container_note(w->container, "iterations");
  double rate = 0, iterations = 0;
  cnn_status status = note(&w->compile, w->container, "compile");
  if (status < 0 || !w->compile)
    return status;
  if (!rate_text || keras__read_number(&rate, rate_text) || (steps && keras__read_number(&iterations, steps)))
    return cnn_error_set(CNN_EFORMAT, "the notes learning_rate and iterations are not numbers");
  status = keras__compile_write(&w->training, w->compile, rate, KERAS__LEGACY);
  if (status == CNN_OK)
    status = keras__slots_of(&w->slots, w->compile);
  if (status == CNN_EUNSUPPORTED) {
    cnn_context_warn(context, "%s; the model is saved without its training", cnn_error_text());
    json_decref(w->compile);
    w->compile = NULL;
    return CNN_OK;
  }
  w->rate = (float)rate;
  w->iterations = (int64_t)iterations;
  w->has_state = steps != NULL;
  return status;
}

/* Room for the longest list of names: layers, weights of one, variables. */
static cnn_status make_room(writing *w) {
  size_t count = w->weights.count + KERAS__LAYER_WEIGHTS;
  keras__variable v;
  for (size_t i = 0; w->has_state && keras__variable_at(&v, i, 0, &w->weights, &w->slots); i++)
    count = i + 1 > count ? i + 1 : count;
  w->names = calloc(count, sizeof *w->names);
  w->texts = calloc(count, sizeof *w->texts);
  for (size_t i = 0; w->names && w->texts && i < count; i++)
    w->names[i] = w->texts[i];
  return w->names && w->texts ? CNN_OK : cnn_error_set(CNN_ENOMEM, "no memory for %zu names", count);
}

static cnn_status describe(writing *w, cnn_context *context, const cnn_save_opts *options) {
  cnn_status status = note(&w->ours, w->container, "config");
  if (status == CNN_OK && !w->ours)
    status = cnn_error_set(CNN_ESTATE, "Keras's files need the model's description beside its weights");
  if (status == CNN_OK)
    status = keras__config_write(&w->keras, w->ours, KERAS__LEGACY);
  if (status == CNN_OK && !options->weights_only)
    status = describe_training(w, context);
  if (status == CNN_OK)
    status = keras__weights_of(&w->weights, w->keras, w->ours);
  if (status == CNN_OK)
    status = make_room(w);
  if (status == CNN_OK && !(w->model_text = keras__json_text(w->keras)))
    status = CNN_ENOMEM;
  if (status == CNN_OK && w->training && !(w->training_text = keras__json_text(w->training)))
    status = CNN_ENOMEM;
  return status;
}

static void finish(writing *w) {
  json_decref(w->keras);
  json_decref(w->ours);
  json_decref(w->training);
  json_decref(w->compile);
  free(w->model_text);
  free(w->training_text);
  free(w->names);
  free(w->texts);
  keras__weights_free(&w->weights);
}

/* ---- data ---- */

static void tensor(writing *w, const char *path, const char *name) {
  const cnn_tensor *value = cnn_container_tensor(w->container, name);
  if (value && cnn_tensor_type(value) == CNN_F32)
    keras__hdf5_floats(w->file, path, cnn_tensor_rank(value), cnn_tensor_shape(value), cnn_tensor_read(value));
  else
    keras__hdf5_fail(w->file, cnn_error_set(CNN_EFORMAT, "weight '%s' is not there", name));
}

/* Nadam's product of momenta after so many steps (keras: nadam.py), in its float32. */
static float product(const writing *w) {
  float all = 1, beta = (float)w->slots.beta_1;
  double power = 1;
  for (int64_t t = 0; t < w->iterations && all >= FLT_MIN; t++) {
    power *= (double)0.96f;
    all = all * beta * (1.0f - 0.5f * (float)power);
  }
  return all < FLT_MIN ? 0 : all; /* what is denormal counts as 0 there, and would never become less here */
}

static void variable(writing *w, const char *path, const keras__variable *v) {
  char name[KERAS__NAME];
  float number = v->own == KERAS__RATE ? w->rate : v->own == KERAS__PRODUCT ? product(w) : 0;
  if (v->own == KERAS__ITERATION)
    keras__hdf5_integer(w->file, path, w->iterations);
  else if (v->own)
    keras__hdf5_floats(w->file, path, 0, NULL, &number);
  else
    tensor(w, path, keras__slot_name(name, v));
}

/* ---- a whole model ---- */

enum { PATH = 3 * KERAS__NAME };

/* Variables of a Sequential model have its name before them; those of a Functional one, built while layers are called, have not. */
static const char *before(const writing *w) { return w->weights.functional ? "" : w->weights.name; }

static void layer_weights(writing *w, const char *top, const keras__layer_weights *layer) {
  char path[PATH], name[KERAS__NAME], group[KERAS__NAME];
  cnn_format(group, sizeof group, "%s%s", top, layer->name);
  keras__hdf5_group(w->file, group);
  for (int32_t i = 0; i < layer->count; i++)
    cnn_format(w->texts[i], KERAS__NAME, "%s%s%s/%s", before(w), *before(w) ? "/" : "", layer->name, layer->names[i]);
  keras__hdf5_texts(w->file, group, "weight_names", w->names, (size_t)layer->count);
  for (int32_t i = 0; i < layer->count; i++) {
    cnn_format(path, sizeof path, "%s/%s", group, w->texts[i]);
    tensor(w, path, keras__weight_name(name, layer, i));
  }
}

static int by_name(const void *a, const void *b) {
  const keras__layer_weights *const *left = a, *const *right = b;
  return strcmp((*left)->name, (*right)->name);
}

/* Groups are made in the order of names, as Keras does. top: "/model_weights/" or "/". */
static void legacy_weights(writing *w, const char *top) {
  char group[KERAS__NAME];
  const keras__layer_weights **sorted = calloc(w->weights.count + 1, sizeof *sorted);
  if (!sorted) {
    keras__hdf5_fail(w->file, cnn_error_set(CNN_ENOMEM, "no memory for a list of layers"));
    return;
  }
  for (size_t i = 0; i < w->weights.count; i++) {
    sorted[i] = &w->weights.layers[i];
    cnn_format(w->texts[i], KERAS__NAME, "%s", sorted[i]->name);
  }
  keras__hdf5_texts(w->file, top, "layer_names", w->names, w->weights.count);
  keras__hdf5_text(w->file, top, "backend", "tensorflow", 0);
  keras__hdf5_text(w->file, top, "keras_version", KERAS__VERSION, 0);
  qsort(sorted, w->weights.count, sizeof *sorted, by_name);
  for (size_t i = 0; i < w->weights.count; i++)
    layer_weights(w, top, sorted[i]);
  free(sorted);
  cnn_format(group, sizeof group, "%stop_level_model_weights", top);
  keras__hdf5_group(w->file, group);
  keras__hdf5_texts(w->file, group, "weight_names", w->names, 0);
}

/* "adam/sequential_conv1_kernel_momentum" */
static void name_variable(writing *w, char name[KERAS__NAME], const keras__variable *v) {
  const char *optimizer = json_string_value(json_object_get(json_object_get(json_object_get(w->training, "optimizer_config"), "config"), "name"));
  char weight[KERAS__NAME];
  if (v->own) {
    cnn_format(name, KERAS__NAME, "%s/%s", optimizer, v->own == KERAS__ITERATION ? "iteration" : v->own == KERAS__RATE ? "learning_rate" : "variable");
    return;
  }
  cnn_format(weight, sizeof weight, "%s%s%s/%s_%s", before(w), *before(w) ? "/" : "", v->layer->name, v->layer->names[v->weight], v->slot);
  for (char *c = weight; *c; c++)
    *c = *c == '/' ? '_' : *c;
  cnn_format(name, KERAS__NAME, "%s/%s", optimizer, weight);
}

static void legacy_state(writing *w) {
  char path[PATH];
  keras__variable v;
  size_t count = 0;
  for (; keras__variable_at(&v, count, 0, &w->weights, &w->slots); count++)
    name_variable(w, w->texts[count], &v);
  keras__hdf5_group(w->file, "/optimizer_weights");
  keras__hdf5_texts(w->file, "/optimizer_weights", "weight_names", w->names, count);
  for (size_t i = 0; i < count; i++) {
    keras__variable_at(&v, i, 0, &w->weights, &w->slots);
    cnn_format(path, sizeof path, "/optimizer_weights/%s", w->texts[i]);
    variable(w, path, &v);
  }
}

static void whole_model(writing *w) {
  keras__hdf5_text(w->file, "/", "keras_version", KERAS__VERSION, 1);
  keras__hdf5_text(w->file, "/", "backend", "tensorflow", 1);
  keras__hdf5_text(w->file, "/", "model_config", w->model_text, 0);
  if (w->training_text)
    keras__hdf5_text(w->file, "/", "training_config", w->training_text, 0);
  keras__hdf5_group(w->file, "/model_weights");
  legacy_weights(w, "/model_weights/");
  if (w->has_state)
    legacy_state(w);
}

/* ---- weights by number ---- */

static void group_named(writing *w, const char *group, const char *name) {
  char path[PATH];
  cnn_format(path, sizeof path, "%s/vars", group);
  keras__hdf5_group(w->file, path);
  keras__hdf5_text(w->file, path, "name", name, 1);
}

static void numbered_state(writing *w) {
  const json_t *optimizer = json_object_get(w->training, "optimizer_config");
  const char *name = json_string_value(json_object_get(json_object_get(optimizer ? optimizer : json_object_get(w->training, "optimizer"), "config"), "name"));
  char path[PATH];
  keras__variable v;
  group_named(w, "/optimizer", name ? name : w->slots.name);
  for (size_t i = 0; keras__variable_at(&v, i, 0, &w->weights, &w->slots); i++) {
    cnn_format(path, sizeof path, "/optimizer/vars/%zu", i);
    variable(w, path, &v);
  }
}

static void numbered_weights(writing *w) {
  char group[KERAS__NAME], path[PATH], name[KERAS__NAME];
  group_named(w, "", w->weights.name);
  for (size_t i = 0; i < w->weights.count; i++) {
    const keras__layer_weights *layer = &w->weights.layers[i];
    cnn_format(group, sizeof group, "/layers/%s", layer->group);
    group_named(w, group, layer->name);
    for (int32_t k = 0; k < layer->count; k++) {
      cnn_format(path, sizeof path, "%s/vars/%d", group, k);
      tensor(w, path, keras__weight_name(name, layer, k));
    }
  }
  if (w->has_state)
    numbered_state(w);
}

/* ---- the calls ---- */

static size_t bytes_of(const writing *w) {
  size_t bytes = (w->model_text ? strlen(w->model_text) : 0) + (w->training_text ? strlen(w->training_text) : 0);
  for (int32_t i = 0; i < cnn_container_tensor_count(w->container); i++) {
    const cnn_tensor *value = cnn_container_tensor(w->container, cnn_container_tensor_name(w->container, i));
    bytes += (size_t)cnn_tensor_count(value) * sizeof(float) + KERAS__NAME;
  }
  return bytes;
}

static cnn_status write_bytes(writing *w, void (*content)(writing *w), unsigned char **bytes, size_t *count) {
  cnn_status status = keras__hdf5_begin(&w->file, bytes_of(w));
  if (status < 0)
    return status;
  content(w);
  return keras__hdf5_end(w->file, bytes, count);
}

static void weights_at_root(writing *w) { legacy_weights(w, "/"); }

static cnn_status save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to,
                       void (*content)(writing *w)) {
  writing w = {.container = container};
  unsigned char *bytes = NULL;
  size_t count = 0;
  cnn_status status = describe(&w, context, options);
  if (status == CNN_OK)
    status = write_bytes(&w, content, &bytes, &count);
  if (status == CNN_OK)
    to->write(to->user, (const char *)bytes, count);
  free(bytes);
  finish(&w);
  return status;
}

cnn_status keras__h5_save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to) {
  return save(container, context, options, to, options->weights_only ? weights_at_root : whole_model);
}

cnn_status keras__weights_save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to) {
  return save(container, context, options, to, numbered_weights);
}

cnn_status keras__weights_write(unsigned char **bytes, size_t *count, const cnn_container *container, const json_t *keras, const json_t *ours,
                                const json_t *training, const json_t *compile) {
  const char *rate = cnn_container_note(container, "learning_rate"), *steps = cnn_container_note(container, "iterations");
  double number = 0, iterations = 0;
  writing w = {.container = container, .training = json_incref((json_t *)(uintptr_t)training)};
  cnn_status status = keras__weights_of(&w.weights, keras, ours);
  if (status == CNN_OK && training && compile && steps) {
    status = keras__slots_of(&w.slots, compile);
    if (status == CNN_OK && (!rate || keras__read_number(&number, rate) || keras__read_number(&iterations, steps)))
      status = cnn_error_set(CNN_EFORMAT, "the notes learning_rate and iterations are not numbers");
    w.rate = (float)number;
    w.iterations = (int64_t)iterations;
    w.has_state = 1;
  }
  if (status == CNN_OK)
    status = write_bytes(&w, numbered_weights, bytes, count);
  finish(&w);
  return status;
}
