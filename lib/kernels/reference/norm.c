/* norm, in plain C: the definition of the sums over the pixels of a channel, and of batch-norm's affine maps. */
#include "kernels/kernel.h"

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* One block of a channel: `count` pixels from x on, c floats apart. */
static float block_sum(int64_t count, int64_t c, const float *x) {
  float sum = x[0];
  for (int64_t i = 1; i < count; i++) {
    sum += x[i * c];
  }
  return sum;
}

static float block_squares(int64_t count, int64_t c, const float *x, float mean) {
  float d = x[0] - mean;
  float sum = d * d;
  for (int64_t i = 1; i < count; i++) {
    d = x[i * c] - mean;
    sum += d * d;
  }
  return sum;
}

static float block_products(int64_t count, int64_t c, const float *x, float mean, const float *dy) {
  float sum = dy[0] * (x[0] - mean);
  for (int64_t i = 1; i < count; i++) {
    sum += dy[i * c] * (x[i * c] - mean);
  }
  return sum;
}

static void channel_sums(int64_t n, int64_t pixels, int64_t c, const float *x, double *sums) {
  for (int64_t q = 0; q < c; q++) {
    double sum = 0.0;
    for (int64_t b = 0; b < n; b++) {
      for (int64_t p = 0; p < pixels; p += CNN__PIXELS) {
        sum += (double)block_sum(least(CNN__PIXELS, pixels - p), c, x + (b * pixels + p) * c + q);
      }
    }
    sums[q] = sum;
  }
}

/* One sample's mean and sum of squared deviations. */
static void sample_moments(int64_t pixels, int64_t c, const float *x, double *mean, double *m2) {
  double sum = 0.0;
  for (int64_t p = 0; p < pixels; p += CNN__PIXELS) {
    sum += (double)block_sum(least(CNN__PIXELS, pixels - p), c, x + p * c);
  }
  *mean = sum / (double)pixels;
  const float rounded = (float)*mean;
  double squares = 0.0;
  for (int64_t p = 0; p < pixels; p += CNN__PIXELS) {
    squares += (double)block_squares(least(CNN__PIXELS, pixels - p), c, x + p * c, rounded);
  }
  const double d = *mean - (double)rounded;
  squares = squares - (double)pixels * d * d;
  *m2 = 0.0 > squares ? 0.0 : squares;
}

static void bn_moments(int64_t before, int64_t n, int64_t pixels, int64_t c, const float *x, double *mean, double *m2) {
  for (int64_t q = 0; q < c; q++) {
    for (int64_t b = before; b < before + n; b++) {
      double its_mean, its_m2;
      sample_moments(pixels, c, x + (b - before) * pixels * c + q, &its_mean, &its_m2);
      if (b == 0) {
        mean[q] = its_mean;
        m2[q] = its_m2;
        continue;
      }
      const double share = 1.0 / (double)(b + 1), delta = its_mean - mean[q];
      mean[q] += delta * share;
      m2[q] += its_m2 + delta * delta * ((double)b * share * (double)pixels);
    }
  }
}

static void bn_backward_sums(int64_t n, int64_t pixels, int64_t c, const float *x, const float *mean, const float *dy,
                             double *sum_dy, double *sum_dy_xc) {
  channel_sums(n, pixels, c, dy, sum_dy);
  for (int64_t q = 0; q < c; q++) {
    double sum = 0.0;
    for (int64_t b = 0; b < n; b++) {
      for (int64_t p = 0; p < pixels; p += CNN__PIXELS) {
        const int64_t at = (b * pixels + p) * c + q;
        sum += (double)block_products(least(CNN__PIXELS, pixels - p), c, x + at, mean[q], dy + at);
      }
    }
    sum_dy_xc[q] = sum;
  }
}

static void bn_normalize(int64_t pixels, int64_t c, const float *x, const float *mean, const float *scale,
                         const float *shift, float *y) {
  for (int64_t p = 0; p < pixels; p++, x += c, y += c) {
    for (int64_t q = 0; q < c; q++) {
      y[q] = (x[q] - mean[q]) * scale[q] + shift[q];
    }
  }
}

static void bn_backward_apply(int64_t pixels, int64_t c, const float *x, const float *mean, const float *a,
                              const float *b, const float *d, const float *dy, float *dx) {
  for (int64_t p = 0; p < pixels; p++, x += c, dy += c, dx += c) {
    for (int64_t q = 0; q < c; q++) {
      dx[q] = (dy[q] * a[q] + (x[q] - mean[q]) * b[q]) + d[q];
    }
  }
}

void CNN__NAME(norm_init)(cnn__kernels *t) {
  t->channel_sums = channel_sums;
  t->bn_moments = bn_moments;
  t->bn_backward_sums = bn_backward_sums;
  t->bn_normalize = bn_normalize;
  t->bn_backward_apply = bn_backward_apply;
}
