/* value: the kinds of values, but for forms. */
#include "companion/keras/fields.h"

#include "io/json_reader.h"

#include <stdlib.h>
#include <string.h>

#define MOST_WHOLE 9007199254740992.0 /* 2^53 */
#define MOST_FLOAT 3.4028234663852886e38

/* ---- what they are made of ---- */

cnn_status keras__give(json_t **out, json_t *value) {
  *out = value;
  return value ? CNN_OK : keras__no_memory("Keras's JSON");
}

cnn_status keras__refuse(const keras__place *place, const json_t *value, const char *must) {
  char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
  cnn_status status = cnn_error_set(CNN_EUNSUPPORTED, "%s: %s is %.96s, %s", place->of, place->key, text ? text : "odd", must);
  free(text);
  return status;
}

cnn_status keras__bad_text(const keras__place *place, const char *ours) {
  return cnn_error_set(CNN_EFORMAT, "%s: %s is '%.96s', no such value", place->of, place->key, ours);
}

const json_t *keras__list(const json_t *value) {
  const char *word = json_string_value(json_object_get(value, "class_name"));
  if (word && strcmp(word, "__tuple__") == 0)
    value = json_object_get(value, "items");
  return json_is_array(value) ? value : NULL;
}

const char *keras__class_of(const json_t *value, const json_t **config) {
  *config = NULL;
  if (json_is_string(value))
    return json_string_value(value);
  const char *class_name = json_string_value(json_object_get(value, "class_name"));
  *config = json_object_get(value, "config");
  if (!class_name || strcmp(class_name, "function") != 0)
    return class_name;
  const char *function = json_string_value(*config);
  *config = NULL;
  return function;
}

int32_t keras__is_own(const json_t *value) {
  static const char *const roots[] = {"keras", "tf_keras", "tensorflow", "builtins"};
  const char *module = json_string_value(json_object_get(value, "module"));
  if (!module)
    return 1;
  for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
    size_t length = strlen(roots[i]);
    if (strncmp(module, roots[i], length) == 0 && (!module[length] || module[length] == '.'))
      return 1;
  }
  return 0;
}

json_t *keras__object(const char *module, const char *class_name, json_t *config) {
  return config ? json_pack("{s:s, s:s, s:o, s:n}", "module", module, "class_name", class_name, "config", config, "registered_name")
                : NULL;
}

/* ---- numbers ---- */

int32_t keras__read_number(double *out, const char *text) { return cnn__json_number(out, text); }

void keras__float_text(char text[32], float value) {
  if (value > -1e6f && value < 1e6f && value == (float)(int32_t)value && value != 0) {
    cnn_format(text, 32, "%d", (int)value);
    return;
  }
  for (int digits = 1; digits <= 9; digits++) {
    double back = 0;
    cnn_format(text, 32, "%.*g", digits, (double)value);
    if (!keras__read_number(&back, text) && (float)back == value)
      return;
  }
}

int32_t keras__is_whole(double value) {
  return value >= -MOST_WHOLE && value <= MOST_WHOLE && value == (double)(int64_t)value;
}

/* Whole, also where it is written with a point. Non-zero: it is not. */
static int32_t read_whole(int64_t *out, const json_t *value) {
  if (json_is_real(value) && keras__is_whole(json_real_value(value)))
    *out = (int64_t)json_real_value(value);
  else if (json_is_integer(value))
    *out = json_integer_value(value);
  else
    return 1;
  return 0;
}

/* The decimal of a number that float32 holds. Non-zero: it is no such number. */
static int32_t float_of(char text[32], const json_t *value) {
  double real = json_number_value(value);
  if (!json_is_number(value) || !(real >= -MOST_FLOAT && real <= MOST_FLOAT))
    return 1;
  keras__float_text(text, (float)real);
  return 0;
}

static cnn_status whole_read(json_t **ours, const json_t *keras, const keras__place *place) {
  int64_t value;
  return read_whole(&value, keras) ? keras__refuse(place, keras, "must be a whole number") : keras__give(ours, json_integer(value));
}

static cnn_status whole_write(json_t **keras, const char *ours, const keras__place *place) {
  double value;
  if (keras__read_number(&value, ours) || !keras__is_whole(value))
    return keras__bad_text(place, ours);
  return keras__give(keras, json_integer((json_int_t)value));
}

static cnn_status number_read(json_t **ours, const json_t *keras, const keras__place *place) {
  char text[32];
  return float_of(text, keras) ? keras__refuse(place, keras, "must be a number that float32 holds") : keras__give(ours, json_string(text));
}

static cnn_status number_write(json_t **keras, const char *ours, const keras__place *place) {
  double value;
  return keras__read_number(&value, ours) ? keras__bad_text(place, ours) : keras__give(keras, json_real(value));
}

