/* conv_depthwise: forward and input gradient of convolutions in which each channel has a filter of its own, channels in the
 * lanes (conv_slide.h); and of those in groups of four channels, four groups in the lanes and a loop over the four inputs in
 * turn, where positions that lack taps at the left or right edge go one by one. Both are one sweep over the axes of
 * conv_axis.h. */
#include "kernels/conv_depthwise.h"
#include "kernels/conv_slide.h"
#include "kernels/tile.h"

/* Masks cost nothing where a register holds all lanes. */
#if CNN__REGISTER == CNN__LANES
#define GET cnn__vload_n
#define PUT cnn__vstore_n
#else
#define GET cnn__vget
#define PUT cnn__vput
#endif
#define WIDTH (CNN__VECTORS >= 16 ? 8 : 4) /* positions at once */

typedef struct sweep {
  cnn__axis y, x;
  int64_t kh, kw, c;
  int64_t out_h, out_w;
  const float *w, *bias; /* bias may be NULL */
  int32_t relu;
  int64_t tap, slice;    /* floats of a tap, and of a kernel: of sixteen channels, or of one group of four */
  int32_t far;           /* see cnn__conv_far */
} sweep;

/* Some positions of one row that see the same taps, and four of their groups. */
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

CNN__INLINE void run(const int width, const spot *s) {
  cnn__vec acc[8], zero = cnn__vset(0.0f), start = s->bias ? GET(s->bias, s->lanes) : zero;
  CNN__UNROLL
  for (int p = 0; p < width; p++)
    acc[p] = start;
  for (int64_t row = 0; row < s->rows; row++) {
    const float *x = s->x + row * s->x_row, *w = s->w + row * s->w_row;
    for (int64_t column = 0; column < s->columns; column++, x += s->x_column, w += s->w_column) {
      CNN__UNROLL
      for (int j = 0; j < 4; j++) {
        cnn__vec weights = four_groups(s, w + j * CNN__LANES);
        const float *at = x;
        CNN__UNROLL
        for (int p = 0; p < width; p++, at += s->x_pixel) {
          acc[p] = cnn__vfma(cnn__vspread(GET(at, s->lanes), j), weights, acc[p]);
        }
      }
    }
  }
  CNN__UNROLL
  for (int p = 0; p < width; p++) {
    if (s->relu)
      acc[p] = cnn__vselect(cnn__vgreater(zero, acc[p]), zero, acc[p]);
    PUT(s->y + p * s->y_pixel, s->lanes, acc[p]);
  }
}

CNN__INLINE void lanes(const int width, const spot *s) {
#if CNN__REGISTER < CNN__LANES
  if (s->lanes == CNN__LANES) {
    spot whole = *s;
    whole.lanes = CNN__LANES;
    run(width, &whole);
    return;
  }
#endif
  run(width, s);
}
static void quads_1(const spot *s) { lanes(1, s); }
static void quads_wide(const spot *s) { lanes(WIDTH, s); }

/* While sixteen channels, q.., of a tile of a row are computed: as many of the cache lines that all channels of the same tile
 * of the next row read, from `ahead` floats behind x on, in the order of memory; and of those that they write, from y on,
 * where other lattices have pixels in between the same channels' own. */
CNN__INLINE void fetch_ahead(const sweep *s, const float *x, int64_t ahead, const float *y, int64_t q, int64_t positions) {
  int64_t in = positions * s->x.in_step, lattice = s->x.out_step > 1;
  for (int64_t row = 0; row < s->y.in_step; row++)
    cnn__fetch_strided(x, ahead + row * s->x.in * s->c + q * in, in, CNN__LANES);
  cnn__fetch_strided(y, s->y.out_step * s->out_w * s->c + q * (lattice ? 1 : positions), positions,
                     lattice ? s->x.out_step * s->c : CNN__LANES);
}

/* All groups of `width` positions from t on. */
static void positions(const sweep *s, spot at, int64_t t, int64_t width) {
  int64_t m0, m1;
  cnn__taps_seen(&s->x, t, &m0, &m1);
  at.columns = cnn__at_least(m1 - m0, 0);
  at.x += (t * s->x.in_step + s->x.offset + m0 * s->x.offset_step) * s->c;
  at.w += (s->x.tap + m0 * s->x.tap_step) * s->tap;
  at.y += (s->x.first + t * s->x.out_step) * s->c;
  for (int64_t q = 0; q < s->c; q += CNN__LANES) {
    at.lanes = cnn__at_most(s->c - q, CNN__LANES);
    at.bias = s->bias ? s->bias + q : NULL;
    if (s->far)
      fetch_ahead(s, at.x - q, at.rows * at.x_row, at.y - q, q, width);
    (width > 1 ? quads_wide : quads_1)(&at);
    at.x += CNN__LANES;
    at.y += CNN__LANES;
    at.w += 4 * s->slice;
  }
}

