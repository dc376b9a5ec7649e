/* walk: everything that the core has, from its lists of types, goes to Keras and comes back the same. */
#include "mapping.h"
#include "branches.h"
#include "optimizers.h"
#include "suite.h"

#include "io/config.h"

#include <stdlib.h>
#include <string.h>

static cnn_context *context;

static void begin(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void end(void) { cnn_context_free(context); }

static void model_comes_back(const char *what, const cnn_model *model) {
  json_t *ours = mapping_config(model);
  for (int32_t layout = KERAS__ARCHIVE; layout <= KERAS__LEGACY; layout++) {
    json_t *keras = NULL, *back = NULL;
    ck_assert_msg(keras__config_write(&keras, ours, layout) == CNN_OK, "%s: %s", what, cnn_error_text());
    ck_assert_msg(keras__config_read(&back, keras) == CNN_OK, "%s: %s", what, cnn_error_text());
    cnn_model *again = mapping_made(context, back);
    json_t *all = mapping_config(again), *lists[2] = {mapping_sorted(all), mapping_sorted(ours)};
    ck_same_json(what, lists[0], lists[1]);
    json_t *garbage[] = {keras, back, all, lists[0], lists[1]};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
      json_decref(garbage[i]);
    cnn_model_free(again);
  }
  json_decref(ours);
}

START_TEST(every_layer_with_every_attribute) {
  char text[320];
  cnn_model *model;
  int32_t variants;
  begin();
  for (int32_t i = 0; (model = branches_one_layer(context, i, text)) != NULL; i++) {
    model_comes_back(text, model);
    cnn_model_free(model);
  }
  model = branches_every_layer(context, &variants);
  model_comes_back("every layer", model);
  cnn_model_free(model);
  end();
}
END_TEST

static void dense_comes_back(const char *key, const char *value) {
  char text[160];
  cnn_model *model;
  cnn_format(text, sizeof text, "units=3 %s=%s", key, value);
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  cnn_input(model, 1, (const int64_t[]){4}, NULL);
  ck_assert_msg(cnn_layer_add(model, "dense", text) != NULL, "%s", cnn_error_text());
  model_comes_back(text, model);
  cnn_model_free(model);
}

START_TEST(every_initialiser_and_regularizer) {
  begin();
  for (int32_t i = 0; i < cnn_layer_attribute_count("dense"); i++) {
    cnn_attribute row = {.size = sizeof row};
    ck_assert_int_eq(cnn_layer_attribute_at("dense", i, &row), CNN_OK);
    for (int32_t c = 0; row.kind == CNN_ATTRIBUTE_FORM && strncmp(row.key, "kernel", 6) == 0 && row.choices[c]; c++)
      dense_comes_back(row.key, row.choices[c]);
  }
  end();
}
END_TEST

/* A model that can be compiled for anything. */
static cnn_model *small(void) {
  cnn_model *model;
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  cnn_input(model, 1, (const int64_t[]){4}, NULL);
  cnn_dense(model, 3, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  return model;
}

static void training_comes_back(const char *optimizer, const char *attributes, const char *loss, const char *metric) {
  char what[600];
  double rate = -1;
  json_t *given = json_pack("{s:[s, s], s:s, s:[s], s:[s]}", "optimizer", optimizer, attributes, "loss", loss, "metrics", metric, "weighted",
                            "accuracy");
  cnn_format(what, sizeof what, "%s %s, %s, %s", optimizer, attributes, loss, metric);
  cnn_model *model = small(), *again = small();
  mapping_compile(model, given);
  json_t *ours = mapping_training(model), *keras = NULL, *back = NULL;
  double wanted = cnn_model_learning_rate(model);
  for (int32_t layout = KERAS__ARCHIVE; layout <= KERAS__LEGACY; layout++) {
    ck_assert_msg(keras__compile_write(&keras, ours, wanted, layout) == CNN_OK, "%s: %s", what, cnn_error_text());
    ck_assert_msg(keras__compile_read(&back, &rate, keras) == CNN_OK, "%s: %s", what, cnn_error_text());
    char *text = json_dumps(back, 0);
    ck_assert_msg(cnn__config_compile(again, text) == CNN_OK, "%s: %s", what, cnn_error_text());
    json_t *all = mapping_training(again), *twice = NULL;
    if (!strstr(attributes, "learning_rate_schedule")) /* whose numbers Keras always writes all */
      ck_same_json(what, all, ours);
    ck_assert_int_eq(keras__compile_write(&twice, all, wanted, layout), CNN_OK);
    ck_same_json(what, twice, keras);
    free(text);
    json_decref(all);
    json_decref(twice);
    json_decref(back);
    json_decref(keras);
  }
  json_decref(given);
  json_decref(ours);
  cnn_model_free(model);
  cnn_model_free(again);
}

START_TEST(every_optimizer_with_every_option) {
  char attributes[1024];
  begin();
  for (int i = 0; i < optimizer_combinations(); i++) {
    const char *name = optimizer_combination(i, attributes, sizeof attributes);
    if (!strstr(attributes, "exclude_from_weight_decay"))
      training_comes_back(name, attributes, "mean_squared_error", "mse");
  }
  end();
}
END_TEST

START_TEST(every_loss_and_metric) {
  begin();
  for (int32_t i = 0; i < cnn_loss_type_count(); i++)
    training_comes_back("sgd", "", cnn_loss_type_at(i), "acc");
  for (int32_t i = 0; i < cnn_metric_type_count(); i++)
    training_comes_back("sgd", "", "categorical_crossentropy", cnn_metric_type_at(i));
  end();
}
END_TEST

/* Attributes of losses and metrics too, each with another value than its own. */
START_TEST(every_attribute_of_losses_and_metrics) {
  begin();
  for (int32_t metric = 0; metric < 2; metric++)
    for (int32_t i = 0; i < (metric ? cnn_metric_type_count() : cnn_loss_type_count()); i++) {
      const char *type = metric ? cnn_metric_type_at(i) : cnn_loss_type_at(i);
      int32_t count = metric ? cnn_metric_attribute_count(type) : cnn_loss_attribute_count(type);
      for (int32_t k = 0; k < count; k++) {
        char text[160];
        cnn_attribute row = {.size = sizeof row};
        ck_assert_int_eq(metric ? cnn_metric_attribute_at(type, k, &row) : cnn_loss_attribute_at(type, k, &row), CNN_OK);
        const char *value = row.kind == CNN_ATTRIBUTE_FLAG ? "true" : row.kind == CNN_ATTRIBUTE_CHOICE ? row.choices[1]
                            : row.kind == CNN_ATTRIBUTE_INT ? "2" : "0.25";
        cnn_format(text, sizeof text, "%s %s=%s", type, row.key, value);
        training_comes_back("sgd", "", metric ? "mean_squared_error" : text, metric ? text : "acc");
      }
    }
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE("walk", 120, every_layer_with_every_attribute, every_initialiser_and_regularizer, every_optimizer_with_every_option,
                   every_loss_and_metric, every_attribute_of_losses_and_metrics);
}
