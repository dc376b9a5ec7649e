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

typedef struct cnn__fp {
  unsigned control;
} cnn__fp;

static inline cnn__fp cnn__fp_enter(void) {
  cnn__fp saved = {_mm_getcsr()};
  _mm_setcsr(CNN__FP_DEFAULT);
  return saved;
}

static inline void cnn__fp_leave(cnn__fp saved) { _mm_setcsr(saved.control); }

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
