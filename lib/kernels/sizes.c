/* sizes: how a convolution is computed and how much room its packed kernels and scratch take, the same on every level
 * and for every provider. */
#include "kernels/winograd.h"

#include "kernels/conv_layout.h"

/* What a band of image rows laid out for a matrix product may take; a single row may exceed it. */
#define BAND_BYTES ((int64_t)512 << 10)

/* The same of rows with zeros around them. */
#define FEW_BYTES ((int64_t)64 << 10)

/* Tiles of Winograd's convolution that go through all points together: more where the kernel comes from afar. */
#define CHUNK 28
#define LARGE_CHUNK 56
#define LARGE ((int64_t)1 << 19) /* floats of a packed kernel */

#define LEAST_TILES 36               /* of an image whose kernel gradient is transformed */
#define MOST_PAIRS ((int64_t)1 << 16) /* of channels, likewise */
#define LEAST_CHANNELS 16 /* below, the transforms take what the products save */

/* Pairs of an output position and a tap inside the image, along one axis. */
static int64_t taps_inside(int64_t in, int64_t out, int64_t pad) {
  int64_t count = 0;
  for (int64_t at = -pad; at < 3 - pad; at++) {
    int64_t first = at < 0 ? -at : 0, last = cnn__at_most(out, in - at);
    count += last > first ? last - first : 0;
  }
  return count;
}

/* Winograd's where it saves at least a fifth of the products, counted with the tiles' overhang and without the taps
 * that direct sums skip. */
int32_t cnn__conv_algorithm(const cnn__conv *g) {
  int32_t can = g->kh == 3 && g->kw == 3 && g->sh == 1 && g->sw == 1 && g->dh == 1 && g->dw == 1 && g->groups == 1;
  if (!can || g->c < LEAST_CHANNELS || g->f < LEAST_CHANNELS)
    return CNN__CONV_DIRECT;
  cnn__winograd s = cnn__winograd_forward(g);
  int64_t products = CNN__POINTS * s.down * s.across;
  int64_t direct = taps_inside(g->h, g->oh, g->pt) * taps_inside(g->w, g->ow, g->pl);
  return products <= direct - direct / 5 ? CNN__CONV_WINOGRAD : CNN__CONV_DIRECT;
}

int32_t cnn__winograd_has_weights(const cnn__conv *g) {
  cnn__winograd s = cnn__winograd_forward(g);
  return s.down * s.across >= LEAST_TILES && g->c * g->f <= MOST_PAIRS;
}

static int64_t packed(int64_t groups, int64_t lanes, int64_t inner) {
  return groups * ((lanes + CNN__LANES - 1) / CNN__LANES) * CNN__LANES * inner;
}

/* Values that a channel of a kernel takes when packed. */
static int64_t points(const cnn__conv *g) {
  return g->algorithm == CNN__CONV_WINOGRAD ? CNN__POINTS : g->kh * g->kw;
}

int64_t cnn__conv_packed_floats(const cnn__conv *g) {
  if (cnn__conv_depthwise(g))
    return packed(1, g->c, g->kh * g->kw);
  return packed(g->groups, g->f / g->groups, points(g) * (g->c / g->groups));
}

int64_t cnn__conv_packed_t_floats(const cnn__conv *g) {
  if (cnn__conv_depthwise(g))
    return packed(1, g->c, g->kh * g->kw);
  return packed(g->groups, g->c / g->groups, points(g) * (g->f / g->groups));
}

int64_t cnn__conv_band_rows(const cnn__conv *g) {
  int64_t row = g->ow * g->kh * g->kw * (g->c / g->groups) * (int64_t)sizeof(float);
  int64_t rows = BAND_BYTES / row;
  return rows < 1 ? 1 : rows > g->oh ? g->oh : rows;
}

static int64_t blocks(const cnn__winograd *s) { return (s->c + CNN__CBLOCK - 1) / CNN__CBLOCK; }

int64_t cnn__winograd_chunk(const cnn__winograd *s) {
  return CNN__POINTS * s->c * s->f >= LARGE ? LARGE_CHUNK : CHUNK;
}

/* The transformed inputs and the products of a chunk, each point a line more. */
static int64_t winograd_floats(const cnn__winograd *s) {
  int64_t tiles = cnn__winograd_chunk(s);
  return CNN__POINTS * (tiles * (blocks(s) * CNN__CBLOCK + CNN__LANES) + 2 * CNN__LANES);
}

static int64_t few_floats(const cnn__conv *g, int64_t rows) {
  return ((rows - 1) * g->sh + (g->kh - 1) * g->dh + 1) * ((g->ow - 1) * g->sw + (g->kw - 1) * g->dw + 1) * g->c;
}

int64_t cnn__conv_few_rows(const cnn__conv *g) {
  int64_t least = few_floats(g, 1), step = few_floats(g, 2) - least;
  int64_t more = (FEW_BYTES / (int64_t)sizeof(float) - least) / step;
  return more < 0 ? 1 : cnn__at_most(more + 1, g->oh);
}

/* The sums of all channels; the transformed inputs and gradients of a chunk. */
static int64_t weights_floats(const cnn__winograd *s) {
  int64_t tiles = cnn__at_most(s->down * s->across, CNN__WEIGHTS_CHUNK), slices = (s->f + CNN__LANES - 1) / CNN__LANES;
  return CNN__POINTS * (slices * CNN__LANES * (s->c + tiles) + tiles * blocks(s) * CNN__CBLOCK + 3 * CNN__LANES);
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

size_t cnn__conv_scratch_bytes(const cnn__conv *g) {
  int64_t floats = cnn__conv_band_rows(g) * g->ow * g->kh * g->kw * (g->c / g->groups);
  if (g->algorithm == CNN__CONV_WINOGRAD) {
    cnn__winograd forward = cnn__winograd_forward(g), backward = cnn__winograd_backward(g);
    floats = larger(floats, larger(winograd_floats(&forward), winograd_floats(&backward)));
    if (cnn__winograd_has_weights(g))
      floats = larger(floats, weights_floats(&forward));
  }
  if (cnn__conv_few(g))
    floats = larger(floats, few_floats(g, cnn__conv_few_rows(g)));
  return (size_t)floats * sizeof(float);
}
