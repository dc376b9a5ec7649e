/* report: figures by name and cells by table, row and column, each with the values of all rounds. */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME 96

typedef struct entry { /* table, row and column are "" for a figure of the suite, which has its name in `row` */
  char table[NAME], row[NAME], column[NAME];
  char mark[NAME];
  double values[BENCH_MOST_ROUNDS];
  int32_t count;
} entry;

struct bench_report {
  entry **entries;
  int32_t count, capacity;
};

void *bench_memory(void *old, size_t bytes) {
  void *memory = realloc(old, bytes);
  if (!memory) {
    fprintf(stderr, "cnn_bench: out of memory (%zu bytes)\n", bytes);
    exit(1);
  }
  return memory;
}

struct bench_report *bench_report_new(void) {
  struct bench_report *report = bench_memory(NULL, sizeof *report);
  *report = (struct bench_report){0};
  return report;
}

void bench_report_free(struct bench_report *report) {
  if (!report)
    return;
  for (int32_t i = 0; i < report->count; i++)
    free(report->entries[i]);
  free(report->entries);
  free(report);
}

/* ---- noting ---- */

static entry *find(const struct bench_report *report, const char *table, const char *row, const char *column) {
  for (int32_t i = 0; i < report->count; i++) {
    entry *e = report->entries[i];
    if (strcmp(e->row, row) == 0 && strcmp(e->column, column) == 0 && strcmp(e->table, table) == 0)
      return e;
  }
  return NULL;
}

static entry *find_or_add(struct bench_report *report, const char *table, const char *row, const char *column) {
  entry *e = find(report, table, row, column);
  if (e)
    return e;
  if (report->count == report->capacity) {
    report->capacity = report->capacity ? 2 * report->capacity : 64;
    report->entries = bench_memory(report->entries, (size_t)report->capacity * sizeof(entry *));
  }
  e = bench_memory(NULL, sizeof *e);
  memset(e, 0, sizeof *e);
  snprintf(e->table, NAME, "%s", table);
  snprintf(e->row, NAME, "%s", row);
  snprintf(e->column, NAME, "%s", column);
  return report->entries[report->count++] = e;
}

void bench_cell(bench *b, const char *table, const char *row, const char *column, double value) {
  entry *e = find_or_add(b->report, table, row, column);
  if (e->count < BENCH_MOST_ROUNDS)
    e->values[e->count++] = value;
}

void bench_value(bench *b, const char *name, double value) { bench_cell(b, "", name, "", value); }

void bench_mark(bench *b, const char *table, const char *row, const char *column, const char *why) {
  snprintf(find_or_add(b->report, table, row, column)->mark, NAME, "%s", why);
}

/* ---- figures ---- */

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

typedef struct spread {
  double median, least, most;
} spread;

static spread spread_of(const entry *e) {
  double sorted[BENCH_MOST_ROUNDS];
  int32_t n = e ? e->count : 0;
  if (n == 0)
    return (spread){0, 0, 0};
  memcpy(sorted, e->values, (size_t)n * sizeof *sorted);
  qsort(sorted, (size_t)n, sizeof *sorted, ascending);
  return (spread){n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2, sorted[0], sorted[n - 1]};
}

double bench_cell_median(const bench *b, const char *table, const char *row, const char *column) {
  return spread_of(find(b->report, table, row, column)).median;
}

double bench_median(const bench *b, const char *name) { return bench_cell_median(b, "", name, ""); }

double bench_geometric_mean(const bench *b, const char *table, const char *column) {
  double sum = 0;
  int32_t n = 0;
  for (int32_t i = 0; i < b->report->count; i++) {
    const entry *e = b->report->entries[i];
    if (strcmp(e->table, table) == 0 && strcmp(e->column, column) == 0 && spread_of(e).median > 0) {
      sum += log(spread_of(e).median);
      n++;
    }
  }
  return n ? exp(sum / n) : 0;
}

/* ---- text ---- */

/* The first entry of its table, of its row in the table, of its column in the table: where a heading or line begins. */
static int first_of(const struct bench_report *report, int32_t index, int row, int column) {
  const entry *e = report->entries[index];
  for (int32_t i = 0; i < index; i++) {
    const entry *other = report->entries[i];
    if (strcmp(other->table, e->table) == 0 && (!row || strcmp(other->row, e->row) == 0) &&
        (!column || strcmp(other->column, e->column) == 0))
      return 0;
  }
  return 1;
}

