/* optim, in plain C: the definition of the updates by momentum. sqrtf is exact by IEEE 754. */
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

/* The running means of element i. */
static void mean(float *m, float g, float one_minus_beta_1) { *m = *m + (g - *m) * one_minus_beta_1; }
static void mean_square(float *v, float g, float one_minus_beta_2) { *v = *v + (g * g - *v) * one_minus_beta_2; }

static void adam(int64_t n, float *w, const float *g, float *m, float *v, float alpha, float one_minus_beta_1,
                 float one_minus_beta_2, float epsilon) {
  for (int64_t i = 0; i < n; i++) {
    mean(&m[i], g[i], one_minus_beta_1);
    mean_square(&v[i], g[i], one_minus_beta_2);
    w[i] = w[i] - (m[i] * alpha) / (sqrtf(v[i]) + epsilon);
  }
}

static void adam_amsgrad(int64_t n, float *w, const float *g, float *m, float *v, float *v_hat, float alpha,
                         float one_minus_beta_1, float one_minus_beta_2, float epsilon) {
  for (int64_t i = 0; i < n; i++) {
    mean(&m[i], g[i], one_minus_beta_1);
    mean_square(&v[i], g[i], one_minus_beta_2);
    v_hat[i] = v[i] > v_hat[i] ? v[i] : v_hat[i];
    w[i] = w[i] - (m[i] * alpha) / (sqrtf(v_hat[i]) + epsilon);
  }
}

static void adamax(int64_t n, float *w, const float *g, float *m, float *u, float step, float one_minus_beta_1,
                   float beta_2, float epsilon) {
  for (int64_t i = 0; i < n; i++) {
    const float old = beta_2 * u[i], minus = 0.0f - g[i];
    const float size = g[i] > minus ? g[i] : minus;
    mean(&m[i], g[i], one_minus_beta_1);
    u[i] = old > size ? old : size;
    w[i] = w[i] - (m[i] * step) / (u[i] + epsilon);
  }
}

static void nadam(int64_t n, float *w, const float *g, float *m, float *v, float rate, const float factors[6]) {
  for (int64_t i = 0; i < n; i++) {
    mean(&m[i], g[i], factors[0]);
    mean_square(&v[i], g[i], factors[1]);
    const float ahead = m[i] * factors[2] + g[i] * factors[3];
    w[i] = w[i] - (ahead * rate) / (sqrtf(v[i] / factors[4]) + factors[5]);
  }
}

static void lamb_direction(int64_t n, float *g, float *m, float *v, const float factors[5]) {
  for (int64_t i = 0; i < n; i++) {
    mean(&m[i], g[i], factors[0]);
    mean_square(&v[i], g[i], factors[1]);
    g[i] = (m[i] / factors[2]) / (sqrtf(v[i] / factors[3]) + factors[4]);
  }
}

static void lion(int64_t n, float *w, const float *g, float *m, float rate, const float factors[4]) {
  for (int64_t i = 0; i < n; i++) {
    const float c = m[i] * factors[0] + g[i] * factors[1];
    w[i] = w[i] - rate * (c > 0.0f ? 1.0f : 0.0f > c ? -1.0f : c);
    m[i] = m[i] * factors[2] + g[i] * factors[3];
  }
}

void CNN__NAME(optim_init)(cnn__kernels *t) {
  t->sgd = sgd;
  t->sgd_momentum = sgd_momentum;
  t->adam = adam;
  t->adam_amsgrad = adam_amsgrad;
  t->adamax = adamax;
  t->nadam = nadam;
  t->lamb_direction = lamb_direction;
  t->lion = lion;
}
