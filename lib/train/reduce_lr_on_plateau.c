/* reduce_lr_on_plateau: multiplies the learning rate by a factor when the monitored figure no longer improves, and
 * tells the rate of every epoch. */
#include "cnn/train.h"
#include "train/builtin.h"
#include "train/monitor.h"

#include <math.h>

typedef struct plateau {
  cnn__builtin builtin;
  cnn__monitor monitor;
  double factor, min_delta, min_lr;
  int32_t patience, verbose, cooldown;
  /* state */
  int32_t resumed, has_best;
  double best;
  int64_t wait, cooling; /* epochs without improvement; epochs left of the cooldown */
} plateau;

static cnn_status train_begin(void *user, const cnn_event *event) {
  plateau *p = user;
  /* To the rate as it is: refused where it cannot be set at all, and better now than after hours. */
  cnn_status settable = cnn_model_set_learning_rate(event->model, cnn_model_learning_rate(event->model));
  if (settable < 0)
    return cnn__fail(settable, "reduce_lr_on_plateau: %s", cnn_error_text());
  if (!p->resumed) {
    p->has_best = 0;
    p->wait = p->cooling = 0;
  }
  p->resumed = 0;
  return CNN_OK;
}

static int32_t improves(const plateau *p, double value) {
  double bar = p->monitor.larger ? p->best + p->min_delta : p->best - p->min_delta;
  return !p->has_best || cnn__monitor_better(&p->monitor, value, bar);
}

static cnn_status reduce(plateau *p, const cnn_event *event, double rate) {
  char text[32];
  double lower = rate * p->factor;
  if (lower < p->min_lr)
    lower = p->min_lr;
  CNN__TRY(cnn_model_set_learning_rate(event->model, lower));
  if (p->verbose)
    cnn__builtin_say(event, "\nEpoch %lld: ReduceLROnPlateau reducing learning rate to %s.\n",
                     (long long)event->epoch + 1, cnn_format_shortest(text, lower));
  p->cooling = p->cooldown;
  p->wait = 0;
  return CNN_OK;
}

static cnn_status epoch_end(void *user, const cnn_event *event) {
  plateau *p = user;
  double value, rate = cnn_model_learning_rate(event->model);
  CNN__TRY(cnn_logs_set(event->logs, "learning_rate", rate));
  if (cnn__monitor_value(&p->monitor, event->logs, &value)) {
    char available[512];
    cnn__monitor_available(event->logs, available, sizeof available);
    cnn__builtin_warn(
        &p->builtin,
        "Learning rate reduction is conditioned on metric `%s` which is not available. Available metrics are: %s.",
        p->monitor.name, available);
    return CNN_OK;
  }
  if (p->cooling > 0) {
    p->cooling--;
    p->wait = 0;
  }
  if (improves(p, value)) {
    p->has_best = 1;
    p->best = value;
    p->wait = 0;
  } else if (p->cooling == 0) {
    p->wait++;
    if (p->wait >= p->patience && rate > (double)(float)p->min_lr)
      return reduce(p, event, rate);
  }
  return CNN_OK;
}

static cnn_status state_save(void *user, cnn_state *state) {
  const plateau *p = user;
  CNN__TRY(cnn_state_set(state, "wait", (double)p->wait));
  CNN__TRY(cnn_state_set(state, "has_best", p->has_best));
  CNN__TRY(cnn_state_set(state, "best", p->best));
  return cnn_state_set(state, "cooldown_counter", (double)p->cooling);
}

static cnn_status state_load(void *user, const cnn_state *state) {
  plateau *p = user;
  int64_t wait, has_best, cooling;
  double best;
  CNN__TRY(cnn__builtin_count(state, "wait", 0, &wait));
  CNN__TRY(cnn__builtin_count(state, "has_best", 0, &has_best));
  CNN__TRY(cnn_state_value(state, "best", &best));
  CNN__TRY(cnn__builtin_count(state, "cooldown_counter", 0, &cooling));
  p->wait = wait;
  p->has_best = has_best != 0;
  p->best = best;
  p->cooling = cooling;
  p->resumed = 1;
  return CNN_OK;
}

static cnn_status check(const plateau *p, float factor, float min_delta, float min_lr) {
  if (!(factor > 0 && factor < 1))
    return cnn__fail(CNN_EINVAL, "reduce_lr_on_plateau: factor is %g, must be more than 0 and less than 1", (double)factor);
  if (!(min_delta >= 0 && isfinite(min_delta)))
    return cnn__fail(CNN_EINVAL, "reduce_lr_on_plateau: min_delta is %g, must be a finite number, 0 or more",
                     (double)min_delta);
  if (!(min_lr >= 0 && isfinite(min_lr)))
    return cnn__fail(CNN_EINVAL, "reduce_lr_on_plateau: min_lr is %g, must be a finite number, 0 or more", (double)min_lr);
  if (p->patience < 0 || p->cooldown < 0)
    return cnn__fail(CNN_EINVAL, "reduce_lr_on_plateau: %s is %d, must be 0 or more",
                     p->patience < 0 ? "patience" : "cooldown", (int)(p->patience < 0 ? p->patience : p->cooldown));
  return CNN_OK;
}

cnn_status cnn_reduce_lr_on_plateau_new(cnn_callback **out, cnn_context *context,
                                        const cnn_reduce_lr_on_plateau_opts *options) {
  static const cnn_callback_functions functions = {
      .train_begin = train_begin, .epoch_end = epoch_end, .state_save = state_save, .state_load = state_load};
  cnn_reduce_lr_on_plateau_opts given;
  plateau p = {.builtin.kind = "reduce_lr_on_plateau"};
  CNN__TRY(cnn__builtin_check(out, context, "reduce_lr_on_plateau"));
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_reduce_lr_on_plateau_opts"));
  CNN__TRY(cnn__builtin_reserved(given.reserved, "cnn_reduce_lr_on_plateau_opts"));
  float factor = cnn__option(given.factor, 0.1f), min_delta = cnn__option(given.min_delta, 1e-4f);
  p.patience = cnn__option_int(given.patience, 10);
  p.cooldown = given.cooldown;
  p.verbose = given.verbose;
  CNN__TRY(check(&p, factor, min_delta, given.min_lr));
  CNN__TRY(cnn__builtin_monitor(&p.monitor, given.monitor, given.mode, "reduce_lr_on_plateau"));
  p.factor = cnn__builtin_decimal(factor);
  p.min_delta = cnn__builtin_decimal(min_delta);
  p.min_lr = cnn__builtin_decimal(given.min_lr);
  return cnn__builtin_new(out, context, &functions, &p.builtin, sizeof p);
}
