/* winograd4: F(4x4, 3x3) as it is defined, tile by tile. Sixteen outputs that differ in their channel alone go side by
 * side; every sum of products is one chain of fused multiply-adds over the input channels. */
#include "kernels/winograd4.h"

#include "kernels/conv_layout.h"

#include <math.h>

/* Tiles along one axis: those of two outputs use the first four points. */
typedef struct extent {
  int64_t outputs, points; /* 4 and 6, or 2 and 4; as many inputs as points */
} extent;

static extent extent_of(int64_t outputs, int64_t tile) {
  return tile + 1 == cnn__tiles4(outputs) && cnn__small_tile(outputs) ? (extent){2, 4} : (extent){4, 6};
}

typedef struct tile_place {
  int64_t image, i, j; /* row and column of tiles */
  extent down, across;
} tile_place;

static tile_place place_of(const cnn__winograd *s, int64_t tile) {
  int64_t i = tile / s->across % s->down, j = tile % s->across;
  return (tile_place){tile / s->across / s->down, i, j, extent_of(s->oh, i), extent_of(s->ow, j)};
}

/* Inputs along an axis to points. */
static void to_points(extent e, const float *d, int64_t d_step, float *t, int64_t t_step) {
  float x[6] = {0};
  for (int64_t i = 0; i < e.points; i++)
    x[i] = d[i * d_step];
  if (e.outputs == 2) {
    float even = x[2] * -CNN__DIFF2, odd = x[1] * -CNN__A2B2;
    t[0] = fmaf(CNN__A2B2, x[0], x[2] * -CNN__B2);
    t[t_step] = even + odd;
    t[2 * t_step] = even - odd;
    t[3 * t_step] = fmaf(-CNN__A2, x[1], x[3]);
    return;
  }
  float even = fmaf(-CNN__B2, x[2], x[4]), odd = fmaf(-CNN__B2, x[1], x[3]);
  t[0] = fmaf(CNN__A2B2, x[0], fmaf(-CNN__SUM2, x[2], x[4]));
  t[t_step] = fmaf(CNN__A, odd, even);
  t[2 * t_step] = fmaf(-CNN__A, odd, even);
  t[3 * t_step] = fmaf(CNN__A2B2, x[1], fmaf(-CNN__SUM2, x[3], x[5]));
  even = fmaf(-CNN__A2, x[2], x[4]);
  odd = fmaf(-CNN__A2, x[1], x[3]);
  t[4 * t_step] = fmaf(CNN__B, odd, even);
  t[5 * t_step] = fmaf(-CNN__B, odd, even);
}

/* Products at the points along an axis to outputs. */
static void to_outputs(extent e, const float *m, int64_t m_step, float *y, int64_t y_step) {
  float sum = m[m_step] + m[2 * m_step], difference = m[m_step] - m[2 * m_step], last = m[3 * m_step];
  if (e.outputs == 2) {
    y[0] = m[0] + sum;
    y[y_step] = fmaf(CNN__A, difference, last);
    return;
  }
  float other = m[4 * m_step] + m[5 * m_step], apart = m[4 * m_step] - m[5 * m_step];
  y[0] = (m[0] + sum) + other;
  y[y_step] = fmaf(CNN__B, apart, difference * CNN__A);
  y[2 * y_step] = fmaf(CNN__B2, other, sum * CNN__A2);
  y[3 * y_step] = fmaf(CNN__B3, apart, fmaf(CNN__A3, difference, last));
}

/* The inputs of a tile in one channel, transformed down, then across; 0 outside the image. */
static void transform_input(const cnn__winograd *s, const float *x, int64_t row, int64_t column, extent down, extent across,
                            float v[CNN__POINTS4]) {
  float d[6][6], t[6][6];
  for (int64_t i = 0; i < down.points; i++)
    for (int64_t j = 0; j < across.points; j++) {
      int64_t a = row + i, b = column + j;
      d[i][j] = a >= 0 && a < s->h && b >= 0 && b < s->w ? x[(a * s->w + b) * s->c] : 0.0f;
    }
  for (int64_t j = 0; j < across.points; j++)
    to_points(down, &d[0][j], 6, &t[0][j], 6);
  for (int64_t i = 0; i < down.points; i++)
    to_points(across, t[i], 1, v + 6 * i, 1);
}

