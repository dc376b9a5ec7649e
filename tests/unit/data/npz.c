/* NumPy's files: what NumPy itself wrote, every type, and files that lie. */
#include <cnn/cnn.h>

#include "alloc.h"
#include "files.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static cnn_context *context;
static char folder[] = "/tmp/cnn-npz-XXXXXX";
static char path_buffer[256];

static const char *in_folder(const char *name) {
  snprintf(path_buffer, sizeof path_buffer, "%s/%s", folder, name);
  return path_buffer;
}

/* Files of NumPy's making, once for all tests of this program. */
static void make_folder(void) {
  char command[1024];
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(command, sizeof command, "/usr/bin/python3 %s %s", NPZ_MAKE, folder);
  ck_assert_int_eq(system(command), 0);
}

static void remove_folder(void) {
  char command[256];
  snprintf(command, sizeof command, "rm -r %s", folder);
  ck_assert_int_eq(system(command), 0);
}

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }

static void teardown(void) {
  cnn_context_free(context);
  file_remove();
}

static void refused(const char *path, const char *name, cnn_status status, const char *part) {
  cnn_tensor *tensor = (cnn_tensor *)1;
  ck_assert_int_eq(name ? cnn_npz_load(&tensor, context, path, name) : cnn_npy_load(&tensor, context, path), status);
  ck_assert_ptr_null(tensor);
  ck_assert_msg(strstr(cnn_error_text(), part) != NULL, "'%s' lacks '%s'", cnn_error_text(), part);
  ck_assert_ptr_null(strchr(cnn_error_text(), '\n'));
}

/* Element i is 3 i + 1. */
static void check_values(const cnn_tensor *tensor, int32_t type, int32_t rank, const int64_t *shape) {
  ck_assert_int_eq(cnn_tensor_type(tensor), type);
  ck_assert_int_eq(cnn_tensor_rank(tensor), rank);
  for (int32_t i = 0; i < rank; i++)
    ck_assert_int_eq(cnn_tensor_shape(tensor)[i], shape[i]);
  const void *data = cnn_tensor_read(tensor);
  for (int64_t i = 0; i < cnn_tensor_count(tensor); i++) {
    double value = type == CNN_F32   ? (double)((const float *)data)[i]
                   : type == CNN_U8  ? ((const uint8_t *)data)[i]
                   : type == CNN_I32 ? ((const int32_t *)data)[i]
                                     : (double)((const int64_t *)data)[i];
    ck_assert(value == (double)(3 * i + 1));
  }
}

START_TEST(every_type) {
  static const struct {
    const char *name;
    int32_t type, rank;
    int64_t shape[4];
  } arrays[] = {{"u1", CNN_U8, 2, {3, 4}},        {"i4", CNN_I32, 1, {7}},    {"i8", CNN_I64, 3, {2, 1, 3}},
                {"f4", CNN_F32, 4, {1, 2, 3, 2}}, {"scalar", CNN_F32, 0, {0}}, {"empty", CNN_F32, 2, {0, 5}},
                {"fortran1", CNN_I32, 1, {5}}};
  static const char *const archives[] = {"plain.npz", "packed.npz"};
  for (size_t k = 0; k < 2; k++)
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
      cnn_tensor *tensor;
      ck_assert_msg(cnn_npz_load(&tensor, context, in_folder(archives[k]), arrays[i].name) == CNN_OK, "%s", cnn_error_text());
      check_values(tensor, arrays[i].type, arrays[i].rank, arrays[i].shape);
      cnn_tensor_free(tensor);
    }
  cnn_tensor *tensor;
  ck_assert_msg(cnn_npy_load(&tensor, context, in_folder("f4.npy")) == CNN_OK, "%s", cnn_error_text());
  check_values(tensor, arrays[3].type, arrays[3].rank, arrays[3].shape);
  cnn_tensor_free(tensor);
  ck_assert_msg(cnn_npy_load(&tensor, context, in_folder("version2.npy")) == CNN_OK, "%s", cnn_error_text());
  check_values(tensor, arrays[1].type, arrays[1].rank, arrays[1].shape);
  cnn_tensor_free(tensor);
}
END_TEST

