/* gemm_pack: matrices into panels of sixteen columns, whole panels at the speed of memory. */
#include "kernels/tile.h"

void CNN__NAME(gemm_pack_init)(cnn__kernels *t);

static void pack(int64_t k, int64_t n, int64_t k0, int64_t k1, const float *w, float *packed) {
  for (int64_t j = 0; j < n; j += CNN__LANES, packed += k * CNN__LANES) {
    int64_t lanes = n - j < CNN__LANES ? n - j : CNN__LANES;
    for (int64_t p = k0; p < k1; p++)
      cnn__vstore(packed + p * CNN__LANES, cnn__vget(w + p * n + j, lanes));
  }
}

/* Eight rows of eight from `row` floats apart, transposed, to sixteen floats apart. */
static void transpose(const float *w, int64_t row, float *to) {
  __m256 a[8], b[8];
  CNN__UNROLL
  for (int i = 0; i < 8; i++)
    a[i] = _mm256_loadu_ps(w + i * row);
  CNN__UNROLL
  for (int i = 0; i < 8; i += 2) {
    b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
  }
  CNN__UNROLL
  for (int i = 0; i < 8; i += 4) {
    a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
    a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xee);
    a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
    a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xee);
  }
  CNN__UNROLL
  for (int i = 0; i < 4; i++) {
    _mm256_storeu_ps(to + i * CNN__LANES, _mm256_permute2f128_ps(a[i], a[i + 4], 0x20));
    _mm256_storeu_ps(to + (i + 4) * CNN__LANES, _mm256_permute2f128_ps(a[i], a[i + 4], 0x31));
  }
}

static void pack_t(int64_t k, int64_t n, int64_t k0, int64_t k1, const float *w, float *packed) {
  packed += k0 * n;
  for (int64_t p = k0; p < k1; p += CNN__LANES, packed += n * CNN__LANES) {
    int64_t j = 0;
    for (; p + CNN__LANES <= k && j + 8 <= n; j += 8) {
      transpose(w + p * n + j, n, packed + j * CNN__LANES);
      transpose(w + (p + 8) * n + j, n, packed + j * CNN__LANES + 8);
    }
    for (; j < n; j++)
      for (int64_t l = 0; l < CNN__LANES; l++)
        packed[j * CNN__LANES + l] = p + l < k ? w[(p + l) * n + j] : 0.0f;
  }
}

void CNN__NAME(gemm_pack_init)(cnn__kernels *t) {
  t->gemm_pack = pack;
  t->gemm_pack_t = pack_t;
}