/* The products of one tile for sixteen output channels, whose packed kernel is `slice`. */
static void multiply(const cnn__winograd *s, float (*v)[CNN__POINTS4], const float *slice, extent down, extent across,
                     float m[CNN__LANES][CNN__POINTS4]) {
  for (int64_t point = 0; point < CNN__POINTS4; point++, slice += s->c * CNN__LANES) {
    if (point / 6 >= down.points || point % 6 >= across.points)
      continue;
    float acc[CNN__LANES] = {0};
    for (int64_t p = 0; p < s->c; p++)
      for (int64_t l = 0; l < CNN__LANES; l++)
        acc[l] = fmaf(v[p][point], slice[p * CNN__LANES + l], acc[l]);
    for (int64_t l = 0; l < CNN__LANES; l++)
      m[l][point] = acc[l];
  }
}

static void write_tile(const cnn__winograd *s, const float m[CNN__POINTS4], int64_t row, int64_t column, extent down,
                       extent across, float bias, int32_t relu, float *y) {
  float t[4][6], out[4][4];
  for (int64_t j = 0; j < across.points; j++)
    to_outputs(down, m + j, 6, &t[0][j], 6);
  for (int64_t i = 0; i < down.outputs; i++)
    to_outputs(across, t[i], 1, out[i], 1);
  for (int64_t i = 0; i < down.outputs && row + i < s->oh; i++)
    for (int64_t j = 0; j < across.outputs && column + j < s->ow; j++) {
      float value = out[i][j] + bias;
      y[((row + i) * s->ow + column + j) * s->f] = relu && 0.0f > value ? 0.0f : value;
    }
}

/* Tiles through all output channels; v [tile][input channel] is room for their inputs, u for sixteen channels of a wide kernel. */
static void convolve(const cnn__winograd *s, int64_t first, int64_t tiles, const float *x, const float *packed, const float *bias,
                     int32_t relu, float *y, float (*v)[CNN__POINTS4], float *u) {
  for (int64_t tile = first, p = 0; tile < first + tiles; tile++) {
    tile_place at = place_of(s, tile);
    for (int64_t c = 0; c < s->c; c++, p++)
      transform_input(s, x + at.image * s->h * s->w * s->c + c, 4 * at.i - s->pt, 4 * at.j - s->pl, at.down, at.across, v[p]);
  }
  for (int64_t q = 0; q < s->f; q += CNN__LANES) {
    const float *slice = s->wide ? u : packed + CNN__POINTS4 * q * s->c;
    if (s->wide)
      CNN__NAME(winograd4_part)(packed + 9 * q * s->c, s->c, u, s->c * CNN__LANES);
    for (int64_t tile = 0; tile < tiles; tile++) {
      float m[CNN__LANES][CNN__POINTS4];
      tile_place at = place_of(s, first + tile);
      multiply(s, v + tile * s->c, slice, at.down, at.across, m);
      for (int64_t l = 0; l < cnn__at_most(s->f - q, CNN__LANES); l++)
        write_tile(s, m[l], 4 * at.i, 4 * at.j, at.down, at.across, bias ? bias[q + l] : 0.0f, relu,
                   y + at.image * s->oh * s->ow * s->f + q + l);
    }
  }
}

void CNN__NAME(winograd4)(const cnn__winograd *s, int64_t n, const float *x, const float *packed, const float *bias,
                          int32_t relu, float *y, void *scratch) {
  const int64_t total = n * s->down * s->across, most = s->wide ? CNN__CHUNK4 : 1;
  float (*v)[CNN__POINTS4] = scratch;
  for (int64_t first = 0; first < total; first += most)
    convolve(s, first, cnn__at_most(total - first, most), x, packed, bias, relu, y, v, v[most * s->c]);
}

/* As many gradients along an axis as a tile has outputs, to its points. */
static void to_gradient_points(extent e, const float *d, int64_t d_step, float *t, int64_t t_step) {
  t[0] = d[0];
  if (e.outputs == 2) {
    t[t_step] = fmaf(CNN__A, d[d_step], d[0]);
    t[2 * t_step] = fmaf(-CNN__A, d[d_step], d[0]);
    t[3 * t_step] = d[d_step];
    return;
  }
  float even = fmaf(CNN__A2, d[2 * d_step], d[0]), odd = fmaf(CNN__A2, d[3 * d_step], d[d_step]);
  t[t_step] = fmaf(CNN__A, odd, even);
  t[2 * t_step] = fmaf(-CNN__A, odd, even);
  t[3 * t_step] = d[3 * d_step];
  even = fmaf(CNN__B2, d[2 * d_step], d[0]);
  odd = fmaf(CNN__B2, d[3 * d_step], d[d_step]);
  t[4 * t_step] = fmaf(CNN__B, odd, even);
  t[5 * t_step] = fmaf(-CNN__B, odd, even);
}

