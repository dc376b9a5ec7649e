/* winograd4_pack: the kernels of F(4x4, 3x3), transformed; written here for every level, after each step of a training, but for
 * wide ones: of them conv_pack leaves the taps, of which the convolution transforms a part at a time. */
#include "kernels/winograd4.h"

#include "kernels/conv_layout.h"

#include <math.h>
#include <string.h>

/* Three taps along an axis to points, for sixteen channels. */
static void to_kernel_points(const float *w, int64_t w_step, float *u, int64_t u_step) {
  float t[6][CNN__LANES];
  for (int64_t l = 0; l < CNN__LANES; l++) {
    float first = w[l], middle = w[w_step + l], last = w[2 * w_step + l];
    float near = fmaf(CNN__A2, last, first), far = fmaf(CNN__B2, last, first);
    t[0][l] = first * CNN__OF_0;
    t[1][l] = fmaf(CNN__A, middle, near) * CNN__OF_A;
    t[2][l] = fmaf(-CNN__A, middle, near) * CNN__OF_A;
    t[3][l] = last;
    t[4][l] = fmaf(CNN__B, middle, far) * CNN__OF_B;
    t[5][l] = fmaf(-CNN__B, middle, far) * CNN__OF_B;
  }
  for (int64_t i = 0; i < 6; i++)
    memcpy(u + i * u_step, t[i], sizeof t[i]);
}

/* Nine taps for sixteen channels, transformed down, then across. The values of a point go to u + point * step. */
static void transform_kernel(float w[9][CNN__LANES], float *u, int64_t step) {
  float t[6][3][CNN__LANES];
  for (int64_t j = 0; j < 3; j++)
    to_kernel_points(w[j], 3 * CNN__LANES, t[0][j], 3 * CNN__LANES);
  for (int64_t i = 0; i < 6; i++)
    to_kernel_points(t[i][0], CNN__LANES, u + 6 * i * step, step);
}

void CNN__NAME(winograd4_part)(const float *taps, int64_t channels, float *u, int64_t u_point) {
  for (int64_t left = channels, block; left > 0; left -= block, taps += 9 * block * CNN__LANES) {
    block = cnn__at_most(left, CNN__CBLOCK);
    for (int64_t c = 0; c < block; c++, u += CNN__LANES) {
      float w[9][CNN__LANES];
      for (int64_t tap = 0; tap < 9; tap++)
        memcpy(w[tap], taps + (tap * block + c) * CNN__LANES, sizeof w[tap]);
      transform_kernel(w, u, u_point);
    }
  }
}

void CNN__NAME(winograd4_pack)(const cnn__conv *g, const float *w, float *packed) {
  for (int64_t q = 0; q < g->f; q += CNN__LANES, packed += CNN__POINTS4 * g->c * CNN__LANES)
    for (int64_t p = 0; p < g->c; p++) {
      float taps[9][CNN__LANES];
      cnn__kernel_taps(taps, g, w, p, q);
      transform_kernel(taps, packed + p * CNN__LANES, g->c * CNN__LANES);
    }
}

void CNN__NAME(winograd4_pack_t)(const cnn__conv *g, const float *w, float *packed) {
  for (int64_t p = 0; p < g->c; p += CNN__LANES, packed += CNN__POINTS4 * g->f * CNN__LANES)
    for (int64_t q = 0; q < g->f; q++) {
      float taps[9][CNN__LANES];
      cnn__kernel_taps_t(taps, g, w, p, q);
      transform_kernel(taps, packed + q * CNN__LANES, g->f * CNN__LANES);
    }
}
