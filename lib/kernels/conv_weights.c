/* conv_weights: the kernel gradient of a convolution in vectors.
 *
 * A tile holds the sums of one tap, some input channels and one or two vectors of output channels in registers while it
 * sweeps the rectangle of output positions whose tap lies in the image: so there are no edges inside. Of few input
 * channels, which have zeros around them, the taps of a kernel row make one tile. The chains go on from image to image
 * through dw. */
#include "kernels/conv_depthwise.h"
#include "kernels/conv_few.h"
#include "kernels/tile.h"
#include "kernels/winograd4.h"

void CNN__NAME(conv_weights_init)(cnn__kernels *t);

/* Inputs of a position in a tile, with one and with two vectors of output channels. */
#if CNN__VECTORS >= 16
#define WIDE 8
#define NARROW 14
#else
#define WIDE 0
#define NARROW 6
#endif
#define MOST 14 /* inputs times vectors, half of it */

#define LARGE ((int64_t)128 << 10)       /* floats of a kernel that the second cache holds beside an image */
#define BAND_FLOATS ((int64_t)128 << 10)  /* of both arrays in a band */
#define INPUT_FLOATS ((int64_t)32 << 10) /* of the input channels gone through at once */
#define INPUTS 48                        /* these are a multiple of it: whole tiles on every level, whole cache lines */
#define PIXELS 64                        /* in a row where rows may be cut anywhere */

typedef struct tile {
  const float *x, *dy;     /* the first input of the first position, and that position */
  int64_t rows, columns;   /* positions */
  int64_t x_row, x_pixel, dy_row, dy_pixel;
  int64_t x_next;          /* to the inputs of the next kernel row, where a tile has several */
  int64_t lanes;           /* of a single vector */
  int64_t second;          /* output channels from the first of two vectors to the second: both are whole and may overlap */
  float *dw;
  int64_t dw_row;
  int64_t images, x_image, dy_image;
  int32_t add; /* the chains go on from dw */
} tile;

/* One position: `inputs` of it in each of `rows` rows of the image. */
CNN__INLINE void step(const int rows, const int inputs, const int vectors, const float *x, int64_t row, const float *dy,
                      int64_t second, int64_t lanes, cnn__vec *acc) {
  cnn__vec d0 = cnn__vget(dy, vectors > 1 ? CNN__LANES : lanes), d1 = vectors > 1 ? cnn__vload(dy + second) : d0;
  CNN__UNROLL
  for (int p = 0; p < rows * inputs; p++) {
    cnn__vec input = cnn__vset(x[p / inputs * row + p % inputs]), *sums = acc + p * vectors;
    sums[0] = cnn__vfma(input, d0, sums[0]);
    if (vectors > 1)
      sums[1] = cnn__vfma(input, d1, sums[1]);
  }
}

/* Where a sum belongs, and its lanes. */
CNN__INLINE float *sum_at(const tile *t, int vectors, int e) {
  return t->dw + e / vectors * t->dw_row + e % vectors * t->second;
}
CNN__INLINE int64_t sum_lanes(const tile *t, int vectors) { return vectors > 1 ? CNN__LANES : t->lanes; }

/* One image's part of the chains over the rectangle, for `rows` times `inputs` inputs times `vectors` of outputs. */
CNN__INLINE void run(const int rows, const int inputs, const int vectors, const int most, const tile *t, const float *image,
                     const float *gradient, int32_t add) {
  cnn__vec acc[2 * MOST];
  CNN__UNROLL
  for (int e = 0; e < rows * inputs * vectors; e++)
    acc[e] = add ? cnn__vget(sum_at(t, vectors, e), sum_lanes(t, vectors)) : cnn__vset(0.0f);
  for (int64_t i = 0; i < t->rows; i++) {
    const float *x = image + i * t->x_row, *dy = gradient + i * t->dy_row;
    for (int64_t count = t->columns; count > 0; count--) {
      step(rows, inputs, vectors, x, t->x_next, dy, t->second, t->lanes, acc);
      x += t->x_pixel;
      dy += t->dy_pixel;
      CNN__HIDE(x);
      CNN__HIDE(dy);
    }
  }
  CNN__UNROLL
  for (int e = 0; e < rows * inputs * vectors; e++)
    cnn__vput_most(most, sum_at(t, vectors, e), sum_lanes(t, vectors), acc[e]);
}

