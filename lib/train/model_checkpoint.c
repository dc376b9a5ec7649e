/* model_checkpoint: saves the model at the end of epochs or every so many batches, always or where the value is the best so
 * far. */
#include "cnn/format.h"
#include "train/builtin.h"
#include "train/file_name.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

typedef struct checkpoint {
  cnn__builtin builtin;
  cnn__monitor monitor;
  char *path; /* with fields for figures */
  int32_t verbose, best_only, weights_only;
  int64_t save_freq; /* in batches; 0: at the end of epochs */
  /* state, which lives on from one training to the next */
  int32_t has_best;
  double best;
  int64_t batches, last_batch; /* since the last saving; the last one heard of */
} checkpoint;

static void clear(void *user) {
  checkpoint *c = user;
  cnn__builtin_drop(c->builtin.context, c->path);
}

/* The folders that the path names and that are not there yet. */
static cnn_status make_folders(const char *path) {
  char folder[CNN__PATH_BYTES];
  for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    size_t length = (size_t)(slash - path);
    memcpy(folder, path, length);
    folder[length] = 0;
    if (mkdir(folder, 0777) < 0 && errno != EEXIST)
      return cnn_error_set(CNN_EIO, "'%s': cannot make folder '%s': %s", path, folder, cnn__errno_text(errno));
  }
  return CNN_OK;
}

static cnn_status save(const checkpoint *c, const cnn_event *event, const char *path) {
  CNN__TRY(make_folders(path));
  CNN__TRY(cnn_model_save(event->model, path, cnn_save_opts(.weights_only = c->weights_only)));
  if (c->verbose)
    cnn__builtin_say(event, "\nEpoch %lld: finished saving model to %s\n", (long long)event->epoch + 1, path);
  return CNN_OK;
}

/* A value that is not the best yet: nothing is saved. */
static void say_no(const checkpoint *c, const cnn_event *event) {
  if (c->verbose)
    cnn__builtin_say(event, "\nEpoch %lld: %s did not improve from %.5f\n", (long long)event->epoch + 1, c->monitor.name,
                     c->best);
}

static void say_better(const checkpoint *c, const cnn_event *event, double value, const char *path) {
  char before[64] = "None";
  if (c->has_best)
    cnn_format(before, sizeof before, "%.5f", c->best);
  if (c->verbose)
    cnn__builtin_say(event, "\nEpoch %lld: %s improved from %s to %.5f, saving model to %s\n",
                     (long long)event->epoch + 1, c->monitor.name, before, value, path);
}

/* batch: from 1; 0: at the end of an epoch. */
static cnn_status save_or_not(checkpoint *c, const cnn_event *event, int64_t batch) {
  char path[CNN__PATH_BYTES];
  double value = 0;
  CNN__TRY(cnn__file_name(path, c->path, event->epoch + 1, batch, event->logs));
  if (!c->best_only) {
    if (c->verbose)
      cnn__builtin_say(event, "\nEpoch %lld: saving model to %s\n", (long long)event->epoch + 1, path);
    return save(c, event, path);
  }
  if (cnn__monitor_value(&c->monitor, event->logs, &value)) {
    cnn__builtin_warn(&c->builtin, "Can save best model only with %s available.", c->monitor.name);
    return save(c, event, path);
  }
  if (isnan(value))
    value = (double)NAN; /* its sign would be written too */
  if (c->has_best && !cnn__monitor_better(&c->monitor, value, c->best)) {
    say_no(c, event);
    return CNN_OK;
  }
  say_better(c, event, value, path);
  CNN__TRY(save(c, event, path));
  c->has_best = 1;
  c->best = value;
  return CNN_OK;
}

/* Not after an epoch's work: can files with this ending be written at all? */
static cnn_status train_begin(void *user, const cnn_event *event) {
  const checkpoint *c = user;
  (void)event;
  return cnn_format_name(c->builtin.context, c->path) ? CNN_OK : cnn__fail_code();
}

static cnn_status epoch_end(void *user, const cnn_event *event) {
  checkpoint *c = user;
  return c->save_freq ? CNN_OK : save_or_not(c, event, 0);
}

/* Batches count on from epoch to epoch: one that is no later than the last begins another. */
static cnn_status batch_end(void *user, const cnn_event *event) {
  checkpoint *c = user;
  if (!c->save_freq)
    return CNN_OK;
  c->batches += event->step <= c->last_batch ? event->step + 1 : event->step - c->last_batch;
  c->last_batch = event->step;
  if (c->batches < c->save_freq)
    return CNN_OK;
  c->batches = 0;
  return save_or_not(c, event, event->step + 1);
}

static cnn_status state_save(void *user, cnn_state *state) {
  const checkpoint *c = user;
  CNN__TRY(cnn_state_set(state, "has_best", c->has_best));
  CNN__TRY(cnn_state_set(state, "best", c->best));
  CNN__TRY(cnn_state_set(state, "batches", (double)c->batches));
  return cnn_state_set(state, "last_batch", (double)c->last_batch);
}

static cnn_status state_load(void *user, const cnn_state *state) {
  checkpoint *c = user;
  int64_t has_best, batches, last_batch;
  double best;
  CNN__TRY(cnn__builtin_count(state, "has_best", 0, &has_best));
  CNN__TRY(cnn_state_value(state, "best", &best));
  CNN__TRY(cnn__builtin_count(state, "batches", 0, &batches));
  CNN__TRY(cnn__builtin_count(state, "last_batch", 0, &last_batch));
  c->has_best = has_best != 0;
  c->best = best;
  c->batches = batches;
  c->last_batch = last_batch;
  return CNN_OK;
}

static cnn_status check(const char *path, const cnn_model_checkpoint_opts *given) {
  if (given->save_freq < 0)
    return cnn__fail(CNN_EINVAL, "model_checkpoint: save_freq is %lld, must be 0 or more", (long long)given->save_freq);
  if (given->has_initial_value_threshold && isnan(given->initial_value_threshold))
    return cnn__fail(CNN_EINVAL, "model_checkpoint: initial_value_threshold is NaN, which nothing is better than");
  return cnn__file_name(NULL, path, 0, 0, NULL);
}

cnn_status cnn_model_checkpoint_new(cnn_callback **out, cnn_context *context, const char *path,
                                    const cnn_model_checkpoint_opts *options) {
  static const cnn_callback_functions functions = {
      .train_begin = train_begin, .epoch_end = epoch_end, .batch_end = batch_end, .state_save = state_save,
      .state_load = state_load};
  cnn_model_checkpoint_opts given;
  checkpoint c = {.builtin = {.clear = clear, .kind = "model_checkpoint"}};
  CNN__TRY(cnn__builtin_check(out, context, "model_checkpoint"));
  if (!path || !path[0])
    return cnn__fail(CNN_EINVAL, "model_checkpoint: path is %s", path ? "empty" : "NULL");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_model_checkpoint_opts"));
  CNN__TRY(cnn__builtin_monitor(&c.monitor, given.monitor, given.mode, "model_checkpoint"));
  CNN__TRY(check(path, &given));
  c.save_freq = given.save_freq;
  c.has_best = given.has_initial_value_threshold;
  c.best = cnn__builtin_decimal(given.initial_value_threshold);
  c.verbose = given.verbose;
  c.best_only = given.save_best_only;
  c.weights_only = given.save_weights_only;
  c.path = cnn__builtin_text(context, path);
  if (!c.path)
    return CNN_ENOMEM;
  return cnn__builtin_new(out, context, &functions, &c.builtin, sizeof c);
}
