/* gemm_tn: the weight gradient of dense layers in vectors: sums over the batch in shards that a fixed tree joins.
 *
 * Samples come in blocks. A strip of the result stays in registers for a shard and in the first cache for the tree of a block;
 * the trees of blocks wait in slots, and each strip joins those that its block completes. Samples are read where they are, one
 * behind the other, except those that lie so far apart that they share a few lines of the caches: they are laid out close
 * together first. */
#include "kernels/conv_layout.h"
#include "kernels/gemm_tn.h"

void CNN__NAME(gemm_tn_init)(cnn__kernels *t);

/* Rows and vectors of a strip; where a single shard is all, WIDE vectors beside each other. */
#define ROWS CNN__STRIP_ROWS
#define WIDTH CNN__STRIP_WIDTH
#define VECTORS CNN__STRIP_VECTORS
#define WIDE (2 * VECTORS)

#define BLOCK CNN__STRIP_SAMPLES
#define GROUP 96                    /* rows of the result that share the columns of a block */
#define COLUMNS 192                 /* columns that share its rows, at most */
#define FEW 32                      /* samples whose columns of a block stay in the first cache */
#define NEAR 4096                   /* floats that stay there wherever they are */
#define NARROW 10                   /* columns that are too few for a vector */
#define SLOTS (GROUP * COLUMNS * 3) /* floats for the trees of blocks: three levels of them, or others */

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

typedef struct room {
  _Alignas(64) float a[BLOCK * GROUP], b[FEW * COLUMNS], slots[SLOTS];
} room;

/* A block under way: the strip at hand, and how many there were. */
typedef struct pass {
  const product *d;
  cnn__strip strip;
  int64_t number;
} pass;

/* ---- what comes next ---- */

/* Places that a strip of m samples fetches, VECTORS lines of each. */
static int64_t fetches(int64_t m) { return VECTORS > 1 ? m - m / (2 * CNN__SHARD) * CNN__SHARD : m; }

/* Lines in a row of what the caller touches next. */
static void look_further(const product *d, cnn__strip *s) {
  cursor *next = d->next;
  s->ahead = s->a;
  s->ahead_step = 0;
  if (!next->soon || next->array == CNN__SOON || !next->soon->at[next->array])
    return;
  s->ahead = next->soon->at[next->array] + next->at;
  s->ahead_step = VECTORS * CNN__LANES;
  next->at += fetches(d->m) * s->ahead_step;
  if (next->at >= next->soon->floats) {
    next->at = 0;
    next->array++;
  }
}

/* Strips that fetch `floats` of each sample of a whole block, a line at a time; unless they begin a line they lie across one more. */
static int64_t lookers(int64_t floats) { return (floats / CNN__LANES + 1) * VECTORS; }

/* Part `number` of that. */
static void look_at(const float *from, int64_t step, int64_t floats, int64_t number, cnn__strip *s) {
  s->ahead = from + cnn__at_most(number / VECTORS * CNN__LANES, floats - 1) + number % VECTORS * (BLOCK / VECTORS) * step;
  s->ahead_step = step;
}

/* What a strip fetches meanwhile: lines of the next block, or what comes after all of this. What the block at hand
 * reads comes soon enough by itself. */
CNN__INLINE void look_ahead(pass *g) {
  const product *d = g->d;
  int64_t number = g->number++, of_a = lookers(d->rows), of_b = lookers(d->n);
  if (d->after < d->m || number >= of_a + of_b)
    look_further(d, &g->strip);
  else if (number < of_a)
    look_at(d->a + d->m * d->lda, d->lda, d->rows, number, &g->strip);
  else
    look_at(d->b + d->m * d->ldb, d->ldb, d->n, number - of_a, &g->strip);
}

/* ---- blocks ---- */

/* Samples so far apart meet in a few lines of the caches: a multiple of 1 KiB leaves a sixteenth of the first one, or less. */
static int32_t crowded(int64_t m, int64_t step) { return step % 256 == 0 && m * step > NEAR; }

