/* What cnn_model_save_onnx takes and refuses, and the row of the table of formats. tests/companion/export/onnx_check.py looks at what is written. */
#include "companion/export/onnx.h"

#include "own_layers.h"
#include "shaken.h"
#include "suite.h"

#include <cnn/cnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cnn_context *context;
static char folder[] = "/tmp/cnn-onnx-XXXXXX", path[64], second[64];

static void setup(void) {
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/a.onnx", folder);
  snprintf(second, sizeof second, "%s/b.ONNX", folder);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .seed = 3)), CNN_OK);
}

static void teardown(void) {
  unlink(path);
  unlink(second);
  ck_assert_int_eq(rmdir(folder), 0);
  cnn_context_free(context);
}

static cnn_model *small(void) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){5, 4, 2}, cnn_input_opts(.name = "image"));
  cnn_conv2d(m, 3, 2, 2, cnn_conv2d_opts(.name = "conv1"));
  cnn_flatten(m, NULL);
  cnn_dense(m, 2, cnn_dense_opts(.name = "out"));
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
  return m;
}

static size_t contents(const char *name, char *bytes, size_t room) {
  FILE *file = fopen(name, "rb");
  ck_assert_ptr_nonnull(file);
  size_t count = fread(bytes, 1, room, file);
  fclose(file);
  return count;
}

static int32_t holds(const char *bytes, size_t count, const char *text) {
  return memmem(bytes, count, text, strlen(text)) != NULL;
}

/* The table's row writes what the typed function writes, whatever the ending's case; what is not the network's is left out. */
START_TEST(by_ending) {
  char typed[8192], saved[8192];
  cnn_model *m = small();
  cnn_optimizer *adam;
  ck_assert_int_eq(cnn_adam_new(&adam, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, (const char *[]){"mean_squared_error"}, NULL), CNN_OK);
  cnn_optimizer_free(adam);
  shaken(m);
  ck_assert_int_eq(cnn_model_save(m, path, NULL), CNN_EUNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "cnn_export_register"));
  ck_assert_int_eq(cnn_export_register(context), CNN_OK);
  ck_assert_int_eq(cnn_export_register(context), CNN_OK);
  ck_assert_str_eq(cnn_format_name(context, path), "ONNX");
  ck_assert_int_eq(cnn_model_save_onnx(m, path, NULL), CNN_OK);
  size_t count = contents(path, typed, sizeof typed);
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(cnn_model_save(m, second, cnn_save_opts(.weights_only = i)), CNN_OK);
    ck_assert_uint_eq(contents(second, saved, sizeof saved), count);
    ck_assert_mem_eq(typed, saved, count);
  }
  char hash[33];
  ck_assert(holds(typed, count, "conv1/kernel") && holds(typed, count, cnn_model_hash(m, hash)) && holds(typed, count, "libcnn"));
  ck_assert(!holds(typed, count, "momentum"));
  cnn_model *loaded;
  ck_assert_int_lt(cnn_model_load(&loaded, context, path, NULL), 0);
  cnn_model_free(m);
}
END_TEST

START_TEST(batch) {
  char open[8192], fixed[8192];
  cnn_model *m = small();
  ck_assert_int_eq(cnn_model_save_onnx(m, path, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_save_onnx(m, second, cnn_onnx_opts(.batch_size = 7)), CNN_OK);
  size_t count = contents(path, open, sizeof open), count_fixed = contents(second, fixed, sizeof fixed);
  ck_assert(holds(open, count, "\x12\x01N") && !holds(fixed, count_fixed, "\x12\x01N"));
  ck_assert(holds(fixed, count_fixed, "\x08\x07"));
  ck_assert_int_eq(cnn_model_save_onnx(m, path, cnn_onnx_opts(.batch_size = -1)), CNN_EINVAL);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "batch_size is -1"));
  cnn_model_free(m);
}
END_TEST

START_TEST(refused) {
  cnn_model *m = small(), *own;
  ck_assert_int_eq(cnn_model_save_onnx(NULL, path, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_save_onnx(m, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_export_register(NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_save_onnx(m, "/no such folder/a.onnx", NULL), CNN_EIO);
  ck_assert_int_eq(cnn_layer_type_register(context, &own_relu), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&own, context, NULL), CNN_OK);
  cnn_input(own, 1, (const int64_t[]){4}, NULL);
  ck_assert_ptr_nonnull(cnn_layer_add(own, "own_relu", "name=mine"));
  ck_assert_int_eq(cnn_model_save_onnx(own, path, NULL), CNN_EUNSUPPORTED);
  ck_assert_msg(strstr(cnn_error_text(), "'mine'") && strstr(cnn_error_text(), "own_relu") && strstr(cnn_error_text(), "ONNX"), "%s", cnn_error_text());
  cnn_model_free(own);
  ck_assert_int_ne(access(path, F_OK), 0);
  cnn_model_free(m);
}
END_TEST

/* A file holds 2 GiB less a byte; less is enough to see that the limit is kept, by the weights alone and by all of the bytes. */
START_TEST(too_large) {
  cnn_model *m = small();
  unsigned char *bytes = NULL;
  size_t count = 0;
  ck_assert_int_eq(cnn__onnx_bytes(m, cnn_onnx_opts(.nchw = 0), CNN__ONNX_LARGEST, &bytes, &count), CNN_OK);
  free(bytes);
  bytes = NULL;
  const int64_t limits[] = {4 * cnn_model_parameters(m) - 1, (int64_t)count - 1};
  for (int i = 0; i < 2; i++) {
    size_t unused = 0;
    ck_assert_int_eq(cnn__onnx_bytes(m, cnn_onnx_opts(.nchw = 0), limits[i], &bytes, &unused), CNN_EUNSUPPORTED);
    ck_assert_ptr_null(bytes);
    ck_assert_ptr_nonnull(strstr(cnn_error_text(), "a file of it holds at most"));
  }
  cnn_model_free(m);
}
END_TEST

int main(void) {
  return RUN_SUITE_WITH(setup, teardown, "export onnx", 0, by_ending, batch, refused, too_large);
}
