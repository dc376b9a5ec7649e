/* gemm_tn: the weight gradient of dense layers in vectors: sums over the batch in shards that a fixed tree joins.
 *
 * Samples come in blocks, whose rows and columns are laid out close together: a strip that goes through them as they
 * are would find each sample on a page of its own, and samples whose distance is a power of two in the same few lines
 * of the caches. A strip of the result stays in registers for a shard and in the first cache for the tree of a block;
 * the trees of blocks are joined in slots. */
#include "kernels/conv_layout.h"
#include "kernels/gemm_tn.h"

void CNN__NAME(gemm_tn_init)(cnn__kernels *t);

/* Rows and vectors of a strip; where a single shard is all, WIDE vectors beside each other. */
#define ROWS CNN__STRIP_ROWS
#define WIDTH CNN__STRIP_WIDTH
#define VECTORS CNN__STRIP_VECTORS
#define WIDE (2 * VECTORS)

#define BLOCK CNN__STRIP_SAMPLES
#define GROUP 96               /* rows of the result that share a block */
#define COLUMNS 192            /* likewise, at most */
#define FEW 32                 /* samples whose columns of a block stay in the first cache */
#define NARROW 10              /* columns that are too few for a vector */
#define SLOTS (GROUP * 96 * 4) /* floats for the trees of blocks: four levels of 96 columns, or others */
#define FAR (1 << 18)          /* floats of samples from which on they come from beyond the second cache */

/* How far what the caller touches next has been fetched. */
typedef struct cursor {
  const cnn__soon *soon;
  int32_t array;
  int64_t at;
} cursor;

/* A product of m samples, `after` more behind them: rows by n columns of the result, whose rows are `row` apart. */
typedef struct product {
  const float *a, *b;
  int64_t m, n, lda, ldb, rows, row, after;
  int32_t far; /* there is more of b than stays in the second cache */
  cursor *next;
} product;

/* ---- blocks ---- */

/* The next `width` of each sample close together, with zeros up to the next sixteen: in panels of `panel` columns, each
 * BLOCK samples long. */
static void lay_out(const float *from, int64_t step, int64_t m, int64_t width, float *to, int64_t panel) {
  for (int64_t i = 0; i < m; i++, from += step, to += panel)
    for (int64_t first = 0; first < width; first += panel)
      for (int64_t l = first; l < width && l < first + panel; l += CNN__LANES)
        cnn__vstore(to + first * BLOCK + l - first, cnn__vget(from + l, cnn__at_most(width - l, CNN__LANES)));
}

/* Up to m lines in a row of what the caller touches next. */
static void look_further(const product *d, cnn__strip *s) {
  cursor *next = d->next;
  if (!next->soon || next->array == CNN__SOON || !next->soon->at[next->array])
    return;
  s->ahead = next->soon->at[next->array] + next->at;
  s->ahead_step = CNN__LANES;
  next->at += d->m * CNN__LANES;
  if (next->at >= next->soon->floats) {
    next->at = 0;
    next->array++;
  }
}

/* What strip number `number` at column j fetches meanwhile: of each sample sixteen of the columns that come next, or of the
 * next block's rows, or what comes after all of this. */
static void look_ahead(const product *d, int64_t j, int64_t number, cnn__strip *s) {
  int64_t more = d->after >= d->m, next = d->far ? j : j + WIDTH < d->n ? j + WIDTH : 0;
  int64_t samples = d->far || !next ? d->m : 0, column = next + number * CNN__LANES;
  int64_t line = j / WIDTH * CNN__LANES * 2 + (number - VECTORS) * CNN__LANES;
  s->ahead = s->a;
  s->ahead_step = 0;
  if (number < VECTORS && column < d->n && (more || !samples)) {
    s->ahead = d->b + samples * d->ldb + column;
    s->ahead_step = d->ldb;
  } else if (number >= VECTORS && number < VECTORS + 2 && line < d->rows && more) {
    s->ahead = d->a + d->m * d->lda + line;
    s->ahead_step = d->lda;
  } else {
    look_further(d, s);
  }
}

/* Strip number `number` of a column, at row p and column j; a and b are those of row 0 and of column j. Returns its rows. */
static int64_t strip_sums(const product *d, cnn__strip *s, const float *a, const float *b, float *dw, int64_t p, int64_t j,
                          int64_t number) {
  const cnn__strip_form *form = CNN__NAME(strip_forms);
  while (form->rows > d->rows - p)
    form++;
  s->a = a + p;
  s->b = b;
  s->to = dw + p * s->row + j;
  s->lanes = cnn__at_most(d->n - j, WIDTH);
  look_ahead(d, j, number, s);
  form->of[s->lanes > CNN__LANES](s);
  return form->rows;
}

