/* conv_depthwise_weights: the kernel gradient where each channel has a filter of its own, channels in the lanes. A stretch
 * of positions of one row is added to the sums of all taps of a kernel row, or of some, for all channels before the next
 * stretch; taps outside the image are skipped. */
#include "kernels/conv_depthwise.h"
#include "kernels/tile.h"

#define WIDE 3 /* most taps of a row for which sixteen channels go at once, in one register or in two */
/* Positions. Where a register holds half a cache line, the other half must find it in the first cache. */
#define STRETCH(columns) (CNN__REGISTER == CNN__LANES || (columns) <= WIDE ? 64 : 16)
#define FETCHED 16 /* the same where as many are fetched meanwhile */
#define UNROLLED 4 /* positions */
#define MOST_TAPS 5 /* of a row at once; a row of four goes as three and one */

/* Some taps, and some positions of one output row. */
typedef struct taps {
  const float *x, *dy; /* column 0 of the first tap's row; the first position */
  float *dw;
  int64_t column, columns; /* of the first tap at the first position, which may lie outside; of the image */
  int64_t count;           /* positions */
  int64_t stride, apart;   /* columns from position to position, from tap to tap */
  int64_t x_row, dw_row, c, lanes;
  int64_t next, down; /* positions and rows of the image from one row to the next, where that is fetched in time; else 0 */
} taps;

/* `count` positions, each the next one's neighbour, as the taps are: a value is loaded once for all of them. `halves`:
 * registers of channels. */
CNN__INLINE void slide(const int halves, const int rows, const int columns, const int count, const taps *t, int64_t column,
                       const float *dy, const int64_t lanes, cnn__reg *acc) {
  cnn__reg d[2 * UNROLLED];
  CNN__UNROLL
  for (int j = 0; j < count - 1 + columns; j++) {
    const float *x = t->x + (column + j) * t->c;
    CNN__UNROLL
    for (int h = 0; h < halves && j < count; h++)
      d[j * halves + h] = cnn__rget(dy + j * t->c + h * CNN__REGISTER, lanes);
    if (column + j < 0 || column + j >= t->columns)
      continue;
    CNN__UNROLL
    for (int e = 0; e < rows * halves; e++) {
      cnn__reg value = cnn__rget(x + e / halves * t->x_row + e % halves * CNN__REGISTER, lanes);
      CNN__UNROLL
      for (int k = 0; k < columns; k++)
        if (j >= k && j - k < count)
          acc[e * columns + k] = cnn__rfma(value, d[(j - k) * halves + e % halves], acc[e * columns + k]);
    }
  }
}

/* One position. */
CNN__INLINE void add(const int halves, const int rows, const int columns, const int inside, const taps *t, int64_t column,
                     const float *dy, const int64_t lanes, cnn__reg *acc) {
  cnn__reg d[2];
  CNN__UNROLL
  for (int h = 0; h < halves; h++)
    d[h] = cnn__rget(dy + h * CNN__REGISTER, lanes);
  CNN__UNROLL
  for (int k = 0; k < columns; k++, column += t->apart) {
    if (!inside && (column < 0 || column >= t->columns))
      continue;
    const float *x = t->x + column * t->c;
    CNN__UNROLL
    for (int e = 0; e < rows * halves; e++)
      acc[e * columns + k] = cnn__rfma(cnn__rget(x + e / halves * t->x_row + e % halves * CNN__REGISTER, lanes), d[e % halves],
                                       acc[e * columns + k]);
  }
}

/* Where a sum belongs. */
CNN__INLINE float *sum_at(const int halves, const int columns, const taps *t, int e) {
  return t->dw + e / (halves * columns) * t->dw_row + e % columns * t->c + e / columns % halves * CNN__REGISTER;
}

CNN__INLINE void add_taps(const int halves, const int rows, const int columns, const int slides, const taps *t,
                          const int64_t lanes) {
  cnn__reg acc[14];
  int64_t count = t->count, column = t->column;
  const float *dy = t->dy;
  CNN__UNROLL
  for (int e = 0; e < halves * rows * columns; e++)
    acc[e] = cnn__rget(sum_at(halves, columns, t, e), lanes);
  for (; slides && count >= UNROLLED; count -= UNROLLED, column += UNROLLED, dy += UNROLLED * t->c)
    slide(halves, rows, columns, UNROLLED, t, column, dy, lanes, acc);
  for (; count > 0; count--, column += t->stride, dy += t->c)
    if (column >= 0 && column + (columns - 1) * t->apart < t->columns)
      add(halves, rows, columns, 1, t, column, dy, lanes, acc);
    else
      add(halves, rows, columns, 0, t, column, dy, lanes, acc);
  CNN__UNROLL
  for (int e = 0; e < halves * rows * columns; e++)
    cnn__rput(sum_at(halves, columns, t, e), lanes, acc[e]);
}

typedef void taps_fn(const taps *t);

#if CNN__REGISTER == CNN__LANES /* masks cost nothing there */
#define TAPS(rows, columns, slides) \
  static void taps_##rows##_##columns##_##slides(const taps *t) { add_taps(1, rows, columns, slides, t, t->lanes); }
