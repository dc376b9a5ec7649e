/* parallel: the context's pool of worker threads.
 *
 * Work is a number of items (below 2^32 - 1) fixed by the size of the problem. Workers (the caller is one of them) claim items by an
 * atomic counter, each those of its own even share first: who does an item is free, where its result goes is not. Idle workers
 * spin briefly, then sleep. A worker who is found on another's CPU lets a new thread go on in its place: elsewhere, if there is
 * room.
 * After fork the child's pool has no threads and makes new ones on first use. Signals are blocked in workers. */
#ifndef CNN_CORE_PARALLEL_H
#define CNN_CORE_PARALLEL_H

#include "cnn/context.h"

#include <stdint.h>

typedef struct cnn__pool_threads cnn__pool_threads;
typedef void cnn__item_fn(void *user, int64_t item, int32_t worker);

/* threads >= 1 counts the caller; threads - 1 are started at the first run, not before (loading the library or making a
 * context starts none). A worker that cannot be started is done without (logged once). */
cnn_status cnn__pool_new(cnn__pool_threads **out, cnn_context *context, int32_t threads);
void cnn__pool_free(cnn__pool_threads *pool); /* joins; NULL does nothing */
int32_t cnn__pool_size(const cnn__pool_threads *pool);
int32_t cnn__pool_spins(const cnn__pool_threads *pool); /* is there a CPU for each thread? */

/* Call function(user, item, worker) once for each item in [0, items), worker in [0, size); return when all are done: everything
 * that the items wrote is then visible to the caller. Allocates nothing once the threads exist, but for a new thread in a worker's
 * place. When the pool is busy with another caller (or called from inside an item), all items run on the calling thread with
 * worker 0 of that caller's own scratch: callers must size scratch by their own run record, never share it by worker index
 * between callers. */
void cnn__pool_run(cnn__pool_threads *pool, int64_t items, cnn__item_fn *function, void *user);

/* A run of several stages. next: open the next stage, after all of the one before is done: how many items, 0: the run is
 * over; on any worker, one at a time. *back, as the stage before left it (0 at first): non-zero has each worker go through its
 * share from the last item to the first. Shares of two stages are alike where their numbers of items are: what an item of
 * one left in a worker's caches its namesake of the next finds there. fill (or NULL): a worker for whom no item of the stage is
 * left, while others are still at theirs, calls it instead of waiting; zero: it had nothing to do. The stage is not over before it returns. */
typedef struct cnn__stages {
  int64_t (*next)(void *user, int32_t worker, int32_t *back);
  cnn__item_fn *item;
  int32_t (*fill)(void *user, int32_t worker);
} cnn__stages;
void cnn__pool_run_stages(cnn__pool_threads *pool, const cnn__stages *stages, void *user);

#endif
