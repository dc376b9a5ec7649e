/* gemm: the matrix products of dense layers in vectors, by the tile of tile.h: rows of a are its pixels. */
#include "kernels/tile.h"

/* Written by gemm_pack.c and gemm_tn.c. */
void CNN__NAME(gemm_pack_init)(cnn__kernels *t);
void CNN__NAME(gemm_tn_init)(cnn__kernels *t);

/* Terms between two visits of the sums in memory: the rows of a tile and the part of a panel, or of two, stay in the first
 * cache. */
#define DEPTH (512 / CNN__PAIR)

/* Rows whose part of this depth stays in the second cache from one panel to the next. */
#define BLOCK 192

/* Rows of a tile: where their distance is a power of two they share a few lines of the first cache, which hold eight. */
#define ROWS (CNN__TILE < 8 ? CNN__TILE : 8)

/* A few rows would be as few chains, each waiting for itself: then several panels go side by side. */
#if CNN__VECTORS >= 16
#define NARROW 3
#define PANELS(rows) ((rows) == 1 ? 8 : (rows) > NARROW ? 2 : 4)
#define OF_SHARD 8
#define MASKED 1 /* for nothing */
#else
#define NARROW 2
#define PANELS(rows) ((rows) == 1 ? 4 : 2)
#define OF_SHARD 2
#define MASKED 0
#endif

/* Terms of sums so short that beginning and ending a tile counts: a shard's rows then go OF_SHARD at a time. */
#define SHORT 128

typedef struct strip {
  const float *a, *packed, *bias;
  int64_t m, k, lda, ldc;
  float *c;
  int64_t lanes; /* of the last panel */
  int32_t relu;
} strip;

/* The rows of s, `rows` at a time, times `panels` panels; where masks cost something the last one is whole. */
CNN__INLINE void strip_tile(const int rows, const int panels, const strip *given) {
  const strip here = *given, *s = &here; /* which stores cannot change */
  for (int64_t i0 = 0; i0 < s->m; i0 += rows) {
    cnn__vec acc[16];
    const float *a[OF_SHARD], *w[8];
    CNN__UNROLL
    for (int q = 0; q < panels; q++)
      w[q] = s->packed + q * s->k * CNN__LANES;
    CNN__UNROLL
    for (int i = 0; i < rows; i++)
      a[i] = s->a + (i0 + i) * s->lda;
    CNN__UNROLL
    for (int e = 0; e < rows * panels; e++)
      acc[e] = !s->bias                  ? cnn__vset(0.0f)
               : e % panels < panels - 1 ? cnn__vload(s->bias + e % panels * CNN__LANES)
                                         : cnn__vload_n(s->bias + e % panels * CNN__LANES, s->lanes);
    for (int64_t left = s->k; left > 0; left--) {
      CNN__UNROLL
      for (int q = 0; q < panels; q++) {
        cnn__vec weights = cnn__vload(w[q]);
        CNN__UNROLL
        for (int i = 0; i < rows; i++)
          acc[i * panels + q] = cnn__vfma(cnn__vset(*a[i]), weights, acc[i * panels + q]);
        w[q] += CNN__LANES;
        CNN__HIDE(w[q]);
      }
      CNN__UNROLL
      for (int i = 0; i < rows; i++) {
        a[i]++;
        CNN__HIDE(a[i]);
      }
    }
    const cnn__vec zero = cnn__vset(0.0f);
    CNN__UNROLL
    for (int e = 0; e < rows * panels; e++) {
      if (s->relu)
        acc[e] = cnn__vselect(cnn__vgreater(zero, acc[e]), zero, acc[e]);
      float *c = s->c + (i0 + e / panels) * s->ldc + e % panels * CNN__LANES;
      if (MASKED && e % panels == panels - 1)
        cnn__vput(c, s->lanes, acc[e]);
      else
        cnn__vstore(c, acc[e]);
    }
  }
}

#define STRIP(rows, panels) \
  static void strip_##rows##_##panels(const strip *s) { strip_tile(rows, panels, s); }
#if MASKED
STRIP(1, 1)
STRIP(1, 2)
STRIP(1, 3)
STRIP(1, 4)
STRIP(1, 8)
STRIP(2, 4)
STRIP(3, 4)
STRIP(8, 1)
STRIP(8, 2)
static void (*const strip_tiles[OF_SHARD + 1][9])(const strip *s) = {
  [1] = {NULL, strip_1_1, strip_1_2, strip_1_3, strip_1_4, [8] = strip_1_8},
  [2] = {[4] = strip_2_4}, [3] = {[4] = strip_3_4}, [8] = {NULL, strip_8_1, strip_8_2}};
