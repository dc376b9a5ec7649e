/* objective_json: loss and metrics of a model as JSON and back. */
#include "io/objective_json.h"

#include "core/memory.h"
#include "io/attribute_json.h"

/* ---- writing ---- */

json_t *cnn__loss_to_json(const cnn__objective *loss) {
  json_t *attributes = cnn__attributes_to_json(loss->type->attributes, loss->attributes);
  return attributes ? json_pack("{s:s, s:o}", "type", loss->type->name, "attributes", attributes) : NULL;
}

static json_t *metric_json(const cnn__objective *metric, int32_t weighted) {
  json_t *attributes = cnn__attributes_to_json(metric->type->attributes, metric->attributes);
  return attributes ? json_pack("{s:s, s:s, s:b, s:o}", "type", metric->type->name, "name", metric->name, "weighted",
                                (int)weighted, "attributes", attributes)
                    : NULL;
}

json_t *cnn__metrics_to_json(const cnn_model *model) {
  json_t *metrics = json_array();
  for (int32_t m = 0; m < model->metric_count; m++)
    if (json_array_append_new(metrics, metric_json(model->metrics[m], model->weighted[m])) < 0) {
      json_decref(metrics);
      return NULL;
    }
  return metrics;
}

/* ---- reading ---- */

static cnn_status bad(const char *kind) {
  return cnn__fail(CNN_EFORMAT, "a %s is neither a name nor described by type and attributes", kind);
}

/* Perhaps the file is of a program with types of its own. */
static cnn_status unknown(void) {
  char text[512];
  cnn__format(text, sizeof text, "%s", cnn_error_text());
  return cnn__fail(CNN_EUNSUPPORTED, "%s (losses and metrics of one's own are registered before loading)", text);
}

/* An object of `members` members, two of them type and attributes. */
static cnn_status read(cnn__objective **out, cnn_context *context, const cnn__objectives *list, const json_t *object,
                       size_t members, const char *name) {
  const char *type_name = json_string_value(json_object_get(object, "type"));
  const cnn__objective_type *type = type_name ? cnn__objective_find(list, context, type_name) : NULL;
  if (type_name && !type)
    return unknown();
  if (!type || json_object_size(object) != members)
    return bad(list->kind);
  void *attributes = cnn__alloc_zero(context, type->attributes_size + 1, "attributes of a loss or metric");
  if (!attributes)
    return CNN_ENOMEM;
  cnn_status status = cnn__attributes_from_json(type->attributes, attributes, json_object_get(object, "attributes"),
                                                type->name);
  if (status == CNN_OK)
    status = cnn__objective_make(out, context, type, attributes, name);
  cnn__free(context, attributes);
  return status;
}

static cnn_status read_metric(cnn__objective **out, cnn_context *context, const json_t *value, int32_t *weighted) {
  const char *name = json_string_value(json_object_get(value, "name"));
  const json_t *flag = json_object_get(value, "weighted");
  *weighted = json_is_true(flag);
  if (json_is_string(value))
    return cnn__objective_new(out, context, &cnn__metrics, json_string_value(value), NULL);
  if (!name || !json_is_boolean(flag))
    return bad("metric");
  return read(out, context, &cnn__metrics, value, 4, name);
}

cnn_status cnn__goals_from_json(cnn__goals *goals, cnn_context *context, json_t *loss, json_t *metrics) {
  if (json_is_string(loss))
    CNN__TRY(cnn__objective_new(&goals->loss, context, &cnn__losses, json_string_value(loss), NULL));
  else
    CNN__TRY(read(&goals->loss, context, &cnn__losses, loss, 2, NULL));
  for (size_t i = 0; i < json_array_size(metrics); i++) {
    cnn__objective *metric = NULL;
    int32_t weighted = 0;
    CNN__TRY(read_metric(&metric, context, json_array_get(metrics, i), &weighted));
    goals->weighted[goals->metric_count] = weighted;
    goals->metrics[goals->metric_count++] = metric;
  }
  return CNN_OK;
}
