/* evaluate: loss and metrics over a data set in inference mode. Sums go over samples in their order, so that the
 * size of batches changes no bit. */
#include "cnn/train.h"
#include "train/evaluation.h"

#include "core/fp.h"
#include "core/options.h"
#include "train/sink.h"

static cnn_status tell(const cnn__evaluation *evaluation, cnn__bar *bar, cnn_logs *running) {
  if (!bar)
    return CNN_OK;
  CNN__TRY(cnn__figures_tell(&evaluation->figures, running, ""));
  cnn__bar_step(bar, evaluation->supply.step, running);
  return CNN_OK;
}

cnn_status cnn__evaluation_run(cnn__evaluation *evaluation, int64_t epoch, cnn__bar *bar, cnn_logs *running) {
  cnn__supply *supply = &evaluation->supply;
  const cnn_model *model = supply->model;
  cnn__feed feed;
  cnn_status status;
  cnn__figures_begin(&evaluation->figures, model);
  cnn__supply_begin(supply, epoch, model->pass, 0);
  while ((status = cnn__supply_next(supply, &feed)) == CNN_OK) {
    cnn__run_test(supply->run, model, &feed);
    cnn__figures_add(&evaluation->figures, supply->run, feed.count);
    CNN__TRY(tell(evaluation, bar, running));
  }
  return status < 0 ? status : CNN_OK;
}

/* ---- the calls ---- */

static cnn_status run(cnn__evaluation *evaluation, cnn_logs *logs, const cnn_sink *sink, int32_t verbose) {
  cnn__bar bar;
  CNN__TRY(cnn__supply_open(&evaluation->supply));
  cnn__bar_begin(&bar, sink, verbose, 0, evaluation->supply.steps);
  cnn_status status = cnn__evaluation_run(evaluation, 0, &bar, logs);
  if (status == CNN_OK)
    status = cnn__figures_tell(&evaluation->figures, logs, "");
  if (status == CNN_OK)
    cnn__bar_end(&bar, evaluation->supply.step, logs);
  else
    cnn__bar_leave(&bar);
  return status;
}

static cnn_status run_in_fp(cnn__evaluation *evaluation, cnn_logs *logs, const cnn_sink *sink, int32_t verbose) {
  cnn__fp saved = cnn__fp_enter();
  cnn_status status = run(evaluation, logs, sink, verbose);
  cnn__fp_leave(saved);
  return status;
}

static cnn_status check(const cnn_model *model, const cnn_evaluate_opts *given) {
  CNN__TRY(cnn__model_ready(model));
  if (!model->compiled)
    return cnn__fail(CNN_ESTATE, "evaluate: model '%s' is not compiled", model->name);
  return cnn__passing_check(given->batch_size, given->steps, given->verbose, given->reserved, "evaluate");
}

/* Of a data set or, where it is NULL, of a source. */
static cnn_status evaluate(cnn_logs **out, const cnn_model *model, const cnn_dataset *dataset,
                           const cnn_batch_source *source, const cnn_evaluate_opts *options) {
  cnn_evaluate_opts given;
  cnn_sink sink;
  const cnn_sink *to;
  cnn_logs *logs;
  cnn__evaluation evaluation = {.supply = {.model = model, .mode = CNN__MODE_TEST, .what = "evaluate"}};
  if (!out || !model || !(dataset || source))
    return cnn__fail(CNN_EINVAL, "evaluate: %s is NULL", !out ? "out" : !model ? "model" : "data set or batch source");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_evaluate_opts"));
  CNN__TRY(check(model, &given));
  CNN__TRY(cnn__sink_read(&sink, &to, given.sink, model->context));
  evaluation.supply.augmenter = given.augmenter;
  CNN__TRY(dataset ? cnn__supply_dataset(&evaluation.supply, dataset, 0, dataset->count, given.batch_size, given.steps)
                   : cnn__supply_source(&evaluation.supply, source, given.batch_size, given.steps));
  cnn_status status = cnn__logs_new(&logs, model->context, CNN__MAX_FIGURES);
  if (status == CNN_OK) {
    status = run_in_fp(&evaluation, logs, to, given.verbose);
    if (status < 0)
      cnn__logs_drop(logs);
    else
      *out = logs;
  }
  cnn__supply_close(&evaluation.supply);
  return status;
}

cnn_status cnn_model_evaluate(cnn_logs **out, const cnn_model *model, const cnn_dataset *dataset,
                              const cnn_evaluate_opts *options) {
  return evaluate(out, model, dataset, NULL, options);
}

cnn_status cnn_model_evaluate_source(cnn_logs **out, const cnn_model *model, const cnn_batch_source *source,
                                     const cnn_evaluate_opts *options) {
  return evaluate(out, model, NULL, source, options);
}
