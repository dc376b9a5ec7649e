/* conv: forward convolution and its input gradient in vectors. Both are the same sweep of the tile of tile.h over rows
 * of pixels; they differ in the lattice of positions that an axis gives, which is worked out once for each call. */
#include "kernels/conv_across.h"
#include "kernels/conv_axis.h"
#include "kernels/conv_depthwise.h"
#include "kernels/conv_few.h"
#include "kernels/conv_nine.h"
#include "kernels/conv_quarter.h"
#include "kernels/winograd.h"
#include "kernels/winograd4.h"

/* Written by conv_weights.c. */
void CNN__NAME(conv_weights_init)(cnn__kernels *t);

#define COLUMNS 16                        /* columns given to a tile at once */
#define BAND_BYTES ((int64_t)256 << 10)   /* inputs that all output channels read before the next ones are touched */
#define SMALL_BAND ((int64_t)32 << 10)    /* the same where all of a kernel of one tap is soon gone through, */
#define SMALL_KERNEL ((int64_t)96 << 10)  /* in floats: then outputs are written as they lie */
#define ONE_TAP 256                       /* channels of a kernel of one tap, sixteen wide, that the first cache holds */
#define TAPS 8                            /* the same for kernels of several, in taps of a block */
#define ROW (8 * CNN__TILE)               /* pixels of a row where rows may be cut anywhere */

typedef struct sweep {
  cnn__axis y, x;
  int64_t kh, kw;
  int64_t in, in_group;   /* channels of a pixel read, of a group */
  int64_t out, out_group; /* channels of a pixel written, of a group */
  int64_t out_h, out_w;
  int64_t slice; /* floats of the packed kernel for sixteen output channels */
  int64_t ahead; /* rows from one band to the next where that is fetched in time; else 0 */
  int64_t images; /* of the call */
} sweep;

/* What one tile takes from a row of the kernel. */
typedef struct plan {
  cnn__column *columns;
  int64_t count;
} plan;

/* The columns of one row of the kernel, from tap m on, for the pixels t..t + width. Neighbours in memory become one.
 * Returns the tap to go on with. */
static int64_t plan_columns(const sweep *s, int64_t m, int64_t t, int64_t width, int64_t channels, plan *p) {
  const cnn__axis *x = &s->x;
  for (p->count = 0; m < x->taps; m++) {
    int64_t at = t * x->in_step + x->offset + m * x->offset_step;
    int64_t lo = cnn__steps_to(-at, x->in_step), hi = cnn__at_most(cnn__steps_to(x->in - at, x->in_step), width);
    if (lo >= hi)
      continue;
    int64_t from = (at + lo * x->in_step) * s->in, w = (x->tap + m * x->tap_step) * channels * CNN__LANES;
    cnn__column *last = p->columns + p->count - 1;
    if (p->count && last->lo == lo && last->hi == hi && last->x + last->count == from &&
        last->w + last->count * CNN__LANES == w) {
      last->count += channels;
      continue;
    }
    if (p->count == COLUMNS)
      break;
    p->columns[p->count++] = (cnn__column){from, w, channels, (int32_t)lo, (int32_t)hi, NULL};
  }
  return m;
}

/* The tile of `width` pixels, the pair of them, or the half. */
static void run_tile(const cnn__tile *tile, int64_t width) {
#if CNN__PAIR > 1
  if (tile->second) {
    CNN__NAME(pairs)[width](tile);
    return;
  }
#else
  if (tile->lanes <= CNN__LANES / 2) {
    CNN__NAME(halves)[width](tile);
    return;
  }
#endif
  CNN__NAME(tiles)[width](tile);
}

