/* Reading files, plain and packed, whole and hostile. */
#include "data/source.h"

#include "alloc.h"
#include "files.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }

static void teardown(void) {
  cnn_context_free(context);
  file_remove();
}

static cnn_status read_all(const char *path, void *to, size_t room, size_t *got) {
  cnn__source source;
  *got = 0;
  CNN__TRY(cnn__source_open(&source, context, path));
  cnn_status status = cnn__source_read(&source, to, room, got);
  cnn__source_close(&source);
  return status;
}

static void expect_text(const char *part) {
  ck_assert_msg(strstr(cnn_error_text(), part) != NULL, "'%s' lacks '%s'", cnn_error_text(), part);
}

/* Hardly to be packed. */
static unsigned char *noise(size_t count) {
  unsigned char *bytes = malloc(count);
  ck_assert_ptr_nonnull(bytes);
  uint32_t state = 1;
  for (size_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    bytes[i] = (unsigned char)(state >> 24);
  }
  return bytes;
}

START_TEST(plain_and_packed_give_the_same) {
  size_t count = 300000, got;
  unsigned char *bytes = noise(count), *read = malloc(count + 1);
  ck_assert_int_eq(read_all(file_of(bytes, count), read, count + 1, &got), CNN_OK);
  ck_assert_uint_eq(got, count);
  ck_assert_mem_eq(read, bytes, count);
  memset(read, 0, count);
  ck_assert_int_eq(read_all(gzip_file_of(bytes, count, NULL), read, count + 1, &got), CNN_OK);
  ck_assert_uint_eq(got, count);
  ck_assert_mem_eq(read, bytes, count);
  free(read);
  free(bytes);
}
END_TEST

START_TEST(gzip_members_follow_each_other) {
  unsigned char packed[4096], read[64];
  size_t got, length = gzip_pack(packed, 2000, "first ", 6);
  length += gzip_pack(packed + length, 1000, "", 0);
  length += gzip_pack(packed + length, 1000, "second", 6);
  ck_assert_int_eq(read_all(file_of(packed, length), read, sizeof read, &got), CNN_OK);
  ck_assert_uint_eq(got, 12);
  ck_assert_mem_eq(read, "first second", 12);
}
END_TEST

START_TEST(gzip_cut_at_every_byte) {
  unsigned char packed[1000], read[600], bytes[500];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (unsigned char)(i * i);
  size_t got, length = gzip_pack(packed, sizeof packed, bytes, sizeof bytes);
  for (size_t cut = 2; cut < length; cut++) {
    ck_assert_int_eq(read_all(file_of(packed, cut), read, sizeof read, &got), CNN_EFORMAT);
    expect_text("cut off");
  }
}
END_TEST

START_TEST(gzip_with_a_flipped_bit) {
  unsigned char packed[1000], read[600], bytes[500];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (unsigned char)(i * i);
  size_t got, length = gzip_pack(packed, sizeof packed, bytes, sizeof bytes);
  for (size_t at = 10; at < length; at++) { /* the head's first ten bytes hold a time and flags that may be anything */
    packed[at] ^= 0x10;
    cnn_status status = read_all(file_of(packed, length), read, sizeof read, &got);
    ck_assert(status == CNN_EFORMAT || (status == CNN_OK && got == sizeof bytes)); /* some bits fill the last byte */
    ck_assert(status < 0 || memcmp(read, bytes, sizeof bytes) == 0);
    packed[at] ^= 0x10;
  }
}
END_TEST

START_TEST(gzip_with_something_behind) {
  unsigned char packed[1000], read[100];
  size_t got, length = gzip_pack(packed, 500, "the data", 8);
  for (int value = 0; value < 256; value++) {
    memset(packed + length, value, 20);
    ck_assert_int_eq(read_all(file_of(packed, length + 20), read, sizeof read, &got), CNN_EFORMAT);
    expect_text("follows the gzip data");
  }
}
END_TEST

START_TEST(no_regular_file) {
  size_t got;
  char read[8], folder[] = P_tmpdir "/cnn-test-XXXXXX", fifo[sizeof folder + 8];
  ck_assert_int_eq(read_all(".", read, sizeof read, &got), CNN_EIO);
  expect_text("'.': is a directory");
  ck_assert_int_eq(read_all("/dev/null", read, sizeof read, &got), CNN_EIO);
  expect_text("'/dev/null': is not a regular file");
  ck_assert_int_eq(read_all("no/such\nfile", read, sizeof read, &got), CNN_EIO);
  ck_assert_str_eq(cnn_error_text(), "'no/such?file': No such file or directory");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(fifo, sizeof fifo, "%s/fifo", folder);
  ck_assert_int_eq(mkfifo(fifo, 0600), 0);
  cnn_status status = read_all(fifo, read, sizeof read, &got); /* nobody writes: must not wait */
  unlink(fifo);
  rmdir(folder);
  ck_assert_int_eq(status, CNN_EIO);
  expect_text("is not a regular file");
}
END_TEST

START_TEST(very_long_path) {
  size_t got;
  char read[8], *path = malloc(100001);
  memset(path, 'x', 100000);
  path[100000] = 0;
  ck_assert_int_eq(read_all(path, read, sizeof read, &got), CNN_EIO);
  expect_text("File name too long");
  free(path);
}
END_TEST

START_TEST(no_descriptor_is_left_open) {
  size_t got;
  char read[8];
  file_of("", 0); /* it keeps a descriptor of its own */
  int before = open("/dev/null", O_RDONLY);
  close(before);
  ck_assert_int_eq(read_all(file_of("12345678", 8), read, sizeof read, &got), CNN_OK);
  ck_assert_int_eq(read_all(gzip_file_of("12345678", 8, NULL), read, sizeof read, &got), CNN_OK);
  ck_assert_int_lt(read_all(file_of("\x1f\x8b", 2), read, sizeof read, &got), 0);
  ck_assert_int_lt(read_all(".", read, sizeof read, &got), 0);
  int after = open("/dev/null", O_RDONLY);
  close(after);
  ck_assert_int_eq(before, after);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("source");
  TCase *tests = tcase_create("source");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, plain_and_packed_give_the_same);
  tcase_add_test(tests, gzip_members_follow_each_other);
  tcase_add_test(tests, gzip_cut_at_every_byte);
  tcase_add_test(tests, gzip_with_a_flipped_bit);
  tcase_add_test(tests, gzip_with_something_behind);
  tcase_add_test(tests, no_regular_file);
  tcase_add_test(tests, very_long_path);
  tcase_add_test(tests, no_descriptor_is_left_open);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
