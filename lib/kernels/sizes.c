/* sizes: how a convolution is computed and how much room its packed kernels and scratch take, the same on every level
 * and for every provider. */
#include "kernels/winograd.h"
#include "kernels/winograd4.h"

#include "kernels/conv_across.h"

/* What a band of image rows laid out for a matrix product may take; a single row may exceed it. */
#define BAND_BYTES ((int64_t)512 << 10)

/* The same of rows with zeros around them. */
#define FEW_BYTES ((int64_t)64 << 10)

/* Tiles of Winograd's convolution that go through all points together: more where the kernel comes from afar. */
#define CHUNK 28
#define LARGE_CHUNK 56
#define LARGE ((int64_t)1 << 19) /* floats of a packed kernel */

#define GROUP_FLOATS ((int64_t)256 << 10) /* of a group of tiles of a kernel gradient */
#define LEAST_GROUP 32                /* tiles of it: fewer do not pay for a large kernel's being added to */
#define LEAST_LARGE 4                 /* tiles of F(4x4, 3x3) in an image */
#define MOST_LARGE ((int64_t)1 << 16) /* pairs of channels of such a convolution */
#define LEAST_SUMMED 16               /* tiles in a call for the kernel gradient of one with more */
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

/* Do the larger tiles save a third of the smaller ones' products, in an image that has more than one or two of them? */
static int32_t large_save(const cnn__conv *g) {
  cnn__winograd s = cnn__winograd_forward(g);
  return 3 * cnn__points4(g->oh) * cnn__points4(g->ow) <= 2 * CNN__POINTS * s.down * s.across &&
         cnn__tiles4(g->oh) * cnn__tiles4(g->ow) >= LEAST_LARGE;
}

/* Their kernel, four times as large as the taps, would not stay in a cache. */
static int32_t wide(const cnn__conv *g) { return g->c * g->f > MOST_LARGE; }

/* Winograd's where it saves at least a fifth of the products, counted with the tiles' overhang and without the taps
 * that direct sums skip. */
int32_t cnn__conv_algorithm(const cnn__conv *g) {
  int32_t can = g->kh == 3 && g->kw == 3 && g->sh == 1 && g->sw == 1 && g->dh == 1 && g->dw == 1 && g->groups == 1;
  if (!can || g->c < LEAST_CHANNELS || g->f < LEAST_CHANNELS)
    return CNN__CONV_DIRECT;
  cnn__winograd s = cnn__winograd_forward(g);
  int64_t products = CNN__POINTS * s.down * s.across;
  int64_t direct = taps_inside(g->h, g->oh, g->pt) * taps_inside(g->w, g->ow, g->pl);
  if (products > direct - direct / 5)
    return CNN__CONV_DIRECT;
  return !large_save(g) ? CNN__CONV_WINOGRAD : wide(g) ? CNN__CONV_WIDE4 : CNN__CONV_WINOGRAD4;
}

int32_t cnn__conv_large_weights(const cnn__conv *g, int64_t n) {
  return g->algorithm == CNN__CONV_WINOGRAD4 ||
         (g->algorithm == CNN__CONV_WIDE4 && n * cnn__tiles4(g->oh) * cnn__tiles4(g->ow) >= LEAST_SUMMED);
}

/* Tiles of a kernel gradient whose transformed inputs and gradients take half a second cache, or more where there are many
 * channels. */
static int64_t most_group(const cnn__winograd *s) {
  int64_t most = GROUP_FLOATS / (CNN__POINTS4 * (s->c + s->f));
  return cnn__at_most(cnn__at_least(most, LEAST_GROUP), CNN__MOST4);
}

int64_t cnn__winograd4_group(const cnn__winograd *s, int64_t left) {
  int64_t image = s->down * s->across, most = most_group(s), images = most / image;
  if (images)
    return cnn__at_most(images * image, left);
  return cnn__next_chunk((left - 1) % image + 1, most);
}

