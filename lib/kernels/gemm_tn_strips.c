/* gemm_tn_strips: sums of gemm_tn.h, shards of samples that a fixed tree joins.
 *
 * What a strip does besides multiplying is hidden behind multiply-adds that wait for their turn, as long as nothing waits for them:
 * its addresses are few enough to stay in general registers, for GCC puts what does not into vector registers, and fetching it from
 * there has to queue behind all that multiplies. */
#include "kernels/gemm_tn.h"

#define ROWS CNN__STRIP_ROWS
#define VECTORS CNN__STRIP_VECTORS
#define SUMS (ROWS * VECTORS * CNN__LANES)
#define LEVELS 5 /* of the binary counter: CNN__STRIP_SAMPLES are sixteen shards */

/* Shards side by side: half of the sums need then not go through memory. */
#define CHAINS CNN__STRIP_VECTORS

/* Where a strip stands among its samples. Distances are in bytes. */
typedef struct walk {
  const char *a, *b, *ahead;
  int64_t lda, ldb, step;
  int64_t lanes; /* of the last vector */
} walk;

CNN__INLINE void add_up(const int rows, const int vectors, cnn__vec acc[ROWS][VECTORS], cnn__vec more[ROWS][VECTORS]) {
  CNN__UNROLL
  for (int e = 0; e < rows * vectors; e++)
    acc[e / vectors][e % vectors] = cnn__vadd(acc[e / vectors][e % vectors], more[e / vectors][e % vectors]);
}

/* acc += what stands at `from`, which comes first; `lanes` of the last vector count. */
CNN__INLINE void fold(const int rows, const int vectors, const float *from, int64_t row, int64_t lanes,
                      cnn__vec acc[ROWS][VECTORS]) {
  CNN__UNROLL
  for (int p = 0; p < rows; p++) {
    CNN__UNROLL
    for (int v = 0; v < vectors; v++) {
      const float *at = from + p * row + v * CNN__LANES;
      acc[p][v] = cnn__vadd(v < vectors - 1 ? cnn__vload(at) : cnn__vget(at, lanes), acc[p][v]);
    }
  }
}

CNN__INLINE void put(const int rows, const int vectors, float *to, int64_t row, int64_t lanes, cnn__vec acc[ROWS][VECTORS]) {
  CNN__UNROLL
  for (int p = 0; p < rows; p++) {
    CNN__UNROLL
    for (int v = 0; v < vectors; v++)
      cnn__vput(to + p * row + v * CNN__LANES, v < vectors - 1 ? CNN__LANES : lanes, acc[p][v]);
  }
}

CNN__INLINE void clear(const int rows, const int vectors, cnn__vec acc[ROWS][VECTORS]) {
  CNN__UNROLL
  for (int e = 0; e < rows * vectors; e++)
    acc[e / vectors][e % vectors] = cnn__vset(0.0f);
}

/* acc[0] += `count` samples; of two chains acc[1] += as many from CNN__SHARD samples on, side by side. */
CNN__INLINE void chain(const int chains, const int rows, const int vectors, walk *w, int64_t count,
                       cnn__vec acc[CHAINS][ROWS][VECTORS]) {
  do {
    cnn__vec columns[CHAINS][VECTORS];
    CNN__UNROLL
    for (int c = 0; c < chains; c++) {
      CNN__UNROLL
      for (int v = 0; v < vectors; v++) {
        const float *b = (const float *)(const void *)(w->b + c * CNN__SHARD * w->ldb) + v * CNN__LANES;
        columns[c][v] = CNN__STRIP_MASKED && v == vectors - 1 ? cnn__vload_n(b, w->lanes) : cnn__vload(b);
      }
    }
    CNN__UNROLL
    for (int v = 0; v < VECTORS; v++)
      __builtin_prefetch(w->ahead + v * CNN__LANES * (int64_t)sizeof(float), 0, 2);
    CNN__UNROLL
    for (int p = 0; p < rows; p++) {
      CNN__UNROLL
      for (int c = 0; c < chains; c++) {
        cnn__vec value = cnn__vset(((const float *)(const void *)(w->a + c * CNN__SHARD * w->lda))[p]);
        CNN__UNROLL
        for (int v = 0; v < vectors; v++)
          acc[c][p][v] = cnn__vfma(value, columns[c][v], acc[c][p][v]);
      }
    }
    w->a += w->lda;
    w->b += w->ldb;
    w->ahead += w->step;
    CNN__HIDE(w->a);
    CNN__HIDE(w->b);
    CNN__HIDE(w->ahead);
    CNN__HIDE(w->lda); /* else its multiples get registers of their own, where an address may be eight times a register */
    CNN__HIDE(w->ldb);
    CNN__HIDE(w->step);
    CNN__HIDE(count); /* else eight samples are written one behind the other */
  } while (--count);
  w->a += (chains - 1) * CNN__SHARD * w->lda;
  w->b += (chains - 1) * CNN__SHARD * w->ldb;
}

