/* objective_json: loss and metrics of a model as JSON and back. Files of earlier versions hold them by their names alone. */
#ifndef CNN_IO_OBJECTIVE_JSON_H
#define CNN_IO_OBJECTIVE_JSON_H

#include "model/model_internal.h"

#include <jansson.h>

/* NULL: no memory. */
json_t *cnn__loss_to_json(const cnn__objective *loss);
json_t *cnn__metrics_to_json(const cnn_model *model);

/* metrics is an array of at most CNN__MAX_METRICS. On an error goals holds what was made so far: to be freed in any case. */
cnn_status cnn__goals_from_json(cnn__goals *goals, cnn_context *context, json_t *loss, json_t *metrics);

#endif
