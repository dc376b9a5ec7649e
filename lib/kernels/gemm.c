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
#else
#define NARROW 2
#define PANELS(rows) ((rows) == 1 ? 4 : 2)
#define OF_SHARD 2
#endif

/* Terms of sums so short that beginning and ending a tile counts: a shard's rows then go OF_SHARD at a time. */
#define SHORT 128

typedef struct strip {
  const float *a, *packed, *bias;
  int64_t k, lda, ldc;
  float *c;
  int32_t relu;
} strip;

/* `rows` rows times `panels` whole panels. */
CNN__INLINE void strip_tile(const int rows, const int panels, const strip *given) {
  const strip here = *given, *s = &here; /* which stores cannot change */
  cnn__vec acc[16];
  const float *a[OF_SHARD], *w[8];
  CNN__UNROLL
  for (int q = 0; q < panels; q++)
    w[q] = s->packed + q * s->k * CNN__LANES;
  CNN__UNROLL
  for (int i = 0; i < rows; i++)
    a[i] = s->a + i * s->lda;
  CNN__UNROLL
  for (int e = 0; e < rows * panels; e++)
    acc[e] = s->bias ? cnn__vload(s->bias + e % panels * CNN__LANES) : cnn__vset(0.0f);
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
  cnn__vec zero = cnn__vset(0.0f);
  CNN__UNROLL
  for (int e = 0; e < rows * panels; e++) {
    if (s->relu)
      acc[e] = cnn__vselect(cnn__vgreater(zero, acc[e]), zero, acc[e]);
    cnn__vstore(s->c + e / panels * s->ldc + e % panels * CNN__LANES, acc[e]);
  }
}

static void half_1(const strip *s) { strip_tile(1, PANELS(1) / 2, s); }
static void strip_1(const strip *s) { strip_tile(1, PANELS(1), s); }
static void strip_2(const strip *s) { strip_tile(2, PANELS(2), s); }
#if NARROW > 2
static void strip_3(const strip *s) { strip_tile(3, PANELS(3), s); }
static void strip_8(const strip *s) { strip_tile(8, PANELS(8), s); }
#endif

static void (*const strip_tiles[OF_SHARD + 1])(const strip *s) = {
  NULL, strip_1, strip_2,
#if NARROW > 2
  strip_3, NULL, NULL, NULL, NULL, strip_8,
#endif
};

/* As many columns as go in whole strips, of a single row also in half ones; returns their number. */
static int64_t strips(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *packed,
                      const float *bias, int32_t relu, float *c, int64_t ldc) {
  int64_t j = 0, rows = m > NARROW ? OF_SHARD : m;
  if (m < 1 || (m > NARROW && (m != CNN__SHARD || k > SHORT)))
    return 0;
  for (int half = 0; half <= (m == 1); half++) {
    int64_t step = (PANELS(rows) >> half) * CNN__LANES;
    for (; j + step <= n; j += step) {
      strip s = {a, packed + j * k, bias ? bias + j : NULL, k, lda, ldc, c + j, relu};
      for (int64_t i = 0; i < m; i += rows, s.a += rows * lda, s.c += rows * ldc)
        (half ? half_1 : strip_tiles[rows])(&s);
    }
  }
  return j;
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
      cnn__column column = {0, 0, p + depth < k ? depth : k - p, 0, 0};
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
