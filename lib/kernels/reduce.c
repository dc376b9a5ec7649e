/* reduce: the fixed tree over the slots of micro-shards, each slot read once and the partial sums kept in registers.
 *
 * Eight slots in a row are a whole subtree. Above them the tree is that of a binary counter: slot s (or the eight that
 * begin at s) joins as many finished subtrees as the counter has trailing ones, and what is left at the end is folded
 * from the last one on. tree_sum_f64 sums a few numbers per channel: the reference serves. */
#include "kernels/kernel.h"
#include "kernels/vector.h"

#define DEPTH 63 /* subtrees that can be open: bits of the count */
#define GROUP 8  /* slots summed in registers */
#define WIDTH 4  /* vectors that go through the tree together */

typedef struct column {
  cnn__vec v[WIDTH];
} column;

CNN__INLINE void column_add(column *to, const column *from) {
  for (int i = 0; i < WIDTH; i++) {
    to->v[i] = cnn__vadd(to->v[i], from->v[i]);
  }
}

CNN__INLINE cnn__vec pair(const float *slot, int64_t stride, int64_t n) {
  return cnn__vadd(cnn__vget(slot, n), cnn__vget(slot + stride, n));
}

CNN__INLINE cnn__vec group(const float *slot, int64_t stride, int64_t n) {
  const cnn__vec low = cnn__vadd(pair(slot, stride, n), pair(slot + 2 * stride, stride, n));
  const cnn__vec high = cnn__vadd(pair(slot + 4 * stride, stride, n), pair(slot + 6 * stride, stride, n));
  return cnn__vadd(low, high);
}

/* The tree over `width` vectors of n lanes. */
CNN__INLINE column tree(const float *slots, int64_t count, int64_t stride, int64_t width, int64_t n) {
  column open[DEPTH];
  int depth = 0;
  for (int64_t s = 0; s < count;) {
    const int whole = s + GROUP <= count;
    const float *from = slots + s * stride;
    column value = {{cnn__vset(0.0f)}};
    for (int64_t i = 0; i < width; i++, from += CNN__LANES) {
      value.v[i] = whole ? group(from, stride, n) : cnn__vget(from, n);
    }
    for (int64_t ones = whole ? s / GROUP : s; ones & 1; ones >>= 1) {
      column_add(&open[--depth], &value);
      value = open[depth];
    }
    open[depth++] = value;
    s += whole ? GROUP : 1;
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
  for (; e + CNN__LANES <= n; e += CNN__LANES) {
    cnn__vstore(out + e, tree(slots + e, count, stride, 1, CNN__LANES).v[0]);
  }
  if (e < n) {
    cnn__vstore_n(out + e, n - e, tree(slots + e, count, stride, 1, n - e).v[0]);
  }
}

void CNN__NAME(reduce_init)(cnn__kernels *t) { t->tree_sum = tree_sum; }
