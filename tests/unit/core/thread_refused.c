/* thread_refused: a pool where the system starts fewer threads than were asked for. */
#include "suite.h"

#include "core/context_internal.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static int32_t may_start; /* so many threads, then no more */
static int32_t asked;

typedef void *thread_fn(void *argument);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *function, void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *function, void *argument);
int __wrap_sched_getcpu(void);

int __wrap_sched_getcpu(void) { return -1; } /* so that no worker moves and asks for a thread once more */

/* The linker puts this in pthread_create's place. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *function, void *argument) {
  asked++;
  return may_start-- > 0 ? __real_pthread_create(thread, attributes, function, argument) : EAGAIN;
}

static int32_t lines;
static char last_line[1024];
static void keep_line(void *user, int32_t level, const char *line) {
  (void)user;
  ck_assert_int_eq(level, CNN_LOG_WARNING);
  lines++;
  strncpy(last_line, line, sizeof last_line - 1);
}

static void mark(void *user, int64_t item, int32_t worker) {
  (void)worker;
  ((int32_t *)user)[item]++;
}

static void run_with(int32_t startable) {
  int32_t times[100];
  cnn_context *context;
  cnn_logger logger = {.size = sizeof logger, .write = keep_line};
  may_start = startable;
  asked = 0;
  lines = 0;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 4, .logger = &logger)), CNN_OK);
  for (int32_t round = 0; round < 10; round++) {
    memset(times, 0, sizeof times);
    cnn__pool_run(context->pool, 100, mark, times);
    for (int32_t i = 0; i < 100; i++)
      ck_assert_int_eq(times[i], 1);
  }
  ck_assert_int_eq(asked, startable + 1); /* it is not tried again at every run */
  ck_assert_int_eq(lines, 1);
  cnn_context_free(context);
}

START_TEST(none_can_be_started) {
  run_with(0);
  ck_assert_ptr_nonnull(strstr(last_line, "of 4 threads only 1 could be started"));
}
END_TEST

START_TEST(one_can_be_started) {
  run_with(1);
  ck_assert_ptr_nonnull(strstr(last_line, "of 4 threads only 2 could be started"));
}
END_TEST

int main(void) { return RUN_SUITE("thread_refused", 20, none_can_be_started, one_can_be_started); }
