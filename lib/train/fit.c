/* fit: training a model on a data set. Options and data are checked and all memory is made before the first
 * callback is called, so that what is wrong with the call changes nothing. */
#include "train/fit_internal.h"

#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/text.h"
#include "data/augment.h"
#include "train/progress.h"
#include "train/sink.h"

/* ---- options ---- */

static cnn_status check_counts(const cnn_fit_opts *o) {
  const struct {
    const char *name;
    int64_t value;
  } counts[] = {{"epochs", o->epochs},
                {"initial_epoch", o->initial_epoch},
                {"steps_per_epoch", o->steps_per_epoch},
                {"validation_freq", o->validation_freq},
                {"callback_count", o->callback_count}};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
    if (counts[i].value < 0)
      return cnn__fail(CNN_EINVAL, "fit: %s is %lld, must be 0 or more", counts[i].name, (long long)counts[i].value);
  return cnn__passing_check(o->batch_size, o->verbose, 0, "fit");
}

static cnn_status check_callbacks(const cnn_fit_opts *o) {
  if (o->callback_count && !o->callbacks)
    return cnn__fail(CNN_EINVAL, "fit: callback_count is %d, callbacks is NULL", (int)o->callback_count);
  for (int32_t i = 0; i < o->callback_count; i++)
    if (!o->callbacks[i])
      return cnn__fail(CNN_EINVAL, "fit: callback %d of %d is NULL", (int)i, (int)o->callback_count);
  return CNN_OK;
}

static cnn_status check_options(cnn_fit_opts *o) {
  char text[32];
  CNN__TRY(check_counts(o));
  CNN__TRY(check_callbacks(o));
  if (!(o->validation_split >= 0 && o->validation_split < 1))
    return cnn__fail(CNN_EINVAL, "fit: validation_split is %s, must be 0 or more and less than 1",
                     cnn__repr(text, o->validation_split));
  o->batch_size = o->batch_size ? o->batch_size : 32;
  o->epochs = o->epochs ? o->epochs : 1;
  o->validation_freq = o->validation_freq ? o->validation_freq : 1;
  return CNN_OK;
}

/* ---- data ---- */

/* Samples that stay for training: all, or those before the boundary of the split. */
static cnn_status split(const cnn_dataset *dataset, const cnn_fit_opts *o, int64_t *kept) {
  char text[32];
  *kept = dataset->count;
  if (o->validation || o->validation_split == 0)
    return CNN_OK;
  *kept = (int64_t)((double)dataset->count * (1 - o->validation_split));
  if (*kept < 1 || *kept >= dataset->count)
    return cnn__fail(CNN_EINVAL, "fit: validation_split %s of %lld samples leaves %lld for training and %lld for validation",
                     cnn__repr(text, o->validation_split), (long long)dataset->count, (long long)*kept,
                     (long long)(dataset->count - *kept));
  return CNN_OK;
}

static cnn_status check_data(const cnn_dataset *dataset, const cnn_model *model, const char *what) {
  CNN__TRY(cnn__samples_check_inputs(dataset, model, what));
  return cnn__samples_check_targets(dataset, model, what);
}

static cnn_status open_data(cnn__fit *fit, const cnn_dataset *dataset) {
  const cnn_fit_opts *o = &fit->options;
  int64_t kept;
  CNN__TRY(check_data(dataset, fit->model, "fit"));
  if (o->validation)
    CNN__TRY(check_data(o->validation, fit->model, "fit, validation"));
  CNN__TRY(split(dataset, o, &kept));
  cnn__samples_open(&fit->train, dataset, 0, kept);
  if (o->validation)
    cnn__samples_open(&fit->validation, o->validation, 0, o->validation->count);
  else if (kept < dataset->count)
    cnn__samples_open(&fit->validation, dataset, kept, dataset->count - kept);
  if (o->augmenter)
    fit->augmenter = cnn__augmenter_hold(o->augmenter);
  fit->batch_size = o->batch_size < kept ? o->batch_size : kept;
  fit->steps = cnn__batches(kept, fit->batch_size);
  if (o->steps_per_epoch && o->steps_per_epoch < fit->steps)
    fit->steps = o->steps_per_epoch;
  return CNN_OK;
}

/* ---- callbacks ---- */

static cnn_status open_callbacks(cnn__fit *fit) {
  const cnn_fit_opts *o = &fit->options;
  cnn_context *context = fit->model->context;
  int32_t shown = !o->verbose || !fit->to;
  fit->callbacks = cnn__alloc(context, ((size_t)o->callback_count + 1) * sizeof *fit->callbacks, "callbacks");
  if (!fit->callbacks)
    return CNN_ENOMEM;
  for (int32_t i = 0; i < o->callback_count; i++) {
    fit->callbacks[fit->callback_count++] = cnn__callback_hold(o->callbacks[i]);
    shown |= cnn__is_progress(o->callbacks[i]);
  }
  if (shown)
    return CNN_OK;
  CNN__TRY(cnn_progress_new(&fit->callbacks[fit->callback_count], context, NULL));
  fit->callback_count++;
  fit->own = 1;
  return CNN_OK;
}

