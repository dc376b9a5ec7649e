/* models: Keras's descriptions of models, written as the real one writes them and read back; and its files. */
#include "mapping.h"
#include "reference.h"
#include "suite.h"

#include "companion/keras/json.h"

#include <cnn/cnn.h>

#include <stdlib.h>

static json_t *cases;
static cnn_context *context;

static void begin(void) {
  cases = reference_json("keras/models.json");
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
}

static void end(void) {
  json_decref(cases);
  cnn_context_free(context);
}

/* Keras's description is read as the model that our words make. */
static void read_as(const char *what, const json_t *keras, const json_t *wanted) {
  json_t *ours = NULL;
  ck_assert_msg(keras__config_read(&ours, keras) == CNN_OK, "%s: %s", what, cnn_error_text());
  cnn_model *model = mapping_made(context, ours);
  json_t *all = mapping_config(model), *lists[2] = {mapping_sorted(all), mapping_sorted(wanted)};
  ck_same_json(what, lists[0], lists[1]);
  json_decref(lists[0]);
  json_decref(lists[1]);
  json_decref(all);
  json_decref(ours);
  cnn_model_free(model);
}

START_TEST(each_is_written_as_keras_writes_it) {
  begin();
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *given = json_array_get(cases, i);
    char *what = json_dumps(json_object_get(given, "layers"), 0);
    cnn_model *model = mapping_model(context, given);
    json_t *ours = mapping_config(model);
    for (int32_t layout = KERAS__ARCHIVE; layout <= KERAS__LEGACY; layout++) {
      json_t *keras = NULL;
      ck_assert_msg(keras__config_write(&keras, ours, layout) == CNN_OK, "%s: %s", what, cnn_error_text());
      if (!json_object_get(given, "read_only"))
        ck_same_json(what, keras, json_object_get(given, layout == KERAS__LEGACY ? "legacy" : "archive"));
      read_as(what, keras, ours);
      json_decref(keras);
    }
    json_decref(ours);
    cnn_model_free(model);
    free(what);
  }
  end();
}
END_TEST

START_TEST(each_is_read_as_what_it_is) {
  begin();
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *given = json_array_get(cases, i);
    char *what = json_dumps(json_object_get(given, "layers"), 0);
    cnn_model *model = mapping_model(context, given);
    json_t *ours = mapping_config(model);
    read_as(what, json_object_get(given, "archive"), ours);
    read_as(what, json_object_get(given, "legacy"), ours);
    json_decref(ours);
    cnn_model_free(model);
    free(what);
  }
  end();
}
END_TEST

/* The notebook's network of both versions of Keras is one model, but for the name of its input. */
START_TEST(both_versions_describe_the_notebook) {
  json_t *old = reference_json("keras/keras2_to_json.json"), *new = reference_json("keras/keras3_to_json.json"), *ours[2] = {NULL, NULL};
  begin();
  ck_assert_msg(keras__config_read(&ours[0], old) == CNN_OK, "%s", cnn_error_text());
  ck_assert_msg(keras__config_read(&ours[1], new) == CNN_OK, "%s", cnn_error_text());
  for (int i = 0; i < 2; i++) {
    json_t *layers = json_object_get(ours[i], "layers");
    ck_assert_uint_eq(json_array_size(layers), 13);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(layers, 0), "name")), i ? "input_layer" : "conv1_input");
    json_object_set_new(json_array_get(layers, 0), "name", json_string("input"));
    json_array_set_new(json_object_get(json_array_get(layers, 1), "inputs"), 0, json_string("input"));
  }
  ck_same_json("notebook", ours[0], ours[1]);
  json_decref(old);
  json_decref(new);
  json_decref(ours[0]);
  json_decref(ours[1]);
  end();
}
END_TEST

/* Order, blanks and digits included. */
START_TEST(the_notebook_is_written_to_the_byte) {
  json_t *wanted = reference_json("keras/keras3_to_json.json"), *ours = NULL, *made = NULL;
  json_object_del(wanted, "compile_config");
  ck_assert_int_eq(keras__config_read(&ours, wanted), CNN_OK);
  ck_assert_int_eq(keras__config_write(&made, ours, KERAS__ARCHIVE), CNN_OK);
  char *text[2] = {keras__json_text(made), keras__json_text(wanted)};
  ck_assert_str_eq(text[0], text[1]);
  free(text[0]);
  free(text[1]);
  json_decref(wanted);
  json_decref(ours);
  json_decref(made);
}
END_TEST

START_TEST(text_is_what_python_writes) {
  json_t *value = json_loads("{\"a\": [1, -2, 0.1, 1e-7, 1e16, 100.0, 0.0010000000474974513, true, false, null], "
                             "\"\\u00e9\\ud83d\\ude00\\u007f\": \"\\\"\\\\\\n\\r\\t\\b\\f\\u0001/\", \"\": {}, \"b\": []}", 0, NULL);
  char *text = keras__json_text(value);
  ck_assert_str_eq(text, "{\"a\": [1, -2, 0.1, 1e-07, 1e+16, 100.0, 0.0010000000474974513, true, false, null], "
                         "\"\\u00e9\\ud83d\\ude00\\u007f\": \"\\\"\\\\\\n\\r\\t\\b\\f\\u0001/\", \"\": {}, \"b\": []}");
  free(text);
  json_decref(value);
}
END_TEST

START_TEST(classes_of_layers) {
  static const char *const rows[][2] = {{"{\"type\": \"conv2d\", \"attributes\": {}}", "Conv2D"},
                                        {"{\"type\": \"activation\", \"attributes\": {\"activation\": \"relu\"}}", "Activation"},
                                        {"{\"type\": \"activation\", \"attributes\": {\"activation\": \"elu\", \"alpha\": \"0.5\"}}", "ELU"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    json_t *layer = json_loads(rows[i][0], 0, NULL);
    ck_assert_str_eq(keras__class_name(layer), rows[i][1]);
    json_decref(layer);
  }
  json_t *own = json_pack("{s:s}", "type", "swirl");
  ck_assert_ptr_null(keras__class_name(own));
  ck_assert_ptr_null(keras__class_name(NULL));
  json_decref(own);
}
END_TEST

int main(void) {
  return RUN_SUITE("models", 60, each_is_written_as_keras_writes_it, each_is_read_as_what_it_is, both_versions_describe_the_notebook,
                   the_notebook_is_written_to_the_byte, text_is_what_python_writes, classes_of_layers);
}
