/* early stopping: ends training when the monitored figure no longer improves, and may take back the weights of the
 * best epoch. */
#include "train/builtin.h"
#include "train/monitor.h"

#include <math.h>
#include <string.h>

#define WEIGHT_PREFIX "best_weights/"

typedef struct early_stopping {
  cnn__builtin builtin;
  cnn__monitor monitor;
  double min_delta, baseline;
  int32_t has_baseline, patience, verbose, restore, start_from_epoch;
  /* state */
  int32_t resumed;  /* the state was loaded: the next training goes on with it */
  int32_t has_best; /* there is a best value; a NaN that comes first is one for ever */
  double best;
  int64_t wait, best_epoch, stopped_epoch; /* epochs: -1 none */
  cnn_state *weights;                      /* of the best epoch, by name; NULL: none */
} early_stopping;

static void clear(void *user) { cnn_state_free(((early_stopping *)user)->weights); }

static int32_t improves(const early_stopping *e, double value, double on) {
  return cnn__monitor_better(&e->monitor, e->monitor.larger ? value - e->min_delta : value + e->min_delta, on);
}

/* ---- weights ---- */

static cnn_status copy_weight(cnn_state *to, const cnn_model *model, const char *name) {
  cnn_tensor *weight;
  CNN__TRY(cnn_model_weight(&weight, model, name));
  cnn_status status = cnn_state_set_tensor(to, name, weight);
  cnn_tensor_free(weight);
  return status;
}

/* The model's weights as they are become those of the best epoch; on an error the old ones stay. */
static cnn_status keep_weights(early_stopping *e, const cnn_model *model) {
  cnn_state *kept;
  CNN__TRY(cnn_state_new(&kept, e->builtin.context));
  cnn_status status = CNN_OK;
  for (int32_t i = 0; i < cnn_model_weight_count(model) && status == CNN_OK; i++)
    status = copy_weight(kept, model, cnn_model_weight_name(model, i));
  if (status < 0) {
    cnn_state_free(kept);
    return status;
  }
  cnn_state_free(e->weights);
  e->weights = kept;
  return CNN_OK;
}

static int32_t all_finite(const cnn_tensor *tensor) {
  const float *values = cnn_tensor_read(tensor);
  for (int64_t i = 0; i < cnn_tensor_count(tensor); i++)
    if (!isfinite(values[i]))
      return 0;
  return 1;
}

/* Weights that are not finite do not go back into a model, which has none better then: NaN does not heal. */
static cnn_status restore_weights(const early_stopping *e, cnn_model *model) {
  for (int32_t i = 0; i < cnn_state_count(e->weights); i++) {
    const char *name = cnn_state_name(e->weights, i);
    const cnn_tensor *weight = cnn_state_tensor(e->weights, name);
    if (all_finite(weight))
      CNN__TRY(cnn_model_set_weight(model, name, weight));
  }
  return CNN_OK;
}

/* ---- what happens ---- */

static cnn_status train_begin(void *user, const cnn_event *event) {
  early_stopping *e = user;
  (void)event;
  if (!e->resumed) {
    e->has_best = 0;
    e->wait = 0;
    e->best_epoch = e->stopped_epoch = -1;
    cnn_state_free(e->weights);
    e->weights = NULL;
  }
  e->resumed = 0;
  return CNN_OK;
}

static cnn_status epoch_end(void *user, const cnn_event *event) {
  early_stopping *e = user;
  double value;
  if (cnn__monitor_value(&e->monitor, event->logs, &value)) {
    char available[512];
    cnn__monitor_available(event->logs, available, sizeof available);
    cnn__builtin_warn(&e->builtin,
                      "Early stopping conditioned on metric `%s` which is not available. Available metrics are: %s",
                      e->monitor.name, available);
    return CNN_OK;
  }
  if (event->epoch < e->start_from_epoch)
    return CNN_OK;
  int32_t better = !e->has_best || improves(e, value, e->best);
  if (e->restore && (better || !e->weights))
    CNN__TRY(keep_weights(e, event->model));
  e->wait++;
  if (better) {
    e->has_best = 1;
    e->best = value;
    e->best_epoch = event->epoch;
    if (!e->has_baseline || improves(e, value, e->baseline))
      e->wait = 0;
    return CNN_OK;
  }
  if (e->wait < e->patience || event->epoch == 0)
    return CNN_OK;
  e->stopped_epoch = event->epoch;
  return CNN_STOP;
}

static cnn_status train_end(void *user, const cnn_event *event) {
  early_stopping *e = user;
  if (e->stopped_epoch >= 0 && e->verbose)
    cnn__builtin_say(event, "Epoch %lld: early stopping\n", (long long)e->stopped_epoch + 1);
  if (!e->restore || !e->weights)
    return CNN_OK;
  if (e->verbose)
    cnn__builtin_say(event, "Restoring model weights from the end of the best epoch: %lld.\n",
                     (long long)e->best_epoch + 1);
  return restore_weights(e, event->model);
}

/* ---- state ---- */

