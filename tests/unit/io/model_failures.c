/* Saving and loading where memory or the disk fails, and files that are damaged: an error, the old file whole, nothing left behind. */
#include "io/container.h"

#include "io/atomic_file.h"
#include "scratch.h"
#include "small_model.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static cnn_status save_and_load(const cnn_allocator *allocator, void *user) {
  cnn_context *context;
  cnn_model *m = NULL, *copy = NULL;
  cnn_optimizer *adam = NULL;
  (void)user;
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = 1, .allocator = allocator));
  if (status < 0)
    return status;
  status = cnn_model_new(&m, context, NULL);
  if (status == CNN_OK) {
    cnn_input(m, 1, (const int64_t[]){3}, NULL);
    cnn_dense(m, 5, NULL);
    status = cnn_optimizer_new(&adam, context, "adam", NULL);
  }
  if (status == CNN_OK)
    status = cnn_model_compile(m, adam, 1, (const char *const[]){"categorical_crossentropy"}, NULL);
  if (status == CNN_OK)
    status = cnn_model_save(m, scratch_path("f"), NULL);
  if (status == CNN_OK)
    status = cnn_model_load(&copy, context, scratch_path("f"), NULL);
  if (status == CNN_OK)
    status = cnn_model_load_weights(m, scratch_path("f"), NULL);
  cnn_model_free(copy);
  cnn_optimizer_free(adam);
  cnn_model_free(m);
  cnn_context_free(context);
  return status;
}

START_TEST(failing_allocations) {
  scratch_without_sync();
  ck_assert_int_gt(test_alloc_fail_each(save_and_load, NULL), 30);
}
END_TEST

static long json_left = -1, json_live;
static void *json_alloc(size_t count) {
  if (json_left == 0 || (json_left > 0 && --json_left == 0))
    return NULL;
  json_live++;
  return malloc(count);
}
static void json_release(void *pointer) {
  json_live -= pointer != NULL;
  free(pointer);
}

START_TEST(failing_allocations_of_json) {
  cnn_context *context = scratch_context();
  scratch_without_sync();
  cnn_model *m = dense_model(context, 5, "b");
  small_model_compile(m, "adam", NULL);
  small_model_save(m, "f", NULL);
  json_set_alloc_funcs(json_alloc, json_release);
  for (long n = 1, done = 0; !done; n++) {
    cnn_model *copy = NULL;
    json_left = n;
    cnn_status status = cnn_model_save(m, scratch_path("f"), NULL);
    if (status == CNN_OK)
      status = cnn_model_load(&copy, context, scratch_path("f"), NULL);
    done = status == CNN_OK;
    json_left = -1;
    ck_assert_msg(done || status == CNN_ENOMEM || status == CNN_EFORMAT, "%s", cnn_error_text());
    cnn_model_free(copy);
    ck_assert_int_eq(json_live, 0);
    cnn_model_free(small_model_load(context, "f", NULL));
  }
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

static int full(int file) {
  (void)file;
  errno = ENOSPC;
  return -1;
}

START_TEST(a_failed_save_keeps_the_old_model) {
  cnn_context *context = scratch_context();
  cnn_model *m = small_model(context);
  small_model_save(m, "f", NULL);
  small_model_compile(m, "adam", NULL);
  small_model_train(m, 1);
  const cnn__file_calls whole = cnn__file_ops;
  cnn__file_ops.sync = full;
  ck_failed(cnn_model_save(m, scratch_path("f"), NULL), CNN_EIO, "/f': cannot sync: No space left on device");
  cnn__file_ops = whole;
  ck_assert_int_eq(scratch_count(), 1);
  cnn_model *old = small_model_load(context, "f", NULL), *fresh = small_model(context);
  ck_same_model(old, fresh);
  cnn_model_free(fresh);
  cnn_model_free(old);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* Cut at every 512 bytes and in the header everywhere; thousands of flipped bits: none loads. */
START_TEST(damage) {
  cnn_context *context = scratch_context();
  cnn_model *m = small_model(context), *none = NULL;
  size_t count;
  small_model_compile(m, "adam", NULL);
  small_model_save(m, "f", NULL);
  unsigned char *whole = scratch_read("f", &count);
  for (size_t length = 0; length < count; length += length < 2048 ? 1 : 512) {
    scratch_write("d", whole, length);
    ck_failed(cnn_model_load(&none, context, scratch_path("d"), NULL), CNN_EFORMAT, "/d': ");
  }
  uint32_t state = 1;
  for (int i = 0; i < 4000; i++) {
    state = state * 1664525u + 1013904223u;
    size_t bit = (size_t)(((uint64_t)state * (8 * count)) >> 32);
    whole[bit / 8] ^= (unsigned char)(1u << bit % 8);
    scratch_write("d", whole, count);
    ck_failed(cnn_model_load(&none, context, scratch_path("d"), NULL), CNN_EFORMAT, "/d': ");
    whole[bit / 8] ^= (unsigned char)(1u << bit % 8);
  }
  ck_assert_ptr_null(none);
  free(whole);
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, failing_allocations);
  tcase_add_test(tests, failing_allocations_of_json);
  tcase_add_test(tests, a_failed_save_keeps_the_old_model);
  tcase_add_test(tests, damage);
}

int main(void) { return scratch_run("model_failures", add); }
