/* terminate_on_nan: ends training at the first batch whose running loss is not a finite number. */
#include "train/builtin.h"

#include <math.h>

typedef struct terminator {
  cnn__builtin builtin;
  int32_t raise_error;
} terminator;

static cnn_status batch_end(void *user, const cnn_event *event) {
  const terminator *t = user;
  double loss;
  char text[32];
  if (cnn_logs_value(event->logs, "loss", &loss) != CNN_OK || isfinite(loss))
    return CNN_OK;
  if (t->raise_error)
    return cnn_error_set(CNN_EDATA, "loss is %s at batch %lld of epoch %lld: training ends",
                         cnn_format_shortest(text, isnan(loss) ? (double)NAN : loss), (long long)event->step,
                         (long long)event->epoch);
  cnn__builtin_say(event, "Batch %lld: Invalid loss, terminating training\n", (long long)event->step);
  return CNN_STOP;
}

cnn_status cnn_terminate_on_nan_new(cnn_callback **out, cnn_context *context, const cnn_terminate_on_nan_opts *options) {
  static const cnn_callback_functions functions = {.batch_end = batch_end};
  cnn_terminate_on_nan_opts given;
  terminator t = {.builtin.kind = "terminate_on_nan"};
  CNN__TRY(cnn__builtin_check(out, context, "terminate_on_nan"));
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_terminate_on_nan_opts"));
  CNN__TRY(cnn__builtin_reserved(given.reserved, "cnn_terminate_on_nan_opts"));
  t.raise_error = given.raise_error;
  return cnn__builtin_new(out, context, &functions, &t.builtin, sizeof t);
}
