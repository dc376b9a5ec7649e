/* fused, in plain C: the definition of the passes that stand between two convolutions, where the plan has made one
 * layer of several. All windows lie inside the image. */
#include "kernels/kernel.h"

#include <math.h>

static void maxpool_signed(const cnn__pool *g, int64_t n, const float *x, const float *sign, float *y,
                           uint8_t *winner) {
  const int64_t outputs = n * g->oh * g->ow;
  for (int64_t at = 0; at < outputs; at++) {
    const int64_t j = at % g->ow, i = at / g->ow % g->oh, image = at / g->ow / g->oh;
    const float *window = x + ((image * g->h + i * g->sh) * g->w + j * g->sw) * g->c;
    for (int64_t q = 0; q < g->c; q++) {
      float best = window[q];
      int64_t won = 0;
      for (int64_t tap = 1; tap < g->kh * g->kw; tap++) {
        const float value = window[(tap / g->kw * g->w + tap % g->kw) * g->c + q];
        if (sign == NULL || sign[q] > 0.0f ? value > best : sign[q] < 0.0f && value < best) {
          best = value;
          won = tap;
        }
      }
      y[at * g->c + q] = best;
      if (winner != NULL) {
        winner[at * g->c + q] = (uint8_t)won;
      }
    }
  }
}

/* What the window over pixel (i, j) gives to it in channel q: dy * a where its tap won. */
static float share(const cnn__pool *g, int64_t i, int64_t j, int64_t q, const float *a, const float *dy,
                   const uint8_t *winner) {
  const int64_t row = i / g->kh, column = j / g->kw, at = (row * g->ow + column) * g->c + q;
  if (row >= g->oh || column >= g->ow) {
    return 0.0f;
  }
  return winner == NULL || winner[at] == i % g->kh * g->kw + j % g->kw ? dy[at] * a[q] : 0.0f;
}

static void maxpool_bn_backward(const cnn__pool *g, int64_t n, const float *x, const float *mean, const float *a,
                                const float *b, const float *d, const float *dy, const uint8_t *winner, int32_t relu,
                                float *dx, int32_t add, double *sums) {
  const int64_t out = g->oh * g->ow * g->c;
  for (int64_t q = 0; q < g->c; q++) {
    double sum = add && sums != NULL ? sums[q] : 0.0;
    for (int64_t i = 0; i < n * g->h; i++) {
      const int64_t image = i / g->h;
      float chain = 0.0f;
      for (int64_t j = 0; j < g->w; j++) {
        const int64_t at = (i * g->w + j) * g->c + q;
        const float given = share(g, i % g->h, j, q, a, dy + image * out, winner == NULL ? NULL : winner + image * out);
        const float value = (given + (x[at] - mean[q]) * b[q]) + d[q];
        dx[at] = relu && !(x[at] > 0.0f) ? 0.0f : value;
        chain += dx[at];
        if ((j + 1) % CNN__PIXELS == 0 || j + 1 == g->w) {
          sum += (double)chain;
          chain = 0.0f;
        }
      }
    }
    if (sums != NULL) {
      sums[q] = sum;
    }
  }
}

#define TAPS 9

/* The inputs of an output position; those outside are 0. */
static void inputs_at(const cnn__conv *g, const float *x, int64_t i, int64_t j, float *inputs) {
  for (int64_t tap = 0; tap < TAPS; tap++) {
    const int64_t row = i + tap / 3 - g->pt, column = j + tap % 3 - g->pl;
    const int inside = row >= 0 && row < g->h && column >= 0 && column < g->w;
    inputs[tap] = inside ? x[row * g->w + column] : 0.0f;
  }
}

static void nine_backward(const cnn__conv *g, const cnn__pool *pool, const float *x, const float *packed,
                          const float *bias, int32_t relu, const float *const factors[4], const float *dy,
                          const uint8_t *winner, int32_t add, float *dw, double *sums, void *scratch) {
  (void)scratch;
  for (int64_t q = 0; q < g->f; q++) {
    const float *weights = packed + q / CNN__LANES * TAPS * CNN__LANES + q % CNN__LANES;
    double sum = add && sums != NULL ? sums[q] : 0.0;
    float chain = 0.0f, inputs[TAPS], gradients[TAPS];
    for (int64_t tap = 0; tap < TAPS; tap++) {
      gradients[tap] = add ? dw[tap * g->f + q] : 0.0f;
    }
    for (int64_t at = 0; at < g->oh * g->ow; at++) {
      const int64_t i = at / g->ow, j = at % g->ow;
      float y = bias == NULL ? 0.0f : bias[q];
      inputs_at(g, x, i, j, inputs);
      for (int64_t tap = 0; tap < TAPS; tap++) {
        y = fmaf(inputs[tap], weights[tap * CNN__LANES], y);
      }
      const float map = (share(pool, i, j, q, factors[1], dy, winner) + (y - factors[0][q]) * factors[2][q]) + factors[3][q];
      const float dx = relu && !(y > 0.0f) ? 0.0f : map;
      for (int64_t tap = 0; tap < TAPS; tap++) {
        gradients[tap] = fmaf(inputs[tap], dx, gradients[tap]);
      }
      chain += dx;
      if ((j + 1) % CNN__PIXELS == 0 || j + 1 == g->ow) {
        sum += (double)chain;
        chain = 0.0f;
      }
    }
    for (int64_t tap = 0; tap < TAPS; tap++) {
      dw[tap * g->f + q] = gradients[tap];
    }
    if (sums != NULL) {
      sums[q] = sum;
    }
  }
}

void CNN__NAME(fused_init)(cnn__kernels *t) {
  t->maxpool_signed = maxpool_signed;
  t->maxpool_bn_backward = maxpool_bn_backward;
  t->nine_backward = nine_backward;
}
