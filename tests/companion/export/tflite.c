/* What cnn_model_save_tflite takes and refuses, its row of the table of formats, and the writer of FlatBuffers at its limits.
 * tests/companion/export/tflite_check.py looks at what is written. */
#include "companion/export/flatbuffer.h"

#include "own_layers.h"
#include "suite.h"

#include <cnn/cnn.h>
#include <cnn/export.h>
#include <cnn/format.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 65536 };

static cnn_context *context;
static char folder[] = "/tmp/cnn-tflite-XXXXXX", path[64];

static void setup(void) {
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/a.tflite", folder);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .seed = 3)), CNN_OK);
}

static void teardown(void) {
  unlink(path);
  ck_assert_int_eq(rmdir(folder), 0);
  cnn_context_free(context);
}

static cnn_model *small(void) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){64}, NULL);
  cnn_dense(m, 32, cnn_dense_opts(.name = "d"));
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
  return m;
}

static size_t contents(char *bytes) {
  FILE *file = fopen(path, "rb");
  ck_assert_ptr_nonnull(file);
  size_t count = fread(bytes, 1, ROOM, file);
  fclose(file);
  return count;
}

static void ck_fails(cnn_status status, cnn_status code, const char *part) {
  ck_assert_msg(status == code && strstr(cnn_error_text(), part), "%d %s", (int)status, cnn_error_text());
  ck_assert_int_ne(access(path, F_OK), 0);
}

START_TEST(by_ending) {
  char typed[ROOM], saved[ROOM];
  cnn_model *m = small();
  ck_assert_int_eq(cnn_export_register(context), CNN_OK);
  ck_assert_str_eq(cnn_format_name(context, path), "TensorFlow Lite");
  ck_assert_int_eq(cnn_model_save_tflite(m, path, NULL), CNN_OK);
  size_t count = contents(typed);
  ck_assert_int_eq(cnn_model_save(m, path, NULL), CNN_OK);
  ck_assert_uint_eq(contents(saved), count);
  ck_assert_mem_eq(typed, saved, count);
  ck_assert_mem_eq(typed + 4, "TFL3", 4);
  cnn_model_free(m);
}
END_TEST

/* A quarter of the kernel's bytes, with some for scales. */
START_TEST(int8) {
  char bytes[ROOM];
  cnn_model *m = small();
  ck_assert_int_eq(cnn_model_save_tflite(m, path, NULL), CNN_OK);
  size_t plain = contents(bytes);
  ck_assert_int_eq(cnn_model_save_tflite(m, path, cnn_tflite_opts(.int8 = 1)), CNN_OK);
  size_t packed = contents(bytes);
  ck_assert_msg(packed < plain - 64 * 32 * 2 && packed > 64 * 32, "%zu of %zu bytes", packed, plain);
  cnn_model_free(m);
}
END_TEST

START_TEST(refused) {
  cnn_model *m = small(), *own;
  ck_fails(cnn_model_save_tflite(NULL, path, NULL), CNN_EINVAL, "model is NULL");
  ck_fails(cnn_model_save_tflite(m, NULL, NULL), CNN_EINVAL, "path is NULL");
  ck_fails(cnn_model_save_tflite(m, "/no such folder/a.tflite", NULL), CNN_EIO, "No such file or directory");
  ck_fails(cnn_model_save_tflite(m, path, cnn_tflite_opts(.reserved = 1)), CNN_ETOONEW, "byte 12 is set"); /* an option of a later version */
  ck_assert_int_eq(cnn_layer_type_register(context, &own_relu), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&own, context, NULL), CNN_OK);
  cnn_input(own, 1, (const int64_t[]){4}, NULL);
  ck_assert_ptr_nonnull(cnn_layer_add(own, "own_relu", "name=mine"));
  ck_fails(cnn_model_save_tflite(own, path, NULL), CNN_EUNSUPPORTED, "'mine'");
  cnn_model_free(own);
  cnn_model_free(m);
}
END_TEST

/* Sizes that no memory is asked for. */
START_TEST(beyond_what_offsets_reach) {
  size_t bytes;
  const size_t counts[][2] = {{INT32_MAX, 1}, {INT32_MAX / 4, 8}, {SIZE_MAX / 2, 4}};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    cnn__flat flat = {0};
    (void)cnn__flat_string(&flat, "before", "");
    (void)cnn__flat_vector(&flat, NULL, counts[i][0], counts[i][1], counts[i][1]);
    ck_assert_int_eq(flat.failed, CNN__FLAT_TOO_LARGE);
    cnn__flat_begin(&flat);
    cnn__flat_i32(&flat, 0, 1);
    ck_assert_ptr_null(cnn__flat_finish(&flat, cnn__flat_end(&flat), "TFL3", &bytes));
    cnn__flat_free(&flat);
  }
}
END_TEST

int main(void) {
  return RUN_SUITE_WITH(setup, teardown, "export tflite", 0, by_ending, int8, refused, beyond_what_offsets_reach);
}
