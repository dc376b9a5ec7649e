/* metric: the list of metrics, inside and as the public interface shows it. */
#include "objective/objective.h"

static const cnn__objective_type *const types[] = {
#define METRIC(name) &cnn__##name##_metric,
#include "objective/metrics.def"
#undef METRIC
};

const cnn__objectives cnn__metrics = {"metric", types, sizeof types / sizeof types[0], CNN__REGISTERED_METRIC};

cnn_status cnn__metric_make(cnn_metric **out, cnn_context *context, const cnn__objective_type *type,
                            const void *attributes, const char *name) {
  cnn__objective *made;
  if (!out)
    return cnn__fail(CNN_EINVAL, "%s: out is NULL", type->name);
  CNN__TRY(cnn__objective_make(&made, context, type, attributes, name));
  *out = (cnn_metric *)made;
  return CNN_OK;
}

cnn_status cnn_metric_new(cnn_metric **out, cnn_context *context, const char *name, const char *attributes) {
  cnn__objective *made;
  if (!out)
    return cnn__fail(CNN_EINVAL, "cnn_metric_new: out is NULL");
  CNN__TRY(cnn__objective_new(&made, context, &cnn__metrics, name, attributes));
  *out = (cnn_metric *)made;
  return CNN_OK;
}

void cnn_metric_free(cnn_metric *metric) { cnn__objective_free(metric ? &metric->objective : NULL); }

const char *cnn_metric_type(const cnn_metric *metric) { return metric ? metric->objective.type->name : ""; }

const char *cnn_metric_name(const cnn_metric *metric) { return metric ? metric->objective.name : ""; }

cnn_status cnn_metric_attribute_text(const cnn_metric *metric, const char *key, char *buffer, size_t bytes) {
  return cnn__objective_show(metric ? &metric->objective : NULL, key, buffer, bytes);
}

int32_t cnn_metric_type_count(void) { return cnn__metrics.count; }

const char *cnn_metric_type_at(int32_t index) { return cnn__objective_name_at(&cnn__metrics, index); }

const char *cnn_metric_type_help(const char *type) { return cnn__objective_help(&cnn__metrics, type); }

int32_t cnn_metric_attribute_count(const char *type) { return cnn__objective_attribute_count(&cnn__metrics, type); }

cnn_status cnn_metric_attribute_at(const char *type, int32_t index, cnn_attribute *out) {
  return cnn__objective_attribute_at(&cnn__metrics, type, index, out);
}
