/* hostile_json: descriptions that no Keras wrote: every value of good ones replaced by every wrong kind, taken away, nested, made huge. Each is
 * refused with one sentence, or read; nothing is left behind. */
#include "mapping.h"
#include "reference.h"
#include "suite.h"

#include "companion/keras/json.h"

#include <cnn/cnn.h>

#include <stdlib.h>
#include <string.h>

typedef cnn_status reader(json_t **out, const json_t *from);

static cnn_status read_training(json_t **out, const json_t *from) {
  double rate;
  return keras__compile_read(out, &rate, from);
}
static cnn_status write_model(json_t **out, const json_t *from) { return keras__config_write(out, from, KERAS__ARCHIVE); }
static cnn_status write_training(json_t **out, const json_t *from) { return keras__compile_write(out, from, 0.5, KERAS__LEGACY); }

static json_t *wrong[24];
static size_t wrong_count;
static int64_t tried, refused;

static void begin(void) {
  static const char *const texts[] = {"null", "true", "false", "-1", "0", "3", "9223372036854775807", "-9223372036854775807", "1e308", "-0.5", "\"\"",
                                      "\"x\"", "\"a(\"", "\"l2(l2=)\"", "\"constant(value=nan)\"", "[]", "{}", "[[[1]]]", "[null, null]",
                                      "{\"class_name\": 3}", "{\"class_name\": \"function\", \"config\": {}}", "[9223372036854775807, 2]",
                                      "{\"class_name\": \"__tuple__\", \"items\": 3}"};
  wrong_count = sizeof texts / sizeof *texts;
  for (size_t i = 0; i < wrong_count; i++)
    wrong[i] = json_loads(texts[i], JSON_DECODE_ANY, NULL);
  char *large = malloc(1 << 20);
  memset(large, 'x', (1 << 20) - 1);
  large[(1 << 20) - 1] = 0;
  wrong[wrong_count++] = json_string(large);
  free(large);
  tried = refused = 0;
}

static void end(void) {
  for (size_t i = 0; i < wrong_count; i++)
    json_decref(wrong[i]);
  ck_assert_int_gt(tried, 1000);
  ck_assert_int_gt(refused, tried / 3);
}

static void try(reader *read, const json_t *root) {
  json_t *out = NULL;
  cnn_status status = read(&out, root);
  tried++;
  refused += status < 0;
  ck_assert_int_eq(out == NULL, status < 0);
  ck_assert(status == CNN_OK || (status < 0 && cnn_error_text()[0]));
  ck_assert_msg(status != CNN_ENOMEM && status != CNN_EINTERNAL && status != CNN_EINVAL, "%s: %s", cnn_status_name(status), cnn_error_text());
  json_decref(out);
}

static void spoil(reader *read, json_t *root, json_t *at);

static void spoil_members(reader *read, json_t *root, json_t *object) {
  size_t count = 0;
  const char *key, *keys[64];
  json_t *value;
  json_object_foreach(object, key, value) {
    ck_assert_uint_lt(count, 64);
    keys[count++] = key;
  }
  for (size_t k = 0; k < count; k++) {
    json_t *kept = json_incref(json_object_get(object, keys[k]));
    char name[256];
    cnn_format(name, sizeof name, "%s", keys[k]);
    for (size_t i = 0; i < wrong_count; i++) {
      json_object_set(object, name, wrong[i]);
      try(read, root);
    }
    json_object_set(object, name, kept);
    spoil(read, root, kept);
    json_t *fewer = json_copy(object);
    json_object_del(object, name);
    try(read, root);
    json_object_clear(object);
    json_object_update(object, fewer);
    json_decref(fewer);
    json_decref(kept);
    count = 0; /* keys may have moved */
    json_object_foreach(object, key, value)
      keys[count++] = key;
  }
}

