/* gemm_tn: the weight gradient of dense layers in vectors: sums over the batch in shards that a fixed tree joins.
 *
 * Samples come in blocks, whose rows and columns are laid out close together: a strip that goes through them as they
 * are would find each sample on a page of its own, and samples whose distance is a power of two in the same few lines
 * of the caches. A strip of the result stays in registers for a shard and in the first cache for the tree of a block;
 * the trees of blocks are joined in slots. */
#include "kernels/tile.h"

void CNN__NAME(gemm_tn_init)(cnn__kernels *t);

/* A strip: rows of the result times vectors of sixteen columns, all in registers, twice where there are CHAINS for two
 * shards: half of the sums need then not go through memory. Where a single shard is all, WIDE vectors beside each other. */
#if CNN__VECTORS >= 16
#define ROWS 6
#define VECTORS 2
#define CHAINS 2
#define WIDE 4
#else
#define ROWS 6
#define VECTORS 1
#define CHAINS 1
#define WIDE 2
#endif

#define WIDTH (VECTORS * CNN__LANES)
#define BLOCK 128 /* samples: a power of two of shards */
#define LEVELS 5  /* of the binary counter: a block has sixteen shards */
#define GROUP 96  /* rows of the result that share a block */
#define COLUMNS 192            /* likewise, at most */
#define SLOTS (GROUP * 96 * 4) /* floats for the trees of blocks: four levels of 96 columns, or others */
#define FAR (1 << 18)          /* floats of samples from which on they come from beyond the second cache */

typedef struct strip {
  const float *a, *b; /* of the first sample, the next lda and ldb behind */
  int64_t lda, ldb, m;
  float *to;
  int64_t row, lanes;
  const float *ahead; /* what will be read next: fetched meanwhile, ahead_step for each sample */
  int64_t ahead_step;
} strip;

static int64_t at_most(int64_t value, int64_t limit) { return value < limit ? value : limit; }

CNN__INLINE void add_up(const int rows, const int vectors, cnn__vec acc[ROWS][VECTORS], cnn__vec more[ROWS][VECTORS]) {
  CNN__UNROLL
  for (int e = 0; e < rows * vectors; e++)
    acc[e / vectors][e % vectors] = cnn__vadd(acc[e / vectors][e % vectors], more[e / vectors][e % vectors]);
}

/* acc += what lies in the slot, which comes first. */
CNN__INLINE void fold(const int rows, const int vectors, const float *slot, cnn__vec acc[ROWS][VECTORS]) {
  CNN__UNROLL
  for (int p = 0; p < rows; p++) {
    CNN__UNROLL
    for (int v = 0; v < vectors; v++)
      acc[p][v] = cnn__vadd(cnn__vload(slot + (p * vectors + v) * CNN__LANES), acc[p][v]);
  }
}

CNN__INLINE void keep(const int rows, const int vectors, float *slot, cnn__vec acc[ROWS][VECTORS]) {
  CNN__UNROLL
  for (int p = 0; p < rows; p++) {
    CNN__UNROLL
    for (int v = 0; v < vectors; v++)
      cnn__vstore(slot + (p * vectors + v) * CNN__LANES, acc[p][v]);
  }
}

CNN__INLINE void clear(const int rows, const int vectors, cnn__vec acc[ROWS][VECTORS]) {
  CNN__UNROLL
  for (int p = 0; p < rows; p++) {
    CNN__UNROLL
    for (int v = 0; v < vectors; v++)
      acc[p][v] = cnn__vset(0.0f);
  }
}

CNN__INLINE void put(const int rows, const int vectors, const strip *s, cnn__vec acc[ROWS][VECTORS]) {
  const int last = vectors - 1;
  CNN__UNROLL
  for (int p = 0; p < rows; p++) {
    float *to = s->to + p * s->row;
    CNN__UNROLL
    for (int v = 0; v < last; v++)
      cnn__vstore(to + v * CNN__LANES, acc[p][v]);
    cnn__vput(to + last * CNN__LANES, s->lanes - last * CNN__LANES, acc[p][last]);
  }
}

