/* cnn_bench: suites of measurements, each beside the machine's own limit in the same run.
 *
 * Every figure is taken once a round, all of them in turn, so that a machine that changes its speed changes it for all. */
#include "report.h"
#include "suite.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct suite {
  const char *name, *summary;
  cnn_status (*run)(bench *b);
} suite;

static const suite suites[] = {
#define SUITE(name, summary) {#name, summary, bench_##name},
#include "suites.def"
#undef SUITE
};

static const char help_text[] =
    "Usage: cnn_bench [OPTION]...\n"
    "Measure libcnn beside the FMA peak of this machine.\n"
    "\n"
    "  -s, --suite NAME    what to measure (default model), one of the list below\n"
    "  -t, --threads N     threads (default: CNN_NUM_THREADS, else all CPUs allowed)\n"
    "  -r, --rounds N      rounds, 1 to 101; every figure is their median, minimum and maximum (default 7)\n"
    "  -n, --steps N       training steps in a round, 1 to 1000 (default 20)\n"
    "      --only PATTERN  only the cases in whose name the shell pattern is found\n"
    "      --json          one JSON object on stdout and nothing else\n"
    "  -h, --help          print this and exit\n"
    "\n"
    "Suites:\n";

static int help(void) {
  fputs(help_text, stdout);
  for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
    printf("  %-10s %s\n", suites[i].name, suites[i].summary);
  return 0;
}

static const suite *suite_named(const char *name) {
  for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
    if (strcmp(suites[i].name, name) == 0)
      return &suites[i];
  fprintf(stderr, "cnn_bench: --suite '%s' is none of those that --help lists\n", name);
  return NULL;
}

static int read_count(const char *text, const char *name, long most, int32_t *out) {
  char *end;
  long value = strtol(text, &end, 10);
  if (*text == 0 || *end || value < 1 || value > most) {
    fprintf(stderr, "cnn_bench: %s '%s': a whole number from 1 to %ld is needed\n", name, text, most);
    return 2;
  }
  *out = (int32_t)value;
  return 0;
}

static int run(bench *b, const suite *chosen, int json) {
  cnn_status status = cnn_context_new(&b->context, cnn_context_opts(.seed = 1, .threads = b->threads));
  b->report = bench_report_new();
  if (status >= 0) {
    b->threads = cnn_context_threads(b->context);
    status = chosen->run(b);
  }
  if (status < 0)
    fprintf(stderr, "cnn_bench: %s\n", cnn_error_text());
  else
    (json ? bench_report_json : bench_report_text)(b, chosen->name);
  bench_report_free(b->report);
  cnn_context_free(b->context);
  return status < 0;
}

int main(int count, char **arguments) {
  static const struct option options[] = {{"suite", required_argument, NULL, 's'},  {"threads", required_argument, NULL, 't'},
                                          {"rounds", required_argument, NULL, 'r'}, {"steps", required_argument, NULL, 'n'},
                                          {"only", required_argument, NULL, 'o'},   {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
  bench b = {.rounds = 7, .steps = 20};
  const suite *chosen = suites;
  int option, json = 0, code = 0;
  while (!code && (option = getopt_long(count, arguments, "s:t:r:n:h", options, NULL)) != -1)
    switch (option) {
    case 's': code = (chosen = suite_named(optarg)) ? 0 : 2; break;
    case 't': code = read_count(optarg, "--threads", 1024, &b.threads); break;
    case 'r': code = read_count(optarg, "--rounds", BENCH_MOST_ROUNDS, &b.rounds); break;
    case 'n': code = read_count(optarg, "--steps", 1000, &b.steps); break;
    case 'o': b.only = optarg; break;
    case 'j': json = 1; break;
    case 'h': return help();
    default: return 2;
    }
  if (!code && optind < count) {
    fprintf(stderr, "cnn_bench: '%s' is no option\n", arguments[optind]);
    code = 2;
  }
  return code ? code : run(&b, chosen, json);
}
