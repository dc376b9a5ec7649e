/* warp, in plain C: the definition of bytes to floats and of the affine sampling of images. */
#include "kernels/kernel.h"

static void scale_u8(int64_t n, const uint8_t *src, float divisor, float *dst) {
  for (int64_t i = 0; i < n; i++) {
    dst[i] = (float)src[i] / divisor;
  }
}

/* One coordinate of a sample: the two positions it lies between and how far it is from the first. */
typedef struct position {
  int64_t first, second;
  float fraction;
} position;

/* A coordinate that is not finite counts as 0; others are clamped to [0, extent - 1]. */
static position place(double at, int64_t extent) {
  const double most = (double)(extent - 1);
  if (!(at > 0.0 && at <= 1.7976931348623157e308)) {
    at = 0.0;
  }
  at = at < most ? at : most;
  const int64_t first = (int64_t)at;
  return (position){first, first + 1 < extent ? first + 1 : first, (float)(at - (double)first)};
}

static float blend(float top_left, float top_right, float left, float right, float fx, float fy) {
  const float top = top_left + (top_right - top_left) * fx;
  const float bottom = left + (right - left) * fx;
  return top + (bottom - top) * fy;
}

static void warp_u8(int64_t h, int64_t w, int64_t c, const uint8_t *src, const double m[6], float divisor, float *dst) {
  for (int64_t r = 0; r < h; r++) {
    for (int64_t q = 0; q < w; q++) {
      const position y = place((m[0] * (double)r + m[2]) + m[1] * (double)q, h);
      const position x = place((m[3] * (double)r + m[5]) + m[4] * (double)q, w);
      const uint8_t *top = src + y.first * w * c, *bottom = src + y.second * w * c;
      for (int64_t k = 0; k < c; k++) {
        const float value = blend((float)top[x.first * c + k], (float)top[x.second * c + k],
                                  (float)bottom[x.first * c + k], (float)bottom[x.second * c + k], x.fraction,
                                  y.fraction);
        *dst++ = value / divisor;
      }
    }
  }
}

static void warp_f32(int64_t h, int64_t w, int64_t c, const float *src, const double m[6], float *dst) {
  for (int64_t r = 0; r < h; r++) {
    for (int64_t q = 0; q < w; q++) {
      const position y = place((m[0] * (double)r + m[2]) + m[1] * (double)q, h);
      const position x = place((m[3] * (double)r + m[5]) + m[4] * (double)q, w);
      const float *top = src + y.first * w * c, *bottom = src + y.second * w * c;
      for (int64_t k = 0; k < c; k++) {
        *dst++ = blend(top[x.first * c + k], top[x.second * c + k], bottom[x.first * c + k],
                       bottom[x.second * c + k], x.fraction, y.fraction);
      }
    }
  }
}

void CNN__NAME(warp_init)(cnn__kernels *t) {
  t->scale_u8 = scale_u8;
  t->warp_u8 = warp_u8;
  t->warp_f32 = warp_f32;
}
