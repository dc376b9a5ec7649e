/* crowded: what a pool does where the system puts several of its threads on one CPU. Who is on which CPU is made up here. */
#include "suite.h"

#include "pool_check.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

/* ---- the system, as the linker puts it in the real one's place ---- */

enum { ALL_APART, ALL_TOGETHER, FIRST_TOGETHER };
static atomic_int places;  /* one of these; FIRST_TOGETHER: threads that start later are apart */
static atomic_int known;   /* threads that asked for their CPU */
static atomic_int started; /* threads */
static atomic_int refused; /* non-zero: no more threads */
static _Thread_local int32_t number;

typedef void *thread_fn(void *argument);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *function, void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *function, void *argument);
int __wrap_sched_getcpu(void);
int32_t __wrap_cnn__affinity(void);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, thread_fn *function, void *argument) {
  if (atomic_load(&refused))
    return EAGAIN;
  atomic_fetch_add(&started, 1);
  return __real_pthread_create(thread, attributes, function, argument);
}

int __wrap_sched_getcpu(void) {
  if (!number)
    number = 1 + atomic_fetch_add(&known, 1);
  int32_t together = places == ALL_TOGETHER || (places == FIRST_TOGETHER && number <= 2);
  return together ? 0 : number;
}

int32_t __wrap_cnn__affinity(void) { return 1024; } /* room for everybody, whatever the machine */

static cnn_context *begin(int32_t threads, int32_t where) {
  atomic_store(&places, where);
  atomic_store(&started, 0);
  atomic_store(&refused, 0);
  atomic_store(&known, 0);
  number = 0;
  return new_context(threads);
}

/* ---- runs ---- */

#define MOST_THREADS 7
#define ITEMS 20

typedef struct work {
  int32_t stages, wrong;
  int64_t done[ITEMS];
  atomic_int busy[MOST_THREADS]; /* threads that work in a worker's name */
  atomic_int twice;
} work;

static void one_item(void *user, int64_t item, int32_t worker) {
  work *w = user;
  if (atomic_fetch_add(&w->busy[worker], 1))
    atomic_store(&w->twice, 1);
  for (volatile int32_t i = 0; i < 2000; i++)
    ;
  w->done[item]++;
  atomic_fetch_sub(&w->busy[worker], 1);
}

/* Every second stage is of a single item, which the pool does by the way. */
static int64_t next_stage(void *user, int32_t worker, int32_t *back) {
  work *w = user;
  (void)worker;
  *back = !*back;
  return w->stages-- > 0 ? w->stages % 2 ? ITEMS : 1 : 0;
}

static int32_t fill(void *user, int32_t worker) {
  work *w = user;
  if (atomic_fetch_add(&w->busy[worker], 1))
    atomic_store(&w->twice, 1);
  for (volatile int32_t i = 0; i < 500; i++)
    ;
  atomic_fetch_sub(&w->busy[worker], 1);
  return 0;
}

static void run_rightly(cnn_context *context, int32_t stages) {
  static const cnn__stages functions = {next_stage, one_item, fill};
  work w = {.stages = stages};
  cnn__pool_run_stages(context->pool, &functions, &w);
  for (int64_t i = 0; i < ITEMS; i++)
    ck_assert_int_eq(w.done[i], i ? stages / 2 : stages);
  ck_assert_int_eq(atomic_load(&w.twice), 0);
}

static int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Runs until somebody has made room, or for long. */
static void run_until_started(cnn_context *context, int32_t threads) {
  for (int64_t end = milliseconds() + 20000; atomic_load(&started) < threads && milliseconds() < end;)
    run_rightly(context, 100);
  ck_assert_int_ge(atomic_load(&started), threads);
}

START_TEST(threads_that_are_apart_stay) {
  cnn_context *context = begin(4, ALL_APART);
  run_rightly(context, 2000);
  ck_assert_int_eq(atomic_load(&started), 3);
  cnn_context_free(context);
}
END_TEST

START_TEST(a_worker_makes_room_and_stays_where_he_is_alone) {
  cnn_context *context = begin(2, FIRST_TOGETHER);
  run_until_started(context, 2);
  for (int32_t i = 0; i < 20; i++) {
    run_rightly(context, 200);
    sleep_ms(1);
  }
  ck_assert_int_eq(atomic_load(&started), 2);
  cnn_context_free(context);
  ck_assert(workers_become(0));
}
END_TEST

/* Where it is of no use, ever less often: after 1, 2, 4, 8 ... ms. */
START_TEST(it_is_not_tried_all_the_time) {
  int64_t start = milliseconds();
  cnn_context *context = begin(2, ALL_TOGETHER);
  while (milliseconds() - start < 300)
    run_rightly(context, 100);
  int32_t most = 2;
  for (int64_t elapsed = milliseconds() - start + 1; elapsed > 0; elapsed /= 2)
    most++;
  ck_assert_int_le(atomic_load(&started), most);
  ck_assert_int_ge(atomic_load(&started), 3);
  cnn_context_free(context);
}
END_TEST

START_TEST(many_make_room_at_once) {
  cnn_context *context = begin(MOST_THREADS, ALL_TOGETHER);
  run_until_started(context, 3 * MOST_THREADS);
  cnn_context_free(context);
  ck_assert(workers_become(0));
}
END_TEST

START_TEST(a_pool_may_end_at_any_moment) {
  for (int32_t i = 0; i < 200; i++) {
    cnn_context *context = begin(3, ALL_TOGETHER);
    run_rightly(context, 10 + i % 50);
    cnn_context_free(context);
    ck_assert(workers_become(0));
  }
}
END_TEST

START_TEST(without_a_new_thread_the_old_one_goes_on) {
  cnn_context *context = begin(3, ALL_TOGETHER);
  run_rightly(context, 2);
  atomic_store(&refused, 1);
  for (int32_t i = 0; i < 20; i++) {
    run_rightly(context, 200);
    sleep_ms(1);
  }
  int32_t so_far = atomic_load(&started);
  atomic_store(&refused, 0);
  run_until_started(context, so_far + 1);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  return RUN_SUITE("crowded", 100, threads_that_are_apart_stay, a_worker_makes_room_and_stays_where_he_is_alone,
                   it_is_not_tried_all_the_time, many_make_room_at_once, a_pool_may_end_at_any_moment,
                   without_a_new_thread_the_old_one_goes_on);
}
