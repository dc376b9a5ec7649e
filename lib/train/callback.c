/* callback: the handle, and telling one callback or a list of them what happens. */
#include "train/callback.h"

#include "core/memory.h"
#include "core/options.h"
#include "core/text.h"

static const char *const event_names[CNN__EVENTS] = {
    [CNN__TRAIN_BEGIN] = "callback: train_begin", [CNN__TRAIN_END] = "callback: train_end",
    [CNN__EPOCH_BEGIN] = "callback: epoch_begin", [CNN__EPOCH_END] = "callback: epoch_end",
    [CNN__BATCH_BEGIN] = "callback: batch_begin", [CNN__BATCH_END] = "callback: batch_end",
    [CNN__TEST_BEGIN] = "callback: test_begin",   [CNN__TEST_END] = "callback: test_end",
};

cnn_status cnn_callback_new(cnn_callback **out, cnn_context *context, const cnn_callback_functions *functions) {
  cnn_callback_functions given;
  if (!out || !context || !functions)
    return cnn__fail(CNN_EINVAL, "cnn_callback_new: %s is NULL", !out ? "out" : !context ? "context" : "functions");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, functions, "cnn_callback_functions"));
  cnn_callback *callback = cnn__alloc(context, sizeof *callback, "callback");
  if (!callback)
    return CNN_ENOMEM;
  atomic_init(&callback->references, 1);
  callback->context = cnn__context_hold(context);
  callback->functions = given;
  *out = callback;
  return CNN_OK;
}

cnn_callback *cnn__callback_hold(cnn_callback *callback) {
  atomic_fetch_add_explicit(&callback->references, 1, memory_order_relaxed);
  return callback;
}

void cnn_callback_free(cnn_callback *callback) {
  if (!callback || atomic_fetch_sub_explicit(&callback->references, 1, memory_order_acq_rel) > 1)
    return;
  cnn_context *context = callback->context;
  if (callback->functions.free)
    callback->functions.free(callback->functions.user);
  cnn__free(context, callback);
  cnn__context_drop(context);
}

cnn_status cnn__settle(cnn_status status, const char *function, uint64_t failures) {
  if (status == CNN_STOP)
    return status;
  if (status > 0)
    return cnn__fail(CNN_ECALLBACK, "%s returned %d, must be CNN_OK, CNN_STOP or an error", function, (int)status);
  return cnn__returned(status, function, failures);
}

typedef cnn_status event_function(void *user, const cnn_event *event);

static event_function *function_of(const cnn_callback_functions *f, int32_t kind) {
  event_function *const functions[CNN__EVENTS] = {
      [CNN__TRAIN_BEGIN] = f->train_begin, [CNN__TRAIN_END] = f->train_end, [CNN__EPOCH_BEGIN] = f->epoch_begin,
      [CNN__EPOCH_END] = f->epoch_end,     [CNN__BATCH_BEGIN] = f->batch_begin, [CNN__BATCH_END] = f->batch_end,
      [CNN__TEST_BEGIN] = f->test_begin,   [CNN__TEST_END] = f->test_end};
  return functions[kind];
}

cnn_status cnn__callback_tell(const cnn_callback *callback, int32_t kind, const cnn_event *event) {
  event_function *function = function_of(&callback->functions, kind);
  uint64_t failures = cnn__fail_count();
  return function ? cnn__settle(function(callback->functions.user, event), event_names[kind], failures) : CNN_OK;
}

cnn_status cnn__callbacks_tell(cnn_callback *const *callbacks, int32_t count, int32_t kind, const cnn_event *event) {
  cnn_status result = CNN_OK;
  int32_t reaches_all = kind == CNN__TRAIN_BEGIN || kind == CNN__TRAIN_END;
  char text[1024] = "";
  for (int32_t i = 0; i < count && (result >= 0 || reaches_all); i++) {
    cnn_status status = cnn__callback_tell(callbacks[i], kind, event);
    if (result < 0 || status == CNN_OK)
      continue;
    result = status;
    if (status < 0) /* the later ones may fail too; the first text is the one to keep */
      cnn__format(text, sizeof text, "%s", cnn_error_text());
  }
  return result < 0 ? cnn__fail(result, "%s", text) : result;
}

cnn_status cnn_callback_save(const cnn_callback *callback, cnn_state *state) {
  if (!callback || !state)
    return cnn__fail(CNN_EINVAL, "cnn_callback_save: %s is NULL", callback ? "state" : "callback");
  const cnn_callback_functions *functions = &callback->functions;
  uint64_t failures = cnn__fail_count();
  return functions->state_save ? cnn__returned(functions->state_save(functions->user, state), "callback: state_save", failures) : CNN_OK;
}

cnn_status cnn_callback_load(cnn_callback *callback, const cnn_state *state) {
  if (!callback || !state)
    return cnn__fail(CNN_EINVAL, "cnn_callback_load: %s is NULL", callback ? "state" : "callback");
  const cnn_callback_functions *functions = &callback->functions;
  uint64_t failures = cnn__fail_count();
  return functions->state_load ? cnn__returned(functions->state_load(functions->user, state), "callback: state_load", failures) : CNN_OK;
}
