/* winograd: F(2x2, 3x3) in vectors.
 *
 * Tiles of 4 x 4 inputs go in chunks: transformed along the channels into v [point][block of channels][tile][32], then,
 * for sixteen output channels at a time or, where registers allow, for two times sixteen, multiplied point by point into m
 * [sixteen channels][point][tile][16], and transformed back. A tile's values depend on no other tile's: chunks may span images. */
#include "kernels/winograd_products.h"
#include "kernels/winograd_tiles.h"

typedef struct plan {
  cnn__chunk c;
  float *m;
  int64_t m_point, m_slice;
} plan;

typedef struct column {
  cnn__vec t[4];
} column;

/* A column of inputs, transformed down. */
CNN__INLINE column load_column(const cnn__rows *r, int64_t at, int64_t width, int64_t lanes) {
  column c;
  cnn__vec d[4];
  if (at < 0 || at >= width) {
    c.t[0] = c.t[1] = c.t[2] = c.t[3] = cnn__vset(0.0f);
    return c;
  }
  CNN__UNROLL
  for (int i = 0; i < 4; i++)
    d[i] = cnn__vget(r->at[i] + at * r->pixel[i], lanes);
  c.t[0] = cnn__vsub(d[0], d[2]);
  c.t[1] = cnn__vadd(d[1], d[2]);
  c.t[2] = cnn__vsub(d[2], d[1]);
  c.t[3] = cnn__vsub(d[1], d[3]);
  return c;
}

/* The tiles of a stretch for up to sixteen channels; neighbours share two columns. */
CNN__INLINE void transform_lanes(const cnn__chunk *p, const cnn__stretch *t, const cnn__rows *r, int64_t lanes, float *v) {
  int64_t at = 2 * t->column - p->s->pl, width = p->s->w;
  column a = load_column(r, at, width, lanes), b = load_column(r, at + 1, width, lanes);
  for (int64_t k = 0; k < t->count; k++, v += CNN__CBLOCK) {
    at += 2;
    column c = load_column(r, at, width, lanes), d = load_column(r, at + 1, width, lanes);
    float *to = v;
    CNN__UNROLL
    for (int i = 0; i < 4; i++, to += 4 * p->v_point) {
      cnn__vstore(to, cnn__vsub(a.t[i], c.t[i]));
      cnn__vstore(to + p->v_point, cnn__vadd(b.t[i], c.t[i]));
      cnn__vstore(to + 2 * p->v_point, cnn__vsub(c.t[i], b.t[i]));
      cnn__vstore(to + 3 * p->v_point, cnn__vsub(b.t[i], d.t[i]));
    }
    a = c;
    b = d;
  }
}

void CNN__NAME(winograd_inputs)(const cnn__chunk *p, const float *x) {
  const cnn__winograd *s = p->s;
  for (int64_t at = 0; at < p->tiles;) {
    cnn__stretch t = cnn__stretch_at(p, at);
    cnn__rows r = cnn__rows_of(s, x + t.image * s->h * s->w * s->c, 2 * t.row - s->pt, 4);
    for (int64_t q = 0; q < s->c; q += CNN__LANES) {
      float *v = p->v + q / CNN__CBLOCK * p->v_block + at * CNN__CBLOCK + q % CNN__CBLOCK;
      if (s->c - q >= CNN__LANES) {
        transform_lanes(p, &t, &r, CNN__LANES, v);
      } else {
        transform_lanes(p, &t, &r, s->c - q, v);
      }
      for (int64_t i = 0; i < 4; i++)
        r.at[i] += r.pixel[i] ? CNN__LANES : 0;
    }
    at += t.count;
  }
}

/* All points of the chunk for one or two times sixteen output channels. */
static void multiply(const plan *p, const float *u, int64_t slices, const float *bias) {
  static const float zeros[CNN__LANES];
  for (int64_t point = 0; point < CNN__POINTS; point++, u += p->c.s->c * CNN__LANES) {
    cnn__point at = {.c = p->c.s->c, .tiles = p->c.tiles, .v = p->c.v + point * p->c.v_point, .u = u,
                     .v_block = p->c.v_block, .m = p->m + point * p->m_point, .u_slice = CNN__POINTS * p->c.s->c * CNN__LANES,
                     .m_slice = p->m_slice, .init = zeros};
    if (point == CNN__CENTRE) {
      at.init = bias;
      at.init_slice = CNN__LANES;
    }
    CNN__NAME(winograd_products)(&at, slices);
  }
}

