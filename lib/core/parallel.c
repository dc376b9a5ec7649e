/* parallel: the context's pool of worker threads.
 *
 * A run is a row of stages. All that workers watch is the ticket: the number of the stage and how many of its items are
 * claimed. They claim one by raising it; whoever finishes the last item of a stage opens the next one, so that no thread
 * waits for another that holds nothing, be it the caller. A worker that wakes late finds no items and costs nothing, so that more threads
 * than CPUs do no harm. What belongs to a stage is read after a claim: it cannot change before the claimed is finished.
 *
 * Which item a claim is good for: each worker has a share of the stage, an even stretch, and goes through it before it
 * takes from the far end of another's. So a worker finds what it did in the stage before in its own caches, where items of
 * both mean the same part of the problem; on other CPUs' caches it may be many times as far.
 *
 * Fork: the child is of another generation (core/lock.h). Whoever takes the pool in a newer generation than its workers'
 * forgets them, since they do not exist there, and starts new ones. The generation is part of the lock, so that a lock
 * held at the time of the fork does not hold in the child.
 *
 * Shared CPUs: where another program keeps one of two CPUs busy, the system takes our thread there off it now and then, an
 * item in its hands; when the others have done the rest and sleep, it brings that thread to their CPU, and there it would
 * leave both, side by side with a program that has a CPU for itself. So each thread notes the CPU that it works on, its
 * seat, and a worker who finds another thread of the pool on its own lets a new thread go on in its place: the system puts
 * a new thread where there is least to do. It has the affinity of the one before it, which nobody touches. */
#include "core/parallel.h"

#include "core/context_internal.h"
#include "core/fp.h"
#include "core/lock.h"
#include "core/memory.h"
#include "core/quota.h"
#include "core/seats.h"
#include "core/shares.h"
#include "core/signals.h"

#include <pthread.h>
#include <time.h>

#define SPIN_NANOSECONDS 50000 /* most waits between the segments of a training step are shorter */
#define NAPS 20                /* then so many naps: a CPU that falls idle anew may fetch a thread that waits for another */
#define NAP_NANOSECONDS 100000
#define PAUSE_NANOSECONDS 1000000     /* the least time between two threads of one worker; doubled while that does not help */
#define MOST_PAUSE_NANOSECONDS 1000000000

/* The ticket: the stage in its upper half, the items claimed in its lower one; between runs there are no items. */
#define STAGE ((uint64_t)1 << 32)
#define ITEM (STAGE - 1)
#define OVER ITEM

typedef struct worker {
  cnn__pool_threads *pool;
  pthread_t thread, before; /* before: the thread that this one follows, not joined yet; both under the pool's mutex */
  int32_t index, follows;   /* follows: there is a thread before */
  atomic_int turn;          /* counts its threads */
  int64_t pause, next;      /* of its thread's own: no new thread before `next` */
} worker;

struct cnn__pool_threads {
  cnn_context *context;
  worker *workers;
  int32_t size;
  int32_t spins;          /* non-zero: there is a CPU for each thread, so that waiting by spinning pays */
  int32_t started;        /* workers that exist; this and the next only for the lock's holder */
  uint64_t generation;    /* 1 + the generation of forks in which they were started, 0: never */
  cnn__seats seats;       /* of all threads, the caller's first */
  pthread_mutex_t mutex;  /* for sleeping, and for starting threads */
  pthread_cond_t changed;
  const cnn__stages *stages; /* of the run */
  void *user;
  cnn__stage_shares shares;  /* of all threads, the caller's first */
  _Alignas(64) _Atomic uint64_t owner; /* the lock: 0 free, else 1 + the generation of forks in which it was taken */
  _Alignas(64) atomic_int sleepers, stop;
  _Alignas(64) _Atomic uint64_t ticket;
  _Atomic uint64_t end;                /* the ticket that the stage's items end before */
  _Alignas(64) _Atomic int64_t pending; /* items, and fillings begun, that are not finished */
};

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

