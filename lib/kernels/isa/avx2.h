/* avx2: the vocabulary of sixteen float lanes in two 256-bit registers. See vector.h for the meaning of each word. */
#ifndef CNN_KERNELS_ISA_AVX2_H
#define CNN_KERNELS_ISA_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#define CNN__VECTORS 8 /* vectors that fit the registers */

typedef struct cnn__vec { /* 16 floats */
  __m256 lo, hi;
} cnn__vec;
typedef struct cnn__ivec { /* 16 unsigned 32-bit integers */
  __m256i lo, hi;
} cnn__ivec;
typedef struct cnn__mask { /* 16 truth values: all bits of a lane or none */
  __m256 lo, hi;
} cnn__mask;
typedef cnn__ivec cnn__tags; /* 16 unsigned 16-bit integers, kept in 32-bit lanes */
typedef struct cnn__dvec {   /* 16 doubles */
  __m256d d0, d1, d2, d3;
} cnn__dvec;

#define CNN__BOTH(type, function, a, b) ((type){function((a).lo, (b).lo), function((a).hi, (b).hi)})
#define CNN__FOUR(function, a, b) \
  ((cnn__dvec){function((a).d0, (b).d0), function((a).d1, (b).d1), function((a).d2, (b).d2), function((a).d3, (b).d3)})