/* acc[0] += `count` samples; of two chains acc[1] += as many from CNN__SHARD samples on, side by side. */
CNN__INLINE void chain(const int chains, const int rows, const int vectors, strip *s, int64_t count,
                       cnn__vec acc[CHAINS][ROWS][VECTORS]) {
  const float *a = s->a, *b = s->b, *ahead = s->ahead;
  const int64_t far_a = CNN__SHARD * s->lda, far_b = CNN__SHARD * s->ldb, far_ahead = CNN__SHARD * s->ahead_step;
  do {
    cnn__vec columns[CHAINS][VECTORS];
    CNN__UNROLL
    for (int e = 0; e < chains * vectors; e++) {
      columns[e / vectors][e % vectors] = cnn__vload(b + e / vectors * far_b + e % vectors * CNN__LANES);
      if (e % vectors == 0)
        __builtin_prefetch(ahead + e / vectors * far_ahead, 0, 2);
    }
    CNN__UNROLL
    for (int p = 0; p < rows; p++) {
      CNN__UNROLL
      for (int c = 0; c < chains; c++) {
        cnn__vec value = cnn__vset(a[c * far_a + p]);
        CNN__UNROLL
        for (int v = 0; v < vectors; v++)
          acc[c][p][v] = cnn__vfma(value, columns[c][v], acc[c][p][v]);
      }
    }
    a += s->lda;
    b += s->ldb;
    ahead += s->ahead_step;
    CNN__HIDE(a);
    CNN__HIDE(b);
  } while (--count);
  s->a = a + (chains - 1) * far_a, s->b = b + (chains - 1) * far_b, s->ahead = ahead + (chains - 1) * far_ahead;
}

/* See the reference: the stack is a binary counter, here of whole strips. The last shard is not put on it, but goes
 * through all that lies there. Two shards at once are a digit of the next place. */
CNN__INLINE void sums(const int rows, const int vectors, const strip *whole) {
  _Alignas(64) float stack[LEVELS * ROWS * WIDTH], *top = stack;
  cnn__vec acc[CHAINS][ROWS][VECTORS];
  strip s = *whole;
  for (int64_t shard = 0, left = s.m;;) {
    int64_t two = CHAINS > 1 && left >= 2 * CNN__SHARD, bits = shard >> two, count = at_most(left, CNN__SHARD);
    clear(rows, vectors, acc[0]);
    if (two) {
      clear(rows, vectors, acc[CHAINS - 1]);
      chain(CHAINS, rows, vectors, &s, count, acc);
      add_up(rows, vectors, acc[0], acc[CHAINS - 1]);
    } else {
      chain(1, rows, vectors, &s, count, acc);
    }
    left -= count << two;
    shard += 1 + two;
    for (; left ? bits & 1 : top != stack; bits >>= 1) {
      top -= ROWS * WIDTH;
      CNN__HIDE(top); /* else the loop is unrolled for as many levels as the stack has */
      fold(rows, vectors, top, acc[0]);
    }
    if (!left)
      break;
    keep(rows, vectors, top, acc[0]);
    top += ROWS * WIDTH;
  }
  put(rows, vectors, &s, acc[0]);
}

/* Strips of fewer rows are made of these. */
#define STRIP(rows, vectors) \
  static void strip_##rows##_##vectors(const strip *s) { sums(rows, vectors, s); }
STRIP(1, 1)
STRIP(2, 1)
STRIP(4, 1)
STRIP(6, 1)
#if VECTORS > 1
STRIP(1, 2)
STRIP(2, 2)
STRIP(4, 2)
STRIP(6, 2)
#endif

static const struct {
  int64_t rows;
  void (*of[VECTORS])(const strip *s); /* of one vector, of two */
} strips[] = {
#if VECTORS == 1
  {6, {strip_6_1}}, {4, {strip_4_1}}, {2, {strip_2_1}}, {1, {strip_1_1}},
#else
  {6, {strip_6_1, strip_6_2}}, {4, {strip_4_1, strip_4_2}},
  {2, {strip_2_1, strip_2_2}}, {1, {strip_1_1, strip_1_2}},
#endif
};

/* How far what the caller touches next has been fetched. */
typedef struct cursor {
  const cnn__soon *soon;
  int32_t array;
  int64_t at;
} cursor;