CNN__INLINE void images(const int rows, const int inputs, const int vectors, const int most, const tile *t) {
  for (int64_t i = 0; i < t->images; i++)
    run(rows, inputs, vectors, most, t, t->x + i * t->x_image, t->dy + i * t->dy_image, t->add || i > 0);
}

typedef void tile_fn(const tile *t);

#if WIDE
#define TILE(inputs, vectors) \
  static void tile_##vectors##_##inputs(const tile *t) { images(1, inputs, vectors, CNN__LANES, t); }
#else
#define TILE(inputs, vectors) \
  static __attribute__((noinline)) void half_##inputs(const tile *t) { images(1, inputs, 1, CNN__LANES / 2, t); } \
  static void tile_##vectors##_##inputs(const tile *t) { \
    if (t->lanes <= CNN__LANES / 2) \
      half_##inputs(t); \
    else \
      images(1, inputs, vectors, CNN__LANES, t); \
  }
#endif
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

/* Three inputs in each of several kernel rows: one channel and a kernel three wide. */
#if WIDE
#define THREES 3
static void threes_2(const tile *t) { images(3, 3, 2, CNN__LANES, t); }
static void threes_1(const tile *t) { images(3, 3, 1, CNN__LANES, t); }
#else
#define THREES 2
static void threes_1(const tile *t) { images(2, 3, 1, CNN__LANES, t); }
#define threes_2 threes_1
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
    t.x += count;
    t.dw += count * t.dw_row;
  }
}

/* The output positions [*from, *to) of an axis at which a tap lies in the input; none: *from = *to. */
static void seen(int64_t in, int64_t out, int64_t stride, int64_t offset, int64_t *from, int64_t *to) {
  *to = cnn__at_most(offset >= in ? 0 : (in - offset + stride - 1) / stride, out);
  *from = cnn__at_most(offset >= 0 ? 0 : (-offset + stride - 1) / stride, *to);
}

/* What is gone through before the sums return to memory: rows of some images. */
typedef struct band {
  const float *x, *dy;       /* of the first image */
  int64_t x_pixel, dy_pixel; /* from one pixel to the next */
  int64_t images, row0, row1;
  float *sheets; /* room to lay channels out, or NULL */
  int32_t add;
} band;

/* The channels that tiles are made of at once: inputs p.. of a group, outputs q.. */
typedef struct channels {
  int64_t group, p, inputs, q, outputs;
} channels;

/* The taps (ky, kx0..kx1), whose inputs lie one after the other; or the same of `threes` kernel rows. The band stands at
 * these channels. */
static void sweep_taps(const cnn__conv *g, const band *b, const channels *c, int64_t ky, int64_t kx0, int64_t kx1,
                       int32_t threes, float *dw) {
  int64_t cg = g->c / g->groups, fg = g->f / g->groups, above = ky * g->dh - g->pt, left = kx0 * g->dw - g->pl;
  int64_t i0, i1, j0, j1, x_row = g->w * b->x_pixel, dy_row = g->ow * b->dy_pixel;
  seen(g->h, g->oh, g->sh, above, &i0, &i1);
  seen(g->w, g->ow, g->sw, left, &j0, &j1);
  i0 = cnn__at_least(i0, b->row0);
  i1 = cnn__at_most(i1, b->row1);
  tile t = {.rows = cnn__at_least(i1 - i0, 0), .columns = j1 - j0, .x_row = g->sh * x_row, .x_pixel = g->sw * b->x_pixel,
            .dy_row = dy_row, .dy_pixel = b->dy_pixel, .x_next = g->dh * x_row, .lanes = c->outputs,
            .second = c->outputs - CNN__LANES,
            .dw = dw + ((ky * g->kw + kx0) * cg + c->p) * g->f + c->group * fg + c->q, .dw_row = g->f,
            .images = b->images, .x_image = g->h * x_row, .dy_image = g->oh * dy_row, .add = b->add};
  if (t.rows > 0 && t.columns > 0) {
    t.x = b->x + (i0 * g->sh + above) * x_row + (j0 * g->sw + left) * b->x_pixel;
    t.dy = b->dy + i0 * dy_row + j0 * b->dy_pixel;
  } else {
    t.rows = 0;
    t.x = b->x;
    t.dy = b->dy;
  }
  int32_t two = c->outputs > CNN__LANES;
  if (threes)
    (two ? threes_2 : threes_1)(&t);
  else
    sweep_inputs(t, (kx1 - kx0) * c->inputs, two ? wide : narrow, two ? WIDE : NARROW);
}

