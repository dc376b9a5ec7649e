/* suite: what the suites share beside the report. */
#include "suite.h"

#include "peak.h"
#include "report.h"

#include "core/context_internal.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int bench_wanted(const bench *b, const char *name) {
  char pattern[256];
  if (!b->only)
    return 1;
  snprintf(pattern, sizeof pattern, "*%s*", b->only);
  return fnmatch(pattern, name, 0) == 0;
}

double bench_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double bench_time(void (*function)(void *user), void *user, double least) {
  int64_t calls = 0;
  double start = bench_now(), seconds;
  do {
    function(user);
    calls++;
    seconds = bench_now() - start;
  } while (seconds < least);
  return seconds / (double)calls;
}

double bench_machine(bench *b) {
  double peak = bench_fma(b->context->level, b->threads, 0);
  bench_value(b, "fma_peak_gflops", peak);
  bench_value(b, "canary_gflops", bench_fma(b->context->level, b->threads, 2));
  return peak;
}

float *bench_floats(int64_t count) {
  size_t bytes = ((size_t)count * sizeof(float) + 63) / 64 * 64;
  float *floats = aligned_alloc(64, bytes ? bytes : 64);
  uint32_t state = 1;
  if (!floats) {
    fprintf(stderr, "cnn_bench: out of memory (%zu bytes)\n", bytes);
    exit(1);
  }
  for (int64_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    floats[i] = (float)(state >> 8) * 0x1p-23f - 1.0f;
  }
  return floats;
}
