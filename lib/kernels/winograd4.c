/* winograd4: F(4x4, 3x3) in vectors.
 *
 * Tiles of 6 x 6 inputs go in chunks: transformed along the channels into v [point][block of channels][tile][32], then,
 * for sixteen output channels at a time or, where registers allow, for two times sixteen, multiplied point by point into m
 * [sixteen channels][point][tile][16], and transformed back from there. A tile's values depend on no other tile's: chunks may span images. */
#include "kernels/winograd4_tiles.h"
#include "kernels/winograd_products.h"

#include <math.h>

/* Fewer than sixteen lanes: rare, and long where there are no masks. */
__attribute__((noinline)) static void put_some(float *p, int64_t lanes, cnn__vec a) { cnn__vstore_n(p, lanes, a); }

/* Floats from the products at one point to those at the next, and of sixteen output channels to those of the next. */
#define M_POINT ((CNN__CHUNK4 | 1) * CNN__LANES)
#define M_SLICE (CNN__POINTS4 * M_POINT)

typedef struct plan {
  cnn__chunk4 c;
  float *m;
} plan;

/* Some input channels of a transformed kernel, for one or two times sixteen output channels, and the taps of the next ones. */
typedef struct part {
  const float *u; /* [point, u_point apart][slice, u_slice apart][channel][16] */
  int64_t u_point, u_slice;
  int64_t channel, count, slices;
  uintptr_t ahead;
  int64_t ahead_slice;
} part;

/* Asks for a point's share of the taps of the next part; it may lie behind the end. */
CNN__INLINE void fetch_taps(const part *k, int64_t point) {
  int64_t lines = 9 * k->count / CNN__POINTS4 + 1;
  for (int64_t slice = 0; slice < k->slices; slice++) {
    uintptr_t line = k->ahead + (uintptr_t)(slice * k->ahead_slice + point * lines * CNN__LANES) * sizeof(float);
    for (int64_t i = 0; i < lines; i++, line += CNN__LANES * sizeof(float))
      __builtin_prefetch((const void *)line, 0, 2);
  }
}

/* All points of some chunks. */
static void multiply(const plan *chunks, int64_t count, const part *k) {
  static const float zeros[CNN__LANES];
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++) {
      if (k->ahead)
        fetch_taps(k, 6 * i + j);
      for (const plan *p = chunks; p < chunks + count; p++) {
        int64_t point = 6 * i + j;
        cnn__point at = {.c = k->count, .tiles = p->c.tiles[cnn__kind(i, j)], .u = k->u + point * k->u_point,
                         .v = p->c.v + point * p->c.v_point + k->channel / CNN__CBLOCK * p->c.v_block, .v_block = p->c.v_block,
                         .m = p->m + point * M_POINT, .u_slice = k->u_slice, .m_slice = M_SLICE, .init = zeros,
                         .go_on = k->channel > 0};
        for (int64_t slice = 0; slice < k->slices; slice += CNN__PRODUCT_SLICES) {
          CNN__NAME(winograd_products)(&at, cnn__at_most(k->slices - slice, CNN__PRODUCT_SLICES));
          at.u += k->u_slice;
          at.m += M_SLICE;
        }
      }
    }
}

/* Products at six points along an axis to four outputs, or at four to two. */
CNN__INLINE void to_outputs(const int points, const cnn__vec m[6], cnn__vec y[4]) {
  cnn__vec sum = cnn__vadd(m[1], m[2]), difference = cnn__vsub(m[1], m[2]), a = cnn__vset(CNN__A);
  if (points == 4) {
    y[0] = cnn__vadd(m[0], sum);
    y[1] = cnn__vfma(a, difference, m[3]);
    return;
  }
  cnn__vec other = cnn__vadd(m[4], m[5]), apart = cnn__vsub(m[4], m[5]);
  y[0] = cnn__vadd(cnn__vadd(m[0], sum), other);
  y[1] = cnn__vfma(cnn__vset(CNN__B), apart, cnn__vmul(difference, a));
  y[2] = cnn__vfma(cnn__vset(CNN__B2), other, cnn__vmul(sum, cnn__vset(CNN__A2)));
  y[3] = cnn__vfma(cnn__vset(CNN__B3), apart, cnn__vfma(cnn__vset(CNN__A3), difference, m[3]));
}