/* The next `width` of each sample close together, with zeros up to the next sixteen: in panels of `panel` columns, each of
 * `m` samples. */
static void lay_out(const float *from, int64_t step, int64_t m, int64_t width, float *to, int64_t panel) {
  for (int64_t i = 0; i < m; i++, from += step, to += panel)
    for (int64_t first = 0; first < width; first += panel)
      for (int64_t l = first; l < width && l < first + panel; l += CNN__LANES)
        cnn__vstore(to + first * m + l - first, cnn__vget(from + l, cnn__at_most(width - l, CNN__LANES)));
}

CNN__INLINE void strip_sums(pass *g, const cnn__strip_form *form, const float *b, int64_t j) {
  g->strip.b = b;
  g->strip.j = j;
  g->strip.lanes = cnn__at_most(g->d->n - j, WIDTH);
  look_ahead(g);
  form->of[g->strip.lanes > CNN__LANES](&g->strip);
}

/* The columns of few samples stay in the first cache; the result is then written row by row, as memory likes it. */
static void few_sums(pass *g, const float *columns, int64_t step) {
  cnn__strip *s = &g->strip;
  for (const cnn__strip_form *form = CNN__NAME(strip_forms); s->p < g->d->rows; form++)
    for (; s->p + form->rows <= g->d->rows; s->p += form->rows, s->a += form->rows) {
      const float *b = columns;
      for (int64_t j = 0; j < g->d->n; j += WIDTH, b += step)
        strip_sums(g, form, b, j);
    }
}

static void panel_sums(pass *g, const float *a, const float *b, int64_t j) {
  cnn__strip *s = &g->strip;
  s->a = a;
  s->p = 0;
  for (const cnn__strip_form *form = CNN__NAME(strip_forms); s->p < g->d->rows; form++)
    for (; s->p + form->rows <= g->d->rows; s->p += form->rows, s->a += form->rows)
      strip_sums(g, form, b, j);
}

/* The sums of at most BLOCK samples and COLUMNS columns. Besides what is crowded, columns are laid out where they are no whole
 * vectors and strips have no masks. `laid`: its rows lie there from the columns before. */
static void block_sums(const product *d, const cnn__target *t, room *r, int32_t laid) {
  int32_t rows_apart = d->n > 2 * WIDTH && crowded(d->m, d->lda), columns_apart = d->rows > 2 * ROWS && crowded(d->m, d->ldb);
  int64_t together = (d->rows + CNN__LANES - 1) / CNN__LANES * CNN__LANES;
  const float *a = rows_apart ? r->a : d->a;
  pass g = {.d = d, .strip = {.a = a, .lda = rows_apart ? together : d->lda, .ldb = d->ldb, .m = d->m, .target = t}};
  if (rows_apart && !laid)
    lay_out(d->a, d->lda, d->m, d->rows, r->a, together);
  if (d->m <= FEW) {
    int32_t apart = columns_apart || (!CNN__STRIP_MASKED && d->n % CNN__LANES);
    if (apart) {
      lay_out(d->b, d->ldb, d->m, d->n, r->b, WIDTH);
      g.strip.ldb = WIDTH;
    }
    few_sums(&g, apart ? r->b : d->b, apart ? d->m * WIDTH : WIDTH);
    return;
  }
  for (int64_t j = 0; j < d->n; j += WIDTH) {
    int64_t width = cnn__at_most(d->n - j, WIDTH);
    int32_t apart = columns_apart || (!CNN__STRIP_MASKED && width % CNN__LANES);
    if (apart) {
      lay_out(d->b + j, d->ldb, d->m, width, r->b, WIDTH);
      g.strip.ldb = WIDTH;
    }
    panel_sums(&g, a, apart ? r->b : d->b + j, j);
  }
}

/* ---- the fixed tree of blocks ---- */

static int64_t levels_of(int64_t m) {
  int64_t levels = 0;
  for (int64_t blocks = (m - 1) / BLOCK; blocks; blocks /= 2)
    levels++;
  return levels;
}

