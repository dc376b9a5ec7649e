/* json: Keras's JSON as text. A scan of the brackets comes before the parser, so that neither its recursion nor the memory of its result
 * can be driven beyond fixed limits. */
#include "companion/keras/json.h"

#include "io/json_reader.h"

#include <stdlib.h>
#include <string.h>

cnn_status keras__no_memory(const char *what) { return cnn_error_set(CNN_ENOMEM, "no memory for %s", what); }

/* ---- reading ---- */

static cnn_status scan(const char *bytes, size_t length, const char *what) {
  size_t at = 0;
  switch (cnn__json_bounds(bytes, length, KERAS__JSON_DEPTH, KERAS__JSON_VALUES, &at)) {
  case CNN__JSON_DEEP: return cnn_error_set(CNN_EFORMAT, "%s: nested deeper than %d at byte %zu", what, KERAS__JSON_DEPTH, at);
  case CNN__JSON_MANY: return cnn_error_set(CNN_EFORMAT, "%s: more than %d values", what, KERAS__JSON_VALUES);
  default: return CNN_OK;
  }
}

cnn_status keras__json_parse(json_t **out, const char *bytes, size_t length, const char *what) {
  cnn__json_fault fault;
  if (length > KERAS__JSON_BYTES)
    return cnn_error_set(CNN_EFORMAT, "%s: has %zu bytes, at most %d are read", what, length, KERAS__JSON_BYTES);
  if (length == 0 || bytes[0] != '{')
    return cnn_error_set(CNN_EFORMAT, "%s: does not begin with '{'", what);
  cnn_status status = scan(bytes, length, what);
  if (status < 0)
    return status;
  json_t *root = cnn__json_read(bytes, length, &fault);
  if (!root)
    return fault.what ? cnn_error_set(CNN_EFORMAT, "%s: %s, at byte %zu", what, fault.what, fault.at) : keras__no_memory(what);
  *out = root;
  return CNN_OK;
}

json_t *keras__json_of(const char *text) {
  cnn__json_fault fault;
  return cnn__json_read(text, strlen(text), &fault);
}

/* ---- writing, as json.dumps ---- */

typedef struct text {
  char *bytes;
  size_t used, room;
  int32_t failed;
} text;

static void add_bytes(text *to, const char *bytes, size_t length) {
  if (to->failed)
    return;
  if (to->used + length + 1 > to->room) {
    size_t room = 2 * (to->used + length + 64);
    char *larger = realloc(to->bytes, room);
    if (!larger) {
      to->failed = 1;
      return;
    }
    to->bytes = larger;
    to->room = room;
  }
  memcpy(to->bytes + to->used, bytes, length);
  to->used += length;
  to->bytes[to->used] = 0;
}

static void add(text *to, const char *words) { add_bytes(to, words, strlen(words)); }

/* The code point at `at`, of UTF-8 that jansson has accepted; *at goes behind it. */
static uint32_t next_point(const unsigned char **at) {
  const unsigned char *byte = *at;
  int32_t more = byte[0] < 0x80 ? 0 : byte[0] < 0xe0 ? 1 : byte[0] < 0xf0 ? 2 : 3;
  uint32_t point = more ? byte[0] & (0x3fu >> more) : byte[0];
  for (int32_t i = 1; i <= more; i++)
    point = point << 6 | (byte[i] & 0x3fu);
  *at += more + 1;
  return point;
}

static void add_point(text *to, uint32_t point) {
  static const char plain[] = "\"\\\n\r\t\b\f", escaped[] = "\"\\nrtbf";
  char word[16];
  const char *found = point ? memchr(plain, (int)point, sizeof plain - 1) : NULL;
  if (point < 0x80 && found)
    cnn_format(word, sizeof word, "\\%c", escaped[found - plain]);
  else if (point >= 0x20 && point < 0x7f)
    cnn_format(word, sizeof word, "%c", (int)point);
  else if (point < 0x10000)
    cnn_format(word, sizeof word, "\\u%04x", (unsigned)point);
  else
    cnn_format(word, sizeof word, "\\u%04x\\u%04x", 0xd800u + ((unsigned)point - 0x10000u) / 0x400u,
               0xdc00u + ((unsigned)point - 0x10000u) % 0x400u);
  add(to, word);
}

static void add_string(text *to, const char *string, size_t length) {
  const unsigned char *at = (const unsigned char *)string, *end = at + length;
  add(to, "\"");
  while (at < end)
    add_point(to, next_point(&at));
  add(to, "\"");
}

static void add_value(text *to, const json_t *value);

static void add_members(text *to, const json_t *object) {
  const char *key, *between = "";
  json_t *value;
  add(to, "{");
  json_object_foreach((json_t *)(uintptr_t)object, key, value) {
    add(to, between);
    add_string(to, key, strlen(key));
    add(to, ": ");
    add_value(to, value);
    between = ", ";
  }
  add(to, "}");
}

static void add_items(text *to, const json_t *array) {
  add(to, "[");
  for (size_t i = 0; i < json_array_size(array); i++) {
    add(to, i ? ", " : "");
    add_value(to, json_array_get(array, i));
  }
  add(to, "]");
}

static void add_number(text *to, const json_t *value) {
  char word[32];
  if (json_is_real(value))
    cnn_format_shortest(word, json_real_value(value));
  else
    cnn_format(word, sizeof word, "%lld", (long long)json_integer_value(value));
  add(to, word);
}

static void add_value(text *to, const json_t *value) {
  if (json_is_object(value))
    add_members(to, value);
  else if (json_is_array(value))
    add_items(to, value);
  else if (json_is_string(value))
    add_string(to, json_string_value(value), json_string_length(value));
  else if (json_is_number(value))
    add_number(to, value);
  else
    add(to, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
}

char *keras__json_text(const json_t *value) {
  text made = {0};
  add_value(&made, value);
  if (!made.failed)
    return made.bytes;
  free(made.bytes);
  (void)keras__no_memory("JSON as text");
  return NULL;
}
