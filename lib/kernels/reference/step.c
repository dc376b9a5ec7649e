/* step, in plain C: the definition of what stands around an update. */
#include "kernels/kernel.h"
#include "kernels/math.h"

static void mean_gradient(int64_t n, float *g, float *accumulator, float steps) {
  for (int64_t i = 0; i < n; i++) {
    g[i] = (g[i] + accumulator[i]) / steps;
    accumulator[i] = 0.0f;
  }
}

static double fold(double lanes[16]) {
  for (int d = 8; d > 0; d /= 2) {
    for (int j = 0; j < d; j++) {
      lanes[j] += lanes[j + d];
    }
  }
  return lanes[0];
}

static void square_sum(int64_t n, const float *x, double *sum) {
  double lanes[16] = {0};
  for (int64_t i = 0; i < n; i++) {
    lanes[i % 16] += (double)x[i] * (double)x[i];
  }
  *sum = fold(lanes);
}

static void magnitude_sum(int64_t n, const float *x, double *sum) {
  double lanes[16] = {0};
  for (int64_t i = 0; i < n; i++) {
    lanes[i % 16] += (double)cnn__magnitude(x[i]);
  }
  *sum = fold(lanes);
}

static void regularize(int64_t n, const float *w, float l1, float twice_l2, float *g) {
  for (int64_t i = 0; i < n; i++) {
    const float side = (w[i] > 0.0f ? l1 : 0.0f) - (0.0f > w[i] ? l1 : 0.0f);
    g[i] = g[i] + (w[i] * twice_l2 + side);
  }
}

static void clip_value(int64_t n, float *g, float limit) {
  for (int64_t i = 0; i < n; i++) {
    const float above = -limit > g[i] ? -limit : g[i];
    g[i] = limit < above ? limit : above;
  }
}

static void clip_norm(int64_t n, float *g, float limit, float norm) {
  for (int64_t i = 0; i < n; i++) {
    g[i] = (g[i] * limit) / norm;
  }
}

static void weight_decay(int64_t n, float *w, float decay, float rate) {
  for (int64_t i = 0; i < n; i++) {
    w[i] = w[i] - (w[i] * decay) * rate;
  }
}

static void average(int64_t n, const float *w, float share, float *mean) {
  for (int64_t i = 0; i < n; i++) {
    mean[i] = mean[i] + (w[i] - mean[i]) * share;
  }
}

void CNN__NAME(step_init)(cnn__kernels *t) {
  t->mean_gradient = mean_gradient;
  t->square_sum = square_sum;
  t->magnitude_sum = magnitude_sum;
  t->regularize = regularize;
  t->clip_value = clip_value;
  t->clip_norm = clip_norm;
  t->weight_decay = weight_decay;
  t->average = average;
}
