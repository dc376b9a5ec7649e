/* fork: a child's pool makes its own threads and never waits for its parent's.
 *
 * Not built for the sanitizer for threads, which ends a child that starts threads. */
#include "suite.h"

#include "pool_check.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* Forks; the child's exit status 0 means that its runs were right and used threads of its own. */
static void fork_and_run(cnn_context *context) {
  static record r;
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    alarm(20);
    int32_t right = count_threads("cnn") == 0;
    for (int32_t i = 0; i < 20; i++)
      right &= run_is_right(context->pool, &r, 500);
    right &= workers_become(cnn__pool_size(context->pool) - 1);
    cnn_context_free(context);
    _exit(!right);
  }
  int status = -1;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x", (unsigned)status);
}

/* The address sanitizer allocates while a thread starts, under a lock for which a child made in that moment would wait without
 * end; the C library's own allocator minds fork. */
static void wait_for_workers(const cnn_context *context) {
  ck_assert(workers_become(cnn__pool_size(context->pool) - 1));
}

START_TEST(a_child_makes_its_own_threads) {
  static record r;
  cnn_context *context = new_context(3);
  fork_and_run(context); /* before any thread */
  for (int32_t i = 0; i < 20; i++) {
    ck_assert(run_is_right(context->pool, &r, 500));
    wait_for_workers(context);
    fork_and_run(context);
  }
  cnn_context_free(context);
}
END_TEST

START_TEST(a_child_of_a_child_too) {
  static record r;
  cnn_context *context = new_context(3);
  ck_assert(run_is_right(context->pool, &r, 500));
  wait_for_workers(context);
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    fork_and_run(context);
    _exit(!run_is_right(context->pool, &r, 500));
  }
  int status = -1;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  cnn_context_free(context);
}
END_TEST

typedef struct busy_caller {
  cnn_context *context;
  atomic_int stop;
} busy_caller;

static void *keep_busy(void *argument) {
  busy_caller *busy = argument;
  record *r = malloc(sizeof *r);
  while (!atomic_load(&busy->stop))
    run_is_right(busy->context->pool, r, 100);
  free(r);
  return NULL;
}

START_TEST(forks_while_another_thread_runs) {
  pthread_t caller;
  busy_caller busy = {.context = new_context(2)};
  ck_assert_int_eq(pthread_create(&caller, NULL, keep_busy, &busy), 0);
  wait_for_workers(busy.context);
  for (int32_t i = 0; i < 30; i++)
    fork_and_run(busy.context);
  atomic_store(&busy.stop, 1);
  pthread_join(caller, NULL);
  cnn_context_free(busy.context);
}
END_TEST

typedef struct forking {
  pthread_t caller;
  pid_t child;
  int32_t is_child;
} forking;

static void fork_in_item(void *user, int64_t item, int32_t worker) {
  forking *f = user;
  (void)item;
  (void)worker;
  if (pthread_equal(pthread_self(), f->caller) && !f->child) {
    f->child = fork();
    f->is_child = f->child == 0;
    if (f->is_child)
      f->child = 1;
  } else
    sleep_ms(1);
}

/* What the workers had in hand is lost to the child, but it goes on and can run again. */
START_TEST(a_fork_inside_an_item_does_not_hang) {
  static record r;
  cnn_context *context = new_context(3);
  forking f = {.caller = pthread_self()};
  cnn__pool_run(context->pool, 50, fork_in_item, &f);
  if (f.is_child) {
    alarm(20);
    _exit(!run_is_right(context->pool, &r, 500));
  }
  ck_assert_int_gt(f.child, 0);
  int status = -1;
  ck_assert_int_eq(waitpid(f.child, &status, 0), f.child);
  ck_assert_int_eq(status, 0);
  ck_assert(run_is_right(context->pool, &r, 500));
  cnn_context_free(context);
}
END_TEST

int main(void) {
  return RUN_SUITE("fork", 60, a_child_makes_its_own_threads, a_child_of_a_child_too, forks_while_another_thread_runs,
                   a_fork_inside_an_item_does_not_hang);
}
