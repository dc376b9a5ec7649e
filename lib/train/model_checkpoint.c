/* model_checkpoint: saves the model at the end of epochs, all of them or those that bring the best value so far. */
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
  /* state, which lives on from one training to the next */
  int32_t has_best;
  double best;
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

static cnn_status epoch_end(void *user, const cnn_event *event) {
  checkpoint *c = user;
  char path[CNN__PATH_BYTES];
  double value = 0;
  CNN__TRY(cnn__file_name(path, c->path, event->epoch + 1, event->logs));
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

static cnn_status state_save(void *user, cnn_state *state) {
  const checkpoint *c = user;
  CNN__TRY(cnn_state_set(state, "has_best", c->has_best));
  return cnn_state_set(state, "best", c->best);
}

static cnn_status state_load(void *user, const cnn_state *state) {
  checkpoint *c = user;
  int64_t has_best;
  double best;
  CNN__TRY(cnn__builtin_count(state, "has_best", 0, &has_best));
  CNN__TRY(cnn_state_value(state, "best", &best));
  c->has_best = has_best != 0;
  c->best = best;
  return CNN_OK;
}

cnn_status cnn_model_checkpoint_new(cnn_callback **out, cnn_context *context, const char *path,
                                    const cnn_model_checkpoint_opts *options) {
  static const cnn_callback_functions functions = {
      .epoch_end = epoch_end, .state_save = state_save, .state_load = state_load};
  cnn_model_checkpoint_opts given;
  checkpoint c = {.builtin.clear = clear};
  CNN__TRY(cnn__builtin_check(out, context, "model_checkpoint"));
  if (!path || !path[0])
    return cnn__fail(CNN_EINVAL, "model_checkpoint: path is %s", path ? "empty" : "NULL");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_model_checkpoint_opts"));
  CNN__TRY(cnn__builtin_monitor(&c.monitor, given.monitor, given.mode, "model_checkpoint"));
  CNN__TRY(cnn__file_name(NULL, path, 0, NULL));
  c.verbose = given.verbose;
  c.best_only = given.save_best_only;
  c.weights_only = given.save_weights_only;
  c.path = cnn__builtin_text(context, path);
  if (!c.path)
    return CNN_ENOMEM;
  return cnn__builtin_new(out, context, &functions, &c.builtin, sizeof c);
}