/* What the outputs of a tile need besides its products. */
typedef struct target {
  cnn__vec bias, least; /* what is below least becomes it */
  int64_t rows, columns; /* of the tile that the image has */
  int64_t lanes;
  int64_t pixel, line; /* floats from one to the next */
  float *y;
} target;

/* Row i of a tile's outputs from its points across; `whole`: nothing of it sticks out. */
CNN__INLINE void write_row(const int points, const int whole, const target *to, int64_t i, const cnn__vec t[6]) {
  const int outputs = points - 2;
  cnn__vec out[4];
  float *y = to->y + i * to->line;
  to_outputs(points, t, out);
  CNN__UNROLL
  for (int j = 0; j < outputs; j++, y += to->pixel) {
    cnn__vec value = cnn__vmax(to->least, cnn__vadd(out[j], to->bias));
    if (whole || (j < to->columns && to->lanes == CNN__LANES))
      cnn__vstore(y, value);
    else if (j < to->columns)
      put_some(y, to->lanes, value);
  }
}

/* Column j of a tile's products, which are in the rows of their kinds, to that of its outputs. */
CNN__INLINE void combine_column(const int points, int j, const float *const m[CNN__KINDS], cnn__vec t[4][6]) {
  cnn__vec products[6], column[4];
  CNN__UNROLL
  for (int i = 0; i < points; i++) {
    products[i] = cnn__vload(m[cnn__kind(i, j)] + (6 * i + j) * M_POINT);
    CNN__HOLD(products[i]);
  }
  to_outputs(points, products, column);
  CNN__UNROLL
  for (int i = 0; i < points - 2; i++)
    t[i][j] = column[i];
}

/* What writes a tile that lies inside; NULL: there is nothing better than for others. */
typedef void straight_fn(const float *const m[CNN__KINDS], const target *to);

#if CNN__VECTORS >= 32
/* All of it in registers: where they are fewer, loops are as fast. */
CNN__INLINE void straight(const int down, const int across, const float *const m[CNN__KINDS], const target *to) {
  cnn__vec t[4][6];
  CNN__UNROLL
  for (int j = 0; j < across; j++)
    combine_column(down, j, m, t);
  CNN__UNROLL
  for (int i = 0; i < down - 2; i++)
    write_row(across, 1, to, i, t[i]);
}

static void straight_6_6(const float *const m[CNN__KINDS], const target *to) { straight(6, 6, m, to); }
static void straight_6_4(const float *const m[CNN__KINDS], const target *to) { straight(6, 4, m, to); }
static void straight_4_6(const float *const m[CNN__KINDS], const target *to) { straight(4, 6, m, to); }

static straight_fn *const straights[2][2] = {{straight_6_6, straight_6_4}, {straight_4_6, NULL}};
#else
static straight_fn *const straights[2][2];
#endif

/* One tile's outputs; small: it is one of two outputs down, across. */
static void write_tile(int32_t small_row, int32_t small_column, const float *const m[CNN__KINDS], const target *to) {
  cnn__vec t[4][6];
  int across = small_column ? 4 : 6, rows = small_row ? 2 : 4;
  for (int j = 0; j < across; j++)
    if (small_row)
      combine_column(4, j, m, t);
    else
      combine_column(6, j, m, t);
  for (int64_t i = 0; i < rows && i < to->rows; i++)
    if (small_column)
      write_row(4, 0, to, i, t[i]);
    else
      write_row(6, 0, to, i, t[i]);
}

/* The target is filled here field by field: a copy would wait for all stores before it. */
static void write_stretch(const plan *p, const cnn__stretch4 *s, const float *products, target *to, float *y) {
  const cnn__winograd *w = p->c.s;
  int64_t row = 4 * s->row, left = 4 * s->column;
  to->rows = w->oh - row;
  to->y = y + (s->image * w->oh + row) * to->line + left * to->pixel;
  for (int64_t k = 0; k < s->count; k++, left += 4, to->y += 4 * to->pixel) {
    int32_t small_column = s->small_column && k + 1 == s->count;
    const float *m[CNN__KINDS];
    for (int kind = 0; kind < CNN__KINDS; kind++)
      m[kind] = products + (s->at[kind] + k) * CNN__LANES;
    to->columns = w->ow - left;
    straight_fn *inside = straights[s->small_row][small_column];
    if (inside && to->lanes == CNN__LANES && to->rows >= (s->small_row ? 2 : 4) && to->columns >= (small_column ? 2 : 4))
      inside(m, to);
    else
      write_tile(s->small_row, small_column, m, to);
  }
}

