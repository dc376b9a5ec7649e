/* map: one function of some lanes applied along arrays. */
#ifndef CNN_KERNELS_MAP_H
#define CNN_KERNELS_MAP_H

#include "kernels/vector.h"

/* One step on sixteen elements; s is a factor that only some steps use. */
typedef cnn__vec cnn__step(cnn__vec a, cnn__vec b, cnn__vec s);

/* y = f(a, b, s); a, b and y may be the same. Always inlined, so that f is no call. */
CNN__INLINE void cnn__map(int64_t n, const float *a, const float *b, float s, float *y, cnn__step *f) {
  const cnn__vec factor = cnn__vset(s);
  int64_t i = 0;
  for (; i + CNN__LANES <= n; i += CNN__LANES) {
    cnn__vstore(y + i, f(cnn__vload(a + i), cnn__vload(b + i), factor));
  }
  if (i < n) {
    cnn__vstore_n(y + i, n - i, f(cnn__vload_n(a + i, n - i), cnn__vload_n(b + i, n - i), factor));
  }
}

#define CNN__UNUSED(a) (void)(a)

#endif
