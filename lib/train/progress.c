/* progress: the callback that shows how far training is: a bar that is redrawn on a terminal, one line an epoch
 * elsewhere. */
#include "train/progress.h"

#include "train/builtin.h"
#include "train/callback.h"
#include "train/progress_text.h"

typedef struct progress {
  cnn__builtin builtin;
  int32_t color;
  int64_t steps; /* made in this epoch */
  cnn__bar bar;
} progress;

static cnn_status epoch_begin(void *user, const cnn_event *event) {
  progress *p = user;
  p->steps = 0;
  if (event->verbose && event->epochs > 1)
    cnn__builtin_say(event, "Epoch %lld/%lld\n", (long long)event->epoch + 1, (long long)event->epochs);
  cnn__bar_begin(&p->bar, event->sink, event->verbose, p->color, event->steps);
  return CNN_OK;
}

static cnn_status batch_end(void *user, const cnn_event *event) {
  progress *p = user;
  p->steps = event->step + 1;
  cnn__bar_step(&p->bar, p->steps, event->logs);
  return CNN_OK;
}

static cnn_status epoch_end(void *user, const cnn_event *event) {
  progress *p = user;
  cnn__bar_end(&p->bar, p->steps, event->logs);
  return CNN_OK;
}

/* After an error the line of the bar may still be open. */
static cnn_status train_end(void *user, const cnn_event *event) {
  progress *p = user;
  (void)event;
  cnn__bar_leave(&p->bar);
  return CNN_OK;
}

cnn_status cnn_progress_new(cnn_callback **out, cnn_context *context, const cnn_progress_opts *options) {
  static const cnn_callback_functions functions = {
      .epoch_begin = epoch_begin, .batch_end = batch_end, .epoch_end = epoch_end, .train_end = train_end};
  cnn_progress_opts given;
  progress p = {.builtin.kind = "progress"};
  CNN__TRY(cnn__builtin_check(out, context, "progress"));
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_progress_opts"));
  CNN__TRY(cnn__builtin_reserved(given.reserved, "cnn_progress_opts"));
  if (given.color < -1 || given.color > 1)
    return cnn__fail(CNN_EINVAL, "progress: color is %d, must be -1, 0 or 1", (int)given.color);
  p.color = given.color;
  return cnn__builtin_new(out, context, &functions, &p.builtin, sizeof p);
}

int32_t cnn__is_progress(const cnn_callback *callback) { return callback->functions.epoch_end == epoch_end; }
