/* checkpoint: when to save, where, and what to go on from. */
#include "train/checkpoint.h"

#include "io/background.h"
#include "train/builtin.h"
#include "train/checkpoint_file.h"

#include <limits.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { ASK_SAVE = 1, ASK_STOP = 2 };

typedef struct checkpoint {
  cnn__builtin builtin;
  char *path;
  int64_t every_steps;
  double every_seconds;
  int32_t not_at_epochs, resume, verbose, foreground;
  atomic_int asked; /* ASK_*, by a signal handler perhaps */
  /* of the training */
  cnn__background writer;
  char previous[PATH_MAX];
  int32_t spoiled;        /* the file is damaged: the one before it is not to be replaced by it */
  int64_t steps;          /* since the last save */
  double saved;           /* when that was */
  int64_t resumed_epoch;  /* -1: it was begun anew */
  cnn__resumption resumption;
} checkpoint;

static checkpoint *of(const cnn__fit *fit) { return fit->checkpoint->functions.user; }

static void clear(void *user) {
  checkpoint *c = user;
  (void)cnn__background_wait(&c->writer);
  cnn__builtin_drop(c->builtin.context, c->path);
}

/* ---- saving ---- */

static cnn_status save(cnn__fit *fit) {
  checkpoint *c = of(fit);
  unsigned char *bytes;
  size_t count;
  CNN__TRY(cnn__checkpoint_bytes(fit, &bytes, &count));
  CNN__TRY(cnn__background_write(&c->writer, fit->model->context, c->path, bytes, count, !c->spoiled, c->foreground));
  c->spoiled = 0;
  c->steps = 0;
  c->saved = cnn__seconds();
  if (c->verbose)
    cnn__builtin_say(&fit->event, "\nEpoch %lld, step %lld: saving checkpoint to %s\n", (long long)fit->place.epoch + 1,
                     (long long)fit->place.step, c->path);
  return CNN_OK;
}

static int32_t due(checkpoint *c, int32_t ended, int32_t last) {
  return atomic_load(&c->asked) != 0 || last || (ended && !c->not_at_epochs) ||
         (c->every_steps && c->steps >= c->every_steps) ||
         (c->every_seconds > 0 && cnn__seconds() - c->saved >= c->every_seconds);
}

cnn_status cnn__checkpoint_passed(cnn__fit *fit, int32_t ended, int32_t last) {
  checkpoint *c = of(fit);
  cnn__resumption_free(&c->resumption, fit); /* all begins are over */
  c->steps += !ended;
  if (!due(c, ended, last))
    return CNN_OK;
  const int asked = atomic_exchange(&c->asked, 0);
  cnn__fit_note(fit, ended);
  CNN__TRY(save(fit));
  if (asked & ASK_STOP)
    fit->leave = fit->stop = fit->stop_batches = 1;
  return CNN_OK;
}

/* ---- going on ---- */

static int32_t is_there(const char *path) { return access(path, F_OK) == 0; }

/* The file itself may be gone or damaged; one of another training is not looked behind. */
static cnn_status read_either(cnn__fit *fit) {
  char first[2048];
  checkpoint *c = of(fit);
  const int32_t there = is_there(c->path);
  cnn__format(first, sizeof first, "'%s' is not there", c->path);
  if (there) {
    cnn_status status = cnn__resumption_read(&c->resumption, fit, c->path);
    if (status != CNN_EFORMAT && status != CNN_EIO)
      return status;
    cnn__format(first, sizeof first, "%s", cnn_error_text());
    if (!is_there(c->previous))
      return status;
  }
  cnn_status status = cnn__resumption_read(&c->resumption, fit, c->previous);
  if (status == CNN_EFORMAT || status == CNN_EIO)
    return cnn__fail_in("%s; nor can the one before it be used", first);
  CNN__TRY(status);
  c->spoiled = there;
  cnn__builtin_warn(&c->builtin, "%s; going on from the one before it, '%s'", first, c->previous);
  cnn__builtin_say(&fit->event, "%s\nGoing on from the checkpoint before it: %s\n", first, c->previous);
  return CNN_OK;
}

static cnn_status go_on(cnn__fit *fit) {
  checkpoint *c = of(fit);
  CNN__TRY(read_either(fit));
  cnn_status status = cnn__resumption_apply(&c->resumption, fit, c->path);
  if (status < 0) {
    cnn__resumption_free(&c->resumption, fit);
    return status;
  }
  c->resumed_epoch = fit->place.epoch;
  if (c->verbose || fit->options.verbose)
    cnn__builtin_say(&fit->event, "Resuming from %s: epoch %lld, step %lld\n", c->path, (long long)fit->place.epoch + 1,
                     (long long)fit->place.step);
  return CNN_OK;
}

