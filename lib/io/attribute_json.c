/* attribute_json: the attributes of a layer or optimizer as a JSON object and back. Both ways go through the text
 * form, so that a file can say nothing that the constructors by name could not. */
#include "io/attribute_json.h"

#include <string.h>

enum { TEXT_BYTES = CNN__ATTRIBUTE_TEXT_BYTES }; /* of one attribute as text: eight extents of 20 digits fit */

/* ---- to JSON ---- */

/* "28,28,1" as an array. */
static json_t *list_json(const char *text) {
  json_t *list = json_array();
  for (;;) {
    char piece[32];
    int64_t value = 0;
    size_t length = strcspn(text, ",");
    cnn__format(piece, sizeof piece, "%.*s", (int)length, text);
    if (cnn__read_int(piece, &value) || json_array_append_new(list, json_integer(value)) < 0) {
      json_decref(list);
      return NULL;
    }
    if (!text[length])
      return list;
    text += length + 1;
  }
}

static json_t *row_json(const cnn__attribute *row, const void *attributes) {
  char text[TEXT_BYTES];
  int64_t value;
  cnn__attribute_text(row, attributes, text, sizeof text);
  if (row->kind == CNN_ATTRIBUTE_INT)
    return cnn__read_int(text, &value) ? NULL : json_integer(value);
  if (row->kind == CNN_ATTRIBUTE_FLAG)
    return json_boolean(strcmp(text, "true") == 0);
  if ((row->kind == CNN_ATTRIBUTE_PAIR || row->kind == CNN_ATTRIBUTE_SHAPE) && strcmp(text, "auto") != 0)
    return list_json(text);
  return json_string(text);
}

json_t *cnn__attributes_to_json(const cnn__attribute *table, const void *attributes) {
  json_t *object = json_object();
  for (; table->key; table++)
    if (json_object_set_new(object, table->key, row_json(table, attributes)) < 0) {
      json_decref(object);
      object = NULL;
      break;
    }
  if (!object)
    (void)cnn__fail(CNN_ENOMEM, "no memory for attributes as JSON");
  return object;
}

/* ---- from JSON ---- */

/* The value in the text form of its kind. Non-zero: it is of no kind that attributes have. */
static int32_t value_text(const json_t *value, char text[TEXT_BYTES]) {
  if (json_is_string(value))
    return (size_t)cnn__format(text, TEXT_BYTES, "%s", json_string_value(value)) >= TEXT_BYTES;
  if (json_is_boolean(value))
    return cnn__format(text, TEXT_BYTES, "%s", json_is_true(value) ? "true" : "false") < 0;
  if (json_is_integer(value))
    return cnn__format(text, TEXT_BYTES, "%lld", (long long)json_integer_value(value)) < 0;
  if (!json_is_array(value) || json_array_size(value) > CNN_MAX_RANK)
    return 1;
  size_t used = 0;
  text[0] = 0;
  for (size_t i = 0; i < json_array_size(value); i++) {
    const json_t *item = json_array_get(value, i);
    if (!json_is_integer(item))
      return 1;
    used += (size_t)cnn__format(text + used, TEXT_BYTES - used, "%s%lld", i ? "," : "",
                                (long long)json_integer_value(item));
  }
  return 0;
}

cnn_status cnn__attributes_from_json(const cnn__attribute *table, void *attributes, json_t *object,
                                     const char *what) {
  char text[TEXT_BYTES], shown[CNN__SHOWN_BYTES];
  const char *key;
  json_t *value;
  if (!json_is_object(object))
    return cnn__fail(CNN_EINVAL, "%s: its attributes are no object", what);
  cnn__attributes_default(table, attributes);
  json_object_foreach(object, key, value) {
    if (value_text(value, text))
      return cnn__fail(CNN_EINVAL, "%s: the value of '%s' is of no kind that an attribute has", what,
                       cnn__shown(shown, key));
    CNN__TRY(cnn__attributes_set(table, attributes, key, text, what));
  }
  for (; table->key; table++)
    if (table->required && !json_object_get(object, table->key))
      return cnn__fail(CNN_EINVAL, "%s: attribute '%s' is missing", what, table->key);
  return CNN_OK;
}
