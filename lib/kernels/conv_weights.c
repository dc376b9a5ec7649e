/* conv_weights: the kernel gradient of a convolution in vectors.
 *
 * A tile holds the sums of one tap, some input channels and one or two vectors of output channels in registers while it
 * sweeps the rectangle of output positions whose tap lies in the image: so there are no edges inside. Few input
 * channels leave registers idle; then all taps of a kernel row make one tile, and positions at the edge see some of its
 * inputs only. The chains go on from image to image through dw. */
#include "kernels/conv_layout.h"
#include "kernels/tile.h"

void CNN__NAME(conv_weights_init)(cnn__kernels *t);

/* Inputs of a position in a tile, with one and with two vectors of output channels. */
#if CNN__VECTORS >= 16
#define WIDE 8
#define NARROW 14
#else
#define WIDE 0
#define NARROW 6
#endif
#define MOST 16

#define LARGE ((int64_t)128 << 10) /* floats of a kernel that the second cache holds beside an image */

typedef struct tile {
  const float *x, *dy;       /* the first row: its start, and its first position */
  int64_t x_first;           /* of the first position's first input, may lie outside where that is an edge */
  int64_t rows;
  int64_t left, inner, right; /* positions of a row: those in the middle see all inputs of the tile */
  int64_t x_row, x_pixel, x_end, dy_row, dy_pixel; /* x_end: floats of a row of the image */
  int64_t lanes;             /* of the last vector */
  float *dw;
  int64_t dw_row;
  int64_t images, x_image, dy_image;
  int32_t add; /* the chains go on from dw */
} tile;

/* One position. `valid` (NULL: all) tells which inputs count. */
CNN__INLINE void step(const int inputs, const int vectors, const float *x, const float *valid, const float *dy,
                      int64_t lanes, cnn__vec *acc) {
  cnn__vec d0 = cnn__vget(dy, vectors > 1 ? CNN__LANES : lanes), d1 = d0, zero = cnn__vset(0.0f);
  if (vectors > 1)
    d1 = cnn__vget(dy + CNN__LANES, lanes);
  CNN__UNROLL
  for (int p = 0; p < inputs; p++) {
    cnn__vec input = cnn__vset(x[p]), *sums = acc + p * vectors;
    cnn__vec next0 = cnn__vfma(input, d0, sums[0]), next1 = vectors > 1 ? cnn__vfma(input, d1, sums[1]) : next0;
    cnn__mask counts = cnn__vgreater(cnn__vset(valid ? valid[p] : 1.0f), zero);
    sums[0] = valid ? cnn__vselect(counts, next0, sums[0]) : next0;
    if (vectors > 1)
      sums[1] = valid ? cnn__vselect(counts, next1, sums[1]) : next1;
  }
}

/* The inputs of a position at the edge that the row has, and which these are. */
static __attribute__((noinline)) void inputs_at(const tile *t, const float *row, int64_t at, int inputs, float *x,
                                                float *valid) {
  for (int p = 0; p < inputs; p++) {
    int32_t inside = at + p >= 0 && at + p < t->x_end;
    x[p] = inside ? row[at + p] : 0.0f;
    valid[p] = inside ? 1.0f : 0.0f;
  }
}

CNN__INLINE void edge(const int inputs, const int vectors, const tile *t, const float *row, int64_t at, const float *dy,
                      int64_t count, cnn__vec *acc) {
  for (; count > 0; count--, at += t->x_pixel, dy += t->dy_pixel) {
    float x[MOST], valid[MOST];
    inputs_at(t, row, at, inputs, x, valid);
    step(inputs, vectors, x, valid, dy, t->lanes, acc);
  }
}

/* Where a sum belongs, and its lanes. */
CNN__INLINE float *sum_at(const tile *t, int vectors, int e) {
  return t->dw + e / vectors * t->dw_row + e % vectors * CNN__LANES;
}
CNN__INLINE int64_t sum_lanes(const tile *t, int vectors, int e) {
  return e % vectors == vectors - 1 ? t->lanes : CNN__LANES;
}