/* As many columns as have slots for all levels of the tree but the last, which waits in the result. */
static int64_t columns_of(int64_t levels) {
  int64_t columns = levels > 1 ? SLOTS / (GROUP * (levels - 1)) / WIDTH * WIDTH : COLUMNS;
  return columns < CNN__LANES ? CNN__LANES : cnn__at_most(columns, COLUMNS);
}

/* As in the reference: slots are a binary counter, and a block completes the trees of the ones at its number's end, the last
 * block all. */
static void aim(cnn__target *t, int64_t block, int32_t last, int64_t levels, cnn__place result, cnn__place slots) {
  int64_t level = 0;
  t->count = 0;
  for (int64_t bits = block; bits && (last || bits & 1); bits >>= 1, level++)
    if (bits & 1)
      t->joins[t->count++] = level == levels - 1 ? result : (cnn__place){slots.at + level * GROUP * slots.row, slots.row};
  t->to = last || level == levels - 1 ? result : (cnn__place){slots.at + level * GROUP * slots.row, slots.row};
}

static void in_blocks(const product *d, cnn__place dw) {
  room r;
  cnn__target t;
  int64_t levels = levels_of(d->m), columns = columns_of(levels);
  for (int64_t p = 0; p < d->rows; p += GROUP)
    for (int64_t j = 0; j < d->n; j += columns) {
      product part = *d;
      part.a += p;
      part.b += j;
      part.rows = cnn__at_most(d->rows - p, GROUP);
      part.n = cnn__at_most(d->n - j, columns);
      part.after = d->m;
      for (int64_t block = 0; part.after; block++) {
        part.m = cnn__at_most(part.after, BLOCK);
        part.after -= part.m;
        aim(&t, block, !part.after, levels, (cnn__place){dw.at + p * dw.row + j, dw.row}, (cnn__place){r.slots, columns});
        block_sums(&part, &t, &r, j > 0 && !levels);
        part.a += part.m * d->lda;
        part.b += part.m * d->ldb;
      }
    }
}

/* The last few columns, which would leave lanes of each vector empty: rows and columns change places. */
static void across(const product *d, cnn__place dw) {
  _Alignas(64) float sums[NARROW * GROUP];
  for (int64_t p = 0; p < d->rows; p += GROUP) {
    product part = *d;
    part.a = d->b, part.lda = d->ldb, part.rows = d->n;
    part.b = d->a + p, part.ldb = d->lda, part.n = cnn__at_most(d->rows - p, GROUP);
    in_blocks(&part, (cnn__place){sums, GROUP});
    if (d->n == 1) /* the longer loop inside */
      for (int64_t q = 0; q < part.n; q++)
        dw.at[(p + q) * dw.row] = sums[q];
    else
      for (int64_t q = 0; q < part.n; q++)
        for (int64_t j = 0; j < d->n; j++)
          dw.at[(p + q) * dw.row + j] = sums[j * GROUP + q];
  }
}

static void several(const product *d, cnn__place dw) {
  int64_t narrow = d->n % CNN__LANES;
  product whole = *d, rest = *d;
  rest.n = narrow <= NARROW ? narrow : 0;
  whole.n -= rest.n;
  rest.b += whole.n;
  if (whole.n)
    in_blocks(&whole, dw);
  if (rest.n)
    across(&rest, (cnn__place){dw.at + whole.n, dw.row});
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
  product d = {a + k0, b, m, n, lda, ldb, k1 - k0, 0, &next};
  dw += k0 * n;
  if (m < 1) {
    for (int64_t i = 0; i < d.rows * n; i++)
      dw[i] = 0.0f;
  } else if (m <= CNN__SHARD) {
    single(&d, dw);
  } else {
    several(&d, (cnn__place){dw, n});
  }
}

void CNN__NAME(gemm_tn_init)(cnn__kernels *t) { t->gemm_tn = product_tn; }