/* A tile whose kernel rows have more columns than fit a plan, piece by piece: the sums wait in the output. */
static void run_pieces(const sweep *s, const cnn__tile *whole, int64_t t, int64_t width, int64_t channels, plan *p) {
  cnn__tile tile = *whole;
  tile.rows = 1;
  tile.more = 0;
  for (int64_t part = 0; part < (whole->more + 1) * whole->rows; part++) {
    int64_t block = part / whole->rows, row = part % whole->rows;
    tile.x = whole->x + block * whole->x_block + row * whole->x_row;
    tile.w = whole->w + block * whole->w_block + row * whole->w_row;
    for (int64_t m = 0; m < s->x.taps; tile.init = tile.y, tile.init_pixel = tile.y_pixel) {
      m = plan_columns(s, m, t, width, channels, p);
      tile.column_count = p->count;
      tile.relu = whole->relu && part + 1 == (whole->more + 1) * whole->rows && m == s->x.taps;
      run_tile(&tile, width);
    }
  }
}

/* Where a sweep stands: sixteen output channels, or twice as many, some blocks of input channels, a band of rows through
 * the images. */
typedef struct place {
  const float *x, *w, *bias; /* at the first channel of the blocks and of the sixteen */
  float *y;
  int64_t channels, blocks, lanes, second; /* the last two as in a tile */
  int64_t row0, row1;
  int64_t x_first, y_first, part, parts; /* channels before x and y; which of the places that share the pixels */
  int32_t first, relu; /* the first blocks start the sums, the last ones end with relu if asked */
} place;

/* Where part `part` begins of what lies so many floats behind p, in parts of so many cache lines. */
static const void *lines_from(const float *p, int64_t floats, int64_t part, int64_t lines) {
  return (const void *)((uintptr_t)p + (uintptr_t)((floats + part * lines * CNN__LANES) * (int64_t)sizeof(float)));
}

/* The only column of a tile as three: while the first two are computed, what the same tile of the next band reads and writes
 * is asked for, a line with each weight, in equal parts for the tiles that share these pixels. */
static void fetch_ahead(const sweep *s, const place *at, const cnn__column *whole, cnn__tile *tile, cnn__column *columns) {
  int64_t pixels = s->ahead * s->x.count, part = at->parts * CNN__LANES, channels = whole->count;
  int64_t x = cnn__at_most((whole->hi * s->in + part - 1) / part, channels / 2);
  int64_t y = cnn__at_most((whole->hi * s->out + part - 1) / part, channels - x);
  int64_t first[4] = {0, x, x + y, channels};
  const void *const ahead[3] = {lines_from(tile->x, whole->x + pixels * s->in - at->x_first, at->part, x),
                                lines_from(tile->y, pixels * s->out - at->y_first, at->part, y), NULL};
  tile->column_count = 0;
  for (int i = 0; i < 3; i++)
    if (first[i] < first[i + 1])
      columns[tile->column_count++] = (cnn__column){whole->x + first[i], whole->w + first[i] * CNN__LANES,
                                                    first[i + 1] - first[i], 0, whole->hi, ahead[i]};
}

/* The tiles of some rows of one place, from left to right, each from the first row to the last with one plan; `quarters`:
 * those of conv_quarter.h where there are pixels enough. */
