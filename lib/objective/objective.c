/* objective: losses and metrics by name. */
#include "objective/objective.h"

#include <string.h>

static const cnn__loss *const losses[] = {
#define LOSS(name) &cnn__##name##_loss,
#include "objective/losses.def"
#undef LOSS
};

static const cnn__metric *const metrics[] = {
#define METRIC(name) &cnn__##name##_metric,
#include "objective/metrics.def"
#undef METRIC
};

/* Names that stand for a metric of the table, whichever fits the shapes. */
static const char *const general[] = {"accuracy", "acc"};

enum {
  LOSSES = sizeof losses / sizeof losses[0],
  METRICS = sizeof metrics / sizeof metrics[0],
  GENERAL = sizeof general / sizeof general[0]
};

static void unknown(const char *kind, const char *name, const char *const *known, int32_t count) {
  const char *nearest = cnn__nearest(name, known, count);
  if (nearest)
    (void)cnn__fail(CNN_ENAME, "unknown %s '%s'; did you mean '%s'?", kind, name, nearest);
  else
    (void)cnn__fail(CNN_ENAME, "unknown %s '%s'", kind, name);
}

int32_t cnn__loss_count(void) { return LOSSES; }

const cnn__loss *cnn__loss_at(int32_t index) { return index >= 0 && index < LOSSES ? losses[index] : NULL; }

const cnn__loss *cnn__loss_find(const char *name) {
  const char *known[LOSSES];
  for (int32_t i = 0; i < LOSSES; i++) {
    known[i] = losses[i]->name;
    if (strcmp(name, known[i]) == 0)
      return losses[i];
  }
  unknown("loss", name, known, LOSSES);
  return NULL;
}

int32_t cnn__metric_count(void) { return GENERAL + METRICS; }

const char *cnn__metric_name_at(int32_t index) {
  if (index < 0 || index >= GENERAL + METRICS)
    return NULL;
  return index < GENERAL ? general[index] : metrics[index - GENERAL]->name;
}

const cnn__metric *cnn__metric_find(const char *name, int64_t columns, int32_t labels) {
  for (int32_t i = 0; i < GENERAL; i++)
    if (strcmp(name, general[i]) == 0) {
      if (columns == 1)
        return &cnn__binary_accuracy_metric;
      return labels ? &cnn__sparse_categorical_accuracy_metric : &cnn__categorical_accuracy_metric;
    }
  const char *known[GENERAL + METRICS];
  for (int32_t i = 0; i < METRICS; i++)
    if (strcmp(name, metrics[i]->name) == 0)
      return metrics[i];
  for (int32_t i = 0; i < GENERAL + METRICS; i++)
    known[i] = cnn__metric_name_at(i);
  unknown("metric", name, known, GENERAL + METRICS);
  return NULL;
}
