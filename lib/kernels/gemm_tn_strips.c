/* gemm_tn_strips: sums of gemm_tn.h, shards of samples that a fixed tree joins. */
#include "kernels/conv_layout.h"
#include "kernels/gemm_tn.h"

#define ROWS CNN__STRIP_ROWS
#define VECTORS CNN__STRIP_VECTORS
#define LEVELS 5 /* of the binary counter: CNN__STRIP_SAMPLES are sixteen shards */

/* Shards side by side: half of the sums need then not go through memory. */
#define CHAINS CNN__STRIP_VECTORS

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

CNN__INLINE void put(const int rows, const int vectors, const cnn__strip *s, cnn__vec acc[ROWS][VECTORS]) {
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
CNN__INLINE void chain(const int chains, const int rows, const int vectors, cnn__strip *s, int64_t count,
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
CNN__INLINE void sums(const int rows, const int vectors, const cnn__strip *whole) {
  _Alignas(64) float stack[LEVELS * ROWS * CNN__STRIP_WIDTH], *top = stack;
  cnn__vec acc[CHAINS][ROWS][VECTORS];
  cnn__strip s = *whole;
  for (int64_t shard = 0, left = s.m;;) {
    int64_t two = CHAINS > 1 && left >= 2 * CNN__SHARD, bits = shard >> two, count = cnn__at_most(left, CNN__SHARD);
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
      top -= ROWS * CNN__STRIP_WIDTH;
      CNN__HIDE(top); /* else the loop is unrolled for as many levels as the stack has */
      fold(rows, vectors, top, acc[0]);
    }
    if (!left)
      break;
    keep(rows, vectors, top, acc[0]);
    top += ROWS * CNN__STRIP_WIDTH;
  }
  put(rows, vectors, &s, acc[0]);
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