/* See the reference: the stack is a binary counter, here of whole strips. The last shard is not put on it, but goes
 * through all that lies there. Two shards at once are a digit of the next place. */
CNN__INLINE void sums(const int rows, const int vectors, const cnn__strip *s) {
  _Alignas(64) float stack[LEVELS * SUMS], *top = stack;
  cnn__vec acc[CHAINS][ROWS][VECTORS];
  const int64_t size = sizeof(float), lanes = s->lanes - (vectors - 1) * CNN__LANES;
  walk w = {(const char *)s->a, (const char *)s->b, (const char *)s->ahead, s->lda * size, s->ldb * size, s->ahead_step * size, lanes};
  for (int64_t shard = 0, left = s->m;;) {
    int64_t bits = shard;
    clear(rows, vectors, acc[0]);
    if (CHAINS > 1 && left >= 2 * CNN__SHARD) {
      clear(rows, vectors, acc[CHAINS - 1]);
      chain(CHAINS, rows, vectors, &w, CNN__SHARD, acc);
      add_up(rows, vectors, acc[0], acc[CHAINS - 1]);
      bits >>= 1, shard += 2, left -= 2 * CNN__SHARD;
    } else {
      int64_t count = left < CNN__SHARD ? left : CNN__SHARD;
      chain(1, rows, vectors, &w, count, acc);
      shard++, left -= count;
    }
    for (; left ? bits & 1 : top != stack; bits >>= 1) {
      top -= SUMS;
      CNN__HIDE(top); /* else the loop is unrolled for as many levels as the stack has */
      fold(rows, vectors, top, vectors * CNN__LANES, CNN__LANES, acc[0]);
    }
    if (!left)
      break;
    put(rows, vectors, top, vectors * CNN__LANES, CNN__LANES, acc[0]);
    top += SUMS;
    CNN__HIDE(top);
  }
  const cnn__target *t = s->target;
  for (int32_t i = 0; i < t->count; i++)
    fold(rows, vectors, t->joins[i].at + s->p * t->joins[i].row + s->j, t->joins[i].row, lanes, acc[0]);
  float *to = t->to.at + s->p * t->to.row + s->j;
  if (lanes == CNN__LANES) /* without a mask, under which even whole lines are read before they are written */
    put(rows, vectors, to, t->to.row, CNN__LANES, acc[0]);
  else
    put(rows, vectors, to, t->to.row, lanes, acc[0]);
}

/* Strips of fewer rows are made of these. */
#define STRIP(rows, vectors) \
  static void strip_##rows##_##vectors(const cnn__strip *s) { sums(rows, vectors, s); }
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

const cnn__strip_form CNN__NAME(strip_forms)[] = {
#if VECTORS == 1
  {6, {strip_6_1}}, {4, {strip_4_1}}, {2, {strip_2_1}}, {1, {strip_1_1}},
#else
  {6, {strip_6_1, strip_6_2}}, {4, {strip_4_1, strip_4_2}},
  {2, {strip_2_1, strip_2_2}}, {1, {strip_1_1, strip_1_2}},
#endif
};
