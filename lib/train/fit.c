/* fit: training a model on a data set. Options and data are checked and all memory is made before the first
 * callback is called, so that what is wrong with the call changes nothing. */
#include "train/fit_internal.h"

#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/text.h"
#include "data/augment.h"
#include "train/checkpoint.h"
#include "train/progress.h"
#include "train/sink.h"

#include <math.h>

/* ---- options ---- */

static cnn_status check_counts(const cnn_fit_opts *o) {
  const struct {
    const char *name;
    int64_t value;
    const char *of; /* the list that it counts, if it does */
    const void *list;
  } counts[] = {{"epochs", o->epochs, NULL, NULL},
                {"initial_epoch", o->initial_epoch, NULL, NULL},
                {"steps_per_epoch", o->steps_per_epoch, NULL, NULL},
                {"validation_batch_size", o->validation_batch_size, NULL, NULL},
                {"validation_steps", o->validation_steps, NULL, NULL},
                {"validation_freq", o->validation_freq, NULL, NULL},
                {"callback_count", o->callback_count, "callbacks", o->callbacks},
                {"class_weight_count", o->class_weight_count, "class_weights", o->class_weights},
                {"validation_epoch_count", o->validation_epoch_count, "validation_epochs", o->validation_epochs}};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    if (counts[i].value < 0)
      return cnn__fail(CNN_EINVAL, "fit: %s is %lld, must be 0 or more", counts[i].name, (long long)counts[i].value);
    if (counts[i].value && counts[i].of && !counts[i].list)
      return cnn__fail(CNN_EINVAL, "fit: %s is %lld, %s is NULL", counts[i].name, (long long)counts[i].value, counts[i].of);
  }
  return cnn__passing_check(o->batch_size, 0, o->verbose, 0, "fit");
}

static cnn_status check_callbacks(const cnn_fit_opts *o) {
  for (int32_t i = 0; i < o->callback_count; i++)
    if (!o->callbacks[i])
      return cnn__fail(CNN_EINVAL, "fit: callback %d of %d is NULL", (int)i, (int)o->callback_count);
  return CNN_OK;
}

static cnn_status check_class_weights(const cnn_fit_opts *o) {
  char text[32];
  for (int64_t i = 0; i < o->class_weight_count; i++)
    if (!isfinite(o->class_weights[i]))
      return cnn__fail(CNN_EINVAL, "fit: the weight of class %lld is %s, must be finite", (long long)i,
                       cnn__repr(text, (double)o->class_weights[i]));
  return CNN_OK;
}

static cnn_status check_validation_epochs(const cnn_fit_opts *o) {
  for (int64_t i = 0; i < o->validation_epoch_count; i++)
    if (o->validation_epochs[i] < 1)
      return cnn__fail(CNN_EINVAL, "fit: validation_epochs[%lld] is %lld, must be 1 (the first epoch) or more", (long long)i,
                       (long long)o->validation_epochs[i]);
  return CNN_OK;
}

static cnn_status check_options(cnn_fit_opts *o) {
  char text[32];
  CNN__TRY(check_counts(o));
  CNN__TRY(check_callbacks(o));
  CNN__TRY(check_class_weights(o));
  CNN__TRY(check_validation_epochs(o));
  if (!(o->validation_split >= 0 && o->validation_split < 1))
    return cnn__fail(CNN_EINVAL, "fit: validation_split is %s, must be 0 or more and less than 1",
                     cnn__repr(text, o->validation_split));
  o->validation_batch_size = o->validation_batch_size ? o->validation_batch_size : o->batch_size;
  o->epochs = o->epochs ? o->epochs : 1;
  o->validation_freq = o->validation_freq ? o->validation_freq : 1;
  return CNN_OK;
}

/* ---- data ---- */

/* Samples that stay for training: all, or those before the boundary of the split. */
static cnn_status split(const cnn_dataset *dataset, const cnn_fit_opts *o, int64_t *kept) {
  char text[32];
  *kept = dataset->count;
  if (o->validation || o->validation_source || o->validation_split == 0)
    return CNN_OK;
  *kept = (int64_t)((double)dataset->count * (1 - o->validation_split));
  if (*kept < 1 || *kept >= dataset->count)
    return cnn__fail(CNN_EINVAL, "fit: validation_split %s of %lld samples leaves %lld for training and %lld for validation",
                     cnn__repr(text, o->validation_split), (long long)dataset->count, (long long)*kept,
                     (long long)(dataset->count - *kept));
  return CNN_OK;
}

/* Validation where it has data of its own: a data set or a source. */
static cnn_status open_validation(cnn__fit *fit) {
  const cnn_fit_opts *o = &fit->options;
  cnn__supply *supply = &fit->evaluation.supply;
  if (o->validation && o->validation_source)
    return cnn__fail(CNN_EINVAL, "fit: validation and validation_source are both given");
  if (o->validation)
    return cnn__supply_dataset(supply, o->validation, 0, o->validation->count, o->validation_batch_size,
                               o->validation_steps);
  if (o->validation_source)
    return cnn__supply_source(supply, o->validation_source, o->validation_batch_size, o->validation_steps);
  return CNN_OK;
}

static cnn_status open_dataset(cnn__fit *fit, const cnn_dataset *dataset) {
  const cnn_fit_opts *o = &fit->options;
  int64_t kept;
  CNN__TRY(split(dataset, o, &kept));
  CNN__TRY(cnn__supply_dataset(&fit->train, dataset, 0, kept, o->batch_size, o->steps_per_epoch));
  if (kept < dataset->count)
    CNN__TRY(cnn__supply_dataset(&fit->evaluation.supply, dataset, kept, dataset->count - kept,
                                 o->validation_batch_size, o->validation_steps));
  return open_validation(fit);
}