static void sweep_rows(const sweep *s, const place *at, int32_t quarters, int64_t row0, int64_t row1) {
  cnn__column columns[COLUMNS] = {{0}};
  plan p = {columns, 0};
  int64_t row_floats = s->kw * at->channels * CNN__LANES;
  cnn__tile tile = {.x_row = s->y.offset_step * s->x.in * s->in, .w_row = s->y.tap_step * row_floats,
                    .x_pixel = s->x.in_step * s->in, .columns = columns, .more = at->blocks - 1,
                    .x_block = at->channels, .w_block = at->channels * s->kh * s->kw * CNN__LANES,
                    .y_pixel = s->x.out_step * s->out, .lanes = at->lanes, .second = at->second,
                    .relu = at->relu};
  for (int64_t t = 0, width; t < s->x.count && row0 < row1; t += width) {
    width = cnn__at_most(s->x.count - t, CNN__QUARTER);
    int32_t quarter = quarters && 3 * width > 2 * CNN__QUARTER;
    if (!quarter)
      width = cnn__tile_cut(s->x.count, t, at->lanes <= CNN__LANES / 2 ? CNN__WIDEST : CNN__TILE);
    int32_t whole = plan_columns(s, 0, t, width, at->channels, &p) == s->x.taps;
    int32_t ahead = s->ahead && at->first && !quarter && p.count == 1 && columns->lo == 0 && columns->hi == width;
    cnn__column only = *columns;
    tile.column_count = p.count;
    for (int64_t row = row0; row < row1; row++) {
      int64_t image = row / s->y.count, i = row % s->y.count, m0, m1;
      cnn__taps_seen(&s->y, i, &m0, &m1);
      tile.rows = cnn__at_least(m1 - m0, 0);
      tile.x = at->x + (image * s->y.in + i * s->y.in_step + s->y.offset + m0 * s->y.offset_step) * s->x.in * s->in;
      tile.w = at->w + (s->y.tap + m0 * s->y.tap_step) * row_floats;
      int64_t line = image * s->out_h + s->y.first + i * s->y.out_step;
      tile.y = at->y + (line * s->out_w + s->x.first + t * s->x.out_step) * s->out;
      tile.init = at->first ? at->bias : tile.y;
      tile.init_pixel = at->first ? 0 : tile.y_pixel;
      if (ahead)
        fetch_ahead(s, at, &only, &tile, columns);
      if (quarter)
        CNN__NAME(quarter)(&tile, width);
      else if (tile.rows && !whole)
        run_pieces(s, &tile, t, width, at->channels, &p);
      else if (tile.rows || at->first || at->relu)
        run_tile(&tile, width);
    }
  }
}

/* Tiles of conv_quarter.h read beside their row: those of this one nothing before the first image or behind the last. */
static int32_t is_inside(const sweep *s, int64_t row) {
  int64_t first = row / s->y.count * s->y.in + row % s->y.count * s->y.in_step + s->y.offset;
  int64_t beside = (s->x.count + CNN__QUARTER) * s->x.in_step + s->x.offset + s->x.taps * s->x.offset_step;
  return first * s->x.in + s->x.offset >= 0 &&
         (first + s->y.taps * s->y.offset_step) * s->x.in + beside <= s->images * s->y.in * s->x.in;
}

/* All tiles of one place. */
static void sweep_place(const sweep *s, const place *at) {
  int32_t few = at->lanes <= CNN__QUAD && !at->second && at->channels % CNN__QUAD == 0 && s->x.taps <= COLUMNS;
  for (int64_t row = at->row0, end; row < at->row1; row = end) {
    int32_t quarters = few && is_inside(s, row);
    for (end = few ? row + 1 : at->row1; end < at->row1 && is_inside(s, end) == quarters;)
      end++;
    sweep_rows(s, at, quarters, row, end);
  }
}

/* Channels of a block, and how many blocks a tile goes through at once. A single tap has no blocks: its order is that of
 * the channels. */
static void blocks_at(const sweep *s, int64_t p, int64_t *channels, int64_t *blocks) {
  int64_t left = s->in_group - p, taps = s->y.taps * s->x.taps;
  *channels = cnn__at_most(left, s->kh * s->kw == 1 ? ONE_TAP : CNN__CBLOCK);
  *blocks = cnn__at_least(cnn__at_most(left / *channels, taps ? TAPS / taps : left), 1);
}