/* Spin until the ticket is no longer `seen`. Non-zero: it is not; zero: time is up. */
static int32_t spin(const cnn__pool_threads *pool, uint64_t seen) {
  if (!pool->spins)
    return atomic_load_explicit(&pool->ticket, memory_order_acquire) != seen;
  int64_t end = 0;
  for (;;) {
    for (int32_t i = 0; i < 64; i++) {
      if (atomic_load_explicit(&pool->ticket, memory_order_acquire) != seen)
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

/* Sleep, with the mutex, until something is published, or for the length of a nap. */
static void nap(cnn__pool_threads *pool) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += (end.tv_nsec += NAP_NANOSECONDS) / 1000000000;
  end.tv_nsec %= 1000000000;
  pthread_cond_timedwait(&pool->changed, &pool->mutex, &end);
}

static void await_change(cnn__pool_threads *pool, uint64_t seen, int32_t index) {
  if (spin(pool, seen))
    return;
  int32_t naps = pool->spins ? NAPS : 0;
  if ((seen & ITEM) == OVER) { /* who only waits for others keeps his seat */
    naps = 0;
    cnn__seat_leave(&pool->seats, index);
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleepers, 1); /* before looking again: publish() looks the other way round */
  while (atomic_load(&pool->ticket) == seen)
    if (naps-- > 0)
      nap(pool);
    else
      pthread_cond_wait(&pool->changed, &pool->mutex);
  atomic_fetch_sub(&pool->sleepers, 1);
  pthread_mutex_unlock(&pool->mutex);
}

static void publish(cnn__pool_threads *pool, uint64_t ticket) {
  atomic_store(&pool->ticket, ticket);
  if (atomic_load(&pool->sleepers) > 0) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->mutex);
  }
}

static void *work(void *argument);

/* Whose end is not waited for with the mutex held: it may need that on its way out. */
static void join_before(worker *self) {
  pthread_mutex_lock(&self->pool->mutex);
  pthread_t before = self->before;
  int32_t follows = self->follows && !atomic_load(&self->pool->stop);
  if (follows)
    self->follows = 0;
  pthread_mutex_unlock(&self->pool->mutex);
  if (follows)
    pthread_join(before, NULL);
}

/* Let a new thread go on as this worker. The calling one then does nothing more in the worker's name; unless none starts. */
static void start_next(worker *self) {
  cnn__pool_threads *pool = self->pool;
  pthread_t next;
  join_before(self);
  pthread_mutex_lock(&pool->mutex);
  if (!atomic_load(&pool->stop)) {
    cnn__seat_leave(&pool->seats, self->index);
    atomic_fetch_add(&self->turn, 1);
    if (pthread_create(&next, NULL, work, self) == 0) {
      self->before = pthread_self();
      self->thread = next;
      self->follows = 1;
    } else
      atomic_fetch_sub(&self->turn, 1);
  }
  pthread_mutex_unlock(&pool->mutex);
}

/* Between two items: a worker whose CPU another of the pool's threads works on makes room, but not all the time. */
static void make_room(cnn__pool_threads *pool, int32_t index) {
  int32_t seat = pool->spins ? cnn__seat_take(&pool->seats, index) : CNN__SEAT_ALONE;
  if (!index || seat == CNN__SEAT_ALONE)
    return;
  worker *self = &pool->workers[index - 1];
  if (seat == CNN__SEAT_APART) {
    self->pause = PAUSE_NANOSECONDS;
    return;
  }
  int64_t now = nanoseconds();
  if (now < self->next)
    return;
  self->next = now + self->pause;
  if (self->pause < MOST_PAUSE_NANOSECONDS)
    self->pause *= 2;
  start_next(self);
}

/* Open the next stage; one of a single item is done at once. Nothing is pending. Room is made before others wake, who may
 * take the CPU; a thread that has made room only publishes then. */
static void advance(cnn__pool_threads *pool, int32_t index) {
  const cnn__stages *stages = pool->stages;
  void *user = pool->user;
  uint64_t next = (atomic_load_explicit(&pool->ticket, memory_order_relaxed) / STAGE + 1) * STAGE;
  int64_t items;
  while ((items = stages->next(user, index, &pool->shares.back)) == 1)
    stages->item(user, 0, index);
  cnn__stage_share_out(&pool->shares, items);
  atomic_store_explicit(&pool->end, next + (uint64_t)items, memory_order_relaxed);
  atomic_store_explicit(&pool->pending, items, memory_order_release);
  make_room(pool, index);
  publish(pool, items ? next : next + OVER);
}