static cnn_status open_source(cnn__fit *fit, const cnn_batch_source *source) {
  const cnn_fit_opts *o = &fit->options;
  if (o->validation_split != 0)
    return cnn__fail(CNN_EINVAL, "fit: validation_split divides data sets; a batch source has no last part");
  CNN__TRY(cnn__supply_source(&fit->train, source, o->batch_size, o->steps_per_epoch));
  return open_validation(fit);
}

static cnn_status open_data(cnn__fit *fit, const cnn_dataset *dataset, const cnn_batch_source *source) {
  if (fit->options.augmenter)
    fit->augmenter = cnn__augmenter_hold(fit->options.augmenter);
  fit->train.model = fit->evaluation.supply.model = fit->model;
  fit->train.mode = CNN__MODE_TRAIN;
  fit->train.what = "fit";
  fit->train.augmenter = fit->evaluation.supply.augmenter = fit->augmenter;
  fit->train.class_weights = (cnn__class_weights){fit->options.class_weights, fit->options.class_weight_count};
  fit->evaluation.supply.mode = CNN__MODE_TEST;
  fit->evaluation.supply.what = "fit, validation";
  return dataset ? open_dataset(fit, dataset) : open_source(fit, source);
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
  CNN__TRY(cnn__logs_new(&fit->logs, model->context, 2 * CNN__MAX_FIGURES));
  CNN__TRY(cnn__logs_new(&fit->running, model->context, CNN__MAX_FIGURES));
  fit->logs->lent = fit->running->lent = 1;
  if (fit->options.history || fit->checkpoint)
    CNN__TRY(cnn__history_new(&fit->history, model->context));
  CNN__TRY(cnn__supply_open(&fit->train));
  return cnn__supply_open(&fit->evaluation.supply);
}

static void prepare_event(cnn__fit *fit) {
  fit->event = (cnn_event){.size = sizeof fit->event,
                           .model = fit->model,
                           .sink = fit->to,
                           .epoch = fit->options.initial_epoch,
                           .epochs = fit->options.epochs,
                           .steps = fit->train.steps,
                           .verbose = fit->options.verbose};
}

/* ---- from begin to end ---- */

static cnn_status run(cnn__fit *fit, const cnn_dataset *dataset, const cnn_batch_source *source) {
  if (!fit->model->compiled)
    return cnn__fail(CNN_ESTATE, "fit: model '%s' is not compiled", fit->model->name);
  CNN__TRY(open_data(fit, dataset, source));
  CNN__TRY(open_callbacks(fit));
  CNN__TRY(cnn__checkpoint_find(fit));
  CNN__TRY(open_memory(fit));
  prepare_event(fit);
  return cnn__fit_run(fit);
}

static void close_fit(cnn__fit *fit) {
  cnn__supply_close(&fit->evaluation.supply);
  cnn__supply_close(&fit->train);
  cnn__logs_drop(fit->running);
  cnn__logs_drop(fit->logs);
  for (int32_t i = 0; i < fit->callback_count; i++)
    cnn_callback_free(fit->callbacks[i]);
  cnn__free(fit->model->context, fit->callbacks);
  cnn_augmenter_free(fit->augmenter);
  json_decref(fit->recipe);
}

/* The caller gets the history where the call succeeded, or failed with an epoch behind it. */
static void hand_over_history(cnn__fit *fit, cnn_status status) {
  if (fit->options.history && fit->history && (status == CNN_OK || cnn_history_count(fit->history)))
    *fit->options.history = fit->history;
  else
    cnn_history_free(fit->history);
}

/* Callbacks run in the floating-point environment of the library too: their rules compare and round. */
static cnn_status fit_locked(cnn__fit *fit, const cnn_dataset *dataset, const cnn_batch_source *source) {
  cnn__fp saved = cnn__fp_enter();
  cnn_status status = run(fit, dataset, source);
  close_fit(fit);
  hand_over_history(fit, status);
  cnn__fp_leave(saved);
  return status;
}

/* On a data set or, where it is NULL, on a source. */
static cnn_status fit(cnn_model *model, const cnn_dataset *dataset, const cnn_batch_source *source,
                      const cnn_fit_opts *options) {
  cnn__fit fit = {0};
  if (!model || !(dataset || source))
    return cnn__fail(CNN_EINVAL, "fit: %s is NULL", model ? "data set or batch source" : "model");
  CNN__TRY(cnn__options(&fit.options, sizeof fit.options, sizeof fit.options, options, "cnn_fit_opts"));
  if (fit.options.history)
    *fit.options.history = NULL;
  CNN__TRY(cnn__model_ready(model));
  CNN__TRY(check_options(&fit.options));
  CNN__TRY(cnn__sink_read(&fit.sink, &fit.to, fit.options.sink, model->context));
  if (atomic_exchange(&model->fitting, 1))
    return cnn__fail(CNN_ESTATE, "fit: model '%s' is in training already", model->name);
  fit.model = cnn__model_hold(model);
  cnn_status status = fit_locked(&fit, dataset, source);
  atomic_store(&model->fitting, 0);
  cnn_model_free(model);
  return status;
}

cnn_status cnn_model_fit(cnn_model *model, const cnn_dataset *dataset, const cnn_fit_opts *options) {
  return fit(model, dataset, NULL, options);
}

cnn_status cnn_model_fit_source(cnn_model *model, const cnn_batch_source *source, const cnn_fit_opts *options) {
  return fit(model, NULL, source, options);
}
