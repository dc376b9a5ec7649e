/* conv_nine: the nine weights of sixteen output channels stay in registers while a tile of pixels goes over the image;
 * each input is loaded once and goes into the sums of the three pixels of a row that see it. Where nine do not fit beside the
 * sums they are read again for each tile, and each input is a broadcast operand. */
#include "kernels/conv_nine.h"
#include "kernels/tile.h"

int32_t CNN__NAME(conv_nine_fits)(const cnn__conv *g) {
  return g->c == 1 && g->groups == 1 && g->kh == 3 && g->kw == 3 && g->sh == 1 && g->sw == 1 && g->dh == 1 && g->dw == 1 &&
         g->pt == 0 && g->pl == 0 && g->h == g->oh + 2 && g->w == g->ow + 2 && g->ow >= CNN__TILE;
}

/* One tile; x is the first pixel of the first of three rows, `row` floats apart. */
CNN__INLINE void tile(const float *x, int64_t row, const cnn__vec *weights, const float *packed, cnn__vec start,
                      int32_t relu, float *y, int64_t f, int64_t lanes) {
  cnn__vec acc[CNN__TILE], zero = cnn__vset(0.0f);
  CNN__UNROLL
  for (int p = 0; p < CNN__TILE; p++)
    acc[p] = start;
#if CNN__VECTORS >= 16
  (void)packed;
  CNN__UNROLL
  for (int i = 0; i < 3; i++)
    CNN__UNROLL
    for (int at = 0; at < CNN__TILE + 2; at++) {
      cnn__vec input = cnn__vset(x[i * row + at]);
      CNN__HOLD(input);
      CNN__UNROLL
      for (int j = 0; j < 3; j++)
        if (at >= j && at - j < CNN__TILE)
          acc[at - j] = cnn__vfma(input, weights[3 * i + j], acc[at - j]);
    }
#else
  (void)weights;
  CNN__UNROLL
  for (int tap = 0; tap < 9; tap++) {
    cnn__vec w = cnn__vload(packed + tap * CNN__LANES);
    CNN__UNROLL
    for (int p = 0; p < CNN__TILE; p++)
      acc[p] = cnn__vfma(cnn__vset(x[tap / 3 * row + tap % 3 + p]), w, acc[p]);
  }
#endif
  CNN__UNROLL
  for (int p = 0; p < CNN__TILE; p++) {
    if (relu)
      acc[p] = cnn__vmax(zero, acc[p]);
    cnn__vput(y + p * f, lanes, acc[p]);
  }
}

/* Sixteen output channels of all rows; the last tile of a row ends with it, over the one before. */
CNN__INLINE void channels(const cnn__conv *g, const float *x, const float *packed, const float *bias, const int32_t relu,
                          float *y, const int64_t lanes) {
  cnn__vec weights[9], start = bias ? cnn__vget(bias, lanes) : cnn__vset(0.0f);
  CNN__UNROLL
  for (int tap = 0; tap < 9; tap++)
    weights[tap] = cnn__vload(packed + tap * CNN__LANES);
  for (int64_t i = 0; i < g->oh; i++, x += g->w, y += g->ow * g->f)
    for (int64_t j = 0; j < g->ow; j += CNN__TILE) {
      int64_t at = cnn__at_most(j, g->ow - CNN__TILE);
      tile(x + at, g->w, weights, packed, start, relu, y + at * g->f, g->f, lanes);
    }
}

static void whole(const cnn__conv *g, const float *x, const float *packed, const float *bias, float *y) {
  channels(g, x, packed, bias, 0, y, CNN__LANES);
}
static void whole_relu(const cnn__conv *g, const float *x, const float *packed, const float *bias, float *y) {
  channels(g, x, packed, bias, 1, y, CNN__LANES);
}
static void part(const cnn__conv *g, const float *x, const float *packed, const float *bias, int32_t relu, float *y,
                 int64_t lanes) {
  channels(g, x, packed, bias, relu, y, lanes);
}

void CNN__NAME(conv_nine)(const cnn__conv *g, const float *x, const float *packed, const float *bias, int32_t relu, float *y) {
  for (int64_t q = 0; q < g->f; q += CNN__LANES, packed += 9 * CNN__LANES) {
    const float *start = bias ? bias + q : NULL;
    if (g->f - q < CNN__LANES)
      part(g, x, packed, start, relu, y + q, g->f - q);
    else
      (relu ? whole_relu : whole)(g, x, packed, start, y + q);
  }
}