/* All channels of a band of rows. */
static void sweep_band(const sweep *s, int64_t groups, const float *x, const float *packed, const float *bias,
                       int32_t relu, float *y, int64_t row0, int64_t row1) {
  int64_t together = CNN__PAIR * CNN__LANES, parts = (s->out + together - 1) / together, vectors;
  for (int64_t group = 0; group < groups; group++)
    for (int64_t q = 0; q < s->out_group; q += vectors * CNN__LANES, packed += vectors * s->slice) {
      vectors = s->out_group - q > CNN__LANES ? CNN__PAIR : 1;
      for (int64_t p = 0, channels, blocks; p < s->in_group; p += channels * blocks) {
        int64_t channel = group * s->out_group + q;
        blocks_at(s, p, &channels, &blocks);
        place at = {.x = x + group * s->in_group + p, .w = packed + p * (s->slice / s->in_group),
                    .bias = bias ? bias + channel : NULL, .y = y + channel,
                    .channels = channels, .blocks = blocks,
                    .x_first = group * s->in_group + p, .y_first = channel, .part = channel / together, .parts = parts,
                    .lanes = cnn__at_most(s->out_group - q - (vectors - 1) * CNN__LANES, CNN__LANES),
                    .second = (vectors - 1) * s->slice, .row0 = row0, .row1 = row1,
                    .first = p == 0, .relu = relu && p + channels * blocks == s->in_group};
        sweep_place(s, &at);
      }
    }
}

static void run_sweep(sweep *s, int64_t groups, int64_t n, const float *x, const float *packed,
                      const float *bias, int32_t relu, float *y) {
  s->images = n;
  int64_t row_bytes = s->y.in_step * s->x.in * s->in * (int64_t)sizeof(float);
  int32_t small = s->kh * s->kw == 1 && groups * s->slice * s->out_group / CNN__LANES <= SMALL_KERNEL;
  int64_t band = cnn__at_least((small ? SMALL_BAND : BAND_BYTES) / row_bytes, 1), rows = n * s->y.count;
  s->ahead = small && s->out_h == s->y.count && s->x.in_step == 1 ? band : 0;
  for (int64_t row = 0; row < rows; row += band)
    sweep_band(s, groups, x, packed, bias, relu, y, row, cnn__at_most(row + band, rows));
}

static void run_pointwise(sweep s, int64_t groups, int64_t pixels, const float *x, const float *packed, const float *bias,
                          int32_t relu, float *y) {
  int64_t rows = pixels / ROW, cut[2][2] = {{rows, ROW}, {1, pixels - rows * ROW}};
  for (int i = 0; i < 2; i++) {
    s.y = cnn__forward_axis(cut[i][0], cut[i][0], 1, 1, 1, 0);
    s.x = cnn__forward_axis(cut[i][1], cut[i][1], 1, 1, 1, 0);
    s.out_h = cut[i][0];
    s.out_w = cut[i][1];
    if (s.out_h * s.out_w > 0)
      run_sweep(&s, groups, 1, x + i * rows * ROW * s.in, packed, bias, relu, y + i * rows * ROW * s.out);
  }
}

static void forward_sweep(const cnn__conv *g, int64_t n, const float *x, const float *packed, const float *bias,
                          int32_t relu, float *y) {
  int64_t cg = g->c / g->groups;
  sweep s = {.y = cnn__forward_axis(g->h, g->oh, g->kh, g->sh, g->dh, g->pt),
             .x = cnn__forward_axis(g->w, g->ow, g->kw, g->sw, g->dw, g->pl), .kh = g->kh, .kw = g->kw,
             .in = g->c, .in_group = cg, .out = g->f, .out_group = g->f / g->groups, .out_h = g->oh, .out_w = g->ow,
             .slice = g->kh * g->kw * cg * CNN__LANES};
  if (cnn__conv_pointwise(g))
    run_pointwise(s, g->groups, n * g->h * g->w, x, packed, bias, relu, y);
  else
    run_sweep(&s, g->groups, n, x, packed, bias, relu, y);
}

