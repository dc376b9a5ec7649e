/* compile: how a model is trained, Keras's training_config and compile_config and our "compile". */
#include "companion/keras/config.h"
#include "companion/keras/objective.h"
#include "companion/keras/optimizer.h"

#include <string.h>

/* ---- from Keras ---- */

/* An output's only value: it may stand in a list, or under the output's name. The text's depth bounds the steps. */
static const json_t *only(const json_t *value) {
  const json_t *list = keras__list(value);
  while ((json_is_array(list) && json_array_size(list) == 1) ||
         (json_is_object(value) && json_object_size(value) == 1 && !json_object_get(value, "class_name"))) {
    value = list ? json_array_get(list, 0) : json_object_iter_value(json_object_iter((json_t *)(uintptr_t)value));
    list = keras__list(value);
  }
  return value;
}

/* By one that is weighted, or by one that is not: between them the core tells apart. */
static int32_t is_taken(const json_t *metrics, const char *name, int32_t weighted) {
  const json_t *metric;
  size_t i;
  if (strcmp(name, "loss") == 0)
    return 1;
  json_array_foreach(metrics, i, metric)
    if (json_is_true(json_object_get(metric, "weighted")) == weighted && strcmp(json_string_value(json_object_get(metric, "name")), name) == 0)
      return 1;
  return 0;
}

/* A name that is there already gets a number, as Keras gives it in its logs. */
static cnn_status name_apart(const json_t *metrics, json_t *metric, int32_t weighted) {
  char numbered[KERAS__TEXT];
  const char *name = json_string_value(json_object_get(metric, "name"));
  if (!is_taken(metrics, name, weighted))
    return CNN_OK;
  for (int32_t i = 1; i == 1 || is_taken(metrics, numbered, weighted); i++)
    if (cnn_format(numbered, sizeof numbered, "%s_%d", name, (int)i) >= KERAS__TEXT)
      return cnn_error_set(CNN_EUNSUPPORTED, "a metric's name is longer than %d bytes", KERAS__TEXT);
  return json_object_set_new(metric, "name", json_string(numbered)) < 0 ? keras__no_memory("metrics") : CNN_OK;
}

/* Metrics in lists in lists, or under the output's name. */
static cnn_status read_metrics(json_t *ours, const json_t *value, int32_t weighted) {
  const json_t *list = keras__list(value);
  json_t *metric = NULL, *item;
  const char *key;
  cnn_status status = CNN_OK;
  if (!value || json_is_null(value))
    return CNN_OK;
  if (list) {
    for (size_t i = 0; status == CNN_OK && i < json_array_size(list); i++)
      status = read_metrics(ours, json_array_get(list, i), weighted);
    return status;
  }
  if (json_is_object(value) && !json_object_get(value, "class_name")) {
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
      if (status == CNN_OK)
        status = read_metrics(ours, item, weighted);
    return status;
  }
  status = keras__metric_read(&metric, value, weighted);
  if (status < 0)
    return status;
  status = name_apart(ours, metric, weighted);
  if (status == CNN_OK && json_array_append(ours, metric) < 0)
    status = keras__no_memory("metrics");
  json_decref(metric);
  return status;
}

static cnn_status check_weights(const json_t *value) {
  const json_t *weight = only(value);
  if (!weight || json_is_null(weight) || (json_is_number(weight) && json_number_value(weight) == 1))
    return CNN_OK;
  return keras__refuse(&(keras__place){"the training", "loss_weights"}, value, "libcnn has one loss, whose weight is 1");
}