static void finish_one(cnn__pool_threads *pool, int32_t index) {
  if (atomic_fetch_sub_explicit(&pool->pending, 1, memory_order_acq_rel) == 1)
    advance(pool, index);
  else
    make_room(pool, index);
}

/* Claim and do an item of the stage of `ticket`. Zero: there was none. The end may be that of the next stage already,
 * whose first ticket is not out yet. As many items are left as claims are open, but for the child of a fork inside an item:
 * its copy of a share may be younger than that of the ticket. */
static int32_t do_item(cnn__pool_threads *pool, uint64_t ticket, int32_t index) {
  uint64_t end = atomic_load_explicit(&pool->end, memory_order_relaxed);
  if (ticket >= end || ticket / STAGE != end / STAGE)
    return 0;
  if (atomic_compare_exchange_strong_explicit(&pool->ticket, &ticket, ticket + 1, memory_order_acq_rel,
                                              memory_order_relaxed)) {
    int64_t item = cnn__stage_share_pick(&pool->shares, index);
    if (item < 0)
      return 0;
    pool->stages->item(pool->user, item, index);
    finish_one(pool, index);
  }
  return 1;
}

/* While others are at their items: something else, which then is pending too. */
static int32_t fill_in(cnn__pool_threads *pool, int32_t index) {
  int64_t pending = atomic_load_explicit(&pool->pending, memory_order_relaxed);
  do
    if (!pending)
      return 0;
  while (!atomic_compare_exchange_weak_explicit(&pool->pending, &pending, pending + 1, memory_order_acquire,
                                                memory_order_relaxed));
  int32_t filled = pool->stages->fill && pool->stages->fill(pool->user, index);
  finish_one(pool, index);
  return filled;
}

static void *work(void *argument) {
  worker *self = argument;
  cnn__pool_threads *pool = self->pool;
#if defined(__linux__)
  pthread_setname_np(pthread_self(), "cnn");
#endif
  cnn__fp_enter(); /* a thread inherits its maker's environment; this one has nothing to give back */
  int32_t turn = atomic_load(&self->turn);
  make_room(pool, self->index);
  while (atomic_load_explicit(&self->turn, memory_order_relaxed) == turn) {
    uint64_t ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
    if (atomic_load_explicit(&pool->stop, memory_order_relaxed))
      return NULL;
    if (do_item(pool, ticket, self->index) || fill_in(pool, self->index) || atomic_load(&self->turn) != turn)
      continue;
    await_change(pool, ticket, self->index);
    make_room(pool, self->index);
  }
  return NULL;
}

static void start_workers(cnn__pool_threads *pool) {
  sigset_t before;
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->changed, NULL);
  atomic_store(&pool->sleepers, 0);
  atomic_store(&pool->end, 0);
  atomic_store(&pool->pending, 0);
  atomic_store(&pool->ticket, OVER);
  cnn__seats_clear(&pool->seats); /* of threads of before a fork */
  pool->started = 0;
  pool->generation = cnn__generation();
  cnn__block_signals(&before);
  pthread_mutex_lock(&pool->mutex);
  int error = 0;
  while (!error && pool->started + 1 < pool->size) {
    worker *next = &pool->workers[pool->started];
    *next = (worker){.pool = pool, .index = pool->started + 1, .pause = PAUSE_NANOSECONDS};
    error = pthread_create(&next->thread, NULL, work, next);
    pool->started += !error;
  }
  pthread_mutex_unlock(&pool->mutex);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error)
    cnn__log(pool->context, CNN_LOG_WARNING, "of %d threads only %d could be started (error %d); going on with these",
             (int)pool->size, (int)pool->started + 1, error);
}

/* Take the pool for this caller. Zero: another has it. A lock from before a fork counts for nothing. */
static int32_t take(cnn__pool_threads *pool) {
  uint64_t mine = cnn__generation(), owner = atomic_load_explicit(&pool->owner, memory_order_relaxed);
  return owner != mine &&
         atomic_compare_exchange_strong_explicit(&pool->owner, &owner, mine, memory_order_acquire, memory_order_relaxed);
}

