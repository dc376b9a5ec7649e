/* model_read: models and weights from Keras's HDF5 files into containers. Layers are matched by their order, as Keras does. */
#include "companion/keras/model_read.h"

#include "companion/keras/config.h"
#include "companion/keras/fold.h"
#include "companion/keras/json.h"
#include "companion/keras/notes.h"
#include "companion/keras/state.h"

#include <stdlib.h>
#include <string.h>

typedef struct reading {
  cnn_container *out;
  cnn_context *context;
  keras__h5 file;
  json_t *keras, *ours, *compile;
  keras__weights weights; /* none: the model is not known, and weights keep the names of the file */
} reading;

static cnn_status missing(const char *what, keras__slice name) {
  char shown[KERAS__SHOWN];
  return cnn_error_set(CNN_EFORMAT, "%s '%s' is not in the file", what, keras__shown(shown, name));
}

/* layer: the one that the model has for it; NULL: it is not known. */
static cnn_status take(reading *r, uint64_t object, const char *name, const keras__layer_weights *layer) {
  cnn_tensor *value = NULL;
  cnn_status status = keras__h5_tensor(&value, r->context, &r->file, object, name);
  if (status == CNN_OK && layer)
    status = keras__fold(&value, r->context, layer->class_name);
  if (status == CNN_OK)
    status = cnn_container_set_tensor(r->out, name, value);
  cnn_tensor_free(value);
  return status;
}

/* The next layer from *at on that has weights; NULL: there is none. */
static const keras__layer_weights *next_layer(const keras__weights *weights, size_t *at) {
  while (*at < weights->count && weights->layers[*at].count == 0)
    ++*at;
  return *at < weights->count ? &weights->layers[(*at)++] : NULL;
}

/* ---- the legacy layout: groups by layer_names, data sets by weight_names ---- */

/* Without a model: "conv1/kernel" of layer conv1 and sequential/conv1/kernel:0. */
static const char *name_in_file(char buffer[KERAS__NAME], keras__slice layer, keras__slice weight) {
  char group[KERAS__SHOWN], last[KERAS__SHOWN];
  for (size_t i = weight.length; i-- > 0;)
    if (weight.text[i] == '/') {
      weight = (keras__slice){weight.text + i + 1, weight.length - i - 1};
      break;
    }
  keras__shown(last, weight);
  last[strcspn(last, ":")] = 0;
  cnn_format(buffer, KERAS__NAME, "%s/%s", keras__shown(group, layer), last);
  return buffer;
}

static cnn_status take_layer(reading *r, uint64_t group, keras__slice name, size_t *at) {
  char text[KERAS__NAME], shown[KERAS__SHOWN];
  keras__slice *weights;
  size_t count;
  cnn_status status = keras__h5_texts(&weights, &count, &r->file, group, "weight_names", 1);
  const keras__layer_weights *layer = status == CNN_OK && count && r->keras ? next_layer(&r->weights, at) : NULL;
  if (status == CNN_OK && count && r->keras && (!layer || (size_t)layer->count != count))
    status = cnn_error_set(CNN_ESHAPE, "layer '%s' of the file has %zu weights, layer '%s' of the model has %d", keras__shown(shown, name),
                           count, layer ? layer->name : "(none)", layer ? layer->count : 0);
  for (size_t i = 0; i < count && status == CNN_OK; i++) {
    uint64_t object;
    status = keras__h5_find(&object, &r->file, group, weights[i]);
    if (status == CNN_OK && !object)
      status = missing("weight", weights[i]);
    if (status == CNN_OK)
      status = take(r, object, layer ? keras__weight_name(text, layer, (int32_t)i) : name_in_file(text, name, weights[i]), layer);
  }
  free(weights);
  return status;
}

static cnn_status take_legacy(reading *r, uint64_t group, const keras__slice *names, size_t count) {
  size_t at = 0;
  cnn_status status = CNN_OK;
  for (size_t i = 0; i < count && status == CNN_OK; i++) {
    uint64_t layer;
    status = keras__h5_find(&layer, &r->file, group, names[i]);
    if (status == CNN_OK)
      status = layer ? take_layer(r, layer, names[i], &at) : missing("layer", names[i]);
  }
  const keras__layer_weights *left = status == CNN_OK && r->keras ? next_layer(&r->weights, &at) : NULL;
  return left ? cnn_error_set(CNN_ESHAPE, "the file has no weights for layer '%s'", left->name) : status;
}

/* ---- Keras 3's layout: layers/conv2d_1/vars/0 ---- */

