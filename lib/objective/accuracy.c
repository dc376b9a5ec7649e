/* accuracy: 1 for each row whose class was hit, 0 for the others. */
#include "objective/objective.h"

/* The first of the greatest. */
static int64_t argmax(const float *row, int64_t columns) {
  int64_t best = 0;
  for (int64_t j = 1; j < columns; j++)
    if (row[j] > row[best])
      best = j;
  return best;
}

/* Targets as rows or as labels, whichever there are. */
static void class_hit(const cnn__rows *rows, double *values) {
  for (int64_t i = 0; i < rows->count; i++) {
    int64_t predicted = argmax(rows->outputs + i * rows->columns, rows->columns);
    int64_t wanted = rows->labels ? rows->labels[i] : argmax(rows->targets + i * rows->columns, rows->columns);
    values[i] = predicted == wanted;
  }
}

/* Share of a row's outputs that lie on the target's side of 0.5; a label is the target of a single column, or of
 * the column it names. */
static void binary_hit(const cnn__rows *rows, double *values) {
  for (int64_t i = 0; i < rows->count; i++) {
    int64_t hits = 0;
    for (int64_t j = 0; j < rows->columns; j++) {
      float wanted = rows->targets             ? rows->targets[i * rows->columns + j]
                     : rows->columns == 1      ? (float)rows->labels[i]
                     : rows->labels[i] == (int32_t)j ? 1.0f
                                               : 0.0f;
      hits += wanted == (rows->outputs[i * rows->columns + j] > 0.5f ? 1.0f : 0.0f);
    }
    values[i] = (double)hits / (double)rows->columns;
  }
}

const cnn__metric cnn__categorical_accuracy_metric = {
    .name = "categorical_accuracy",
    .help = "Share of samples whose greatest output stands where the greatest target stands.",
    .rows = class_hit,
};

const cnn__metric cnn__sparse_categorical_accuracy_metric = {
    .name = "sparse_categorical_accuracy",
    .help = "Share of samples whose greatest output stands at the class label.",
    .rows = class_hit,
};

const cnn__metric cnn__binary_accuracy_metric = {
    .name = "binary_accuracy",
    .help = "Share of outputs that lie on the target's side of 0.5.",
    .rows = binary_hit,
};
