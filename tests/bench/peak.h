/* peak: what the machine can do, measured there and then with registers alone. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include <stdint.h>

/* GFLOP/s of `threads` threads at once, in fused multiply-adds of the level's widest vectors; nops: so many after each (the canary, which falls
 * when somebody else shares the issue slots). 0 where the level has no vectors. */
double bench_fma(int32_t level, int32_t threads, int32_t nops);

#endif