#define WIDE_TAPS(columns, slides) TAPS(1, columns, slides)
#define THREES 3 /* rows of three taps at once */
TAPS(3, 3, 0)
TAPS(3, 3, 1)
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
#define NARROW_TAPS(columns, slides) \
  static void narrow_##columns##_##slides(const taps *t) { \
    if (t->lanes == CNN__REGISTER) \
      add_taps(1, 1, columns, slides, t, CNN__REGISTER); \
    else \
      parts(1, columns, t); \
  }
#define WIDE_TAPS(columns, slides) \
  NARROW_TAPS(columns, slides) \
  static void taps_1_##columns##_##slides(const taps *t) { \
    if (t->lanes == CNN__LANES) \
      add_taps(2, 1, columns, slides, t, CNN__REGISTER); \
    else \
      narrow_##columns##_##slides(t); \
  }
#define THREES 1
#endif
WIDE_TAPS(1, 0)
WIDE_TAPS(2, 0)
WIDE_TAPS(3, 0)
WIDE_TAPS(3, 1)
TAPS(1, 5, 0)
TAPS(1, 5, 1)
TAPS(2, 5, 0)
TAPS(2, 5, 1)

static taps_fn *const apart[MOST_TAPS + 1] = {
  NULL, taps_1_1_0, taps_1_2_0, taps_1_3_0, NULL, taps_1_5_0,
};
static taps_fn *const sliding[MOST_TAPS + 1] = {
  NULL, taps_1_1_0, taps_1_2_0, taps_1_3_1, NULL, taps_1_5_1,
};

/* The form for so many kernel rows of a width, and the rows that it takes. */
static taps_fn *form_of(const taps *t, int64_t rows, int64_t columns, int64_t *taken) {
  int32_t slides = t->stride == 1 && t->apart == 1;
  *taken = columns == 3 && rows >= THREES ? THREES : columns == 5 && rows >= 2 ? 2 : 1;
#if THREES > 1
  if (*taken == THREES)
    return slides ? taps_3_3_1 : taps_3_3_0;
#endif
  if (*taken == 2)
    return slides ? taps_2_5_1 : taps_2_5_0;
  return (slides ? sliding : apart)[columns];
}

/* The cache lines of the same channels at the same positions of the next row, where new rows of the image start at x. */
CNN__INLINE void fetch_ahead(const taps *t, const float *x) {
  for (int64_t row = 0; row < t->down; row++)
    cnn__fetch_strided(x + row * t->columns * t->c, t->count * t->stride, t->c);
  cnn__fetch_strided(t->dy + t->next * t->c, t->count, t->c);
}

/* Some positions of a row, for all channels. */
static void add_channels(const taps *at, int64_t rows, int64_t columns) {
  taps t = *at;
  for (int64_t q = 0; q < t.c; q += t.lanes) {
    t.lanes = cnn__at_most(t.c - q, columns <= WIDE && t.c - q >= CNN__LANES ? CNN__LANES : CNN__REGISTER);
    t.dy = at->dy + q;
    if (t.next && q % CNN__LANES == 0)
      fetch_ahead(&t, at->x + rows * t.x_row + t.column * t.c + q);
    for (int64_t ky = 0, taken; ky < rows; ky += taken) {
      t.x = at->x + ky * t.x_row + q;
      t.dw = at->dw + ky * t.dw_row + q;
      form_of(&t, rows - ky, columns, &taken)(&t);
    }
  }
}

void CNN__NAME(depthwise_backward_weights)(const cnn__conv *g, int64_t n, const float *x, const float *dy, int32_t more,
                                           float *dw) {
  cnn__axis y = cnn__forward_axis(g->h, g->oh, g->kh, g->sh, g->dh, g->pt);
  for (int64_t e = 0; !more && e < g->kh * g->kw * g->c; e++)
    dw[e] = 0.0f;
  for (int64_t row = 0; row < n * g->oh; row++) {
    int64_t image = row / g->oh, i = row % g->oh, m0, m1;
    cnn__taps_seen(&y, i, &m0, &m1);
    if (m0 >= m1)
      continue;
    taps t = {.x = x + (image * g->h + i * g->sh - g->pt + m0 * g->dh) * g->w * g->c, .columns = g->w, .stride = g->sw,
              .apart = g->dw, .x_row = g->dh * g->w * g->c, .dw_row = g->kw * g->c, .c = g->c,
              .next = cnn__conv_far(g, n) ? g->ow : 0, .down = g->sh};
    for (int64_t kx = 0, columns; kx < g->kw; kx += columns) {
      columns = g->kw - kx >= MOST_TAPS ? MOST_TAPS : cnn__at_most(g->kw - kx, WIDE);
      for (int64_t j = 0; j < g->ow; j += t.count) {
        t.dw = dw + (m0 * g->kw + kx) * g->c;
        t.dy = dy + (row * g->ow + j) * g->c;
        t.column = j * g->sw - g->pl + kx * g->dw;
        t.count = cnn__at_most(g->ow - j, t.next ? FETCHED : STRETCH(columns));
        add_channels(&t, m1 - m0, columns);
      }
    }
  }
}