static void spoil_items(reader *read, json_t *root, json_t *array) {
  for (size_t k = 0; k < json_array_size(array); k++) {
    json_t *kept = json_incref(json_array_get(array, k));
    for (size_t i = 0; i < wrong_count; i++) {
      json_array_set(array, k, wrong[i]);
      try(read, root);
    }
    json_array_set(array, k, kept);
    json_array_append(array, kept);
    try(read, root);
    json_array_remove(array, json_array_size(array) - 1);
    json_array_remove(array, k);
    try(read, root);
    json_array_insert(array, k, kept);
    spoil(read, root, kept);
    json_decref(kept);
  }
}

static void spoil(reader *read, json_t *root, json_t *at) {
  if (json_is_object(at))
    spoil_members(read, root, at);
  else if (json_is_array(at))
    spoil_items(read, root, at);
}

/* Of a case with a graph, whose description is the longest there is. */
static json_t *longest(const char *path, const char *layout) {
  size_t most = 0;
  json_t *cases = reference_json(path), *found = NULL;
  for (size_t i = 0; i < json_array_size(cases); i++) {
    json_t *description = json_object_get(json_array_get(cases, i), layout);
    char *text = json_dumps(description, 0);
    if (strlen(text) > most) {
      most = strlen(text);
      found = description;
    }
    free(text);
  }
  json_incref(found);
  json_decref(cases);
  return found;
}

START_TEST(models_of_keras) {
  json_t *root = longest("keras/models.json", "archive");
  begin();
  spoil(keras__config_read, root, root);
  end();
  json_decref(root);
}
END_TEST

START_TEST(trainings_of_keras) {
  json_t *root = longest("keras/trainings.json", "archive");
  begin();
  spoil(read_training, root, root);
  end();
  json_decref(root);
}
END_TEST

START_TEST(our_own_notes) {
  double rate;
  json_t *model = longest("keras/models.json", "archive"), *training = longest("keras/trainings.json", "archive"), *ours = NULL;
  begin();
  ck_assert_int_eq(keras__config_read(&ours, model), CNN_OK);
  spoil(write_model, ours, ours);
  json_decref(ours);
  ck_assert_int_eq(keras__compile_read(&ours, &rate, training), CNN_OK);
  spoil(write_training, ours, ours);
  json_decref(ours);
  end();
  json_decref(model);
  json_decref(training);
}
END_TEST

/* ---- single ones, with what is said ---- */

static void says(reader *read, const char *json, cnn_status code, const char *part) {
  json_t *root = json_loads(json, 0, NULL), *out = NULL;
  ck_assert_msg(root != NULL, "%s", json);
  cnn_status status = read(&out, root);
  ck_assert_msg(status == code, "%s: %s, %s", json, cnn_status_name(status), cnn_error_text());
  ck_assert_msg(strstr(cnn_error_text(), part) != NULL, "%s\nis not said in\n%s", part, cnn_error_text());
  json_decref(root);
}

#define INPUT "{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"in\", \"batch_shape\": [null, 4, 4, 2]}}"
#define CHAIN(layer) "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\", \"layers\": [" INPUT ", " layer "]}}"
#define LAYER(class_name, more) "{\"class_name\": \"" class_name "\", \"config\": {\"name\": \"it\"" more "}}"
#define NODE(name, class_name, inputs) "{\"class_name\": \"" class_name "\", \"name\": \"" name "\", \"config\": {\"name\": \"" name "\"}, \"inbound_nodes\": [[" inputs "]]}"
#define GRAPH(layers, output)                                                                                          \
  "{\"class_name\": \"Functional\", \"config\": {\"name\": \"m\", \"layers\": [{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"name\": \"in\", " \
  "\"batch_shape\": [null, 4]}, \"inbound_nodes\": []}, " layers "], \"input_layers\": [[\"in\", 0, 0]], \"output_layers\": [[\"" output "\", 0, 0]]}}"

