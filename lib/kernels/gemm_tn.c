/* gemm_tn: the weight gradient of dense layers in vectors: sums over the batch in shards that a fixed tree joins. */
#include "kernels/tile.h"

void CNN__NAME(gemm_tn_init)(cnn__kernels *t);

/* Rows of the result that are summed side by side, and vectors beside each other where a single shard is all. */
#if CNN__VECTORS >= 16
#define ROWS 16
#define WIDE 4
#else
#define ROWS 6
#define WIDE 2
#endif

#define LEVELS 48 /* of the binary counter: samples that fit an address space make fewer */

/* Samples of more bytes than this are taken in blocks: a strip that goes through them all would find each row on a page
 * of its own, and rows whose distance is a power of two in the same few lines of the caches. */
#define FAR ((int64_t)4 << 20)
#define BLOCK 128  /* samples: a power of two of shards */
#define GROUP 48   /* rows and columns of the result that share a block */
#define COLUMNS 96

typedef struct strip {
  const float *a, *b; /* of the first sample, the next lda and ldb behind */
  int64_t lda, ldb, m;
  float *to;
  int64_t row, lanes;
} strip;

/* See the reference: the stack is a binary counter, here of whole strips. */
CNN__INLINE void sums(const int rows, const strip *s) {
  float stack[LEVELS][ROWS * CNN__LANES];
  cnn__vec acc[ROWS];
  const float *a = s->a, *b = s->b;
  int32_t depth = 0;
  for (int64_t first = 0; first < s->m; first += CNN__SHARD) {
    int64_t count = s->m - first < CNN__SHARD ? s->m - first : CNN__SHARD;
    CNN__UNROLL
    for (int p = 0; p < rows; p++)
      acc[p] = cnn__vset(0.0f);
    do {
      cnn__vec row = cnn__vget(b, s->lanes);
      CNN__UNROLL
      for (int p = 0; p < rows; p++)
        acc[p] = cnn__vfma(cnn__vset(a[p]), row, acc[p]);
      a += s->lda;
      b += s->ldb;
      CNN__HIDE(a);
      CNN__HIDE(b);
    } while (--count);
    for (int64_t bits = first / CNN__SHARD; bits & 1; bits >>= 1) {
      depth--;
      CNN__UNROLL
      for (int p = 0; p < rows; p++)
        acc[p] = cnn__vadd(cnn__vload(stack[depth] + p * CNN__LANES), acc[p]);
    }
    CNN__UNROLL
    for (int p = 0; p < rows; p++)
      cnn__vstore(stack[depth] + p * CNN__LANES, acc[p]);
    depth++;
  }
  depth--;
  CNN__UNROLL
  for (int p = 0; p < rows; p++)
    acc[p] = cnn__vload(stack[depth] + p * CNN__LANES);
  while (depth-- > 0) {
    CNN__UNROLL
    for (int p = 0; p < rows; p++)
      acc[p] = cnn__vadd(cnn__vload(stack[depth] + p * CNN__LANES), acc[p]);
  }
  CNN__UNROLL
  for (int p = 0; p < rows; p++)
    cnn__vput(s->to + p * s->row, s->lanes, acc[p]);
}

#define STRIP(rows) \
  static void strip_##rows(const strip *s) { sums(rows, s); }
STRIP(1)
STRIP(2)
STRIP(3)
STRIP(4)
STRIP(5)
STRIP(6)
#if ROWS > 6
STRIP(7)
STRIP(8)
STRIP(9)
STRIP(10)
STRIP(11)
STRIP(12)
STRIP(13)
STRIP(14)
STRIP(15)
STRIP(16)
#endif

static void (*const strips[ROWS + 1])(const strip *s) = {
  NULL, strip_1, strip_2, strip_3, strip_4, strip_5, strip_6,
#if ROWS > 6
  strip_7, strip_8, strip_9, strip_10, strip_11, strip_12, strip_13, strip_14, strip_15, strip_16,
#endif
};

/* A product of m samples: rows by n columns of the result. */
typedef struct product {
  const float *a, *b;
  int64_t m, n, lda, ldb, rows;
} product;

static int64_t at_most(int64_t value, int64_t limit) { return value < limit ? value : limit; }

static void direct(const product *d, float *dw) {
  for (int64_t p = 0, rows; p < d->rows; p += rows) {
    rows = at_most(d->rows - p, ROWS);
    for (int64_t j = 0; j < d->n; j += CNN__LANES)
      strips[rows](&(strip){d->a + p, d->b + j, d->lda, d->ldb, d->m, dw + p * d->n + j, d->n,
                            at_most(d->n - j, CNN__LANES)});
  }
}

/* ---- many samples ---- */

/* Strip after strip, each with its part of sample after sample. */
static void lay_out_a(const product *d, float *to) {
  for (int64_t i = 0; i < d->m; i++)
    for (int64_t p = 0; p < d->rows; p += ROWS)
      for (int64_t l = 0; l < at_most(d->rows - p, ROWS); l++)
        to[p * BLOCK + i * ROWS + l] = d->a[i * d->lda + p + l];
}

