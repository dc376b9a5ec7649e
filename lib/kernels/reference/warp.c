/* warp, in plain C: the definition of bytes to floats and of the affine sampling of images. */
#include "kernels/affine.h"
#include "kernels/kernel.h"

#include <math.h>

static void scale_u8(int64_t n, const uint8_t *src, float divisor, float *dst) {
  for (int64_t i = 0; i < n; i++) {
    dst[i] = (float)src[i] / divisor;
  }
}

/* One coordinate of a sample: the two positions it lies between and how far it is from the first. Where that is not at
 * all, the second one is not looked at. */
typedef struct position {
  int64_t first, second;
  float fraction;
} position;

static position place(const cnn__track *a, double base, int64_t column) {
  const int64_t lane = column % CNN__COLUMNS;
  const cnn__start start = cnn__track_start(a, base + a->slope * (double)(column - lane));
  int32_t at = start.offset + cnn__track_step(a, lane);
  at = at < 0 ? 0 : at < start.most ? at : start.most;
  const int64_t first = start.first + (at >> a->bits);
  const float fraction = (float)(at & ((1 << a->bits) - 1)) * a->unit;
  return (position){first, fraction > 0.0f ? first + 1 : first, fraction};
}

static float blend(float top_left, float top_right, float left, float right, float fx, float fy) {
  const float top = fmaf(top_right - top_left, fx, top_left);
  const float bottom = fmaf(right - left, fx, left);
  return fmaf(bottom - top, fy, top);
}

static void warp_u8(int64_t h, int64_t w, int64_t c, const uint8_t *src, const double m[6], float divisor, float *dst) {
  const cnn__track rows = cnn__track_of(h, m[1]), columns = cnn__track_of(w, m[4]);
  for (int64_t r = 0; r < h; r++) {
    for (int64_t q = 0; q < w; q++) {
      const position y = place(&rows, m[0] * (double)r + m[2], q);
      const position x = place(&columns, m[3] * (double)r + m[5], q);
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
  const cnn__track rows = cnn__track_of(h, m[1]), columns = cnn__track_of(w, m[4]);
  for (int64_t r = 0; r < h; r++) {
    for (int64_t q = 0; q < w; q++) {
      const position y = place(&rows, m[0] * (double)r + m[2], q);
      const position x = place(&columns, m[3] * (double)r + m[5], q);
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
