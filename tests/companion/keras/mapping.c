#include "mapping.h"

#include <cnn/cnn.h>

#include "io/config.h"
#include "io/json.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* With fractions for numbers. */
static json_t *alike(const json_t *value) {
  const char *key;
  json_t *item, *made;
  if (json_is_number(value))
    return json_real(json_number_value(value));
  if (json_is_array(value)) {
    made = json_array();
    for (size_t i = 0; i < json_array_size(value); i++)
      json_array_append_new(made, alike(json_array_get(value, i)));
    return made;
  }
  if (!json_is_object(value))
    return json_deep_copy(value);
  made = json_object();
  json_object_foreach((json_t *)(uintptr_t)value, key, item)
    json_object_set_new(made, key, alike(item));
  return made;
}

void ck_same_json(const char *what, const json_t *made, const json_t *wanted) {
  char difference[1024];
  json_t *a = alike(wanted), *b = alike(made);
  if (cnn__json_difference(difference, sizeof difference, a, b))
    ck_abort_msg("%s: %s", what, difference);
  json_decref(a);
  json_decref(b);
}

enum { MOST = 4096 };

/* By name: branches may stand in another order. */
static int by_name(const void *a, const void *b) {
  const json_t *first = *(json_t *const *)a, *second = *(json_t *const *)b;
  return strcmp(json_string_value(json_object_get(first, "name")), json_string_value(json_object_get(second, "name")));
}

/* Without the numbers of functions that the layer has not. */
static json_t *without_idle(const json_t *layer) {
  static const char *const of[][2] = {{"negative_slope", "leaky_relu"}, {"alpha", "elu"}, {"approximate", "gelu"}};
  json_t *made = json_deep_copy(layer), *attributes = json_object_get(made, "attributes");
  const char *function = json_string_value(json_object_get(attributes, "activation"));
  for (size_t i = 0; function && i < sizeof of / sizeof *of; i++)
    if (strcmp(function, of[i][1]) != 0)
      json_object_del(attributes, of[i][0]);
  return made;
}

json_t *mapping_sorted(const json_t *config) {
  json_t *list = json_object_get(config, "layers"), *made = json_array(), *rows[MOST];
  size_t count = json_array_size(list);
  ck_assert_uint_le(count, MOST);
  for (size_t i = 0; i < count; i++)
    rows[i] = json_array_get(list, i);
  qsort(rows, count, sizeof *rows, by_name);
  for (size_t i = 0; i < count; i++)
    json_array_append_new(made, without_idle(rows[i]));
  return json_pack("{s:O, s:o}", "name", json_object_get(config, "name"), "layers", made);
}

cnn_model *mapping_model(cnn_context *context, const json_t *given) {
  cnn_model *model;
  const char *name = json_string_value(json_object_get(given, "name"));
  const json_t *layers = json_object_get(given, "layers");
  ck_assert_int_eq(cnn_model_new(&model, context, cnn_model_opts(.name = name)), CNN_OK);
  for (size_t i = 0; i < json_array_size(layers); i++) {
    const json_t *layer = json_array_get(layers, i);
    const char *type = json_string_value(json_array_get(layer, 0)), *attributes = json_string_value(json_array_get(layer, 1));
    ck_assert_msg(cnn_layer_add(model, type, attributes) != NULL, "%s %s: %s", type, attributes, cnn_error_text());
  }
  return model;
}

void mapping_compile(cnn_model *model, const json_t *given) {
  cnn_optimizer *optimizer;
  const json_t *words = json_object_get(given, "optimizer");
  const char *loss = json_string_value(json_object_get(given, "loss")), *names[2][8];
  int32_t counts[2] = {0};
  for (int i = 0; i < 2; i++) {
    const json_t *metrics = json_object_get(given, i ? "weighted" : "metrics");
    for (size_t k = 0; k < json_array_size(metrics); k++)
      names[i][counts[i]++] = json_string_value(json_array_get(metrics, k));
  }
  const char *name = json_string_value(json_array_get(words, 0)), *attributes = json_string_value(json_array_get(words, 1));
  ck_assert_msg(cnn_optimizer_new(&optimizer, model->context, name, attributes) == CNN_OK, "%s", cnn_error_text());
  cnn_status status = cnn_model_compile(model, optimizer, 1, &loss,
                                        cnn_compile_opts(.metrics = names[0], .metric_count = counts[0], .weighted_metrics = names[1],
                                                         .weighted_metric_count = counts[1]));
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  cnn_optimizer_free(optimizer);
}

static json_t *described(const cnn_model *model, cnn_status (*describe)(cnn__text *, const cnn_model *)) {
  cnn__text text = {.context = model->context};
  ck_assert_int_eq(describe(&text, model), CNN_OK);
  json_t *made = json_loads(text.data, 0, NULL);
  ck_assert_ptr_nonnull(made);
  cnn__text_free(&text);
  return made;
}

json_t *mapping_config(const cnn_model *model) { return described(model, cnn__config_model_text); }
json_t *mapping_training(const cnn_model *model) { return described(model, cnn__config_compile_text); }

static cnn_status accept(void *user, const cnn_layer *layer) {
  (void)user, (void)layer;
  return CNN_OK;
}

cnn_model *mapping_made(cnn_context *context, const json_t *config) {
  cnn_model *model = NULL;
  char *text = json_dumps(config, JSON_COMPACT);
  ck_assert_msg(cnn__config_make_model(&model, context, text, 0, accept, NULL) == CNN_OK, "%s\n%s", cnn_error_text(), text);
  free(text);
  return model;
}
