/* previous_file: what stood at a path is kept beside it, and the path is never absent. */
#include "io/atomic_file.h"

#include "scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static cnn_status keep(cnn_context *context, const char *path, const char *text) {
  cnn__atomic_file *file;
  cnn_status status = cnn__atomic_open(&file, context, path);
  if (status < 0)
    return status;
  status = cnn__atomic_write(file, text, strlen(text));
  if (status == CNN_OK)
    status = cnn__atomic_finish(file, 1);
  cnn__atomic_abandon(file);
  return status;
}

static void ck_holds(const char *name, const char *text) {
  size_t count = 0;
  unsigned char *bytes = scratch_read(name, &count);
  ck_assert_msg(bytes && count == strlen(text) && memcmp(bytes, text, count) == 0, "%s is not '%s'", name, text);
  free(bytes);
}

/* Two generations, never more. */
static void three_saves(cnn_context *context) {
  ck_assert_int_eq(keep(context, scratch_path("f"), "one"), CNN_OK);
  ck_assert_int_eq(scratch_count(), 1);
  ck_assert_int_eq(keep(context, scratch_path("f"), "two"), CNN_OK);
  ck_holds("f.prev", "one");
  ck_assert_int_eq(chmod(scratch_path("f"), 0640), 0);
  ck_assert_int_eq(keep(context, scratch_path("f"), "three"), CNN_OK);
  ck_holds("f", "three");
  ck_holds("f.prev", "two");
  ck_assert_int_eq(scratch_count(), 2);
  struct stat about;
  ck_assert_int_eq(stat(scratch_path("f.prev"), &about), 0);
  ck_assert_int_eq(about.st_mode & 0777, 0640);
}

START_TEST(the_generation_before_stays) {
  cnn_context *context = scratch_context();
  three_saves(context);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

static int no_link_error;

static int no_link(int folder, const char *from, const char *to) {
  (void)folder, (void)from, (void)to;
  errno = no_link_error;
  return -1;
}

START_TEST(where_links_are_refused_it_is_copied) {
  static const int errors[] = {EPERM, EOPNOTSUPP, EMLINK};
  cnn_context *context = scratch_context();
  const cnn__file_calls whole = cnn__file_ops;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    no_link_error = errors[i];
    cnn__file_ops.link = no_link;
    if (i == 0)
      three_saves(context);
    ck_assert_int_eq(keep(context, scratch_path("f"), "next"), CNN_OK);
    ck_assert_int_eq(scratch_count(), 2);
    cnn__file_ops = whole;
  }
  cnn_context_free(context);
}
END_TEST

/* After a crash between the two renames both names are of one file, and rename within one file does nothing. */
START_TEST(two_names_of_one_file) {
  char path[4096];
  cnn_context *context = scratch_context();
  ck_assert_int_eq(keep(context, scratch_path("f"), "one"), CNN_OK);
  snprintf(path, sizeof path, "%s.prev", scratch_path("f"));
  ck_assert_int_eq(link(scratch_path("f"), path), 0);
  ck_assert_int_eq(keep(context, scratch_path("f"), "two"), CNN_OK);
  ck_holds("f", "two");
  ck_holds("f.prev", "one");
  ck_assert_int_eq(scratch_count(), 2);
  cnn_context_free(context);
}
END_TEST

/* ---- each call made to fail ---- */

static int left; /* calls that still work; then one fails with fault */
static int fault;

static int fails(void) {
  if (left-- != 0)
    return 0;
  errno = fault;
  return 1;
}

static cnn__file_calls real;
static int bad_folder(const char *path) { return fails() ? -1 : real.open_folder(path); }
static int bad_create(int folder, const char *name, mode_t mode) { return fails() ? -1 : real.create(folder, name, mode); }
static int bad_mode(int file, mode_t mode) { return fails() ? -1 : real.set_mode(file, mode); }
static ssize_t bad_write(int file, const void *data, size_t bytes) { return fails() ? -1 : real.write(file, data, bytes); }
static int bad_sync(int file) { return fails() ? -1 : real.sync(file); }
static int bad_close(int file) {
  int failed = fails(), error = errno, result = real.close(file);
  errno = failed ? error : errno;
  return failed ? -1 : result;
}
static int bad_rename(int folder, const char *from, const char *to) { return fails() ? -1 : real.rename(folder, from, to); }
static int bad_link(int folder, const char *from, const char *to) { return fails() ? -1 : real.link(folder, from, to); }
static int bad_open(int folder, const char *name) { return fails() ? -1 : real.open(folder, name); }

static const cnn__file_calls bad = {.open_folder = bad_folder,
                                    .create = bad_create,
                                    .set_mode = bad_mode,
                                    .write = bad_write,
                                    .sync = bad_sync,
                                    .close = bad_close,
                                    .rename = bad_rename,
                                    .link = bad_link,
                                    .open = bad_open,
                                    .sync_folder = bad_sync};

/* One call after the other fails, until none does: the file is the old or the new one, what is kept the one before or the one
 * before that, and no temporary stays. */
static void every_call_fails(cnn_context *context, int with_links) {
  real = cnn__file_ops;
  for (int i = 0;; i++) {
    size_t count;
    scratch_write("f", "old", 3);
    scratch_write("f.prev", "older", 5);
    cnn__file_ops = bad;
    if (!with_links) {
      no_link_error = EPERM;
      cnn__file_ops.link = no_link;
    }
    left = i;
    fault = EIO;
    cnn_status status = keep(context, scratch_path("f"), "new");
    int reached = left < 0;
    cnn__file_ops = real;
    ck_assert_int_eq(scratch_count(), 2);
    unsigned char *now = scratch_read("f", &count), *before = scratch_read("f.prev", &count);
    if (!reached) {
      ck_assert_int_eq(status, CNN_OK);
      ck_assert_int_gt(i, with_links ? 9 : 12);
    } else {
      ck_failed(status, CNN_EIO, "Input/output error");
      ck_assert(!memcmp(now, "old", 3) || !memcmp(now, "new", 3));
      ck_assert(!memcmp(before, "old", 3) || !memcmp(now, "old", 3));
    }
    free(now);
    free(before);
    if (!reached)
      return;
  }
}

START_TEST(failing_calls) {
  cnn_context *context = scratch_context();
  every_call_fails(context, 1);
  every_call_fails(context, 0);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(names_that_leave_no_room) {
  char name[256];
  cnn_context *context = scratch_context();
  memset(name, 'n', 254);
  name[254] = 0;
  ck_failed(keep(context, scratch_path(name), "one"), CNN_EIO, "cannot keep the file before it as .prev: File name too long");
  ck_assert_int_eq(scratch_count(), 0);
  cnn_context_free(context);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, the_generation_before_stays);
  tcase_add_test(tests, where_links_are_refused_it_is_copied);
  tcase_add_test(tests, two_names_of_one_file);
  tcase_add_test(tests, failing_calls);
  tcase_add_test(tests, names_that_leave_no_room);
}

int main(void) { return scratch_run("previous_file", add); }
