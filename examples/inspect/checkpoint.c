/* checkpoint: where a training stands, what it has seen and what its callbacks remember. */
#include "inspect.h"

#include <stdlib.h>
#include <string.h>

static json_t *parse(const char *text) { return text ? json_loads(text, 0, NULL) : NULL; }

/* Fractions are text in the file, so that they keep their bits. */
static json_t *number(const json_t *value) {
  return json_is_string(value) ? real(strtod(json_string_value(value), NULL)) : json_null();
}

static json_t *numbers(const json_t *object) {
  const char *key;
  json_t *value, *out = json_object();
  json_object_foreach((json_t *)(uintptr_t)object, key, value) put(out, key, number(value));
  return out;
}

static json_t *describe_place(const json_t *place) {
  static const char *const whole[] = {"epoch", "step", "steps", "samples"};
  json_t *out = json_object();
  for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
    put(out, whole[i], json_integer(json_integer_value(json_object_get(place, whole[i]))));
  put(out, "seconds", number(json_object_get(place, "seconds")));
  put(out, "stops", json_boolean(json_is_true(json_object_get(place, "stop"))));
  return out;
}

static json_t *describe_epochs(const json_t *history) {
  json_t *out = json_array(), *epoch;
  size_t i;
  json_array_foreach(json_object_get(history, "epochs"), i, epoch) {
    json_t *row = json_object();
    put(row, "epoch", json_integer(json_integer_value(json_object_get(epoch, "epoch"))));
    put(row, "seconds", number(json_object_get(epoch, "seconds")));
    put(row, "figures", numbers(json_object_get(epoch, "figures")));
    add(out, row);
  }
  return out;
}

static json_t *describe_callbacks(const json_t *callbacks) {
  json_t *out = json_array(), *callback;
  size_t i;
  json_array_foreach(json_object_get(callbacks, "callbacks"), i, callback) {
    json_t *row = json_object();
    const char *kind = json_string_value(json_object_get(callback, "kind"));
    put(row, "kind", shown_text(kind ? kind : ""));
    put(row, "numbers", numbers(json_object_get(callback, "numbers")));
    put(row, "tensors", json_integer((json_int_t)json_array_size(json_object_get(callback, "tensors"))));
    add(out, row);
  }
  return out;
}

void describe_checkpoint(json_t *found, const char *place, const char *history, const char *callbacks) {
  json_t *out = json_object(), *parsed[3] = {parse(place), parse(history), parse(callbacks)};
  put(out, "place", describe_place(parsed[0]));
  put(out, "epochs", describe_epochs(parsed[1]));
  put(out, "callbacks", describe_callbacks(parsed[2]));
  put(found, "checkpoint", out);
  for (int i = 0; i < 3; i++)
    json_decref(parsed[i]);
}