START_TEST(what_is_said_of_layers) {
  reader *read = keras__config_read;
  says(read, CHAIN(LAYER("Lambda", "")), CNN_EUNSUPPORTED, "layer 'it' is a Lambda, which libcnn has not");
  says(read, CHAIN("{\"module\": \"evil.code\", \"class_name\": \"Dense\", \"config\": {\"name\": \"it\", \"units\": 3}}"), CNN_EUNSUPPORTED, "layer 'it' is a Dense");
  says(read, CHAIN(LAYER("Dense", ", \"units\": 3, \"kernel_constraint\": {\"class_name\": \"NonNeg\", \"config\": {}}")), CNN_EUNSUPPORTED,
       "layer 'it' (Dense): kernel_constraint is {\"class_name\":\"NonNeg\"");
  says(read, CHAIN(LAYER("Dense", ", \"units\": 3, \"activity_regularizer\": \"l2\"")), CNN_EUNSUPPORTED, "activity_regularizer is \"l2\"");
  says(read, CHAIN(LAYER("Conv2D", ", \"filters\": 3, \"kernel_size\": 3, \"padding\": \"causal\"")), CNN_EUNSUPPORTED,
       "layer 'it' (Conv2D): padding is \"causal\", libcnn has valid and same");
  says(read, CHAIN(LAYER("Conv2D", ", \"filters\": 3, \"kernel_size\": 3, \"data_format\": \"channels_first\"")), CNN_EUNSUPPORTED, "channels_last alone");
  says(read, CHAIN(LAYER("Conv2D", ", \"kernel_size\": 3")), CNN_EFORMAT, "filters is missing");
  says(read, CHAIN(LAYER("Dense", ", \"units\": 3, \"dtype\": \"mixed_float16\"")), CNN_EUNSUPPORTED, "dtype is \"mixed_float16\", libcnn works in float32");
  says(read, CHAIN(LAYER("Dense", ", \"units\": 3, \"colour\": \"red\"")), CNN_EUNSUPPORTED, "colour is \"red\", libcnn does not know this option");
  says(read, CHAIN(LAYER("Dense", ", \"units\": 3, \"activation\": \"mish\"")), CNN_EUNSUPPORTED, "activation is \"mish\"");
  says(read, CHAIN(LAYER("BatchNormalization", ", \"axis\": 1")), CNN_EUNSUPPORTED, "axis is 1, libcnn normalises over the last one");
  says(read, CHAIN(LAYER("BatchNormalization", ", \"renorm\": true")), CNN_EUNSUPPORTED, "renorm is true");
  says(read, CHAIN(LAYER("ReLU", ", \"max_value\": 6.0")), CNN_EUNSUPPORTED, "max_value is 6.0");
  says(read, "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [" LAYER("Dense", ", \"units\": 3") "]}}", CNN_EUNSUPPORTED, "was never built");
  says(read, CHAIN(INPUT), CNN_EUNSUPPORTED, "layer 'in' (InputLayer): reads 1 layers, none here");
  says(read, "{\"class_name\": \"MyModel\", \"config\": {}}", CNN_EUNSUPPORTED, "it is a MyModel");
}
END_TEST

START_TEST(what_is_said_of_graphs) {
  reader *read = keras__config_read;
  says(read, GRAPH(NODE("a", "Flatten", "[\"b\", 0, 0, {}]") ", " NODE("b", "Flatten", "[\"a\", 0, 0, {}]"), "b"), CNN_EFORMAT, "by way of others, itself");
  says(read, GRAPH(NODE("a", "Flatten", "[\"in\", 0, 0, {}]") ", " NODE("a", "Flatten", "[\"in\", 0, 0, {}]"), "a"), CNN_EFORMAT, "two layers have the name 'a'");
  says(read, GRAPH(NODE("a", "Flatten", "[\"gone\", 0, 0, {}]"), "a"), CNN_EFORMAT, "reads 'gone', which is no layer");
  says(read, GRAPH(NODE("a", "Flatten", "[\"in\", 1, 0, {}]"), "a"), CNN_EUNSUPPORTED, "reads call 1, output 0 of 'in'");
  says(read, GRAPH(NODE("a", "Flatten", "[\"in\", 0, 0, {\"training\": false}]"), "a"), CNN_EUNSUPPORTED, "training is false");
  says(read, GRAPH(NODE("a", "Flatten", "[\"in\", 0, 0, {}]") ", " NODE("b", "Flatten", "[\"in\", 0, 0, {}]"), "a"), CNN_EUNSUPPORTED, "'b' does not lead to the output");
  says(read, GRAPH(NODE("a", "Add", "[\"in\", 0, 0, {}]"), "a"), CNN_EUNSUPPORTED, "layer 'a' (Add): reads 1 layers, 2 or more here");
  says(read, GRAPH(NODE("a", "Flatten", "[\"in\", 0, 0, {}], [\"in\", 0, 0, {}]"), "a"), CNN_EUNSUPPORTED, "reads 2 layers, one here");
}
END_TEST