/* All taps of some channels. */
static void sweep_kernel(const cnn__conv *g, const band *b, const channels *c, float *dw) {
  int64_t cg = g->c / g->groups, together = cnn__conv_few(g) ? g->kw : 1;
  for (int64_t ky = 0, rows; ky < g->kh; ky += rows) {
    int32_t threes = cnn__conv_few(g) && together == g->kw && g->kw * cg == 3 && g->kh - ky >= THREES;
    rows = threes ? THREES : 1;
    for (int64_t kx = 0; kx < g->kw; kx += together)
      sweep_taps(g, b, c, ky, kx, kx + together, threes, dw);
  }
}

/* `count` channels of each pixel, in lines of their own. */
static __attribute__((noinline)) void lay_out(int64_t pixels, int64_t count, const float *from, int64_t from_pixel, float *to,
                                              int64_t to_pixel) {
  for (; pixels > 0; pixels--, from += from_pixel, to += to_pixel)
    for (int64_t i = 0; i < count; i += CNN__LANES)
      cnn__vstore(to + i, cnn__vget(from + i, cnn__at_most(count - i, CNN__LANES)));
}

/* A band, some input channels after the other, so that they stay in the second cache for all outputs and taps. */
static void sweep_band(const cnn__conv *g, const band *b, float *dw) {
  int64_t cg = g->c / g->groups, fg = g->f / g->groups, width = (WIDE ? 2 : 1) * CNN__LANES;
  int64_t inputs = b->images * g->h * g->w, outputs = b->images * g->oh * g->ow;
  int64_t pixels = b->sheets ? inputs : b->images * (b->row1 - b->row0) * g->sh * g->w;
  int64_t block = cnn__at_least(INPUT_FLOATS / cnn__at_least(pixels, 1) / INPUTS, 1) * INPUTS;
  channels c = {0};
  for (c.group = 0; c.group < g->groups; c.group++)
    for (c.p = 0; c.p < cg; c.p += c.inputs) {
      band here = *b;
      c.inputs = cnn__at_most(cg - c.p, block);
      here.x += c.group * cg + c.p;
      if (b->sheets) {
        /* An odd number of lines, which go through all sets. */
        here.x_pixel = ((c.inputs + CNN__LANES - 1) / CNN__LANES | 1) * CNN__LANES;
        here.x = b->sheets + outputs * width;
        lay_out(inputs, c.inputs, b->x + c.group * cg + c.p, b->x_pixel, b->sheets + outputs * width, here.x_pixel);
      }
      for (c.q = 0; c.q < fg; c.q += c.outputs) {
        c.outputs = cnn__at_most(fg - c.q, width);
        here.dy = b->dy + c.group * fg + c.q;
        if (b->sheets) {
          here.dy_pixel = width;
          lay_out(outputs, c.outputs, here.dy, b->dy_pixel, b->sheets, width);
          here.dy = b->sheets;
        }
        sweep_kernel(g, &here, &c, dw);
      }
    }
}

/* How much makes a band: rows of an image that the second cache holds; where the sums themselves are larger than that,
 * all images, so that they are visited once; of channels that are laid out whole images. */
static void cut(const cnn__conv *g, int64_t n, int32_t sheets, int64_t *images, int64_t *rows) {
  if (sheets) {
    *rows = g->oh;
    *images = cnn__tile_cut(n, 0, cnn__at_most(CNN__SHEET_OUTPUTS / (g->oh * g->ow), CNN__SHEET_INPUTS / (g->h * g->w)));
    return;
  }
  int64_t kernel = g->kh * g->kw * (g->c / g->groups) * (g->f / g->groups);
  int64_t image = (g->h * g->w * g->c + g->oh * g->ow * g->f) / g->groups;
  int64_t most = cnn__at_least(BAND_FLOATS, cnn__at_most(kernel, LARGE));
  *images = kernel > LARGE && kernel > image ? n : cnn__at_most(cnn__at_least(most / image, 1), n);
  *rows = *images > 1 || image <= most || kernel > image ? g->oh : cnn__at_least(most * g->oh / image, 1);
}

