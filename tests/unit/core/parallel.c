/* parallel: every item once, whatever the threads and the callers. */
#include "suite.h"

#include "alloc.h"
#include "core/quota.h"
#include "pool_check.h"

#include <pthread.h>

static const int32_t thread_counts[] = {1, 2, 3, 4, 7};
#define THREAD_COUNTS (sizeof thread_counts / sizeof thread_counts[0])

START_TEST(every_item_once) {
  static record r;
  for (size_t t = 0; t < THREAD_COUNTS; t++) {
    cnn_context *context = new_context(thread_counts[t]);
    ck_assert_int_eq(cnn__pool_size(context->pool), thread_counts[t]);
    for (int64_t items = 0; items < 40; items++)
      ck_assert(run_is_right(context->pool, &r, items));
    for (int32_t i = 0; i < 50; i++)
      ck_assert(run_is_right(context->pool, &r, MOST_ITEMS));
    cnn_context_free(context);
  }
}
END_TEST

/* Stages of many items and of few in turn: between two, the pool knows the next one's items before anybody may claim them. */
#define MANY 40
#define FEW 2

typedef struct stages {
  atomic_int done[MANY];
  int32_t stage, left;
  int32_t back;  /* as the stage at hand left it */
  int32_t wrong; /* items not done once, and stages that found it otherwise */
} stages;

static int64_t items_of(int32_t stage) { return stage % 2 ? FEW : MANY; }

static int64_t next_stage(void *user, int32_t worker, int32_t *back) {
  stages *s = user;
  (void)worker;
  s->wrong += *back != s->back;
  s->back = *back = !*back;
  for (int64_t i = 0; s->stage > 0 && i < MANY; i++)
    s->wrong += atomic_exchange(&s->done[i], 0) != (i < items_of(s->stage));
  return s->left-- > 0 ? items_of(++s->stage) : 0;
}

static void mark_item(void *user, int64_t item, int32_t worker) {
  stages *s = user;
  (void)worker;
  atomic_fetch_add(&s->done[item], 1);
}

START_TEST(every_item_of_every_stage_once) {
  static const cnn__stages functions = {next_stage, mark_item, NULL};
  for (size_t t = 0; t < THREAD_COUNTS; t++) {
    stages s = {.left = thread_counts[t] == 2 ? 500000 : 2000};
    cnn_context *context = new_context(thread_counts[t]);
    cnn__pool_run_stages(context->pool, &functions, &s);
    ck_assert_int_eq(s.wrong, 0);
    ck_assert_int_eq(s.left, -1);
    cnn_context_free(context);
  }
}
END_TEST

/* The caller stays in its first item until the other worker has done the rest: its own share in order, then the caller's
 * from the far end. */
typedef struct order {
  int64_t of[MANY]; /* the other's items, one after the other */
  atomic_int count;
  int32_t back, opened;
} order;

static int64_t open_once(void *user, int32_t worker, int32_t *back) {
  order *o = user;
  (void)worker;
  *back = o->back;
  return o->opened++ ? 0 : MANY;
}

static void note_order(void *user, int64_t item, int32_t worker) {
  order *o = user;
  if (worker == 1)
    o->of[atomic_fetch_add(&o->count, 1)] = item;
  for (int32_t i = 0; worker == 0 && i < 5000 && atomic_load(&o->count) < MANY - 1; i++)
    sleep_ms(1);
}

START_TEST(a_share_is_gone_through_in_order_and_taken_over_from_its_end) {
  static const cnn__stages functions = {open_once, note_order, NULL};
  cnn_context *context = new_context(2);
  for (int32_t back = 0; back < 2; back++) {
    order o = {.back = back};
    cnn__pool_run_stages(context->pool, &functions, &o);
    ck_assert_int_ge(atomic_load(&o.count), MANY - 1);
    for (int64_t i = 0; i < MANY - 1; i++) {
      int64_t own = i < MANY / 2, up = own ? MANY / 2 + i : i - MANY / 2, down = MANY - 1 - i;
      ck_assert_int_eq(o.of[i], own == !back ? up : down);
    }
  }
  cnn_context_free(context);
}
END_TEST

static void square_root_of_work(void *user, int64_t item, int32_t worker) {
  (void)worker;
  double x = 1;
  for (int64_t i = 0; i < 1000 + item % 7 * 1000; i++)
    x = 0.5 * (x + (double)item / x);
  ((double *)user)[item] = x;
}

