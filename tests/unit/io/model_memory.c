/* model files in memory: the bytes of the file on disk, read back to the same model; what is wrong is refused. */
#include "scratch.h"
#include "small_model.h"

#include <stdlib.h>
#include <string.h>

static unsigned char *save(const cnn_model *model, size_t *bytes, const cnn_save_opts *options) {
  size_t again = 0;
  ck_assert_int_eq(cnn_model_save_memory(model, NULL, 0, bytes, options), CNN_OK);
  unsigned char *buffer = malloc(*bytes + 1);
  buffer[*bytes] = 0x5a;
  ck_assert_int_eq(cnn_model_save_memory(model, buffer, *bytes, &again, options), CNN_OK);
  ck_assert(again == *bytes && buffer[*bytes] == 0x5a);
  return buffer;
}

static cnn_model *trained(cnn_context *context) {
  cnn_model *m = small_model(context);
  small_model_compile(m, "adam", NULL);
  small_model_train(m, 2);
  return m;
}

START_TEST(memory_holds_the_bytes_of_the_file) {
  cnn_context *context = scratch_context();
  cnn_model *m = trained(context), *copy;
  const cnn_save_opts *options[] = {NULL, cnn_save_opts(.weights_only = 1), cnn_save_opts(.no_optimizer = 1)};
  for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
    size_t bytes, file_bytes;
    unsigned char *memory = save(m, &bytes, options[i]);
    ck_assert_int_eq(cnn_model_save(m, scratch_path("f"), options[i]), CNN_OK);
    unsigned char *file = scratch_read("f", &file_bytes);
    ck_assert(bytes == file_bytes && memcmp(memory, file, bytes) == 0);
    free(file);
    free(memory);
  }
  size_t bytes;
  unsigned char *memory = save(m, &bytes, NULL), *odd = malloc(bytes + 1);
  memcpy(odd + 1, memory, bytes);
  ck_assert_msg(cnn_model_load_memory(&copy, context, odd + 1, bytes, NULL) == CNN_OK, "%s", cnn_error_text());
  free(odd); /* nothing of it is kept */
  ck_same_model(m, copy);
  small_model_train(m, 2);
  small_model_train(copy, 2);
  ck_same_model(m, copy);
  ck_assert_int_eq(cnn_model_load_weights_memory(copy, memory, bytes, NULL), CNN_OK);
  free(memory);
  cnn_model_free(copy);
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(a_buffer_too_small_is_left_alone) {
  cnn_context *context = scratch_context();
  cnn_model *m = small_model(context);
  size_t bytes = 1, wanted = 0;
  ck_assert_int_eq(cnn_model_save_memory(m, NULL, 0, &wanted, NULL), CNN_OK);
  unsigned char *buffer = calloc(1, wanted);
  ck_assert_int_eq(cnn_model_save_memory(m, buffer, wanted - 1, &bytes, NULL), CNN_EINVAL);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "the buffer has"));
  ck_assert(bytes == wanted);
  for (size_t i = 0; i < wanted; i++)
    ck_assert_int_eq(buffer[i], 0);
  ck_assert_int_eq(cnn_model_save_memory(m, NULL, 0, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_save_memory(NULL, buffer, wanted, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_save_memory(m, buffer, wanted, NULL, NULL), CNN_OK);
  free(buffer);
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* Cut at every byte, and one bit of every 7th byte turned. */
START_TEST(damaged_memory_is_refused) {
  cnn_context *context = scratch_context();
  cnn_model *m = trained(context), *copy = NULL;
  char before[33], after[33];
  size_t bytes;
  unsigned char *memory = save(m, &bytes, NULL);
  cnn_model_hash(m, before);
  for (size_t n = 0; n < bytes; n += n < 64 ? 1 : 97) {
    unsigned char *cut = malloc(n ? n : 1);
    memcpy(cut, memory, n);
    ck_assert_int_eq(cnn_model_load_memory(&copy, context, cut, n, NULL), CNN_EFORMAT);
    ck_assert_ptr_nonnull(strstr(cnn_error_text(), "(memory)"));
    ck_assert_int_lt(cnn_model_load_weights_memory(m, cut, n, NULL), 0);
    free(cut);
  }
  for (size_t i = 0; i < bytes; i += 7) {
    memory[i] ^= (unsigned char)(1 << i % 8);
    ck_assert_int_lt(cnn_model_load_memory(&copy, context, memory, bytes, NULL), 0);
    memory[i] ^= (unsigned char)(1 << i % 8);
  }
  ck_assert_int_eq(cnn_model_load_memory(&copy, context, memory, bytes, cnn_load_opts(.max_bytes = 100)), CNN_EFORMAT);
  ck_assert_ptr_null(copy);
  ck_assert_str_eq(before, cnn_model_hash(m, after));
  ck_assert_int_eq(cnn_model_load_memory(&copy, context, NULL, bytes, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_load_weights_memory(NULL, memory, bytes, NULL), CNN_EINVAL);
  free(memory);
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, memory_holds_the_bytes_of_the_file);
  tcase_add_test(tests, a_buffer_too_small_is_left_alone);
  tcase_add_test(tests, damaged_memory_is_refused);
}

int main(void) { return scratch_run("model_memory", add); }