/* A number that stands for "none" in ours is null in Keras's. */
static cnn_status whole_or_null_read(json_t **ours, const json_t *keras, const keras__place *place) {
  return json_is_null(keras) ? keras__give(ours, json_integer(0)) : whole_read(ours, keras, place);
}
static cnn_status whole_or_null_write(json_t **keras, const char *ours, const keras__place *place) {
  return strcmp(ours, "0") == 0 ? keras__give(keras, json_null()) : whole_write(keras, ours, place);
}
static cnn_status class_or_null_read(json_t **ours, const json_t *keras, const keras__place *place) {
  return json_is_null(keras) ? keras__give(ours, json_integer(-1)) : whole_read(ours, keras, place);
}
static cnn_status class_or_null_write(json_t **keras, const char *ours, const keras__place *place) {
  return strcmp(ours, "-1") == 0 ? keras__give(keras, json_null()) : whole_write(keras, ours, place);
}
static cnn_status number_or_null_read(json_t **ours, const json_t *keras, const keras__place *place) {
  return json_is_null(keras) ? keras__give(ours, json_string("0")) : number_read(ours, keras, place);
}
static cnn_status number_or_null_write(json_t **keras, const char *ours, const keras__place *place) {
  return strcmp(ours, "0") == 0 ? keras__give(keras, json_null()) : number_write(keras, ours, place);
}

const keras__kind keras__whole = {whole_read, whole_write};
const keras__kind keras__whole_or_null = {whole_or_null_read, whole_or_null_write};
const keras__kind keras__class_or_null = {class_or_null_read, class_or_null_write};
const keras__kind keras__number = {number_read, number_write};
const keras__kind keras__number_or_null = {number_or_null_read, number_or_null_write};

/* ---- words ---- */

static cnn_status flag_read(json_t **ours, const json_t *keras, const keras__place *place) {
  return json_is_boolean(keras) ? keras__give(ours, json_boolean(json_is_true(keras))) : keras__refuse(place, keras, "must be true or false");
}
static cnn_status flag_write(json_t **keras, const char *ours, const keras__place *place) {
  int32_t yes = strcmp(ours, "true") == 0;
  return yes || strcmp(ours, "false") == 0 ? keras__give(keras, json_boolean(yes)) : keras__bad_text(place, ours);
}

static cnn_status name_read(json_t **ours, const json_t *keras, const keras__place *place) {
  const char *name = json_string_value(keras);
  return name && *name ? keras__give(ours, json_string(name)) : keras__refuse(place, keras, "must be a name");
}
static cnn_status name_write(json_t **keras, const char *ours, const keras__place *place) {
  return *ours ? keras__give(keras, json_string(ours)) : keras__bad_text(place, ours);
}

/* Words that are the same on both sides; a second spelling of Keras's, where there is one. */
typedef struct word {
  const char *ours, *alias;
} word;

static const word *find(const word *words, const char *text, int32_t aliases) {
  for (; text && words->ours; words++)
    if (strcmp(words->ours, text) == 0 || (aliases && words->alias && strcmp(words->alias, text) == 0))
      return words;
  return NULL;
}

static cnn_status word_write(const word *words, json_t **keras, const char *ours, const keras__place *place) {
  return find(words, ours, 0) ? keras__give(keras, json_string(ours)) : keras__bad_text(place, ours);
}

static const word paddings[] = {{"valid", NULL}, {"same", NULL}, {0}};
static const word reductions[] = {{"sum_over_batch_size", "auto"}, {"sum_over_batch_size", "mean"}, {"sum", NULL}, {"mean_with_sample_weight", NULL}, {0}};
static const word activations[] = {{"linear", NULL}, {"relu", NULL}, {"sigmoid", NULL}, {"tanh", NULL}, {"softmax", NULL}, {"leaky_relu", NULL},
                                   {"elu", NULL}, {"gelu", NULL}, {"softplus", NULL}, {"silu", "swish"}, {0}};

static cnn_status padding_read(json_t **ours, const json_t *keras, const keras__place *place) {
  const word *found = find(paddings, json_string_value(keras), 1);
  return found ? keras__give(ours, json_string(found->ours)) : keras__refuse(place, keras, "libcnn has valid and same");
}
static cnn_status padding_write(json_t **keras, const char *ours, const keras__place *place) {
  return word_write(paddings, keras, ours, place);
}

static cnn_status reduction_read(json_t **ours, const json_t *keras, const keras__place *place) {
  const word *found = find(reductions, json_string_value(keras), 1);
  return found ? keras__give(ours, json_string(found->ours))
               : keras__refuse(place, keras, "libcnn has sum_over_batch_size, sum and mean_with_sample_weight");
}
static cnn_status reduction_write(json_t **keras, const char *ours, const keras__place *place) {
  return word_write(reductions, keras, ours, place);
}

static cnn_status activation_read(json_t **ours, const json_t *keras, const keras__place *place) {
  const json_t *config;
  const word *found = json_is_null(keras) ? activations : find(activations, keras__class_of(keras, &config), 1);
  return found && keras__is_own(keras)
             ? keras__give(ours, json_string(found->ours))
             : keras__refuse(place, keras, "libcnn has linear, relu, sigmoid, tanh, softmax, leaky_relu, elu, gelu, softplus and silu here");
}
static cnn_status activation_write(json_t **keras, const char *ours, const keras__place *place) {
  return word_write(activations, keras, ours, place);
}

const keras__kind keras__flag = {flag_read, flag_write};
const keras__kind keras__name = {name_read, name_write};
const keras__kind keras__padding = {padding_read, padding_write};
const keras__kind keras__reduction = {reduction_read, reduction_write};
const keras__kind keras__activation = {activation_read, activation_write};
