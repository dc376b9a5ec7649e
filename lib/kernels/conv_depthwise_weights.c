/* conv_depthwise_weights: the kernel gradient where each channel has a filter of its own, channels in the lanes. A stretch
 * of positions of one row is added to the sums of all taps of a kernel row, or of some, for all channels before the next
 * stretch; taps outside the image are skipped. */
#include "kernels/conv_depthwise.h"
#include "kernels/tile.h"

#define WIDE 3 /* most taps of a row for which sixteen channels go at once, in one register or in two */
/* Positions. Where a register holds half a cache line, the other half must find it in the first cache. */
#define STRETCH(columns) (CNN__REGISTER == CNN__LANES || (columns) <= WIDE ? 64 : 16)
#define FETCHED 8  /* the same where as many are fetched meanwhile */
#define UNROLLED 4 /* positions */
#define BEYOND 16384 /* floats: more than a first cache */
#define MOST_TAPS 5 /* of a row at once; a row of four goes as three and one */

/* Some taps, and some positions of one output row. */
typedef struct taps {
  const float *x, *dy; /* column 0 of the first tap's row; the first position */
  float *dw;
  int64_t column, columns; /* of the first tap at the first position, which may lie outside; of the image */
  int64_t count, from, to; /* positions; those that see all taps of a row */
  int64_t stride, apart;   /* columns from position to position, from tap to tap */
  int64_t x_row, dw_row, c, lanes;
  int64_t next, down; /* positions and rows of the image from one row to the next, where that is fetched in time; else 0 */
  int64_t dy_row; /* from one row of gradients to the next */
} taps;

/* UNROLLED positions, `stride` columns from each to the next, with taps side by side: a value is loaded once for all of them.
 * The first tap of the first position is at x, its gradient at dy. `halves`: registers of channels. */
CNN__INLINE void slide(const int halves, const int rows, const int columns, const int stride, const float *x, int64_t x_row,
                       const float *dy, int64_t c, const int64_t lanes, cnn__reg *acc) {
  const int last = (UNROLLED - 1) * stride + columns - 1;
  cnn__reg d[2 * UNROLLED];
  CNN__UNROLL
  for (int j = 0; j <= last; j++) {
    if (j % stride == 0 && j / stride < UNROLLED) {
      CNN__UNROLL
      for (int h = 0; h < halves; h++)
        d[j / stride * halves + h] = cnn__rget(dy + h * CNN__REGISTER, lanes);
      if (j / stride < UNROLLED - 1)
        dy += c;
      CNN__HIDE(dy);
    }
    CNN__UNROLL
    for (int e = 0; e < rows * halves; e++) {
      cnn__reg value = cnn__rget(x + e / halves * x_row + e % halves * CNN__REGISTER, lanes);
      CNN__LOADED(value);
      CNN__UNROLL
      for (int k = 0; k < columns; k++)
        if (j >= k && (j - k) % stride == 0 && (j - k) / stride < UNROLLED)
          acc[e * columns + k] = cnn__rfma(value, d[(j - k) / stride * halves + e % halves], acc[e * columns + k]);
    }
    if (j < last)
      x += c;
    CNN__HIDE(x);
  }
}

/* One position, whose first tap is at `column`. */
CNN__INLINE void add(const int halves, const int rows, const int columns, const int inside, const taps *t, int64_t column,
                     const float *dy, const int64_t lanes, cnn__reg *acc) {
  cnn__reg d[2];
  int64_t at = column * t->c, step = t->apart * t->c, x_row = t->x_row;
  CNN__UNROLL
  for (int h = 0; h < halves; h++)
    d[h] = cnn__rget(dy + h * CNN__REGISTER, lanes);
  CNN__UNROLL
  for (int k = 0; k < columns; k++, column += t->apart, at += step) {
    CNN__HIDE(at);
    if (!inside && (column < 0 || column >= t->columns))
      continue;
    CNN__UNROLL
    for (int e = 0; e < rows * halves; e++) {
      cnn__reg value = cnn__rget(t->x + e / halves * x_row + at + e % halves * CNN__REGISTER, lanes);
      CNN__LOADED(value);
      acc[e * columns + k] = cnn__rfma(value, d[e % halves], acc[e * columns + k]);
    }
  }
}

/* All nine taps of a kernel at stride 1 or 2, of NINE positions, one register of channels after the other: memory in its order,
 * so that it comes ahead of time. At stride 1 from three rows of the image and one of gradients. At stride 2 from two rows and
 * from the gradients that they meet: of the row to which they are the first and second, and of the one before, to which the
 * first is the third: so each row is read once. `inside`: all taps of all positions are, and nothing is asked. */
#define NINE 4
#define SIDE 3

