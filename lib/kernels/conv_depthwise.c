/* conv_depthwise: convolutions in which each channel has a filter of its own, sixteen channels in the lanes; and those in
 * groups of four channels, four groups in the lanes, which differ by a loop over the four inputs in turn. Forward and
 * input gradient are one sweep over the axes of conv_axis.h; positions that lack taps at the left or right edge go one by
 * one. The kernel gradient adds a row of positions to the sums of all taps of a kernel row, or of three, at once. */
#include "kernels/conv_depthwise.h"
#include "kernels/tile.h"

#define WIDTH (CNN__VECTORS >= 16 ? 8 : 4) /* positions at once */

typedef struct sweep {
  cnn__axis y, x;
  int64_t kh, kw, c;
  int64_t out_h, out_w;
  const float *w, *bias; /* bias may be NULL */
  int32_t relu;
  int64_t tap, slice;    /* floats of a tap, and of a kernel: of sixteen channels, or of one group of four */
} sweep;

/* Some positions of one row that see the same taps, and sixteen of their channels. */
typedef struct spot {
  const float *x, *w, *bias; /* at the first tap */
  float *y;
  int64_t rows, columns;                  /* taps */
  int64_t x_row, x_column, w_row, w_column; /* from tap to tap */
  int64_t x_pixel, y_pixel, lanes;
  int32_t relu;
  int64_t slice;
} spot;

/* The weights of one input of each of four groups; where there are fewer, the last one's stand in unused lanes. */
CNN__INLINE cnn__vec four_groups(const spot *s, const float *w) {
  int64_t last = s->lanes / 4 - 1;
  const float *from[4] = {w, w + cnn__at_most(1, last) * s->slice, w + cnn__at_most(2, last) * s->slice,
                          w + cnn__at_most(3, last) * s->slice};
  return cnn__vquads(from, 0);
}

CNN__INLINE void run(const int inputs, const int width, const spot *s) {
  cnn__vec acc[8], zero = cnn__vset(0.0f), start = s->bias ? cnn__vget(s->bias, s->lanes) : zero;
  CNN__UNROLL
  for (int p = 0; p < width; p++)
    acc[p] = start;
  for (int64_t row = 0; row < s->rows; row++) {
    const float *x = s->x + row * s->x_row, *w = s->w + row * s->w_row;
    for (int64_t column = 0; column < s->columns; column++, x += s->x_column, w += s->w_column) {
      CNN__UNROLL
      for (int j = 0; j < inputs; j++) {
        cnn__vec weights = inputs == 1 ? cnn__vload(w) : four_groups(s, w + j * CNN__LANES);
        const float *at = x;
        CNN__UNROLL
        for (int p = 0; p < width; p++, at += s->x_pixel) {
          cnn__vec value = cnn__vget(at, s->lanes);
          acc[p] = cnn__vfma(inputs == 1 ? value : cnn__vspread(value, j), weights, acc[p]);
        }
      }
    }
  }
  CNN__UNROLL
  for (int p = 0; p < width; p++) {
    if (s->relu)
      acc[p] = cnn__vselect(cnn__vgreater(zero, acc[p]), zero, acc[p]);
    cnn__vput(s->y + p * s->y_pixel, s->lanes, acc[p]);
  }
}

CNN__INLINE void lanes(const int inputs, const int width, const spot *s) {
  if (s->lanes == CNN__LANES) {
    spot whole = *s;
    whole.lanes = CNN__LANES;
    run(inputs, width, &whole);
  } else {
    run(inputs, width, s);
  }
}

typedef void spot_fn(const spot *s);
static void spot_1(const spot *s) { lanes(1, 1, s); }
static void spot_wide(const spot *s) { lanes(1, WIDTH, s); }
static void quads_1(const spot *s) { lanes(4, 1, s); }
static void quads_wide(const spot *s) { lanes(4, WIDTH, s); }

/* All channels of `width` positions from t on. */
static void positions(const sweep *s, spot at, int64_t t, int64_t width) {
  int64_t m0, m1;
  cnn__taps_seen(&s->x, t, &m0, &m1);
  at.columns = cnn__at_least(m1 - m0, 0);
  at.x += (t * s->x.in_step + s->x.offset + m0 * s->x.offset_step) * s->c;
  at.w += (s->x.tap + m0 * s->x.tap_step) * s->tap;
  at.y += (s->x.first + t * s->x.out_step) * s->c;
  int32_t quads = s->tap > CNN__LANES;
  spot_fn *function = quads ? width > 1 ? quads_wide : quads_1 : width > 1 ? spot_wide : spot_1;
  for (int64_t q = 0; q < s->c; q += CNN__LANES) {
    at.lanes = cnn__at_most(s->c - q, CNN__LANES);
    at.bias = s->bias ? s->bias + q : NULL;
    function(&at);
    at.x += CNN__LANES;
    at.y += CNN__LANES;
    at.w += quads ? 4 * s->slice : s->slice;
  }
}

