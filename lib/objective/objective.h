/* objective: losses and metrics, each a row of its table. They work on rows of one micro-shard on one thread, in
 * double, with the library's own exp and log, so that their bits depend on nothing else. */
#ifndef CNN_OBJECTIVE_OBJECTIVE_H
#define CNN_OBJECTIVE_OBJECTIVE_H

#include "core/status.h"
#include "kernels/kernel.h"
#include "tensor/shape.h"

/* Rows of outputs with their targets: either labels (class of each row) or targets (columns values a row). */
typedef struct cnn__rows {
  int64_t count, columns;
  const float *outputs;      /* logits where from_logits, else what the model's last layer gave */
  int32_t from_logits;       /* the model ends in a softmax that the loss has taken over */
  int32_t reserved;
  const int32_t *labels;     /* NULL: targets */
  const float *targets;
} cnn__rows;

typedef struct cnn__loss {
  const char *name;
  const char *help;
  int32_t takes_targets, takes_labels;  /* f32 rows; class labels */
  int32_t fuses_softmax;                /* may take logits */
  /* losses[i] of each row; and where gradient is not NULL, gradient[i][j] = scale * d loss_i / d outputs[i][j]. */
  void (*rows)(const cnn__rows *rows, float scale, double *losses, float *gradient);
} cnn__loss;

typedef struct cnn__metric {
  const char *name;
  const char *help;
  /* value[i] of each row, from probabilities (never logits) */
  void (*rows)(const cnn__rows *rows, double *values);
} cnn__metric;

/* The rows of the tables, each defined in the file of its family. */
#define LOSS(name) extern const cnn__loss cnn__##name##_loss;
#include "objective/losses.def"
#undef LOSS
#define METRIC(name) extern const cnn__metric cnn__##name##_metric;
#include "objective/metrics.def"
#undef METRIC

/* NULL with CNN_ENAME and the nearest name. */
const cnn__loss *cnn__loss_find(const char *name);
int32_t cnn__loss_count(void);
const cnn__loss *cnn__loss_at(int32_t index);

/* "accuracy" and "acc" resolve by the shapes as Keras: one column: binary (p > 0.5); labels: sparse; else
 * categorical. */
const cnn__metric *cnn__metric_find(const char *name, int64_t columns, int32_t labels);
int32_t cnn__metric_count(void);
const char *cnn__metric_name_at(int32_t index);

#endif