/* A product of m samples, `after` more behind them: rows by n columns of the result. */
typedef struct product {
  const float *a, *b;
  int64_t m, n, lda, ldb, rows, after;
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
        cnn__vstore(to + first * BLOCK + l - first, cnn__vget(from + l, at_most(width - l, CNN__LANES)));
}

/* Up to m lines in a row of what the caller touches next. */
static void look_further(const product *d, strip *s) {
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
static void look_ahead(const product *d, int64_t j, int64_t number, strip *s) {
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

/* The sums of at most BLOCK samples and COLUMNS columns. Laid out is what several strips read, and columns that would need a
 * mask: a strip's when its turn comes or, where they come from far away, those of a sample all at once. */
static void block_sums(const product *d, float *dw, int64_t row) {
  _Alignas(64) float a[BLOCK * GROUP], b[BLOCK * COLUMNS];
  int32_t rows_apart = d->n > 2 * WIDTH, columns_apart = d->rows > ROWS || d->n % CNN__LANES;
  const float *first = rows_apart ? a : d->a;
  const int64_t together = (d->rows + CNN__LANES - 1) / CNN__LANES * CNN__LANES;
  strip s = {.lda = rows_apart ? together : d->lda, .ldb = columns_apart ? WIDTH : d->ldb, .m = d->m, .row = row};
  if (rows_apart)
    lay_out(d->a, d->lda, d->m, d->rows, a, together);
  if (columns_apart && d->far)
    lay_out(d->b, d->ldb, d->m, d->n, b, WIDTH);
  for (int64_t j = 0; j < d->n; j += WIDTH) {
    int32_t size = 0;
    const float *columns = columns_apart ? b + (d->far ? j * BLOCK : 0) : d->b + j;
    s.lanes = at_most(d->n - j, WIDTH);
    if (columns_apart && !d->far)
      lay_out(d->b + j, d->ldb, d->m, s.lanes, b, WIDTH);
    for (int64_t p = 0, number = 0; p < d->rows; p += strips[size].rows, number++) {
      while (strips[size].rows > d->rows - p)
        size++;
      s.a = first + p;
      s.b = columns;
      s.to = dw + p * row + j;
      look_ahead(d, j, number, &s);
      strips[size].of[s.lanes > CNN__LANES](&s);
    }
  }
}

static void add(const product *d, const float *from, int64_t columns, float *dw, int64_t row) {
  for (int64_t p = 0; p < d->rows; p++, dw += row, from += columns)
    for (int64_t j = 0; j < d->n; j += CNN__LANES) {
      int64_t lanes = at_most(d->n - j, CNN__LANES);
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
  return columns < CNN__LANES ? CNN__LANES : at_most(columns, COLUMNS);
}

static void in_blocks(const product *d, float *dw) {
  _Alignas(64) float slots[SLOTS];
  int64_t columns = columns_of(d->m);
  for (int64_t p = 0; p < d->rows; p += GROUP)
    for (int64_t j = 0; j < d->n; j += columns) {
      product part = *d;
      part.a += p;
      part.b += j;
      part.rows = at_most(d->rows - p, GROUP);
      part.n = at_most(d->n - j, columns);
      tree_sums(&part, dw + p * d->n + j, d->n, slots, columns);
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
  product part = *d;
  part.b += wide;
  part.n -= wide;
  for (int64_t p = 0; p < d->rows && part.n; p += GROUP) {
    part.a = d->a + p;
    part.rows = at_most(d->rows - p, GROUP);
    block_sums(&part, dw + p * d->n + wide, d->n);
  }
}

/* ---- the kernel ---- */

static void product_tn(int64_t m, int64_t n, const float *a, int64_t lda, const float *b, int64_t ldb, int64_t k0,
                       int64_t k1, float *dw, const cnn__soon *soon) {
  cursor next = {soon, 0, 0};
  product d = {a + k0, b, m, n, lda, ldb, k1 - k0, 0, m * n > FAR, &next};
  dw += k0 * n;
  if (m < 1) {
    for (int64_t i = 0; i < d.rows * n; i++)
      dw[i] = 0.0f;
  } else if (m <= CNN__SHARD) {
    single(&d, dw);
  } else {
    in_blocks(&d, dw);
  }
}

void CNN__NAME(gemm_tn_init)(cnn__kernels *t) { t->gemm_tn = product_tn; }
