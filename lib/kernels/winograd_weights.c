/* winograd_weights: the kernel gradient of F(2x2, 3x3) in vectors.
 *
 * An image's tiles go in chunks: inputs transformed as forward does, v, and the gradients of the outputs transformed into
 * d [point][sixteen channels][tile][16]; then at each point the products of all pairs of channels, summed over the tiles,
 * in m [point][sixteen output channels][input channel][16]. After the image's last chunk m becomes taps. */
#include "kernels/winograd_tiles.h"

#if CNN__VECTORS >= 16
#define INPUTS 8 /* of a tile of sums, times two vectors of outputs */
#define PAIR 2
#else
#define INPUTS 6
#define PAIR 1
#endif

typedef struct plan {
  cnn__chunk c;
  int64_t slices; /* of sixteen output channels */
  float *d, *m;
  int64_t d_slice, d_point, m_slice, m_point;
  int32_t first; /* chunk of the image: the sums start */
} plan;

static plan plan_of(const cnn__winograd *s, int64_t first, int64_t tiles, float *scratch) {
  plan p = {.c = cnn__chunk_of(s, first, tiles, NULL), .slices = (s->f + CNN__LANES - 1) / CNN__LANES};
  p.m_slice = s->c * CNN__LANES;
  p.m_point = p.slices * p.m_slice + CNN__LANES;
  p.d_slice = tiles * CNN__LANES;
  p.d_point = p.slices * p.d_slice + CNN__LANES;
  p.m = scratch;
  p.c.v = p.m + CNN__POINTS * p.m_point;
  p.d = p.c.v + CNN__POINTS * p.c.v_point;
  p.first = first % (s->down * s->across) == 0;
  return p;
}

/* One tile's gradients, transformed down, then across: y [2][2] of which some may lie outside. */
CNN__INLINE void transform_tile(const plan *p, const float *dy, int32_t two_rows, int32_t two_columns, int64_t lanes,
                                float *to) {
  const cnn__winograd *s = p->c.s;
  cnn__vec zero = cnn__vset(0.0f), t[4][2];
  CNN__UNROLL
  for (int j = 0; j < 2; j++) {
    cnn__vec above = zero, below = zero;
    if (j == 0 || two_columns) {
      above = cnn__vget(dy + j * s->f, lanes);
      if (two_rows)
        below = cnn__vget(dy + (s->ow + j) * s->f, lanes);
    }
    t[0][j] = above;
    t[1][j] = cnn__vadd(above, below);
    t[2][j] = cnn__vsub(above, below);
    t[3][j] = cnn__vsub(zero, below);
  }
  CNN__UNROLL
  for (int i = 0; i < 4; i++, to += 4 * p->d_point) {
    cnn__vstore(to, t[i][0]);
    cnn__vstore(to + p->d_point, cnn__vadd(t[i][0], t[i][1]));
    cnn__vstore(to + 2 * p->d_point, cnn__vsub(t[i][0], t[i][1]));
    cnn__vstore(to + 3 * p->d_point, cnn__vsub(zero, t[i][1]));
  }
}

CNN__INLINE void transform_stretch(const plan *p, const cnn__stretch *t, int64_t lanes, const float *dy, float *to) {
  const cnn__winograd *s = p->c.s;
  int64_t row = 2 * t->row, left = 2 * t->column;
  dy += ((t->image * s->oh + row) * s->ow + left) * s->f;
  for (int64_t k = 0; k < t->count; k++, left += 2, dy += 2 * s->f, to += CNN__LANES)
    transform_tile(p, dy, row + 1 < s->oh, left + 1 < s->ow, lanes, to);
}

static void transform_gradients(const plan *p, const float *dy) {
  for (int64_t at = 0; at < p->c.tiles;) {
    cnn__stretch t = cnn__stretch_at(&p->c, at);
    float *to = p->d + at * CNN__LANES;
    for (int64_t q = 0; q < p->c.s->f; q += CNN__LANES, to += p->d_slice) {
      if (p->c.s->f - q >= CNN__LANES) {
        transform_stretch(p, &t, CNN__LANES, dy + q, to);
      } else {
        transform_stretch(p, &t, p->c.s->f - q, dy + q, to);
      }
    }
    at += t.count;
  }
}

/* The sums of some inputs times one or two vectors of outputs at one point. */
CNN__INLINE void product(const int inputs, const int vectors, const plan *p, const float *v, const float *d, float *m) {
  cnn__vec acc[INPUTS * 2], zero = cnn__vset(0.0f);
  CNN__UNROLL
  for (int e = 0; e < inputs * vectors; e++)
    acc[e] = p->first ? zero : cnn__vload(m + e % vectors * p->m_slice + e / vectors * CNN__LANES);
  const float *other = d + (vectors - 1) * p->d_slice;
  for (int64_t count = p->c.tiles; count > 0; count--) {
    cnn__vec d0 = cnn__vload(d), d1 = vectors > 1 ? cnn__vload(other) : d0;
    CNN__UNROLL
    for (int e = 0; e < inputs; e++) {
      cnn__vec input = cnn__vset(v[e]);
      acc[e * vectors] = cnn__vfma(input, d0, acc[e * vectors]);
      if (vectors > 1)
        acc[e * vectors + 1] = cnn__vfma(input, d1, acc[e * vectors + 1]);
    }
    v += CNN__CBLOCK;
    d += CNN__LANES;
    other += CNN__LANES;
    CNN__HIDE(v);
    CNN__HIDE(d);
    CNN__HIDE(other);
  }
  CNN__UNROLL
  for (int e = 0; e < inputs * vectors; e++)
    cnn__vstore(m + e % vectors * p->m_slice + e / vectors * CNN__LANES, acc[e]);
}

