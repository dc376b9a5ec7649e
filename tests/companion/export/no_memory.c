/* Where any one of the allocations of saving fails, the answer is CNN_ENOMEM and the file is as it was, or what is written is whole; nothing is left
 * in memory. */
#include "failing_malloc.h"
#include "suite.h"

#include <cnn/cnn.h>
#include <cnn/export.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 1 << 16 };

static size_t contents(const char *path, char *bytes) {
  FILE *file = fopen(path, "rb");
  ck_assert_ptr_nonnull(file);
  size_t count = fread(bytes, 1, ROOM, file);
  fclose(file);
  return count;
}

/* Over the old bytes: a file cut to nothing first would be written out to the disk by some file systems, each time. */
static void write_old(const char *path) {
  int file = open(path, O_WRONLY | O_CREAT, 0666);
  ck_assert(file >= 0 && write(file, "old", 3) == 3 && ftruncate(file, 3) == 0 && close(file) == 0);
}

static const char *const kinds[] = {"onnx", "nchw", "tflite", "tflite8", "c", "c8", "npz"};

static cnn_status save(const cnn_model *m, const char *path, int kind) {
  switch (kind) {
  case 0: return cnn_model_save_onnx(m, path, NULL);
  case 1: return cnn_model_save_onnx(m, path, cnn_onnx_opts(.nchw = 1));
  case 2: return cnn_model_save_tflite(m, path, NULL);
  case 3: return cnn_model_save_tflite(m, path, cnn_tflite_opts(.int8 = 1));
  case 4: return cnn_model_save_c(m, path, NULL);
  case 5: return cnn_model_save_c(m, path, cnn_c_opts(.int8 = 1));
  default: return cnn_model_save_npz(m, path);
  }
}

static void ck_saving(const cnn_model *m, const char *path, int kind) {
  static char whole[ROOM], seen[ROOM];
  ck_assert_int_eq(save(m, path, kind), CNN_OK);
  const size_t count = contents(path, whole);
  int64_t failed = 0;
  for (int64_t n = 0;; n++) {
    write_old(path);
    const int64_t before = failing_malloc.alive;
    failing_malloc.calls = 0;
    failing_malloc.failing = n;
    cnn_status status = save(m, path, kind);
    const int64_t made = failing_malloc.calls;
    failing_malloc.failing = -1;
    ck_assert_msg(failing_malloc.alive <= before, "%s: %lld blocks are left when allocation %lld fails", kinds[kind], (long long)(failing_malloc.alive - before), (long long)n);
    const size_t now = contents(path, seen);
    if (status == CNN_OK)
      ck_assert_msg(now == count && !memcmp(seen, whole, count), "%s: CNN_OK and %zu bytes of %zu when allocation %lld fails", kinds[kind], now, count, (long long)n);
    else
      ck_assert_msg(status == CNN_ENOMEM && now == 3, "%s: %d and %zu bytes when allocation %lld fails: %s", kinds[kind], (int)status, now, (long long)n, cnn_error_text());
    failed += status < 0;
    if (made <= n)
      break;
  }
  ck_assert_int_gt(failed, 1); /* an archive of weights takes few */
}

START_TEST(one_fails) {
  char folder[] = "/tmp/cnn-memory-XXXXXX", path[64];
  cnn_context *context;
  cnn_model *m;
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/model", folder);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){4, 4, 1}, NULL);
  cnn_layer_add(m, "conv2d", "filters=2 kernel_size=2 padding=same activation=gelu name=the_first_of_two_convolutions");
  cnn_layer_add(m, "batch_normalization", "name=n");
  cnn_layer_add(m, "activation", "activation=elu alpha=0.123456789012345678 name=e");
  cnn_layer_add(m, "add", "inputs=e,n");
  cnn_layer_add(m, "max_pooling2d", "pool_size=2");
  cnn_layer_add(m, "flatten", "");
  cnn_layer_add(m, "dense", "units=3 activation=softmax");
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
  ck_saving(m, path, _i);
  cnn_model_free(m);
  cnn_context_free(context);
  ck_assert(unlink(path) == 0 && rmdir(folder) == 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("no_memory");
  TCase *group = tcase_create("no_memory");
  tcase_set_timeout(group, 60);
  tcase_add_loop_test(group, one_fails, 0, (int)(sizeof kinds / sizeof *kinds));
  suite_add_tcase(suite, group);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
