/* objective: the tables of losses and metrics. */
#include "companion/keras/objective.h"

#include <string.h>

typedef struct kind {
  const char *ours, *class_name; /* class NULL: Keras has a name for it and no class */
  const char *name;              /* that Keras gives it, where it is not ours */
  const char *aliases;           /* other names, apart by blanks */
  const keras__field *fields;
} kind;

typedef struct kinds {
  const char *what, *module;
  const kind *list;
} kinds;

/* ---- losses ---- */

#define NAME KERAS__THEIRS("name", any, "null"), KERAS__THEIRS("fn", past, NULL)
#define LOSS NAME, KERAS__SAME("reduction", reduction, "\"sum_over_batch_size\""), KERAS__THEIRS("dtype", past, NULL)
#define LOGITS KERAS__SAME("from_logits", flag, "false")
#define SMOOTHING KERAS__SAME("label_smoothing", number, "0.0")
#define AXIS KERAS__THEIRS("axis", last_axis, "-1")

static const keras__field plain[] = {LOSS, {0}};
static const keras__field crossentropy[] = {LOSS, LOGITS, SMOOTHING, AXIS, {0}};
static const keras__field sparse[] = {LOSS, LOGITS, KERAS__SAME("ignore_class", class_or_null, "null"), KERAS__THEIRS("axis", past, NULL), {0}};
static const keras__field huber[] = {LOSS, KERAS__SAME("delta", number, "1.0"), {0}};
static const keras__field cosine[] = {LOSS, KERAS__THEIRS("axis", past, NULL), {0}};

static const kind loss_list[] = {
    {"categorical_crossentropy", "CategoricalCrossentropy", NULL, "", crossentropy},
    {"sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", NULL, "", sparse},
    {"binary_crossentropy", "BinaryCrossentropy", NULL, "bce BCE", crossentropy},
    {"mean_squared_error", "MeanSquaredError", NULL, "mse MSE", plain},
    {"mean_absolute_error", "MeanAbsoluteError", NULL, "mae MAE", plain},
    {"huber", "Huber", "huber_loss", "huber_loss", huber},
    {"log_cosh", "LogCosh", NULL, "logcosh", plain},
    {"poisson", "Poisson", NULL, "", plain},
    {"mean_absolute_percentage_error", "MeanAbsolutePercentageError", NULL, "mape MAPE", plain},
    {"mean_squared_logarithmic_error", "MeanSquaredLogarithmicError", NULL, "msle MSLE", plain},
    {"kl_divergence", "KLDivergence", NULL, "kld KLD kullback_leibler_divergence", plain},
    {"cosine_similarity", "CosineSimilarity", NULL, "", cosine},
    {"hinge", "Hinge", NULL, "", plain},
    {"squared_hinge", "SquaredHinge", NULL, "", plain},
    {"categorical_hinge", "CategoricalHinge", NULL, "", plain},
    {0}};

/* ---- metrics ---- */

#define METRIC NAME, KERAS__THEIRS("dtype", dtype, "\"float32\"")

static const keras__field mean[] = {METRIC, {0}};
static const keras__field above[] = {METRIC, KERAS__SAME("threshold", number, "0.5"), {0}};
static const keras__field top[] = {METRIC, KERAS__SAME("k", whole, "5"), {0}};
static const keras__field mean_crossentropy[] = {METRIC, LOGITS, KERAS__SAME("label_smoothing", number, "0"), AXIS, {0}};
static const keras__field mean_sparse[] = {METRIC, LOGITS, KERAS__THEIRS("ignore_class", null, "null"), AXIS, {0}};
static const keras__field mean_binary[] = {METRIC, LOGITS, KERAS__SAME("label_smoothing", number, "0"), {0}};
static const keras__field mean_cosine[] = {METRIC, KERAS__THEIRS("axis", past, NULL), {0}};

