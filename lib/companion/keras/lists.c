/* lists: the kinds of values that are several: pairs, shapes, lists of numbers; and those that Keras alone has. */
#include "companion/keras/fields.h"

#include <string.h>

/* ---- whole numbers ---- */

static cnn_status append(json_t *list, json_t *item) {
  return json_array_append_new(list, item) < 0 ? keras__no_memory("a list") : CNN_OK;
}

/* The items of `from` from `first` on, each by the kind. */
static cnn_status read_items(json_t **out, const json_t *from, size_t first, const keras__kind *kind, const keras__place *place) {
  cnn_status status = keras__give(out, json_array());
  for (size_t i = first; status == CNN_OK && i < json_array_size(from); i++) {
    json_t *item = NULL;
    status = kind->read(&item, json_array_get(from, i), place);
    if (status == CNN_OK)
      status = append(*out, item);
  }
  if (status < 0) {
    json_decref(*out);
    *out = NULL;
  }
  return status;
}

/* The pieces of a text between separators. */
static cnn_status write_items(json_t *out, const char *text, char separator, const keras__kind *kind, const keras__place *place) {
  const char between[] = {separator, 0};
  for (;;) {
    char piece[64];
    json_t *item = NULL;
    size_t length = strcspn(text, between);
    cnn_format(piece, sizeof piece, "%.*s", (int)(length < 63 ? length : 63), text);
    cnn_status status = kind->write(&item, piece, place);
    if (status == CNN_OK)
      status = append(out, item);
    if (status < 0 || !text[length])
      return status;
    text += length + 1;
  }
}

static cnn_status write_list(json_t **out, json_t *start, const char *text, char separator, const keras__kind *kind, const keras__place *place) {
  cnn_status status = start ? write_items(start, text, separator, kind, place) : keras__no_memory("a list");
  if (status == CNN_OK)
    *out = start;
  else
    json_decref(start);
  return status;
}

static cnn_status pair_read(json_t **ours, const json_t *keras, const keras__place *place) {
  const json_t *list = keras__list(keras);
  if (json_is_null(keras))
    return keras__give(ours, json_string("auto"));
  if (json_is_integer(keras))
    return keras__give(ours, json_pack("[I, I]", json_integer_value(keras), json_integer_value(keras)));
  if (json_array_size(list) != 2)
    return keras__refuse(place, keras, "must be two whole numbers");
  return read_items(ours, list, 0, &keras__whole, place);
}
static cnn_status pair_write(json_t **keras, const char *ours, const keras__place *place) {
  cnn_status status = write_list(keras, json_array(), ours, ',', &keras__whole, place);
  if (status == CNN_OK && json_array_size(*keras) == 1)
    status = append(*keras, json_incref(json_array_get(*keras, 0)));
  if (status == CNN_OK && json_array_size(*keras) == 2)
    return CNN_OK;
  if (status == CNN_OK)
    status = keras__bad_text(place, ours);
  json_decref(*keras);
  *keras = NULL;
  return status;
}

/* The batch may be any; the rest is fixed here. */
static cnn_status shape_read(json_t **ours, const json_t *keras, const keras__place *place) {
  const json_t *list = keras__list(keras);
  size_t count = json_array_size(list);
  int32_t fits = count >= 2 && count <= CNN_MAX_RANK;
  for (size_t i = 1; i < count; i++)
    fits &= json_is_integer(json_array_get(list, i)) && json_integer_value(json_array_get(list, i)) > 0;
  if (!fits)
    return keras__refuse(place, keras, "must be the batch's axis and then whole numbers: shapes are fixed here");
  return read_items(ours, list, 1, &keras__whole, place);
}
static cnn_status shape_write(json_t **keras, const char *ours, const keras__place *place) {
  return write_list(keras, json_pack("[n]"), ours, ',', &keras__whole, place);
}

const keras__kind keras__pair = {pair_read, pair_write};
const keras__kind keras__shape = {shape_read, shape_write};

/* ---- lists of numbers, whose text goes by colons ---- */

