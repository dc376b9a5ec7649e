/* memory: allocations through the context's allocator, and sizes that do not fit. */
#include "suite.h"

#include "alloc.h"
#include "core/memory.h"
#include "core/status.h"

#include <string.h>

static test_alloc counting;

static cnn_context *new_context(void) {
  cnn_context *context;
  test_alloc_init(&counting);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .allocator = &counting.allocator)), CNN_OK);
  return context;
}

static void free_context(cnn_context *context) {
  cnn_context_free(context);
  test_alloc_check(&counting);
}

START_TEST(blocks_are_aligned_and_given_back) {
  cnn_context *context = new_context();
  int64_t before = counting.live_blocks;
  void *blocks[64];
  for (size_t i = 0; i < 64; i++) {
    blocks[i] = cnn__alloc(context, i * 7, "a test");
    ck_assert_ptr_nonnull(blocks[i]);
    ck_assert_uint_eq((uintptr_t)blocks[i] % 64, 0);
    memset(blocks[i], 1, i * 7);
  }
  ck_assert_int_eq(counting.live_blocks, before + 64);
  for (size_t i = 0; i < 64; i++)
    cnn__free(context, blocks[i]);
  cnn__free(context, NULL);
  ck_assert_int_eq(counting.live_blocks, before);
  free_context(context);
}
END_TEST

START_TEST(the_standard_allocator_is_aligned_too) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  for (size_t bytes = 0; bytes < 300; bytes += 13) {
    unsigned char *block = cnn__alloc(context, bytes, "a test");
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq((uintptr_t)block % 64, 0);
    memset(block, 1, bytes);
    cnn__free(context, block);
  }
  ck_assert_ptr_null(cnn__alloc(context, PTRDIFF_MAX, "too much"));
  ck_assert_ptr_null(cnn__alloc(context, SIZE_MAX, "too much"));
  cnn_context_free(context);
}
END_TEST

START_TEST(zeroed_blocks_are_zero) {
  cnn_context *context = new_context();
  const unsigned char *block = cnn__alloc_zero(context, 1000, "a test");
  for (size_t i = 0; i < 1000; i++)
    ck_assert_uint_eq(block[i], 0);
  cnn__free(context, (void *)(uintptr_t)block);
  free_context(context);
}
END_TEST

START_TEST(failures_name_what_and_how_much) {
  cnn_context *context = new_context();
  test_alloc_fail(&counting, 1, ALLOC_LATER);
  ck_assert_ptr_null(cnn__alloc(context, 1234, "the arena"));
  ck_assert_int_eq(cnn__fail_code(), CNN_ENOMEM);
  ck_assert_str_eq(cnn_error_text(), "out of memory: 1234 bytes for the arena");
  ck_assert_ptr_null(cnn__alloc_zero(context, 1234, "the arena"));
  ck_assert_ptr_null(cnn__strdup(context, "name"));
  test_alloc_fail(&counting, 0, ALLOC_ONCE);
  free_context(context);
}
END_TEST

START_TEST(absurd_sizes_do_not_reach_the_allocator) {
  cnn_context *context = new_context();
  int64_t calls = counting.calls;
  ck_assert_ptr_null(cnn__alloc(context, SIZE_MAX, "everything"));
  ck_assert_int_eq(cnn__fail_code(), CNN_ENOMEM);
  ck_assert_int_eq(counting.calls, calls);
  free_context(context);
}
END_TEST

static char crooked_block[256];
static int32_t crooked_freed;
static void *crooked_alloc(void *user, size_t bytes, size_t alignment) {
  test_alloc *a = user;
  return bytes == 100 ? crooked_block + 1 + (64 - (uintptr_t)crooked_block % 64) : a->allocator.alloc(a, bytes, alignment);
}
static void crooked_free(void *user, void *pointer) {
  test_alloc *a = user;
  if ((char *)pointer >= crooked_block && (char *)pointer < crooked_block + 256)
    crooked_freed++;
  else
    a->allocator.free(a, pointer);
}