static const kind metric_list[] = {
    {"accuracy", NULL, NULL, "acc", mean},
    {"categorical_accuracy", "CategoricalAccuracy", NULL, "", mean},
    {"sparse_categorical_accuracy", "SparseCategoricalAccuracy", NULL, "", mean},
    {"binary_accuracy", "BinaryAccuracy", NULL, "", above},
    {"top_k_categorical_accuracy", "TopKCategoricalAccuracy", NULL, "", top},
    {"sparse_top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy", NULL, "", top},
    {"categorical_crossentropy", "CategoricalCrossentropy", NULL, "", mean_crossentropy},
    {"sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", NULL, "", mean_sparse},
    {"binary_crossentropy", "BinaryCrossentropy", NULL, "bce BCE", mean_binary},
    {"mean_squared_error", "MeanSquaredError", NULL, "mse MSE", mean},
    {"mean_absolute_error", "MeanAbsoluteError", NULL, "mae MAE", mean},
    {"root_mean_squared_error", "RootMeanSquaredError", NULL, "", mean},
    {"poisson", "Poisson", NULL, "", mean},
    {"mean_absolute_percentage_error", "MeanAbsolutePercentageError", NULL, "mape MAPE", mean},
    {"mean_squared_logarithmic_error", "MeanSquaredLogarithmicError", NULL, "msle MSLE", mean},
    {"kl_divergence", "KLDivergence", NULL, "", mean},
    {"cosine_similarity", "CosineSimilarity", NULL, "", mean_cosine},
    {"hinge", "Hinge", NULL, "", mean},
    {"squared_hinge", "SquaredHinge", NULL, "", mean},
    {"categorical_hinge", "CategoricalHinge", NULL, "", mean},
    {0}};

static const kinds losses = {"loss", "keras.losses", loss_list}, metrics = {"metric", "keras.metrics", metric_list};

/* ---- names ---- */

static int32_t is_among(const char *words, const char *name) {
  size_t length = strlen(name);
  for (const char *at = words; length && (at = strstr(at, name)); at++)
    if ((at == words || at[-1] == ' ') && (!at[length] || at[length] == ' '))
      return 1;
  return 0;
}

/* Does Keras take this name for the kind? */
static int32_t is_name_of(const kind *k, const char *name) {
  return strcmp(k->ours, name) == 0 || (k->class_name && strcmp(k->class_name, name) == 0) || is_among(k->aliases, name);
}

static const kind *find(const kinds *sort, const char *name) {
  const kind *list = sort->list;
  while (name && list->ours && !is_name_of(list, name))
    list++;
  return name && list->ours ? list : NULL;
}

static const kind *find_ours(const kinds *sort, const char *name) {
  const kind *list = sort->list;
  while (name && list->ours && strcmp(list->ours, name) != 0)
    list++;
  return name && list->ours ? list : NULL;
}

/* ---- from Keras ---- */

/* A function in the dress of a class is known by the function. */
static const char *function_of(const char *class_name, const json_t *config) {
  const json_t *none;
  if (class_name && (strcmp(class_name, "MeanMetricWrapper") == 0 || strcmp(class_name, "LossFunctionWrapper") == 0))
    return keras__class_of(json_object_get(config, "fn"), &none);
  return class_name;
}

static cnn_status unknown(const kinds *sort, const json_t *keras, const char *name) {
  if (!name)
    return keras__refuse(&(keras__place){"the training", sort->what}, keras, "libcnn needs one by its name or class");
  return cnn_error_set(CNN_EUNSUPPORTED, "the %s is %.64s, which libcnn has not", sort->what, name);
}

/* Type and options. *name: as Keras calls it, borrowed from keras or static. */
static cnn_status read_kind(const kinds *sort, const kind **found, json_t **attributes, const char **name, const json_t *keras) {
  const json_t *config;
  const char *class_name = keras__class_of(keras, &config);
  class_name = function_of(class_name, config);
  *found = keras__is_own(keras) ? find(sort, class_name) : NULL;
  if (*found && !(*found)->class_name && config)
    *found = NULL; /* Keras's class Accuracy compares for equality */
  if (!*found)
    return unknown(sort, keras, class_name);
  const char *called = json_string_value(json_object_get(config, "name"));
  *name = called ? called : json_is_string(keras) ? class_name : (*found)->ours;
  json_t *empty = json_object();
  cnn_status status = keras__give(attributes, json_object());
  if (status == CNN_OK)
    status = empty ? keras__fields_read(*attributes, config ? config : empty, (*found)->fields, (*found)->ours) : keras__no_memory("a loss");
  json_decref(empty);
  if (status < 0)
    json_decref(*attributes);
  return status;
}

cnn_status keras__loss_read(json_t **ours, const json_t *keras) {
  const kind *found;
  const char *name;
  json_t *attributes;
  cnn_status status = read_kind(&losses, &found, &attributes, &name, keras);
  return status < 0 ? status : keras__give(ours, json_pack("{s:s, s:o}", "type", found->ours, "attributes", attributes));
}