static int in_table(const struct bench_report *report, int32_t index, const char *table) {
  return strcmp(report->entries[index]->table, table) == 0;
}

static int width_of(const char *column) { return strlen(column) < 11 ? 11 : (int)strlen(column); }

static void text_table(const struct bench_report *report, const char *table) {
  int names = 0;
  for (int32_t i = 0; i < report->count; i++)
    if (in_table(report, i, table) && (int)strlen(report->entries[i]->row) > names)
      names = (int)strlen(report->entries[i]->row);
  if (names < (int)strlen(table))
    names = (int)strlen(table);
  printf("\n%-*s", names, table);
  for (int32_t i = 0; i < report->count; i++)
    if (in_table(report, i, table) && first_of(report, i, 0, 1))
      printf(" %*s", width_of(report->entries[i]->column), report->entries[i]->column);
  printf("\n");
  for (int32_t r = 0; r < report->count; r++) {
    if (!in_table(report, r, table) || !first_of(report, r, 1, 0))
      continue;
    printf("%-*s", names, report->entries[r]->row);
    for (int32_t i = 0; i < report->count; i++) {
      const char *column = report->entries[i]->column;
      if (!in_table(report, i, table) || !first_of(report, i, 0, 1))
        continue;
      const entry *e = find(report, table, report->entries[r]->row, column);
      if (e && e->count)
        printf(" %*.5g", width_of(column), spread_of(e).median);
      else
        printf(" %*s", width_of(column), e && e->mark[0] ? e->mark : "-");
    }
    printf("\n");
  }
}

/* Whether nobody else shared the cores or their issue slots. */
static int quiet(const bench *b) {
  return bench_median(b, "canary_gflops") >= 0.9 * spread_of(find(b->report, "", "fma_peak_gflops", "")).most;
}

void bench_report_text(const bench *b, const char *suite) {
  const struct bench_report *report = b->report;
  printf("%s\n%s: %d threads, %d rounds, machine %s: median (minimum to maximum)\n\n", cnn_build_info(), suite, b->threads,
         b->rounds, quiet(b) ? "quiet" : "disturbed");
  for (int32_t i = 0; i < report->count; i++)
    if (in_table(report, i, "")) {
      spread s = spread_of(report->entries[i]);
      printf("%-34s %12.5g  (%.5g to %.5g)\n", report->entries[i]->row, s.median, s.least, s.most);
    }
  for (int32_t i = 0; i < report->count; i++)
    if (report->entries[i]->table[0] && first_of(report, i, 0, 0))
      text_table(report, report->entries[i]->table);
}

/* ---- JSON ---- */

static void json_entry(const char *name, const entry *e) {
  spread s = spread_of(e);
  if (e->count)
    printf("\"%s\": {\"median\": %.6g, \"min\": %.6g, \"max\": %.6g}", name, s.median, s.least, s.most);
  else
    printf("\"%s\": \"%s\"", name, e->mark);
}

static void json_table(const struct bench_report *report, const char *table) {
  const char *between = "";
  printf(",\n  \"%s\": [", table);
  for (int32_t r = 0; r < report->count; r++) {
    if (!in_table(report, r, table) || !first_of(report, r, 1, 0))
      continue;
    printf("%s\n    {\"name\": \"%s\"", between, report->entries[r]->row);
    between = ",";
    for (int32_t i = r; i < report->count; i++)
      if (in_table(report, i, table) && strcmp(report->entries[i]->row, report->entries[r]->row) == 0) {
        printf(", ");
        json_entry(report->entries[i]->column, report->entries[i]);
      }
    printf("}");
  }
  printf("\n  ]");
}

void bench_report_json(const bench *b, const char *suite) {
  const struct bench_report *report = b->report;
  printf("{\n  \"version\": \"%s\",\n  \"build\": \"%s\",\n  \"suite\": \"%s\",\n  \"threads\": %d,\n  \"rounds\": %d,\n"
         "  \"quiet\": %s",
         cnn_version(), cnn_build_info(), suite, b->threads, b->rounds, quiet(b) ? "true" : "false");
  for (int32_t i = 0; i < report->count; i++)
    if (in_table(report, i, "")) {
      printf(",\n  ");
      json_entry(report->entries[i]->row, report->entries[i]);
    }
  for (int32_t i = 0; i < report->count; i++)
    if (report->entries[i]->table[0] && first_of(report, i, 0, 0))
      json_table(report, report->entries[i]->table);
  printf("\n}\n");
}