/* The sums of at most BLOCK samples and COLUMNS columns. Laid out is what more than two strips read, and columns that would
 * need a mask: a strip's when its turn comes or, where they come from far away or are few, those of a sample all at once.
 * The columns of few samples stay in the first cache; the result is then written row by row. */
static void block_sums(const product *d, float *dw, int64_t row) {
  _Alignas(64) float a[BLOCK * GROUP], b[BLOCK * COLUMNS];
  int32_t rows_apart = d->n > 2 * WIDTH, columns_apart = d->rows > 2 * ROWS || d->n % CNN__LANES;
  int32_t few = d->m <= FEW, at_once = d->far || few;
  const float *first = rows_apart ? a : d->a, *columns = columns_apart ? b : d->b;
  const int64_t together = (d->rows + CNN__LANES - 1) / CNN__LANES * CNN__LANES;
  const int64_t apart = !columns_apart ? 1 : at_once ? BLOCK : 0;
  cnn__strip s = {.lda = rows_apart ? together : d->lda, .ldb = columns_apart ? WIDTH : d->ldb, .m = d->m, .row = row};
  if (rows_apart)
    lay_out(d->a, d->lda, d->m, d->rows, a, together);
  if (columns_apart && at_once)
    lay_out(d->b, d->ldb, d->m, d->n, b, WIDTH);
  if (few) {
    for (int64_t p = 0, number = 0, rows; p < d->rows; p += rows, number++) {
      rows = 0;
      for (int64_t j = 0; j < d->n; j += WIDTH)
        rows = strip_sums(d, &s, first, columns + j * apart, dw, p, j, number);
    }
    return;
  }
  for (int64_t j = 0; j < d->n; j += WIDTH) {
    if (columns_apart && !at_once)
      lay_out(d->b + j, d->ldb, d->m, cnn__at_most(d->n - j, WIDTH), b, WIDTH);
    for (int64_t p = 0, number = 0; p < d->rows; number++)
      p += strip_sums(d, &s, first, columns + j * apart, dw, p, j, number);
  }
}

static void add(const product *d, const float *from, int64_t columns, float *dw, int64_t row) {
  for (int64_t p = 0; p < d->rows; p++, dw += row, from += columns)
    for (int64_t j = 0; j < d->n; j += CNN__LANES) {
      int64_t lanes = cnn__at_most(d->n - j, CNN__LANES);
      cnn__vput(dw + j, lanes, cnn__vadd(cnn__vget(dw + j, lanes), cnn__vget(from + j, lanes)));
    }
}

/* The fixed tree of blocks: the largest power of two of them that leaves some, and the rest, which goes to a slot of
 * `columns` columns. */
static void tree_sums(const product *d, float *dw, int64_t row, float *slots, int64_t columns) {
  if (d->m <= BLOCK) {
    block_sums(d, dw, row);
    return;
  }
  product first = *d, rest = *d;
  first.m = BLOCK;
  while (first.m < d->m - first.m)
    first.m *= 2;
  rest.m -= first.m;
  first.after += rest.m;
  rest.a += first.m * d->lda;
  rest.b += first.m * d->ldb;
  tree_sums(&first, dw, row, slots, columns);
  tree_sums(&rest, slots, columns, slots + GROUP * columns, columns);
  add(d, slots, columns, dw, row);
}

/* As many columns as have slots for all levels of the tree. */
static int64_t columns_of(int64_t m) {
  int64_t levels = 0;
  for (int64_t blocks = (m - 1) / BLOCK; blocks; blocks /= 2)
    levels++;
  int64_t columns = levels ? SLOTS / (GROUP * levels) / WIDTH * WIDTH : COLUMNS;
  return columns < CNN__LANES ? CNN__LANES : cnn__at_most(columns, COLUMNS);
}

static void in_blocks(const product *d, float *dw) {
  _Alignas(64) float slots[SLOTS];
  int64_t columns = columns_of(d->m);
  for (int64_t p = 0; p < d->rows; p += GROUP)
    for (int64_t j = 0; j < d->n; j += columns) {
      product part = *d;
      part.a += p;
      part.b += j;
      part.rows = cnn__at_most(d->rows - p, GROUP);
      part.n = cnn__at_most(d->n - j, columns);
      tree_sums(&part, dw + p * d->row + j, d->row, slots, columns);
    }
}