/* ---- memory ---- */

static cnn_status open_memory(cnn__fit *fit) {
  cnn_model *model = fit->model;
  const cnn__plan *plan;
  CNN__TRY(cnn__logs_new(&fit->logs, model->context, 2 * CNN__MAX_FIGURES));
  CNN__TRY(cnn__logs_new(&fit->running, model->context, CNN__MAX_FIGURES));
  fit->logs->lent = fit->running->lent = 1;
  if (fit->options.history)
    CNN__TRY(cnn__history_new(&fit->history, model->context));
  CNN__TRY(cnn__batch_new(&fit->batch, &fit->train.part, fit->augmenter, fit->batch_size));
  CNN__TRY(cnn__model_plan(model, CNN__MODE_TRAIN, &plan));
  CNN__TRY(cnn__run_new(&fit->run, model, plan, fit->batch_size));
  if (!fit->validation.held)
    return CNN_OK;
  cnn_status status = cnn__evaluation_begin(&fit->evaluation, model, &fit->validation.part, fit->options.batch_size);
  if (status < 0)
    fit->evaluation.model = NULL;
  return status;
}

static void prepare_event(cnn__fit *fit) {
  fit->event = (cnn_event){.size = sizeof fit->event,
                           .model = fit->model,
                           .sink = fit->to,
                           .epoch = fit->options.initial_epoch,
                           .epochs = fit->options.epochs,
                           .steps = fit->steps,
                           .verbose = fit->options.verbose};
}

/* ---- from begin to end ---- */

static cnn_status run(cnn__fit *fit, const cnn_dataset *dataset) {
  if (!fit->model->compiled)
    return cnn__fail(CNN_ESTATE, "fit: model '%s' is not compiled", fit->model->name);
  CNN__TRY(open_data(fit, dataset));
  CNN__TRY(open_callbacks(fit));
  CNN__TRY(open_memory(fit));
  prepare_event(fit);
  return cnn__fit_run(fit);
}

static void close_fit(cnn__fit *fit) {
  if (fit->evaluation.model)
    cnn__evaluation_end(&fit->evaluation);
  cnn__run_free(fit->run);
  cnn__batch_free(fit->batch);
  cnn__logs_drop(fit->running);
  cnn__logs_drop(fit->logs);
  for (int32_t i = 0; i < fit->callback_count; i++)
    cnn_callback_free(fit->callbacks[i]);
  cnn__free(fit->model->context, fit->callbacks);
  cnn_augmenter_free(fit->augmenter);
  cnn__samples_close(&fit->validation);
  cnn__samples_close(&fit->train);
}

/* The caller gets the history where the call succeeded, or failed with an epoch behind it. */
static void hand_over_history(cnn__fit *fit, cnn_status status) {
  if (fit->history && (status == CNN_OK || cnn_history_count(fit->history)))
    *fit->options.history = fit->history;
  else
    cnn_history_free(fit->history);
}

/* Callbacks run in the floating-point environment of the library too: their rules compare and round. */
static cnn_status fit_locked(cnn__fit *fit, const cnn_dataset *dataset) {
  cnn__fp saved = cnn__fp_enter();
  cnn_status status = run(fit, dataset);
  close_fit(fit);
  hand_over_history(fit, status);
  cnn__fp_leave(saved);
  return status;
}

cnn_status cnn_model_fit(cnn_model *model, const cnn_dataset *dataset, const cnn_fit_opts *options) {
  cnn__fit fit = {0};
  if (!model || !dataset)
    return cnn__fail(CNN_EINVAL, "fit: %s is NULL", model ? "data set" : "model");
  CNN__TRY(cnn__options(&fit.options, sizeof fit.options, sizeof fit.options, options, "cnn_fit_opts"));
  if (fit.options.history)
    *fit.options.history = NULL;
  CNN__TRY(cnn__model_ready(model));
  CNN__TRY(check_options(&fit.options));
  CNN__TRY(cnn__sink_read(&fit.sink, &fit.to, fit.options.sink, model->context));
  if (atomic_exchange(&model->fitting, 1))
    return cnn__fail(CNN_ESTATE, "fit: model '%s' is in training already", model->name);
  fit.model = cnn__model_hold(model);
  cnn_status status = fit_locked(&fit, dataset);
  atomic_store(&model->fitting, 0);
  cnn_model_free(model);
  return status;
}