cnn_status keras__metric_read(json_t **ours, const json_t *keras, int32_t weighted) {
  const kind *found;
  const char *name;
  json_t *attributes;
  cnn_status status = read_kind(&metrics, &found, &attributes, &name, keras);
  return status < 0 ? status
                    : keras__give(ours, json_pack("{s:s, s:s, s:b, s:o}", "type", found->ours, "name", name, "weighted", (int)weighted,
                                                  "attributes", attributes));
}

/* ---- to Keras ---- */

/* Keras's config of these attributes; *standard: they are those that a name alone means. */
static cnn_status write_config(json_t **config, int32_t *standard, const kind *k, const json_t *attributes) {
  json_t *made = json_object(), *usual = json_object(), *empty = json_object();
  cnn_status status = made && usual && empty ? keras__fields_write(made, attributes, k->fields, k->ours) : keras__no_memory("a loss");
  if (status == CNN_OK)
    status = keras__fields_write(usual, empty, k->fields, k->ours);
  if (status == CNN_OK) {
    *standard = json_equal(made, usual);
    *config = json_incref(made);
  }
  json_decref(made);
  json_decref(usual);
  json_decref(empty);
  return status;
}

/* config is given away. */
static cnn_status write_object(json_t **keras, const kinds *sort, const kind *k, json_t *config, const char *name, int32_t legacy) {
  if (json_object_set_new(config, "name", json_string(name)) < 0) {
    json_decref(config);
    return keras__no_memory("a loss");
  }
  return keras__give(keras, legacy ? json_pack("{s:s, s:o}", "class_name", k->class_name, "config", config)
                                   : keras__object(sort->module, k->class_name, config));
}

cnn_status keras__loss_write(json_t **keras, const json_t *ours, int32_t legacy) {
  int32_t standard = 1;
  json_t *config = NULL;
  const char *type = json_string_value(json_is_string(ours) ? ours : json_object_get(ours, "type"));
  const kind *k = find_ours(&losses, type);
  if (!k)
    return cnn_error_set(CNN_EUNSUPPORTED, "the loss is '%.64s', which Keras has not", type ? type : "");
  cnn_status status = json_is_string(ours) ? CNN_OK : write_config(&config, &standard, k, json_object_get(ours, "attributes"));
  if (status == CNN_OK && !standard)
    return write_object(keras, &losses, k, config, k->name ? k->name : k->ours, legacy);
  json_decref(config);
  return status < 0 ? status : keras__give(keras, json_string(k->ours));
}

/* The accuracy that Keras takes for this loss. */
static const kind *accuracy_of(const json_t *loss) {
  static const char *const rows[][2] = {{"categorical_crossentropy", "categorical_accuracy"},
                                        {"sparse_categorical_crossentropy", "sparse_categorical_accuracy"},
                                        {"binary_crossentropy", "binary_accuracy"}};
  const char *type = json_string_value(json_is_string(loss) ? loss : json_object_get(loss, "type"));
  for (size_t i = 0; type && i < sizeof rows / sizeof *rows; i++)
    if (strcmp(rows[i][0], type) == 0)
      return find_ours(&metrics, rows[i][1]);
  return NULL;
}

cnn_status keras__metric_write(json_t **keras, const json_t *ours, const json_t *loss, int32_t legacy) {
  int32_t standard = 1;
  json_t *config = NULL;
  const char *type = json_string_value(json_is_string(ours) ? ours : json_object_get(ours, "type"));
  const char *given = json_string_value(json_object_get(ours, "name")), *name = given ? given : type;
  const kind *k = find_ours(&metrics, type);
  if (k && !is_name_of(k, name) && !k->class_name)
    k = accuracy_of(loss);
  if (!k || !name || !*name)
    return cnn_error_set(CNN_EUNSUPPORTED, "the metric is '%.64s' with the name '%.64s', which Keras has not", type ? type : "", name ? name : "");
  cnn_status status = json_is_string(ours) ? CNN_OK : write_config(&config, &standard, k, json_object_get(ours, "attributes"));
  if (status == CNN_OK && (!standard || !is_name_of(k, name)))
    return write_object(keras, &metrics, k, config, name, legacy);
  json_decref(config);
  return status < 0 ? status : keras__give(keras, json_string(name));
}