/* The positions [*from, *to) that see all taps. */
static void whole_taps(const cnn__axis *a, int64_t *from, int64_t *to) {
  int64_t last = a->offset + cnn__at_least(a->taps - 1, 0) * a->offset_step;
  *from = cnn__at_most(cnn__steps_to(-a->offset, a->in_step), a->count);
  *to = cnn__at_least(cnn__at_most(cnn__steps_to(a->in - last, a->in_step), a->count), *from);
}

static void run_sweep(const sweep *s, int64_t n, const float *x, float *y) {
  int64_t from, to;
  whole_taps(&s->x, &from, &to);
  for (int64_t row = 0; row < n * s->y.count; row++) {
    int64_t image = row / s->y.count, i = row % s->y.count, m0, m1, t = 0;
    cnn__taps_seen(&s->y, i, &m0, &m1);
    int64_t in_row = image * s->y.in + i * s->y.in_step + s->y.offset + m0 * s->y.offset_step;
    spot at = {.rows = cnn__at_least(m1 - m0, 0), .x = x + in_row * s->x.in * s->c,
               .w = s->w + (s->y.tap + m0 * s->y.tap_step) * s->kw * s->tap,
               .y = y + (image * s->out_h + s->y.first + i * s->y.out_step) * s->out_w * s->c,
               .x_row = s->y.offset_step * s->x.in * s->c, .x_column = s->x.offset_step * s->c,
               .w_row = s->y.tap_step * s->kw * s->tap, .w_column = s->x.tap_step * s->tap, .slice = s->slice,
               .x_pixel = s->x.in_step * s->c, .y_pixel = s->x.out_step * s->c, .relu = s->relu};
    for (; t < from; t++)
      positions(s, at, t, 1);
    for (; t + WIDTH <= to; t += WIDTH)
      positions(s, at, t, WIDTH);
    if (t < to && to - from >= WIDTH) { /* the last ones again, with those that are left */
      positions(s, at, to - WIDTH, WIDTH);
      t = to;
    }
    for (; t < s->x.count; t++)
      positions(s, at, t, 1);
  }
}

static int64_t tap_floats(const cnn__conv *g) { return g->c / g->groups * CNN__LANES; }

void CNN__NAME(depthwise_forward)(const cnn__conv *g, int64_t n, const float *x, const float *packed, const float *bias,
                                  int32_t relu, float *y) {
  sweep s = {.y = cnn__forward_axis(g->h, g->oh, g->kh, g->sh, g->dh, g->pt),
             .x = cnn__forward_axis(g->w, g->ow, g->kw, g->sw, g->dw, g->pl), .kh = g->kh, .kw = g->kw, .c = g->c,
             .out_h = g->oh, .out_w = g->ow, .w = packed, .bias = bias, .relu = relu, .tap = tap_floats(g),
             .slice = g->kh * g->kw * tap_floats(g)};
  run_sweep(&s, n, x, y);
}

void CNN__NAME(depthwise_backward_data)(const cnn__conv *g, int64_t n, const float *dy, const float *packed_t, float *dx) {
  for (int64_t image = 0; image < n; image++)
    for (int64_t i = 0; i < cnn__at_most(g->sh, g->h); i++)
      for (int64_t j = 0; j < cnn__at_most(g->sw, g->w); j++) {
        sweep s = {.y = cnn__backward_axis(g->h, g->oh, g->kh, g->sh, g->dh, g->pt, i),
                   .x = cnn__backward_axis(g->w, g->ow, g->kw, g->sw, g->dw, g->pl, j), .kh = g->kh, .kw = g->kw,
                   .c = g->c, .out_h = g->h, .out_w = g->w, .w = packed_t, .tap = tap_floats(g),
                   .slice = g->kh * g->kw * tap_floats(g)};
        run_sweep(&s, 1, dy + image * g->oh * g->ow * g->c, dx + image * g->h * g->w * g->c);
      }
}

/* Some taps of the kernel gradient, and the positions of one output row that all of them see. */
typedef struct taps {
  const float *x, *dy; /* at the first tap, at the first position */
  float *dw;
  int64_t count;                           /* positions */
  int64_t x_row, x_column, x_pixel, c, lanes; /* from tap to tap, from position to position */
  int64_t dw_row;
} taps;

