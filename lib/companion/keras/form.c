/* form: initialisers and regularizers: in Keras objects of a class with options, in ours a text, "random_normal(mean=0,stddev=0.05)". */
#include "companion/keras/call.h"

#include <string.h>

typedef struct form {
  const char *ours, *class_name;
  const char *alias; /* another name that Keras takes; NULL: none */
  const keras__field *fields;
} form;

/* What describes forms of one sort. */
typedef struct forms {
  const char *module, *known;
  const form *list;
} forms;

#define SEED KERAS__THEIRS("seed", any, "null")
#define AXES KERAS__THEIRS("input_axes", nothing, "null"), KERAS__THEIRS("output_axes", nothing, "null")
#define PAST KERAS__THEIRS("dtype", past, NULL), {0}
#define NUMBER(key, standard) KERAS__SAME(key, number, standard)

static const keras__field none[] = {PAST};
static const keras__field by_fans[] = {SEED, AXES, PAST};
static const keras__field constant[] = {NUMBER("value", "0.0"), PAST};
static const keras__field normal[] = {SEED, NUMBER("mean", "0.0"), NUMBER("stddev", "0.05"), PAST};
static const keras__field uniform[] = {SEED, NUMBER("minval", "-0.05"), NUMBER("maxval", "0.05"), PAST};
static const keras__field orthogonal[] = {SEED, NUMBER("gain", "1.0"), PAST};
static const keras__field l1[] = {NUMBER("l1", "0.01"), {0}};
static const keras__field l2[] = {NUMBER("l2", "0.01"), {0}};
static const keras__field l1_l2[] = {NUMBER("l1", "0.0"), NUMBER("l2", "0.0"), {0}};

static const form initializer_list[] = {
    {"zeros", "Zeros", "zero", none},
    {"ones", "Ones", "one", none},
    {"glorot_uniform", "GlorotUniform", NULL, by_fans},
    {"he_uniform", "HeUniform", NULL, by_fans},
    {"lecun_uniform", "LecunUniform", NULL, by_fans},
    {"glorot_normal", "GlorotNormal", NULL, by_fans},
    {"he_normal", "HeNormal", NULL, by_fans},
    {"lecun_normal", "LecunNormal", NULL, by_fans},
    {"constant", "Constant", NULL, constant},
    {"truncated_normal", "TruncatedNormal", NULL, normal},
    {"random_uniform", "RandomUniform", "uniform", uniform},
    {"random_normal", "RandomNormal", "normal", normal},
    {"orthogonal", "Orthogonal", "OrthogonalInitializer", orthogonal},
    {0},
};
static const form regularizer_list[] = {{"l1", "L1", NULL, l1}, {"l2", "L2", NULL, l2}, {"l1_l2", "L1L2", NULL, l1_l2}, {0}};

static const forms initializers = {
    "keras.initializers",
    "libcnn has zeros, ones, glorot, he and lecun in uniform and normal, constant, truncated_normal, random_uniform, random_normal, orthogonal",
    initializer_list};
static const forms regularizers = {"keras.regularizers", "libcnn has L1, L2 and L1L2", regularizer_list};

static const form *find(const forms *sort, const char *name) {
  const form *list = sort->list;
  while (list->ours && strcmp(list->ours, name) != 0 && strcmp(list->class_name, name) != 0 &&
         !(list->alias && strcmp(list->alias, name) == 0))
    list++;
  return list->ours ? list : NULL;
}

/* ---- from Keras ---- */

static cnn_status read_options(json_t **ours, const form *found, const json_t *config, const keras__place *place) {
  char of[256];
  json_t *empty = json_object(), *made = json_object();
  cnn_format(of, sizeof of, "%s: %s %s", place->of, place->key, found->class_name);
  cnn_status status = empty && made ? keras__fields_read(made, config ? config : empty, found->fields, of) : keras__no_memory(of);
  if (status == CNN_OK)
    status = keras__call_text(ours, found->ours, found->fields, made);
  json_decref(empty);
  json_decref(made);
  return status;
}

/* The general scheme behind the named ones, as early versions of Keras wrote them. */
static const char *name_of_scaling(const json_t *config) {
  static const struct {
    double scale;
    const char *mode, *distribution, *name;
  } rows[] = {{1, "fan_avg", "uniform", "glorot_uniform"}, {2, "fan_in", "uniform", "he_uniform"}, {1, "fan_in", "uniform", "lecun_uniform"},
              {1, "fan_avg", "normal", "glorot_normal"},   {2, "fan_in", "normal", "he_normal"},   {1, "fan_in", "normal", "lecun_normal"}};
  const char *mode = json_string_value(json_object_get(config, "mode"));
  const char *distribution = json_string_value(json_object_get(config, "distribution"));
  if (!mode || !distribution)
    return NULL;
  if (strcmp(distribution, "truncated_normal") == 0)
    distribution = "normal";
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (json_number_value(json_object_get(config, "scale")) == rows[i].scale && strcmp(mode, rows[i].mode) == 0 &&
        strcmp(distribution, rows[i].distribution) == 0)
      return rows[i].name;
  return NULL;
}

static cnn_status read_form(const forms *sort, json_t **ours, const json_t *keras, const keras__place *place) {
  const json_t *config;
  const char *name = keras__class_of(keras, &config);
  if (name && strcmp(name, "VarianceScaling") == 0) {
    name = name_of_scaling(config);
    config = NULL;
  }
  const form *found = name && keras__is_own(keras) ? find(sort, name) : NULL;
  return found ? read_options(ours, found, config, place) : keras__refuse(place, keras, sort->known);
}

/* ---- to Keras ---- */

static cnn_status write_form(const forms *sort, json_t **keras, const char *ours, const keras__place *place) {
  char name[64];
  keras__call_name(name, ours);
  const form *found = find(sort, name);
  json_t *numbers = json_object(), *config = json_object();
  cnn_status status = numbers && config ? CNN_OK : keras__no_memory(place->of);
  if (status == CNN_OK)
    status = found && strcmp(found->ours, name) == 0 ? keras__call_options(numbers, found->fields, ours) : CNN_STOP;
  if (status == CNN_STOP)
    status = keras__bad_text(place, ours);
  if (status == CNN_OK)
    status = keras__fields_write(config, numbers, found->fields, place->of);
  if (status == CNN_OK)
    status = keras__give(keras, keras__object(sort->module, found->class_name, json_incref(config)));
  json_decref(numbers);
  json_decref(config);
  return status;
}

/* ---- the two kinds ---- */

static cnn_status initializer_read(json_t **ours, const json_t *keras, const keras__place *place) {
  return read_form(&initializers, ours, keras, place);
}
static cnn_status initializer_write(json_t **keras, const char *ours, const keras__place *place) {
  return write_form(&initializers, keras, ours, place);
}

static cnn_status regularizer_read(json_t **ours, const json_t *keras, const keras__place *place) {
  return json_is_null(keras) ? keras__give(ours, json_string("none")) : read_form(&regularizers, ours, keras, place);
}
static cnn_status regularizer_write(json_t **keras, const char *ours, const keras__place *place) {
  return strcmp(ours, "none") == 0 ? keras__give(keras, json_null()) : write_form(&regularizers, keras, ours, place);
}

const keras__kind keras__initializer = {initializer_read, initializer_write};
const keras__kind keras__regularizer = {regularizer_read, regularizer_write};
