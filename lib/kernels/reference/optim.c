/* optim, in plain C: the definition of the updates. sqrtf is exact by IEEE 754. */
#include "kernels/kernel.h"

#include <math.h>

static void sgd(int64_t n, float *w, const float *g, float rate) {
  for (int64_t i = 0; i < n; i++) {
    w[i] = w[i] - rate * g[i];
  }
}

static void sgd_momentum(int64_t n, float *w, const float *g, float *velocity, float rate, float momentum,
                         int32_t nesterov) {
  for (int64_t i = 0; i < n; i++) {
    const float step = rate * g[i];
    const float v = momentum * velocity[i] - step;
    velocity[i] = v;
    w[i] = w[i] + (nesterov ? momentum * v - step : v);
  }
}

static void adam(int64_t n, float *w, const float *g, float *m, float *v, float alpha, float one_minus_beta_1,
                 float one_minus_beta_2, float epsilon) {
  for (int64_t i = 0; i < n; i++) {
    m[i] = m[i] + (g[i] - m[i]) * one_minus_beta_1;
    v[i] = v[i] + (g[i] * g[i] - v[i]) * one_minus_beta_2;
    w[i] = w[i] - (m[i] * alpha) / (sqrtf(v[i]) + epsilon);
  }
}

void CNN__NAME(optim_init)(cnn__kernels *t) {
  t->sgd = sgd;
  t->sgd_momentum = sgd_momentum;
  t->adam = adam;
}
