/* found: the description's JSON, without a check at every place. */
#include "inspect.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void must(int failed) {
  if (!failed)
    return;
  fputs("cnn-inspect: out of memory\n", stderr);
  exit(1);
}

void put(json_t *object, const char *key, json_t *value) { must(json_object_set_new(object, key, value) < 0); }
void add(json_t *array, json_t *value) { must(json_array_append_new(array, value) < 0); }

json_t *real(double value) {
  return isfinite(value) ? json_real(value) : json_string(isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

json_t *shown_text(const char *text) {
  json_t *whole = json_string(text);
  char *copy = whole ? NULL : strdup(text);
  for (char *c = copy; c && *c; c++)
    if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
      *c = '?';
  if (copy)
    whole = json_string(copy);
  free(copy);
  return whole;
}

/* ---- for people ---- */

/* Bytes of the control character of ASCII or Latin-1 that the text begins with; 0: it begins with none. */
static size_t control(const char *text) {
  const unsigned char first = (unsigned char)text[0], second = first ? (unsigned char)text[1] : 0;
  if (first < 0x20 || first == 0x7f)
    return 1;
  return first == 0xc2 && second >= 0x80 && second < 0xa0 ? 2 : 0;
}

/* The caller frees it. */
static char *escaped(const char *text) {
  char *out = malloc(strlen(text) * 4 + 1), *at = out;
  must(!out);
  while (*text) {
    const size_t bytes = control(text);
    if (bytes)
      at += sprintf(at, "\\x%02x", (unsigned)(unsigned char)text[bytes - 1]);
    else
      *at++ = *text;
    text += bytes ? bytes : 1;
  }
  *at = 0;
  return out;
}

static json_t *escaped_object(const json_t *object) {
  json_t *out = json_object(), *value;
  const char *key;
  json_object_foreach((json_t *)(uintptr_t)object, key, value) {
    char *shown = escaped(key);
    put(out, shown, without_controls(value));
    free(shown);
  }
  return out;
}

json_t *without_controls(const json_t *value) {
  json_t *out;
  if (json_is_object(value))
    return escaped_object(value);
  if (json_is_string(value)) {
    char *shown = escaped(json_string_value(value));
    out = json_string(shown);
    free(shown);
    return out;
  }
  if (!json_is_array(value))
    return json_deep_copy(value);
  out = json_array();
  for (size_t i = 0; i < json_array_size(value); i++)
    add(out, without_controls(json_array_get(value, i)));
  return out;
}