#else
STRIP(1, 2)
STRIP(1, 4)
STRIP(2, 2)
static void (*const strip_tiles[OF_SHARD + 1][9])(const strip *s) = {
  [1] = {[2] = strip_1_2, [4] = strip_1_4}, [2] = {[2] = strip_2_2}};
#endif

/* As many columns as go in strips; returns their number. */
static int64_t strips(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *packed,
                      const float *bias, int32_t relu, float *c, int64_t ldc) {
  int64_t j = 0, rows = m > NARROW ? OF_SHARD : m, panels = PANELS(rows);
  if (m < 1 || (m > NARROW && (m != CNN__SHARD || k > SHORT)))
    return 0;
  while (j < n) {
    int64_t left = MASKED ? cnn__gemm_panels(n - j) : (n - j) / CNN__LANES;
    while (panels > left || !strip_tiles[rows][panels])
      if (--panels == 0)
        return j;
    strip s = {a, packed + j * k, bias ? bias + j : NULL, m, k, lda, ldc, c + j, CNN__LANES, relu};
    if (panels * CNN__LANES > n - j)
      s.lanes = n - j - (panels - 1) * CNN__LANES;
    strip_tiles[rows][panels](&s);
    j += panels * CNN__LANES;
  }
  return n;
}

#if CNN__PAIR > 1
#define TILE_OF(pair, rows) ((pair) ? CNN__NAME(pairs)[rows] : CNN__NAME(tiles)[rows])
#else
#define TILE_OF(pair, rows) CNN__NAME(tiles)[rows]
#endif

/* Share number `part` of the panels that come next, while there is something to do. */
static void look_ahead(const float *next, int64_t floats, int64_t panels, int64_t panel, int64_t part, int64_t parts) {
  for (int64_t q = 0; q < panels; q++)
    for (int64_t i = floats * part / parts; i < floats * (part + 1) / parts; i += CNN__LANES)
      __builtin_prefetch(next + q * panel + i, 0, 2);
}

static void block(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *packed,
                    const float *bias, int32_t relu, float *c, int64_t ldc) {
  int64_t depth = m > ROWS || k < 1 ? DEPTH : k, tiles = (m + ROWS - 1) / ROWS, panel = k * CNN__LANES;
  int64_t done = strips(m, n, k, a, lda, packed, bias, relu, c, ldc);
  for (int64_t p = 0; p == 0 || p < k; p += depth)
    for (int64_t j = done, width; j < n; j += width) {
      int32_t pair = CNN__PAIR > 1 && n - j > CNN__LANES;
      width = pair ? 2 * CNN__LANES : CNN__LANES;
      int64_t last = n - j < width ? n - j : width, after = n - j - width;
      cnn__column column = {.count = p + depth < k ? depth : k - p};
      cnn__tile tile = {.w = packed + j * k + p * CNN__LANES, .x_pixel = lda, .columns = &column, .rows = 1,
                        .column_count = k > 0, .y_pixel = ldc, .lanes = last - (pair ? CNN__LANES : 0), .second = panel,
                        .relu = relu && p + depth >= k};
      for (int64_t i = 0, left = tiles; i < m; i += column.hi, left--) {
        column.hi = (int32_t)((m - i + left - 1) / left); /* NOLINT(clang-analyzer-core.DivideZero): a tile is left while i < m */
        tile.x = a + i * lda + p;
        tile.y = c + i * ldc + j;
        tile.init = p ? tile.y : bias ? bias + j : NULL;
        tile.init_pixel = p ? ldc : 0;
        if (tiles > 1 && after >= width)
          look_ahead(tile.w + width * k, column.count * CNN__LANES, width / CNN__LANES, panel, tiles - left, tiles);
        TILE_OF(pair, column.hi)(&tile);
      }
    }
}

static void product(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *packed,
                    const float *bias, int32_t relu, float *c, int64_t ldc) {
  for (int64_t i = 0; i < m; i += BLOCK)
    block(m - i < BLOCK ? m - i : BLOCK, n, k, a + i * lda, lda, packed, bias, relu, c + i * ldc, ldc);
}

void CNN__NAME(gemm_init)(cnn__kernels *t) {
  t->gemm = product;
  CNN__NAME(gemm_pack_init)(t);
  CNN__NAME(gemm_tn_init)(t);
}
