/* Option structs of libcnn-export in other versions: shorter ones are taken, longer ones too while what is beyond is zero. Every options struct
 * of cnn/export.h stands in the table; layout.py says which one is missing. */
#include <cnn/cnn.h>
#include <cnn/export.h>

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEYOND = 64, LARGEST = 512 };

static char folder[] = "/tmp/cnn-export-options-XXXXXX";
static cnn_context *context;
static cnn_model *model;

static void setup(void) {
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  cnn_input(model, 1, (const int64_t[]){4}, NULL);
  cnn_dense(model, 2, NULL);
}

static void teardown(void) {
  char command[96];
  cnn_model_free(model);
  cnn_context_free(context);
  snprintf(command, sizeof command, "rm -rf %s", folder);
  ck_assert_int_eq(system(command), 0);
}

/* ---- one call with given options each ---- */

static const char *path_of(const char *name) {
  static char path[96];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static cnn_status try_c(const void *o) { return cnn_model_save_c(model, path_of("a.c"), o); }

static cnn_status try_tensorboard(const void *o) {
  cnn_callback *made;
  cnn_status status = cnn_tensorboard_new(&made, context, path_of("log"), o);
  if (status == CNN_OK)
    cnn_callback_free(made);
  return status;
}

static cnn_status try_onnx(const void *o) { return cnn_model_save_onnx(model, path_of("a.onnx"), o); }
static cnn_status try_tflite(const void *o) { return cnn_model_save_tflite(model, path_of("a.tflite"), o); }

#define OPTS(name) {"cnn_" #name "_opts", sizeof(cnn_##name##_opts), try_##name}
static const struct {
  const char *name;
  size_t size;
  cnn_status (*call)(const void *options);
} table[] = {OPTS(c), OPTS(onnx), OPTS(tensorboard), OPTS(tflite)};
enum { STRUCTS = sizeof table / sizeof table[0] };

/* The call's status with a struct of zeros said to have `size` bytes, of which one beyond those we know may be set. */
static cnn_status call(int i, size_t size, size_t set) {
  _Alignas(16) unsigned char bytes[LARGEST] = {0};
  ck_assert_uint_le(table[i].size + BEYOND, sizeof bytes);
  memcpy(bytes, &size, sizeof size);
  if (set)
    bytes[set] = 1;
  return table[i].call(bytes);
}

START_TEST(shorter_ones) {
  for (int i = 0; i < STRUCTS; i++) {
    int taken = 0;
    for (size_t size = 0; size <= table[i].size; size++) {
      cnn_status status = call(i, size, 0);
      ck_assert_msg(status == CNN_OK ? 1 : !taken && status == CNN_EINVAL, "%s of %zu bytes: %s", table[i].name, size, cnn_error_text());
      if (status < 0)
        ck_assert_msg(strstr(cnn_error_text(), table[i].name) && strstr(cnn_error_text(), "size is"), "%s", cnn_error_text());
      taken |= status == CNN_OK;
    }
    ck_assert_msg(taken, "%s as it is: %s", table[i].name, cnn_error_text());
  }
}
END_TEST

START_TEST(longer_ones) {
  for (int i = 0; i < STRUCTS; i++) {
    ck_assert_msg(call(i, table[i].size + BEYOND, 0) == CNN_OK, "%s: %s", table[i].name, cnn_error_text());
    for (size_t set = table[i].size; set < table[i].size + BEYOND; set += 7) {
      ck_assert_msg(call(i, table[i].size + BEYOND, set) == CNN_ETOONEW, "%s, byte %zu", table[i].name, set);
      ck_assert_ptr_nonnull(strstr(cnn_error_text(), "is set, but libcnn"));
      ck_assert_msg(call(i, set, set) == CNN_OK, "%s: a byte behind the end is none of it", table[i].name);
    }
    ck_assert_int_eq(call(i, (size_t)1 << 40, 0), CNN_EINVAL);
  }
}
END_TEST

int main(void) {
  return RUN_SUITE_WITH(setup, teardown, "export options", 0, shorter_ones, longer_ones);
}