/* The gradients of a tile's outputs in one channel, transformed down, then across; 0 where the tile sticks out. */
static void transform_gradient(const cnn__winograd *s, const float *dy, int64_t row, int64_t column, extent down,
                               extent across, float v[CNN__POINTS4]) {
  float d[4][4], t[6][4];
  for (int64_t i = 0; i < down.outputs; i++)
    for (int64_t j = 0; j < across.outputs; j++)
      d[i][j] = row + i < s->oh && column + j < s->ow ? dy[((row + i) * s->ow + column + j) * s->f] : 0.0f;
  for (int64_t j = 0; j < across.outputs; j++)
    to_gradient_points(down, &d[0][j], 4, &t[0][j], 4);
  for (int64_t i = 0; i < down.points; i++)
    to_gradient_points(across, t[i], 1, v + 6 * i, 1);
}

/* One tile's products added to the sums m [input channel][output channel] of `inputs` channels from x on; d [output channel] is
 * room for its transformed gradients. */
static void add_tile(const cnn__winograd *s, int64_t tile, int64_t inputs, const float *x, const float *dy,
                     float (*m)[CNN__POINTS4], float (*d)[CNN__POINTS4]) {
  tile_place at = place_of(s, tile);
  float v[CNN__POINTS4];
  for (int64_t q = 0; q < s->f; q++)
    transform_gradient(s, dy + at.image * s->oh * s->ow * s->f + q, 4 * at.i, 4 * at.j, at.down, at.across, d[q]);
  for (int64_t p = 0; p < inputs; p++) {
    transform_input(s, x + at.image * s->h * s->w * s->c + p, 4 * at.i - s->pt, 4 * at.j - s->pl, at.down, at.across, v);
    for (int64_t q = 0; q < s->f; q++)
      for (int64_t point = 0; point < CNN__POINTS4; point++)
        if (point / 6 < at.down.points && point % 6 < at.across.points)
          m[p * s->f + q][point] = fmaf(v[point], d[q][point], m[p * s->f + q][point]);
  }
}

static void to_taps(const float *m, int64_t step, float t[3]) {
  float sum = m[step] + m[2 * step], difference = m[step] - m[2 * step];
  float other = m[4 * step] + m[5 * step], apart = m[4 * step] - m[5 * step];
  t[0] = fmaf(CNN__OF_A, sum, fmaf(CNN__OF_B, other, m[0] * CNN__OF_0));
  t[1] = fmaf(CNN__OF_A1, difference, apart * CNN__OF_B1);
  t[2] = fmaf(CNN__OF_AB2, other - sum, m[3 * step]);
}

/* The taps of one pair of channels: down, then across. */
static void write_taps(const cnn__winograd *s, const float m[CNN__POINTS4], int32_t add, float *dw) {
  float down[3][6], t[3];
  for (int64_t j = 0; j < 6; j++) {
    to_taps(m + j, 6, t);
    for (int64_t i = 0; i < 3; i++)
      down[i][j] = t[i];
  }
  for (int64_t i = 0; i < 3; i++) {
    to_taps(down[i], 1, t);
    for (int64_t j = 0; j < 3; j++, dw += s->c * s->f)
      *dw = add ? *dw + t[j] : t[j];
  }
}

/* The taps of `inputs` channels, from x and dw on, by one group of tiles. */
static void sum_group(const cnn__winograd *s, int64_t first, int64_t tiles, int64_t inputs, const float *x, const float *dy,
                      int32_t add, float *dw, float (*m)[CNN__POINTS4]) {
  for (int64_t e = 0; e < inputs * s->f * CNN__POINTS4; e++)
    m[e / CNN__POINTS4][e % CNN__POINTS4] = 0.0f;
  for (int64_t tile = first; tile < first + tiles; tile++)
    add_tile(s, tile, inputs, x, dy, m, m + inputs * s->f);
  for (int64_t e = 0; e < inputs * s->f; e++)
    write_taps(s, m[e], add, dw + e);
}

void CNN__NAME(winograd4_weights)(const cnn__winograd *s, int64_t n, const float *x, const float *dy, int32_t add, float *dw,
                                  void *scratch) {
  int64_t total = n * s->down * s->across;
  for (int64_t first = 0, tiles; first < total; first += tiles) {
    tiles = cnn__winograd4_group(s, total - first);
    for (int64_t p = 0; p < s->c; p += CNN__INPUTS4)
      sum_group(s, first, tiles, cnn__at_most(s->c - p, CNN__INPUTS4), x + p, dy, add || first > 0, dw + p * s->f, scratch);
  }
}