/* Items that threads of before a fork in an item have claimed are never finished in the child: they are not waited for. */
static void run_together(cnn__pool_threads *pool, const cnn__stages *stages, void *user) {
  if (pool->generation != cnn__generation())
    start_workers(pool);
  pool->stages = stages;
  pool->user = user;
  pool->shares.back = 0;
  advance(pool, 0);
  uint64_t ticket;
  while (((ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire)) & ITEM) != OVER)
    if (!do_item(pool, ticket, 0) && !fill_in(pool, 0)) {
      if (pool->generation != cnn__generation())
        return;
      await_change(pool, ticket, 0);
    }
  cnn__seat_leave(&pool->seats, 0);
}

void cnn__pool_run_stages(cnn__pool_threads *pool, const cnn__stages *stages, void *user) {
  cnn__fp environment = cnn__fp_enter();
  if (pool->size > 1 && take(pool)) {
    run_together(pool, stages, user);
    atomic_store_explicit(&pool->owner, 0, memory_order_release);
  } else {
    int32_t back = 0;
    for (int64_t items; (items = stages->next(user, 0, &back)) > 0;)
      for (int64_t i = 0; i < items; i++)
        stages->item(user, back ? items - 1 - i : i, 0);
  }
  cnn__fp_leave(environment);
}

/* A run of one stage. */
typedef struct single {
  cnn__item_fn *function;
  void *user;
  int64_t items;
} single;

static int64_t single_next(void *user, int32_t index, int32_t *back) {
  (void)index;
  (void)back;
  single *s = user;
  int64_t items = s->items;
  s->items = 0;
  return items;
}

static void single_item(void *user, int64_t item, int32_t index) {
  const single *s = user;
  s->function(s->user, item, index);
}

void cnn__pool_run(cnn__pool_threads *pool, int64_t items, cnn__item_fn *function, void *user) {
  static const cnn__stages stages = {single_next, single_item, NULL};
  if (items > 1)
    cnn__pool_run_stages(pool, &stages, &(single){function, user, items});
  else if (items == 1) {
    cnn__fp environment = cnn__fp_enter();
    function(user, 0, 0);
    cnn__fp_leave(environment);
  }
}

cnn_status cnn__pool_new(cnn__pool_threads **out, cnn_context *context, int32_t threads) {
  CNN__TRY(cnn__watch_forks());
  cnn__pool_threads *pool = cnn__alloc_zero(context, sizeof *pool, "the pool of threads");
  if (!pool)
    return CNN_ENOMEM;
  pool->context = context;
  pool->size = pool->seats.size = pool->shares.size = threads;
  pool->spins = threads <= cnn__affinity();
  if (threads > 1) {
    pool->workers = cnn__alloc_zero(context, (size_t)(threads - 1) * sizeof *pool->workers, "the pool of threads");
    pool->seats.cpus = cnn__alloc_zero(context, (size_t)threads * sizeof *pool->seats.cpus, "the pool of threads");
    pool->shares.of = cnn__alloc_zero(context, (size_t)threads * sizeof *pool->shares.of, "the pool of threads");
    if (!pool->workers || !pool->seats.cpus || !pool->shares.of) {
      cnn__free(context, pool->shares.of);
      cnn__free(context, pool->seats.cpus);
      cnn__free(context, pool->workers);
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
  if (pool->generation == cnn__generation()) {
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stop, 1); /* from here on workers keep their threads */
    pthread_mutex_unlock(&pool->mutex);
    publish(pool, (atomic_load(&pool->ticket) / STAGE + 1) * STAGE + OVER);
    for (int32_t i = 0; i < pool->started; i++) {
      if (pool->workers[i].follows)
        pthread_join(pool->workers[i].before, NULL);
      pthread_join(pool->workers[i].thread, NULL);
    }
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->mutex);
  }
  cnn__free(pool->context, pool->shares.of);
  cnn__free(pool->context, pool->seats.cpus);
  cnn__free(pool->context, pool->workers);
  cnn__free(pool->context, pool);
}

int32_t cnn__pool_size(const cnn__pool_threads *pool) { return pool->size; }

int32_t cnn__pool_spins(const cnn__pool_threads *pool) { return pool->spins; }