static void sweep_images(const cnn__conv *g, int64_t n, const float *x, const float *dy, int32_t add, float *dw,
                         float *sheets) {
  int64_t x_image = g->h * g->w * g->c, dy_image = g->oh * g->ow * g->f, images, rows;
  cut(g, n, sheets != NULL, &images, &rows);
  band b = {.x = x, .dy = dy, .x_pixel = g->c, .dy_pixel = g->f, .sheets = sheets, .add = add};
  for (int64_t image = 0; image < n; image += b.images, b.x += b.images * x_image, b.dy += b.images * dy_image) {
    b.images = cnn__at_most(n - image, images);
    for (b.row0 = 0; b.row0 < g->oh; b.row0 = b.row1, b.add = 1) {
      b.row1 = cnn__at_most(b.row0 + rows, g->oh);
      sweep_band(g, &b, dw);
    }
  }
}

/* Few channels: band by band from a copy with zeros around it, in which the taps of a kernel row make one tile. */
static void sweep_few(const cnn__conv *g, int64_t n, const float *x, const float *dy, int32_t add, float *dw, float *padded) {
  int64_t rows = cnn__conv_few_rows(g), count;
  for (int64_t row = 0; row < n * g->oh; row += count, dy += count * g->ow * g->f) {
    int64_t first = row % g->oh;
    count = cnn__at_most(rows, g->oh - first);
    cnn__conv part = cnn__conv_pad(g, x + row / g->oh * g->h * g->w * g->c, first, count, padded);
    sweep_images(&part, 1, padded, dy, add || row > 0, dw, NULL);
  }
}

/* Pixels of which rows may be made as one likes. */
static void sweep_pixels(const cnn__conv *g, int64_t pixels, const float *x, const float *dy, int32_t add, float *dw,
                         float *sheets) {
  cnn__conv row = *g;
  int64_t length = sheets ? cnn__tile_cut(pixels, 0, CNN__SHEET_OUTPUTS) : PIXELS, rows = pixels / length;
  int64_t whole = rows * length;
  row.h = row.oh = sheets ? 1 : rows;
  row.w = row.ow = length;
  if (rows > 0)
    sweep_images(&row, sheets ? rows : 1, x, dy, add, dw, sheets);
  row.h = row.oh = 1;
  row.w = row.ow = pixels - whole;
  if (pixels > whole)
    sweep_images(&row, 1, x + whole * g->c, dy + whole * g->f, add || rows > 0, dw, sheets);
}

static void backward_weights(const cnn__conv *g, int64_t n, const float *x, const float *dy, int32_t add, float *dw,
                             void *scratch) {
  for (int64_t e = 0; n < 1 && !add && e < g->kh * g->kw * (g->c / g->groups) * g->f; e++)
    dw[e] = 0.0f;
  if (n < 1)
    return;
  if (cnn__conv_large_weights(g, n)) {
    cnn__winograd s = cnn__winograd4_forward(g);
    CNN__NAME(winograd4_weights)(&s, n, x, dy, add, dw, scratch);
    return;
  }
  if (cnn__conv_depthwise(g)) {
    CNN__NAME(depthwise_backward_weights)(g, n, x, dy, add, dw);
    return;
  }
  if (cnn__conv_few(g)) {
    sweep_few(g, n, x, dy, add, dw, scratch);
    return;
  }
  float *sheets = cnn__conv_sheets(g) ? scratch : NULL;
  if (cnn__conv_pointwise(g))
    sweep_pixels(g, n * g->h * g->w, x, dy, add, dw, sheets);
  else
    sweep_images(g, n, x, dy, add, dw, sheets);
}

void CNN__NAME(conv_weights_init)(cnn__kernels *t) { t->conv_backward_weights = backward_weights; }
