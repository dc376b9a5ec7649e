/* monitor: the figure that a callback watches, and when it has become better. */
#include "train/monitor.h"

#include <string.h>

/* Accuracies and areas under curves grow; losses and errors fall. */
static int32_t grows(const char *name) {
  size_t length = strlen(name);
  return strstr(name, "acc") != NULL || (length >= 3 && !strcmp(name + length - 3, "auc"));
}

int32_t cnn__monitor_set(cnn__monitor *monitor, const char *name, int32_t mode) {
  const char *given = name ? name : "val_loss";
  if (!given[0] || strlen(given) >= sizeof monitor->name || mode < CNN_MODE_AUTO || mode > CNN_MODE_MAX)
    return 1;
  memcpy(monitor->name, given, strlen(given) + 1);
  monitor->larger = mode == CNN_MODE_AUTO ? grows(given) : mode == CNN_MODE_MAX;
  return 0;
}

int32_t cnn__monitor_value(const cnn__monitor *monitor, const cnn_logs *logs, double *out) {
  for (int32_t i = 0; i < cnn_logs_count(logs); i++)
    if (!strcmp(cnn_logs_name(logs, i), monitor->name))
      return cnn_logs_value(logs, monitor->name, out) != CNN_OK;
  return 1;
}

int32_t cnn__monitor_better(const cnn__monitor *monitor, double a, double b) {
  return monitor->larger ? (float)a > (float)b : (float)a < (float)b;
}

void cnn__monitor_available(const cnn_logs *logs, char *buffer, size_t bytes) {
  size_t used = 0;
  buffer[0] = 0;
  for (int32_t i = 0; i < cnn_logs_count(logs); i++) {
    int32_t length = cnn_format(buffer + used, bytes - used, i ? ",%s" : "%s", cnn_logs_name(logs, i));
    if ((size_t)length >= bytes - used)
      return;
    used += (size_t)length;
  }
}