/* One image's part of the chains over the rectangle, for `inputs` inputs times `vectors` of outputs. */
CNN__INLINE void run(const int inputs, const int vectors, const tile *t, const float *image, const float *gradient,
                     int32_t add) {
  cnn__vec acc[2 * MOST];
  CNN__UNROLL
  for (int e = 0; e < inputs * vectors; e++)
    acc[e] = add ? cnn__vget(sum_at(t, vectors, e), sum_lanes(t, vectors, e)) : cnn__vset(0.0f);
  for (int64_t i = 0; i < t->rows; i++) {
    const float *row = image + i * t->x_row, *dy = gradient + i * t->dy_row;
    int64_t at = t->x_first + t->left * t->x_pixel, count = t->inner;
    if (t->left > 0)
      edge(inputs, vectors, t, row, t->x_first, dy, t->left, acc);
    dy += t->left * t->dy_pixel;
    for (const float *x = row + at; count > 0; count--) {
      step(inputs, vectors, x, NULL, dy, t->lanes, acc);
      x += t->x_pixel;
      dy += t->dy_pixel;
      CNN__HIDE(x);
      CNN__HIDE(dy);
    }
    if (t->right > 0)
      edge(inputs, vectors, t, row, at + t->inner * t->x_pixel, dy, t->right, acc);
  }
  CNN__UNROLL
  for (int e = 0; e < inputs * vectors; e++) {
    cnn__vput(sum_at(t, vectors, e), sum_lanes(t, vectors, e), acc[e]);
  }
}

CNN__INLINE void images(const int inputs, const int vectors, const tile *t) {
  for (int64_t i = 0; i < t->images; i++)
    run(inputs, vectors, t, t->x + i * t->x_image, t->dy + i * t->dy_image, t->add || i > 0);
}

typedef void tile_fn(const tile *t);

#define TILE(inputs, vectors) \
  static void tile_##vectors##_##inputs(const tile *t) { images(inputs, vectors, t); }
TILE(1, 1)
TILE(2, 1)
TILE(3, 1)
TILE(4, 1)
TILE(5, 1)
TILE(6, 1)
#if WIDE
TILE(7, 1)
TILE(8, 1)
TILE(9, 1)
TILE(10, 1)
TILE(11, 1)
TILE(12, 1)
TILE(13, 1)
TILE(14, 1)
TILE(1, 2)
TILE(2, 2)
TILE(3, 2)
TILE(4, 2)
TILE(5, 2)
TILE(6, 2)
TILE(7, 2)
TILE(8, 2)
#endif

static tile_fn *const narrow[NARROW + 1] = {
  NULL, tile_1_1, tile_1_2, tile_1_3, tile_1_4, tile_1_5, tile_1_6,
#if WIDE
  tile_1_7, tile_1_8, tile_1_9, tile_1_10, tile_1_11, tile_1_12, tile_1_13, tile_1_14,
#endif
};

#if !WIDE
#define wide narrow
#else
static tile_fn *const wide[WIDE + 1] = {
  NULL, tile_2_1, tile_2_2, tile_2_3, tile_2_4, tile_2_5, tile_2_6, tile_2_7, tile_2_8,
};
#endif

/* All `inputs` of a position, cut as evenly as the limit allows; t stands at the first. */
static void sweep_inputs(tile t, int64_t inputs, tile_fn *const *tiles, int64_t limit) {
  for (int64_t p = 0, count; p < inputs; p += count) {
    int64_t cuts = (inputs - p + limit - 1) / limit;
    count = (inputs - p + cuts - 1) / cuts;
    tiles[count](&t);
    t.x_first += count;
    t.dw += count * t.dw_row;
  }
}

/* All output channels of a group; t stands at the first. */
static void sweep_outputs(tile t, int64_t inputs, int64_t outputs) {
  for (int64_t q = 0, step; q < outputs; q += step, t.dy += step, t.dw += step) {
    step = WIDE && outputs - q > CNN__LANES ? 2 * CNN__LANES : CNN__LANES;
    t.lanes = cnn__at_most(outputs - q - step + CNN__LANES, CNN__LANES);
    sweep_inputs(t, inputs, step > CNN__LANES ? wide : narrow, step > CNN__LANES ? WIDE : NARROW);
  }
}

