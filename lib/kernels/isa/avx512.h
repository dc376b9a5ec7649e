/* avx512: the vocabulary of sixteen float lanes in one 512-bit register. See vector.h for the meaning of each word. */
#ifndef CNN_KERNELS_ISA_AVX512_H
#define CNN_KERNELS_ISA_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#define CNN__VECTORS 32 /* vectors that fit the registers */

typedef __m512 cnn__vec;    /* 16 floats */
typedef __m512i cnn__ivec;  /* 16 unsigned 32-bit integers */
typedef __mmask16 cnn__mask; /* 16 truth values */
typedef __m256i cnn__tags;  /* 16 unsigned 16-bit integers */
typedef struct cnn__dvec {  /* 16 doubles */
  __m512d lo, hi;
} cnn__dvec;

CNN__INLINE cnn__mask cnn__mask_first(int64_t n) { return (cnn__mask)((1u << n) - 1u); }

CNN__INLINE cnn__vec cnn__vload(const float *p) { return _mm512_loadu_ps(p); }
CNN__INLINE cnn__vec cnn__vload_n(const float *p, int64_t n) { return _mm512_maskz_loadu_ps(cnn__mask_first(n), p); }
CNN__INLINE cnn__vec cnn__vquads(const float *const p[4], int64_t at) {
  __m512 lower = _mm512_insertf32x4(_mm512_castps128_ps512(_mm_loadu_ps(p[0] + at)), _mm_loadu_ps(p[1] + at), 1);
  return _mm512_insertf32x4(_mm512_insertf32x4(lower, _mm_loadu_ps(p[2] + at), 2), _mm_loadu_ps(p[3] + at), 3);
}
CNN__INLINE cnn__vec cnn__vspread(cnn__vec a, const int j) {
  return j == 0 ? _mm512_permute_ps(a, 0) : j == 1 ? _mm512_permute_ps(a, 85) : j == 2 ? _mm512_permute_ps(a, 170) : _mm512_permute_ps(a, 255);
}
CNN__INLINE cnn__vec cnn__vfour(const float *p) { return _mm512_broadcast_f32x4(_mm_loadu_ps(p)); }
CNN__INLINE void cnn__vstore(float *p, cnn__vec a) { _mm512_storeu_ps(p, a); }
CNN__INLINE void cnn__vstore_n(float *p, int64_t n, cnn__vec a) { _mm512_mask_storeu_ps(p, cnn__mask_first(n), a); }
CNN__INLINE cnn__vec cnn__vset(float a) { return _mm512_set1_ps(a); }
CNN__INLINE cnn__vec cnn__vadd(cnn__vec a, cnn__vec b) { return _mm512_add_ps(a, b); }
CNN__INLINE cnn__vec cnn__vsub(cnn__vec a, cnn__vec b) { return _mm512_sub_ps(a, b); }
CNN__INLINE cnn__vec cnn__vmul(cnn__vec a, cnn__vec b) { return _mm512_mul_ps(a, b); }
CNN__INLINE cnn__vec cnn__vdiv(cnn__vec a, cnn__vec b) { return _mm512_div_ps(a, b); }
CNN__INLINE cnn__vec cnn__vfma(cnn__vec a, cnn__vec b, cnn__vec c) { return _mm512_fmadd_ps(a, b, c); }
CNN__INLINE cnn__vec cnn__vsqrt(cnn__vec a) { return _mm512_sqrt_ps(a); }
CNN__INLINE cnn__vec cnn__vmax(cnn__vec a, cnn__vec b) { return _mm512_max_ps(a, b); }
CNN__INLINE cnn__vec cnn__vmin(cnn__vec a, cnn__vec b) { return _mm512_min_ps(a, b); }

CNN__INLINE float cnn__vsum(cnn__vec a) {
  __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
CNN__INLINE float cnn__vtop(cnn__vec a) {
  __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

#define CNN__REGISTER 16
typedef __m512 cnn__reg;
CNN__INLINE cnn__reg cnn__rload(const float *p) { return _mm512_loadu_ps(p); }
CNN__INLINE cnn__reg cnn__rget(const float *p, int64_t n) { return _mm512_maskz_loadu_ps(cnn__mask_first(n), p); }
CNN__INLINE void cnn__rput(float *p, int64_t n, cnn__reg a) { _mm512_mask_storeu_ps(p, cnn__mask_first(n), a); }
CNN__INLINE cnn__reg cnn__rset(float a) { return _mm512_set1_ps(a); }
CNN__INLINE cnn__reg cnn__rfma(cnn__reg a, cnn__reg b, cnn__reg c) { return _mm512_fmadd_ps(a, b, c); }
CNN__INLINE cnn__reg cnn__rcut(cnn__reg least, cnn__reg a) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(least, a, _CMP_GT_OQ), a, _mm512_setzero_ps());
}