START_TEST(as_keras_keeps_mnist) {
  cnn_dataset *train, *test, *again;
  ck_assert_msg(cnn_dataset_load_npz(&train, &test, context, in_folder("mnist.npz"), NULL) == CNN_OK, "%s", cnn_error_text());
  int64_t shape[CNN_MAX_RANK];
  ck_assert_int_eq(cnn_dataset_count(train), 20);
  ck_assert_int_eq(cnn_dataset_count(test), 10);
  ck_assert_int_eq(cnn_dataset_input_shape(train, shape), 3);
  ck_assert(shape[0] == 6 && shape[1] == 5 && shape[2] == 1);
  ck_assert_int_eq(cnn_dataset_input_type(train), CNN_U8);
  for (int64_t i = 0; i < 20; i++)
    ck_assert_int_eq(cnn_dataset_label(train, i), i % 10);
  ck_assert_int_eq(cnn_dataset_label(test, 3), 6);
  cnn_dataset_free(test);
  ck_assert_int_eq(cnn_dataset_load_npz(&again, NULL, context, in_folder("training_only.npz"), NULL), CNN_OK);
  ck_assert_int_eq(cnn_dataset_count(again), 20);
  cnn_dataset_free(again);
  cnn_dataset_free(train);
  train = test = (cnn_dataset *)1;
  ck_assert_int_eq(cnn_dataset_load_npz(&train, &test, context, in_folder("training_only.npz"), NULL), CNN_EFORMAT);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "has no 'x_test.npy'"));
  ck_assert(!train && !test);
  ck_assert_int_eq(cnn_dataset_load_npz(&train, &test, context, in_folder("bad_labels.npz"), cnn_dataset_opts(.classes = 5)),
                   CNN_EDATA);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "x_train, y_train: "));
  ck_assert_int_eq(cnn_dataset_load_npz(NULL, &test, context, in_folder("mnist.npz"), NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_load_npz(&train, &test, context, NULL, NULL), CNN_EINVAL);
}
END_TEST

