/* conv_across: see conv_across.h. */
#include "kernels/conv_across.h"
#include "kernels/conv_axis.h"
#include "kernels/tile.h"

#include <string.h>

#define THREE 3                      /* channels at once */
#define REGISTERS 4                  /* of pixels, for each */
#define WIDTH (REGISTERS * CNN__REGISTER)

typedef struct sums {
  float of[THREE][WIDTH];
} sums;

/* Some channels of gradients, of the rows from `first` on, laid out as [row][channel][column]. */
typedef struct sheet {
  float *at; /* column 0 */
  int64_t first, line, channels;
} sheet;

/* One lattice of positions, see conv_axis.h. */
typedef struct lattice {
  cnn__axis y, x;
} lattice;

CNN__INLINE void load(const sums *s, cnn__reg acc[THREE][REGISTERS]) {
  CNN__UNROLL
  for (int e = 0; e < THREE * REGISTERS; e++)
    acc[e / REGISTERS][e % REGISTERS] = cnn__rload(s->of[e / REGISTERS] + e % REGISTERS * CNN__REGISTER);
}
CNN__INLINE void store(sums *s, cnn__reg acc[THREE][REGISTERS]) {
  CNN__UNROLL
  for (int e = 0; e < THREE * REGISTERS; e++)
    cnn__rput(s->of[e / REGISTERS] + e % REGISTERS * CNN__REGISTER, CNN__REGISTER, acc[e / REGISTERS][e % REGISTERS]);
}

/* acc += one tap of all channels of a sheet, as if it counted for all pixels. */
CNN__INLINE void add_tap(const float *x, int64_t line, const float *w, int64_t count, cnn__reg acc[THREE][REGISTERS]) {
  do {
    cnn__reg weights[THREE];
    CNN__UNROLL
    for (int c = 0; c < THREE; c++)
      weights[c] = cnn__rset(w[c]);
    CNN__UNROLL
    for (int r = 0; r < REGISTERS; r++) {
      cnn__reg value = cnn__rload(x + r * CNN__REGISTER);
      CNN__UNROLL
      for (int c = 0; c < THREE; c++)
        acc[c][r] = cnn__rfma(value, weights[c], acc[c][r]);
    }
    x += line;
    w += CNN__LANES;
    CNN__HIDE(x);
    CNN__HIDE(w);
  } while (--count);
}

/* The sums of row i of a lattice, positions t..t + width; those that a tap does not count for get theirs back. */
static void add_taps(const cnn__conv *g, const lattice *l, const sheet *s, const float *w, int64_t i, int64_t t, int64_t width,
                     sums *at) {
  cnn__reg acc[THREE][REGISTERS];
  int64_t m0, m1;
  cnn__taps_seen(&l->y, i, &m0, &m1);
  load(at, acc);
  for (int64_t my = m0; my < m1; my++)
    for (int64_t mx = 0; mx < l->x.taps; mx++) {
      int64_t column = t + l->x.offset + mx, lo = cnn__at_least(-column, 0), hi = cnn__at_most(g->ow - column, width);
      if (lo >= hi)
        continue;
      int64_t tap = (l->y.tap + my * l->y.tap_step) * g->kw + l->x.tap + mx * l->x.tap_step;
      int32_t part = hi - lo < width;
      if (part)
        store(at, acc);
      add_tap(s->at + (i + l->y.offset + my - s->first) * CNN__CBLOCK * s->line + column, s->line,
              w + tap * s->channels * CNN__LANES, s->channels, acc);
      if (part) {
        sums whole;
        store(&whole, acc);
        for (int c = 0; c < THREE; c++)
          memcpy(at->of[c] + lo, whole.of[c] + lo, (size_t)(hi - lo) * sizeof(float));
        load(at, acc);
      }
    }
  store(at, acc);
}

/* Row i of a lattice: dx stands at the row. */
static void sweep_row(const cnn__conv *g, const lattice *l, const sheet *s, const float *w, int64_t i, int32_t first, float *dx) {
  for (int64_t t = 0, width; t < l->x.count; t += width) {
    width = cnn__tile_cut(l->x.count, t, WIDTH);
    for (int64_t q = 0; q < g->c; q += THREE) {
      sums at = {{{0}}};
      float *to = dx + (l->x.first + t * l->x.out_step) * g->c + q;
      int64_t channels = cnn__at_most(g->c - q, THREE), step = l->x.out_step * g->c;
      for (int64_t e = 0; !first && e < width; e++)
        for (int64_t c = 0; c < channels; c++)
          at.of[c][e] = to[e * step + c];
      add_taps(g, l, s, w + q, i, t, width, &at);
      for (int64_t e = 0; e < width; e++)
        for (int64_t c = 0; c < channels; c++)
          to[e * step + c] = at.of[c][e];
    }
  }
}

/* Rows s->first.. of one image's gradients, channels from q on. */
static void lay_out(const cnn__conv *g, const float *dy, int64_t q, int64_t rows, const sheet *s) {
  for (int64_t row = 0; row < rows; row++) {
    const float *from = dy + (s->first + row) * g->ow * g->f + q;
    float *to = s->at + row * CNN__CBLOCK * s->line;
    for (int64_t column = 0; column < g->ow; column++)
      for (int64_t c = 0; c < s->channels; c++)
        to[c * s->line + column] = from[column * g->f + c];
  }
}

/* Rows [t, to) of all lattices of one image. */
static void sweep_band(const cnn__conv *g, int64_t t, int64_t to, const float *dy, const float *packed, float *dx, float *scratch) {
  sheet s = {.at = scratch + CNN__BESIDE, .line = cnn__across_line(g)};
  int64_t last = 0;
  s.first = g->oh;
  for (int64_t i = 0; i < g->sh; i++) {
    cnn__axis y = cnn__backward_axis(g->h, g->oh, g->kh, g->sh, 1, g->pt, i);
    s.first = cnn__at_most(s.first, cnn__at_least(t + y.offset, 0));
    last = cnn__at_least(last, cnn__at_most(to + y.offset + y.taps - 1, g->oh));
  }
  for (int64_t q = 0; q < g->f; q += CNN__CBLOCK) {
    s.channels = cnn__at_most(g->f - q, CNN__CBLOCK);
    lay_out(g, dy, q, last - s.first, &s);
    for (int64_t e = 0; e < g->sh * g->sw; e++) {
      lattice l = {cnn__backward_axis(g->h, g->oh, g->kh, g->sh, 1, g->pt, e / g->sw),
                   cnn__backward_axis(g->w, g->ow, g->kw, g->sw, 1, g->pl, e % g->sw)};
      for (int64_t i = t; i < cnn__at_most(to, l.y.count); i++)
        sweep_row(g, &l, &s, packed + q * g->kh * g->kw * CNN__LANES, i, q == 0,
                  dx + (l.y.first + i * l.y.out_step) * g->w * g->c);
    }
  }
}

void CNN__NAME(across)(const cnn__conv *g, int64_t n, const float *dy, const float *packed_t, float *dx, float *scratch) {
  int64_t rows = (g->h + g->sh - 1) / g->sh, band = CNN__ACROSS_ROWS;
  if (n > 0)
    memset(scratch, 0, (size_t)cnn__across_floats(g) * sizeof(float));
  for (int64_t image = 0; image < n; image++, dy += g->oh * g->ow * g->f, dx += g->h * g->w * g->c)
    for (int64_t t = 0; t < rows; t += band)
      sweep_band(g, t, cnn__at_most(t + band, rows), dy, packed_t, dx, scratch);
}
