/* terminate_on_nan: ends training at the first batch whose running loss is not a finite number. */
#include "train/builtin.h"

#include <math.h>

static cnn_status batch_end(void *user, const cnn_event *event) {
  double loss;
  (void)user;
  if (cnn_logs_value(event->logs, "loss", &loss) != CNN_OK || isfinite(loss))
    return CNN_OK;
  cnn__builtin_say(event, "Batch %lld: Invalid loss, terminating training\n", (long long)event->step);
  return CNN_STOP;
}

cnn_status cnn_terminate_on_nan_new(cnn_callback **out, cnn_context *context) {
  static const cnn_callback_functions functions = {.batch_end = batch_end};
  cnn__builtin builtin = {0};
  CNN__TRY(cnn__builtin_check(out, context, "terminate_on_nan"));
  return cnn__builtin_new(out, context, &functions, &builtin, sizeof builtin);
}