/* The output positions [*from, *to) of an axis at which a tap lies in the input; none: *from = *to. */
static void seen(int64_t in, int64_t out, int64_t stride, int64_t offset, int64_t *from, int64_t *to) {
  *to = cnn__at_most(offset >= in ? 0 : (in - offset + stride - 1) / stride, out);
  *from = cnn__at_most(offset >= 0 ? 0 : (-offset + stride - 1) / stride, *to);
}

/* The taps kx0..kx1 of a kernel row, whose inputs lie one after the other, for some images of one group. */
static void sweep_taps(const cnn__conv *g, int64_t n, int64_t ky, int64_t kx0, int64_t kx1, const float *x,
                       const float *dy, float *dw, int32_t add) {
  int64_t cg = g->c / g->groups, above = ky * g->dh - g->pt;
  int64_t first = kx0 * g->dw - g->pl, last = (kx1 - 1) * g->dw - g->pl;
  int64_t i0, i1, j0, j1, inner0, inner1;
  seen(g->h, g->oh, g->sh, above, &i0, &i1);
  seen(g->w, g->ow, g->sw, first, &inner0, &j1);
  seen(g->w, g->ow, g->sw, last, &j0, &inner1);
  if (inner0 >= inner1)
    inner0 = inner1 = j1;
  tile t = {.x = x + cnn__at_most(i0 * g->sh + above, g->h) * g->w * g->c, .dy = dy + (i0 * g->ow + j0) * g->f,
            .x_first = (j0 * g->sw + first) * g->c, .rows = i1 - i0, .left = inner0 - j0, .inner = inner1 - inner0,
            .right = j1 - inner1, .x_row = g->sh * g->w * g->c, .x_pixel = g->sw * g->c, .x_end = g->w * g->c,
            .dy_row = g->ow * g->f, .dy_pixel = g->f, .dw = dw + (ky * g->kw + kx0) * cg * g->f, .dw_row = g->f,
            .images = n, .x_image = g->h * g->w * g->c, .dy_image = g->oh * g->ow * g->f, .add = add};
  sweep_outputs(t, (kx1 - kx0) * cg, g->f / g->groups);
}

/* The taps of a kernel row that make one tile. */
static int64_t taps_together(const cnn__conv *g) {
  int64_t inputs = g->kw * g->c, limit = WIDE && g->f > CNN__LANES ? WIDE : NARROW;
  return g->groups == 1 && g->dw == 1 && inputs <= limit ? g->kw : 1;
}

/* Images go one by one through all tiles, so that an image stays in cache. Where the kernel itself is too large for
 * that, all images go through one tile after the other, so that each part of the gradient is visited once. */
static void backward_weights(const cnn__conv *g, int64_t n, const float *x, const float *dy, int32_t add, float *dw,
                             void *scratch) {
  (void)scratch;
  int64_t cg = g->c / g->groups, fg = g->f / g->groups, together = taps_together(g);
  int64_t x_image = g->h * g->w * g->c, dy_image = g->oh * g->ow * g->f, kernel = g->kh * g->kw * cg * g->f;
  int64_t count = kernel > LARGE && kernel > x_image + dy_image ? n : 1;
  for (int64_t e = 0; n < 1 && !add && e < kernel; e++)
    dw[e] = 0.0f;
  for (int64_t image = 0; image < n; image += count, x += count * x_image, dy += count * dy_image)
    for (int64_t group = 0; group < g->groups; group++)
      for (int64_t ky = 0; ky < g->kh; ky++)
        for (int64_t kx = 0; kx < g->kw; kx += together)
          sweep_taps(g, count, ky, kx, kx + together, x + group * cg, dy + group * fg, dw + group * fg, add || image > 0);
}

void CNN__NAME(conv_weights_init)(cnn__kernels *t) { t->conv_backward_weights = backward_weights; }
