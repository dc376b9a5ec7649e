/* reduce, in plain C: the fixed binary tree over the slots of micro-shards. */
#include "kernels/kernel.h"

#include <string.h>

static void tree_sum(int64_t n, int64_t count, int64_t stride, float *slots, float *out) {
  for (int64_t d = 1; d < count; d *= 2) {
    for (int64_t s = 0; s + d < count; s += 2 * d) {
      float *to = slots + s * stride;
      const float *from = slots + (s + d) * stride;
      for (int64_t e = 0; e < n; e++) {
        to[e] += from[e];
      }
    }
  }
  if (out != slots) {
    memcpy(out, slots, (size_t)n * sizeof *out);
  }
}

static void tree_sum_f64(int64_t n, int64_t count, int64_t stride, double *slots, double *out) {
  for (int64_t d = 1; d < count; d *= 2) {
    for (int64_t s = 0; s + d < count; s += 2 * d) {
      double *to = slots + s * stride;
      const double *from = slots + (s + d) * stride;
      for (int64_t e = 0; e < n; e++) {
        to[e] += from[e];
      }
    }
  }
  if (out != slots) {
    memcpy(out, slots, (size_t)n * sizeof *out);
  }
}

void CNN__NAME(reduce_init)(cnn__kernels *t) {
  t->tree_sum = tree_sum;
  t->tree_sum_f64 = tree_sum_f64;
}
