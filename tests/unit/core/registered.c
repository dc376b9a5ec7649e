/* registered: names of one kind are taken once, whoever comes first, and everything goes with the context. */
#include "suite.h"

#include "alloc.h"

#include "core/memory.h"
#include "core/registered.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define THREADS 4
#define NAMES 50

static test_alloc memory;
static cnn_context *context;
static char names[NAMES][8];

static void set_up(void) {
  test_alloc_init(&memory);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.allocator = &memory.allocator)), CNN_OK);
  for (int i = 0; i < NAMES; i++)
    snprintf(names[i], sizeof names[i], "n%d", i);
}

static void tear_down(void) {
  cnn_context_free(context);
  test_alloc_check(&memory);
}

/* 1: it was added. */
static int32_t add(int32_t kind, const char *name) {
  cnn__registered *entry = cnn__alloc_zero(context, sizeof *entry, "test");
  ck_assert_ptr_nonnull(entry);
  entry->kind = kind;
  entry->name = name;
  if (!cnn__registered_add(context, entry, NULL))
    return 1;
  cnn__free(context, entry);
  return 0;
}

START_TEST(a_name_is_taken_once_in_its_kind) {
  set_up();
  const char *known[2];
  ck_assert_ptr_null(cnn__registered_find(context, 1, "a"));
  ck_assert_int_eq(add(1, "a"), 1);
  ck_assert_int_eq(add(1, "a"), 0);
  ck_assert_int_eq(add(2, "a"), 1);
  ck_assert_int_eq(add(1, "b"), 1);
  ck_assert_int_eq(add(1, "c"), 1);
  ck_assert_int_eq(cnn__registered_find(context, 2, "a")->kind, 2);
  ck_assert_ptr_null(cnn__registered_find(context, 2, "b"));
  ck_assert_int_eq(cnn__registered_names(context, 1, known, 2), 2);
  ck_assert_str_eq(known[0], "c");
  ck_assert_str_eq(known[1], "b");
  ck_assert_int_eq(cnn__registered_names(context, 3, known, 2), 0);
  tear_down();
}
END_TEST

/* Each thread tries all names, and finds what it added or somebody else did. */
static void *try_all(void *user) {
  int32_t *added = user;
  for (int i = 0; i < NAMES; i++) {
    *added += add(1, names[i]);
    if (!cnn__registered_find(context, 1, names[i]))
      *added += 1000;
  }
  return NULL;
}

START_TEST(threads_add_each_name_once) {
  set_up();
  pthread_t threads[THREADS];
  int32_t added[THREADS] = {0}, total = 0;
  for (int t = 0; t < THREADS; t++)
    ck_assert_int_eq(pthread_create(&threads[t], NULL, try_all, &added[t]), 0);
  for (int t = 0; t < THREADS; t++) {
    pthread_join(threads[t], NULL);
    total += added[t];
  }
  ck_assert_int_eq(total, NAMES);
  tear_down();
}
END_TEST

int main(void) {
  return RUN_SUITE("registered", 0, a_name_is_taken_once_in_its_kind, threads_add_each_name_once);
}
