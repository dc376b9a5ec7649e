/* adaptive, in plain C: the definition of the updates by gathered squares. sqrtf is exact by IEEE 754. */
#include "kernels/kernel.h"
#include "kernels/math.h"

#include <math.h>

static void rmsprop(int64_t n, float *w, const float *g, float *v, float *momenta, float *average, float rate,
                    const float factors[4]) {
  for (int64_t i = 0; i < n; i++) {
    v[i] = factors[0] * v[i] + (g[i] * g[i]) * factors[1];
    float spread = v[i];
    if (average != NULL) {
      average[i] = factors[0] * average[i] + g[i] * factors[1];
      spread = v[i] - average[i] * average[i];
      spread = 0.0f > spread ? 0.0f : spread;
    }
    float step = (rate * g[i]) / sqrtf(spread + factors[3]);
    if (momenta != NULL) {
      step = factors[2] * momenta[i] + step;
      momenta[i] = step;
    }
    w[i] = w[i] - step;
  }
}

static void adagrad(int64_t n, float *w, const float *g, float *accumulator, float rate, float epsilon) {
  for (int64_t i = 0; i < n; i++) {
    accumulator[i] = accumulator[i] + g[i] * g[i];
    w[i] = w[i] - (rate * g[i]) / sqrtf(accumulator[i] + epsilon);
  }
}

static void adadelta(int64_t n, float *w, const float *g, float *squares, float *deltas, float rate, float rho,
                     float one_minus_rho, float epsilon) {
  for (int64_t i = 0; i < n; i++) {
    squares[i] = rho * squares[i] + (g[i] * g[i]) * one_minus_rho;
    const float delta = (sqrtf(deltas[i] + epsilon) * g[i]) / sqrtf(squares[i] + epsilon);
    deltas[i] = rho * deltas[i] + (delta * delta) * one_minus_rho;
    w[i] = w[i] - rate * delta;
  }
}

static float power_of(float x, float power) {
  return power == 0.5f ? sqrtf(x) : (float)cnn__pow_f64((double)x, (double)power);
}

static void ftrl(int64_t n, float *w, const float *g, float *accumulator, float *linear, float rate,
                 const float factors[4]) {
  const float l1 = factors[1];
  for (int64_t i = 0; i < n; i++) {
    const float sum = accumulator[i] + g[i] * g[i];
    const float after = power_of(sum, factors[0]), before = power_of(accumulator[i], factors[0]);
    const float z = linear[i] + ((g[i] + factors[3] * w[i]) - ((after - before) / rate) * w[i]);
    const float above = -l1 > z ? -l1 : z;
    const float limited = l1 < above ? l1 : above;
    w[i] = limited == z ? 0.0f : (limited - z) / (after / rate + factors[2]);
    linear[i] = z;
    accumulator[i] = sum;
  }
}

void CNN__NAME(adaptive_init)(cnn__kernels *t) {
  t->rmsprop = rmsprop;
  t->adagrad = adagrad;
  t->adadelta = adadelta;
  t->ftrl = ftrl;
}
