/* alloc: an allocator that counts, guards its blocks and fails on command. */
#include "alloc.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define BAND 64 /* bytes of guard before and behind a block */

/* What stands before the first band, at the start of what malloc gave. */
typedef struct head {
  size_t bytes, before; /* before: from the start to the block */
  void *start;
} head;

static int32_t intact(const unsigned char *band) {
  for (int32_t i = 0; i < BAND; i++)
    if (band[i] != 0xa5)
      return 0;
  return 1;
}

static int32_t must_fail(test_alloc *a, int64_t call) {
  int64_t fail_at = atomic_load(&a->fail_at);
  return fail_at > 0 && (call == fail_at || (call > fail_at && atomic_load(&a->fail_mode) == ALLOC_LATER));
}

static void count(test_alloc *a, size_t bytes) {
  int64_t live = atomic_fetch_add(&a->live_bytes, (int64_t)bytes) + (int64_t)bytes, peak = atomic_load(&a->peak_bytes);
  atomic_fetch_add(&a->live_blocks, 1);
  while (live > peak && !atomic_compare_exchange_weak(&a->peak_bytes, &peak, live))
    continue;
}

static void *guarded_alloc(void *user, size_t bytes, size_t alignment) {
  test_alloc *a = user;
  if (must_fail(a, atomic_fetch_add(&a->calls, 1) + 1)) {
    atomic_fetch_add(&a->failures, 1);
    return NULL;
  }
  size_t before = sizeof(head) + BAND + alignment;
  if (bytes > SIZE_MAX - before - BAND)
    return NULL;
  unsigned char *start = malloc(before + bytes + BAND);
  if (!start)
    return NULL;
  unsigned char *block = start + before - (uintptr_t)(start + before) % alignment;
  head h = {bytes, (size_t)(block - start), start};
  memcpy(block - BAND - sizeof h, &h, sizeof h);
  memset(block - BAND, 0xa5, BAND);
  memset(block, 0xcb, bytes);
  memset(block + bytes, 0xa5, BAND);
  count(a, bytes);
  return block;
}

static void guarded_free(void *user, void *pointer) {
  test_alloc *a = user;
  unsigned char *block = pointer;
  head h;
  ck_assert_msg(pointer != NULL, "the allocator's free was called with NULL");
  ck_assert_msg(intact(block - BAND), "something wrote before a block, or freed what is none");
  memcpy(&h, block - BAND - sizeof h, sizeof h);
  ck_assert_msg(intact(block + h.bytes), "something wrote behind a block of %zu bytes", h.bytes);
  memset(h.start, 0xdd, h.before + h.bytes + BAND);
  atomic_fetch_sub(&a->live_bytes, (int64_t)h.bytes);
  atomic_fetch_sub(&a->live_blocks, 1);
  free(h.start);
}

void test_alloc_init(test_alloc *a) {
  memset(a, 0, sizeof *a);
  a->allocator = (cnn_allocator){.size = sizeof a->allocator, .user = a, .alloc = guarded_alloc, .free = guarded_free};
}

void test_alloc_fail(test_alloc *a, int64_t n, int32_t mode) {
  atomic_store(&a->fail_mode, mode);
  atomic_store(&a->fail_at, n > 0 ? atomic_load(&a->calls) + n : 0);
}

void test_alloc_check(const test_alloc *a) {
  ck_assert_msg(a->live_blocks == 0, "%lld blocks of %lld bytes were not given back", (long long)a->live_blocks,
                (long long)a->live_bytes);
}

/* Seconds in a text have more digits or fewer, and now and then the text grows once more or less: so the least of a few runs. */
static int64_t calls_of(test_scenario *scenario, void *user) {
  test_alloc a;
  int64_t least = INT64_MAX;
  for (int32_t i = 0; i < 3; i++) {
    test_alloc_init(&a);
    cnn_status status = scenario(&a.allocator, user);
    ck_assert_msg(status == CNN_OK, "the scenario itself: %s", cnn_error_text());
    test_alloc_check(&a);
    least = a.calls < least ? a.calls : least;
  }
  return least;
}

/* With call n failing; again where there were fewer calls this time, so that none failed. */
static cnn_status failing_at(test_alloc *a, int64_t n, int32_t mode, test_scenario *scenario, void *user) {
  cnn_status status = CNN_OK;
  for (int32_t tries = 0; tries < 20 && status == CNN_OK; tries++) {
    test_alloc_init(a);
    test_alloc_fail(a, n, mode);
    status = scenario(&a->allocator, user);
    if (atomic_load(&a->failures))
      break;
  }
  return status;
}

int64_t test_alloc_fail_each(test_scenario *scenario, void *user) {
  test_alloc a;
  int64_t calls = calls_of(scenario, user);
  for (int64_t n = 1; n <= calls; n++)
    for (int32_t mode = ALLOC_ONCE; mode <= ALLOC_LATER; mode++) {
      cnn_status status = failing_at(&a, n, mode, scenario, user);
      ck_assert_msg(status == CNN_ENOMEM, "allocation %lld of %lld failed, but the scenario returned %s", (long long)n,
                    (long long)calls, cnn_status_name(status));
      ck_assert_msg(strstr(cnn_error_text(), "memory") != NULL, "allocation %lld: the text is '%s'", (long long)n,
                    cnn_error_text());
      test_alloc_check(&a);
    }
  return calls;
}