/* All lanes or none. */
CNN__INLINE cnn__mask cnn__mask_of(int32_t all) { return (cnn__mask)-all; }
/* The value at p in every lane; where m is of none, p is not read. And a * b + c in the lanes of m, else c. */
CNN__INLINE cnn__vec cnn__vset_where(cnn__mask m, const float *p) {
  return _mm512_broadcastss_ps(_mm_maskz_load_ss((__mmask8)m, p));
}
CNN__INLINE cnn__vec cnn__vfma_where(cnn__mask m, cnn__vec a, cnn__vec b, cnn__vec c) {
  return _mm512_mask3_fmadd_ps(a, b, c, m);
}

CNN__INLINE cnn__mask cnn__vgreater(cnn__vec a, cnn__vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
CNN__INLINE cnn__mask cnn__vequal(cnn__vec a, cnn__vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
CNN__INLINE cnn__vec cnn__vselect(cnn__mask m, cnn__vec a, cnn__vec b) { return _mm512_mask_blend_ps(m, b, a); }
CNN__INLINE cnn__vec cnn__vkeep(cnn__mask m, cnn__vec a) { return _mm512_maskz_mov_ps(m, a); }

CNN__INLINE cnn__ivec cnn__iset(uint32_t a) { return _mm512_set1_epi32((int32_t)a); }
CNN__INLINE cnn__ivec cnn__iload_n(const uint32_t *p, int64_t n) {
  return _mm512_maskz_loadu_epi32(cnn__mask_first(n), p);
}
CNN__INLINE void cnn__istore(uint32_t *p, cnn__ivec a) { _mm512_storeu_si512(p, a); }
CNN__INLINE cnn__ivec cnn__ilanes(void) {
  return _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}
CNN__INLINE cnn__ivec cnn__iadd(cnn__ivec a, cnn__ivec b) { return _mm512_add_epi32(a, b); }
CNN__INLINE cnn__ivec cnn__isub(cnn__ivec a, cnn__ivec b) { return _mm512_sub_epi32(a, b); }
CNN__INLINE cnn__ivec cnn__imul(cnn__ivec a, cnn__ivec b) { return _mm512_mullo_epi32(a, b); }
CNN__INLINE cnn__ivec cnn__imin(cnn__ivec a, cnn__ivec b) { return _mm512_min_epu32(a, b); }
CNN__INLINE cnn__ivec cnn__ilimit(cnn__ivec a, cnn__ivec most) {
  return _mm512_min_epi32(_mm512_max_epi32(a, _mm512_setzero_si512()), most);
}
CNN__INLINE cnn__ivec cnn__iand(cnn__ivec a, cnn__ivec b) { return _mm512_and_si512(a, b); }
CNN__INLINE cnn__ivec cnn__ior(cnn__ivec a, cnn__ivec b) { return _mm512_or_si512(a, b); }
CNN__INLINE cnn__ivec cnn__ixor3(cnn__ivec a, cnn__ivec b, cnn__ivec c) {
  return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}
#define cnn__ileft(a, bits) _mm512_slli_epi32(a, bits)
#define cnn__iright(a, bits) _mm512_srli_epi32(a, bits)
CNN__INLINE cnn__ivec cnn__ileft_by(cnn__ivec a, cnn__ivec bits) { return _mm512_sllv_epi32(a, bits); }
CNN__INLINE cnn__ivec cnn__iright_by(cnn__ivec a, cnn__ivec bits) { return _mm512_srlv_epi32(a, bits); }
CNN__INLINE cnn__mask cnn__iequal(cnn__ivec a, cnn__ivec b) { return _mm512_cmpeq_epi32_mask(a, b); }
CNN__INLINE cnn__mask cnn__iat_least(cnn__ivec a, cnn__ivec b) { return _mm512_cmpge_epu32_mask(a, b); }

CNN__INLINE cnn__ivec cnn__imul_even(cnn__ivec a, cnn__ivec b) { return _mm512_mul_epu32(a, b); }
CNN__INLINE cnn__ivec cnn__iodd(cnn__ivec a) { return _mm512_srli_epi64(a, 32); }
CNN__INLINE cnn__ivec cnn__iweave(cnn__ivec even, cnn__ivec odd) {
  return _mm512_mask_shuffle_epi32(even, 0xaaaa, odd, (_MM_PERM_ENUM)0xa0);
}

CNN__INLINE cnn__ivec cnn__vbits(cnn__vec a) { return _mm512_castps_si512(a); }
CNN__INLINE cnn__vec cnn__ifloat(cnn__ivec a) { return _mm512_castsi512_ps(a); }
CNN__INLINE cnn__vec cnn__vfrom(cnn__ivec a) { return _mm512_cvtepi32_ps(a); }
CNN__INLINE cnn__ivec cnn__iload_u8(const uint8_t *p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}
CNN__INLINE cnn__ivec cnn__iload_u8_n(const uint8_t *p, int64_t n) {
  return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(cnn__mask_first(n), p));
}
CNN__INLINE cnn__ivec cnn__iload_u16(const uint16_t *p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
}
CNN__INLINE cnn__vec cnn__vgather(const float *p, cnn__ivec at) { return _mm512_i32gather_ps(at, p, 4); }

CNN__INLINE cnn__tags cnn__tset(uint16_t a) { return _mm256_set1_epi16((int16_t)a); }
CNN__INLINE cnn__tags cnn__tselect(cnn__mask m, cnn__tags a, cnn__tags b) { return _mm256_mask_blend_epi16(m, b, a); }
CNN__INLINE void cnn__tstore(uint16_t *p, cnn__tags a) { _mm256_storeu_si256((__m256i *)p, a); }
CNN__INLINE void cnn__tstore_u8(uint8_t *p, cnn__tags a) {
  _mm_storeu_si128((__m128i *)p, _mm256_cvtepi16_epi8(a));
}
CNN__INLINE void cnn__tstore_u8_n(uint8_t *p, int64_t n, cnn__tags a) {
  _mm_mask_storeu_epi8(p, cnn__mask_first(n), _mm256_cvtepi16_epi8(a));
}

CNN__INLINE cnn__dvec cnn__dset(double a) { return (cnn__dvec){_mm512_set1_pd(a), _mm512_set1_pd(a)}; }
CNN__INLINE void cnn__dstore(double *p, cnn__dvec a) {
  _mm512_storeu_pd(p, a.lo);
  _mm512_storeu_pd(p + 8, a.hi);
}
CNN__INLINE cnn__dvec cnn__dadd(cnn__dvec a, cnn__dvec b) {
  return (cnn__dvec){_mm512_add_pd(a.lo, b.lo), _mm512_add_pd(a.hi, b.hi)};
}
CNN__INLINE cnn__dvec cnn__dsub(cnn__dvec a, cnn__dvec b) {
  return (cnn__dvec){_mm512_sub_pd(a.lo, b.lo), _mm512_sub_pd(a.hi, b.hi)};
}
CNN__INLINE cnn__dvec cnn__dmul(cnn__dvec a, cnn__dvec b) {
  return (cnn__dvec){_mm512_mul_pd(a.lo, b.lo), _mm512_mul_pd(a.hi, b.hi)};
}
CNN__INLINE cnn__dvec cnn__dmax(cnn__dvec a, cnn__dvec b) {
  return (cnn__dvec){_mm512_max_pd(a.lo, b.lo), _mm512_max_pd(a.hi, b.hi)};
}
CNN__INLINE cnn__dvec cnn__dmin(cnn__dvec a, cnn__dvec b) {
  return (cnn__dvec){_mm512_min_pd(a.lo, b.lo), _mm512_min_pd(a.hi, b.hi)};
}
CNN__INLINE cnn__dvec cnn__dfrom_v(cnn__vec a) {
  return (cnn__dvec){_mm512_cvtps_pd(_mm512_castps512_ps256(a)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1))};
}
CNN__INLINE cnn__dvec cnn__dfrom_i(cnn__ivec a) {
  return (cnn__dvec){_mm512_cvtepi32_pd(_mm512_castsi512_si256(a)),
                     _mm512_cvtepi32_pd(_mm512_extracti32x8_epi32(a, 1))};
}
CNN__INLINE cnn__ivec cnn__ifrom_d(cnn__dvec a) {
  return _mm512_inserti32x8(_mm512_castsi256_si512(_mm512_cvttpd_epi32(a.lo)), _mm512_cvttpd_epi32(a.hi), 1);
}

#endif
