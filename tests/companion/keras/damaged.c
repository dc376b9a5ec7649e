/* Files that were cut or in which bits have changed: a status with one line, or a model; never a crash, a leak or a loop. What a sanitizer says
 * counts: each file lies in memory of exactly its size. */
#include "cnn/cnn.h"
#include "cnn/format.h"
#include "cnn/keras.h"

#include "interop.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { FLIPS = 1500, MOST = 8 };

static cnn_context *keras_context(void) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK);
  ck_assert_int_eq(cnn_keras_register(context), CNN_OK);
  return context;
}

static cnn_status load(cnn_context *context, const unsigned char *bytes, size_t count) {
  cnn_model *model = NULL;
  cnn_status status = cnn_model_load_memory(&model, context, bytes, count, NULL);
  if (status < 0) {
    ck_assert(status == CNN_EFORMAT || status == CNN_EUNSUPPORTED || status == CNN_ESHAPE || status == CNN_ETOONEW);
    ck_assert_ptr_null(model);
    ck_assert(*cnn_error_text() && !strchr(cnn_error_text(), '\n'));
  }
  cnn_model_free(model);
  return status;
}

static unsigned char *copy_of(const unsigned char *bytes, size_t count) {
  unsigned char *copy = malloc(count ? count : 1);
  memcpy(copy, bytes, count);
  return copy;
}

START_TEST(cut) {
  size_t bytes;
  cnn_context *context = keras_context();
  unsigned char *data = interop_file("small/keras3.h5", &bytes);
  ck_assert_int_eq(load(context, data, bytes), CNN_OK);
  for (size_t n = 8; n < bytes; n += 512) {
    unsigned char *file = copy_of(data, n);
    ck_assert_int_eq(load(context, file, n), CNN_EFORMAT);
    free(file);
  }
  free(data);
  cnn_context_free(context);
}
END_TEST

/* xorshift: the same flips each time */
static uint64_t state;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/* Half of the flips where the structure is: the data of the small files begin late, and hits among them only change a weight. */
static size_t somewhere(const unsigned char *file, size_t bytes) {
  size_t at = (size_t)(next() % bytes);
  for (int32_t i = 0; i < 20 && next() % 2; i++) {
    at = (size_t)(next() % bytes);
    if (memchr("TSHG", file[at], 4))
      return (at + (size_t)(next() % 48)) % bytes;
  }
  return at;
}

START_TEST(flipped) {
  static const char *const names[] = {"small/keras2.h5", "small/keras3.h5"};
  size_t bytes;
  int32_t refused = 0;
  cnn_context *context = keras_context();
  unsigned char *data = interop_file(names[_i], &bytes);
  state = 88172645463325252u + (uint64_t)_i;
  for (int32_t i = 0; i < FLIPS; i++) {
    unsigned char *file = copy_of(data, bytes);
    for (uint64_t k = 0, flips = 1 + next() % MOST; k < flips; k++)
      file[somewhere(file, bytes)] ^= (unsigned char)(1u << (next() % 8));
    refused += load(context, file, bytes) < 0;
    free(file);
  }
  ck_assert_int_gt(refused, FLIPS / 10);
  ck_assert_int_lt(refused, FLIPS);
  free(data);
  cnn_context_free(context);
}
END_TEST

/* Whole fields instead of bits: sizes, counts and addresses as large or as wrong as they can be. */
START_TEST(fields) {
  static const uint64_t values[] = {0, 1, UINT64_MAX, UINT64_MAX - 7, UINT32_MAX, 96, 0x7fffffffffffffff};
  size_t bytes;
  cnn_context *context = keras_context();
  unsigned char *data = interop_file("small/keras2_save_weights.h5", &bytes);
  for (size_t at = 0; at + 8 <= bytes && at < 40000; at += 8) {
    unsigned char *file = copy_of(data, bytes);
    memcpy(file + at, &values[(at / 8) % 7], 8);
    cnn_model *model;
    cnn_status status = cnn_model_load_memory(&model, context, file, bytes, NULL);
    ck_assert_int_lt(status, 0); /* weights alone are no model, damaged or not */
    free(file);
  }
  free(data);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("damaged");
  TCase *group = tcase_create("damaged");
  tcase_set_timeout(group, 60);
  tcase_add_test(group, cut);
  tcase_add_loop_test(group, flipped, 0, 2);
  tcase_add_test(group, fields);
  suite_add_tcase(suite, group);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
