/* report: the values that a suite notes, and their two forms on paper. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "suite.h"

struct bench_report *bench_report_new(void);
void bench_report_free(struct bench_report *report);

/* To stdout, under a heading of the build, the suite, threads and rounds. */
void bench_report_text(const bench *b, const char *suite);
void bench_report_json(const bench *b, const char *suite);

/* Memory, or the end of the program. */
void *bench_memory(void *old, size_t bytes);

#endif
