/* IDX files: the real ones, every type, and files that lie. */
#include <cnn/cnn.h>

#include "alloc.h"
#include "files.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }

static void teardown(void) {
  cnn_context_free(context);
  file_remove();
}

static void expect_text(const char *part) {
  ck_assert_msg(strstr(cnn_error_text(), part) != NULL, "'%s' lacks '%s'", cnn_error_text(), part);
}

static void put(unsigned char *to, uint32_t value) {
  for (int i = 0; i < 4; i++)
    to[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* A header with these extents; returns its length. */
static size_t header(unsigned char *to, int type, int rank, const uint32_t *extents) {
  to[0] = to[1] = 0;
  to[2] = (unsigned char)type;
  to[3] = (unsigned char)rank;
  for (int i = 0; i < rank; i++)
    put(to + 4 + 4 * i, extents[i]);
  return 4 + 4 * (size_t)rank;
}

static void expect_refused(const char *path, cnn_status status) {
  cnn_tensor *tensor = (cnn_tensor *)1;
  ck_assert_int_eq(cnn_idx_load(&tensor, context, path), status);
  ck_assert_ptr_null(tensor);
  ck_assert_str_ne(cnn_error_text(), "");
  ck_assert_ptr_null(strchr(cnn_error_text(), '\n'));
}

START_TEST(mnist) {
  static const struct {
    const char *file;
    int64_t samples;
    int32_t rank;
  } files[] = {{"train-images-idx3-ubyte.gz", 60000, 3}, {"train-labels-idx1-ubyte.gz", 60000, 1},
               {"t10k-images-idx3-ubyte.gz", 10000, 3}, {"t10k-labels-idx1-ubyte.gz", 10000, 1}};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char path[4096];
    cnn_tensor *tensor;
    snprintf(path, sizeof path, "%s/%s", DATA_DIR, files[i].file);
    ck_assert_int_eq(cnn_idx_load(&tensor, context, path), CNN_OK);
    ck_assert_int_eq(cnn_tensor_type(tensor), CNN_U8);
    ck_assert_int_eq(cnn_tensor_rank(tensor), files[i].rank);
    ck_assert_int_eq(cnn_tensor_shape(tensor)[0], files[i].samples);
    if (files[i].rank == 3) {
      ck_assert_int_eq(cnn_tensor_shape(tensor)[1], 28);
      ck_assert_int_eq(cnn_tensor_shape(tensor)[2], 28);
    }
    cnn_tensor_free(tensor);
  }
}
END_TEST

START_TEST(each_type) {
  static const uint32_t extents[] = {2, 3};
  unsigned char bytes[64];
  cnn_tensor *tensor;
  size_t at = header(bytes, 0x08, 2, extents);
  for (size_t i = 0; i < 6; i++)
    bytes[at + i] = (unsigned char)(250 + i);
  for (int packed = 0; packed < 2; packed++) {
    ck_assert_int_eq(cnn_idx_load(&tensor, context, packed ? gzip_file_of(bytes, at + 6, NULL) : file_of(bytes, at + 6)), CNN_OK);
    ck_assert_int_eq(cnn_tensor_type(tensor), CNN_U8);
    ck_assert_int_eq(cnn_tensor_count(tensor), 6);
    ck_assert_mem_eq(cnn_tensor_read(tensor), bytes + at, 6);
    cnn_tensor_free(tensor);
  }
  static const int32_t integers[] = {0, -1, 1, INT32_MIN, INT32_MAX, 305419896};
  at = header(bytes, 0x0c, 2, extents);
  for (size_t i = 0; i < 6; i++)
    put(bytes + at + 4 * i, (uint32_t)integers[i]);
  ck_assert_int_eq(cnn_idx_load(&tensor, context, file_of(bytes, at + 24)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_type(tensor), CNN_I32);
  ck_assert_mem_eq(cnn_tensor_read(tensor), integers, 24);
  cnn_tensor_free(tensor);
  static const float floats[] = {0.0f, -1.5f, 3.0e38f, 1.0e-40f, 0.1f, -0.0f};
  at = header(bytes, 0x0d, 2, extents);
  for (size_t i = 0; i < 6; i++) {
    uint32_t bits;
    memcpy(&bits, &floats[i], 4);
    put(bytes + at + 4 * i, bits);
  }
  ck_assert_int_eq(cnn_idx_load(&tensor, context, file_of(bytes, at + 24)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_type(tensor), CNN_F32);
  ck_assert_mem_eq(cnn_tensor_read(tensor), floats, 24);
  cnn_tensor_free(tensor);
}
END_TEST

START_TEST(types_and_ranks_that_are_refused) {
  static const uint32_t extents[255] = {1};
  unsigned char bytes[2000] = {0};
  for (int type = 0; type < 256; type++) {
    header(bytes, type, 1, extents);
    if (type == 0x08 || type == 0x0c || type == 0x0d)
      continue;
    int known = type == 0x09 || type == 0x0b || type == 0x0e;
    expect_refused(file_of(bytes, 16), known ? CNN_EUNSUPPORTED : CNN_EFORMAT);
  }
  expect_text("magic 00 00 ff 01");
  for (int rank = 0; rank < 256; rank++) {
    size_t length = header(bytes, 0x08, rank, extents);
    if (rank == 0 || rank > CNN_MAX_RANK)
      expect_refused(file_of(bytes, length + 1), rank == 0 ? CNN_EFORMAT : CNN_EUNSUPPORTED);
  }
  expect_text("rank 255");
  header(bytes, 0x08, 1, extents);
  bytes[0] = 1;
  expect_refused(file_of(bytes, 9), CNN_EFORMAT);
  expect_refused(file_of("not an IDX file at all", 22), CNN_EFORMAT);
}
END_TEST

START_TEST(cut_at_every_byte) {
  static const uint32_t extents[] = {3, 4, 5};
  unsigned char bytes[256] = {0};
  size_t length = header(bytes, 0x08, 3, extents) + 60;
  for (size_t cut = 0; cut < length; cut++) {
    expect_refused(file_of(bytes, cut), CNN_EFORMAT);
    if (cut == 0)
      expect_text("at least 4 bytes expected, the file has 0");
    if (cut == 10)
      expect_text("at least 16 bytes expected, the file has 10");
    if (cut == 30)
      expect_text("the header says 60 bytes of data, the file has 14");
    expect_refused(gzip_file_of(bytes, cut, NULL), CNN_EFORMAT);
    if (cut == 30)
      expect_text("the header says 60 bytes of data, the file has 14");
  }
  for (size_t extra = 1; extra < 100; extra += 7) {
    expect_refused(file_of(bytes, length + extra), CNN_EFORMAT);
    expect_refused(gzip_file_of(bytes, length + extra, NULL), CNN_EFORMAT);
  }
  expect_text("the header says 60 bytes of data, the file has at least 61");
}
END_TEST

START_TEST(empty_extents) {
  static const uint32_t extents[] = {0, 28, 28};
  unsigned char bytes[32];
  cnn_tensor *tensor;
  size_t length = header(bytes, 0x08, 3, extents);
  ck_assert_int_eq(cnn_idx_load(&tensor, context, file_of(bytes, length)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_count(tensor), 0);
  cnn_tensor_free(tensor);
  ck_assert_int_eq(cnn_idx_load(&tensor, context, gzip_file_of(bytes, length, NULL)), CNN_OK);
  cnn_tensor_free(tensor);
}
END_TEST

/* A header that promises gigabytes must not make the library ask for them. */
START_TEST(lying_extents) {
  test_alloc counting;
  test_alloc_init(&counting);
  cnn_context *counted;
  ck_assert_int_eq(cnn_context_new(&counted, cnn_context_opts(.allocator = &counting.allocator)), CNN_OK);
  cnn_context *plain = context;
  context = counted;
  unsigned char bytes[256] = {0};
  static const int types[] = {0x08, 0x0c, 0x0d};
  for (int t = 0; t < 3; t++)
    for (int rank = 1; rank <= CNN_MAX_RANK; rank++)
      for (int lie = 0; lie < rank; lie++)
        for (int all = 0; all < 2; all++) {
          uint32_t extents[CNN_MAX_RANK];
          for (int i = 0; i < rank; i++)
            extents[i] = all || i == lie ? UINT32_MAX - (uint32_t)lie : 1;
          size_t length = header(bytes, types[t], rank, extents) + 100;
          expect_refused(file_of(bytes, length), CNN_EFORMAT);
          expect_refused(gzip_file_of(bytes, length, NULL), CNN_EFORMAT);
        }
  context = plain;
  cnn_context_free(counted);
  test_alloc_check(&counting);
  ck_assert_int_lt(counting.peak_bytes, 1 << 20);
}
END_TEST

/* Data that pack well arrive whole, although memory for them is asked for step by step. */
START_TEST(well_packed_data) {
  static const uint32_t extents[] = {3000000};
  unsigned char *bytes = malloc(3000008);
  size_t at = header(bytes, 0x08, 1, extents), packed;
  for (size_t i = 0; i < 3000000; i++)
    bytes[at + i] = (unsigned char)(i / 65536);
  const char *path = gzip_file_of(bytes, 3000000 + at, &packed);
  ck_assert_uint_lt(packed, 30000);
  cnn_tensor *tensor;
  ck_assert_int_eq(cnn_idx_load(&tensor, context, path), CNN_OK);
  ck_assert_int_eq(cnn_tensor_count(tensor), 3000000);
  ck_assert_mem_eq(cnn_tensor_read(tensor), bytes + at, 3000000);
  cnn_tensor_free(tensor);
  free(bytes);
}
END_TEST

START_TEST(paths_that_cannot_be_read) {
  expect_refused("no-such-file", CNN_EIO);
  ck_assert_str_eq(cnn_error_text(), "'no-such-file': No such file or directory");
  expect_refused(".", CNN_EIO);
  cnn_tensor *tensor;
  ck_assert_int_eq(cnn_idx_load(&tensor, context, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_idx_load(&tensor, NULL, "x"), CNN_EINVAL);
  ck_assert_int_eq(cnn_idx_load(NULL, context, "x"), CNN_EINVAL);
}
END_TEST

static cnn_status load_scenario(const cnn_allocator *allocator, void *user) {
  cnn_context *made;
  cnn_tensor *tensor;
  cnn_status status = cnn_context_new(&made, cnn_context_opts(.allocator = allocator));
  if (status < 0)
    return status;
  status = cnn_idx_load(&tensor, made, user);
  if (status >= 0)
    cnn_tensor_free(tensor);
  cnn_context_free(made);
  return status;
}

START_TEST(memory_runs_out) {
  static const uint32_t extents[] = {200000};
  unsigned char *bytes = calloc(1, 200008);
  size_t length = header(bytes, 0x08, 1, extents) + 200000;
  ck_assert_int_ge(test_alloc_fail_each(load_scenario, (void *)file_of(bytes, length)), 3);
  ck_assert_int_ge(test_alloc_fail_each(load_scenario, (void *)gzip_file_of(bytes, length, NULL)), 6);
  free(bytes);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("idx");
  TCase *tests = tcase_create("idx");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, mnist);
  tcase_add_test(tests, each_type);
  tcase_add_test(tests, types_and_ranks_that_are_refused);
  tcase_add_test(tests, cut_at_every_byte);
  tcase_add_test(tests, empty_extents);
  tcase_add_test(tests, lying_extents);
  tcase_add_test(tests, well_packed_data);
  tcase_add_test(tests, paths_that_cannot_be_read);
  tcase_add_test(tests, memory_runs_out);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
