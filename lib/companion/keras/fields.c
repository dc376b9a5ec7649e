/* fields: objects by tables of their options. */
#include "companion/keras/fields.h"

#include <string.h>

/* ---- texts ---- */

static int32_t list_text(char text[KERAS__TEXT], const json_t *list) {
  size_t used = 0;
  text[0] = 0;
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *item = json_array_get(list, i);
    if (!json_is_integer(item) || used >= KERAS__TEXT)
      return 1;
    used += (size_t)cnn_format(text + used, KERAS__TEXT - used, "%s%lld", i ? "," : "", (long long)json_integer_value(item));
  }
  return used >= KERAS__TEXT;
}

int32_t keras__text_of(char text[KERAS__TEXT], const json_t *ours) {
  if (json_is_array(ours))
    return list_text(text, ours);
  if (json_is_string(ours))
    return cnn_format(text, KERAS__TEXT, "%s", json_string_value(ours)) >= KERAS__TEXT;
  if (json_is_integer(ours))
    return cnn_format(text, KERAS__TEXT, "%lld", (long long)json_integer_value(ours)) < 0;
  if (!json_is_boolean(ours))
    return 1;
  return cnn_format(text, KERAS__TEXT, "%s", json_is_true(ours) ? "true" : "false") < 0;
}

/* ---- from Keras ---- */

static cnn_status read_value(json_t *ours, const json_t *value, const keras__field *field, const keras__place *place) {
  json_t *made = NULL;
  cnn_status status = field->kind->read(&made, value, place);
  if (status < 0 || !field->ours) {
    json_decref(made);
    return status;
  }
  return json_object_set_new(ours, field->ours, made) < 0 ? keras__no_memory(place->of) : CNN_OK;
}

static const json_t *value_of(const json_t *keras, const keras__field *field) {
  const json_t *value = json_object_get(keras, field->keras);
  return !value && field->also ? json_object_get(keras, field->also) : value;
}

static cnn_status read_field(json_t *ours, const json_t *keras, const keras__field *field, const char *of) {
  const keras__place place = {of, field->keras};
  const json_t *value = value_of(keras, field);
  cnn_status status = value ? read_value(ours, value, field, &place) : CNN_OK;
  if (value && !(status == CNN_EUNSUPPORTED && field->kind == &keras__initializer))
    return status;
  if (!field->ours)
    return CNN_OK;
  if (!field->standard)
    return cnn_error_set(CNN_EFORMAT, "%s: %s is missing", of, field->keras);
  json_t *standard = keras__json_of(field->standard);
  status = standard ? read_value(ours, standard, field, &place) : keras__no_memory(of);
  json_decref(standard);
  return status;
}

static int32_t is_named(const keras__field *field, const char *key) {
  return (field->keras && strcmp(field->keras, key) == 0) || (field->also && strcmp(field->also, key) == 0);
}

/* An option that no table has and that is not set means nothing; one that is set would be lost. */
static cnn_status check_unknown(const json_t *keras, const keras__field *fields, const char *of) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)keras, key, value) {
    const keras__field *field = fields;
    while (field->kind && !is_named(field, key))
      field++;
    if (!field->kind && !json_is_null(value) && !json_is_false(value))
      return keras__refuse(&(keras__place){of, key}, value, "libcnn does not know this option");
  }
  return CNN_OK;
}

cnn_status keras__fields_read(json_t *ours, const json_t *keras, const keras__field *fields, const char *of) {
  if (!json_is_object(keras))
    return cnn_error_set(CNN_EFORMAT, "%s: its config is no object", of);
  for (const keras__field *field = fields; field->kind; field++) {
    cnn_status status = field->keras ? read_field(ours, keras, field, of) : CNN_OK;
    if (status < 0)
      return status;
  }
  return check_unknown(keras, fields, of);
}

cnn_status keras__fields_warn(cnn_context *context, const json_t *keras, const keras__field *fields, const char *of) {
  cnn_status status = CNN_OK;
  for (const keras__field *field = fields; field->kind && status == CNN_OK; field++) {
    json_t *made = NULL;
    const json_t *config, *value = field->kind == &keras__initializer ? value_of(keras, field) : NULL;
    if (value && (status = field->kind->read(&made, value, &(keras__place){of, field->keras})) == CNN_EUNSUPPORTED) {
      const char *name = keras__class_of(value, &config);
      cnn_context_warn(context, "%s: its %s, %.64s, is none of libcnn's; the weights are those of the file, and Keras's default stands in its place", of,
                       field->keras, name ? name : "of no name");
      status = CNN_OK;
    }
    json_decref(made);
  }
  return status;
}

/* ---- to Keras ---- */

static cnn_status write_field(json_t *keras, const json_t *ours, const keras__field *field, const char *of) {
  char text[KERAS__TEXT];
  const keras__place place = {of, field->ours};
  const json_t *value = field->ours ? json_object_get(ours, field->ours) : NULL;
  json_t *made = NULL;
  if (!value && !field->standard)
    return cnn_error_set(CNN_EFORMAT, "%s: %s is missing", of, field->ours);
  if (value && keras__text_of(text, value))
    return cnn_error_set(CNN_EFORMAT, "%s: the value of %s is of no kind that an attribute has", of, field->ours);
  cnn_status status = value ? field->kind->write(&made, text, &place) : keras__give(&made, keras__json_of(field->standard));
  if (status < 0)
    return status;
  return json_object_set_new(keras, field->keras, made) < 0 ? keras__no_memory(of) : CNN_OK;
}

static cnn_status check_ours(const json_t *ours, const keras__field *fields, const char *of) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)ours, key, value) {
    const keras__field *field = fields;
    while (field->kind && (!field->ours || strcmp(field->ours, key) != 0))
      field++;
    if (!field->kind)
      return keras__refuse(&(keras__place){of, key}, value, "Keras does not know this attribute");
  }
  return CNN_OK;
}

cnn_status keras__fields_write(json_t *keras, const json_t *ours, const keras__field *fields, const char *of) {
  if (!json_is_object(ours))
    return cnn_error_set(CNN_EFORMAT, "%s: its attributes are no object", of);
  for (const keras__field *field = fields; field->kind; field++) {
    cnn_status status = field->keras && field->kind->write ? write_field(keras, ours, field, of) : CNN_OK;
    if (status < 0)
      return status;
  }
  return check_ours(ours, fields, of);
}
