/* divergence: losses of a row as a whole against another one: distributions, directions. */
#include "objective/objective.h"

#include "kernels/math.h"

#include <math.h>

#define LEAST 1.00000001168609742e-7 /* 1e-7 as float32 */

static double clip(double p) { return p < LEAST ? LEAST : p > 1 ? 1 : p; }

/* sum y log(y / p), both clipped to [1e-7, 1]. */
static void kl_divergence(const void *set, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  (void)set;
  for (int64_t i = 0; i < rows->count; i++) {
    losses[i] = 0;
    for (int64_t j = 0; j < rows->columns; j++) {
      double p = rows->outputs[i * rows->columns + j], y = clip(cnn__wanted(rows, i, j));
      losses[i] += y * cnn__log_f64(y / clip(p));
      if (gradient)
        gradient[i * rows->columns + j] = p < LEAST || p > 1 ? 0 : (float)(scale * (-y / p));
    }
  }
}

/* Minus the cosine of the angle between the rows; a row shorter than 1e-7 counts as of that length. */
static double cosine(const cnn__rows *rows, int64_t i, double scale, float *gradient) {
  const float *p = rows->outputs + i * rows->columns;
  double pp = 0, yy = 0, py = 0;
  for (int64_t j = 0; j < rows->columns; j++) {
    double y = cnn__wanted(rows, i, j);
    pp += (double)p[j] * (double)p[j];
    yy += y * y;
    py += (double)p[j] * y;
  }
  double length = sqrt(pp), target = sqrt(yy);
  int32_t tiny = length < 1e-7;
  length = tiny ? 1e-7 : length;
  target = target < 1e-7 ? 1e-7 : target;
  double value = py / (length * target);
  for (int64_t j = 0; gradient && j < rows->columns; j++)
    gradient[j] = (float)(-scale * (cnn__wanted(rows, i, j) / target - (tiny ? 0 : (double)p[j] / length * value)) / length);
  return -value;
}

static void cosine_similarity(const void *set, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  (void)set;
  for (int64_t i = 0; i < rows->count; i++)
    losses[i] = cosine(rows, i, scale, gradient ? gradient + i * rows->columns : NULL);
}

static void cosine_metric(const void *set, const cnn__rows *rows, float scale, double *values, float *gradient) {
  cosine_similarity(set, rows, scale, values, gradient);
  for (int64_t i = 0; i < rows->count; i++)
    values[i] = -values[i];
}

static const cnn__attribute attributes[] = {CNN__REDUCTION_ROW, {0}}, none[] = {{0}};

const cnn__objective_type cnn__kl_divergence_loss = {
    .name = "kl_divergence",
    .class_name = "KLDivergence",
    .aliases = {"kld", "KLD"},
    .help = "Kullback-Leibler divergence of the outputs from the targets.",
    .attributes = attributes,
    .attributes_size = sizeof(int32_t),
    .rows = kl_divergence,
};

const cnn__objective_type cnn__kl_divergence_metric = {
    .name = "kl_divergence",
    .class_name = "KLDivergence",
    .aliases = {"kld", "KLD"},
    .help = "Kullback-Leibler divergence of the outputs from the targets.",
    .attributes = none,
    .rows = kl_divergence,
};

const cnn__objective_type cnn__cosine_similarity_loss = {
    .name = "cosine_similarity",
    .class_name = "CosineSimilarity",
    .help = "Minus the cosine of the angle between outputs and targets.",
    .attributes = attributes,
    .attributes_size = sizeof(int32_t),
    .rows = cosine_similarity,
};

const cnn__objective_type cnn__cosine_similarity_metric = {
    .name = "cosine_similarity",
    .class_name = "CosineSimilarity",
    .help = "Cosine of the angle between outputs and targets.",
    .attributes = none,
    .rows = cosine_metric,
};
