/* suite: what the suites of cnn_bench share: settings, the report, timing, data.
 *
 * A suite is one file with one function, `cnn_status bench_NAME(bench *b)`, one line in suites.def and its file in
 * meson.build. It measures in rounds, everything in turn within a round, and notes each value by name; the frame
 * prints the report when it is done. For instance:
 *
 *   cnn_status bench_sums(bench *b) {
 *     for (int32_t round = 0; round < b->rounds; round++) {
 *       double peak = bench_machine(b);
 *       for (each case)
 *         if (bench_wanted(b, name)) {
 *           double seconds = bench_time(sum, &data, 1e-3);
 *           bench_cell(b, "cases", name, "us", seconds * 1e6);
 *           bench_cell(b, "cases", name, "of_peak", flop / seconds / peak / 1e9);
 *         }
 *     }
 *     bench_value(b, "geometric_mean", bench_geometric_mean(b, "cases", "of_peak"));
 *     return CNN_OK;
 *   } */
#ifndef BENCH_SUITE_H
#define BENCH_SUITE_H

#include <cnn/cnn.h>

#define BENCH_MOST_ROUNDS 101

typedef struct bench {
  cnn_context *context;           /* of `threads` threads, seed 1 */
  int32_t threads, rounds, steps; /* as asked for; rounds 1 to BENCH_MOST_ROUNDS */
  const char *only;               /* NULL: everything */
  struct bench_report *report;
} bench;

/* Is the case of this name to be measured: --only is not given, or found in the name (as a shell pattern). */
int bench_wanted(const bench *b, const char *name);

/* ---- time ---- */

double bench_now(void); /* seconds */

/* Seconds of one call: calls until `least` seconds have gone by (at least once), and divides. */
double bench_time(void (*function)(void *user), void *user, double least);

/* Once a round: notes fma_peak_gflops and canary_gflops of all threads and returns the peak in GFLOP/s; 0 where the level
 * has no vectors. */
double bench_machine(bench *b);

/* ---- the report ---- */

/* One more value of a figure of the whole suite, or of a cell of a table; printed in the order of first mention as median,
 * minimum and maximum (tables as text: the median). Names are words for JSON keys; a row's name may be any text without
 * quotes. At most BENCH_MOST_ROUNDS values. */
void bench_value(bench *b, const char *name, double value);
void bench_cell(bench *b, const char *table, const char *row, const char *column, double value);

/* Why a cell has no values, for instance "no oneDNN". */
void bench_mark(bench *b, const char *table, const char *row, const char *column, const char *why);

/* Of the values noted so far; 0 where there are none. */
double bench_median(const bench *b, const char *name);
double bench_cell_median(const bench *b, const char *table, const char *row, const char *column);
double bench_geometric_mean(const bench *b, const char *table, const char *column); /* of the rows' medians */

/* ---- data ---- */

/* `count` floats in [-1, 1), always the same, 64-byte aligned; freed with free. Ends the program when there is no memory. */
float *bench_floats(int64_t count);

/* ---- the suites ---- */

#define SUITE(name, summary) cnn_status bench_##name(bench *b);
#include "suites.def"
#undef SUITE

#endif