START_TEST(misaligned_blocks_are_refused) {
  cnn_context *context;
  test_alloc_init(&counting);
  cnn_allocator crooked = {.size = sizeof crooked, .user = &counting, .alloc = crooked_alloc, .free = crooked_free};
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .allocator = &crooked)), CNN_OK);
  ck_assert_ptr_null(cnn__alloc(context, 100, "a test"));
  ck_assert_int_eq(cnn__fail_code(), CNN_ENOMEM);
  ck_assert_int_eq(crooked_freed, 1);
  free_context(context);
}
END_TEST

START_TEST(strdup_copies) {
  cnn_context *context = new_context();
  char name[] = "conv1";
  char *copy = cnn__strdup(context, name);
  name[0] = 'x';
  ck_assert_str_eq(copy, "conv1");
  ck_assert_ptr_null(cnn__strdup(context, NULL));
  cnn__free(context, copy);
  free_context(context);
}
END_TEST

START_TEST(arrays_grow_and_keep_what_they_hold) {
  cnn_context *context = new_context();
  void *array = NULL;
  int64_t capacity = 0, calls = counting.calls;
  for (int64_t i = 0; i < 1000; i++) {
    ck_assert_int_eq(cnn__grow(context, &array, &capacity, i + 1, sizeof(int64_t), "a list"), CNN_OK);
    ((int64_t *)array)[i] = i;
  }
  ck_assert_int_ge(capacity, 1000);
  ck_assert_int_le(counting.calls - calls, 8); /* 8, 16, ... 1024 */
  for (int64_t i = 0; i < 1000; i++)
    ck_assert_int_eq(((int64_t *)array)[i], i);
  cnn__free(context, array);
  free_context(context);
}
END_TEST

START_TEST(growing_in_vain_changes_nothing) {
  cnn_context *context = new_context();
  void *array = NULL;
  int64_t capacity = 0;
  ck_assert_int_eq(cnn__grow(context, &array, &capacity, 10, 4, "a list"), CNN_OK);
  void *before = array;
  int64_t capacity_before = capacity;
  test_alloc_fail(&counting, 1, ALLOC_ONCE);
  ck_assert_int_eq(cnn__grow(context, &array, &capacity, 11, 4, "a list"), CNN_ENOMEM);
  ck_assert_int_eq(cnn__grow(context, &array, &capacity, INT64_MAX, 4, "a list"), CNN_ENOMEM);
  ck_assert_int_eq(cnn__grow(context, &array, &capacity, INT64_MAX / 4, 4, "a list"), CNN_ENOMEM);
  ck_assert_int_eq(cnn__grow(context, &array, &capacity, 11, SIZE_MAX, "a list"), CNN_ENOMEM);
  ck_assert_ptr_eq(array, before);
  ck_assert_int_eq(capacity, capacity_before);
  cnn__free(context, array);
  free_context(context);
}
END_TEST

START_TEST(arithmetic_is_checked) {
  int64_t out = 5;
  ck_assert_int_eq(cnn__mul(1 << 20, 1 << 20, &out), 0);
  ck_assert_int_eq(out, INT64_C(1) << 40);
  ck_assert_int_eq(cnn__mul(0, INT64_MAX, &out), 0);
  ck_assert_int_eq(out, 0);
  ck_assert_int_eq(cnn__sum(INT64_MAX - 1, 1, &out), 0);
  ck_assert_int_eq(out, INT64_MAX);
  out = 5;
  ck_assert_int_ne(cnn__mul(INT64_C(1) << 32, INT64_C(1) << 31, &out), 0);
  ck_assert_int_ne(cnn__mul(-1, 1, &out), 0);
  ck_assert_int_ne(cnn__mul(1, -1, &out), 0);
  ck_assert_int_ne(cnn__sum(INT64_MAX, 1, &out), 0);
  ck_assert_int_ne(cnn__sum(-1, 1, &out), 0);
  ck_assert_int_eq(out, 5);
}
END_TEST

int main(void) {
  return RUN_SUITE("memory", 0, blocks_are_aligned_and_given_back, the_standard_allocator_is_aligned_too, zeroed_blocks_are_zero,
                   failures_name_what_and_how_much, absurd_sizes_do_not_reach_the_allocator, misaligned_blocks_are_refused,
                   strdup_copies, arrays_grow_and_keep_what_they_hold, growing_in_vain_changes_nothing,
                   arithmetic_is_checked);
}