CNN__INLINE void add_taps(const int rows, const int columns, const taps *t, const int64_t lanes) {
  cnn__vec acc[9];
  const float *x = t->x, *dy = t->dy;
  CNN__UNROLL
  for (int e = 0; e < rows * columns; e++)
    acc[e] = cnn__vget(t->dw + e / columns * t->dw_row + e % columns * t->c, lanes);
  for (int64_t count = t->count; count > 0; count--, x += t->x_pixel, dy += t->c) {
    cnn__vec d = cnn__vget(dy, lanes);
    CNN__UNROLL
    for (int e = 0; e < rows * columns; e++)
      acc[e] = cnn__vfma(cnn__vget(x + e / columns * t->x_row + e % columns * t->x_column, lanes), d, acc[e]);
  }
  CNN__UNROLL
  for (int e = 0; e < rows * columns; e++)
    cnn__vput(t->dw + e / columns * t->dw_row + e % columns * t->c, lanes, acc[e]);
}

#define TAPS(rows, columns)                                       \
  static __attribute__((noinline)) void taps_##rows##_##columns(const taps *t) { \
    if (t->lanes == CNN__LANES)                                   \
      add_taps(rows, columns, t, CNN__LANES);                     \
    else                                                          \
      add_taps(rows, columns, t, t->lanes);                       \
  }
TAPS(1, 1)
TAPS(1, 2)
TAPS(1, 3)
TAPS(1, 4)
TAPS(1, 5)
TAPS(1, 6)
TAPS(1, 7)
#define MOST_TAPS 7
#if CNN__VECTORS >= 16
TAPS(3, 3)
#endif
typedef void taps_fn(const taps *t);
static taps_fn *const tap_rows[MOST_TAPS + 1] = {NULL, taps_1_1, taps_1_2, taps_1_3, taps_1_4, taps_1_5, taps_1_6, taps_1_7};

/* The positions of one output row that see the same taps, for all channels; t stands at the first tap and position. */
static void add_channels(const taps *at, int64_t rows, int64_t columns) {
  taps t = *at;
  for (int64_t q = 0; q < t.c; q += CNN__LANES, t.x += CNN__LANES, t.dy += CNN__LANES, t.dw += CNN__LANES) {
    t.lanes = cnn__at_most(t.c - q, CNN__LANES);
#if CNN__VECTORS >= 16
    if (rows == 3 && columns == 3) {
      taps_3_3(&t);
      continue;
    }
#endif
    taps row = t;
    for (int64_t ky = 0; ky < rows; ky++, row.x += row.x_row, row.dw += row.dw_row)
      tap_rows[columns](&row);
  }
}

/* The taps of kernel columns kx..kx + columns on one output row; t stands at position 0 of the row, tap (0, kx). Positions
 * that all of them see go together, others tap by tap, from left to right. */
static void tap_row(const cnn__conv *g, const cnn__axis *part, taps t, int64_t rows) {
  int64_t from, to, count;
  whole_taps(part, &from, &to);
  for (int64_t j = 0; j < g->ow; j += count) {
    int64_t m0, m1;
    cnn__taps_seen(part, j, &m0, &m1);
    count = j == from && to > from ? to - from : 1;
    taps here = t;
    here.count = count;
    here.x += (j * g->sw + part->offset + m0 * g->dw) * g->c;
    here.dy += j * g->c;
    here.dw += m0 * g->c;
    if (m0 < m1)
      add_channels(&here, rows, m1 - m0);
  }
}

void CNN__NAME(depthwise_backward_weights)(const cnn__conv *g, int64_t n, const float *x, const float *dy, int32_t add,
                                           float *dw) {
  cnn__axis y = cnn__forward_axis(g->h, g->oh, g->kh, g->sh, g->dh, g->pt);
  for (int64_t e = 0; !add && e < g->kh * g->kw * g->c; e++)
    dw[e] = 0.0f;
  for (int64_t row = 0; row < n * g->oh; row++) {
    int64_t image = row / g->oh, i = row % g->oh, m0, m1;
    cnn__taps_seen(&y, i, &m0, &m1);
    taps t = {.x = x + (image * g->h + i * g->sh - g->pt + m0 * g->dh) * g->w * g->c, .dy = dy + row * g->ow * g->c,
              .x_row = g->dh * g->w * g->c, .x_column = g->dw * g->c, .x_pixel = g->sw * g->c, .c = g->c,
              .dw_row = g->kw * g->c};
    for (int64_t kx = 0; kx < g->kw && m0 < m1; kx += MOST_TAPS) {
      cnn__axis part = cnn__forward_axis(g->w, g->ow, cnn__at_most(g->kw - kx, MOST_TAPS), g->sw, g->dw, g->pl - kx * g->dw);
      t.dw = dw + (m0 * g->kw + kx) * g->c;
      tap_row(g, &part, t, m1 - m0);
    }
  }
}
