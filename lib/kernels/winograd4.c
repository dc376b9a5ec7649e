/* winograd4: F(4x4, 3x3) in vectors.
 *
 * Tiles of 6 x 6 inputs go in chunks: transformed along the channels into v [point][block of channels][tile][32], then,
 * for sixteen output channels at a time, multiplied point by point into m [point][tile][16], which stays in the first
 * cache, and transformed back. A tile's values depend on no other tile's: chunks may span images. */
#include "kernels/winograd4_tiles.h"
#include "kernels/winograd_products.h"

/* Fewer than sixteen lanes: rare, and long where there are no masks. */
__attribute__((noinline)) static void put_some(float *p, int64_t lanes, cnn__vec a) { cnn__vstore_n(p, lanes, a); }

typedef struct plan {
  cnn__chunk4 c;
  float *m;
  int64_t m_point;
} plan;

/* All points of the chunk for sixteen output channels. */
static void multiply(const plan *p, const float *u) {
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++, u += p->c.s->c * CNN__LANES) {
      int64_t point = 6 * i + j;
      cnn__point at = {.c = p->c.s->c, .tiles = p->c.tiles[cnn__kind(i, j)], .v = p->c.v + point * p->c.v_point, .u = u,
                       .v_block = p->c.v_block, .m = p->m + point * p->m_point};
      CNN__NAME(winograd_products)(&at, cnn__vset(0.0f));
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
  cnn__vec bias;
  int32_t relu;
  int64_t rows, columns; /* of the tile that the image has */
  int64_t lanes;
  float *y;
} target;

/* Row i of a tile's outputs from its points across. */
CNN__INLINE void write_row(const int points, const plan *p, const target *to, int64_t i, const cnn__vec t[6]) {
  const int outputs = points - 2;
  cnn__vec out[4], zero = cnn__vset(0.0f);
  float *y = to->y + i * p->c.s->ow * p->c.s->f;
  to_outputs(points, t, out);
  CNN__UNROLL
  for (int j = 0; j < outputs; j++, y += p->c.s->f) {
    cnn__vec value = cnn__vadd(out[j], to->bias);
    if (to->relu)
      value = cnn__vselect(cnn__vgreater(zero, value), zero, value);
    if (j < to->columns && to->lanes == CNN__LANES)
      cnn__vstore(y, value);
    else if (j < to->columns)
      put_some(y, to->lanes, value);
  }
}

/* The columns of a tile's products, which are in the rows of their kinds, to those of its outputs. */
CNN__INLINE void combine_columns(const int points, const plan *p, int32_t across, const float *const m[CNN__KINDS],
                                 cnn__vec t[4][6]) {
  const int outputs = points - 2;
  for (int j = 0; j < across; j++) {
    cnn__vec products[6], column[4];
    CNN__UNROLL
    for (int i = 0; i < points; i++)
      products[i] = cnn__vload(m[cnn__kind(i, j)] + (6 * i + j) * p->m_point);
    to_outputs(points, products, column);
    CNN__UNROLL
    for (int i = 0; i < outputs; i++)
      t[i][j] = column[i];
  }
}

/* One tile's outputs; small: it is one of two outputs down, across. */
static void write_tile(const plan *p, int32_t small_row, int32_t small_column, const float *const m[CNN__KINDS],
                       const target *to) {
  cnn__vec t[4][6];
  if (small_row)
    combine_columns(4, p, small_column ? 4 : 6, m, t);
  else
    combine_columns(6, p, small_column ? 4 : 6, m, t);
  for (int64_t i = 0; i < (small_row ? 2 : 4) && i < to->rows; i++)
    if (small_column)
      write_row(4, p, to, i, t[i]);
    else
      write_row(6, p, to, i, t[i]);
}

/* The target is filled here field by field: a copy would wait for all stores before it. */
static void write_stretch(const plan *p, const cnn__stretch4 *s, int64_t lanes, cnn__vec bias, int32_t relu, float *y) {
  const cnn__winograd *w = p->c.s;
  int64_t row = 4 * s->row, left = 4 * s->column;
  target to;
  to.bias = bias;
  to.relu = relu;
  to.lanes = lanes;
  to.rows = w->oh - row;
  to.y = y + ((s->image * w->oh + row) * w->ow + left) * w->f;
  for (int64_t k = 0; k < s->count; k++, left += 4, to.y += 4 * w->f) {
    const float *m[CNN__KINDS];
    for (int kind = 0; kind < CNN__KINDS; kind++)
      m[kind] = p->m + (s->at[kind] + k) * CNN__LANES;
    to.columns = w->ow - left;
    write_tile(p, s->small_row, s->small_column && k + 1 == s->count, m, &to);
  }
}

void CNN__NAME(winograd4)(const cnn__winograd *s, int64_t n, const float *x, const float *packed, const float *bias,
                          int32_t relu, float *y, void *scratch) {
  int64_t total = n * s->down * s->across;
  plan p;
  for (int64_t first = 0, tiles; first < total; first += tiles) {
    tiles = cnn__next_chunk(total - first, CNN__CHUNK4);
    CNN__NAME(winograd4_chunk)(s, first, tiles, &p.c);
    p.m_point = (tiles | 1) * CNN__LANES;
    p.m = scratch;
    p.c.room = p.m + CNN__POINTS4 * p.m_point;
    p.c.v = p.c.room + CNN__ROOM4;
    CNN__NAME(winograd4_inputs)(&p.c, x);
    for (int64_t q = 0; q < s->f; q += CNN__LANES) {
      int64_t lanes = cnn__at_most(s->f - q, CNN__LANES);
      multiply(&p, packed + q * CNN__POINTS4 * s->c);
      cnn__vec start = bias ? cnn__vget(bias + q, lanes) : cnn__vset(0.0f);
      for (int64_t i = 0; i < p.c.parts; i++)
        write_stretch(&p, &p.c.part[i], lanes, start, relu, y + q);
    }
  }
}