static cnn_status save_weights(const early_stopping *e, cnn_state *state) {
  char name[320];
  for (int32_t i = 0; e->weights && i < cnn_state_count(e->weights); i++) {
    const char *weight = cnn_state_name(e->weights, i);
    cnn_format(name, sizeof name, WEIGHT_PREFIX "%s", weight);
    CNN__TRY(cnn_state_set_tensor(state, name, cnn_state_tensor(e->weights, weight)));
  }
  return CNN_OK;
}

static cnn_status state_save(void *user, cnn_state *state) {
  const early_stopping *e = user;
  CNN__TRY(cnn_state_set(state, "wait", (double)e->wait));
  CNN__TRY(cnn_state_set(state, "has_best", e->has_best));
  CNN__TRY(cnn_state_set(state, "best", e->best));
  CNN__TRY(cnn_state_set(state, "best_epoch", (double)e->best_epoch));
  CNN__TRY(cnn_state_set(state, "stopped_epoch", (double)e->stopped_epoch));
  return save_weights(e, state);
}

static cnn_status load_weights(cnn_state **out, const early_stopping *e, const cnn_state *state) {
  size_t prefix = strlen(WEIGHT_PREFIX);
  *out = NULL;
  for (int32_t i = 0; i < cnn_state_count(state); i++) {
    const char *name = cnn_state_name(state, i);
    const cnn_tensor *weight = cnn_state_tensor(state, name);
    if (!weight || strncmp(name, WEIGHT_PREFIX, prefix) != 0)
      continue;
    if (!*out)
      CNN__TRY(cnn_state_new(out, e->builtin.context));
    CNN__TRY(cnn_state_set_tensor(*out, name + prefix, weight));
  }
  return CNN_OK;
}

static cnn_status state_load(void *user, const cnn_state *state) {
  early_stopping *e = user;
  int64_t wait, has_best, best_epoch, stopped_epoch;
  double best;
  cnn_state *weights;
  CNN__TRY(cnn__builtin_count(state, "wait", 0, &wait));
  CNN__TRY(cnn__builtin_count(state, "has_best", 0, &has_best));
  CNN__TRY(cnn_state_value(state, "best", &best));
  CNN__TRY(cnn__builtin_count(state, "best_epoch", -1, &best_epoch));
  CNN__TRY(cnn__builtin_count(state, "stopped_epoch", -1, &stopped_epoch));
  cnn_status status = load_weights(&weights, e, state);
  if (status < 0) {
    cnn_state_free(weights);
    return status;
  }
  cnn_state_free(e->weights);
  e->weights = weights;
  e->wait = wait;
  e->has_best = has_best != 0;
  e->best = best;
  e->best_epoch = best_epoch;
  e->stopped_epoch = stopped_epoch;
  e->resumed = 1;
  return CNN_OK;
}

/* ---- making and asking ---- */

static cnn_status check(const cnn_early_stopping_opts *given) {
  if (!isfinite(given->min_delta))
    return cnn__fail(CNN_EINVAL, "early_stopping: min_delta is %g, must be a finite number", (double)given->min_delta);
  if (given->patience < 0 || given->start_from_epoch < 0)
    return cnn__fail(CNN_EINVAL, "early_stopping: %s is %d, must be 0 or more",
                     given->patience < 0 ? "patience" : "start_from_epoch",
                     (int)(given->patience < 0 ? given->patience : given->start_from_epoch));
  return CNN_OK;
}

cnn_status cnn_early_stopping_new(cnn_callback **out, cnn_context *context, const cnn_early_stopping_opts *options) {
  static const cnn_callback_functions functions = {.train_begin = train_begin,
                                                   .train_end = train_end,
                                                   .epoch_end = epoch_end,
                                                   .state_save = state_save,
                                                   .state_load = state_load};
  cnn_early_stopping_opts given;
  early_stopping e = {.builtin = {.clear = clear, .kind = "early_stopping"}, .best_epoch = -1, .stopped_epoch = -1};
  CNN__TRY(cnn__builtin_check(out, context, "early_stopping"));
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_early_stopping_opts"));
  CNN__TRY(check(&given));
  CNN__TRY(cnn__builtin_monitor(&e.monitor, given.monitor, given.mode, "early_stopping"));
  e.min_delta = fabs(cnn__builtin_decimal(given.min_delta));
  e.baseline = cnn__builtin_decimal(given.baseline);
  e.has_baseline = given.has_baseline;
  e.patience = given.patience;
  e.verbose = given.verbose;
  e.restore = given.restore_best_weights;
  e.start_from_epoch = given.start_from_epoch;
  return cnn__builtin_new(out, context, &functions, &e.builtin, sizeof e);
}

int64_t cnn_early_stopping_stopped_epoch(const cnn_callback *callback) {
  const early_stopping *e = cnn__builtin_of(callback, epoch_end, "an early stopping");
  return e ? e->stopped_epoch : -1;
}

int64_t cnn_early_stopping_best_epoch(const cnn_callback *callback) {
  const early_stopping *e = cnn__builtin_of(callback, epoch_end, "an early stopping");
  return e ? e->best_epoch : -1;
}
