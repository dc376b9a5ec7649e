/* crowded_fork: a child of fork that is made while all of a pool's threads work does not make room for the threads that are not in it.
 *
 * Not built for the sanitizer for threads, which ends a child that starts threads. */
#include "suite.h"

#include "pool_check.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the system, as the linker puts it in the real one's place: each thread on a CPU of its own; in a child one more thread, which is
 * moved between the CPUs of those that were ---- */

enum { THREADS = 3 };
static atomic_int known;   /* threads that asked for their CPU */
static atomic_int started; /* threads, or tries */
static atomic_int moves;   /* in a child alone */
static int32_t is_child, caller; /* the number of the thread that runs the child */
static _Thread_local int32_t number;

typedef void *thread_fn(void *argument);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *function, void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *function, void *argument);
int __wrap_sched_getcpu(void);
int32_t __wrap_cnn__affinity(void);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *function, void *argument) {
  if (atomic_fetch_add(&started, 1) && is_child)
    return EAGAIN;
  return __real_pthread_create(thread, attributes, function, argument);
}

int __wrap_sched_getcpu(void) {
  if (!number)
    number = 1 + atomic_fetch_add(&known, 1);
  return is_child && number > THREADS ? (caller + atomic_fetch_add(&moves, 1) % (THREADS - 1)) % THREADS + 1 : number;
}

int32_t __wrap_cnn__affinity(void) { return 1024; }

/* ---- runs ---- */

/* Runs until the child's worker has looked around often. */
static int32_t makes_no_room(cnn_context *context) {
  static record r;
  is_child = 1;
  caller = number;
  atomic_store(&started, 0);
  atomic_store(&moves, 0);
  while (atomic_load(&moves) < 50)
    if (!run_is_right(context->pool, &r, 500))
      return 0;
  return atomic_load(&started) == THREADS - 1;
}

/* In the first item that finds all of the pool's threads at work. */
typedef struct forking {
  cnn_context *context;
  atomic_int at_work, done;
  int status;
} forking;

static void fork_in_item(void *user, int64_t item, int32_t worker) {
  forking *f = user;
  (void)item;
  atomic_fetch_or(&f->at_work, 1 << worker);
  while (atomic_load(&f->at_work) != (1 << THREADS) - 1 && !atomic_load(&f->done))
    sleep_ms(1);
  if (worker || atomic_exchange(&f->done, 1))
    return;
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(!makes_no_room(f->context));
  }
  if (child < 0 || waitpid(child, &f->status, 0) != child)
    f->status = -1;
}

START_TEST(seats_of_before_a_fork_are_nobodys) {
  forking f = {.context = new_context(THREADS), .status = -1};
  cnn__pool_run(f.context->pool, THREADS, fork_in_item, &f);
  ck_assert_msg(f.status == 0, "the child ended with %x", (unsigned)f.status);
  cnn_context_free(f.context);
}
END_TEST

int main(void) { return RUN_SUITE("crowded_fork", 60, seats_of_before_a_fork_are_nobodys); }