/* The last few columns, which would leave lanes of each vector empty: rows and columns change places. */
static void across(const product *d, float *dw) {
  _Alignas(64) float sums[NARROW * GROUP];
  for (int64_t p = 0; p < d->rows; p += GROUP) {
    product part = *d;
    part.a = d->b, part.lda = d->ldb, part.rows = d->n;
    part.b = d->a + p, part.ldb = d->lda, part.n = cnn__at_most(d->rows - p, GROUP), part.row = GROUP;
    in_blocks(&part, sums);
    for (int64_t q = 0; q < part.n; q++)
      for (int64_t j = 0; j < d->n; j++)
        dw[(p + q) * d->row + j] = sums[j * GROUP + q];
  }
}

static void several(const product *d, float *dw) {
  int64_t narrow = d->n % CNN__LANES;
  product whole = *d, rest = *d;
  rest.n = narrow <= NARROW ? narrow : 0;
  whole.n -= rest.n;
  rest.b += whole.n;
  if (whole.n)
    in_blocks(&whole, dw);
  if (rest.n)
    across(&rest, dw + whole.n);
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

#if CNN__VECTORS < 16
/* Rows of which not all lanes count: for each the parts of a vector, which would take room in every thinner. */
static __attribute__((noinline)) void put(const float *sums, int64_t rows, int64_t lanes, float *dw, int64_t row) {
  for (; rows > 0; rows--, sums += CNN__LANES, dw += row) {
    CNN__HIDE(rows);
    cnn__vput(dw, lanes, cnn__vload(sums));
  }
}
#endif

/* `rows` rows of the columns that are left, `lanes` of them. */
CNN__INLINE void thinner(const int rows, const product *d, const float *a, const float *b, int64_t lanes, float *dw) {
  cnn__vec acc[4];
  CNN__UNROLL
  for (int p = 0; p < rows; p++)
    acc[p] = cnn__vset(0.0f);
  for (int64_t left = d->m; left > 0; left--, a += d->lda, b += d->ldb) {
    cnn__vec w = cnn__vload_n(b, lanes);
    CNN__UNROLL
    for (int p = 0; p < rows; p++)
      acc[p] = cnn__vfma(cnn__vset(a[p]), w, acc[p]);
  }
#if CNN__VECTORS < 16
  _Alignas(64) float sums[4 * CNN__LANES];
  CNN__UNROLL
  for (int p = 0; p < rows; p++)
    cnn__vstore(sums + p * CNN__LANES, acc[p]);
  put(sums, rows, lanes, dw, d->n);
#else
  CNN__UNROLL
  for (int p = 0; p < rows; p++)
    cnn__vstore_n(dw + p * d->n, lanes, acc[p]);
#endif
}

/* On AVX-512 a single sample is written row by row, as memory likes it; on AVX2 a row alone is too little at a time. */
static void single(const product *whole, float *dw) {
  const product here = *whole, *d = &here; /* which stores cannot change */
  int64_t wide = d->n / (WIDE * CNN__LANES) * WIDE * CNN__LANES, height = d->m > 1 || VECTORS == 1 ? 2 : 1;
  for (int64_t p = 0; wide && p < d->rows; p += height)
    for (int64_t j = 0; j < wide; j += WIDE * CNN__LANES) {
      if (height > 1 && p + 1 < d->rows)
        thin(2, d, d->a + p, d->b + j, dw + p * d->n + j);
      else
        thin(1, d, d->a + p, d->b + j, dw + p * d->n + j);
    }
  for (int64_t j = wide; j < d->n; j += CNN__LANES) {
    int64_t p = 0, lanes = cnn__at_most(d->n - j, CNN__LANES);
    for (; p + 4 <= d->rows; p += 4)
      thinner(4, d, d->a + p, d->b + j, lanes, dw + p * d->n + j);
    for (; p < d->rows; p++)
      thinner(1, d, d->a + p, d->b + j, lanes, dw + p * d->n + j);
  }
}

/* ---- the kernel ---- */

static void product_tn(int64_t m, int64_t n, const float *a, int64_t lda, const float *b, int64_t ldb, int64_t k0,
                       int64_t k1, float *dw, const cnn__soon *soon) {
  cursor next = {soon, 0, 0};
  product d = {a + k0, b, m, n, lda, ldb, k1 - k0, n, 0, m * n > FAR, &next};
  dw += k0 * n;
  if (m < 1) {
    for (int64_t i = 0; i < d.rows * n; i++)
      dw[i] = 0.0f;
  } else if (m <= CNN__SHARD) {
    single(&d, dw);
  } else {
    several(&d, dw);
  }
}

void CNN__NAME(gemm_tn_init)(cnn__kernels *t) { t->gemm_tn = product_tn; }