cnn_status cnn__checkpoint_begin(cnn__fit *fit) {
  checkpoint *c = of(fit);
  c->steps = 0;
  c->saved = cnn__seconds();
  c->resumed_epoch = -1;
  c->spoiled = 0;
  cnn__atomic_previous(c->previous, c->path);
  fit->recipe = cnn__recipe_json(fit);
  if (!fit->recipe)
    return cnn__fail(CNN_ENOMEM, "no memory to describe a training");
  return c->resume && (is_there(c->path) || is_there(c->previous)) ? go_on(fit) : CNN_OK;
}

void cnn__checkpoint_again(const cnn__fit *fit) {
  const checkpoint *c = of(fit);
  if (c->resumption.file)
    cnn__restore_apply(&c->resumption.model);
}

cnn_status cnn__checkpoint_end(cnn__fit *fit) {
  checkpoint *c = of(fit);
  cnn__resumption_free(&c->resumption, fit);
  return cnn__background_wait(&c->writer);
}

/* ---- the callback ---- */

/* What makes a callback a checkpoint: fit does the rest. */
static cnn_status train_begin(void *user, const cnn_event *event) {
  (void)user, (void)event;
  return CNN_OK;
}

static int32_t is_checkpoint(const cnn_callback *callback) { return callback->functions.train_begin == train_begin; }

cnn_status cnn__checkpoint_find(cnn__fit *fit) {
  for (int32_t i = 0; i < fit->callback_count; i++) {
    if (!is_checkpoint(fit->callbacks[i]))
      continue;
    if (fit->checkpoint)
      return cnn__fail(CNN_EINVAL, "fit: there are two checkpoints among the callbacks, one is possible");
    fit->checkpoint = fit->callbacks[i];
  }
  return CNN_OK;
}

static const checkpoint *user_of(const cnn_callback *callback) {
  if (callback && is_checkpoint(callback))
    return callback->functions.user;
  (void)cnn__fail(CNN_EINVAL, "callback is %s, must be a checkpoint", callback ? "of another kind" : "NULL");
  return NULL;
}

void cnn_checkpoint_request(cnn_callback *callback, int32_t stop) {
  if (callback && is_checkpoint(callback))
    atomic_fetch_or(&((checkpoint *)callback->functions.user)->asked, stop ? ASK_SAVE | ASK_STOP : ASK_SAVE);
}

int64_t cnn_checkpoint_resumed_epoch(const cnn_callback *callback) {
  const checkpoint *c = user_of(callback);
  return c ? c->resumed_epoch : -1;
}

/* Both generations must have a name. */
static cnn_status check_name(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  const size_t most = NAME_MAX - strlen(CNN__PREVIOUS);
  if (strlen(name) > most)
    return cnn__fail(CNN_EINVAL, "checkpoint: the file name '%.32s...' has %zu bytes, with " CNN__PREVIOUS " it must have %zu or fewer",
                     name, strlen(name), most);
  return CNN_OK;
}

static cnn_status check(const cnn_checkpoint_opts *given) {
  char text[32];
  if (given->every_steps < 0)
    return cnn__fail(CNN_EINVAL, "checkpoint: every_steps is %lld, must be 0 or more", (long long)given->every_steps);
  if (!(given->every_seconds >= 0 && isfinite(given->every_seconds)))
    return cnn__fail(CNN_EINVAL, "checkpoint: every_seconds is %s, must be finite and 0 or more",
                     cnn__repr(text, given->every_seconds));
  return CNN_OK;
}

cnn_status cnn_checkpoint_new(cnn_callback **out, cnn_context *context, const char *path, const cnn_checkpoint_opts *options) {
  static const cnn_callback_functions functions = {.train_begin = train_begin};
  cnn_checkpoint_opts given;
  checkpoint c = {.builtin = {.context = context, .clear = clear, .kind = "checkpoint"}, .resumed_epoch = -1};
  CNN__TRY(cnn__builtin_check(out, context, "checkpoint"));
  if (!path || !path[0])
    return cnn__fail(CNN_EINVAL, "checkpoint: path is %s", path ? "empty" : "NULL");
  CNN__TRY(check_name(path));
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_checkpoint_opts"));
  CNN__TRY(check(&given));
  c.every_steps = given.every_steps;
  c.every_seconds = given.every_seconds;
  c.not_at_epochs = given.not_at_epochs;
  c.resume = given.resume;
  c.verbose = given.verbose;
  c.foreground = given.foreground;
  c.path = cnn__builtin_text(context, path);
  if (!c.path)
    return CNN_ENOMEM;
  return cnn__builtin_new(out, context, &functions, &c.builtin, sizeof c);
}
