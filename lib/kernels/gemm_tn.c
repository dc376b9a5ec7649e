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
#define GROUP 48  /* rows of the result that share a block */
#define SLOTS (GROUP * 192 * 4) /* floats for the trees of blocks: four levels of 192 columns, or others */

typedef struct strip {
  const float *a, *b; /* of the first sample, the next lda and ldb behind */
  int64_t lda, ldb, m;
  float *to;
  int64_t row, lanes;
  const float *ahead; /* what will be read next: fetched meanwhile, ahead_step for each sample */
  int64_t ahead_step;
} strip;

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

/* acc += `count` samples. */
CNN__INLINE void chain(const int rows, const int vectors, strip *s, int64_t count, cnn__vec acc[ROWS][VECTORS]) {
  const float *a = s->a, *b = s->b, *ahead = s->ahead;
  do {
    cnn__vec columns[VECTORS];
    __builtin_prefetch(ahead, 0, 2);
    CNN__UNROLL
    for (int v = 0; v < vectors; v++)
      columns[v] = cnn__vload(b + v * CNN__LANES);
    CNN__UNROLL
    for (int p = 0; p < rows; p++) {
      cnn__vec value = cnn__vset(a[p]);
      CNN__UNROLL
      for (int v = 0; v < vectors; v++)
        acc[p][v] = cnn__vfma(value, columns[v], acc[p][v]);
    }
    a += s->lda;
    b += s->ldb;
    ahead += s->ahead_step;
    CNN__HIDE(a);
    CNN__HIDE(b);
  } while (--count);
  s->a = a, s->b = b, s->ahead = ahead;
}

/* Two whole shards side by side, whose sum is left in acc. */
CNN__INLINE void two_chains(const int rows, const int vectors, strip *s, cnn__vec acc[ROWS][VECTORS]) {
  cnn__vec second[ROWS][VECTORS];
  const float *a = s->a, *b = s->b, *ahead = s->ahead;
  const int64_t a_far = CNN__SHARD * s->lda, b_far = CNN__SHARD * s->ldb, ahead_far = CNN__SHARD * s->ahead_step;
  int64_t count = CNN__SHARD;
  clear(rows, vectors, second);
  do {
    cnn__vec columns[2 * VECTORS];
    __builtin_prefetch(ahead, 0, 2);
    __builtin_prefetch(ahead + ahead_far, 0, 2);
    CNN__UNROLL
    for (int v = 0; v < vectors; v++) {
      columns[v] = cnn__vload(b + v * CNN__LANES);
      columns[VECTORS + v] = cnn__vload(b + b_far + v * CNN__LANES);
    }
    CNN__UNROLL
    for (int p = 0; p < rows; p++) {
      cnn__vec value = cnn__vset(a[p]);
      CNN__UNROLL
      for (int v = 0; v < vectors; v++)
        acc[p][v] = cnn__vfma(value, columns[v], acc[p][v]);
      value = cnn__vset(a[a_far + p]);
      CNN__UNROLL
      for (int v = 0; v < vectors; v++)
        second[p][v] = cnn__vfma(value, columns[VECTORS + v], second[p][v]);
    }
    a += s->lda;
    b += s->ldb;
    ahead += s->ahead_step;
    CNN__HIDE(a);
    CNN__HIDE(b);
  } while (--count);
  s->a = a + a_far, s->b = b + b_far, s->ahead = ahead + ahead_far;
  CNN__UNROLL
  for (int p = 0; p < rows; p++) {
    CNN__UNROLL
    for (int v = 0; v < vectors; v++)
      acc[p][v] = cnn__vadd(acc[p][v], second[p][v]);
  }
}

/* See the reference: the stack is a binary counter, here of whole strips. The last shard is not put on it, but goes
 * through all that lies there. Two shards at once are a digit of the next place. */