static cnn_status take_numbered(reading *r, uint64_t group) {
  char text[KERAS__NAME];
  size_t at = 0;
  cnn_status status = CNN_OK;
  for (const keras__layer_weights *layer; status == CNN_OK && (layer = next_layer(&r->weights, &at));) {
    uint64_t vars, count = 0;
    cnn_format(text, sizeof text, "%s/vars", layer->group);
    status = keras__h5_find(&vars, &r->file, group, keras__slice_of(text));
    if (status == CNN_OK && vars)
      status = keras__h5_size(&count, &r->file, vars);
    if (status == CNN_OK && count != (uint64_t)layer->count)
      return cnn_error_set(CNN_ESHAPE, "the file has %llu weights in '%s', where those of layer '%s' should be, %d", (unsigned long long)count,
                           text, layer->name, layer->count);
    for (int32_t i = 0; i < layer->count && status == CNN_OK; i++) {
      uint64_t object;
      cnn_format(text, sizeof text, "%d", i);
      status = keras__h5_find(&object, &r->file, vars, keras__slice_of(text));
      if (status == CNN_OK)
        status = object ? take(r, object, keras__weight_name(text, layer, i), layer) : missing("weight", keras__slice_of(text));
    }
  }
  return status;
}

/* Without a model: "conv1/0" of layers/conv2d/vars, whose attribute `name` is conv1. */
static cnn_status take_numbered_group(reading *r, uint64_t group, keras__slice folder) {
  char text[KERAS__NAME], shown[KERAS__SHOWN];
  uint64_t vars, count = 0;
  keras__slice *name = NULL;
  size_t names = 0;
  cnn_status status = keras__h5_find(&vars, &r->file, group, folder);
  if (status == CNN_OK && vars)
    status = keras__h5_find(&vars, &r->file, vars, keras__slice_of("vars"));
  if (status == CNN_OK && vars)
    status = keras__h5_size(&count, &r->file, vars);
  if (status == CNN_OK && vars)
    status = keras__h5_texts(&name, &names, &r->file, vars, "name", 0);
  keras__shown(shown, names ? name[0] : folder);
  free(name);
  for (uint64_t i = 0; i < count && status == CNN_OK; i++) {
    uint64_t object;
    cnn_format(text, sizeof text, "%llu", (unsigned long long)i);
    status = keras__h5_find(&object, &r->file, vars, keras__slice_of(text));
    if (status == CNN_OK && !object)
      return missing("weight", keras__slice_of(text));
    cnn_format(text, sizeof text, "%s/%llu", shown, (unsigned long long)i);
    if (status == CNN_OK)
      status = take(r, object, text, NULL);
  }
  return status;
}

static cnn_status take_nameless(reading *r, uint64_t group) {
  keras__slice folder;
  cnn_status status = CNN_OK;
  for (uint64_t i = 0; status == CNN_OK; i++) {
    status = keras__h5_link(&folder, &r->file, group, i);
    if (status < 0 || !folder.text)
      break;
    status = take_numbered_group(r, group, folder);
  }
  return status;
}

/* ---- any of them ---- */

/* layers of Keras 3, or what it was in Keras 2.13; 0: neither. */
static cnn_status numbered_group(uint64_t *group, reading *r) {
  cnn_status status = keras__h5_find(group, &r->file, r->file.root, keras__slice_of("layers"));
  if (status == CNN_OK && !*group)
    status = keras__h5_find(group, &r->file, r->file.root, keras__slice_of("_layer_checkpoint_dependencies"));
  return status;
}

static cnn_status take_weights(reading *r) {
  uint64_t group;
  keras__slice *names = NULL;
  size_t count = 0;
  cnn_status status = keras__h5_find(&group, &r->file, r->file.root, keras__slice_of("model_weights"));
  if (status == CNN_OK)
    status = keras__h5_texts(&names, &count, &r->file, group ? group : r->file.root, "layer_names", 1);
  if (status == CNN_OK && names) {
    status = take_legacy(r, group ? group : r->file.root, names, count);
    free(names);
    return status;
  }
  if (status == CNN_OK)
    status = numbered_group(&group, r);
  if (status < 0)
    return status;
  if (!group)
    return cnn_error_set(CNN_EFORMAT, "an HDF5 file without layer_names or layers: none of Keras's");
  return r->keras ? take_numbered(r, group) : take_nameless(r, group);
}

/* ---- the optimizer's state ---- */

static cnn_status state(reading *r, const uint64_t *variables, size_t count, int32_t apart) {
  keras__slots slots;
  cnn_status status = keras__slots_of(&slots, r->compile);
  return status < 0 ? status : keras__state_read(r->out, r->context, &r->file, variables, count, apart, &r->weights, &slots);
}

static cnn_status take_legacy_state(reading *r) {
  static const char past[] = "iter:0"; /* the first name until 2.10; iteration:0 later */
  uint64_t group;
  keras__slice *names = NULL;
  size_t count = 0;
  cnn_status status = keras__h5_find(&group, &r->file, r->file.root, keras__slice_of("optimizer_weights"));
  if (status < 0 || !group)
    return status;
  status = keras__h5_texts(&names, &count, &r->file, group, "weight_names", 1);
  uint64_t *variables = status == CNN_OK ? calloc(count + 1, sizeof *variables) : NULL;
  if (status == CNN_OK && !variables)
    status = cnn_error_set(CNN_ENOMEM, "no memory for the optimizer's state");
  for (size_t i = 0; i < count && status == CNN_OK; i++) {
    status = keras__h5_find(&variables[i], &r->file, group, names[i]);
    if (status == CNN_OK && !variables[i])
      status = missing("variable of the optimizer", names[i]);
  }
  size_t end = sizeof past - 1;
  int32_t apart = count && names[0].length >= end && memcmp(names[0].text + names[0].length - end, past, end) == 0;
  if (status == CNN_OK)
    status = state(r, variables, count, apart);
  free(variables);
  free(names);
  return status;
}