CNN__INLINE cnn__ivec cnn__first(int64_t n) {
  static const int32_t window[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  return (cnn__ivec){_mm256_loadu_si256((const __m256i *)(window + 16 - n)),
                     _mm256_loadu_si256((const __m256i *)(window + 24 - n))};
}

CNN__INLINE cnn__mask cnn__mask_first(int64_t n) {
  cnn__ivec m = cnn__first(n);
  return (cnn__mask){_mm256_castsi256_ps(m.lo), _mm256_castsi256_ps(m.hi)};
}

CNN__INLINE cnn__vec cnn__vload(const float *p) { return (cnn__vec){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
CNN__INLINE cnn__vec cnn__vload_n(const float *p, int64_t n) {
  cnn__ivec m = cnn__first(n);
  return (cnn__vec){_mm256_maskload_ps(p, m.lo), _mm256_maskload_ps(p + 8, m.hi)};
}
CNN__INLINE cnn__vec cnn__vquads(const float *const p[4], int64_t at) {
  return (cnn__vec){_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p[0] + at)), _mm_loadu_ps(p[1] + at), 1),
                    _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p[2] + at)), _mm_loadu_ps(p[3] + at), 1)};
}
CNN__INLINE __m256 cnn__spread(__m256 a, const int j) {
  return j == 0 ? _mm256_permute_ps(a, 0) : j == 1 ? _mm256_permute_ps(a, 85) : j == 2 ? _mm256_permute_ps(a, 170) : _mm256_permute_ps(a, 255);
}
CNN__INLINE cnn__vec cnn__vspread(cnn__vec a, const int j) { return (cnn__vec){cnn__spread(a.lo, j), cnn__spread(a.hi, j)}; }
CNN__INLINE cnn__vec cnn__vfour(const float *p) {
  __m256 four = _mm256_broadcast_ps((const __m128 *)(const void *)p);
  return (cnn__vec){four, four};
}
CNN__INLINE void cnn__vstore(float *p, cnn__vec a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}
/* In halves: a masked store takes a dozen cycles on several processors. */
CNN__INLINE void cnn__vstore_n(float *p, int64_t n, cnn__vec a) {
  __m256 eight = a.lo;
  if (n & 8) {
    _mm256_storeu_ps(p, a.lo);
    p += 8;
    eight = a.hi;
  }
  __m128 four = _mm256_castps256_ps128(eight);
  if (n & 4) {
    _mm_storeu_ps(p, four);
    p += 4;
    four = _mm256_extractf128_ps(eight, 1);
  }
  if (n & 2) {
    _mm_storel_pi((__m64 *)(void *)p, four);
    p += 2;
    four = _mm_movehl_ps(four, four);
  }
  if (n & 1) {
    _mm_store_ss(p, four);
  }
}
CNN__INLINE cnn__vec cnn__vset(float a) { return (cnn__vec){_mm256_set1_ps(a), _mm256_set1_ps(a)}; }
CNN__INLINE cnn__vec cnn__vadd(cnn__vec a, cnn__vec b) { return CNN__BOTH(cnn__vec, _mm256_add_ps, a, b); }
CNN__INLINE cnn__vec cnn__vsub(cnn__vec a, cnn__vec b) { return CNN__BOTH(cnn__vec, _mm256_sub_ps, a, b); }
CNN__INLINE cnn__vec cnn__vmul(cnn__vec a, cnn__vec b) { return CNN__BOTH(cnn__vec, _mm256_mul_ps, a, b); }
CNN__INLINE cnn__vec cnn__vdiv(cnn__vec a, cnn__vec b) { return CNN__BOTH(cnn__vec, _mm256_div_ps, a, b); }
CNN__INLINE cnn__vec cnn__vfma(cnn__vec a, cnn__vec b, cnn__vec c) {
  return (cnn__vec){_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
CNN__INLINE cnn__vec cnn__vsqrt(cnn__vec a) { return (cnn__vec){_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
CNN__INLINE cnn__vec cnn__vmax(cnn__vec a, cnn__vec b) { return CNN__BOTH(cnn__vec, _mm256_max_ps, a, b); }
CNN__INLINE cnn__vec cnn__vmin(cnn__vec a, cnn__vec b) { return CNN__BOTH(cnn__vec, _mm256_min_ps, a, b); }

CNN__INLINE float cnn__vsum(cnn__vec a) {
  __m256 eight = _mm256_add_ps(a.lo, a.hi);
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
CNN__INLINE float cnn__vtop(cnn__vec a) {
  __m256 eight = _mm256_max_ps(a.lo, a.hi);
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

#define CNN__REGISTER 8
typedef __m256 cnn__reg;
CNN__INLINE cnn__reg cnn__rload(const float *p) { return _mm256_loadu_ps(p); }
CNN__INLINE cnn__reg cnn__rget(const float *p, int64_t n) {
  return __builtin_constant_p(n) && n == CNN__REGISTER ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, cnn__first(n).lo);
}
CNN__INLINE void cnn__rput(float *p, int64_t n, cnn__reg a) {
  if (n == CNN__REGISTER)
    _mm256_storeu_ps(p, a);
  else
    cnn__vstore_n(p, n, (cnn__vec){a, a});
}
CNN__INLINE cnn__reg cnn__rset(float a) { return _mm256_set1_ps(a); }
CNN__INLINE cnn__reg cnn__rfma(cnn__reg a, cnn__reg b, cnn__reg c) { return _mm256_fmadd_ps(a, b, c); }
CNN__INLINE cnn__reg cnn__rcut(cnn__reg least, cnn__reg a) {
  return _mm256_andnot_ps(_mm256_cmp_ps(least, a, _CMP_GT_OQ), a);
}

CNN__INLINE cnn__mask cnn__vgreater(cnn__vec a, cnn__vec b) {
  return (cnn__mask){_mm256_cmp_ps(a.lo, b.lo, _CMP_GT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_GT_OQ)};
}
CNN__INLINE cnn__mask cnn__vequal(cnn__vec a, cnn__vec b) {
  return (cnn__mask){_mm256_cmp_ps(a.lo, b.lo, _CMP_EQ_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_EQ_OQ)};
}
CNN__INLINE cnn__vec cnn__vselect(cnn__mask m, cnn__vec a, cnn__vec b) {
  return (cnn__vec){_mm256_blendv_ps(b.lo, a.lo, m.lo), _mm256_blendv_ps(b.hi, a.hi, m.hi)};
}
CNN__INLINE cnn__vec cnn__vkeep(cnn__mask m, cnn__vec a) { return CNN__BOTH(cnn__vec, _mm256_and_ps, m, a); }

CNN__INLINE cnn__ivec cnn__iset(uint32_t a) {
  return (cnn__ivec){_mm256_set1_epi32((int32_t)a), _mm256_set1_epi32((int32_t)a)};
}
CNN__INLINE cnn__ivec cnn__iload_n(const uint32_t *p, int64_t n) {
  cnn__ivec m = cnn__first(n);
  return (cnn__ivec){_mm256_maskload_epi32((const int *)(const void *)p, m.lo),
                     _mm256_maskload_epi32((const int *)(const void *)(p + 8), m.hi)};
}
CNN__INLINE void cnn__istore(uint32_t *p, cnn__ivec a) {
  _mm256_storeu_si256((__m256i *)p, a.lo);
  _mm256_storeu_si256((__m256i *)(p + 8), a.hi);
}
CNN__INLINE cnn__ivec cnn__ilanes(void) {
  return (cnn__ivec){_mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0), _mm256_set_epi32(15, 14, 13, 12, 11, 10, 9, 8)};
}
CNN__INLINE cnn__ivec cnn__iadd(cnn__ivec a, cnn__ivec b) { return CNN__BOTH(cnn__ivec, _mm256_add_epi32, a, b); }
CNN__INLINE cnn__ivec cnn__isub(cnn__ivec a, cnn__ivec b) { return CNN__BOTH(cnn__ivec, _mm256_sub_epi32, a, b); }
CNN__INLINE cnn__ivec cnn__imul(cnn__ivec a, cnn__ivec b) { return CNN__BOTH(cnn__ivec, _mm256_mullo_epi32, a, b); }
CNN__INLINE cnn__ivec cnn__imin(cnn__ivec a, cnn__ivec b) { return CNN__BOTH(cnn__ivec, _mm256_min_epu32, a, b); }
CNN__INLINE cnn__ivec cnn__ilimit(cnn__ivec a, cnn__ivec most) {
  __m256i zero = _mm256_setzero_si256();
  return (cnn__ivec){_mm256_min_epi32(_mm256_max_epi32(a.lo, zero), most.lo),
                     _mm256_min_epi32(_mm256_max_epi32(a.hi, zero), most.hi)};
}
CNN__INLINE cnn__ivec cnn__iand(cnn__ivec a, cnn__ivec b) { return CNN__BOTH(cnn__ivec, _mm256_and_si256, a, b); }
CNN__INLINE cnn__ivec cnn__ior(cnn__ivec a, cnn__ivec b) { return CNN__BOTH(cnn__ivec, _mm256_or_si256, a, b); }
CNN__INLINE cnn__ivec cnn__ixor3(cnn__ivec a, cnn__ivec b, cnn__ivec c) {
  return (cnn__ivec){_mm256_xor_si256(_mm256_xor_si256(a.lo, b.lo), c.lo),
                     _mm256_xor_si256(_mm256_xor_si256(a.hi, b.hi), c.hi)};
}
#define cnn__ileft(a, bits) ((cnn__ivec){_mm256_slli_epi32((a).lo, bits), _mm256_slli_epi32((a).hi, bits)})
#define cnn__iright(a, bits) ((cnn__ivec){_mm256_srli_epi32((a).lo, bits), _mm256_srli_epi32((a).hi, bits)})
CNN__INLINE cnn__ivec cnn__ileft_by(cnn__ivec a, cnn__ivec bits) {
  return CNN__BOTH(cnn__ivec, _mm256_sllv_epi32, a, bits);
}
CNN__INLINE cnn__ivec cnn__iright_by(cnn__ivec a, cnn__ivec bits) {
  return CNN__BOTH(cnn__ivec, _mm256_srlv_epi32, a, bits);
}
CNN__INLINE cnn__mask cnn__iequal(cnn__ivec a, cnn__ivec b) {
  return (cnn__mask){_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.lo, b.lo)),
                     _mm256_castsi256_ps(_mm256_cmpeq_epi32(a.hi, b.hi))};
}
CNN__INLINE cnn__mask cnn__iat_least(cnn__ivec a, cnn__ivec b) {
  return cnn__iequal(a, CNN__BOTH(cnn__ivec, _mm256_max_epu32, a, b));
}

CNN__INLINE cnn__ivec cnn__imul_even(cnn__ivec a, cnn__ivec b) { return CNN__BOTH(cnn__ivec, _mm256_mul_epu32, a, b); }
CNN__INLINE cnn__ivec cnn__iodd(cnn__ivec a) {
  return (cnn__ivec){_mm256_srli_epi64(a.lo, 32), _mm256_srli_epi64(a.hi, 32)};
}
CNN__INLINE cnn__ivec cnn__iweave(cnn__ivec even, cnn__ivec odd) {
  return (cnn__ivec){_mm256_blend_epi32(even.lo, _mm256_slli_epi64(odd.lo, 32), 0xaa),
                     _mm256_blend_epi32(even.hi, _mm256_slli_epi64(odd.hi, 32), 0xaa)};
}

CNN__INLINE cnn__ivec cnn__vbits(cnn__vec a) {
  return (cnn__ivec){_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)};
}
CNN__INLINE cnn__vec cnn__ifloat(cnn__ivec a) {
  return (cnn__vec){_mm256_castsi256_ps(a.lo), _mm256_castsi256_ps(a.hi)};
}
CNN__INLINE cnn__vec cnn__vfrom(cnn__ivec a) {
  return (cnn__vec){_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)};
}
CNN__INLINE cnn__ivec cnn__iload_u8(const uint8_t *p) {
  __m128i bytes = _mm_loadu_si128((const __m128i *)p);
  return (cnn__ivec){_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))};
}
CNN__INLINE cnn__ivec cnn__iload_u8_n(const uint8_t *p, int64_t n) {
  uint8_t all[16] = {0};
  for (int64_t i = 0; i < n; i++) {
    all[i] = p[i];
  }
  return cnn__iload_u8(all);
}
CNN__INLINE cnn__ivec cnn__iload_u16(const uint16_t *p) {
  return (cnn__ivec){_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)),
                     _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(p + 8)))};
}
CNN__INLINE cnn__vec cnn__vgather(const float *p, cnn__ivec at) {
  return (cnn__vec){_mm256_i32gather_ps(p, at.lo, 4), _mm256_i32gather_ps(p, at.hi, 4)};
}

