/* A soak: a session over and over, whose memory, descriptors and threads do not grow. Usage: soak [RUNS], 1000 by default. */
#include "session.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WARM = 20 };

static long entries(const char *path) {
  long count = 0;
  DIR *open = opendir(path);
  while (open && readdir(open))
    count++;
  if (open)
    closedir(open);
  return count;
}

static long resident_kilobytes(void) {
  char line[256];
  long value = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "VmRSS: %ld", &value) == 1)
      break;
  if (status)
    fclose(status);
  return value;
}

static int sanitized(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 1;
#else
  return 0;
#endif
}

int main(int argc, char **argv) {
  char folder[] = "/tmp/cnn-soak-XXXXXX", command[128];
  long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
  long descriptors = 0, threads = 0, kilobytes = 0;
  size_t in_use = 0;
  session_results first, results;
  if (runs <= WARM || !mkdtemp(folder)) {
    fprintf(stderr, "Usage: soak [RUNS]   more than %d sessions; default 1000\n", WARM);
    return 2;
  }
  int failed = 0;
  for (long i = 0; i < runs && !failed; i++) {
    if (session_run(cnn_context_opts(.threads = 2), folder, 1, &results) < 0) {
      fprintf(stderr, "soak: run %ld: %s\n", i, cnn_error_text());
      failed = 1;
    }
    if (i == 0)
      first = results;
    failed |= strcmp(first.again, results.again) != 0;
    if (i == WARM) { /* libraries, caches and the heap have their size */
      descriptors = entries("/proc/self/fd");
      threads = entries("/proc/self/task");
      kilobytes = resident_kilobytes();
      in_use = mallinfo2().uordblks;
    }
  }
  long grown = resident_kilobytes() - kilobytes, more_descriptors = entries("/proc/self/fd") - descriptors;
  long more_threads = entries("/proc/self/task") - threads, more_bytes = (long)(mallinfo2().uordblks - in_use);
  printf("%ld sessions: %+ld KB resident, %+ld bytes allocated, %+ld descriptors, %+ld threads\n", runs, grown, more_bytes,
         more_descriptors, more_threads);
  if (sanitized()) /* whose allocators keep what is freed for a while; they look for leaks themselves */
    grown = more_bytes = 0;
  failed |= grown > 4096 || more_bytes > 65536 || more_descriptors > 0 || more_threads > 0;
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command) != 0 || failed;
}
