/* map: one function of some lanes applied along arrays. */
#ifndef CNN_KERNELS_MAP_H
#define CNN_KERNELS_MAP_H

#include "kernels/vector.h"

/* One step on sixteen elements; s is a factor that only some steps use. */
typedef cnn__vec cnn__step(cnn__vec a, cnn__vec b, cnn__vec s);

/* y = f(a, b, s); a, b and y may be the same. Always inlined, so that f is no call, and f stands in it once: the last lanes, where they are
 * fewer, go the same way. */
CNN__INLINE void cnn__map(int64_t n, const float *a, const float *b, float s, float *y, cnn__step *f) {
  const cnn__vec factor = cnn__vset(s);
  for (int64_t i = 0; i < n; i += CNN__LANES) {
    const int64_t left = n - i, whole = left >= CNN__LANES;
    const cnn__vec first = whole ? cnn__vload(a + i) : cnn__vload_n(a + i, left);
    const cnn__vec second = whole ? cnn__vload(b + i) : cnn__vload_n(b + i, left);
    const cnn__vec result = f(first, second, factor);
    if (whole) {
      cnn__vstore(y + i, result);
    } else {
      cnn__vstore_n(y + i, left, result);
    }
  }
}

#define CNN__UNUSED(a) (void)(a)

#endif
