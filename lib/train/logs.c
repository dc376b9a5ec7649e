/* logs: figures by name, in order: what callbacks see of a batch, an epoch or an evaluation. */
#include "train/logs.h"

#include "core/memory.h"
#include "core/text.h"

#include <string.h>

cnn_status cnn__figure_name_check(const char *name) {
  char clean[CNN__FIGURE_BYTES];
  if (!name || !name[0])
    return cnn__fail(CNN_EINVAL, "name of a figure is %s", name ? "empty" : "NULL");
  if (strlen(name) >= CNN__FIGURE_BYTES)
    return cnn__fail(CNN_EINVAL, "name of a figure '%s' has %zu bytes, at most %d are possible", name, strlen(name),
                     CNN__FIGURE_BYTES - 1);
  cnn__clean(clean, sizeof clean, name);
  if (strcmp(clean, name) != 0)
    return cnn__fail(CNN_EINVAL, "name of a figure '%s' has control characters or is no UTF-8", clean);
  return CNN_OK;
}

static cnn_status reserve(cnn_logs *logs, int64_t count) {
  return cnn__grow(logs->context, (void **)&logs->figures, &logs->capacity, count, sizeof *logs->figures, "figures");
}

cnn_status cnn__logs_new(cnn_logs **out, cnn_context *context, int32_t room) {
  cnn_logs *logs = cnn__alloc_zero(context, sizeof *logs, "figures");
  if (!logs)
    return CNN_ENOMEM;
  logs->context = cnn__context_hold(context);
  if (reserve(logs, room) < 0) {
    cnn__logs_drop(logs);
    return CNN_ENOMEM;
  }
  *out = logs;
  return CNN_OK;
}

cnn_status cnn_logs_new(cnn_logs **out, cnn_context *context) {
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "cnn_logs_new: %s is NULL", out ? "context" : "out");
  return cnn__logs_new(out, context, 4);
}

void cnn__logs_drop(cnn_logs *logs) {
  if (!logs)
    return;
  cnn_context *context = logs->context;
  cnn__free(context, logs->figures);
  cnn__free(context, logs);
  cnn__context_drop(context);
}

void cnn_logs_free(cnn_logs *logs) {
  if (logs && !logs->lent)
    cnn__logs_drop(logs);
}

void cnn__logs_clear(cnn_logs *logs) { logs->count = 0; }

static int32_t find(const cnn_logs *logs, const char *name) {
  for (int32_t i = 0; name && i < logs->count; i++)
    if (!strcmp(logs->figures[i].name, name))
      return i;
  return -1;
}

int32_t cnn_logs_count(const cnn_logs *logs) { return logs ? logs->count : 0; }

const char *cnn_logs_name(const cnn_logs *logs, int32_t index) {
  return index >= 0 && index < cnn_logs_count(logs) ? logs->figures[index].name : NULL;
}

cnn_status cnn_logs_value(const cnn_logs *logs, const char *name, double *out) {
  if (!logs || !out)
    return cnn__fail(CNN_EINVAL, "cnn_logs_value: %s is NULL", logs ? "out" : "logs");
  int32_t i = find(logs, name);
  if (i < 0)
    return cnn__fail(CNN_ENAME, "there is no figure '%s'", name ? name : "(NULL)");
  *out = logs->figures[i].value;
  return CNN_OK;
}

cnn_status cnn_logs_set(cnn_logs *logs, const char *name, double value) {
  if (!logs)
    return cnn__fail(CNN_EINVAL, "cnn_logs_set: logs is NULL");
  int32_t i = find(logs, name);
  if (i < 0) {
    CNN__TRY(cnn__figure_name_check(name));
    CNN__TRY(reserve(logs, (int64_t)logs->count + 1));
    i = logs->count++;
    memcpy(logs->figures[i].name, name, strlen(name) + 1);
  }
  logs->figures[i].value = value;
  return CNN_OK;
}
