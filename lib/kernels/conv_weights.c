/* conv_weights: the kernel gradient of a convolution in vectors.
 *
 * A tile holds the sums of one tap, some input channels and one or two vectors of output channels in registers while it
 * sweeps the rectangle of output positions whose tap lies in the image: so there are no edges inside. Images are added
 * in order, the first one is written. */
#include "kernels/conv_layout.h"
#include "kernels/tile.h"

void CNN__NAME(conv_weights_init)(cnn__kernels *t);

/* Input channels in a tile, with one and with two vectors of output channels. */
#if CNN__VECTORS >= 16
#define WIDE 8
#define NARROW 14
#else
#define WIDE 0
#define NARROW 6
#endif

typedef struct tile {
  const float *x, *dy;
  int64_t rows, columns; /* the rectangle */
  int64_t x_row, x_pixel, dy_row, dy_pixel;
  int64_t lanes; /* of the last vector */
  float *dw;
  int64_t dw_row;
  int32_t add;
} tile;

/* One image's chains over the rectangle, for `channels` inputs times `vectors` of outputs. */
CNN__INLINE void run(const int channels, const int vectors, const tile *t) {
  cnn__vec acc[16];
  CNN__UNROLL
  for (int e = 0; e < channels * vectors; e++)
    acc[e] = cnn__vset(0.0f);
  int64_t columns = t->columns;
  for (int64_t row = 0; columns > 0 && row < t->rows; row++) {
    const float *x = t->x + row * t->x_row, *dy = t->dy + row * t->dy_row;
    int64_t left = columns;
    do {
      cnn__vec d0 = cnn__vget(dy, vectors > 1 ? CNN__LANES : t->lanes), d1 = d0;
      if (vectors > 1)
        d1 = cnn__vget(dy + CNN__LANES, t->lanes);
      CNN__UNROLL
      for (int p = 0; p < channels; p++) {
        cnn__vec input = cnn__vset(x[p]);
        acc[p * vectors] = cnn__vfma(input, d0, acc[p * vectors]);
        if (vectors > 1)
          acc[p * vectors + 1] = cnn__vfma(input, d1, acc[p * vectors + 1]);
      }
      x += t->x_pixel;
      dy += t->dy_pixel;
      CNN__HIDE(x);
      CNN__HIDE(dy);
    } while (--left);
  }
  CNN__UNROLL
  for (int e = 0; e < channels * vectors; e++) {
    float *out = t->dw + e / vectors * t->dw_row + e % vectors * CNN__LANES;
    int64_t lanes = e % vectors == vectors - 1 ? t->lanes : CNN__LANES;
    cnn__vput(out, lanes, t->add ? cnn__vadd(cnn__vget(out, lanes), acc[e]) : acc[e]);
  }
}

typedef void tile_fn(const tile *t);

#define TILE(channels, vectors) \
  static void tile_##vectors##_##channels(const tile *t) { run(channels, vectors, t); }
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

#if WIDE
static tile_fn *const wide[WIDE + 1] = {
  NULL, tile_2_1, tile_2_2, tile_2_3, tile_2_4, tile_2_5, tile_2_6, tile_2_7, tile_2_8,
};
#endif

/* All input channels of a tap, cut as evenly as the limit allows; t stands at the first. */
static void sweep_channels(tile t, int64_t channels, tile_fn *const *tiles, int64_t limit) {
  for (int64_t p = 0, count; p < channels; p += count) {
    int64_t cuts = (channels - p + limit - 1) / limit;
    count = (channels - p + cuts - 1) / cuts;
    tiles[count](&t);
    t.x += count;
    t.dw += count * t.dw_row;
  }
}

/* The output positions [*from, *to) of an axis at which a tap lies in the input. */
static void seen(int64_t in, int64_t out, int64_t stride, int64_t offset, int64_t *from, int64_t *to) {
  *from = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  *to = cnn__at_most(offset >= in ? 0 : (in - offset + stride - 1) / stride, out);
}

/* One tap of one image and group, over all its channels. */
static void sweep_tap(const cnn__conv *g, int64_t ky, int64_t kx, const float *x, const float *dy, float *dw,
                      int32_t add) {
  int64_t cg = g->c / g->groups, fg = g->f / g->groups, i0, i1, j0, j1;
  int64_t oy = ky * g->dh - g->pt, ox = kx * g->dw - g->pl;
  seen(g->h, g->oh, g->sh, oy, &i0, &i1);
  seen(g->w, g->ow, g->sw, ox, &j0, &j1);
  tile t = {.rows = i1 - i0, .columns = j1 - j0, .x_row = g->sh * g->w * g->c, .x_pixel = g->sw * g->c,
            .dy_row = g->ow * g->f, .dy_pixel = g->f, .dw_row = g->f, .add = add};
  if (t.rows > 0 && t.columns > 0) {
    t.x = x + ((i0 * g->sh + oy) * g->w + j0 * g->sw + ox) * g->c;
    dy += (i0 * g->ow + j0) * g->f;
  }
  for (int64_t q = 0; q < fg;) {
    t.dy = dy + q;
    t.dw = dw + (ky * g->kw + kx) * cg * g->f + q;
    t.lanes = cnn__at_most(fg - q, CNN__LANES);
#if WIDE
    if (fg - q > CNN__LANES) {
      t.lanes = cnn__at_most(fg - q - CNN__LANES, CNN__LANES);
      sweep_channels(t, cg, wide, WIDE);
      q += 2 * CNN__LANES;
      continue;
    }
#endif
    sweep_channels(t, cg, narrow, NARROW);
    q += CNN__LANES;
  }
}

static void backward_weights(const cnn__conv *g, int64_t n, const float *x, const float *dy, float *dw, void *scratch) {
  (void)scratch;
  int64_t cg = g->c / g->groups, fg = g->f / g->groups;
  for (int64_t e = 0; n < 1 && e < g->kh * g->kw * cg * g->f; e++)
    dw[e] = 0.0f;
  for (int64_t image = 0; image < n; image++, x += g->h * g->w * g->c, dy += g->oh * g->ow * g->f)
    for (int64_t group = 0; group < g->groups; group++)
      for (int64_t ky = 0; ky < g->kh; ky++)
        for (int64_t kx = 0; kx < g->kw; kx++)
          sweep_tap(g, ky, kx, x + group * cg, dy + group * fg, dw + group * fg, image > 0);
}

void CNN__NAME(conv_weights_init)(cnn__kernels *t) { t->conv_backward_weights = backward_weights; }
