/* gemm: the matrix products that define the bits: one chain of fused multiply-adds for each element, or for each shard
 * of rows; sixteen columns go side by side, each with an accumulator of its own. */
#include "kernels/kernel.h"

#include <math.h>

static void pack(int64_t k, int64_t n, int64_t k0, int64_t k1, const float *w, float *packed) {
  for (int64_t j = 0; j < n; j += CNN__LANES, packed += k * CNN__LANES)
    for (int64_t p = k0; p < k1; p++)
      for (int64_t l = 0; l < CNN__LANES; l++)
        packed[p * CNN__LANES + l] = j + l < n ? w[p * n + j + l] : 0.0f;
}

static void pack_t(int64_t k, int64_t n, int64_t k0, int64_t k1, const float *w, float *packed) {
  packed += k0 * n;
  for (int64_t p = k0; p < k1; p += CNN__LANES)
    for (int64_t j = 0; j < n; j++)
      for (int64_t l = 0; l < CNN__LANES; l++)
        *packed++ = p + l < k ? w[(p + l) * n + j] : 0.0f;
}

static void product(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *packed,
                    const float *bias, int32_t relu, float *c, int64_t ldc) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j += CNN__LANES) {
      float acc[CNN__LANES] = {0};
      const float *panel = packed + j * k;
      int64_t lanes = n - j < CNN__LANES ? n - j : CNN__LANES;
      for (int64_t l = 0; l < lanes && bias; l++)
        acc[l] = bias[j + l];
      for (int64_t p = 0; p < k; p++)
        for (int64_t l = 0; l < CNN__LANES; l++)
          acc[l] = fmaf(a[i * lda + p], panel[p * CNN__LANES + l], acc[l]);
      for (int64_t l = 0; l < lanes; l++)
        c[i * ldc + j + l] = relu && 0.0f > acc[l] ? 0.0f : acc[l];
    }
}

/* The sums of the shards so far wait on a stack, as the digits of a binary counter: number s is first joined with the
 * sums that it completes, and what remains at the end is joined from the last to the first. These are the additions of
 * the fixed tree, whatever the count. */
static void product_tn(int64_t m, int64_t n, const float *a, int64_t lda, const float *b, int64_t ldb, int64_t k0,
                       int64_t k1, float *dw, const cnn__soon *soon) {
  (void)soon;
  for (int64_t p = k0; p < k1; p++)
    for (int64_t j = 0; j < n; j++) {
      float stack[64] = {0};
      int32_t depth = 0;
      for (int64_t shard = 0; shard * CNN__SHARD < m; shard++) {
        float acc = 0.0f;
        for (int64_t i = shard * CNN__SHARD; i < m && i < (shard + 1) * CNN__SHARD; i++)
          acc = fmaf(a[i * lda + p], b[i * ldb + j], acc);
        for (int64_t bits = shard; bits & 1; bits >>= 1)
          acc = stack[--depth] + acc;
        stack[depth++] = acc;
      }
      for (; depth > 1; depth--)
        stack[depth - 2] += stack[depth - 1];
      dw[p * n + j] = stack[0];
    }
}

void CNN__NAME(gemm_init)(cnn__kernels *t) {
  t->gemm_pack = pack;
  t->gemm_pack_t = pack_t;
  t->gemm = product;
  t->gemm_tn = product_tn;
}
