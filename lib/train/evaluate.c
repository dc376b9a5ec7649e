/* evaluate: loss and metrics over a data set in inference mode. Sums go over samples in their order, so that the
 * size of batches changes no bit. */
#include "cnn/train.h"
#include "train/evaluation.h"

#include "core/fp.h"
#include "core/options.h"
#include "train/sink.h"

cnn_status cnn__evaluation_begin(cnn__evaluation *evaluation, const cnn_model *model, const cnn_dataset *data,
                                 int64_t batch_size) {
  int64_t rows = batch_size < data->count ? batch_size : data->count;
  *evaluation = (cnn__evaluation){.model = model, .data = data, .batch_size = rows};
  CNN__TRY(cnn__batch_new(&evaluation->batch, data, NULL, rows));
  cnn_status status = cnn__model_borrow_run(model, CNN__MODE_TEST, rows, &evaluation->run);
  if (status < 0)
    cnn__batch_free(evaluation->batch);
  return status;
}

void cnn__evaluation_end(cnn__evaluation *evaluation) {
  cnn__model_return_run(evaluation->model, evaluation->run);
  cnn__batch_free(evaluation->batch);
}

static cnn_status tell(const cnn__evaluation *evaluation, cnn__bar *bar, cnn_logs *running, int64_t step) {
  if (!bar)
    return CNN_OK;
  CNN__TRY(cnn__figures_tell(&evaluation->figures, running, ""));
  cnn__bar_step(bar, step, running);
  return CNN_OK;
}

cnn_status cnn__evaluation_run(cnn__evaluation *evaluation, cnn__bar *bar, cnn_logs *running) {
  const cnn_model *model = evaluation->model;
  int64_t total = evaluation->data->count, size = evaluation->batch_size;
  cnn__figures_begin(&evaluation->figures, model);
  for (int64_t first = 0; first < total; first += size) {
    int64_t count = total - first < size ? total - first : size;
    cnn__batch_take(evaluation->batch, model->seed, 0, 0, first, count);
    cnn__feed feed = cnn__batch_feed(evaluation->batch);
    cnn__run_test(evaluation->run, model, &feed);
    cnn__figures_add(&evaluation->figures, evaluation->run, count);
    CNN__TRY(tell(evaluation, bar, running, first / size + 1));
  }
  return CNN_OK;
}

/* ---- the call ---- */

static cnn_status evaluate(cnn_logs *logs, const cnn_model *model, const cnn_dataset *data, int64_t batch_size,
                           const cnn_sink *sink, int32_t verbose) {
  cnn__evaluation evaluation;
  cnn__bar bar;
  CNN__TRY(cnn__evaluation_begin(&evaluation, model, data, batch_size));
  int64_t steps = cnn__batches(data->count, evaluation.batch_size);
  cnn__bar_begin(&bar, sink, verbose, 0, steps);
  cnn_status status = cnn__evaluation_run(&evaluation, &bar, logs);
  if (status == CNN_OK)
    status = cnn__figures_tell(&evaluation.figures, logs, "");
  if (status == CNN_OK)
    cnn__bar_end(&bar, steps, logs);
  cnn__evaluation_end(&evaluation);
  return status;
}

static cnn_status check(const cnn_model *model, const cnn_dataset *dataset, const cnn_evaluate_opts *options) {
  CNN__TRY(cnn__model_ready(model));
  if (!model->compiled)
    return cnn__fail(CNN_ESTATE, "evaluate: model '%s' is not compiled", model->name);
  CNN__TRY(cnn__passing_check(options->batch_size, options->verbose, options->reserved, "evaluate"));
  CNN__TRY(cnn__samples_check_inputs(dataset, model, "evaluate"));
  return cnn__samples_check_targets(dataset, model, "evaluate");
}

cnn_status cnn_model_evaluate(cnn_logs **out, const cnn_model *model, const cnn_dataset *dataset,
                              const cnn_evaluate_opts *options) {
  cnn_evaluate_opts given;
  cnn_sink sink;
  const cnn_sink *to;
  cnn__samples samples = {0};
  cnn_logs *logs;
  if (!out || !model || !dataset)
    return cnn__fail(CNN_EINVAL, "evaluate: %s is NULL", !out ? "out" : !model ? "model" : "data set");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_evaluate_opts"));
  CNN__TRY(check(model, dataset, &given));
  CNN__TRY(cnn__sink_read(&sink, &to, given.sink, model->context));
  CNN__TRY(cnn__logs_new(&logs, model->context, CNN__MAX_FIGURES));
  cnn__samples_open(&samples, dataset, 0, dataset->count);
  cnn__fp saved = cnn__fp_enter();
  cnn_status status = evaluate(logs, model, &samples.part, given.batch_size ? given.batch_size : 32, to, given.verbose);
  cnn__fp_leave(saved);
  cnn__samples_close(&samples);
  if (status < 0)
    cnn__logs_drop(logs);
  else
    *out = logs;
  return status;
}
