/* trainings: Keras's descriptions of how a model is trained, written as the real one writes them and read back. */
#include "mapping.h"
#include "reference.h"
#include "suite.h"

#include <cnn/cnn.h>

#include "io/config.h"

#include <stdlib.h>

static cnn_context *context;

static cnn_model *small(void) {
  cnn_model *model;
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  cnn_input(model, 1, (const int64_t[]){4}, NULL);
  cnn_dense(model, 3, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  return model;
}

/* As the model has it that is compiled so. */
static void read_as(const char *what, const json_t *keras, const json_t *wanted, double wanted_rate) {
  double rate = -1;
  json_t *ours = NULL;
  ck_assert_msg(keras__compile_read(&ours, &rate, keras) == CNN_OK, "%s: %s", what, cnn_error_text());
  ck_assert_msg(rate == wanted_rate, "%s: rate %.9g, not %.9g", what, rate, wanted_rate);
  cnn_model *model = small();
  char *text = json_dumps(ours, JSON_COMPACT);
  ck_assert_msg(cnn__config_compile(model, text) == CNN_OK, "%s: %s", what, cnn_error_text());
  json_t *all = mapping_training(model);
  ck_same_json(what, all, wanted);
  free(text);
  json_decref(all);
  json_decref(ours);
  cnn_model_free(model);
}

START_TEST(each_goes_both_ways) {
  json_t *cases = reference_json("keras/trainings.json");
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  for (size_t i = 0; i < json_array_size(cases); i++) {
    const json_t *given = json_array_get(cases, i);
    cnn_model *model = small();
    mapping_compile(model, given);
    json_t *ours = mapping_training(model);
    char *what = json_dumps(ours, 0);
    double rate = cnn_model_learning_rate(model);
    for (int32_t layout = KERAS__ARCHIVE; layout <= KERAS__LEGACY; layout++) {
      const json_t *wanted = json_object_get(given, layout == KERAS__LEGACY ? "legacy" : "archive");
      json_t *keras = NULL;
      ck_assert_msg(keras__compile_write(&keras, ours, rate, layout) == CNN_OK, "%s: %s", what, cnn_error_text());
      ck_same_json(what, keras, wanted);
      read_as(what, keras, ours, rate);
      read_as(what, wanted, ours, rate);
      json_decref(keras);
    }
    free(what);
    json_decref(ours);
    cnn_model_free(model);
  }
  json_decref(cases);
  cnn_context_free(context);
}
END_TEST

/* As Keras counts them in its logs. */
START_TEST(metrics_of_one_name) {
  json_t *keras = json_loads("{\"optimizer\": \"sgd\", \"loss\": \"mse\", \"metrics\": [\"mse\", \"mae\", \"mse\"], \"weighted_metrics\": [\"mae\", \"mse\"]}", 0, NULL);
  static const char *const names[] = {"mse", "mae", "mse_1", "mae", "mse"};
  double rate;
  json_t *ours = NULL;
  ck_assert_msg(keras__compile_read(&ours, &rate, keras) == CNN_OK, "%s", cnn_error_text());
  for (size_t i = 0; i < 5; i++) {
    const json_t *metric = json_array_get(json_object_get(ours, "metrics"), i);
    ck_assert_str_eq(json_string_value(json_object_get(metric, "name")), names[i]);
    ck_assert_int_eq(json_is_true(json_object_get(metric, "weighted")), i > 2);
  }
  json_decref(keras);
  json_decref(ours);
}
END_TEST

int main(void) { return RUN_SUITE("trainings", 60, each_goes_both_ways, metrics_of_one_name); }
