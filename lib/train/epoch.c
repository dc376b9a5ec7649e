/* epoch: what fit does between train_begin and train_end. Nothing here allocates but callbacks and the history. */
#include "train/fit_internal.h"

#include "core/text.h"
#include "train/checkpoint.h"

/* Tell callbacks [first, first + count) what happens; a wish to stop is noted, an error returned. */
static cnn_status tell_some(cnn__fit *fit, int32_t first, int32_t count, int32_t kind, cnn_logs *logs) {
  fit->event.logs = logs;
  cnn_status status = cnn__callbacks_tell(fit->callbacks + first, count, kind, &fit->event);
  if (status == CNN_STOP) {
    fit->stop = 1;
    fit->stop_batches |= kind == CNN__BATCH_BEGIN || kind == CNN__BATCH_END;
  }
  return status < 0 ? status : CNN_OK;
}

static cnn_status tell(cnn__fit *fit, int32_t kind, cnn_logs *logs) {
  return tell_some(fit, 0, fit->callback_count, kind, logs);
}

/* Of something that begins, before it has figures. */
static cnn_status tell_begin(cnn__fit *fit, int32_t kind) {
  cnn__logs_clear(fit->running);
  return tell(fit, kind, fit->running);
}

/* CNN_STOP: the pass is over. */
static cnn_status step(cnn__fit *fit) {
  cnn__supply *supply = &fit->train;
  cnn__feed feed;
  cnn_status status = cnn__supply_next(supply, &feed);
  if (status != CNN_OK)
    return status;
  fit->event.step = supply->step - 1;
  CNN__TRY(tell_begin(fit, CNN__BATCH_BEGIN));
  cnn__run_train(supply->run, fit->model, &feed, supply->pass);
  cnn__figures_add(&fit->figures, supply->run, feed.count);
  cnn__logs_clear(fit->running);
  CNN__TRY(cnn__figures_tell(&fit->figures, fit->running, ""));
  CNN__TRY(tell(fit, CNN__BATCH_END, fit->running));
  return fit->checkpoint ? cnn__checkpoint_passed(fit, 0, 0) : CNN_OK;
}

/* All steps of a pass. How many they are is known from then on, where it was not. */
static cnn_status steps(cnn__fit *fit) {
  cnn_status status = CNN_OK;
  while (status == CNN_OK && !fit->stop_batches)
    status = step(fit);
  if (status < 0)
    return status;
  if (!fit->event.steps && status == CNN_STOP)
    fit->event.steps = fit->train.step;
  return CNN_OK;
}

static cnn_status validate(cnn__fit *fit) {
  CNN__TRY(tell_begin(fit, CNN__TEST_BEGIN));
  CNN__TRY(cnn__evaluation_run(&fit->evaluation, fit->event.epoch, NULL, NULL));
  cnn__logs_clear(fit->running);
  CNN__TRY(cnn__figures_tell(&fit->evaluation.figures, fit->running, ""));
  CNN__TRY(tell(fit, CNN__TEST_END, fit->running));
  return cnn__figures_tell(&fit->evaluation.figures, fit->logs, "val_");
}

/* The caller's callbacks, the history, fit's own progress. The epoch is complete: it goes into the history even
 * where a callback fails. */
static cnn_status end_epoch(cnn__fit *fit, double seconds) {
  int32_t callers = fit->callback_count - fit->own;
  char text[1024];
  cnn_status status = tell_some(fit, 0, callers, CNN__EPOCH_END, fit->logs);
  if (status < 0)
    cnn__format(text, sizeof text, "%s", cnn_error_text());
  if (fit->history) {
    cnn_status added = cnn__history_add(fit->history, fit->event.epoch, seconds, fit->logs);
    if (status == CNN_OK)
      CNN__TRY(added);
  }
  return status < 0 ? cnn__fail(status, "%s", text) : tell_some(fit, callers, fit->own, CNN__EPOCH_END, fit->logs);
}

/* The pass is counted once the callbacks have heard of it: a model that one of them saves at the begin begins this
 * epoch again. */
static cnn_status begin_pass(cnn__fit *fit) {
  const int32_t shuffle = !fit->options.no_shuffle;
  if (!fit->place.step) {
    cnn__supply_begin(&fit->train, fit->event.epoch, fit->model->pass++, shuffle);
    cnn__figures_begin(&fit->figures, fit->model);
    return CNN_OK;
  }
  cnn__checkpoint_again(fit);
  cnn__supply_begin(&fit->train, fit->event.epoch, fit->model->pass - 1, shuffle);
  fit->figures = fit->place.figures;
  return cnn__supply_skip(&fit->train, fit->place.step, fit->place.samples);
}