CNN__INLINE cnn__tags cnn__tset(uint16_t a) { return cnn__iset(a); }
CNN__INLINE cnn__tags cnn__tselect(cnn__mask m, cnn__tags a, cnn__tags b) {
  return (cnn__tags){_mm256_blendv_epi8(b.lo, a.lo, _mm256_castps_si256(m.lo)),
                     _mm256_blendv_epi8(b.hi, a.hi, _mm256_castps_si256(m.hi))};
}
CNN__INLINE void cnn__tstore(uint16_t *p, cnn__tags a) {
  _mm256_storeu_si256((__m256i *)p, _mm256_permute4x64_epi64(_mm256_packus_epi32(a.lo, a.hi), 0xd8));
}
CNN__INLINE void cnn__tstore_u8(uint8_t *p, cnn__tags a) {
  __m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(a.lo, a.hi), 0xd8);
  _mm_storeu_si128((__m128i *)p,
                   _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}
CNN__INLINE void cnn__tstore_u8_n(uint8_t *p, int64_t n, cnn__tags a) {
  uint8_t all[16];
  cnn__tstore_u8(all, a);
  for (int64_t i = 0; i < n; i++) {
    p[i] = all[i];
  }
}

CNN__INLINE cnn__dvec cnn__dset(double a) {
  __m256d v = _mm256_set1_pd(a);
  return (cnn__dvec){v, v, v, v};
}
CNN__INLINE void cnn__dstore(double *p, cnn__dvec a) {
  _mm256_storeu_pd(p, a.d0);
  _mm256_storeu_pd(p + 4, a.d1);
  _mm256_storeu_pd(p + 8, a.d2);
  _mm256_storeu_pd(p + 12, a.d3);
}
CNN__INLINE cnn__dvec cnn__dadd(cnn__dvec a, cnn__dvec b) { return CNN__FOUR(_mm256_add_pd, a, b); }
CNN__INLINE cnn__dvec cnn__dsub(cnn__dvec a, cnn__dvec b) { return CNN__FOUR(_mm256_sub_pd, a, b); }
CNN__INLINE cnn__dvec cnn__dmul(cnn__dvec a, cnn__dvec b) { return CNN__FOUR(_mm256_mul_pd, a, b); }
CNN__INLINE cnn__dvec cnn__dmax(cnn__dvec a, cnn__dvec b) { return CNN__FOUR(_mm256_max_pd, a, b); }
CNN__INLINE cnn__dvec cnn__dmin(cnn__dvec a, cnn__dvec b) { return CNN__FOUR(_mm256_min_pd, a, b); }
CNN__INLINE cnn__dvec cnn__dfrom_v(cnn__vec a) {
  return (cnn__dvec){
      _mm256_cvtps_pd(_mm256_castps256_ps128(a.lo)), _mm256_cvtps_pd(_mm256_extractf128_ps(a.lo, 1)),
      _mm256_cvtps_pd(_mm256_castps256_ps128(a.hi)), _mm256_cvtps_pd(_mm256_extractf128_ps(a.hi, 1))};
}
CNN__INLINE cnn__dvec cnn__dfrom_i(cnn__ivec a) {
  return (cnn__dvec){
      _mm256_cvtepi32_pd(_mm256_castsi256_si128(a.lo)), _mm256_cvtepi32_pd(_mm256_extracti128_si256(a.lo, 1)),
      _mm256_cvtepi32_pd(_mm256_castsi256_si128(a.hi)), _mm256_cvtepi32_pd(_mm256_extracti128_si256(a.hi, 1))};
}
CNN__INLINE cnn__ivec cnn__ifrom_d(cnn__dvec a) {
  return (cnn__ivec){_mm256_set_m128i(_mm256_cvttpd_epi32(a.d1), _mm256_cvttpd_epi32(a.d0)),
                     _mm256_set_m128i(_mm256_cvttpd_epi32(a.d3), _mm256_cvttpd_epi32(a.d2))};
}

#endif