CNN__INLINE void sums(const int rows, const int vectors, const strip *whole) {
  float stack[LEVELS * ROWS * WIDTH], *top = stack;
  cnn__vec acc[ROWS][VECTORS];
  strip s = *whole;
  for (int64_t shard = 0, left = s.m;;) {
    int64_t two = CHAINS > 1 && left >= 2 * CNN__SHARD, bits = shard >> two;
    int64_t count = two ? 2 * CNN__SHARD : left < CNN__SHARD ? left : CNN__SHARD;
    clear(rows, vectors, acc);
    if (two)
      two_chains(rows, vectors, &s, acc);
    else
      chain(rows, vectors, &s, count, acc);
    left -= count;
    shard += 1 + two;
    for (; left ? bits & 1 : top != stack; bits >>= 1) {
      top -= ROWS * WIDTH;
      CNN__HIDE(top); /* else the loop is unrolled for as many levels as the stack has */
      fold(rows, vectors, top, acc);
    }
    if (!left)
      break;
    keep(rows, vectors, top, acc);
    top += ROWS * WIDTH;
  }
  put(rows, vectors, &s, acc);
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
  cursor *next;
} product;

static int64_t at_most(int64_t value, int64_t limit) { return value < limit ? value : limit; }

/* ---- blocks ---- */

/* The next `width` of each sample close together, with zeros up to the next sixteen. */
static void lay_out(const float *from, int64_t step, int64_t m, int64_t width, float *to, int64_t to_step) {
  for (int64_t l = 0; l < width; l += CNN__LANES) {
    int64_t lanes = at_most(width - l, CNN__LANES);
    for (int64_t i = 0; i < m; i++)
      cnn__vstore(to + i * to_step + l, cnn__vget(from + i * step + l, lanes));
  }
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

/* What strip number `number` at column j fetches meanwhile: a vector of each sample's next columns, or of the next
 * block's rows, or what comes after all of this. */
static void look_ahead(const product *d, int64_t j, int64_t number, strip *s) {
  int64_t line = j / WIDTH * CNN__LANES;
  s->ahead = s->a;
  s->ahead_step = 0;
  if (number < VECTORS && j + WIDTH + number * CNN__LANES < d->n) {
    s->ahead = d->b + j + WIDTH + number * CNN__LANES;
    s->ahead_step = d->ldb;
  } else if (number == VECTORS && d->after >= d->m && line < d->rows) {
    s->ahead = d->a + d->m * d->lda + line;
    s->ahead_step = d->lda;
  } else {
    look_further(d, s);
  }
}

/* The sums of at most BLOCK samples. Laid out is what several strips read, and columns that would need a mask. */
static void block_sums(const product *d, float *dw, int64_t row) {
  float a[BLOCK * GROUP], b[BLOCK * WIDTH];
  strip s = {.lda = d->lda, .m = d->m, .row = row};
  const float *first = d->a;
  if (d->n > 2 * WIDTH) {
    lay_out(d->a, d->lda, d->m, d->rows, a, GROUP);
    first = a;
    s.lda = GROUP;
  }
  for (int64_t j = 0; j < d->n; j += WIDTH) {
    s.lanes = at_most(d->n - j, WIDTH);
    s.b = d->b + j;
    s.ldb = d->ldb;
    if (d->rows > ROWS || s.lanes % CNN__LANES) {
      lay_out(s.b, d->ldb, d->m, s.lanes, b, WIDTH);
      s.b = b;
      s.ldb = WIDTH;
    }
    int32_t size = 0;
    for (int64_t p = 0, number = 0; p < d->rows; p += strips[size].rows, number++) {
      while (strips[size].rows > d->rows - p)
        size++;
      s.a = first + p;
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
static int64_t columns_of(int64_t m, int64_t n) {
  int64_t levels = 0;
  for (int64_t blocks = (m - 1) / BLOCK; blocks; blocks /= 2)
    levels++;
  int64_t columns = levels ? SLOTS / (GROUP * levels) / WIDTH * WIDTH : n;
  return columns < CNN__LANES ? CNN__LANES : columns;
}

static void in_blocks(const product *d, float *dw) {
  float slots[SLOTS];
  int64_t columns = columns_of(d->m, d->n);
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
  product d = {a + k0, b, m, n, lda, ldb, k1 - k0, 0, &next};
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