/* Positions t.. of a row where each channel has a filter of its own; at stands at column 0 and at the first tap's row. */
static void slide_row(const sweep *s, const spot *at, int64_t t) {
  int64_t last = (CNN__SPAN - 1) * s->x.in_step + (s->x.taps - 1) * s->x.offset_step;
  int64_t together = s->far ? CNN__LANES : s->c;
  cnn__slide r = {.x = at->x, .columns = s->x.in, .stride = s->x.in_step, .apart = s->x.offset_step, .rows = at->rows,
                  .taps = cnn__at_least(s->x.taps, 0), .x_row = at->x_row, .w_row = at->w_row, .w_column = at->w_column,
                  .w_slice = s->slice, .x_column = s->c, .y = at->y + (s->x.first + t * s->x.out_step) * s->c,
                  .y_pixel = at->y_pixel, .relu = s->relu, .column = t * s->x.in_step + s->x.offset,
                  .positions = cnn__at_most(s->x.count - t, CNN__SPAN), .w = at->w + s->x.tap * s->tap};
  cnn__slide_fn *form = CNN__NAME(slide)(&r, r.column >= 0 && r.positions == CNN__SPAN && r.column + last < r.columns);
  for (int64_t q = 0; q < s->c; q += together, r.x += together, r.y += together, r.w += s->slice) {
    r.channels = cnn__at_most(s->c - q, together);
    r.bias = s->bias ? s->bias + q : NULL;
    if (s->far)
      fetch_ahead(s, at->x, at->rows * at->x_row + r.column * s->c, r.y - q, q, r.positions);
    form(&r);
  }
}

/* Row i of the sweep, of image `image`; where each channel has a filter of its own, of CNN__SPAN positions from t on. */
static void run_row(const sweep *s, int64_t image, int64_t i, int64_t t, const float *x, float *y) {
  int64_t from, to, m0, m1;
  cnn__taps_seen(&s->y, i, &m0, &m1);
  int64_t in_row = image * s->y.in + i * s->y.in_step + s->y.offset + m0 * s->y.offset_step;
  spot at = {.rows = cnn__at_least(m1 - m0, 0), .x = x + in_row * s->x.in * s->c,
             .w = s->w + (s->y.tap + m0 * s->y.tap_step) * s->kw * s->tap,
             .y = y + (image * s->out_h + s->y.first + i * s->y.out_step) * s->out_w * s->c,
             .x_row = s->y.offset_step * s->x.in * s->c, .x_column = s->x.offset_step * s->c,
             .w_row = s->y.tap_step * s->kw * s->tap, .w_column = s->x.tap_step * s->tap, .slice = s->slice,
             .x_pixel = s->x.in_step * s->c, .y_pixel = s->x.out_step * s->c, .relu = s->relu};
  if (s->tap == CNN__LANES) {
    slide_row(s, &at, t);
    return;
  }
  cnn__whole_taps(&s->x, &from, &to);
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

static int64_t tap_floats(const cnn__conv *g) { return g->c / g->groups * CNN__LANES; }

/* Positions t..t + span of row i of each lattice. */
static void run_lattices(const sweep *lattices, int64_t count, int64_t image, int64_t i, int64_t t, const float *x, float *y) {
  for (const sweep *s = lattices; s < lattices + count; s++)
    if (i < s->y.count && t < s->x.count)
      run_row(s, image, i, t, x, y);
}

/* Sweeps over lattices that go together, the largest first. What the caches hold is gone through down the rows, so many positions wide, so
 * that what the next row reads again is still in the first; what comes from memory in its order. */
static void run_images(const sweep *lattices, int64_t count, int64_t n, const float *x, float *y) {
  const cnn__axis *down = &lattices->y, *across = &lattices->x;
  int64_t span = lattices->tap == CNN__LANES ? CNN__SPAN : across->count, band = lattices->far ? across->count : span;
  for (int64_t image = 0; image < n; image++)
    for (int64_t from = 0; from < across->count; from += band)
      for (int64_t i = 0; i < down->count; i++)
        for (int64_t t = from; t < cnn__at_most(from + band, across->count); t += span)
          run_lattices(lattices, count, image, i, t, x, y);
}

void CNN__NAME(depthwise_forward)(const cnn__conv *g, int64_t n, const float *x, const float *packed, const float *bias,
                                  int32_t relu, float *y) {
  sweep s = {.y = cnn__forward_axis(g->h, g->oh, g->kh, g->sh, g->dh, g->pt),
             .x = cnn__forward_axis(g->w, g->ow, g->kw, g->sw, g->dw, g->pl), .kh = g->kh, .kw = g->kw, .c = g->c,
             .out_h = g->oh, .out_w = g->ow, .w = packed, .bias = bias, .relu = relu, .tap = tap_floats(g),
             .slice = g->kh * g->kw * tap_floats(g), .far = cnn__conv_far(g, n)};
  run_images(&s, 1, n, x, y);
}

#define LATTICES 2 /* along an axis together */

void CNN__NAME(depthwise_backward_data)(const cnn__conv *g, int64_t n, const float *dy, const float *packed_t, float *dx) {
  int64_t down = cnn__at_most(g->sh, g->h), across = cnn__at_most(g->sw, g->w);
  for (int64_t i = 0; i < down; i += LATTICES)
    for (int64_t j = 0; j < across; j += LATTICES) {
      sweep s[LATTICES * LATTICES];
      int64_t count = 0;
      for (int64_t a = i; a < cnn__at_most(i + LATTICES, down); a++)
        for (int64_t b = j; b < cnn__at_most(j + LATTICES, across); b++)
          s[count++] = (sweep){.y = cnn__backward_axis(g->h, g->oh, g->kh, g->sh, g->dh, g->pt, a),
                               .x = cnn__backward_axis(g->w, g->ow, g->kw, g->sw, g->dw, g->pl, b), .kh = g->kh, .kw = g->kw,
                               .c = g->c, .out_h = g->h, .out_w = g->w, .w = packed_t, .tap = tap_floats(g),
                               .slice = g->kh * g->kw * tap_floats(g), .far = cnn__conv_far(g, n)};
      run_images(s, count, n, dy, dx);
    }
}