#define CALLED(keywords)                                                                                               \
  GRAPH("{\"class_name\": \"Flatten\", \"name\": \"a\", \"config\": {\"name\": \"a\"}, \"inbound_nodes\": [{\"args\": [{\"class_name\": \"__keras_tensor__\", \"config\": "    \
        "{\"shape\": [null, 4], \"dtype\": \"float32\", \"keras_history\": [\"in\", 0, 0]}}], \"kwargs\": {" keywords "}}]}", "a")

/* Keras 3's fit and predict override training, of whatever a call says; other keywords count. */
START_TEST(what_calls_say_of_training) {
  static const char *const idle[] = {CALLED(""), CALLED("\"training\": false"), CALLED("\"training\": true, \"mask\": null")};
  for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
    json_t *root = json_loads(idle[i], 0, NULL), *out = NULL;
    ck_assert_msg(keras__config_read(&out, root) == CNN_OK, "%s: %s", idle[i], cnn_error_text());
    json_decref(root);
    json_decref(out);
  }
  says(keras__config_read, CALLED("\"training\": 1"), CNN_EUNSUPPORTED, "training is 1");
  says(keras__config_read, CALLED("\"mask\": true"), CNN_EUNSUPPORTED, "mask is true");
}
END_TEST

#define TRAINING(optimizer, loss, metrics) "{\"optimizer\": " optimizer ", \"loss\": " loss ", \"metrics\": " metrics "}"

START_TEST(what_is_said_of_trainings) {
  reader *read = read_training;
  says(read, TRAINING("\"muon\"", "\"mse\"", "null"), CNN_EUNSUPPORTED, "the optimizer is muon, which libcnn has not");
  says(read, TRAINING("null", "\"mse\"", "null"), CNN_EUNSUPPORTED, "the optimizer is not said");
  says(read, TRAINING("\"adam\"", "null", "null"), CNN_EUNSUPPORTED, "libcnn needs one by its name or class");
  says(read, TRAINING("\"adam\"", "\"dice\"", "null"), CNN_EUNSUPPORTED, "the loss is dice");
  says(read, TRAINING("\"adam\"", "\"mse\"", "[\"auc\"]"), CNN_EUNSUPPORTED, "the metric is auc");
  says(read, TRAINING("\"adam\"", "\"mse\"", "[{\"class_name\": \"Accuracy\", \"config\": {\"name\": \"accuracy\"}}]"), CNN_EUNSUPPORTED, "the metric is Accuracy");
  says(read, TRAINING("\"adam\"", "{\"class_name\": \"CategoricalCrossentropy\", \"config\": {\"reduction\": \"none\"}}", "null"), CNN_EUNSUPPORTED, "reduction is \"none\"");
  says(read, TRAINING("{\"class_name\": \"Adam\", \"config\": {\"learning_rate\": {\"class_name\": \"MyDecay\", \"config\": {}}}}", "\"mse\"", "null"), CNN_EUNSUPPORTED,
       "learning_rate is {\"class_name\":\"MyDecay\"");
  says(read, "{\"optimizer\": \"adam\", \"loss\": \"mse\", \"loss_weights\": [0.5]}", CNN_EUNSUPPORTED, "loss_weights is [0.5]");
  says(write_training, "{\"optimizer\": {\"name\": \"adam\", \"attributes\": {\"exclude_from_weight_decay\": \"bias\"}}, \"loss\": \"huber\", \"metrics\": []}",
       CNN_EUNSUPPORTED, "exclude_from_weight_decay is 'bias'");
  says(write_training, "{\"optimizer\": {\"name\": \"adam\", \"attributes\": {}}, \"loss\": {\"type\": \"mine\", \"attributes\": {}}, \"metrics\": []}", CNN_EUNSUPPORTED,
       "the loss is 'mine', which Keras has not");
  says(write_model, "{\"name\": \"m\", \"layers\": [{\"type\": \"input\", \"name\": \"in\", \"inputs\": [], \"attributes\": {\"shape\": [4]}}, {\"type\": \"activation\", \"name\": "
       "\"a\", \"inputs\": [\"in\"], \"attributes\": {\"activation\": \"gelu\", \"approximate\": true}}]}", CNN_EUNSUPPORTED, "Keras has no layer for this function");
}
END_TEST

