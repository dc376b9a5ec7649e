/* maximum, in plain C: the definition of the maximum over all pixels of a channel, and of how its gradient is shared. */
#include "kernels/kernel.h"

static void channel_max(int64_t pixels, int64_t c, const float *x, float *y) {
  for (int64_t q = 0; q < c; q++) {
    y[q] = x[q];
    for (int64_t p = 1; p < pixels; p++) {
      y[q] = x[p * c + q] > y[q] ? x[p * c + q] : y[q];
    }
  }
}

static void channel_max_backward(int64_t pixels, int64_t c, const float *x, const float *y, const float *dy,
                                 float *dx) {
  for (int64_t q = 0; q < c; q++) {
    float equal = 0.0f;
    for (int64_t p = 0; p < pixels; p++) {
      equal += x[p * c + q] == y[q] ? 1.0f : 0.0f;
    }
    const float share = dy[q] / equal;
    for (int64_t p = 0; p < pixels; p++) {
      dx[p * c + q] = x[p * c + q] == y[q] ? share : 0.0f;
    }
  }
}

void CNN__NAME(maximum_init)(cnn__kernels *t) {
  t->channel_max = channel_max;
  t->channel_max_backward = channel_max_backward;
}
