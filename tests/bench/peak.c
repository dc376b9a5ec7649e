/* peak: twelve independent chains of FMA in registers, in assembly so that nothing is optimised into or out of them. */
#include "peak.h"

#include "core/cpu.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

#define ROUNDS 3000000
#define CHAINS 12

typedef double loop_fn(void); /* seconds of ROUNDS rounds */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#if defined(__x86_64__)
#define FMA(reg, n, nops) "vfmadd231ps %%" reg "13, %%" reg "12, %%" reg #n "\n\t" nops
#define BODY(reg, nops)                                                                                                \
  FMA(reg, 0, nops) FMA(reg, 1, nops) FMA(reg, 2, nops) FMA(reg, 3, nops) FMA(reg, 4, nops) FMA(reg, 5, nops)          \
  FMA(reg, 6, nops) FMA(reg, 7, nops) FMA(reg, 8, nops) FMA(reg, 9, nops) FMA(reg, 10, nops) FMA(reg, 11, nops)
#define CLEAR "vzeroall\n\t"
#define CLOBBERS                                                                                                       \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",  \
      "cc"
#define LOOP(name, reg, nops)                                                                                          \
  static double name(void) {                                                                                           \
    int64_t left = ROUNDS;                                                                                             \
    double start = now();                                                                                              \
    __asm__ volatile(CLEAR ".p2align 5\n1:\n\t" BODY(reg, nops) "dec %0\n\tjnz 1b\n\tvzeroupper" : "+r"(left) : : CLOBBERS); \
    return now() - start;                                                                                              \
  }
LOOP(ymm_plain, "ymm", "")
LOOP(ymm_nops, "ymm", "nop\n\tnop\n\t")
LOOP(zmm_plain, "zmm", "")
LOOP(zmm_nops, "zmm", "nop\n\tnop\n\t")

static loop_fn *loop_for(int32_t level, int32_t nops, int32_t *lanes) {
  *lanes = level == CNN__CPU_AVX512 ? 16 : 8;
  if (level == CNN__CPU_AVX512)
    return nops ? zmm_nops : zmm_plain;
  return level == CNN__CPU_AVX2 ? (nops ? ymm_nops : ymm_plain) : NULL;
}
#else
static loop_fn *loop_for(int32_t level, int32_t nops, int32_t *lanes) {
  (void)level, (void)nops;
  *lanes = 1;
  return NULL;
}
#endif

typedef struct job {
  loop_fn *loop;
  double seconds;
} job;

static void *run(void *user) {
  job *j = user;
  j->seconds = j->loop();
  return NULL;
}

double bench_fma(int32_t level, int32_t threads, int32_t nops) {
  int32_t lanes;
  loop_fn *loop = loop_for(level, nops, &lanes);
  if (!loop)
    return 0;
  enum { MOST = 64 };
  pthread_t others[MOST];
  job jobs[MOST] = {{0}};
  int32_t started = 0;
  threads = threads > MOST ? MOST : threads;
  for (int32_t i = 0; i < threads; i++)
    jobs[i] = (job){.loop = loop};
  for (int32_t i = 1; i < threads; i++)
    if (pthread_create(&others[started], NULL, run, &jobs[i]) == 0)
      started++;
  run(&jobs[0]);
  for (int32_t i = 0; i < started; i++)
    pthread_join(others[i], NULL);
  double gflops = 0;
  for (int32_t i = 0; i <= started; i++)
    gflops += (double)ROUNDS * CHAINS * lanes * 2 / jobs[i].seconds / 1e9;
  return gflops;
}