START_TEST(what_is_refused) {
  refused(in_folder("plain.npz"), "nothing", CNN_EFORMAT, "the archive has no 'nothing.npy'");
  refused(in_folder("plain.npz"), "f8", CNN_EUNSUPPORTED, "elements are '<f8'");
  refused(in_folder("plain.npz"), "big", CNN_EUNSUPPORTED, "elements are '>i4'");
  refused(in_folder("plain.npz"), "text", CNN_EUNSUPPORTED, "convert with astype");
  refused(in_folder("plain.npz"), "struct", CNN_EFORMAT, "its header is no dictionary");
  refused(in_folder("plain.npz"), "fortran", CNN_EUNSUPPORTED, "ascontiguousarray");
  refused(in_folder("plain.npz"), "rank9", CNN_EUNSUPPORTED, "more than 8 axes");
  refused(in_folder("f4.npy"), "f4", CNN_EFORMAT, "is no zip archive");
  refused(in_folder("plain.npz"), NULL, CNN_EFORMAT, "does not begin as a NumPy array file");
  refused(in_folder("none.npz"), "f4", CNN_EIO, "No such file");
  refused(folder, "f4", CNN_EIO, "is a directory");
  ck_assert_int_eq(mkfifo(in_folder("pipe"), 0600), 0);
  refused(in_folder("pipe"), "f4", CNN_EIO, "is not a regular file");
  ck_assert_int_eq(unlink(in_folder("pipe")), 0);
  char long_name[400];
  memset(long_name, 'x', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = 0;
  refused(in_folder("plain.npz"), long_name, CNN_EINVAL, "a name of 399 bytes");
  cnn_tensor *tensor;
  ck_assert_int_eq(cnn_npz_load(&tensor, context, in_folder("plain.npz"), NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_npy_load(NULL, context, in_folder("f4.npy")), CNN_EINVAL);
}
END_TEST

/* Headers by hand: the grammar takes what Python writes, and nothing else. */
START_TEST(headers) {
  static const struct {
    const char *text;
    cnn_status status;
  } cases[] = {{"{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n", CNN_OK},
               {"{\"shape\":(3L,),\"fortran_order\":False,\"descr\":\"|u1\"}", CNN_OK},
               {"{'descr': '|u1', 'fortran_order': False, 'shape': (3), }", CNN_OK},
               {"{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", CNN_EFORMAT},
               {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", CNN_EFORMAT},
               {"{'descr': '|u1', 'fortran_order': False, 'shape': (-3,), }", CNN_EFORMAT},
               {"{'descr': '|u1', 'fortran_order': False, 'shape': (999999999999999999,999999999999999999), }", CNN_EFORMAT},
               {"{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999999999999,), }", CNN_EFORMAT},
               {"{'descr': '|u1', 'fortran_order': False, }", CNN_EFORMAT},
               {"{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", CNN_EFORMAT},
               {"{'descr': '|u1', 'fortran_order': False, 'shape': (3,), 'more': 1}", CNN_EFORMAT},
               {"{'descr': '|u1', 'fortran_order': Maybe, 'shape': (3,), }", CNN_EFORMAT},
               {"{'descr': '|u1' 'fortran_order': False, 'shape': (3,), }", CNN_EFORMAT},
               {"{'descr': '|u1, 'fortran_order': False, 'shape': (3,), }", CNN_EFORMAT},
               {"{'descr': '|u1', 'fortran_order': False, 'shape': (3,)} more", CNN_EFORMAT},
               {"{'descr': '|u1', 'fortran_order': False, 'shape': (3,", CNN_EFORMAT},
               {"", CNN_EFORMAT}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    unsigned char file[256] = "\x93NUMPY\x01\x00";
    size_t length = strlen(cases[i].text);
    cnn_tensor *tensor;
    file[8] = (unsigned char)length;
    memcpy(file + 10, cases[i].text, length);
    memcpy(file + 10 + length, "\1\4\7", 3);
    cnn_status status = cnn_npy_load(&tensor, context, file_of(file, 13 + length));
    ck_assert_msg(status == cases[i].status, "%s: %s", cases[i].text, cnn_error_text());
    cnn_tensor_free(tensor);
    ck_assert_int_eq(cnn_npy_load(&tensor, context, gzip_file_of(file, 13 + length, NULL)), status);
    if (status == CNN_OK)
      check_values(tensor, CNN_U8, 1, (const int64_t[]){3});
    cnn_tensor_free(tensor);
  }
}
END_TEST

/* Every byte of an archive changed, and the archive cut at every byte: never a crash; where the array comes out, its values are right. */
START_TEST(damage) {
  static const char *const names[] = {"small_plain.npz", "small_packed.npz"};
  for (int k = 0; k < 2; k++) {
    unsigned char bytes[4096];
    FILE *file = fopen(in_folder(names[k]), "rb");
    ck_assert_ptr_nonnull(file);
    size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    ck_assert(count > 100 && count < sizeof bytes);
    for (size_t i = 0; i < count; i++)
      for (int bit = 0; bit < 8; bit += 3) {
        cnn_tensor *tensor;
        bytes[i] ^= (unsigned char)(1 << bit);
        if (cnn_npz_load(&tensor, context, file_of(bytes, count), "i4") == CNN_OK) {
          check_values(tensor, CNN_I32, 1, (const int64_t[]){7});
          cnn_tensor_free(tensor);
        }
        bytes[i] ^= (unsigned char)(1 << bit);
      }
    for (size_t cut = 0; cut < count; cut++) {
      cnn_tensor *tensor;
      ck_assert_int_lt(cnn_npz_load(&tensor, context, file_of(bytes, cut), "i4"), 0);
    }
  }
}
END_TEST

/* Where the archive promises another length, its checksum would never be compared. */
START_TEST(lengths_that_lie) {
  static const char *const names[] = {"small_plain.npz", "small_packed.npz"};
  for (int k = 0; k < 2; k++) {
    unsigned char bytes[4096];
    FILE *file = fopen(in_folder(names[k]), "rb");
    ck_assert_ptr_nonnull(file);
    size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    int entries = 0;
    for (size_t i = 0; i + 46 < count; i++)
      if (memcmp(bytes + i, "PK\1\2", 4) == 0) { /* an entry of the directory, and the head of its member */
        unsigned char *head = bytes + (bytes[i + 42] | (size_t)bytes[i + 43] << 8);
        bytes[i + 24]++;
        memcpy(head + 22, bytes + i + 24, 4);
        entries++;
      }
    ck_assert_int_gt(entries, 0);
    refused(file_of(bytes, count), "i4", CNN_EFORMAT, "the zip archive is damaged");
  }
}
END_TEST

/* An archive that promises more than may be loaded. */
START_TEST(limits) {
  cnn_context *small;
  cnn_tensor *tensor;
  ck_assert_int_eq(cnn_context_new(&small, cnn_context_opts(.max_load_bytes = 47)), CNN_OK);
  ck_assert_int_eq(cnn_npz_load(&tensor, small, in_folder("packed.npz"), "f4"), CNN_EFORMAT);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "48 bytes of data, more than the 47 that the context's max_load_bytes allows"));
  ck_assert_int_eq(cnn_npz_load(&tensor, small, in_folder("packed.npz"), "i4"), CNN_OK);
  cnn_tensor_free(tensor);
  cnn_context_free(small);
  ck_assert_int_eq(cnn_context_new(&small, cnn_context_opts(.max_load_bytes = -1)), CNN_EINVAL);
}
END_TEST

static cnn_status scenario(const cnn_allocator *allocator, void *user) {
  cnn_context *made = NULL;
  cnn_dataset *train = NULL, *test = NULL;
  cnn_status status = cnn_context_new(&made, cnn_context_opts(.allocator = allocator));
  if (status >= 0)
    status = cnn_dataset_load_npz(&train, &test, made, user, NULL);
  cnn_dataset_free(train);
  cnn_dataset_free(test);
  cnn_context_free(made);
  return status;
}

START_TEST(memory_runs_out) { ck_assert_int_ge(test_alloc_fail_each(scenario, (void *)(uintptr_t)in_folder("mnist.npz")), 12); }
END_TEST

int main(void) {
  Suite *suite = suite_create("npz");
  TCase *tests = tcase_create("npz");
  tcase_add_unchecked_fixture(tests, make_folder, remove_folder);
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, every_type);
  tcase_add_test(tests, as_keras_keeps_mnist);
  tcase_add_test(tests, what_is_refused);
  tcase_add_test(tests, headers);
  tcase_add_test(tests, damage);
  tcase_add_test(tests, lengths_that_lie);
  tcase_add_test(tests, limits);
  tcase_add_test(tests, memory_runs_out);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
