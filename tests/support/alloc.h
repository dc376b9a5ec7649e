/* alloc: an allocator that counts, guards its blocks and fails on command. */
#ifndef CNN_TESTS_ALLOC_H
#define CNN_TESTS_ALLOC_H

#include <cnn/cnn.h>

#include <stdatomic.h>

#define ALLOC_ONCE 0  /* the chosen call fails, later ones succeed */
#define ALLOC_LATER 1 /* the chosen call and all later ones fail */

/* Give &a.allocator to a context. Blocks are filled with 0xcb, stand between guard bands that free checks, and are filled
 * with 0xdd when they go. All counts may be read at any time, from any thread. */
typedef struct test_alloc {
  cnn_allocator allocator;
  _Atomic int64_t calls;       /* of alloc, failed ones too */
  _Atomic int64_t failures;    /* calls that were made to fail */
  _Atomic int64_t live_blocks, live_bytes, peak_bytes;
  _Atomic int64_t fail_at;     /* the call, counted from 1, that fails; 0: none */
  _Atomic int32_t fail_mode;   /* ALLOC_ONCE, ALLOC_LATER */
} test_alloc;

void test_alloc_init(test_alloc *a);

/* The n-th call from now on fails (1: the next); 0: none. */
void test_alloc_fail(test_alloc *a, int64_t n, int32_t mode);

/* Fails the running test unless all blocks were given back. */
void test_alloc_check(const test_alloc *a);

/* Runs the scenario as it is, which must succeed, then again for each of its allocations with that one failing, once
 * alone and once with all later ones. Each of these must return CNN_ENOMEM with a text and leave no block behind. Returns
 * how many allocations there are. The scenario makes all it needs with the allocator, its context included, and frees it. */
typedef cnn_status test_scenario(const cnn_allocator *allocator, void *user);
int64_t test_alloc_fail_each(test_scenario *scenario, void *user);

#endif