CNN__INLINE void nine(const int stride, const int inside, const taps *t) {
  const int last = (NINE - 1) * stride + SIDE, images = SIDE + 1 - stride;
  int64_t c = t->c, first = cnn__at_most(cnn__at_least(-t->column, 0), last);
  int64_t end = cnn__at_least(cnn__at_most(t->columns - t->column, last), 0);
  int32_t seen = (1 << end) - (1 << first);
  const float *x[SIDE], *dy[2] = {t->dy, t->dy - (stride > 1 ? t->dy_row : 0)};
  float *dw = t->dw;
  for (int r = 0; r < images; r++) { /* the compiler must not see that rows lie equally far apart: it has too few registers */
    x[r] = t->x + r * t->x_row + t->column * c;
    CNN__HIDE(x[r]);
  }
  CNN__HIDE(dy[0]);
  CNN__HIDE(dy[1]);
  for (int64_t q = 0; q < c; q += CNN__REGISTER) {
    cnn__reg acc[SIDE * SIDE], d[2 * NINE];
    CNN__UNROLL
    for (int e = 0; e < SIDE * SIDE; e++)
      acc[e] = cnn__rload(dw + e * c + q);
    CNN__UNROLL
    for (int j = 0; j < last; j++) {
      if (j % stride == 0 && j / stride < NINE) {
        CNN__UNROLL
        for (int r = 0; r < stride; r++) {
          d[j + r] = cnn__rload(dy[r] + j / stride * c + q);
          CNN__LOADED(d[j + r]);
        }
      }
      if (!inside && !(seen >> j & 1))
        continue;
      CNN__UNROLL
      for (int r = 0; r < images; r++) {
        cnn__reg value = cnn__rload(x[r] + j * c + q);
        CNN__LOADED(value);
        CNN__UNROLL
        for (int e = r; e < SIDE; e += images)
          CNN__UNROLL
          for (int k = 0; k < SIDE; k++)
            if (j >= k && (j - k) % stride == 0 && (j - k) / stride < NINE)
              acc[e * SIDE + k] = cnn__rfma(value, d[j - k + e / images], acc[e * SIDE + k]);
      }
    }
    CNN__UNROLL
    for (int e = 0; e < SIDE * SIDE; e++)
      cnn__rput(dw + e * c + q, CNN__REGISTER, acc[e]);
  }
}

typedef void taps_fn(const taps *t);
static void nine_1_0(const taps *t) { nine(1, 0, t); }
static void nine_1_1(const taps *t) { nine(1, 1, t); }
static void nine_2_0(const taps *t) { nine(2, 0, t); }
static taps_fn *const nines[2][2] = {{nine_1_0, nine_1_1}, {nine_2_0, nine_2_0}};

/* Where a sum belongs. */
CNN__INLINE float *sum_at(const int halves, const int columns, const taps *t, int e) {
  return t->dw + e / (halves * columns) * t->dw_row + e % columns * t->c + e / columns % halves * CNN__REGISTER;
}

/* `slides`: the stride if values are to be loaded for several positions, else 0. */
CNN__INLINE void add_taps(const int halves, const int rows, const int columns, const int slides, const taps *t,
                          const int64_t lanes) {
  cnn__reg acc[10];
  int64_t c = t->c, column = t->column, step = t->stride, x_row = t->x_row;
  const float *x = t->x, *dy = t->dy;
  CNN__UNROLL
  for (int e = 0; e < halves * rows * columns; e++)
    acc[e] = cnn__rget(sum_at(halves, columns, t, e), lanes);
  for (int64_t p = 0; p < t->count; p++, column += step) {
    for (; slides && p >= t->from && p + UNROLLED <= t->to; p += UNROLLED, column += UNROLLED * step)
      slide(halves, rows, columns, slides, x + column * c, x_row, dy + p * c, c, lanes, acc);
    for (; !slides && p >= t->from && p < t->to; p++, column += step)
      add(halves, rows, columns, 1, t, column, dy + p * c, lanes, acc);
    if (p < t->count)
      add(halves, rows, columns, 0, t, column, dy + p * c, lanes, acc);
  }
  CNN__UNROLL
  for (int e = 0; e < halves * rows * columns; e++)
    cnn__rput(sum_at(halves, columns, t, e), lanes, acc[e]);
}

#if CNN__REGISTER == CNN__LANES /* masks cost nothing there */
#define TAPS(rows, columns, slides) \
  static void taps_##rows##_##columns##_##slides(const taps *t) { add_taps(1, rows, columns, slides, t, t->lanes); }
