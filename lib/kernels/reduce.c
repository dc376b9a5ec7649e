/* reduce: the fixed tree over the slots of micro-shards, each slot read once and the partial sums kept in registers.
 *
 * The tree is that of a binary counter: slot s joins as many finished subtrees as it has trailing ones, and what is left
 * at the end is folded from the last one on. tree_sum_f64 sums a few numbers per channel: the reference serves. */
#include "kernels/kernel.h"
#include "kernels/vector.h"

#define DEPTH 63 /* subtrees that can be open: bits of the count */
#define WIDTH 4  /* vectors that go through the tree together */

typedef struct column {
  cnn__vec v[WIDTH];
} column;

CNN__INLINE void column_add(column *to, const column *from) {
  for (int i = 0; i < WIDTH; i++) {
    to->v[i] = cnn__vadd(to->v[i], from->v[i]);
  }
}

/* The tree over WIDTH vectors, or over one of n lanes only. */
CNN__INLINE column tree(const float *slots, int64_t count, int64_t stride, int64_t width, int64_t n) {
  column open[DEPTH];
  int depth = 0;
  for (int64_t s = 0; s < count; s++) {
    column value = {{cnn__vget(slots + s * stride, n)}};
    for (int64_t i = 1; i < width; i++) {
      value.v[i] = cnn__vload(slots + s * stride + i * CNN__LANES);
    }
    for (int64_t ones = s; ones & 1; ones >>= 1) {
      column_add(&open[--depth], &value);
      value = open[depth];
    }
    open[depth++] = value;
  }
  while (depth > 1) {
    depth--;
    column_add(&open[depth - 1], &open[depth]);
  }
  return open[0];
}

static void tree_sum(int64_t n, int64_t count, int64_t stride, float *slots, float *out) {
  int64_t e = 0;
  for (; e + WIDTH * CNN__LANES <= n; e += WIDTH * CNN__LANES) {
    const column sum = tree(slots + e, count, stride, WIDTH, CNN__LANES);
    for (int i = 0; i < WIDTH; i++) {
      cnn__vstore(out + e + i * CNN__LANES, sum.v[i]);
    }
  }
  for (; e < n; e += CNN__LANES) {
    const int64_t left = n - e < CNN__LANES ? n - e : CNN__LANES;
    cnn__vput(out + e, left, tree(slots + e, count, stride, 1, left).v[0]);
  }
}

void CNN__NAME(reduce_init)(cnn__kernels *t) { t->tree_sum = tree_sum; }