/* Is there a validation after `count` epochs? */
static int32_t validates(const cnn__fit *fit, int64_t count) {
  const cnn_fit_opts *o = &fit->options;
  int32_t listed = 0;
  for (int64_t i = 0; i < o->validation_epoch_count; i++)
    listed |= o->validation_epochs[i] == count;
  return cnn__supply_is(&fit->evaluation.supply) && (o->validation_epochs ? listed : count % o->validation_freq == 0);
}

static cnn_status epoch(cnn__fit *fit, int64_t index) {
  fit->begun = cnn__seconds() - fit->place.seconds;
  fit->event.epoch = index;
  fit->event.step = fit->place.step;
  fit->stop_batches = fit->place.stop_batches;
  CNN__TRY(tell_begin(fit, CNN__EPOCH_BEGIN));
  CNN__TRY(begin_pass(fit));
  CNN__TRY(steps(fit));
  if (fit->leave)
    return CNN_OK;
  cnn__logs_clear(fit->logs);
  CNN__TRY(cnn__figures_tell(&fit->figures, fit->logs, ""));
  if (validates(fit, index + 1))
    CNN__TRY(validate(fit));
  CNN__TRY(end_epoch(fit, cnn__seconds() - fit->begun));
  if (fit->checkpoint)
    CNN__TRY(cnn__checkpoint_passed(fit, 1, fit->stop || index + 1 == fit->options.epochs));
  fit->place = (cnn__place){.epoch = index + 1};
  return CNN_OK;
}

void cnn__fit_note(cnn__fit *fit, int32_t ended) {
  const cnn__supply *train = &fit->train;
  fit->place = (cnn__place){.epoch = fit->event.epoch + ended,
                            .step = ended ? 0 : train->step,
                            .samples = ended ? 0 : train->given,
                            .steps = fit->event.steps,
                            .seconds = ended ? 0 : cnn__seconds() - fit->begun,
                            .stop = fit->stop,
                            .stop_batches = !ended && fit->stop_batches};
  cnn__figures_begin(&fit->place.figures, fit->model);
  if (!ended)
    fit->place.figures = fit->figures;
}

/* Callbacks hear of the begin; what they make of a model that goes on is undone. */
static cnn_status begin(cnn__fit *fit) {
  cnn_status status = tell_begin(fit, CNN__TRAIN_BEGIN);
  if (fit->checkpoint)
    cnn__checkpoint_again(fit);
  if (!fit->event.steps)
    fit->event.steps = fit->place.steps;
  return status;
}

/* The first error is the one to tell. */
static cnn_status end_checkpoint(cnn__fit *fit, cnn_status status) {
  char text[1024];
  cnn__format(text, sizeof text, "%s", status < 0 ? cnn_error_text() : "");
  cnn_status written = cnn__checkpoint_end(fit);
  return status < 0 ? cnn__fail(status, "%s", text) : written;
}

/* A wish to stop ends training behind the epoch in hand, also where that goes on from a checkpoint. */
static int32_t goes_on(const cnn__fit *fit, int64_t epoch) {
  const int32_t in_hand = fit->place.stop && fit->place.step;
  return epoch < fit->options.epochs && !fit->leave && (!fit->stop || in_hand);
}

cnn_status cnn__fit_run(cnn__fit *fit) {
  char text[1024];
  fit->place.epoch = fit->options.initial_epoch;
  if (fit->checkpoint)
    CNN__TRY(cnn__checkpoint_begin(fit));
  cnn_status status = begin(fit);
  for (int64_t i = fit->place.epoch; status == CNN_OK && goes_on(fit, i); i++)
    status = epoch(fit, i);
  if (status == CNN_OK)
    status = cnn_model_finalize(fit->model);
  if (fit->checkpoint)
    status = end_checkpoint(fit, status);
  if (status < 0)
    cnn__format(text, sizeof text, "%s", cnn_error_text());
  cnn_status ended = tell(fit, CNN__TRAIN_END, fit->logs);
  return status < 0 ? cnn__fail(status, "%s", text) : ended;
}
