/* history: the figures of every epoch of a fit. An epoch keeps those that it had: with validation every second
 * epoch, the others have no val_ figures. */
#include "train/history.h"

#include "core/memory.h"

#include <string.h>

typedef struct row {
  int64_t epoch;
  double seconds;
  cnn__figure *figures;
  int32_t count;
} row;

struct cnn_history {
  cnn_context *context; /* held */
  row *rows;
  int64_t row_count, row_capacity;
  char (*names)[CNN__FIGURE_BYTES]; /* of all rows, in order of first appearance */
  int64_t name_count, name_capacity;
};

cnn_status cnn__history_new(cnn_history **out, cnn_context *context) {
  cnn_history *history = cnn__alloc_zero(context, sizeof *history, "history");
  if (!history)
    return CNN_ENOMEM;
  history->context = cnn__context_hold(context);
  *out = history;
  return CNN_OK;
}

void cnn_history_free(cnn_history *history) {
  if (!history)
    return;
  cnn_context *context = history->context;
  for (int64_t i = 0; i < history->row_count; i++)
    cnn__free(context, history->rows[i].figures);
  cnn__free(context, history->rows);
  cnn__free(context, history->names);
  cnn__free(context, history);
  cnn__context_drop(context);
}

static int32_t known(const cnn_history *history, const char *name) {
  for (int64_t i = 0; i < history->name_count; i++)
    if (!strcmp(history->names[i], name))
      return 1;
  return 0;
}

cnn_status cnn__history_add(cnn_history *history, int64_t epoch, double seconds, const cnn_logs *logs) {
  cnn_context *context = history->context;
  size_t bytes = (size_t)logs->count * sizeof *logs->figures;
  CNN__TRY(cnn__grow(context, (void **)&history->rows, &history->row_capacity, history->row_count + 1,
                     sizeof *history->rows, "epochs of a history"));
  CNN__TRY(cnn__grow(context, (void **)&history->names, &history->name_capacity, history->name_count + logs->count,
                     sizeof *history->names, "names of a history"));
  cnn__figure *copy = cnn__alloc(context, bytes, "figures of an epoch");
  if (!copy)
    return CNN_ENOMEM;
  if (bytes)
    memcpy(copy, logs->figures, bytes);
  history->rows[history->row_count++] = (row){epoch, seconds, copy, logs->count};
  for (int32_t i = 0; i < logs->count; i++)
    if (!known(history, copy[i].name))
      memcpy(history->names[history->name_count++], copy[i].name, CNN__FIGURE_BYTES);
  return CNN_OK;
}

cnn_context *cnn__history_context(const cnn_history *history) { return history->context; }

int64_t cnn_history_count(const cnn_history *history) { return history ? history->row_count : 0; }

int32_t cnn_history_name_count(const cnn_history *history) {
  return history ? (int32_t)history->name_count : 0;
}

const char *cnn_history_name(const cnn_history *history, int32_t index) {
  return index >= 0 && index < cnn_history_name_count(history) ? history->names[index] : NULL;
}

static const row *row_at(const cnn_history *history, int64_t index) {
  if (index >= 0 && index < cnn_history_count(history))
    return &history->rows[index];
  (void)cnn__fail(CNN_EINVAL, "history has no row %lld, only 0 to %lld", (long long)index,
                  (long long)cnn_history_count(history) - 1);
  return NULL;
}

static const cnn__figure *figure_of(const row *at, const char *name) {
  for (int32_t i = 0; name && i < at->count; i++)
    if (!strcmp(at->figures[i].name, name))
      return &at->figures[i];
  return NULL;
}

int32_t cnn__history_has(const cnn_history *history, int64_t index, const char *name, double *out) {
  const cnn__figure *figure = figure_of(&history->rows[index], name);
  *out = figure ? figure->value : 0;
  return figure != NULL;
}

cnn_status cnn_history_value(const cnn_history *history, int64_t index, const char *name, double *out) {
  if (!history || !out)
    return cnn__fail(CNN_EINVAL, "cnn_history_value: %s is NULL", history ? "out" : "history");
  const row *at = row_at(history, index);
  if (!at)
    return CNN_EINVAL;
  if (figure_of(at, name)) {
    *out = figure_of(at, name)->value;
    return CNN_OK;
  }
  return cnn__fail(CNN_ENAME, "epoch %lld has no figure '%s'", (long long)at->epoch, name ? name : "(NULL)");
}

int64_t cnn_history_epoch(const cnn_history *history, int64_t index) {
  const row *at = row_at(history, index);
  return at ? at->epoch : -1;
}

double cnn_history_seconds(const cnn_history *history, int64_t index) {
  const row *at = row_at(history, index);
  return at ? at->seconds : 0;
}