/* The sums of at most BLOCK samples, which are laid out close together. */
static void block_sums(const product *d, float *dw, int64_t row) {
  float a[(GROUP + ROWS) * BLOCK], b[BLOCK * CNN__LANES];
  lay_out_a(d, a);
  for (int64_t j = 0; j < d->n; j += CNN__LANES) {
    int64_t lanes = at_most(d->n - j, CNN__LANES);
    for (int64_t i = 0; i < d->m; i++)
      cnn__vstore(b + i * CNN__LANES, cnn__vget(d->b + i * d->ldb + j, lanes));
    for (int64_t p = 0; p < d->rows; p += ROWS)
      strips[at_most(d->rows - p, ROWS)](
          &(strip){a + p * BLOCK, b, ROWS, CNN__LANES, d->m, dw + p * row + j, row, lanes});
  }
}

static void add(const product *d, const float *from, float *dw, int64_t row) {
  for (int64_t p = 0; p < d->rows; p++, dw += row, from += COLUMNS)
    for (int64_t j = 0; j < d->n; j += CNN__LANES) {
      int64_t lanes = at_most(d->n - j, CNN__LANES);
      cnn__vput(dw + j, lanes, cnn__vadd(cnn__vget(dw + j, lanes), cnn__vget(from + j, lanes)));
    }
}

/* The fixed tree of blocks: the largest power of two of them that leaves some, and the rest. */
static void tree_sums(const product *d, float *dw, int64_t row) {
  if (d->m <= BLOCK) {
    block_sums(d, dw, row);
    return;
  }
  float right[GROUP * COLUMNS];
  int64_t half = BLOCK;
  while (half < d->m - half)
    half *= 2;
  product first = *d, rest = *d;
  first.m = half;
  rest.m -= half;
  rest.a += half * d->lda;
  rest.b += half * d->ldb;
  tree_sums(&first, dw, row);
  tree_sums(&rest, right, COLUMNS);
  add(d, right, dw, row);
}

static void in_blocks(const product *d, float *dw) {
  for (int64_t p = 0; p < d->rows; p += GROUP)
    for (int64_t j = 0; j < d->n; j += COLUMNS) {
      product part = *d;
      part.a += p;
      part.b += j;
      part.rows = at_most(d->rows - p, GROUP);
      part.n = at_most(d->n - j, COLUMNS);
      tree_sums(&part, dw + p * d->n + j, d->n);
    }
}

/* ---- a single shard: there is nothing to join, and what takes time is writing the result ---- */

/* `rows` rows of WIDE times sixteen columns. */
CNN__INLINE void thin(const int rows, const product *d, const float *a, const float *b, float *dw) {
  cnn__vec acc[2 * WIDE];
  CNN__UNROLL
  for (int e = 0; e < rows * WIDE; e++)
    acc[e] = cnn__vset(0.0f);
  int64_t left = d->m;
  do {
    CNN__UNROLL
    for (int q = 0; q < WIDE; q++) {
      cnn__vec w = cnn__vload(b + q * CNN__LANES);
      CNN__UNROLL
      for (int p = 0; p < rows; p++)
        acc[p * WIDE + q] = cnn__vfma(cnn__vset(a[p]), w, acc[p * WIDE + q]);
    }
    a += d->lda;
    b += d->ldb;
    CNN__HIDE(a);
    CNN__HIDE(b);
  } while (--left);
  CNN__UNROLL
  for (int e = 0; e < rows * WIDE; e++)
    cnn__vstore(dw + e / WIDE * d->n + e % WIDE * CNN__LANES, acc[e]);
}

static void single(const product *d, float *dw) {
  int64_t wide = d->n / (WIDE * CNN__LANES) * WIDE * CNN__LANES;
  for (int64_t p = 0; p < d->rows; p += 2)
    for (int64_t j = 0; j < wide; j += WIDE * CNN__LANES) {
      if (p + 1 < d->rows)
        thin(2, d, d->a + p, d->b + j, dw + p * d->n + j);
      else
        thin(1, d, d->a + p, d->b + j, dw + p * d->n + j);
    }
  for (int64_t p = 0, rows; p < d->rows; p += rows) {
    rows = at_most(d->rows - p, ROWS);
    for (int64_t j = wide; j < d->n; j += CNN__LANES)
      strips[rows](&(strip){d->a + p, d->b + j, d->lda, d->ldb, d->m, dw + p * d->n + j, d->n,
                            at_most(d->n - j, CNN__LANES)});
  }
}

/* ---- the kernel ---- */

static void product_tn(int64_t m, int64_t n, const float *a, int64_t lda, const float *b, int64_t ldb, int64_t k0,
                       int64_t k1, float *dw) {
  product d = {a + k0, b, m, n, lda, ldb, k1 - k0};
  dw += k0 * n;
  if (m < 1) {
    for (int64_t i = 0; i < d.rows * n; i++)
      dw[i] = 0.0f;
  } else if (m <= CNN__SHARD) {
    single(&d, dw);
  } else if (m * (lda + ldb) > FAR / (int64_t)sizeof(float)) {
    in_blocks(&d, dw);
  } else {
    direct(&d, dw);
  }
}

void CNN__NAME(gemm_tn_init)(cnn__kernels *t) { t->gemm_tn = product_tn; }
