/* winograd_products: a tile of sums, one accumulator for each tile of the convolution; its inputs are broadcast operands. */
#include "kernels/winograd_products.h"

#include "kernels/conv_layout.h"
#include "kernels/tile.h"
#include "kernels/winograd.h"

/* Tiles side by side, with an accumulator for each of their vectors of outputs. */
#if CNN__VECTORS >= 32
#define MOST 8
#else
#define MOST CNN__TILE
#endif

/* The chains of `width` tiles and of one or two vectors of outputs. */
CNN__INLINE void product(const int width, const int slices, const cnn__point *p, int64_t tile) {
  const float *u = p->u, *other = u + (slices - 1) * p->u_slice, *v = p->v + tile * CNN__CBLOCK;
  float *m = p->m + tile * CNN__LANES;
  cnn__vec acc[2 * MOST], start = cnn__vload(p->init), other_start = slices > 1 ? cnn__vload(p->init + p->init_slice) : start;
  CNN__UNROLL
  for (int e = 0; e < width * slices; e++)
    acc[e] = e % slices ? other_start : start;
  if (p->go_on) {
    CNN__UNROLL
    for (int e = 0; e < width * slices; e++)
      acc[e] = cnn__vload(m + e % slices * p->m_slice + e / slices * CNN__LANES);
  }
  for (int64_t left = p->c; left > 0; left -= CNN__CBLOCK, v += p->v_block) {
    const float *x = v;
    for (int64_t count = cnn__at_most(left, CNN__CBLOCK); count > 0; count--) {
      cnn__vec first = cnn__vload(u), second = slices > 1 ? cnn__vload(other) : first;
      CNN__UNROLL
      for (int t = 0; t < width; t++) {
        cnn__vec input = cnn__vset(x[t * CNN__CBLOCK]);
        acc[t * slices] = cnn__vfma(input, first, acc[t * slices]);
        if (slices > 1)
          acc[t * slices + 1] = cnn__vfma(input, second, acc[t * slices + 1]);
      }
      x++;
      u += CNN__LANES;
      other += CNN__LANES;
      CNN__HIDE(x);
      CNN__HIDE(u);
      CNN__HIDE(other);
    }
  }
  CNN__UNROLL
  for (int e = 0; e < width * slices; e++)
    cnn__vstore(m + e % slices * p->m_slice + e / slices * CNN__LANES, acc[e]);
}

typedef void product_fn(const cnn__point *p, int64_t tile);

#define PRODUCT(width) \
  static void product_##width(const cnn__point *p, int64_t tile) { product(width, 1, p, tile); } \
  static void products_##width(const cnn__point *p, int64_t tile) { product(width, CNN__PRODUCT_SLICES, p, tile); }
PRODUCT(1)
PRODUCT(2)
PRODUCT(3)
PRODUCT(4)
PRODUCT(5)
PRODUCT(6)
#if MOST > 6
PRODUCT(7)
PRODUCT(8)
static void product_all(const cnn__point *p, int64_t tile) { product(2 * MOST, 1, p, tile); }
#endif

static product_fn *const products[2][MOST + 1] = {
#if MOST > 6
  {NULL, product_1, product_2, product_3, product_4, product_5, product_6, product_7, product_8},
  {NULL, products_1, products_2, products_3, products_4, products_5, products_6, products_7, products_8},
#else
  {NULL, product_1, product_2, product_3, product_4, product_5, product_6},
  {NULL, products_1, products_2, products_3, products_4, products_5, products_6},
#endif
};

void CNN__NAME(winograd_products)(const cnn__point *p, int64_t slices) {
  int64_t t = 0;
#if MOST > 6
  for (; slices == 1 && p->tiles - t >= 2 * MOST; t += 2 * MOST)
    product_all(p, t);
#endif
  for (int64_t width; t < p->tiles; t += width) {
    width = cnn__next_chunk(p->tiles - t, MOST);
    products[slices > 1][width](p, t);
  }
}

/* The sums of some inputs times one or two vectors of outputs. */
CNN__INLINE void sum(const int inputs, const int slices, const cnn__sums *s) {
  cnn__vec acc[CNN__SUM_INPUTS * 2], zero = cnn__vset(0.0f);
  CNN__UNROLL
  for (int e = 0; e < inputs * slices; e++)
    acc[e] = s->go_on ? cnn__vload(s->m + e % slices * s->m_slice + e / slices * CNN__LANES) : zero;
  const float *v = s->v, *d = s->d, *other = d + (slices - 1) * s->d_slice;
  for (int64_t count = s->tiles; count > 0; count--) {
    cnn__vec d0 = cnn__vload(d), d1 = slices > 1 ? cnn__vload(other) : d0;
    CNN__UNROLL
    for (int e = 0; e < inputs; e++) {
      cnn__vec input = cnn__vset(v[e]);
      acc[e * slices] = cnn__vfma(input, d0, acc[e * slices]);
      if (slices > 1)
        acc[e * slices + 1] = cnn__vfma(input, d1, acc[e * slices + 1]);
    }
    v += CNN__CBLOCK;
    d += CNN__LANES;
    other += CNN__LANES;
    CNN__HIDE(v);
    CNN__HIDE(d);
    CNN__HIDE(other);
  }
  CNN__UNROLL
  for (int e = 0; e < inputs * slices; e++)
    cnn__vstore(s->m + e % slices * s->m_slice + e / slices * CNN__LANES, acc[e]);
}

typedef void sum_fn(const cnn__sums *s);

#define SUM(inputs)                                                    \
  static void one_##inputs(const cnn__sums *s) { sum(inputs, 1, s); } \
  static void pair_##inputs(const cnn__sums *s) { sum(inputs, CNN__SUM_SLICES, s); }
SUM(1)
SUM(2)
SUM(3)
SUM(4)
SUM(5)
SUM(6)
#if CNN__SUM_INPUTS > 6
SUM(7)
SUM(8)
#endif

static sum_fn *const sums[2][CNN__SUM_INPUTS + 1] = {
#if CNN__SUM_INPUTS > 6
  {NULL, one_1, one_2, one_3, one_4, one_5, one_6, one_7, one_8},
  {NULL, pair_1, pair_2, pair_3, pair_4, pair_5, pair_6, pair_7, pair_8},
#else
  {NULL, one_1, one_2, one_3, one_4, one_5, one_6},
  {NULL, pair_1, pair_2, pair_3, pair_4, pair_5, pair_6},
#endif
};

void CNN__NAME(winograd_sums)(const cnn__sums *s, int64_t inputs, int64_t slices) { sums[slices > 1][inputs](s); }
