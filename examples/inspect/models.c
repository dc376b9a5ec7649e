/* models: the network as the file describes it, how it was compiled, and its tensors, held against each other. No model is made. */
#include "inspect.h"

#include <cnn/format.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the file says ---- */

static json_t *note_json(const cnn_container *file, const char *key) {
  const char *text = cnn_container_note(file, key);
  return text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static void put_note(json_t *out, const cnn_container *file, const char *key) {
  const char *text = cnn_container_note(file, key);
  if (text)
    put(out, key, shown_text(text));
}

static void put_whole(json_t *out, const cnn_container *file, const char *key) {
  const char *text = cnn_container_note(file, key);
  if (text)
    put(out, key, json_integer(strtoll(text, NULL, 10)));
}

/* As a user gives it; text, since JSON's numbers end before 2^64. */
static void put_seed(json_t *out, const cnn_container *file) {
  const char *text = cnn_container_note(file, "seed");
  if (text)
    put(out, "seed", json_sprintf("%llu", strtoull(text, NULL, 16)));
}

/* Forms of others are told by their first bytes. */
static const char *foreign_form(const char *path) {
  unsigned char head[4] = {0};
  FILE *file = fopen(path, "rb");
  size_t count = file ? fread(head, 1, sizeof head, file) : 0;
  if (file)
    fclose(file);
  if (count == 4 && memcmp(head, "\x89HDF", 4) == 0)
    return "Keras HDF5";
  return count == 4 && memcmp(head, "PK\3\4", 4) == 0 ? "Keras archive (.keras)" : "registered form";
}

static void describe_form(json_t *found, const cnn_container *file, const char *path) {
  const char *format = cnn_container_note(file, "format");
  int32_t own = cnn_container_note(file, "format_version") != NULL;
  put(found, "form", own && format ? shown_text(format) : json_string(foreign_form(path)));
  if (!own && format && strcmp(format, "libcnn weights") == 0)
    put(found, "weights_alone", json_true());
  put_whole(found, file, "format_version");
  put_note(found, file, "library");
}

/* ---- the network ---- */

/* Elements of the tensors "LAYER/..." */
static int64_t parameters_of(const cnn_container *file, const char *layer) {
  size_t length = strlen(layer);
  int64_t count = 0;
  for (int32_t i = 0; i < cnn_container_tensor_count(file); i++) {
    const char *name = cnn_container_tensor_name(file, i);
    if (strncmp(name, layer, length) == 0 && name[length] == '/')
      count += cnn_tensor_count(cnn_container_tensor(file, name));
  }
  return count;
}

static json_t *copy_member(const json_t *object, const char *key) {
  json_t *value = json_object_get(object, key);
  return value ? json_deep_copy(value) : json_null();
}

static void describe_network(json_t *found, const cnn_container *file, const json_t *config) {
  json_t *out = json_object(), *layers = json_array(), *layer;
  int64_t total = 0;
  size_t i;
  put(out, "name", copy_member(config, "name"));
  put_seed(out, file);
  put_whole(out, file, "pass");
  json_array_foreach(json_object_get(config, "layers"), i, layer) {
    json_t *row = json_object();
    const char *name = json_string_value(json_object_get(layer, "name"));
    int64_t count = name ? parameters_of(file, name) : 0;
    total += count;
    put(row, "name", copy_member(layer, "name"));
    put(row, "type", copy_member(layer, "type"));
    put(row, "inputs", copy_member(layer, "inputs"));
    put(row, "parameters", json_integer(count));
    put(row, "attributes", copy_member(layer, "attributes"));
    add(layers, row);
  }
  put(out, "parameters", json_integer(total));
  put(out, "layers", layers);
  put(found, "model", out);
}

static void describe_compilation(json_t *found, const cnn_container *file) {
  json_t *out = note_json(file, "compile");
  const char *rate = cnn_container_note(file, "learning_rate");
  if (!out)
    return;
  if (rate)
    put(out, "learning_rate", real(strtod(rate, NULL)));
  put_whole(out, file, "iterations");
  put(found, "compilation", out);
}

/* ---- checks ---- */

static void check(json_t *found, const char *what, const char *wrong) {
  json_t *row = json_object();
  put(row, "what", json_string(what));
  put(row, "right", json_boolean(!wrong[0]));
  if (wrong[0])
    put(row, "wrong", shown_text(wrong));
  add(json_object_get(found, "checks"), row);
}

static int32_t is_layer(const json_t *config, const char *name) {
  json_t *layer;
  size_t i, length = strcspn(name, "/");
  json_array_foreach(json_object_get(config, "layers"), i, layer) {
    const char *known = json_string_value(json_object_get(layer, "name"));
    if (known && strlen(known) == length && strncmp(known, name, length) == 0)
      return 1;
  }
  return 0;
}

static int32_t begins(const char *name, const char *prefix) { return strncmp(name, prefix, strlen(prefix)) == 0; }

/* Weights belong to layers. */
static void check_weights(json_t *found, const cnn_container *file, const json_t *config) {
  char wrong[512] = "";
  for (int32_t i = 0; i < cnn_container_tensor_count(file) && !wrong[0]; i++) {
    const char *name = cnn_container_tensor_name(file, i);
    if (!begins(name, "optimizer/") && !begins(name, "callback/") && !is_layer(config, name))
      cnn_format(wrong, sizeof wrong, "'%s' belongs to no layer", name);
  }
  check(found, "every weight belongs to a layer", wrong);
}

/* "optimizer/conv1/kernel/momentum" is of "conv1/kernel", and as large. */
static void check_state(json_t *found, const cnn_container *file) {
  char wrong[512] = "";
  for (int32_t i = 0; i < cnn_container_tensor_count(file) && !wrong[0]; i++) {
    char weight[400];
    const char *name = cnn_container_tensor_name(file, i), *end = strrchr(name, '/');
    if (!begins(name, "optimizer/"))
      continue;
    const char *first = name + strlen("optimizer/");
    cnn_format(weight, sizeof weight, "%.*s", end > first ? (int)(end - first) : 0, first);
    const cnn_tensor *slot = cnn_container_tensor(file, name), *of = cnn_container_tensor(file, weight);
    if (!of)
      cnn_format(wrong, sizeof wrong, "'%s' is of no weight", name);
    else if (cnn_tensor_count(of) != cnn_tensor_count(slot))
      cnn_format(wrong, sizeof wrong, "'%s' has %lld values, its weight %lld", name, (long long)cnn_tensor_count(slot),
                 (long long)cnn_tensor_count(of));
  }
  check(found, "the optimizer's state fits the weights", wrong);
}

static void check_finite(json_t *found) {
  char wrong[512] = "";
  json_t *tensor;
  size_t i;
  json_array_foreach(json_object_get(found, "tensors"), i, tensor) {
    int64_t nan = json_integer_value(json_object_get(tensor, "nan"));
    int64_t infinite = json_integer_value(json_object_get(tensor, "infinite"));
    if (nan + infinite && !wrong[0])
      cnn_format(wrong, sizeof wrong, "'%s' holds %lld NaN and %lld infinite values",
                 json_string_value(json_object_get(tensor, "name")), (long long)nan, (long long)infinite);
  }
  check(found, "all values are finite", wrong);
}

static void describe_checks(json_t *found, const cnn_container *file, const json_t *config) {
  put(found, "checks", json_array());
  if (cnn_container_note(file, "format_version"))
    check(found, "the checksum is right", "");
  if (config)
    check_weights(found, file, config);
  if (cnn_container_note(file, "iterations"))
    check_state(found, file);
  check_finite(found);
}

/* ---- the whole ---- */

static void describe_all(json_t *found, const cnn_container *file, const char *path) {
  json_t *config = note_json(file, "config"), *tensors = json_array();
  const char *format = cnn_container_note(file, "format");
  describe_form(found, file, path);
  if (config)
    describe_network(found, file, config);
  describe_compilation(found, file);
  if (format && strcmp(format, "libcnn checkpoint") == 0)
    describe_checkpoint(found, cnn_container_note(file, "place"), cnn_container_note(file, "history"),
                        cnn_container_note(file, "callbacks"));
  for (int32_t i = 0; i < cnn_container_tensor_count(file); i++) {
    const char *name = cnn_container_tensor_name(file, i);
    add(tensors, describe_tensor(name, cnn_container_tensor(file, name)));
  }
  put(found, "tensors", tensors);
  describe_checks(found, file, config);
  json_decref(config);
}

cnn_status describe_model(json_t *found, cnn_context *context, const char *path) {
  cnn_container *file;
  cnn_status status = cnn_container_load(&file, context, path, cnn_load_opts(.max_bytes = INT64_MAX));
  if (status < 0)
    return status;
  describe_all(found, file, path);
  cnn_container_free(file);
  return CNN_OK;
}