static int64_t packed(int64_t groups, int64_t lanes, int64_t inner) {
  return groups * ((lanes + CNN__LANES - 1) / CNN__LANES) * CNN__LANES * inner;
}

/* Values that a channel of a kernel takes when packed. */
static int64_t points(const cnn__conv *g) {
  static const int64_t of[] = {[CNN__CONV_WINOGRAD] = CNN__POINTS, [CNN__CONV_WINOGRAD4] = CNN__POINTS4, [CNN__CONV_WIDE4] = 9};
  return g->algorithm == CNN__CONV_DIRECT ? g->kh * g->kw : of[g->algorithm];
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

/* The transformed inputs and the products of a chunk, of two times sixteen output channels, each point a line more. */
static int64_t winograd_floats(const cnn__winograd *s) {
  int64_t tiles = cnn__winograd_chunk(s);
  return CNN__POINTS * (tiles * (blocks(s) * CNN__CBLOCK + 2 * CNN__LANES) + 3 * CNN__LANES);
}

/* The same, and the room of a stretch. */
static int64_t winograd4_floats(const cnn__winograd *s) {
  int64_t chunk = CNN__POINTS4 * (CNN__CHUNK4 * (blocks(s) * CNN__CBLOCK + 2 * CNN__LANES) + 3 * CNN__LANES);
  return CNN__ROOM4 + (s->wide ? CNN__POINTS4 * CNN__PART_POINT4 + CNN__CHUNKS4 * chunk : chunk);
}

static int64_t few_floats(const cnn__conv *g, int64_t rows) {
  return ((rows - 1) * g->sh + (g->kh - 1) * g->dh + 1) * ((g->ow - 1) * g->sw + (g->kw - 1) * g->dw + 1) * g->c;
}

int64_t cnn__conv_few_rows(const cnn__conv *g) {
  int64_t least = few_floats(g, 1), step = few_floats(g, 2) - least;
  int64_t more = (FEW_BYTES / (int64_t)sizeof(float) - least) / step;
  return more < 0 ? 1 : cnn__at_most(more + 1, g->oh);
}

/* The transformed inputs and gradients of a group and a block of sums; the reference has the sums of some input channels. */
static int64_t weights4_floats(const cnn__winograd *s) {
  int64_t tiles = most_group(s), slices = (s->f + CNN__LANES - 1) / CNN__LANES;
  int64_t vectors = CNN__POINTS4 * (tiles * (slices * CNN__LANES + blocks(s) * CNN__CBLOCK) + 2 * CNN__LANES + CNN__SUMS4);
  int64_t reference = CNN__POINTS4 * (CNN__INPUTS4 + 1) * s->f;
  return CNN__ROOM4 + (vectors > reference ? vectors : reference);
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

size_t cnn__conv_scratch_bytes(const cnn__conv *g) {
  int64_t floats = cnn__conv_band_rows(g) * g->ow * g->kh * g->kw * (g->c / g->groups);
  if (g->algorithm == CNN__CONV_WINOGRAD) {
    cnn__winograd forward = cnn__winograd_forward(g), backward = cnn__winograd_backward(g);
    floats = larger(floats, larger(winograd_floats(&forward), winograd_floats(&backward)));
  }
  if (cnn__conv_large(g)) {
    cnn__winograd forward = cnn__winograd4_forward(g), backward = cnn__winograd4_backward(g);
    floats = larger(floats, larger(winograd4_floats(&forward), winograd4_floats(&backward)));
  }
  if (cnn__conv_large_weights(g, LEAST_SUMMED)) {
    cnn__winograd forward = cnn__winograd4_forward(g);
    floats = larger(floats, weights4_floats(&forward));
  }
  if (cnn__conv_sheets(g))
    floats = larger(floats, CNN__SHEET_FLOATS);
  if (cnn__conv_few(g))
    floats = larger(floats, few_floats(g, cnn__conv_few_rows(g)));
  if (cnn__conv_across(g))
    floats = larger(floats, cnn__across_floats(g));
  return (size_t)floats * sizeof(float);
}