static cnn_status numbers_read(json_t **ours, const json_t *keras, const keras__place *place) {
  char text[KERAS__TEXT] = "";
  const json_t *list = keras__list(keras);
  json_t *items = NULL;
  size_t used = 0;
  if (!list)
    return keras__refuse(place, keras, "must be a list of numbers");
  cnn_status status = read_items(&items, list, 0, &keras__number, place);
  for (size_t i = 0; i < json_array_size(items) && used < sizeof text; i++)
    used += (size_t)cnn_format(text + used, sizeof text - used, "%s%s", i ? ":" : "", json_string_value(json_array_get(items, i)));
  if (status == CNN_OK)
    status = used < sizeof text ? keras__give(ours, json_string(text)) : keras__refuse(place, keras, "has more numbers than libcnn takes");
  json_decref(items);
  return status;
}

static cnn_status numbers_write(json_t **keras, const char *ours, const keras__place *place) {
  return write_list(keras, json_array(), ours, ':', &keras__number, place);
}

static cnn_status step_write(json_t **keras, const char *ours, const keras__place *place) {
  double value;
  if (keras__read_number(&value, ours))
    return keras__bad_text(place, ours);
  return keras__give(keras, keras__is_whole(value) ? json_integer((json_int_t)value) : json_real(value));
}

static cnn_status steps_write(json_t **keras, const char *ours, const keras__place *place) {
  static const keras__kind step = {NULL, step_write};
  return write_list(keras, json_array(), ours, ':', &step, place);
}

const keras__kind keras__numbers = {numbers_read, numbers_write};
const keras__kind keras__steps = {numbers_read, steps_write};

/* ---- Keras's alone: written is the standard, by the table ---- */

static cnn_status write_nothing(json_t **keras, const char *ours, const keras__place *place) {
  (void)keras;
  return keras__bad_text(place, ours);
}

static cnn_status any_read(json_t **ours, const json_t *keras, const keras__place *place) {
  (void)ours, (void)keras, (void)place;
  return CNN_OK;
}

/* Nothing set: null, and what stands for it in older versions. */
static cnn_status nothing_read(json_t **ours, const json_t *keras, const keras__place *place) {
  (void)ours;
  if (json_is_null(keras) || json_is_false(keras) || (json_is_number(keras) && json_number_value(keras) == 0))
    return CNN_OK;
  return keras__refuse(place, keras, "libcnn has no such thing");
}

static cnn_status null_read(json_t **ours, const json_t *keras, const keras__place *place) {
  (void)ours;
  return json_is_null(keras) ? CNN_OK : keras__refuse(place, keras, "libcnn has no such thing");
}

static cnn_status last_read(json_t **ours, const json_t *keras, const keras__place *place) {
  const char *word = json_string_value(keras);
  (void)ours;
  if (json_is_null(keras) || (word && strcmp(word, "channels_last") == 0))
    return CNN_OK;
  return keras__refuse(place, keras, "libcnn has channels_last alone");
}

static cnn_status axis_read(json_t **ours, const json_t *keras, const keras__place *place) {
  (void)ours;
  if (json_is_integer(keras) && json_integer_value(keras) == -1)
    return CNN_OK;
  return keras__refuse(place, keras, "libcnn takes the last axis, -1");
}

static cnn_status axes_read(json_t **ours, const json_t *keras, const keras__place *place) {
  const json_t *list = keras__list(keras);
  return keras__whole.read(ours, json_array_size(list) == 1 ? json_array_get(list, 0) : keras, place);
}

/* A name, or {"class_name": "DTypePolicy", "config": {"name": "float32"}}. */
static cnn_status dtype_read(json_t **ours, const json_t *keras, const keras__place *place) {
  const char *word = json_string_value(keras);
  (void)ours;
  if (!word)
    word = json_string_value(json_object_get(json_object_get(keras, "config"), "name"));
  if (json_is_null(keras) || (word && strcmp(word, "float32") == 0))
    return CNN_OK;
  return keras__refuse(place, keras, "libcnn works in float32");
}

const keras__kind keras__any = {any_read, write_nothing};
const keras__kind keras__past = {any_read, NULL};
const keras__kind keras__null = {null_read, write_nothing};
const keras__kind keras__nothing = {nothing_read, write_nothing};
const keras__kind keras__past_nothing = {nothing_read, NULL};
const keras__kind keras__channels_last = {last_read, write_nothing};
const keras__kind keras__last_axis = {axis_read, write_nothing};
const keras__kind keras__axes = {axes_read, write_nothing};
const keras__kind keras__dtype = {dtype_read, write_nothing};