static cnn_status take_numbered_state(reading *r) {
  uint64_t group, count = 0;
  cnn_status status = keras__h5_find(&group, &r->file, r->file.root, keras__slice_of("optimizer/vars"));
  if (status == CNN_OK && group)
    status = keras__h5_size(&count, &r->file, group);
  if (status < 0 || count == 0)
    return status;
  uint64_t *variables = count < r->file.count ? calloc((size_t)count, sizeof *variables) : NULL;
  status = variables ? CNN_OK : cnn_error_set(CNN_ENOMEM, "no memory for the optimizer's state");
  for (uint64_t i = 0; i < count && status == CNN_OK; i++) {
    char text[32];
    cnn_format(text, sizeof text, "%llu", (unsigned long long)i);
    status = keras__h5_find(&variables[i], &r->file, group, keras__slice_of(text));
    if (status == CNN_OK && !variables[i])
      status = missing("variable of the optimizer", keras__slice_of(text));
  }
  if (status == CNN_OK)
    status = state(r, variables, (size_t)count, 0);
  free(variables);
  return status;
}

/* ---- what the model is ---- */

/* An attribute of the root that is JSON; *out NULL: there is none. */
static cnn_status attribute(json_t **out, reading *r, const char *name) {
  keras__slice *text;
  size_t count;
  *out = NULL;
  cnn_status status = keras__h5_texts(&text, &count, &r->file, r->file.root, name, 0);
  if (status == CNN_OK && text)
    status = count == 1 ? keras__json_parse(out, text[0].text, text[0].length, name) : cnn_error_set(CNN_EFORMAT, "%s is not one text", name);
  free(text);
  return status;
}

static cnn_status describe_like(reading *r, const cnn_container *like) {
  cnn_status status = keras__note(&r->ours, like, "config");
  if (status == CNN_OK && !r->ours)
    return cnn_error_set(CNN_ESTATE, "weights of Keras go by the order of layers, which is not told here");
  return status == CNN_OK ? keras__config_write(&r->keras, r->ours, KERAS__LEGACY) : status;
}

static cnn_status describe_training(reading *r) {
  json_t *training;
  cnn_status status = attribute(&training, r, "training_config");
  if (status < 0 || !training)
    return status;
  status = keras__note_training(&r->compile, r->out, r->context, training);
  json_decref(training);
  return status;
}

static cnn_status describe(reading *r, const cnn_container *like) {
  if (like)
    return describe_like(r, like);
  cnn_status status = attribute(&r->keras, r, "model_config");
  if (status < 0 || !r->keras)
    return status;
  status = keras__note_model(&r->ours, r->out, r->context, r->keras);
  return status == CNN_OK ? describe_training(r) : status;
}

/* ---- the two calls ---- */

/* Its data unpack to no more than who loads allows. */
static cnn_status begin(reading *r, const void *bytes, size_t count) {
  const uint64_t most = (uint64_t)cnn_container_max_bytes(r->out);
  cnn_status status = keras__h5_open(&r->file, bytes, count);
  if (status == CNN_OK && most && most < r->file.left)
    r->file.left = most;
  return status;
}

static void finish(reading *r) {
  keras__weights_free(&r->weights);
  json_decref(r->keras);
  json_decref(r->ours);
  json_decref(r->compile);
}

cnn_status keras__h5_load(cnn_container *out, cnn_context *context, const void *bytes, size_t count, const cnn_container *like) {
  reading r = {.out = out, .context = context};
  cnn_status status = begin(&r, bytes, count);
  if (status == CNN_OK)
    status = describe(&r, like);
  if (status == CNN_OK && r.keras)
    status = keras__weights_of(&r.weights, r.keras, r.ours);
  if (status == CNN_OK)
    status = take_weights(&r);
  if (status == CNN_OK && r.compile)
    status = take_legacy_state(&r);
  finish(&r);
  return status;
}

cnn_status keras__weights_read(cnn_container *out, cnn_context *context, const void *bytes, size_t count, const json_t *keras,
                               const json_t *ours, const json_t *compile) {
  uint64_t group;
  reading r = {.out = out, .context = context, .keras = json_incref((json_t *)(uintptr_t)keras), .ours = json_incref((json_t *)(uintptr_t)ours),
               .compile = json_incref((json_t *)(uintptr_t)compile)};
  cnn_status status = begin(&r, bytes, count);
  if (status == CNN_OK)
    status = keras__weights_of(&r.weights, keras, ours);
  if (status == CNN_OK)
    status = numbered_group(&group, &r);
  if (status == CNN_OK)
    status = group ? take_numbered(&r, group) : cnn_error_set(CNN_EFORMAT, "no weights of layers are in the file");
  if (status == CNN_OK && compile)
    status = take_numbered_state(&r);
  finish(&r);
  return status;
}
