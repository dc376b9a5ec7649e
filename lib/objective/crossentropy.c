/* crossentropy: minus the logarithm of the probability given to the right class, Keras 3's forms.
 *
 * From logits it is log(sum exp(z - max)) - (z_k - max), which never leaves the range of doubles. From
 * probabilities both forms clip to [CLIP_LOW, CLIP_HIGH], outside of which the gradient is 0: the categorical form
 * divides by the row's sum before, the sparse form after (it takes the clipped row's logarithms for logits). */
#include "objective/objective.h"

#include "kernels/math.h"

#define CLIP_LOW 9.99999997475242707878e-8 /* 1e-7 as float32 */
#define CLIP_HIGH 0.999999880790710449     /* 1 - 1e-7 as float32 */

/* Target of column j of row i. */
static double target(const cnn__rows *rows, int64_t i, int64_t j) {
  if (rows->labels)
    return rows->labels[i] == j ? 1 : 0;
  return rows->targets[i * rows->columns + j];
}

static void set(float *gradient, int64_t j, double value) {
  if (gradient)
    gradient[j] = (float)value;
}

/* One row from logits. The gradient softmax - y is Keras's and right where the targets sum to 1. */
static double logits_row(const cnn__rows *rows, int64_t i, double scale, float *gradient) {
  int64_t n = rows->columns;
  const float *z = rows->outputs + i * n;
  double max = z[0], sum = 0, loss = 0;
  for (int64_t j = 1; j < n; j++)
    max = z[j] > max ? z[j] : max;
  for (int64_t j = 0; j < n; j++)
    sum += cnn__exp_f64(z[j] - max);
  double log_sum = cnn__log_f64(sum), inverse = 1 / sum;
  for (int64_t j = 0; j < n; j++) {
    double y = target(rows, i, j);
    if (y != 0)
      loss += y * (log_sum - (z[j] - max));
    if (gradient)
      gradient[j] = (float)(scale * (cnn__exp_f64(z[j] - max) * inverse - y));
  }
  return loss;
}

static double clip(double p) { return p < CLIP_LOW ? CLIP_LOW : p > CLIP_HIGH ? CLIP_HIGH : p; }

static int32_t clipped(double p) { return p < CLIP_LOW || p > CLIP_HIGH; }

static double row_sum(const float *p, int64_t n) {
  double sum = 0;
  for (int64_t j = 0; j < n; j++)
    sum += p[j];
  return sum;
}

/* q = p / sum p, loss = -sum y log clip(q). d loss / d p_j = (g_j - sum g q) / sum p with g = -y / q where q is not
 * clipped, else 0. */
static double categorical_row(const cnn__rows *rows, int64_t i, double scale, float *gradient) {
  int64_t n = rows->columns;
  const float *p = rows->outputs + i * n;
  double sum = row_sum(p, n), loss = 0, inner = 0;
  for (int64_t j = 0; j < n; j++) {
    double q = p[j] / sum, y = target(rows, i, j);
    loss -= y * cnn__log_f64(clip(q));
    inner -= clipped(q) ? 0 : y; /* g q */
  }
  for (int64_t j = 0; j < n; j++) {
    double q = p[j] / sum, g = clipped(q) ? 0 : -target(rows, i, j) / q;
    set(gradient, j, scale * (g - inner) / sum);
  }
  return loss;
}

/* c = clip(p), loss = sum y (log sum c - log c). */
static double sparse_row(const cnn__rows *rows, int64_t i, double scale, float *gradient) {
  int64_t n = rows->columns;
  const float *p = rows->outputs + i * n;
  double sum = 0, loss = 0;
  for (int64_t j = 0; j < n; j++)
    sum += clip(p[j]);
  double log_sum = cnn__log_f64(sum);
  for (int64_t j = 0; j < n; j++) {
    double c = clip(p[j]), y = target(rows, i, j);
    if (y != 0)
      loss += y * (log_sum - cnn__log_f64(c));
    set(gradient, j, clipped(p[j]) ? 0 : scale * (1 / sum - y / c));
  }
  return loss;
}

typedef double row_fn(const cnn__rows *rows, int64_t i, double scale, float *gradient);

static void each_row(const cnn__rows *rows, float scale, double *losses, float *gradient, row_fn *from_probabilities) {
  row_fn *row = rows->from_logits ? logits_row : from_probabilities;
  for (int64_t i = 0; i < rows->count; i++)
    losses[i] = row(rows, i, scale, gradient ? gradient + i * rows->columns : NULL);
}

static void categorical(const cnn__rows *rows, float scale, double *losses, float *gradient) {
  each_row(rows, scale, losses, gradient, categorical_row);
}

static void sparse(const cnn__rows *rows, float scale, double *losses, float *gradient) {
  each_row(rows, scale, losses, gradient, sparse_row);
}

const cnn__loss cnn__categorical_crossentropy_loss = {
    .name = "categorical_crossentropy",
    .help = "Cross-entropy between outputs and targets that are distributions, or class labels.",
    .takes_targets = 1,
    .takes_labels = 1,
    .fuses_softmax = 1,
    .rows = categorical,
};

const cnn__loss cnn__sparse_categorical_crossentropy_loss = {
    .name = "sparse_categorical_crossentropy",
    .help = "Cross-entropy between outputs and class labels.",
    .takes_labels = 1,
    .fuses_softmax = 1,
    .rows = sparse,
};
