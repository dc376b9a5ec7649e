/* parallel: the context's pool of worker threads.
 *
 * A run opens the pool; workers that are awake join, claim items and leave; the caller claims items too, closes the pool when
 * none are left and waits for those inside. A worker that wakes late finds the pool closed and costs nothing, so that more
 * threads than CPUs do no harm.
 *
 * Fork: the handler in the child counts a generation. Whoever takes the pool in a newer generation than its workers'
 * forgets them, since they do not exist there, and starts new ones. The generation is part of the lock, so that a lock
 * held at the time of the fork does not hold in the child. */
#include "core/parallel.h"

#include "core/context_internal.h"
#include "core/fp.h"
#include "core/memory.h"
#include "core/quota.h"
#include "core/text.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define SPIN_NANOSECONDS 50000 /* most waits between the segments of a training step are shorter */

/* The state word: how many workers are inside, and two flags. */
#define INSIDE 0xffffu
#define OPEN 0x10000u
#define CALLER_SLEEPS 0x20000u

typedef struct worker {
  cnn__pool_threads *pool;
  pthread_t thread;
  int32_t index;
  unsigned seen; /* the run that was the last when it was started */
} worker;

struct cnn__pool_threads {
  cnn_context *context;
  worker *workers;
  int32_t size;
  int32_t spins;          /* non-zero: there is a CPU for each thread, so that waiting by spinning pays */
  int32_t started;        /* workers that exist; this and the next only for the lock's holder */
  uint64_t generation;    /* 1 + the generation of forks in which they were started, 0: never */
  pthread_mutex_t mutex;  /* for sleeping only */
  pthread_cond_t work, done;
  cnn__item_fn *function; /* of the run: these are written while the pool is closed and empty */
  cnn__fill_fn *fill;     /* may be NULL */
  void *user;
  int64_t items;
  _Alignas(64) _Atomic uint64_t owner; /* the lock: 0 free, else 1 + the generation of forks in which it was taken */
  _Alignas(64) atomic_uint run;        /* counts runs: what idle workers watch */
  atomic_int sleepers, stop;
  _Alignas(64) atomic_uint state;
  _Alignas(64) _Atomic int64_t next;   /* the item to claim */
  _Alignas(64) _Atomic int64_t finished;/* counted where there is something to fill in */
};

static _Atomic uint64_t generation; /* forks between the first process and this one */
static atomic_int watches_forks;

static void count_fork(void) { atomic_fetch_add(&generation, 1); }

/* Two threads may both register: the generation then moves by two, which is as good. */
static cnn_status watch_forks(void) {
  if (!atomic_load(&watches_forks)) {
    if (pthread_atfork(NULL, NULL, count_fork) != 0)
      return cnn__fail(CNN_ENOMEM, "out of memory: a fork handler");
    atomic_store(&watches_forks, 1);
  }
  return CNN_OK;
}

static uint64_t current_generation(void) { return atomic_load_explicit(&generation, memory_order_relaxed) + 1; }

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Spin until (*word & mask) is no longer `value`. Non-zero: it is not; zero: time is up. */
static int32_t spin(const cnn__pool_threads *pool, atomic_uint *word, unsigned mask, unsigned value) {
  if (!pool->spins)
    return (atomic_load_explicit(word, memory_order_acquire) & mask) != value;
  int64_t end = 0;
  for (;;) {
    for (int32_t i = 0; i < 64; i++) {
      if ((atomic_load_explicit(word, memory_order_acquire) & mask) != value)
        return 1;
      relax();
    }
    int64_t now = nanoseconds();
    if (!end)
      end = now + SPIN_NANOSECONDS;
    else if (now >= end)
      return 0;
  }
}

