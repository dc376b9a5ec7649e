/* learning_rate_scheduler: asks a function for the rate of every epoch. */
#include "cnn/train.h"
#include "train/builtin.h"

typedef struct scheduler {
  cnn__builtin builtin;
  double (*schedule)(void *user, int64_t epoch, double rate);
  void *user;
  void (*release)(void *user);
  int32_t verbose;
} scheduler;

static void clear(void *user) {
  const scheduler *s = user;
  if (s->release)
    s->release(s->user);
}

static cnn_status epoch_begin(void *user, const cnn_event *event) {
  const scheduler *s = user;
  char text[32];
  double rate = s->schedule(s->user, event->epoch, cnn_model_learning_rate(event->model));
  CNN__TRY(cnn_model_set_learning_rate(event->model, rate));
  if (s->verbose)
    cnn__builtin_say(event, "\nEpoch %lld: LearningRateScheduler setting learning rate to %s.\n",
                     (long long)event->epoch + 1, cnn_format_shortest(text, rate));
  return CNN_OK;
}

static cnn_status epoch_end(void *user, const cnn_event *event) {
  (void)user;
  return cnn_logs_set(event->logs, "learning_rate", cnn_model_learning_rate(event->model));
}

cnn_status cnn_learning_rate_scheduler_new(cnn_callback **out, cnn_context *context,
                                           double (*schedule)(void *user, int64_t epoch, double rate),
                                           const cnn_learning_rate_scheduler_opts *options) {
  static const cnn_callback_functions functions = {.epoch_begin = epoch_begin, .epoch_end = epoch_end};
  cnn_learning_rate_scheduler_opts given;
  scheduler s = {.builtin = {.clear = clear, .kind = "learning_rate_scheduler"}, .schedule = schedule};
  CNN__TRY(cnn__builtin_check(out, context, "learning_rate_scheduler"));
  if (!schedule)
    return cnn__fail(CNN_EINVAL, "learning_rate_scheduler: schedule is NULL");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_learning_rate_scheduler_opts"));
  CNN__TRY(cnn__builtin_reserved(given.reserved, "cnn_learning_rate_scheduler_opts"));
  s.user = given.user;
  s.verbose = given.verbose;
  CNN__TRY(cnn__builtin_new(out, context, &functions, &s.builtin, sizeof s));
  /* Only what was made lets go of user: on an error he stays the caller's. */
  scheduler *made = (scheduler *)(uintptr_t)cnn__builtin_of(*out, epoch_end, "a learning rate scheduler");
  made->release = given.free;
  return CNN_OK;
}