/* What Keras 2 and its early versions wrote. */
START_TEST(old_spellings) {
  static const char *const rows[][2] = {
      {"{\"class_name\": \"Custom>Adam\", \"config\": {\"learning_rate\": 0.5, \"jit_compile\": true, \"is_legacy_optimizer\": false}}", "\"learning_rate\":\"0.5\""},
      {"{\"class_name\": \"SGD\", \"config\": {\"lr\": 0.5, \"decay\": 0.25}}",
       "inverse_time_decay(initial_learning_rate=0.5,decay_steps=1,decay_rate=0.25,staircase=false)"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    double rate = 0;
    json_t *ours = NULL, *root = json_pack("{s:o, s:s, s:[[{s:s, s:{s:s, s:s}}]]}", "optimizer_config", json_loads(rows[i][0], 0, NULL), "loss", "mse",
                                           "metrics", "class_name", "MeanMetricWrapper", "config", "name", "accuracy", "fn", "categorical_accuracy");
    ck_assert_msg(keras__compile_read(&ours, &rate, root) == CNN_OK, "%s", cnn_error_text());
    char *text = json_dumps(ours, JSON_COMPACT);
    ck_assert_msg(strstr(text, rows[i][1]) != NULL, "%s", text);
    ck_assert_msg(strstr(text, "{\"type\":\"categorical_accuracy\",\"name\":\"accuracy\"") != NULL, "%s", text);
    ck_assert(rate == 0.5);
    free(text);
    json_decref(root);
    json_decref(ours);
  }
}
END_TEST

START_TEST(texts_beyond_the_limits) {
  static const char *const texts[] = {"", "[]", "{", "{\"a\": 1, \"a\": 2}", "{\"a\": NaN}", "{\"a\": 1e999}", "{\"a\": \"\\u0000\"}"};
  json_t *out = NULL;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    ck_assert_msg(keras__json_parse(&out, texts[i], strlen(texts[i]), "text") == CNN_EFORMAT, "%s", texts[i]);
  char *deep = malloc(1 << 20);
  memset(deep, '[', 1 << 20);
  memcpy(deep, "{\"a\":", 5);
  ck_assert_int_eq(keras__json_parse(&out, deep, 1 << 20, "text"), CNN_EFORMAT);
  ck_assert_msg(strstr(cnn_error_text(), "nested deeper than 32") != NULL, "%s", cnn_error_text());
  free(deep);
  char *many = malloc(3 << 20);
  memset(many, ',', 3 << 20);
  memcpy(many, "{\"a\":[", 6);
  ck_assert_int_eq(keras__json_parse(&out, many, 3 << 20, "text"), CNN_EFORMAT);
  ck_assert_msg(strstr(cnn_error_text(), "more than 1048576 values") != NULL, "%s", cnn_error_text());
  free(many);
  ck_assert_ptr_null(out);
}
END_TEST

int main(void) {
  return RUN_SUITE("hostile_json", 60, models_of_keras, trainings_of_keras, our_own_notes, what_is_said_of_layers, what_is_said_of_graphs, what_calls_say_of_training,
                   what_is_said_of_trainings, old_spellings, texts_beyond_the_limits);
}