typedef void product_fn(const plan *p, const float *v, const float *d, float *m);

#define PRODUCT(inputs)                                                                                              \
  static void one_##inputs(const plan *p, const float *v, const float *d, float *m) { product(inputs, 1, p, v, d, m); } \
  static void pair_##inputs(const plan *p, const float *v, const float *d, float *m) { product(inputs, PAIR, p, v, d, m); }
PRODUCT(1)
PRODUCT(2)
PRODUCT(3)
PRODUCT(4)
PRODUCT(5)
PRODUCT(6)
#if INPUTS > 6
PRODUCT(7)
PRODUCT(8)
#endif

static product_fn *const products[2][INPUTS + 1] = {
#if INPUTS > 6
  {NULL, one_1, one_2, one_3, one_4, one_5, one_6, one_7, one_8},
  {NULL, pair_1, pair_2, pair_3, pair_4, pair_5, pair_6, pair_7, pair_8},
#else
  {NULL, one_1, one_2, one_3, one_4, one_5, one_6},
  {NULL, pair_1, pair_2, pair_3, pair_4, pair_5, pair_6},
#endif
};

/* One point: all input channels times one or two slices of output channels. */
static void multiply_slices(const plan *p, int64_t slices, const float *v, const float *d, float *m) {
  for (int64_t left = p->c.s->c; left > 0; left -= CNN__CBLOCK, v += p->c.v_block)
    for (int64_t block = cnn__at_most(left, CNN__CBLOCK), at = 0, count; at < block; at += count, m += count * CNN__LANES) {
      count = cnn__chunk_tiles(block - at, INPUTS);
      products[slices > 1][count](p, v + at, d, m);
    }
}

static void multiply(const plan *p) {
  for (int64_t point = 0; point < CNN__POINTS; point++) {
    const float *v = p->c.v + point * p->c.v_point, *d = p->d + point * p->d_point;
    float *m = p->m + point * p->m_point;
    for (int64_t slice = 0, step; slice < p->slices; slice += step) {
      step = cnn__at_most(p->slices - slice, PAIR);
      multiply_slices(p, step, v, d + slice * p->d_slice, m + slice * p->m_slice);
    }
  }
}

typedef struct taps {
  cnn__vec t[3];
} taps;

CNN__INLINE taps taps_of(cnn__vec m0, cnn__vec m1, cnn__vec m2, cnn__vec m3) {
  cnn__vec half = cnn__vset(0.5f), outer = cnn__vmul(cnn__vadd(m1, m2), half);
  return (taps){{cnn__vadd(m0, outer), cnn__vmul(cnn__vsub(m1, m2), half), cnn__vadd(outer, m3)}};
}

/* The sums of one input channel and sixteen output channels, transformed down, then across, written or added to dw. */
CNN__INLINE void write_taps(const plan *p, const float *m, int64_t lanes, int32_t add, float *dw) {
  const cnn__winograd *s = p->c.s;
  int64_t row = 4 * p->m_point;
  taps down[4];
  CNN__UNROLL
  for (int j = 0; j < 4; j++, m += p->m_point)
    down[j] = taps_of(cnn__vload(m), cnn__vload(m + row), cnn__vload(m + 2 * row), cnn__vload(m + 3 * row));
  CNN__UNROLL
  for (int i = 0; i < 3; i++) {
    taps across = taps_of(down[0].t[i], down[1].t[i], down[2].t[i], down[3].t[i]);
    CNN__UNROLL
    for (int j = 0; j < 3; j++, dw += s->c * s->f)
      cnn__vput(dw, lanes, add ? cnn__vadd(cnn__vget(dw, lanes), across.t[j]) : across.t[j]);
  }
}

static void write_kernel(const plan *p, int32_t add, float *dw) {
  const cnn__winograd *s = p->c.s;
  for (int64_t q = 0; q < s->f; q += CNN__LANES)
    for (int64_t c = 0; c < s->c; c++) {
      const float *m = p->m + q / CNN__LANES * p->m_slice + c * CNN__LANES;
      if (s->f - q >= CNN__LANES) {
        write_taps(p, m, CNN__LANES, add, dw + c * s->f + q);
      } else {
        write_taps(p, m, s->f - q, add, dw + c * s->f + q);
      }
    }
}

void CNN__NAME(winograd_weights)(const cnn__winograd *s, int64_t n, const float *x, const float *dy, int32_t add, float *dw,
                                 void *scratch) {
  int64_t tiles = s->down * s->across;
  for (int64_t image = 0; image < n; image++) {
    for (int64_t at = 0, count; at < tiles; at += count) {
      count = cnn__chunk_tiles(tiles - at, CNN__WEIGHTS_CHUNK);
      plan p = plan_of(s, image * tiles + at, count, scratch);
      CNN__NAME(winograd_inputs)(&p.c, x);
      transform_gradients(&p, dy);
      multiply(&p);
      if (at + count == tiles)
        write_kernel(&p, add || image > 0, dw);
    }
  }
}
