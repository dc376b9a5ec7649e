/* notes: descriptions as notes of containers. */
#include "companion/keras/notes.h"

#include "companion/keras/config.h"
#include "companion/keras/json.h"

#include <stdlib.h>
#include <string.h>

static cnn_status set_json(cnn_container *out, const char *key, const json_t *value) {
  char *text = keras__json_text(value);
  cnn_status status = text ? cnn_container_set_note(out, key, text) : CNN_ENOMEM;
  free(text);
  return status;
}

cnn_status keras__note_model(json_t **ours, cnn_container *out, const json_t *keras) {
  cnn_status status = keras__config_read(ours, keras);
  return status < 0 ? status : set_json(out, "config", *ours);
}

cnn_status keras__note_training(json_t **compile, cnn_container *out, cnn_context *context, const json_t *keras) {
  char text[32];
  double rate = 0;
  cnn_status status = keras__compile_read(compile, &rate, keras);
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
