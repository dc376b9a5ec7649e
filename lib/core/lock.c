/* lock: a mutex that is made anew in a child of fork. */
#include "core/lock.h"

#include "core/status.h"

#include <sched.h>
#include <stdatomic.h>

static _Atomic uint64_t forks;
static atomic_int watches_forks;

static void count_fork(void) { atomic_fetch_add(&forks, 1); }

/* Two threads may both register: the generation then moves by two, which is as good. */
cnn_status cnn__watch_forks(void) {
  if (!atomic_load(&watches_forks)) {
    if (pthread_atfork(NULL, NULL, count_fork) != 0)
      return cnn__fail(CNN_ENOMEM, "out of memory: a fork handler");
    atomic_store(&watches_forks, 1);
  }
  return CNN_OK;
}

uint64_t cnn__generation(void) { return atomic_load_explicit(&forks, memory_order_relaxed) + 1; }

void cnn__lock_init(cnn__lock *lock) {
  pthread_mutex_init(&lock->mutex, NULL);
  atomic_init(&lock->generation, cnn__generation());
}

/* One that somebody held in the parent can only be left as it is. */
void cnn__lock_destroy(cnn__lock *lock) {
  if (atomic_load(&lock->generation) == cnn__generation())
    pthread_mutex_destroy(&lock->mutex);
}

/* Once in a child: the first of its threads makes the mutex, others wait that long. */
static void make_anew(cnn__lock *lock, uint64_t now) {
  uint64_t seen = atomic_load(&lock->generation);
  while (seen != now)
    if (seen && atomic_compare_exchange_weak(&lock->generation, &seen, 0)) {
      pthread_mutex_init(&lock->mutex, NULL);
      atomic_store(&lock->generation, seen = now);
    } else {
      sched_yield();
      seen = atomic_load(&lock->generation);
    }
}

void cnn__lock_take(cnn__lock *lock) {
  uint64_t now = cnn__generation();
  if (atomic_load_explicit(&lock->generation, memory_order_acquire) != now)
    make_anew(lock, now);
  pthread_mutex_lock(&lock->mutex);
}

void cnn__lock_leave(cnn__lock *lock) { pthread_mutex_unlock(&lock->mutex); }
