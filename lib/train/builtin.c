/* builtin: making the callbacks that come with the library. */
#include "train/builtin.h"

#include "core/memory.h"
#include "core/text.h"
#include "layers/layer_internal.h"
#include "train/callback.h"

#include <string.h>

#define TEXT_BYTES 5120 /* a path of 4096 bytes and a sentence */

static void free_builtin(void *user) {
  cnn__builtin *builtin = user;
  if (builtin->clear)
    builtin->clear(builtin);
  cnn__free(builtin->context, builtin);
}

cnn_status cnn__builtin_new(cnn_callback **out, cnn_context *context, const cnn_callback_functions *functions,
                            cnn__builtin *user, size_t bytes) {
  user->context = context;
  cnn_callback_functions complete = *functions;
  complete.size = sizeof complete;
  complete.free = free_builtin;
  complete.user = cnn__alloc(context, bytes, "callback");
  if (complete.user)
    memcpy(complete.user, user, bytes);
  if (complete.user && cnn_callback_new(out, context, &complete) == CNN_OK)
    return CNN_OK;
  if (user->clear)
    user->clear(user);
  cnn__free(context, complete.user);
  return CNN_ENOMEM;
}

const void *cnn__builtin_of(const cnn_callback *callback, cnn_status (*epoch_end)(void *user, const cnn_event *event),
                            const char *kind) {
  if (callback && callback->functions.epoch_end == epoch_end)
    return callback->functions.user;
  (void)cnn__fail(CNN_EINVAL, "callback is %s, must be %s", callback ? "of another kind" : "NULL", kind);
  return NULL;
}

const char *cnn__builtin_kind(const cnn_callback *callback) {
  return callback->functions.free == free_builtin ? ((const cnn__builtin *)callback->functions.user)->kind : "own";
}

char *cnn__builtin_text(cnn_context *context, const char *text) { return cnn__strdup(context, text); }

void cnn__builtin_drop(cnn_context *context, char *text) { cnn__free(context, text); }

cnn_status cnn__builtin_check(cnn_callback **out, const cnn_context *context, const char *what) {
  return out && context ? CNN_OK : cnn__fail(CNN_EINVAL, "%s: %s is NULL", what, out ? "context" : "out");
}

cnn_status cnn__builtin_monitor(cnn__monitor *monitor, const char *name, int32_t mode, const char *what) {
  if (!cnn__monitor_set(monitor, name, mode))
    return CNN_OK;
  if (mode < CNN_MODE_AUTO || mode > CNN_MODE_MAX)
    return cnn__fail(CNN_EINVAL, "%s: mode is %d, must be %d to %d", what, (int)mode, CNN_MODE_AUTO, CNN_MODE_MAX);
  return cnn__fail(CNN_EINVAL, "%s: monitor '%s' has %zu bytes, must have 1 to %d", what, name, strlen(name),
                   CNN__MONITOR_BYTES - 1);
}

cnn_status cnn__builtin_reserved(int32_t reserved, const char *what) {
  return reserved ? cnn__fail(CNN_ETOONEW, "%s: reserved is %d, but libcnn %s knows no use for it", what, (int)reserved,
                              cnn_version())
                  : CNN_OK;
}

cnn_status cnn__builtin_count(const cnn_state *state, const char *name, int64_t least, int64_t *out) {
  char text[32];
  double value;
  CNN__TRY(cnn_state_value(state, name, &value));
  if (!(value >= (double)least && value <= 9007199254740992.0) || (double)(int64_t)value != value)
    return cnn__fail(CNN_EFORMAT, "state: '%s' is %s, must be a whole number, %lld or more", name, cnn__repr(text, value),
                     (long long)least);
  *out = (int64_t)value;
  return CNN_OK;
}

void cnn__builtin_warn(const cnn__builtin *builtin, const char *format, ...) {
  char line[TEXT_BYTES];
  va_list arguments;
  va_start(arguments, format);
  cnn__vformat(line, sizeof line, format, arguments);
  va_end(arguments);
  cnn__log(builtin->context, CNN_LOG_WARNING, "%s", line);
}

void cnn__builtin_say(const cnn_event *event, const char *format, ...) {
  char text[TEXT_BYTES];
  if (!event->sink)
    return;
  va_list arguments;
  va_start(arguments, format);
  cnn__vformat(text, sizeof text, format, arguments);
  va_end(arguments);
  event->sink->write(event->sink->user, text, strlen(text));
}

double cnn__builtin_decimal(float value) { return cnn__attribute_decimal(value); }