#define WIDE_TAPS(columns, slides) TAPS(1, columns, slides)
#define THREES 3 /* rows of three taps at once */
TAPS(3, 3, 0)
TAPS(3, 3, 1)
TAPS(3, 3, 2)
#else
/* Less than a register: tap by tap. */
static void parts(int rows, int columns, const taps *t) {
  for (int e = 0; e < rows * columns; e++) {
    taps one = *t;
    one.x += e / columns * t->x_row;
    one.column += e % columns * t->apart;
    one.dw += e / columns * t->dw_row + e % columns * t->c;
    add_taps(1, 1, 1, 0, &one, t->lanes);
  }
}
#define TAPS(rows, columns, slides) \
  static void taps_##rows##_##columns##_##slides(const taps *t) { \
    if (t->lanes == CNN__REGISTER) \
      add_taps(1, rows, columns, slides, t, CNN__REGISTER); \
    else \
      parts(rows, columns, t); \
  }
#define NARROW_TAPS(columns) \
  static void narrow_##columns(const taps *t) { \
    if (t->lanes == CNN__REGISTER) \
      add_taps(1, 1, columns, 0, t, CNN__REGISTER); \
    else \
      parts(1, columns, t); \
  }
NARROW_TAPS(1)
NARROW_TAPS(2)
NARROW_TAPS(3)
#define WIDE_TAPS(columns, slides) \
  static void taps_1_##columns##_##slides(const taps *t) { \
    if (t->lanes == CNN__LANES) \
      add_taps(2, 1, columns, slides, t, CNN__REGISTER); \
    else \
      narrow_##columns(t); \
  }
#define THREES 1
#endif
WIDE_TAPS(1, 0)
WIDE_TAPS(2, 0)
WIDE_TAPS(3, 0)
#if THREES > 1 /* what is left beside three rows */
#define taps_1_3_1 taps_1_3_0
#define taps_1_3_2 taps_1_3_0
#else
WIDE_TAPS(3, 1)
WIDE_TAPS(3, 2)
#endif
TAPS(1, 5, 0)
TAPS(2, 5, 0)
TAPS(2, 5, 1)

#define MOST_STRIDE 2 /* of forms that load values for several positions */

/* By the stride of those, or 0, and the taps of a row. */
static taps_fn *const forms[MOST_STRIDE + 1][MOST_TAPS + 1] = {
  {NULL, taps_1_1_0, taps_1_2_0, taps_1_3_0, NULL, taps_1_5_0},
  {NULL, taps_1_1_0, taps_1_2_0, taps_1_3_1, NULL, taps_1_5_0},
  {NULL, taps_1_1_0, taps_1_2_0, taps_1_3_2, NULL, taps_1_5_0},
};
#if THREES > 1
static taps_fn *const threes[MOST_STRIDE + 1] = {taps_3_3_0, taps_3_3_1, taps_3_3_2};
#endif
static taps_fn *const fives[MOST_STRIDE + 1] = {taps_2_5_0, taps_2_5_1, taps_2_5_0};

/* The form for so many kernel rows of a width, and the rows that it takes. */
static taps_fn *form_of(const taps *t, int64_t rows, int64_t columns, int64_t *taken) {
  int64_t slides = t->apart == 1 && t->stride <= MOST_STRIDE ? t->stride : 0;
  *taken = columns == 3 && rows >= THREES ? THREES : columns == 5 && rows >= 2 ? 2 : 1;
#if THREES > 1
  if (*taken == THREES)
    return threes[slides];
#endif
  return *taken == 2 ? fives[slides] : forms[slides][columns];
}

/* Of the lines that the same positions of the next row take, of which the image's start `ahead` floats behind x: as many as
 * those of sixteen channels, in the order of memory. */
CNN__INLINE void fetch_ahead(const taps *t, int64_t ahead, int64_t q) {
  int64_t lines = t->count * t->stride;
  for (int64_t row = 0; row < t->down; row++)
    cnn__fetch_strided(t->x, ahead + row * t->columns * t->c + q * lines, lines, CNN__LANES);
  cnn__fetch_strided(t->dy, t->next * t->c + q * t->count, t->count, CNN__LANES);
}

/* Some positions of a row, for all channels. */
static void add_channels(const taps *at, int64_t rows, int64_t columns) {
  taps t = *at;
  for (int64_t q = 0; q < t.c; q += t.lanes) {
    t.lanes = cnn__at_most(t.c - q, columns <= WIDE && t.c - q >= CNN__LANES ? CNN__LANES : CNN__REGISTER);
    if (t.next && q % CNN__LANES == 0)
      fetch_ahead(at, rows * t.x_row + t.column * t.c, q);
    t.dy = at->dy + q;
    for (int64_t ky = 0, taken; ky < rows; ky += taken) {
      t.x = at->x + ky * t.x_row + q;
      t.dw = at->dw + ky * t.dw_row + q;
      form_of(&t, rows - ky, columns, &taken)(&t);
    }
  }
}

