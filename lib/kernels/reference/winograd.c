/* winograd: F(2x2, 3x3) as it is defined, tile by tile. Sixteen outputs that differ in their channel alone go side by
 * side; every sum of products is one chain of fused multiply-adds over the input channels. */
#include "kernels/winograd.h"

#include "kernels/conv_layout.h"

#include <math.h>

/* The inputs of a tile in one channel, transformed down, then across; 0 outside the image. */
static void transform_input(const cnn__winograd *s, const float *x, int64_t row, int64_t column, float v[CNN__POINTS]) {
  float d[4][4], t[4][4];
  for (int64_t i = 0; i < 4; i++)
    for (int64_t j = 0; j < 4; j++) {
      int64_t a = row + i, b = column + j;
      d[i][j] = a >= 0 && a < s->h && b >= 0 && b < s->w ? x[(a * s->w + b) * s->c] : 0.0f;
    }
  for (int64_t j = 0; j < 4; j++) {
    t[0][j] = d[0][j] - d[2][j];
    t[1][j] = d[1][j] + d[2][j];
    t[2][j] = d[2][j] - d[1][j];
    t[3][j] = d[1][j] - d[3][j];
  }
  for (int64_t i = 0; i < 4; i++) {
    v[4 * i] = t[i][0] - t[i][2];
    v[4 * i + 1] = t[i][1] + t[i][2];
    v[4 * i + 2] = t[i][2] - t[i][1];
    v[4 * i + 3] = t[i][1] - t[i][3];
  }
}

/* The products of one tile for sixteen output channels, whose packed kernel is `slice`. */
static void multiply(const cnn__winograd *s, float (*v)[CNN__POINTS], const float *slice, const float *bias, int64_t lanes,
                     float m[CNN__POINTS][CNN__LANES]) {
  for (int64_t point = 0; point < CNN__POINTS; point++) {
    for (int64_t l = 0; l < CNN__LANES; l++)
      m[point][l] = bias && point == CNN__CENTRE && l < lanes ? bias[l] : 0.0f;
    for (int64_t p = 0; p < s->c; p++, slice += CNN__LANES)
      for (int64_t l = 0; l < CNN__LANES; l++)
        m[point][l] = fmaf(v[p][point], slice[l], m[point][l]);
  }
}

/* Lane l of the products, transformed down, then across. */
static void outputs_of(float m[CNN__POINTS][CNN__LANES], int64_t l, float out[2][2]) {
  float t[2][4];
  for (int64_t j = 0; j < 4; j++) {
    t[0][j] = (m[j][l] + m[4 + j][l]) + m[8 + j][l];
    t[1][j] = (m[4 + j][l] - m[8 + j][l]) - m[12 + j][l];
  }
  for (int64_t i = 0; i < 2; i++) {
    out[i][0] = (t[i][0] + t[i][1]) + t[i][2];
    out[i][1] = (t[i][1] - t[i][2]) - t[i][3];
  }
}

static void write_tile(const cnn__winograd *s, float m[CNN__POINTS][CNN__LANES], int64_t row, int64_t column,
                       int64_t lanes, int32_t relu, float *y) {
  for (int64_t l = 0; l < lanes; l++) {
    float out[2][2];
    outputs_of(m, l, out);
    for (int64_t i = 0; i < 2 && row + i < s->oh; i++)
      for (int64_t j = 0; j < 2 && column + j < s->ow; j++)
        y[((row + i) * s->ow + column + j) * s->f + l] = relu && 0.0f > out[i][j] ? 0.0f : out[i][j];
  }
}

void CNN__NAME(winograd)(const cnn__winograd *s, int64_t n, const float *x, const float *packed, const float *bias,
                         int32_t relu, float *y, void *scratch) {
  float (*v)[CNN__POINTS] = scratch, m[CNN__POINTS][CNN__LANES];
  for (int64_t tile = 0; tile < n * s->down * s->across; tile++) {
    int64_t image = tile / s->across / s->down, row = tile / s->across % s->down * 2, column = tile % s->across * 2;
    for (int64_t p = 0; p < s->c; p++)
      transform_input(s, x + image * s->h * s->w * s->c + p, row - s->pt, column - s->pl, v[p]);
    for (int64_t q = 0; q < s->f; q += CNN__LANES) {
      int64_t lanes = cnn__at_most(s->f - q, CNN__LANES);
      multiply(s, v, packed + q * CNN__POINTS * s->c, bias ? bias + q : NULL, lanes, m);
      write_tile(s, m, row, column, lanes, relu, y + image * s->oh * s->ow * s->f + q);
    }
  }
}

/* Nine taps, transformed down, then across, for sixteen channels; the sums are such that a kernel turned round gives the
 * same values turned round. The sixteen values of point (i, j) go to u + (4 * i + j) * step. */
static void transform_kernel(float w[9][CNN__LANES], float *u, int64_t step) {
  float t[4][3][CNN__LANES];
  for (int64_t j = 0; j < 3; j++)
    for (int64_t l = 0; l < CNN__LANES; l++) {
      float above = w[j][l], middle = w[3 + j][l], below = w[6 + j][l], outer = above + below;
      t[0][j][l] = above;
      t[1][j][l] = (outer + middle) * 0.5f;
      t[2][j][l] = (outer - middle) * 0.5f;
      t[3][j][l] = below;
    }
  for (int64_t i = 0; i < 4; i++, u += 4 * step)
    for (int64_t l = 0; l < CNN__LANES; l++) {
      float outer = t[i][0][l] + t[i][2][l];
      u[l] = t[i][0][l];
      u[step + l] = (outer + t[i][1][l]) * 0.5f;
      u[2 * step + l] = (outer - t[i][1][l]) * 0.5f;
      u[3 * step + l] = t[i][2][l];
    }
}

void CNN__NAME(winograd_pack)(const cnn__conv *g, const float *w, float *packed) {
  for (int64_t q = 0; q < g->f; q += CNN__LANES, packed += CNN__POINTS * g->c * CNN__LANES)
    for (int64_t p = 0; p < g->c; p++) {
      float taps[9][CNN__LANES];
      cnn__kernel_taps(taps, g, w, p, q);
      transform_kernel(taps, packed + p * CNN__LANES, g->c * CNN__LANES);
    }
}

void CNN__NAME(winograd_pack_t)(const cnn__conv *g, const float *w, float *packed) {
  for (int64_t p = 0; p < g->c; p += CNN__LANES, packed += CNN__POINTS * g->f * CNN__LANES)
    for (int64_t q = 0; q < g->f; q++) {
      float taps[9][CNN__LANES];
      cnn__kernel_taps_t(taps, g, w, p, q);
      transform_kernel(taps, packed + q * CNN__LANES, g->f * CNN__LANES);
    }
}
