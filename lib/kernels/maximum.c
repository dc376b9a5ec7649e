/* maximum: the maximum over all pixels of each channel, sixteen channels at a time. The reference defines the bits. */
#include "kernels/vector.h"

CNN__INLINE void max_lanes(int64_t pixels, int64_t c, const float *x, float *y, int64_t n) {
  cnn__vec most = cnn__vget(x, n);
  for (int64_t p = 1; p < pixels; p++) {
    most = cnn__vmax(cnn__vget(x + p * c, n), most);
  }
  cnn__vput(y, n, most);
}

static void channel_max(int64_t pixels, int64_t c, const float *x, float *y) {
  int64_t q = 0;
  for (; q + CNN__LANES <= c; q += CNN__LANES) {
    max_lanes(pixels, c, x + q, y + q, CNN__LANES);
  }
  if (q < c) {
    max_lanes(pixels, c, x + q, y + q, c - q);
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