static cnn_status read_parts(json_t **ours, double *rate, const json_t *keras) {
  json_t *optimizer = NULL, *loss = NULL, *metrics = json_array();
  const json_t *described = json_object_get(keras, "optimizer_config");
  cnn_status status = metrics ? check_weights(json_object_get(keras, "loss_weights")) : keras__no_memory("metrics");
  if (status == CNN_OK)
    status = keras__optimizer_read(&optimizer, rate, described ? described : json_object_get(keras, "optimizer"));
  if (status == CNN_OK)
    status = keras__loss_read(&loss, only(json_object_get(keras, "loss")));
  if (status == CNN_OK)
    status = read_metrics(metrics, json_object_get(keras, "metrics"), 0);
  if (status == CNN_OK)
    status = read_metrics(metrics, json_object_get(keras, "weighted_metrics"), 1);
  if (status == CNN_OK)
    return keras__give(ours, json_pack("{s:o, s:o, s:o}", "optimizer", optimizer, "loss", loss, "metrics", metrics));
  json_decref(optimizer);
  json_decref(loss);
  json_decref(metrics);
  return status;
}

cnn_status keras__compile_read(json_t **ours, double *rate, const json_t *keras) {
  if (!json_is_object(keras))
    return cnn_error_set(CNN_EFORMAT, "Keras's training: it is no object");
  cnn_status status = read_parts(ours, rate, keras);
  return status < 0 ? cnn_error_set(status, "Keras's training: %s", cnn_error_text()) : CNN_OK;
}

/* ---- to Keras ---- */

/* Those that are weighted, or those that are not; null for none. */
static cnn_status write_metrics(json_t **keras, const json_t *ours, int32_t weighted, int32_t legacy) {
  const json_t *metrics = json_object_get(ours, "metrics");
  json_t *list = json_array();
  cnn_status status = list ? CNN_OK : keras__no_memory("metrics");
  for (size_t i = 0; status == CNN_OK && i < json_array_size(metrics); i++) {
    const json_t *metric = json_array_get(metrics, i);
    json_t *made = NULL;
    if (json_is_true(json_object_get(metric, "weighted")) != weighted)
      continue;
    status = keras__metric_write(&made, metric, json_object_get(ours, "loss"), legacy);
    if (status == CNN_OK && json_array_append_new(list, made) < 0)
      status = keras__no_memory("metrics");
  }
  if (status == CNN_OK && json_array_size(list))
    return keras__give(keras, list);
  json_decref(list);
  return status < 0 ? status : keras__give(keras, json_null());
}

static cnn_status write_parts(json_t **keras, const json_t *ours, double rate, int32_t legacy) {
  json_t *optimizer = NULL, *loss = NULL, *metrics = NULL, *weighted = NULL;
  cnn_status status = keras__optimizer_write(&optimizer, json_object_get(ours, "optimizer"), rate, legacy);
  if (status == CNN_OK)
    status = keras__loss_write(&loss, json_object_get(ours, "loss"), legacy);
  if (status == CNN_OK)
    status = write_metrics(&metrics, ours, 0, legacy);
  if (status == CNN_OK)
    status = write_metrics(&weighted, ours, 1, legacy);
  if (status == CNN_OK)
    return keras__give(keras, json_pack("{s:o*, s:o, s:n, s:o, s:o, s:b, s:i, s:b, s:o*}", "optimizer", legacy ? NULL : optimizer, "loss", loss,
                                        "loss_weights", "metrics", metrics, "weighted_metrics", weighted, "run_eagerly", 0,
                                        "steps_per_execution", 1, "jit_compile", 0, "optimizer_config", legacy ? optimizer : NULL));
  json_decref(optimizer);
  json_decref(loss);
  json_decref(metrics);
  json_decref(weighted);
  return status;
}

cnn_status keras__compile_write(json_t **keras, const json_t *ours, double rate, int32_t layout) {
  if (!json_is_array(json_object_get(ours, "metrics")) || !json_object_get(ours, "loss"))
    return cnn_error_set(CNN_EFORMAT, "the training for Keras: it is not an optimizer, a loss and metrics");
  cnn_status status = write_parts(keras, ours, rate, layout == KERAS__LEGACY);
  return status < 0 ? cnn_error_set(status, "the training for Keras: %s", cnn_error_text()) : CNN_OK;
}
