/* winograd4_part: a part of a wide kernel, transformed by the call that needs it: in memory there are the nine taps alone. */
#include "kernels/winograd4.h"

#include "kernels/conv_layout.h"
#include "kernels/tile.h"

/* Three taps along an axis to points. */
CNN__INLINE void to_kernel_points(const cnn__vec w[3], cnn__vec t[6]) {
  cnn__vec a = cnn__vset(CNN__A), minus_a = cnn__vset(-CNN__A), of_a = cnn__vset(CNN__OF_A);
  cnn__vec b = cnn__vset(CNN__B), minus_b = cnn__vset(-CNN__B), of_b = cnn__vset(CNN__OF_B);
  cnn__vec near = cnn__vfma(cnn__vset(CNN__A2), w[2], w[0]), far = cnn__vfma(cnn__vset(CNN__B2), w[2], w[0]);
  t[0] = cnn__vmul(w[0], cnn__vset(CNN__OF_0));
  t[1] = cnn__vmul(cnn__vfma(a, w[1], near), of_a);
  t[2] = cnn__vmul(cnn__vfma(minus_a, w[1], near), of_a);
  t[3] = w[2];
  t[4] = cnn__vmul(cnn__vfma(b, w[1], far), of_b);
  t[5] = cnn__vmul(cnn__vfma(minus_b, w[1], far), of_b);
}

#if CNN__VECTORS >= 32
#define EACH CNN__UNROLL
#else
#define EACH /* in loops where the registers do not hold it anyway */
#endif

/* One input channel, whose taps lie `step` apart: down, then across. */
CNN__INLINE void transform(const float *taps, int64_t step, float *u, int64_t u_point) {
  cnn__vec t[3][6];
  EACH
  for (int j = 0; j < 3; j++) {
    cnn__vec w[3] = {cnn__vload(taps + j * step), cnn__vload(taps + (3 + j) * step), cnn__vload(taps + (6 + j) * step)};
    to_kernel_points(w, t[j]);
  }
  EACH
  for (int i = 0; i < 6; i++) {
    cnn__vec row[3] = {t[0][i], t[1][i], t[2][i]}, points[6];
    to_kernel_points(row, points);
    CNN__UNROLL
    for (int j = 0; j < 6; j++, u += u_point)
      cnn__vstore(u, points[j]);
  }
}

void CNN__NAME(winograd4_part)(const float *taps, int64_t channels, float *u, int64_t u_point) {
  for (int64_t left = channels, block; left > 0; left -= block) {
    block = cnn__at_most(left, CNN__CBLOCK);
    for (int64_t c = 0; c < block; c++, u += CNN__LANES)
      transform(taps + c * CNN__LANES, block * CNN__LANES, u, u_point);
    taps += 9 * block * CNN__LANES;
  }
}