START_TEST(results_do_not_depend_on_threads) {
  static double expected[200], ours[200];
  for (int64_t i = 0; i < 200; i++)
    square_root_of_work(expected, i, 0);
  for (size_t t = 0; t < THREAD_COUNTS; t++) {
    cnn_context *context = new_context(thread_counts[t]);
    for (int32_t round = 0; round < 5; round++) {
      memset(ours, 0, sizeof ours);
      cnn__pool_run(context->pool, 200, square_root_of_work, ours);
      ck_assert_mem_eq(ours, expected, sizeof ours);
    }
    cnn_context_free(context);
  }
}
END_TEST

START_TEST(threads_start_with_the_first_run_and_end_with_the_context) {
  static record r;
  int32_t before = count_threads(NULL);
  cnn_context *context = new_context(4);
  ck_assert_int_eq(count_threads(NULL), before);
  cnn__pool_run(context->pool, 1, mark, &r);
  ck_assert_int_eq(count_threads(NULL), before);
  ck_assert(run_is_right(context->pool, &r, 100));
  ck_assert(workers_become(3));
  cnn_context_free(context);
  ck_assert(workers_become(0));
}
END_TEST

static void wait_for_company(void *user, int64_t item, int32_t worker) {
  atomic_int *present = user;
  (void)item;
  (void)worker;
  atomic_fetch_add(present, 1);
  for (int32_t i = 0; i < 5000 && atomic_load(present) < 4; i++)
    sleep_ms(1);
}

START_TEST(all_threads_take_part) {
  cnn_context *context = new_context(4);
  for (int32_t round = 0; round < 3; round++) {
    atomic_int present = 0;
    cnn__pool_run(context->pool, 4, wait_for_company, &present);
    ck_assert_int_eq(atomic_load(&present), 4);
    sleep_ms(2); /* the next round finds them asleep */
  }
  cnn_context_free(context);
}
END_TEST

typedef struct nest {
  cnn__pool_threads *pool;
  atomic_int inner, wrong_worker;
} nest;

static void inner(void *user, int64_t item, int32_t worker) {
  nest *n = user;
  (void)item;
  atomic_fetch_add(&n->inner, 1);
  if (worker != 0)
    atomic_store(&n->wrong_worker, 1);
}

static void outer(void *user, int64_t item, int32_t worker) {
  nest *n = user;
  (void)item;
  (void)worker;
  cnn__pool_run(n->pool, 10, inner, n);
}

START_TEST(runs_inside_items_are_done_in_place) {
  for (size_t t = 0; t < THREAD_COUNTS; t++) {
    cnn_context *context = new_context(thread_counts[t]);
    nest n = {.pool = context->pool};
    cnn__pool_run(context->pool, 50, outer, &n);
    ck_assert_int_eq(atomic_load(&n.inner), 500);
    if (thread_counts[t] > 1)
      ck_assert_int_eq(atomic_load(&n.wrong_worker), 0);
    cnn_context_free(context);
  }
}
END_TEST

static void *run_often(void *argument) {
  cnn_context *context = argument;
  record *r = malloc(sizeof *r);
  void *wrong = NULL;
  for (int64_t i = 0; i < 300; i++)
    if (!run_is_right(context->pool, r, i % 50 * 20))
      wrong = "an item was lost or done twice";
  free(r);
  return wrong;
}

START_TEST(several_callers_share_a_pool) {
  pthread_t callers[4];
  void *wrong;
  cnn_context *context = new_context(3);
  for (size_t i = 0; i < 4; i++)
    ck_assert_int_eq(pthread_create(&callers[i], NULL, run_often, context), 0);
  for (size_t i = 0; i < 4; i++) {
    pthread_join(callers[i], &wrong);
    ck_assert_msg(wrong == NULL, "%s", (const char *)wrong);
  }
  cnn_context_free(context);
}
END_TEST

START_TEST(two_pools_side_by_side) {
  pthread_t callers[2];
  cnn_context *contexts[2];
  void *wrong;
  for (size_t i = 0; i < 2; i++) {
    contexts[i] = new_context(2);
    ck_assert_int_eq(pthread_create(&callers[i], NULL, run_often, contexts[i]), 0);
  }
  for (size_t i = 0; i < 2; i++) {
    pthread_join(callers[i], &wrong);
    ck_assert_ptr_null(wrong);
    cnn_context_free(contexts[i]);
  }
}
END_TEST