/* One tile's outputs: rows and columns of it that the image has. */
CNN__INLINE void write_tile(const plan *p, const float *m, int32_t two_rows, int32_t two_columns, int64_t lanes,
                            int32_t relu, float *y) {
  cnn__vec t[2][4], zero = cnn__vset(0.0f);
  CNN__UNROLL
  for (int j = 0; j < 4; j++, m += p->m_point) {
    cnn__vec m1 = cnn__vload(m + 4 * p->m_point), m2 = cnn__vload(m + 8 * p->m_point);
    t[0][j] = cnn__vadd(cnn__vadd(cnn__vload(m), m1), m2);
    t[1][j] = cnn__vsub(cnn__vsub(m1, m2), cnn__vload(m + 12 * p->m_point));
  }
  CNN__UNROLL
  for (int i = 0; i < 2; i++) {
    cnn__vec left = cnn__vadd(cnn__vadd(t[i][0], t[i][1]), t[i][2]);
    cnn__vec right = cnn__vsub(cnn__vsub(t[i][1], t[i][2]), t[i][3]);
    if (relu) {
      left = cnn__vselect(cnn__vgreater(zero, left), zero, left);
      right = cnn__vselect(cnn__vgreater(zero, right), zero, right);
    }
    if (i == 0 || two_rows) {
      float *to = y + i * p->c.s->ow * p->c.s->f;
      cnn__vput(to, lanes, left);
      if (two_columns)
        cnn__vput(to + p->c.s->f, lanes, right);
    }
  }
}

CNN__INLINE void write_stretch(const plan *p, const cnn__stretch *t, const float *m, int64_t lanes, int32_t relu, float *y) {
  const cnn__winograd *s = p->c.s;
  m += t->at * CNN__LANES;
  int64_t row = 2 * t->row, left = 2 * t->column;
  y += ((t->image * s->oh + row) * s->ow + left) * s->f;
  for (int64_t k = 0; k < t->count; k++, left += 2, m += CNN__LANES, y += 2 * s->f)
    write_tile(p, m, row + 1 < s->oh, left + 1 < s->ow, lanes, relu, y);
}

static void write_outputs(const plan *p, const float *m, int64_t lanes, int32_t relu, float *y) {
  for (int64_t at = 0; at < p->c.tiles;) {
    cnn__stretch t = cnn__stretch_at(&p->c, at);
    if (lanes == CNN__LANES) {
      write_stretch(p, &t, m, CNN__LANES, relu, y);
    } else {
      write_stretch(p, &t, m, lanes, relu, y);
    }
    at += t.count;
  }
}

/* Channels of the k-th sixteen from q on. */
CNN__INLINE int64_t lanes_at(const cnn__winograd *s, int64_t q, int64_t k) { return cnn__at_most(s->f - q - k * CNN__LANES, CNN__LANES); }

void CNN__NAME(winograd)(const cnn__winograd *s, int64_t n, const float *x, const float *packed, const float *bias,
                         int32_t relu, float *y, void *scratch) {
  int64_t most = cnn__winograd_chunk(s), total = n * s->down * s->across;
  for (int64_t first = 0, tiles; first < total; first += tiles) {
    tiles = cnn__next_chunk(total - first, most);
    plan p = {.c = cnn__chunk_of(s, first, tiles, scratch), .m_point = (tiles | 1) * CNN__LANES};
    p.m = p.c.v + CNN__POINTS * p.c.v_point;
    CNN__NAME(winograd_inputs)(&p.c, x);
    p.m_slice = CNN__POINTS * p.m_point;
    for (int64_t q = 0, slices; q < s->f; q += slices * CNN__LANES) {
      float start[CNN__PRODUCT_SLICES * CNN__LANES];
      slices = s->f - q > CNN__LANES ? CNN__PRODUCT_SLICES : 1;
      for (int64_t k = 0; k < slices; k++)
        cnn__vstore(start + k * CNN__LANES, bias ? cnn__vget(bias + q + k * CNN__LANES, lanes_at(s, q, k)) : cnn__vset(0.0f));
      multiply(&p, packed + q * CNN__POINTS * s->c, slices, start);
      for (int64_t k = 0; k < slices; k++)
        write_outputs(&p, p.m + k * p.m_slice, lanes_at(s, q, k), relu, y + q + k * CNN__LANES);
    }
  }
}
