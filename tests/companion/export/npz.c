/* The weights of a model as a NumPy archive: read back by libcnn's own reader and, where a folder is given, by others (weights_check.py). */
#include "companion/export/npz.h"

#include "shaken.h"
#include "suite.h"

#include <cnn/cnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cnn_context *context;
static char folder[] = "/tmp/cnn-npz-XXXXXX", path[64], second[64];

static void setup(void) {
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/a.npz", folder);
  snprintf(second, sizeof second, "%s/b.npz", folder);
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
  if (cnn_model_new(&m, context, NULL) < 0)
    exit(1);
  cnn_input(m, 3, (const int64_t[]){5, 4, 2}, NULL);
  cnn_conv2d(m, 3, 2, 2, cnn_conv2d_opts(.name = "conv1"));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "bn1"));
  cnn_flatten(m, NULL);
  cnn_dense(m, 2, cnn_dense_opts(.name = "gr\xc3\xb6\xc3\x9f" "e", .no_bias = 1));
  shaken(m);
  return m;
}

/* Every weight is in the file under its name, with its shape and its bits. */
static void same(const cnn_model *m, const char *file) {
  for (int32_t i = 0; i < cnn_model_weight_count(m); i++) {
    cnn_tensor *wanted, *seen;
    const char *name = cnn_model_weight_name(m, i);
    ck_assert_int_eq(cnn_model_weight(&wanted, m, name), CNN_OK);
    ck_assert_msg(cnn_npz_load(&seen, context, file, name) == CNN_OK, "%s", cnn_error_text());
    ck_assert_int_eq(cnn_tensor_rank(seen), cnn_tensor_rank(wanted));
    ck_assert_mem_eq(cnn_tensor_shape(seen), cnn_tensor_shape(wanted), (size_t)cnn_tensor_rank(wanted) * sizeof(int64_t));
    ck_assert_mem_eq(cnn_tensor_read(seen), cnn_tensor_read(wanted), cnn_tensor_bytes(wanted));
    cnn_tensor_free(wanted);
    cnn_tensor_free(seen);
  }
}

START_TEST(weights_by_name) {
  cnn_model *m = small();
  ck_assert_int_eq(cnn_model_save_npz(m, path), CNN_OK);
  same(m, path);
  cnn_model_free(m);
}
END_TEST

/* Once registered, by the ending; a compiled model's file holds its weights and no more. */
START_TEST(by_ending) {
  char typed[4096], saved[4096];
  cnn_model *m = small();
  cnn_optimizer *adam;
  ck_assert_int_eq(cnn_adam_new(&adam, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, (const char *[]){"mean_squared_error"}, NULL), CNN_OK);
  cnn_optimizer_free(adam);
  ck_assert_int_eq(cnn_export_register(context), CNN_OK);
  ck_assert_int_eq(cnn_model_save_npz(m, path), CNN_OK);
  ck_assert_int_eq(cnn_model_save(m, second, NULL), CNN_OK);
  FILE *a = fopen(path, "rb"), *b = fopen(second, "rb");
  size_t count = fread(typed, 1, sizeof typed, a), also = fread(saved, 1, sizeof saved, b);
  fclose(a);
  fclose(b);
  ck_assert_uint_eq(count, also);
  ck_assert_mem_eq(typed, saved, count);
  cnn_model_free(m);
}
END_TEST

START_TEST(refused) {
  cnn_model *m = small();
  unsigned char *bytes = NULL;
  size_t count = 0;
  ck_assert_int_eq(cnn_model_save_npz(NULL, path), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_save_npz(m, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_save_npz(m, "/no such folder/a.npz"), CNN_EIO);
  ck_assert_int_eq(cnn__npz_bytes(m, 1000, &bytes, &count), CNN_EUNSUPPORTED);
  ck_assert_ptr_null(bytes);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "holds at most 1000"));
  cnn_model_free(m);
}
END_TEST

/* For weights_check.py: w.npz, w.safetensors, m.safetensors, and each weight's bytes in 0.bin, 1.bin ... in the model's order. */
static int write_for_others(const char *to) {
  char name[512];
  if (cnn_context_new(&context, cnn_context_opts(.threads = 1, .seed = 3)) < 0)
    return 1;
  cnn_model *m = small();
  snprintf(name, sizeof name, "%s/w.npz", to);
  int failed = cnn_model_save_npz(m, name) < 0;
  snprintf(name, sizeof name, "%s/w.safetensors", to);
  failed |= cnn_model_save(m, name, cnn_save_opts(.weights_only = 1)) < 0;
  snprintf(name, sizeof name, "%s/m.safetensors", to);
  failed |= cnn_model_save(m, name, NULL) < 0;
  for (int32_t i = 0; i < cnn_model_weight_count(m); i++) {
    cnn_tensor *weight;
    snprintf(name, sizeof name, "%s/%d.bin", to, (int)i);
    FILE *file = fopen(name, "wb");
    if (!file || cnn_model_weight(&weight, m, cnn_model_weight_name(m, i)) < 0)
      return 1;
    failed |= fwrite(cnn_tensor_read(weight), 1, cnn_tensor_bytes(weight), file) != cnn_tensor_bytes(weight);
    fclose(file);
    cnn_tensor_free(weight);
  }
  cnn_model_free(m);
  cnn_context_free(context);
  return failed;
}

int main(int argc, char **argv) {
  if (argc > 1)
    return write_for_others(argv[1]);
  return RUN_SUITE_WITH(setup, teardown, "export npz", 0, weights_by_name, by_ending, refused);
}