/* Few channels: band by band from a copy with zeros around it. */
static void forward_few(const cnn__conv *g, int64_t n, const float *x, const float *packed, const float *bias,
                        int32_t relu, float *y, float *padded) {
  int64_t rows = cnn__conv_few_rows(g), count;
  for (int64_t row = 0; row < n * g->oh; row += count, y += count * g->ow * g->f) {
    int64_t first = row % g->oh;
    count = cnn__at_most(rows, g->oh - first);
    cnn__conv band = cnn__conv_pad(g, x + row / g->oh * g->h * g->w * g->c, first, count, padded);
    if (CNN__NAME(conv_nine_fits)(&band))
      CNN__NAME(conv_nine)(&band, padded, packed, bias, relu, y);
    else
      forward_sweep(&band, 1, padded, packed, bias, relu, y);
  }
}

static void forward(const cnn__conv *g, int64_t n, const float *x, const float *packed, const float *bias, int32_t relu,
                    float *y, void *scratch) {
  if (g->algorithm == CNN__CONV_WINOGRAD) {
    cnn__winograd s = cnn__winograd_forward(g);
    CNN__NAME(winograd)(&s, n, x, packed, bias, relu, y, scratch);
  } else if (cnn__conv_large(g)) {
    cnn__winograd s = cnn__winograd4_forward(g);
    CNN__NAME(winograd4)(&s, n, x, packed, bias, relu, y, scratch);
  } else if (cnn__conv_depthwise(g) || cnn__conv_quads(g)) {
    CNN__NAME(depthwise_forward)(g, n, x, packed, bias, relu, y);
  } else if (cnn__conv_few(g)) {
    forward_few(g, n, x, packed, bias, relu, y, scratch);
  } else {
    forward_sweep(g, n, x, packed, bias, relu, y);
  }
}

/* The positions fall into stride x stride lattices, of which each sees its own taps only. */
static void backward_data(const cnn__conv *g, int64_t n, const float *dy, const float *packed_t, float *dx,
                          void *scratch) {
  if (g->algorithm == CNN__CONV_WINOGRAD) {
    cnn__winograd s = cnn__winograd_backward(g);
    CNN__NAME(winograd)(&s, n, dy, packed_t, NULL, 0, dx, scratch);
    return;
  }
  if (cnn__conv_large(g)) {
    cnn__winograd s = cnn__winograd4_backward(g);
    CNN__NAME(winograd4)(&s, n, dy, packed_t, NULL, 0, dx, scratch);
    return;
  }
  if (cnn__conv_depthwise(g) || cnn__conv_quads(g)) {
    CNN__NAME(depthwise_backward_data)(g, n, dy, packed_t, dx);
    return;
  }
#if CNN__PAIR == 1 /* AVX-512 gains less by it than it takes room: conv_quarter.h serves there */
  if (cnn__conv_across(g)) {
    CNN__NAME(across)(g, n, dy, packed_t, dx, scratch);
    return;
  }
#endif
  int64_t fg = g->f / g->groups;
  for (int64_t i = 0; i < cnn__at_most(g->sh, g->h); i++)
    for (int64_t j = 0; j < cnn__at_most(g->sw, g->w); j++) {
      sweep s = {.y = cnn__backward_axis(g->h, g->oh, g->kh, g->sh, g->dh, g->pt, i),
                 .x = cnn__backward_axis(g->w, g->ow, g->kw, g->sw, g->dw, g->pl, j), .kh = g->kh, .kw = g->kw, .in = g->f,
                 .in_group = fg, .out = g->c, .out_group = g->c / g->groups, .out_h = g->h, .out_w = g->w,
                 .slice = g->kh * g->kw * fg * CNN__LANES};
      if (cnn__conv_pointwise(g))
        run_pointwise(s, g->groups, n * g->h * g->w, dy, packed_t, NULL, 0, dx);
      else
        run_sweep(&s, g->groups, n, dy, packed_t, NULL, 0, dx);
    }
}

void CNN__NAME(conv_init)(cnn__kernels *t) {
  t->conv_forward = forward;
  t->conv_backward_data = backward_data;
  CNN__NAME(conv_weights_init)(t);
}
