/* notes: descriptions as notes of containers. */
#include "companion/keras/notes.h"

#include "companion/keras/config.h"
#include "companion/keras/fields.h"
#include "companion/keras/json.h"

#include <cnn/objective.h>
#include <cnn/optimizer.h>
#include <stdlib.h>
#include <string.h>

static cnn_status set_json(cnn_container *out, const char *key, const json_t *value) {
  char *text = keras__json_text(value);
  cnn_status status = text ? cnn_container_set_note(out, key, text) : CNN_ENOMEM;
  free(text);
  return status;
}

cnn_status keras__note_model(json_t **ours, cnn_container *out, cnn_context *context, const json_t *keras) {
  cnn_status status = keras__config_read(ours, keras);
  if (status == CNN_OK)
    status = keras__config_warn(context, keras);
  return status < 0 ? status : set_json(out, "config", *ours);
}

/* Attributes as the core's constructors take them, "momentum=0.9 nesterov=false". Non-zero: they do not go into the text. */
static int32_t attributes_text(char *text, size_t bytes, const json_t *described) {
  const char *key;
  json_t *value;
  size_t used = 0;
  text[0] = 0;
  json_object_foreach(json_object_get(described, "attributes"), key, value) {
    char one[KERAS__TEXT];
    if (keras__text_of(one, value))
      return 1;
    used += (size_t)cnn_format(text + used, bytes - used, "%s%s=%s", used ? " " : "", key, one);
    if (used >= bytes)
      return 1;
  }
  return 0;
}

/* Does the core take these numbers, too? Keras takes a rate below 0. */
static cnn_status check_training(cnn_context *context, const json_t *compile) {
  const json_t *optimizer = json_object_get(compile, "optimizer"), *loss = json_object_get(compile, "loss"), *metric;
  char text[4 * KERAS__TEXT];
  size_t i;
  cnn_optimizer *an_optimizer = NULL;
  cnn_loss *a_loss = NULL;
  cnn_status status = attributes_text(text, sizeof text, optimizer) ? CNN_OK : cnn_optimizer_new(&an_optimizer, context, json_string_value(json_object_get(optimizer, "name")), text);
  if (status == CNN_OK && !attributes_text(text, sizeof text, loss))
    status = cnn_loss_new(&a_loss, context, json_string_value(json_object_get(loss, "type")), text);
  json_array_foreach(json_object_get(compile, "metrics"), i, metric) {
    cnn_metric *made = NULL;
    if (status == CNN_OK && !attributes_text(text, sizeof text, metric))
      status = cnn_metric_new(&made, context, json_string_value(json_object_get(metric, "type")), text);
    cnn_metric_free(made);
  }
  cnn_optimizer_free(an_optimizer);
  cnn_loss_free(a_loss);
  return status;
}

cnn_status keras__note_training(json_t **compile, cnn_container *out, cnn_context *context, const json_t *keras) {
  char text[32];
  double rate = 0;
  cnn_status status = keras__compile_read(compile, &rate, keras);
  if (status == CNN_OK && (status = check_training(context, *compile)) < 0) {
    json_decref(*compile);
    *compile = NULL;
    status = status == CNN_ENOMEM ? status : CNN_EUNSUPPORTED;
  }
  if (status == CNN_EUNSUPPORTED) {
    cnn_context_warn(context, "%s; the model is not compiled", cnn_error_text());
    return CNN_OK;
  }
  if (status == CNN_OK)
    status = set_json(out, "compile", *compile);
  return status < 0 ? status : cnn_container_set_note(out, "learning_rate", cnn_format_shortest(text, rate));
}

cnn_status keras__note(json_t **out, const cnn_container *container, const char *key) {
  const char *text = cnn_container_note(container, key);
  return text ? keras__json_parse(out, text, strlen(text), key) : CNN_OK;
}