START_TEST(runs_allocate_nothing) {
  static record r;
  test_alloc counting;
  cnn_context *context;
  test_alloc_init(&counting);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 3, .allocator = &counting.allocator)), CNN_OK);
  int64_t calls = counting.calls;
  for (int32_t i = 0; i < 20; i++)
    ck_assert(run_is_right(context->pool, &r, 100));
  ck_assert_int_eq(counting.calls, calls);
  cnn_context_free(context);
  test_alloc_check(&counting);
}
END_TEST

START_TEST(workers_are_named_and_take_no_signals) {
  static record r;
  int32_t workers = 0;
  cnn_context *context = new_context(3);
  ck_assert(run_is_right(context->pool, &r, 100));
  ck_assert(workers_become(2));
  DIR *folder = opendir("/proc/self/task");
  for (struct dirent *entry; (entry = readdir(folder));) {
    char name[64] = "", blocked[64] = "";
    if (!read_task(name, sizeof name, entry->d_name, "comm", "") || strcmp(name, "cnn") != 0)
      continue;
    workers++;
    ck_assert(read_task(blocked, sizeof blocked, entry->d_name, "status", "SigBlk:\t"));
    unsigned long long mask = strtoull(blocked, NULL, 16);
    ck_assert_msg(mask >> 1 & 1 && mask >> 13 & 1 && mask >> 14 & 1, "SIGINT, SIGALRM or SIGTERM can reach a worker: %s", blocked);
    ck_assert_msg(!(mask >> 10 & 1) && !(mask >> 7 & 1), "a fault of a worker would go unnoticed: %s", blocked);
  }
  closedir(folder);
  ck_assert_int_eq(workers, 2);
  cnn_context_free(context);
}
END_TEST

static double cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

START_TEST(an_idle_pool_sleeps) {
  static record r;
  cnn_context *context = new_context(2);
  ck_assert(run_is_right(context->pool, &r, 100));
  sleep_ms(10);
  double before = cpu_seconds();
  sleep_ms(200);
  ck_assert_double_lt(cpu_seconds() - before, 0.02);
  cnn_context_free(context);
}
END_TEST

static void allocate_pool(cnn_context *context) {
  cnn__pool_threads *pool;
  cnn_status status = cnn__pool_new(&pool, context, 5);
  if (status == CNN_OK)
    cnn__pool_free(pool);
  ck_assert(status == CNN_OK || status == CNN_ENOMEM);
}

START_TEST(making_one_survives_no_memory) {
  test_alloc counting;
  cnn_context *context;
  test_alloc_init(&counting);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .allocator = &counting.allocator)), CNN_OK);
  int64_t blocks = counting.live_blocks;
  for (int64_t n = 1; n <= 4; n++) {
    test_alloc_fail(&counting, n, ALLOC_ONCE);
    allocate_pool(context);
    ck_assert_int_eq(counting.live_blocks, blocks);
  }
  ck_assert_int_eq(counting.failures, 4);
  cnn__pool_free(NULL);
  cnn_context_free(context);
}
END_TEST

START_TEST(the_default_is_what_the_process_may_use) {
  unsetenv("CNN_NUM_THREADS");
  int32_t allowed = cnn__affinity(), granted = cnn__quota("");
  ck_assert_int_eq(cnn__threads_default(), allowed < granted ? allowed : granted);
  setenv("CNN_NUM_THREADS", "", 1);
  ck_assert_int_ge(cnn__threads_default(), 1);
  setenv("CNN_NUM_THREADS", "5", 1);
  ck_assert_int_eq(cnn__threads_default(), 5);
}
END_TEST

START_TEST(a_default_that_is_no_count_is_refused) {
  static const char *const values[] = {"0", "-1", "1025", "two", "2 ", "2.5", "99999999999999999999"};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    setenv("CNN_NUM_THREADS", values[i], 1);
    ck_assert_int_eq(cnn__threads_default(), -1);
    ck_assert_int_eq(cnn__fail_code(), CNN_EINVAL);
    ck_assert_ptr_nonnull(strstr(cnn_error_text(), values[i]));
  }
}
END_TEST

int main(void) {
  return RUN_SUITE("parallel", 60, every_item_once, every_item_of_every_stage_once,
                   a_share_is_gone_through_in_order_and_taken_over_from_its_end, results_do_not_depend_on_threads,
                   threads_start_with_the_first_run_and_end_with_the_context, all_threads_take_part,
                   runs_inside_items_are_done_in_place, several_callers_share_a_pool, two_pools_side_by_side,
                   runs_allocate_nothing, workers_are_named_and_take_no_signals, an_idle_pool_sleeps, making_one_survives_no_memory, the_default_is_what_the_process_may_use,
                   a_default_that_is_no_count_is_refused);
}
