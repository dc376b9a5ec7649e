/* winograd4_weights: the kernel gradient of F(4x4, 3x3) in vectors.
 *
 * Tiles go in groups: inputs transformed as forward does, v, and the gradients of the outputs transformed into d
 * [point][sixteen channels][tile][16]; then, for a block of some inputs times one or two vectors of outputs, at each point
 * the products summed over the tiles, which stay in the first cache until they become taps. */
#include "kernels/winograd4_tiles.h"
#include "kernels/winograd_products.h"

/* Fewer than sixteen lanes: rare, and long where there are no masks. */
__attribute__((noinline)) static cnn__vec get_some(const float *p, int64_t lanes) { return cnn__vload_n(p, lanes); }
__attribute__((noinline)) static void put_some(float *p, int64_t lanes, cnn__vec a) { cnn__vstore_n(p, lanes, a); }

typedef struct plan {
  cnn__chunk4 c;
  int64_t slices; /* of sixteen output channels */
  float *d, *m;
  int64_t d_slice, d_point;
} plan;

static void plan_of(const cnn__winograd *s, int64_t first, int64_t tiles, float *scratch, plan *p) {
  CNN__NAME(winograd4_chunk)(s, first, tiles, &p->c);
  p->slices = (s->f + CNN__LANES - 1) / CNN__LANES;
  p->d_slice = tiles * CNN__LANES;
  p->d_point = p->slices * p->d_slice + CNN__LANES;
  p->m = scratch;
  p->c.room = p->m + CNN__POINTS4 * CNN__SUMS4;
  p->c.v = p->c.room + CNN__ROOM4;
  p->d = p->c.v + CNN__POINTS4 * p->c.v_point;
}

/* As many gradients along an axis as a tile has outputs, to its points. */
CNN__INLINE void to_points(const int points, const cnn__vec d[4], cnn__vec t[6]) {
  cnn__vec a = cnn__vset(CNN__A), minus_a = cnn__vset(-CNN__A);
  t[0] = d[0];
  if (points == 4) {
    t[1] = cnn__vfma(a, d[1], d[0]);
    t[2] = cnn__vfma(minus_a, d[1], d[0]);
    t[3] = d[1];
    return;
  }
  cnn__vec b = cnn__vset(CNN__B), minus_b = cnn__vset(-CNN__B), a2 = cnn__vset(CNN__A2), b2 = cnn__vset(CNN__B2);
  cnn__vec even = cnn__vfma(a2, d[2], d[0]), odd = cnn__vfma(a2, d[3], d[1]);
  t[1] = cnn__vfma(a, odd, even);
  t[2] = cnn__vfma(minus_a, odd, even);
  t[3] = d[3];
  even = cnn__vfma(b2, d[2], d[0]);
  odd = cnn__vfma(b2, d[3], d[1]);
  t[4] = cnn__vfma(b, odd, even);
  t[5] = cnn__vfma(minus_b, odd, even);
}

#define COLUMN (6 * CNN__LANES) /* floats of a column in the room */

/* The columns of gradients of a stretch, transformed down; 0 where they stick out. */
CNN__INLINE void transform_down(const int points, const plan *p, const cnn__stretch4 *t, const float *dy, int64_t lanes) {
  const cnn__winograd *s = p->c.s;
  const int outputs = points - 2;
  int64_t at = 4 * t->column, rows = s->oh - 4 * t->row, end = at + 4 * t->count - (t->small_column ? 2 : 0);
  float *to = p->c.room;
  dy += ((t->image * s->oh + 4 * t->row) * s->ow + at) * s->f;
  for (; at < end; at++, dy += s->f, to += COLUMN) {
    cnn__vec d[4], points_of[6];
    CNN__UNROLL
    for (int i = 0; i < outputs; i++) {
      d[i] = i < rows && at < s->ow ? (lanes == CNN__LANES ? cnn__vload(dy + i * s->ow * s->f) : get_some(dy + i * s->ow * s->f, lanes)) : cnn__vset(0.0f);
      CNN__HOLD(d[i]);
    }
    to_points(points, d, points_of);
    CNN__UNROLL
    for (int i = 0; i < points; i++)
      cnn__vstore(to + i * CNN__LANES, points_of[i]);
  }
}

/* The rows of a tile's points, across; d is its slice of channels, k its number in the stretch. */
CNN__INLINE void transform_tile(const int points, const plan *p, const cnn__stretch4 *s, int64_t k, float *d) {
  const int outputs = points - 2;
  const float *from = p->c.room + 4 * k * COLUMN;
  int count = s->small_row ? 4 : 6;
  for (int i = 0; i < count; i++, d += 6 * p->d_point, from += CNN__LANES) {
    float *below = d + (s->at[cnn__kind(i, 0)] + k) * CNN__LANES, *beyond = d + (s->at[cnn__kind(i, 4)] + k) * CNN__LANES;
    cnn__vec given[4], t[6];
    CNN__UNROLL
    for (int j = 0; j < outputs; j++) {
      given[j] = cnn__vload(from + j * COLUMN);
      CNN__HOLD(given[j]);
    }
    to_points(points, given, t);
    CNN__UNROLL
    for (int j = 0; j < points; j++)
      cnn__vstore((j < 4 ? below : beyond) + j * p->d_point, t[j]);
  }
}

static void transform_stretch(const plan *p, const cnn__stretch4 *s, const float *dy, int64_t lanes, float *d) {
  if (s->small_row)
    transform_down(4, p, s, dy, lanes);
  else
    transform_down(6, p, s, dy, lanes);
  int64_t whole = s->count - s->small_column;
  for (int64_t k = 0; k < whole; k++)
    transform_tile(6, p, s, k, d);
  if (s->small_column)
    transform_tile(4, p, s, whole, d);
}

