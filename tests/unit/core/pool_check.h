/* pool_check: a run whose items are counted, and the threads that a pool has. */
#ifndef CNN_TESTS_POOL_CHECK_H
#define CNN_TESTS_POOL_CHECK_H

#include "core/context_internal.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_ITEMS 3000

static inline cnn_context *new_context(int32_t threads) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = threads)), CNN_OK);
  return context;
}

/* What the items of a run write: plain memory, which only the run's end makes visible. */
typedef struct record {
  int32_t size;
  int32_t times[MOST_ITEMS];
  int32_t bad_worker;
} record;

static inline void mark(void *user, int64_t item, int32_t worker) {
  record *r = user;
  r->times[item]++;
  if (worker < 0 || worker >= r->size)
    r->bad_worker = 1;
}

static inline int32_t run_is_right(cnn__pool_threads *pool, record *r, int64_t items) {
  memset(r, 0, sizeof *r);
  r->size = cnn__pool_size(pool);
  cnn__pool_run(pool, items, mark, r);
  for (int64_t i = 0; i < MOST_ITEMS; i++)
    if (r->times[i] != (i < items))
      return 0;
  return !r->bad_worker;
}

static inline void sleep_ms(long ms) { nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL); }

/* The value behind `key` in a file of /proc/self/task/ID. */
static inline int32_t read_task(char *value, size_t bytes, const char *id, const char *file, const char *key) {
  char path[300], line[256];
  snprintf(path, sizeof path, "/proc/self/task/%s/%s", id, file);
  FILE *stream = fopen(path, "r");
  if (!stream)
    return 0;
  int32_t found = 0;
  while (!found && fgets(line, sizeof line, stream))
    if (strncmp(line, key, strlen(key)) == 0) {
      line[strcspn(line, "\n")] = 0;
      found = strlen(line + strlen(key)) < bytes;
      if (found)
        strcpy(value, line + strlen(key));
    }
  fclose(stream);
  return found;
}

/* Threads of this process: all, or those with a name. */
static inline int32_t count_threads(const char *wanted) {
  int32_t count = 0;
  DIR *folder = opendir("/proc/self/task");
  ck_assert_ptr_nonnull(folder);
  for (struct dirent *entry; (entry = readdir(folder));) {
    char name[64] = "";
    if (entry->d_name[0] != '.' && read_task(name, sizeof name, entry->d_name, "comm", ""))
      count += !wanted || strcmp(name, wanted) == 0;
  }
  closedir(folder);
  return count;
}

/* Whether there are so many workers: soon, since a thread needs a moment to name itself and to go. */
static inline int32_t workers_become(int32_t expected) {
  for (int32_t i = 0; i < 400 && count_threads("cnn") != expected; i++)
    sleep_ms(5);
  return count_threads("cnn") == expected;
}

#endif