static void do_items(cnn__pool_threads *pool, int32_t index) {
  cnn__item_fn *function = pool->function;
  cnn__fill_fn *fill = pool->fill;
  void *user = pool->user;
  int64_t items = pool->items, item;
  while ((item = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed)) < items) {
    function(user, item, index);
    if (fill)
      atomic_fetch_add_explicit(&pool->finished, 1, memory_order_relaxed);
  }
  while (fill && atomic_load_explicit(&pool->finished, memory_order_relaxed) < items && fill(user, index))
    ;
}

/* Wait for a run after `seen`; returns its count. */
static unsigned await_run(cnn__pool_threads *pool, unsigned seen) {
  if (!spin(pool, &pool->run, UINT32_MAX, seen)) {
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1); /* before looking again: announce() looks the other way round */
    while (atomic_load(&pool->run) == seen)
      pthread_cond_wait(&pool->work, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
  }
  return atomic_load(&pool->run);
}

static void announce(cnn__pool_threads *pool) {
  atomic_fetch_add(&pool->run, 1);
  if (atomic_load(&pool->sleepers) > 0) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
  }
}

static int32_t join_run(cnn__pool_threads *pool) {
  unsigned state = atomic_load_explicit(&pool->state, memory_order_relaxed);
  while (state & OPEN)
    if (atomic_compare_exchange_weak_explicit(&pool->state, &state, state + 1, memory_order_acquire,
                                              memory_order_relaxed))
      return 1;
  return 0;
}

static void leave_run(cnn__pool_threads *pool) {
  unsigned before = atomic_fetch_sub_explicit(&pool->state, 1, memory_order_acq_rel);
  if ((before & INSIDE) == 1 && before & CALLER_SLEEPS) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
  }
}

static void *work(void *argument) {
  worker *self = argument;
  cnn__pool_threads *pool = self->pool;
  unsigned seen = self->seen;
#if defined(__linux__)
  pthread_setname_np(pthread_self(), "cnn");
#endif
  cnn__fp_enter(); /* a thread inherits its maker's environment; this one has nothing to give back */
  for (;;) {
    seen = await_run(pool, seen);
    if (atomic_load(&pool->stop))
      return NULL;
    if (join_run(pool)) {
      do_items(pool, self->index);
      leave_run(pool);
    }
  }
}

/* Close the pool and wait for the workers inside. Those of before a fork in an item never leave: they are not here. */
static void finish_run(cnn__pool_threads *pool) {
  unsigned state = atomic_fetch_and_explicit(&pool->state, ~OPEN, memory_order_acq_rel) & ~OPEN;
  if (pool->generation != current_generation())
    return;
  while (state & INSIDE && spin(pool, &pool->state, UINT32_MAX, state))
    state = atomic_load_explicit(&pool->state, memory_order_acquire);
  if (!(state & INSIDE))
    return;
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_or(&pool->state, CALLER_SLEEPS);
  while (atomic_load(&pool->state) & INSIDE)
    pthread_cond_wait(&pool->done, &pool->mutex);
  atomic_fetch_and(&pool->state, ~CALLER_SLEEPS);
  pthread_mutex_unlock(&pool->mutex);
}

/* Signals are the program's: workers leave them to its threads, all but those that a fault of their own raises. */
static void block_signals(sigset_t *before) {
  static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
  sigset_t blocked;
  sigfillset(&blocked);
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
    sigdelset(&blocked, faults[i]);
  pthread_sigmask(SIG_SETMASK, &blocked, before);
}

static void start_workers(cnn__pool_threads *pool) {
  sigset_t before;
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->done, NULL);
  atomic_store(&pool->sleepers, 0);
  atomic_store(&pool->state, 0);
  pool->started = 0;
  pool->generation = current_generation();
  block_signals(&before);
  int error = 0;
  while (!error && pool->started + 1 < pool->size) {
    worker *next = &pool->workers[pool->started];
    *next = (worker){.pool = pool, .index = pool->started + 1, .seen = atomic_load(&pool->run)};
    error = pthread_create(&next->thread, NULL, work, next);
    pool->started += !error;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error)
    cnn__log(pool->context, CNN_LOG_WARNING, "of %d threads only %d could be started (error %d); going on with these",
             (int)pool->size, (int)pool->started + 1, error);
}

