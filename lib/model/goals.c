/* goals: the loss and the metrics that compile is given, by name or as handles. */
#include "cnn/train.h"
#include "model/model_internal.h"

#include "core/options.h"

void cnn__goals_free(cnn__goals *goals) {
  cnn__objective_free(goals->loss);
  for (int32_t m = 0; m < goals->metric_count; m++)
    cnn__objective_free(goals->metrics[m]);
  *goals = (cnn__goals){0};
}

static cnn_status take_loss(cnn__goals *goals, cnn_context *context, int32_t count, const char *const *names,
                            cnn_loss *const *handles) {
  if (count != 1 || (names ? !names[0] : !handles || !handles[0]))
    return cnn__fail(CNN_EINVAL, "compile: %d losses, must be the name of 1 or a handle", names || handles ? (int)count : 0);
  if (names && handles)
    return cnn__fail(CNN_EINVAL, "compile: loss '%s' is given by name and as a handle", names[0]);
  if (names)
    return cnn__objective_read(&goals->loss, context, &cnn__losses, names[0]);
  goals->loss = cnn__objective_hold(&handles[0]->objective);
  return CNN_OK;
}

/* One list of compile's options: names or handles. */
typedef struct wanted {
  const char *what;
  int32_t weighted, count;
  const char *const *names;
  cnn_metric *const *handles;
} wanted;

static cnn_status take_metrics(cnn__goals *goals, cnn_context *context, const wanted *list) {
  int32_t room = CNN__MAX_METRICS - goals->metric_count;
  if (list->count < 0 || list->count > room || (list->count && !list->names && !list->handles))
    return cnn__fail(CNN_EINVAL, "compile: %d %s, must be 0 to %d of them", (int)list->count, list->what, (int)room);
  for (int32_t i = 0; i < list->count; i++) {
    cnn__objective *metric;
    if (list->names ? !list->names[i] : !list->handles[i])
      return cnn__fail(CNN_EINVAL, "compile: number %d of the %s is NULL", (int)i, list->what);
    if (list->names)
      CNN__TRY(cnn__objective_read(&metric, context, &cnn__metrics, list->names[i]));
    else
      metric = cnn__objective_hold(&list->handles[i]->objective);
    goals->weighted[goals->metric_count] = list->weighted;
    goals->metrics[goals->metric_count++] = metric;
  }
  return CNN_OK;
}

static cnn_status take(cnn__goals *goals, cnn_context *context, int32_t loss_count, const char *const *losses,
                       const cnn_compile_opts *given) {
  const wanted lists[] = {
      {"metrics", 0, given->metric_count, given->metrics, NULL},
      {"metric_handles", 0, given->metric_handle_count, NULL, given->metric_handles},
      {"weighted_metrics", 1, given->weighted_metric_count, given->weighted_metrics, NULL},
      {"weighted_metric_handles", 1, given->weighted_metric_handle_count, NULL, given->weighted_metric_handles},
  };
  CNN__TRY(take_loss(goals, context, loss_count, losses, given->loss_handles));
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
    CNN__TRY(take_metrics(goals, context, &lists[i]));
  return CNN_OK;
}

cnn_status cnn_model_compile(cnn_model *model, cnn_optimizer *optimizer, int32_t loss_count, const char *const *losses,
                             const cnn_compile_opts *options) {
  cnn_compile_opts given;
  cnn__goals goals = {0};
  if (!model)
    return cnn__fail(CNN_EINVAL, "compile: model is NULL");
  CNN__TRY(cnn__model_ready(model));
  CNN__TRY(cnn__options(&given, CNN__FIRST(cnn_compile_opts, keep_state), CNN__FIRST(cnn_compile_opts, metric_count), options,
                        "cnn_compile_opts"));
  if (!optimizer)
    return cnn__fail(CNN_EINVAL, "compile: optimizer is NULL");
  cnn_status status = take(&goals, model->context, loss_count, losses, &given);
  if (status == CNN_OK)
    status = cnn__model_compile(model, optimizer, &goals, given.keep_state != 0);
  cnn__goals_free(&goals);
  return status;
}
