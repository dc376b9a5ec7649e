/* vector: sixteen float lanes, whatever the instruction set. A vector kernel is written once over these words and
 * compiled for each level; isa/ holds one vocabulary per instruction set.
 *
 * Letters: v sixteen floats, i sixteen unsigned 32-bit integers, t sixteen unsigned 16-bit integers, d sixteen doubles;
 * r what one register holds: CNN__REGISTER floats, sixteen or eight.
 *   load load_n store store_n   unaligned; _n touches only the first n lanes (0..15), the others read as 0;
 *                               load_n takes 16 too, and so does AVX-512's store_n
 *   set                         the same value in every lane
 *   rget rput                   the first n lanes, 1..CNN__REGISTER
 *   rcut(least, a)              0 where least > a, else a
 *   max(a, b)                   a > b ? a : b, so b where either is NaN or both are zeros; min(a, b): a < b ? a : b
 *   vsum vtop                   the lanes folded by halves, lane j with j + 8 first: with add; with max
 *   greater equal at_least      masks; false where NaN; integers unsigned
 *   ilimit(a, most)             taken as signed: 0 where a is below it, most where a is above that, else a
 *   left_by right_by            each lane shifted by as many bits as the second says
 *   select(m, a, b) keep(m, a)  a where true, else b; else +0
 *   imul_even iodd iweave       products of the even lanes, as 64 bits; the odd lanes moved to the even ones; lane 2j
 *                               from the first, 2j + 1 from lane 2j of the second
 *   vbits ifloat                the same bits as the other kind; vfrom, dfrom, ifrom convert (ifrom_d truncates)
 *   vgather(p, at)              p[at[j]]
 *   vquads(p, at) vspread(a, j) the four floats at each of four pointers; of each four lanes the j-th in all four, j known to
 *                             the compiler
 *   vfour(p)                  the four floats at p, four times */
#ifndef CNN_KERNELS_VECTOR_H
#define CNN_KERNELS_VECTOR_H

#include "kernels/kernel.h"

#define CNN__INLINE static inline __attribute__((always_inline))

#if defined(CNN__LEVEL_AVX512)
#include "kernels/isa/avx512.h"
#elif defined(CNN__LEVEL_AVX2)
#include "kernels/isa/avx2.h"
#else
#error "vector.h: this level has no vocabulary"
#endif

/* Whether n lanes are all of them. Loading under a mask costs AVX-512 next to nothing: there only the compiler is asked. */
#define CNN__ALL_LANES(n) ((CNN__REGISTER < CNN__LANES || __builtin_constant_p(n)) && (n) == CNN__LANES)

/* The first n lanes, 1..16: where n is known to be sixteen at compile time no mask remains. A line that is stored under a mask
 * is read first, whatever the mask: that is asked at run time. */
CNN__INLINE cnn__vec cnn__vget(const float *p, int64_t n) {
  return CNN__ALL_LANES(n) ? cnn__vload(p) : cnn__vload_n(p, n);
}
CNN__INLINE void cnn__vput(float *p, int64_t n, cnn__vec a) {
  if (n == CNN__LANES) {
    cnn__vstore(p, a);
  } else {
    cnn__vstore_n(p, n, a);
  }
}

/* Asks for the cache line of `bytes` bytes behind p, which may lie outside its array: what is read in order comes sooner
 * from the third cache, and from the second, when it is asked for well ahead. */
CNN__INLINE void cnn__fetch(const void *p, int64_t bytes) {
  __builtin_prefetch((const void *)((uintptr_t)p + (uintptr_t)bytes));
}

/* The same of `count` places, `apart` floats from one to the next, the first `floats` behind p. (Inlined: gcc drops calls of
 * what does nothing but this.) */
CNN__INLINE void cnn__fetch_strided(const float *p, int64_t floats, int64_t count, int64_t apart) {
  for (int64_t i = 0; i < count; i++)
    cnn__fetch(p, (floats + i * apart) * (int64_t)sizeof(float));
}

/* A value that is used more than once stays in a register, where GCC would load it anew for each use; and it is loaded in its turn. */
#if CNN__VECTORS >= 32
#define CNN__HOLD(a) __asm__ volatile("" : "+v"(a))
#else
#define CNN__HOLD(a) (void)(a)
#endif

/* lanes(i, n, ...) for elements [i, i + n): sixteen at a time, then what is left of `count`. */
#define CNN__ALONG(count, lanes, ...)                      \
  do {                                                     \
    int64_t i_ = 0;                                        \
    for (; i_ + CNN__LANES <= (count); i_ += CNN__LANES) { \
      lanes(i_, CNN__LANES, __VA_ARGS__);                  \
    }                                                      \
    if (i_ < (count)) {                                    \
      lanes(i_, (count) - i_, __VA_ARGS__);                \
    }                                                      \
  } while (0)

#endif