/* The next part of a wide kernel transformed into u, and where the taps of the one after it are: behind the other slices after the
 * last. */
static void transform_part(const cnn__winograd *s, const float *packed, float *u, int64_t most, part *k) {
  k->count = cnn__at_most(s->c - k->channel, most);
  const float *taps = packed + 9 * k->channel * CNN__LANES;
  for (int64_t slice = 0; slice < k->slices; slice++)
    CNN__NAME(winograd4_part)(taps + slice * k->ahead_slice, k->count, u + slice * k->u_slice, k->u_point);
  int64_t ahead = k->channel + k->count < s->c ? k->count : k->count + (k->slices - 1) * s->c;
  k->ahead = (uintptr_t)taps + (uintptr_t)(9 * ahead * CNN__LANES) * sizeof(float);
}

/* The products of some chunks with a kernel, packed from these output channels on, for one or two times sixteen of them: with the
 * whole of it, or one part of at most so many channels after the other transformed into u. */
static void multiply_all(const cnn__winograd *s, const plan *chunks, int64_t count, const float *packed, int64_t slices, float *u, int64_t most) {
  part k = {.u = packed, .u_point = s->c * CNN__LANES, .u_slice = CNN__POINTS4 * s->c * CNN__LANES, .count = s->c, .slices = slices};
  if (s->wide)
    k = (part){.u = u, .u_point = (2 * most + 1) * CNN__LANES, .u_slice = most * CNN__LANES, .slices = slices, .ahead_slice = 9 * s->c * CNN__LANES};
  for (; k.channel < s->c; k.channel += k.count) {
    if (s->wide)
      transform_part(s, packed, u, most, &k);
    multiply(chunks, count, &k);
  }
}

static void write_outputs(const cnn__winograd *s, const plan *p, int64_t q, int64_t slices, const float *bias, int32_t relu, float *y) {
  for (int64_t k = 0; k < slices; k++, q += CNN__LANES) {
    target to;
    to.lanes = cnn__at_most(s->f - q, CNN__LANES);
    to.bias = bias ? cnn__vget(bias + q, to.lanes) : cnn__vset(0.0f);
    to.least = cnn__vset(relu ? 0.0f : -INFINITY);
    to.pixel = s->f;
    to.line = s->ow * s->f;
    for (int64_t i = 0; i < p->c.parts; i++)
      write_stretch(p, &p->c.part[i], p->m + k * M_SLICE, &to, y + q);
  }
}

void CNN__NAME(winograd4)(const cnn__winograd *s, int64_t n, const float *x, const float *packed, const float *bias,
                          int32_t relu, float *y, void *scratch) {
  const int64_t total = n * s->down * s->across, chunks = s->wide ? CNN__CHUNKS4 : 1, wide = s->wide ? 2 : CNN__PRODUCT_SLICES;
  float *room = scratch, *u = room + CNN__ROOM4, *m = u + (s->wide ? CNN__POINTS4 * CNN__PART_POINT4 : 0), *v = m + chunks * wide * M_SLICE;
  plan p[CNN__CHUNKS4];
  for (int64_t first = 0; first < total;) {
    int64_t end = first + cnn__next_chunk(total - first, chunks * CNN__CHUNK4), count = 0;
    const int64_t most = s->wide ? end - first > CNN__FEW4 ? CNN__PART4 : CNN__CBLOCK : s->c;
    float *free = v;
    for (int64_t tiles; first < end; first += tiles, count++) {
      tiles = cnn__next_chunk(end - first, CNN__CHUNK4);
      CNN__NAME(winograd4_chunk)(s, first, tiles, &p[count].c);
      p[count].m = m + count * wide * M_SLICE;
      p[count].c.room = room;
      p[count].c.v = free;
      free += CNN__POINTS4 * p[count].c.v_point;
      CNN__NAME(winograd4_inputs)(&p[count].c, x);
    }
    for (int64_t q = 0, slices; q < s->f; q += slices * CNN__LANES) {
      slices = s->f - q > CNN__LANES ? wide : 1;
      multiply_all(s, p, count, packed + (s->wide ? 9 : CNN__POINTS4) * q * s->c, slices, u, most);
      for (int64_t k = 0; k < count; k++)
        write_outputs(s, &p[k], q, slices, bias, relu, y);
    }
  }
}