/* One call: the convolution and its arrays. */
typedef struct call {
  const cnn__conv *g;
  const float *x, *dy;
  float *dw;
  int32_t far; /* see cnn__conv_far */
} call;

/* The taps of row i of an image's gradients and of position 0 of it, from a kernel row on. */
static taps taps_of(const call *a, int64_t image, int64_t i, int64_t ky) {
  const cnn__conv *g = a->g;
  return (taps){.x = a->x + (image * g->h + i * g->sh - g->pt + ky * g->dh) * g->w * g->c, .columns = g->w,
                .dy = a->dy + (image * g->oh + i) * g->ow * g->c, .dy_row = g->ow * g->c, .dw = a->dw + ky * g->kw * g->c,
                .stride = g->sw, .apart = g->dw, .x_row = g->dh * g->w * g->c, .dw_row = g->kw * g->c, .c = g->c,
                .next = a->far ? g->ow : 0, .down = g->sh};
}

/* Row i from position `from` on, for those of the kernel rows [m0, m1) that it sees. */
static void add_row(const call *a, int64_t image, int64_t i, int64_t from, int64_t m0, int64_t m1) {
  const cnn__conv *g = a->g;
  int64_t seen0, seen1;
  cnn__axis down = cnn__forward_axis(g->h, g->oh, g->kh, g->sh, g->dh, g->pt);
  cnn__taps_seen(&down, i, &seen0, &seen1);
  m0 = cnn__at_least(m0, seen0);
  m1 = cnn__at_most(m1, seen1);
  if (m0 >= m1)
    return;
  const taps row = taps_of(a, image, i, m0);
  for (int64_t kx = 0, columns; kx < g->kw; kx += columns) {
    columns = g->kw - kx >= MOST_TAPS ? MOST_TAPS : cnn__at_most(g->kw - kx, WIDE);
    cnn__axis across = cnn__forward_axis(g->w, g->ow, columns, g->sw, g->dw, g->pl - kx * g->dw);
    int64_t whole0, whole1;
    cnn__whole_taps(&across, &whole0, &whole1);
    taps t = row;
    for (int64_t j = from; j < g->ow; j += t.count) {
      t.dw = row.dw + kx * g->c;
      t.dy = row.dy + j * g->c;
      t.column = j * g->sw - g->pl + kx * g->dw;
      t.count = cnn__at_most(g->ow - j, t.next ? FETCHED : STRETCH(columns));
      t.from = whole0 - j;
      t.to = cnn__at_most(whole1 - j, t.count);
      add_channels(&t, m1 - m0, columns);
    }
  }
}

/* Nine taps together where the rows that they read go beyond the first cache, but do not come from memory. */
static int32_t goes_by_nine(const call *a) {
  const cnn__conv *g = a->g;
  return g->kh == SIDE && g->kw == SIDE && g->dh == 1 && g->dw == 1 && (g->sw == 1 || (g->sw == 2 && g->sh == 2)) &&
         g->c % CNN__REGISTER == 0 && g->ow >= 4 * NINE && (SIDE * g->w + g->ow) * g->c > BEYOND && !a->far;
}

/* All three kernel rows of row i so, or at stride 2 two of it and the third of the row before: as many positions as NINE
 * divides, which are returned; the rest is left to add_row. */
static int64_t add_nine(const call *a, int64_t image, int64_t i) {
  const cnn__conv *g = a->g;
  int64_t top = i * g->sh - g->pt, pair = g->sw == 2, last = (NINE - 1) * g->sw + SIDE, j = 0;
  if (top < 0 || top + SIDE - pair > g->h || i < pair || i >= g->oh)
    return 0;
  taps t = taps_of(a, image, i, 0);
  for (; j + NINE <= g->ow; j += NINE, t.dy += NINE * g->c) {
    t.column = j * g->sw - g->pl;
    nines[pair][t.column >= 0 && t.column + last <= g->w](&t);
  }
  return j;
}

void CNN__NAME(depthwise_backward_weights)(const cnn__conv *g, int64_t n, const float *x, const float *dy, int32_t more,
                                           float *dw) {
  call a = {g, x, dy, dw, cnn__conv_far(g, n)};
  int64_t by_nine = goes_by_nine(&a), pair = by_nine && g->sw == 2, rows = g->oh + pair;
  for (int64_t e = 0; !more && e < g->kh * g->kw * g->c; e++)
    dw[e] = 0.0f;
  for (int64_t row = 0; row < n * rows; row++) {
    int64_t image = row / rows, i = row % rows, done = by_nine ? add_nine(&a, image, i) : 0;
    if (i < g->oh)
      add_row(&a, image, i, done, 0, pair ? 2 : g->kh);
    if (pair && i > 0)
      add_row(&a, image, i - 1, done, 2, g->kh);
  }
}