/* Take the pool for this caller. Zero: another has it. A lock from before a fork counts for nothing. */
static int32_t take(cnn__pool_threads *pool) {
  uint64_t mine = current_generation(), owner = atomic_load_explicit(&pool->owner, memory_order_relaxed);
  return owner != mine &&
         atomic_compare_exchange_strong_explicit(&pool->owner, &owner, mine, memory_order_acquire, memory_order_relaxed);
}

static void run_together(cnn__pool_threads *pool, int64_t items, cnn__item_fn *function, cnn__fill_fn *fill,
                         void *user) {
  if (pool->generation != current_generation())
    start_workers(pool);
  pool->function = function;
  pool->fill = fill;
  pool->user = user;
  pool->items = items;
  atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
  atomic_store_explicit(&pool->finished, 0, memory_order_relaxed);
  atomic_store_explicit(&pool->state, OPEN, memory_order_release);
  announce(pool);
  do_items(pool, 0);
  finish_run(pool);
}

void cnn__pool_run(cnn__pool_threads *pool, int64_t items, cnn__item_fn *function, void *user) {
  cnn__pool_run_filling(pool, items, function, NULL, user);
}

void cnn__pool_run_filling(cnn__pool_threads *pool, int64_t items, cnn__item_fn *function, cnn__fill_fn *fill, void *user) {
  cnn__fp environment = cnn__fp_enter();
  if (items > 1 && pool->size > 1 && take(pool)) {
    run_together(pool, items, function, fill, user);
    atomic_store_explicit(&pool->owner, 0, memory_order_release);
  } else
    for (int64_t item = 0; item < items; item++)
      function(user, item, 0);
  cnn__fp_leave(environment);
}

cnn_status cnn__pool_new(cnn__pool_threads **out, cnn_context *context, int32_t threads) {
  CNN__TRY(watch_forks());
  cnn__pool_threads *pool = cnn__alloc_zero(context, sizeof *pool, "the pool of threads");
  if (!pool)
    return CNN_ENOMEM;
  pool->context = context;
  pool->size = threads;
  pool->spins = threads <= cnn__affinity();
  if (threads > 1) {
    pool->workers = cnn__alloc_zero(context, (size_t)(threads - 1) * sizeof *pool->workers, "the pool of threads");
    if (!pool->workers) {
      cnn__free(context, pool);
      return CNN_ENOMEM;
    }
  }
  *out = pool;
  return CNN_OK;
}

void cnn__pool_free(cnn__pool_threads *pool) {
  if (!pool)
    return;
  if (pool->generation == current_generation()) {
    atomic_store(&pool->stop, 1);
    announce(pool);
    for (int32_t i = 0; i < pool->started; i++)
      pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->done);
    pthread_mutex_destroy(&pool->mutex);
  }
  cnn__free(pool->context, pool->workers);
  cnn__free(pool->context, pool);
}

int32_t cnn__pool_size(const cnn__pool_threads *pool) { return pool->size; }

int32_t cnn__pool_spins(const cnn__pool_threads *pool) { return pool->spins; }

int32_t cnn__threads_default(void) {
  const char *wanted = getenv("CNN_NUM_THREADS");
  int64_t threads;
  if (wanted && *wanted) {
    if (cnn__read_int(wanted, &threads) || threads < 1 || threads > CNN__MOST_THREADS)
      return cnn__fail(CNN_EINVAL, "CNN_NUM_THREADS is '%s', not a number from 1 to %d", wanted, CNN__MOST_THREADS), -1;
    return (int32_t)threads;
  }
  int32_t allowed = cnn__affinity(), granted = cnn__quota("");
  if (granted < allowed)
    allowed = granted;
  return allowed < CNN__MOST_THREADS ? allowed : CNN__MOST_THREADS;
}
