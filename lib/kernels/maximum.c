/* maximum: the maximum over all pixels of each channel, sixteen channels at a time. The reference defines the bits. */
#include "kernels/tile.h"

/* Vectors of channels that go down the pixels together, so that what memory brings is read in order; whole ones, or one of n < 16. */
#define ABREAST 4

/* Pixels from what is computed to what is asked for. */
#define AHEAD 64

CNN__INLINE void max_lanes(int64_t pixels, int64_t c, int vectors, int64_t n, const float *x, float *y) {
  cnn__vec most[ABREAST];
  CNN__UNROLL
  for (int v = 0; v < vectors; v++) {
    most[v] = cnn__vget(x + v * CNN__LANES, n);
  }
  for (int64_t p = 1; p < pixels; p++) {
    x += c;
    CNN__UNROLL
    for (int v = 0; v < vectors; v++) {
      cnn__fetch(x + v * CNN__LANES, AHEAD * c * (int64_t)sizeof(float));
      most[v] = cnn__vmax(cnn__vget(x + v * CNN__LANES, n), most[v]);
    }
  }
  CNN__UNROLL
  for (int v = 0; v < vectors; v++) {
    cnn__vput(y + v * CNN__LANES, n, most[v]);
  }
}

static void channel_max(int64_t pixels, int64_t c, const float *x, float *y) {
  int64_t q = 0;
  for (; q + ABREAST * CNN__LANES <= c; q += ABREAST * CNN__LANES) {
    max_lanes(pixels, c, ABREAST, CNN__LANES, x + q, y + q);
  }
  for (; q < c; q += CNN__LANES) {
    max_lanes(pixels, c, 1, c - q < CNN__LANES ? c - q : CNN__LANES, x + q, y + q);
  }
}

/* The lanes behind the n-th hold whatever: nothing of them is stored. */
CNN__INLINE void max_backward_lanes(int64_t pixels, int64_t c, const float *x, const float *y, const float *dy,
                                    float *dx, int64_t n) {
  const cnn__vec most = cnn__vget(y, n), one = cnn__vset(1.0f);
  cnn__vec equal = cnn__vset(0.0f);
  for (int64_t p = 0; p < pixels; p++) {
    equal = cnn__vadd(equal, cnn__vkeep(cnn__vequal(cnn__vget(x + p * c, n), most), one));
  }
  const cnn__vec share = cnn__vdiv(cnn__vget(dy, n), equal);
  for (int64_t p = 0; p < pixels; p++) {
    cnn__vput(dx + p * c, n, cnn__vkeep(cnn__vequal(cnn__vget(x + p * c, n), most), share));
  }
}

static void channel_max_backward(int64_t pixels, int64_t c, const float *x, const float *y, const float *dy,
                                 float *dx) {
  int64_t q = 0;
  for (; q + CNN__LANES <= c; q += CNN__LANES) {
    max_backward_lanes(pixels, c, x + q, y + q, dy + q, dx + q, CNN__LANES);
  }
  if (q < c) {
    max_backward_lanes(pixels, c, x + q, y + q, dy + q, dx + q, c - q);
  }
}

void CNN__NAME(maximum_init)(cnn__kernels *t) {
  t->channel_max = channel_max;
  t->channel_max_backward = channel_max_backward;
}
