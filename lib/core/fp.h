/* fp: the floating-point environment that the numbers are defined under.
 *
 * Results are those of round to nearest with denormals kept and every exception masked, whatever the caller has set. An
 * entry point that computes brackets its work by these two and leaves the caller's environment, flags included, as it
 * found it. The work must stand in another function, since compilers may move arithmetic across the change. */
#ifndef CNN_CORE_FP_H
#define CNN_CORE_FP_H

#if defined(__x86_64__)
#include <xmmintrin.h>

#define CNN__FP_DEFAULT 0x1f80u /* all exceptions masked, round to nearest, no flush to zero, no denormals as zero */
#define CNN__X87_DEFAULT 0x037f /* the same, extended precision: the C library's printf and strtod round as it says */

typedef struct cnn__fp {
  unsigned control;
  unsigned short x87;
} cnn__fp;

static inline void cnn__x87_set(unsigned short control) { __asm__ volatile("fldcw %0" : : "m"(control)); }

static inline cnn__fp cnn__fp_enter(void) {
  cnn__fp saved = {_mm_getcsr(), 0};
  _mm_setcsr(CNN__FP_DEFAULT);
  __asm__ volatile("fnstcw %0" : "=m"(saved.x87));
  if (saved.x87 != CNN__X87_DEFAULT)
    cnn__x87_set(CNN__X87_DEFAULT);
  return saved;
}

static inline void cnn__fp_leave(cnn__fp saved) {
  _mm_setcsr(saved.control);
  if (saved.x87 != CNN__X87_DEFAULT)
    cnn__x87_set(saved.x87);
}

#else
#include <fenv.h>

typedef struct cnn__fp {
  fenv_t environment;
} cnn__fp;

static inline cnn__fp cnn__fp_enter(void) {
  cnn__fp saved;
  fegetenv(&saved.environment);
  fesetenv(FE_DFL_ENV);
  return saved;
}

static inline void cnn__fp_leave(cnn__fp saved) { fesetenv(&saved.environment); }

#endif
#endif