static void transform_gradients(const plan *p, const float *dy) {
  const cnn__winograd *s = p->c.s;
  for (const cnn__stretch4 *t = p->c.part; t < p->c.part + p->c.parts; t++) {
    float *d = p->d;
    for (int64_t q = 0; q < s->f; q += CNN__LANES, d += p->d_slice) {
      int64_t lanes = cnn__at_most(s->f - q, CNN__LANES);
      transform_stretch(p, t, dy + q, lanes, d);
    }
  }
}

typedef struct taps {
  cnn__vec t[3];
} taps;

CNN__INLINE taps taps_of(const cnn__vec m[6]) {
  cnn__vec sum = cnn__vadd(m[1], m[2]), difference = cnn__vsub(m[1], m[2]);
  cnn__vec other = cnn__vadd(m[4], m[5]), apart = cnn__vsub(m[4], m[5]);
  cnn__vec first = cnn__vfma(cnn__vset(CNN__OF_B), other, cnn__vmul(m[0], cnn__vset(CNN__OF_0)));
  return (taps){{cnn__vfma(cnn__vset(CNN__OF_A), sum, first),
                 cnn__vfma(cnn__vset(CNN__OF_A1), difference, cnn__vmul(apart, cnn__vset(CNN__OF_B1))),
                 cnn__vfma(cnn__vset(CNN__OF_AB2), cnn__vsub(other, sum), m[3])}};
}

CNN__INLINE void add_to(float *dw, int64_t lanes, int32_t add, cnn__vec t) {
  if (lanes == CNN__LANES)
    cnn__vstore(dw, add ? cnn__vadd(cnn__vload(dw), t) : t);
  else
    put_some(dw, lanes, add ? cnn__vadd(get_some(dw, lanes), t) : t);
}

/* The sums of one input channel and sixteen output channels, transformed down, then across, written or added to dw. */
CNN__INLINE void write_taps(const plan *p, const float *m, int64_t lanes, int32_t add, float *dw) {
  const cnn__winograd *s = p->c.s;
  int columns = 6, rows = 3;
  taps down[6];
  CNN__HIDE(columns);
  CNN__HIDE(rows);
  for (int j = 0; j < columns; j++) {
    cnn__vec column[6];
    CNN__UNROLL
    for (int i = 0; i < 6; i++) {
      column[i] = cnn__vload(m + (6 * i + j) * CNN__SUMS4);
      CNN__HOLD(column[i]);
    }
    down[j] = taps_of(column);
  }
  for (int i = 0; i < rows; i++) {
    cnn__vec row[6];
    CNN__UNROLL
    for (int j = 0; j < 6; j++)
      row[j] = down[j].t[i];
    taps across = taps_of(row);
    CNN__UNROLL
    for (int j = 0; j < 3; j++, dw += s->c * s->f)
      add_to(dw, lanes, add, across.t[j]);
  }
}

/* Some input channels and slices of outputs; dw points at the first of both. */
static void write_block(const plan *p, int64_t inputs, int64_t slices, int64_t outputs, int32_t add, float *dw) {
  for (int64_t slice = 0; slice < slices; slice++, outputs -= CNN__LANES)
    for (int64_t i = 0; i < inputs; i++) {
      const float *m = p->m + (slice * CNN__SUM_INPUTS + i) * CNN__LANES;
      float *to = dw + i * p->c.s->f + slice * CNN__LANES;
      write_taps(p, m, cnn__at_most(outputs, CNN__LANES), add, to);
    }
}

/* The block from input channel c and slice of outputs on, at all points. */
static void sum_block(const plan *p, int64_t c, int64_t inputs, int64_t slice, int64_t slices) {
  const float *v = p->c.v + c / CNN__CBLOCK * p->c.v_block + c % CNN__CBLOCK, *d = p->d + slice * p->d_slice;
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++) {
      int64_t point = 6 * i + j;
      cnn__sums sums = {.tiles = p->c.tiles[cnn__kind(i, j)], .v = v + point * p->c.v_point, .d = d + point * p->d_point,
                        .d_slice = p->d_slice, .m = p->m + point * CNN__SUMS4, .m_slice = CNN__SUM_INPUTS * CNN__LANES};
      CNN__NAME(winograd_sums)(&sums, inputs, slices);
    }
}

static void multiply(const plan *p, int32_t add, float *dw) {
  const cnn__winograd *s = p->c.s;
  for (int64_t slice = 0, slices; slice < p->slices; slice += slices) {
    slices = cnn__at_most(p->slices - slice, CNN__SUM_SLICES);
    for (int64_t c = 0, inputs; c < s->c; c += inputs) {
      inputs = cnn__next_chunk(cnn__at_most(s->c - c, CNN__CBLOCK - c % CNN__CBLOCK), CNN__SUM_INPUTS);
      sum_block(p, c, inputs, slice, slices);
      write_block(p, inputs, slices, s->f - slice * CNN__LANES, add, dw + c * s->f + slice * CNN__LANES);
    }
  }
}

void CNN__NAME(winograd4_weights)(const cnn__winograd *s, int64_t n, const float *x, const float *dy, int32_t add, float *dw,
                                  void *scratch) {
  int64_t total = n * s->down * s->across;
  plan p;
  for (int64_t first = 0, tiles; first < total; first += tiles) {
    tiles = cnn__winograd4_group(s, total - first);
    plan_of(s, first, tiles, scratch, &p);
    CNN__NAME(winograd4_inputs)(&p.c, x);
    transform_gradients(&p, dy);
    multiply(&p, add || first > 0, dw);
  }
}
