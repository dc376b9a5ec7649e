/* cpu: which instruction sets may be used, by feature and never by model. */
#ifndef CNN_CORE_CPU_H
#define CNN_CORE_CPU_H

#include <stdint.h>

enum { CNN__CPU_REF = 0, CNN__CPU_AVX2 = 1, CNN__CPU_AVX512 = 2, CNN__CPU_COUNT = 3 };
enum { CNN__GEMM_NATIVE = 0, CNN__GEMM_BLAS = 1, CNN__GEMM_REF = 2, CNN__GEMM_COUNT = 3 };

/* The highest level this CPU and operating system offer (AVX2 with FMA; AVX-512 F, BW, DQ, VL). */
int32_t cnn__cpu_best(void);

/* Non-zero where the CPU has FMA: the reference then runs compiled with it, same bits, faster. */
int32_t cnn__cpu_has_fma(void);

/* "ref", "avx2", "avx512". */
const char *cnn__cpu_name(int32_t level);

/* "native", "blas", "ref". */
const char *cnn__gemm_name(int32_t provider);

/* The level a new context takes: cnn__cpu_best() lowered by CNN_CPU=ref|avx2|avx512. Returns a level, or -1 when CNN_CPU
 * holds an unknown name or one that this machine lacks (the text is recorded by cnn__fail). */
int32_t cnn__cpu_choose(void);

/* The provider of matrix products: CNN_GEMM=native|blas|ref; default native where a vector level exists, ref under
 * CNN_CPU=ref, blas where the CPU has no vector level and a BLAS was built in. -1 with text for an unknown name, or
 * blas where none was built in, or native on the level ref. */
int32_t cnn__gemm_choose(int32_t level);

/* Whether plans may make one layer of several: 1, or 0 under CNN_FUSE=0. -1 with text where it is neither. */
int32_t cnn__fuse_choose(void);

/* Whether convolutions may go by Winograd's transforms where their shape suits: CNN_WINOGRAD=0|1; default 1. -1 with text
 * for another value. */
int32_t cnn__winograd_choose(void);

/* The same choices for information only: nothing is recorded, and a variable that would be refused counts as unset. */
int32_t cnn__cpu_peek(void);
int32_t cnn__gemm_peek(int32_t level);
int32_t cnn__fuse_peek(void);
int32_t cnn__winograd_peek(void);

#endif
