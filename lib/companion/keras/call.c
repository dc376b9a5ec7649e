/* call: names with numbers. */
#include "companion/keras/call.h"

#include <string.h>

cnn_status keras__call_text(json_t **ours, const char *name, const keras__field *fields, const json_t *made) {
  char text[KERAS__TEXT], value[KERAS__TEXT];
  size_t used = (size_t)cnn_format(text, sizeof text, "%s", name);
  const char *before = "(";
  for (; fields->kind && used < sizeof text; fields++) {
    if (!fields->ours || !fields->keras)
      continue;
    if (keras__text_of(value, json_object_get(made, fields->ours)))
      return cnn_error_set(CNN_EUNSUPPORTED, "%s: %s has no text here", name, fields->ours);
    used += (size_t)cnn_format(text + used, sizeof text - used, "%s%s=%s", before, fields->ours, value);
    before = ",";
  }
  if (*before == ',' && used < sizeof text)
    used += (size_t)cnn_format(text + used, sizeof text - used, ")");
  return used < sizeof text ? keras__give(ours, json_string(text))
                            : cnn_error_set(CNN_EUNSUPPORTED, "%s: has more numbers than libcnn takes", name);
}

void keras__call_name(char name[64], const char *text) {
  size_t length = strcspn(text, "(");
  cnn_format(name, 64, "%.*s", (int)(length < 63 ? length : 63), text);
}

/* The row of one option, "mean=0", or "0" for the index-th; *value is what follows the key. NULL: there is none. */
static const keras__field *row_of(const keras__field *fields, int32_t index, const char **value) {
  const char *equals = strchr(*value, '=');
  size_t length = equals ? (size_t)(equals - *value) : 0;
  for (; fields->kind; fields++)
    if (fields->ours && (equals ? strlen(fields->ours) == length && memcmp(fields->ours, *value, length) == 0 : index-- == 0)) {
      *value = equals ? equals + 1 : *value;
      return fields;
    }
  return NULL;
}

cnn_status keras__call_options(json_t *options, const keras__field *fields, const char *text) {
  text += strcspn(text, "(");
  for (int32_t index = 0; *text; index++) {
    char piece[KERAS__TEXT];
    const char *value = piece;
    size_t length = strcspn(++text, ",)");
    if (length >= sizeof piece || !text[length])
      return CNN_STOP;
    memcpy(piece, text, length);
    piece[length] = 0;
    const keras__field *row = row_of(fields, index, &value);
    if (!row)
      return CNN_STOP;
    if (json_object_set_new(options, row->ours, json_string(value)) < 0)
      return keras__no_memory(text);
    text += length;
    if (*text == ')')
      return text[1] ? CNN_STOP : CNN_OK;
  }
  return CNN_OK;
}
