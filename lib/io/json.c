/* json: reading JSON that came from a file. A scan of the brackets comes before the parser, so that neither its
 * recursion nor the memory of its result can be driven beyond fixed limits. */
#include "io/json.h"

#include "io/json_reader.h"

#include <stdlib.h>
#include <string.h>

cnn_status cnn__json_scan(const char *bytes, size_t length, const char *what) {
  size_t at = 0;
  switch (cnn__json_bounds(bytes, length, CNN__JSON_DEPTH, CNN__JSON_VALUES, &at)) {
  case CNN__JSON_DEEP: return cnn__fail(CNN_EFORMAT, "%s: nested deeper than %d at byte %zu", what, CNN__JSON_DEPTH, at);
  case CNN__JSON_MANY: return cnn__fail(CNN_EFORMAT, "%s: more than %d values", what, CNN__JSON_VALUES);
  default: return CNN_OK;
  }
}

json_t *cnn__json_parse(const char *bytes, size_t length, const char *what) {
  if (length == 0 || bytes[0] != '{') {
    (void)cnn__fail(CNN_EFORMAT, "%s: does not begin with '{'", what);
    return NULL;
  }
  if (cnn__json_scan(bytes, length, what) < 0)
    return NULL;
  cnn__json_fault fault;
  json_t *root = cnn__json_read(bytes, length, &fault);
  if (!root && !fault.what)
    (void)cnn__fail(CNN_ENOMEM, "%s: no memory to parse %zu bytes", what, length);
  else if (!root)
    (void)cnn__fail(CNN_EFORMAT, "%s: %s, at byte %zu", what, fault.what, fault.at);
  return root;
}

void cnn__json_add_quoted(cnn__text *out, const char *text) {
  cnn__text_add(out, "\"");
  for (; *text; text++)
    cnn__text_add(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
  cnn__text_add(out, "\"");
}

static int append(const char *bytes, size_t length, void *text) {
  cnn__text_add_bytes(text, bytes, length);
  return ((const cnn__text *)text)->status < 0 ? -1 : 0;
}

cnn_status cnn__json_append(cnn__text *out, const json_t *root) {
  if (json_dump_callback(root, append, out, JSON_COMPACT) < 0 && out->status == CNN_OK)
    out->status = cnn__fail(CNN_ENOMEM, "no memory to write JSON");
  return out->status;
}

/* ---- comparing ---- */

static void show(char out[CNN__SHOWN_BYTES], const json_t *value) {
  char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
  cnn__format(out, CNN__SHOWN_BYTES, "%s", "missing");
  if (text)
    cnn__clean(out, CNN__SHOWN_BYTES, text);
  free(text);
}

static int32_t differ(char *out, size_t bytes, const char *path, const json_t *a, const json_t *b);

static int32_t members_differ(char *out, size_t bytes, const char *path, const json_t *a, const json_t *b) {
  char below[256];
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)a, key, value) {
    cnn__format(below, sizeof below, "%s%s%s", path, *path ? "." : "", key);
    if (differ(out, bytes, below, value, json_object_get(b, key)))
      return 1;
  }
  json_object_foreach((json_t *)(uintptr_t)b, key, value) {
    cnn__format(below, sizeof below, "%s%s%s", path, *path ? "." : "", key);
    if (!json_object_get(a, key))
      return differ(out, bytes, below, NULL, value);
  }
  return 0;
}

static int32_t items_differ(char *out, size_t bytes, const char *path, const json_t *a, const json_t *b) {
  char below[256];
  size_t most = json_array_size(a) > json_array_size(b) ? json_array_size(a) : json_array_size(b);
  for (size_t i = 0; i < most; i++) {
    cnn__format(below, sizeof below, "%s[%zu]", path, i);
    if (differ(out, bytes, below, json_array_get(a, i), json_array_get(b, i)))
      return 1;
  }
  return 0;
}

static int32_t differ(char *out, size_t bytes, const char *path, const json_t *a, const json_t *b) {
  char there[CNN__SHOWN_BYTES], here[CNN__SHOWN_BYTES], place[CNN__SHOWN_BYTES];
  if (a && b && json_equal(a, b))
    return 0;
  if (json_is_object(a) && json_is_object(b))
    return members_differ(out, bytes, path, a, b);
  if (json_is_array(a) && json_is_array(b))
    return items_differ(out, bytes, path, a, b);
  show(there, a);
  show(here, b);
  cnn__format(out, bytes, "%s is %s there, %s here", cnn__shown(place, path), there, here);
  return 1;
}

int32_t cnn__json_difference(char *out, size_t bytes, const json_t *a, const json_t *b) { return differ(out, bytes, "", a, b); }

/* ---- names ---- */

int32_t cnn__name_is_fit(const char *name) {
  char cleaned[CNN__FILE_NAME_BYTES + 1];
  size_t length = strlen(name);
  if (length < 1 || length > CNN__FILE_NAME_BYTES)
    return 0;
  cnn__clean(cleaned, sizeof cleaned, name);
  return strcmp(cleaned, name) == 0;
}

const char *cnn__shown(char buffer[CNN__SHOWN_BYTES], const char *name) {
  cnn__clean(buffer, CNN__SHOWN_BYTES, name);
  return buffer;
}
