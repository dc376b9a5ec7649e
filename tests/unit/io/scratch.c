#include "scratch.h"

#include "io/atomic_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[256];

static void for_each(void (*what)(const char *path)) {
  DIR *dir = opendir(folder);
  ck_assert_ptr_nonnull(dir);
  for (struct dirent *entry; (entry = readdir(dir));) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
      what(path);
  }
  closedir(dir);
}

static int counted;
static void count_one(const char *path) {
  (void)path;
  counted++;
}
static void remove_one(const char *path) {
  (void)remove(path);
}

void scratch_make(void) {
  const char *base = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/cnn-io-XXXXXX", base ? base : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(folder));
}

void scratch_remove(void) {
  chmod(folder, 0700);
  for_each(remove_one);
  rmdir(folder);
}

int scratch_count(void) {
  counted = 0;
  for_each(count_one);
  return counted;
}

const char *scratch_path(const char *name) {
  static char paths[4][1024];
  static int next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s%s%s", folder, *name ? "/" : "", name);
  return path;
}

static int no_sync(int file) {
  (void)file;
  return 0;
}

void scratch_without_sync(void) { cnn__file_ops.sync = cnn__file_ops.sync_folder = no_sync; }

/* Over the old bytes: a file cut to nothing first would be written out to the disk by some file systems, each time. */
void scratch_write(const char *name, const void *bytes, size_t count) {
  int file = open(scratch_path(name), O_WRONLY | O_CREAT, 0666);
  ck_assert_int_ge(file, 0);
  ck_assert_int_eq(write(file, bytes, count), (ssize_t)count);
  ck_assert_int_eq(ftruncate(file, (off_t)count), 0);
  ck_assert_int_eq(close(file), 0);
}

unsigned char *scratch_read(const char *name, size_t *count) {
  FILE *file = fopen(scratch_path(name), "rb");
  if (!file)
    return NULL;
  fseek(file, 0, SEEK_END);
  *count = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*count + 1);
  ck_assert_uint_eq(fread(bytes, 1, *count, file), *count);
  fclose(file);
  return bytes;
}

/* ---- memory ---- */

test_alloc scratch_alloc;

cnn_context *scratch_context(void) {
  cnn_context *context;
  test_alloc_init(&scratch_alloc);
  ck_assert_int_eq(
      cnn_context_new(&context, cnn_context_opts(.seed = 7, .threads = 2,
                                                 .allocator = &scratch_alloc.allocator)), CNN_OK);
  return context;
}

/* ---- asserting and running ---- */

void ck_failed(cnn_status status, cnn_status code, const char *part) {
  ck_assert_msg(status == code, "%s instead of %s: %s", cnn_status_name(status), cnn_status_name(code),
                cnn_error_text());
  ck_assert_msg(strstr(cnn_error_text(), part) != NULL, "no '%s' in: %s", part, cnn_error_text());
  ck_assert_msg(strpbrk(cnn_error_text(), "\n\r\x1b") == NULL, "control characters in: %s", cnn_error_text());
}

int scratch_run(const char *name, void (*add)(TCase *tests)) {
  Suite *suite = suite_create(name);
  TCase *tests = tcase_create(name);
  tcase_set_timeout(tests, 120);
  tcase_add_checked_fixture(tests, scratch_make, scratch_remove);
  add(tests);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
