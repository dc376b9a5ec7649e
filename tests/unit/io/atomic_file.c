/* atomic_file: the target is the old file or the new one, whatever fails. */
#include "io/atomic_file.h"

#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OLD "the old file"
#define NEW "the new file, of another length"

/* Write NEW in two pieces. */
static cnn_status replace(cnn_context *context, const char *path) {
  cnn__atomic_file *file;
  cnn_status status = cnn__atomic_open(&file, context, path);
  if (status < 0)
    return status;
  status = cnn__atomic_write(file, NEW, 9);
  if (status == CNN_OK)
    status = cnn__atomic_write(file, &NEW[9], sizeof NEW - 1 - 9);
  if (status == CNN_OK)
    return cnn__atomic_commit(file);
  cnn__atomic_abandon(file);
  return status;
}

static int holds(const char *name, const char *text) {
  size_t count = 0;
  unsigned char *bytes = scratch_read(name, &count);
  int same = bytes && count == strlen(text) && memcmp(bytes, text, count) == 0;
  free(bytes);
  return same;
}

static mode_t mode_of(const char *name) {
  struct stat st;
  ck_assert_int_eq(lstat(scratch_path(name), &st), 0);
  return st.st_mode;
}

START_TEST(makes_and_replaces) {
  cnn_context *context = scratch_context();
  ck_assert_int_eq(replace(context, scratch_path("f")), CNN_OK);
  ck_assert(holds("f", NEW));
  scratch_write("f", OLD, sizeof OLD - 1);
  ck_assert_int_eq(replace(context, scratch_path("f")), CNN_OK);
  ck_assert(holds("f", NEW));
  ck_assert_int_eq(scratch_count(), 1);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(relative_paths) {
  cnn_context *context = scratch_context();
  ck_assert_int_eq(chdir(scratch_path("")), 0);
  ck_assert_int_eq(replace(context, "f"), CNN_OK);
  ck_assert_int_eq(replace(context, "./g"), CNN_OK);
  ck_assert(holds("f", NEW) && holds("g", NEW));
  cnn_context_free(context);
}
END_TEST

START_TEST(permissions) {
  cnn_context *context = scratch_context();
  umask(027);
  ck_assert_int_eq(replace(context, scratch_path("new")), CNN_OK);
  ck_assert_int_eq(mode_of("new") & 07777, 0640);
  for (size_t i = 0; i < 4; i++) {
    mode_t mode = (const mode_t[]){0600, 0664, 0777, 0604}[i];
    scratch_write("f", OLD, sizeof OLD - 1);
    ck_assert_int_eq(chmod(scratch_path("f"), mode), 0);
    ck_assert_int_eq(replace(context, scratch_path("f")), CNN_OK);
    ck_assert_int_eq(mode_of("f") & 07777, mode);
  }
  ck_assert_int_eq(umask(0), 027);
  cnn_context_free(context);
}
END_TEST

START_TEST(links_are_followed) {
  cnn_context *context = scratch_context();
  scratch_write("target", OLD, sizeof OLD - 1);
  ck_assert_int_eq(symlink("target", scratch_path("link")), 0);
  ck_assert_int_eq(replace(context, scratch_path("link")), CNN_OK);
  ck_assert(S_ISLNK(mode_of("link")) && S_ISREG(mode_of("target")));
  ck_assert(holds("target", NEW));
  ck_assert_int_eq(symlink("nothing", scratch_path("dangling")), 0);
  ck_failed(replace(context, scratch_path("dangling")), CNN_EIO, "cannot follow the link: No such file");
  ck_assert_int_eq(symlink("circle", scratch_path("circle")), 0);
  ck_failed(replace(context, scratch_path("circle")), CNN_EIO, "cannot follow the link");
  ck_assert_int_eq(scratch_count(), 4);
  cnn_context_free(context);
}
END_TEST

START_TEST(only_regular_files_are_replaced) {
  cnn_context *context = scratch_context();
  char longest[400];
  memset(longest, 'n', sizeof longest - 1);
  longest[sizeof longest - 1] = 0;
  ck_assert_int_eq(mkfifo(scratch_path("pipe"), 0600), 0);
  ck_assert_int_eq(mkdir(scratch_path("folder"), 0700), 0);
  ck_failed(replace(context, scratch_path("pipe")), CNN_EIO, "is not a regular file");
  ck_failed(replace(context, scratch_path("folder")), CNN_EIO, "is not a regular file");
  ck_failed(replace(context, scratch_path("folder/")), CNN_EIO, "Is a directory");
  ck_failed(replace(context, "/dev/null"), CNN_EIO, "is not a regular file");
  ck_failed(replace(context, "/"), CNN_EIO, "Is a directory");
  ck_failed(replace(context, "."), CNN_EIO, "is not a regular file");
  ck_failed(replace(context, ""), CNN_EIO, "No such file");
  ck_failed(replace(context, scratch_path("missing/f")), CNN_EIO, "cannot open its folder: No such file");
  ck_failed(replace(context, scratch_path(longest)), CNN_EIO, "name too long");
  ck_failed(replace(context, "/no\x1b[31m/f"), CNN_EIO, "'/no?[31m/f'");
  ck_assert_int_eq(scratch_count(), 2);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(long_names_fit) {
  cnn_context *context = scratch_context();
  char name[256];
  memset(name, 'n', 255);
  name[255] = 0;
  ck_assert_int_eq(replace(context, scratch_path(name)), CNN_OK);
  ck_assert(holds(name, NEW));
  cnn_context_free(context);
}
END_TEST

/* As nobody in particular, since root may do everything. */
START_TEST(folders_and_files_that_may_not_be_written) {
  cnn_context *context = scratch_context();
  scratch_write("f", OLD, sizeof OLD - 1);
  ck_assert_int_eq(chmod(scratch_path(""), 0777), 0);
  ck_assert_int_eq(chmod(scratch_path("f"), 0444), 0);
  if (geteuid() == 0)
    ck_assert_int_eq(seteuid(65534), 0);
  ck_failed(replace(context, scratch_path("f")), CNN_EIO, "cannot replace it: Permission denied");
  if (getuid() == 0)
    ck_assert_int_eq(seteuid(0), 0);
  ck_assert_int_eq(chmod(scratch_path("f"), 0666), 0);
  ck_assert_int_eq(chmod(scratch_path(""), 0555), 0);
  if (getuid() == 0)
    ck_assert_int_eq(seteuid(65534), 0);
  ck_failed(replace(context, scratch_path("f")), CNN_EIO, "cannot create a temporary beside it: Permission denied");
  if (getuid() == 0)
    ck_assert_int_eq(seteuid(0), 0);
  ck_assert(holds("f", OLD));
  ck_assert_int_eq(scratch_count(), 1);
  cnn_context_free(context);
}
END_TEST

/* ---- each call made to fail ---- */

static int fail_error, calls;

static int fail_folder(const char *path) {
  (void)path;
  errno = fail_error;
  return -1;
}
static int fail_create(int folder, const char *name, mode_t mode) {
  (void)folder, (void)name, (void)mode;
  calls++;
  errno = fail_error;
  return -1;
}
static int fail_mode(int file, mode_t mode) {
  (void)file, (void)mode;
  errno = fail_error;
  return -1;
}
static ssize_t fail_write(int file, const void *data, size_t bytes) {
  (void)file, (void)data, (void)bytes;
  errno = fail_error;
  return -1;
}
/* A disk that fills up: a piece fits, then nothing. */
static ssize_t full_write(int file, const void *data, size_t bytes) {
  if (calls++ == 0)
    return write(file, data, bytes < 4 ? bytes : 4);
  errno = ENOSPC;
  return -1;
}
static ssize_t none_write(int file, const void *data, size_t bytes) {
  (void)file, (void)data, (void)bytes;
  return 0;
}
static int fail_sync(int file) {
  (void)file;
  errno = fail_error;
  return -1;
}
static int fail_close(int file) {
  close(file);
  errno = fail_error;
  return -1;
}
static int fail_rename(int folder, const char *from, const char *to) {
  (void)folder, (void)from, (void)to;
  errno = fail_error;
  return -1;
}

static void check_kept(cnn_context *context, const cnn__file_calls *whole, const char *part) {
  ck_failed(replace(context, scratch_path("f")), CNN_EIO, part);
  ck_failed(replace(context, scratch_path("absent")), CNN_EIO, part);
  cnn__file_ops = *whole;
  ck_assert(holds("f", OLD));
  ck_assert_int_eq(scratch_count(), 1);
}

START_TEST(failing_calls_keep_the_old_file) {
  const cnn__file_calls whole = cnn__file_ops;
  cnn_context *context = scratch_context();
  scratch_write("f", OLD, sizeof OLD - 1);
  fail_error = EIO;
  cnn__file_ops.open_folder = fail_folder;
  check_kept(context, &whole, "cannot open its folder: Input/output error");
  cnn__file_ops.create = fail_create;
  check_kept(context, &whole, "cannot create a temporary beside it: Input/output error");
  cnn__file_ops.write = fail_write;
  check_kept(context, &whole, "cannot write: Input/output error");
  cnn__file_ops.write = none_write;
  check_kept(context, &whole, "cannot write: No space left on device");
  cnn__file_ops.sync = fail_sync;
  check_kept(context, &whole, "cannot sync: Input/output error");
  cnn__file_ops.close = fail_close;
  check_kept(context, &whole, "cannot close: Input/output error");
  cnn__file_ops.rename = fail_rename;
  check_kept(context, &whole, "cannot rename the temporary to it: Input/output error");
  calls = 0;
  fail_error = EEXIST;
  cnn__file_ops.create = fail_create;
  check_kept(context, &whole, "cannot create a temporary beside it: File exists");
  ck_assert_int_gt(calls, 2);
  calls = 0;
  cnn__file_ops.write = full_write;
  ck_failed(replace(context, scratch_path("f")), CNN_EIO, "cannot write: No space left on device");
  cnn__file_ops = whole;
  fail_error = EPERM;
  cnn__file_ops.set_mode = fail_mode;
  ck_failed(replace(context, scratch_path("f")), CNN_EIO, "cannot keep its permissions: Operation not permitted");
  cnn__file_ops = whole;
  ck_assert(holds("f", OLD));
  ck_assert_int_eq(scratch_count(), 1);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* After the rename the new file stands there, whole. */
START_TEST(failing_sync_of_the_folder) {
  const cnn__file_calls whole = cnn__file_ops;
  cnn_context *context = scratch_context();
  scratch_write("f", OLD, sizeof OLD - 1);
  cnn__file_ops.sync_folder = fail_sync;
  fail_error = EIO;
  ck_failed(replace(context, scratch_path("f")), CNN_EIO, "may not outlive a power cut");
  ck_assert(holds("f", NEW));
  fail_error = EINVAL; /* what a file system without it says */
  ck_assert_int_eq(replace(context, scratch_path("f")), CNN_OK);
  cnn__file_ops = whole;
  ck_assert_int_eq(scratch_count(), 1);
  cnn_context_free(context);
}
END_TEST

/* Short and interrupted calls are nothing to report. */
static ssize_t one_byte(int file, const void *data, size_t bytes) {
  if (calls++ % 2) {
    errno = EINTR;
    return -1;
  }
  return write(file, data, bytes ? 1 : 0);
}
static int interrupted_sync(int file) {
  if (calls++ % 3) {
    errno = EINTR;
    return -1;
  }
  return fsync(file);
}

START_TEST(short_and_interrupted_calls) {
  cnn_context *context = scratch_context();
  fail_error = EINTR;
  cnn__file_ops.write = one_byte;
  cnn__file_ops.sync = cnn__file_ops.sync_folder = interrupted_sync;
  cnn__file_ops.close = fail_close;
  ck_assert_int_eq(replace(context, scratch_path("f")), CNN_OK);
  ck_assert(holds("f", NEW));
  cnn_context_free(context);
}
END_TEST

START_TEST(failing_allocations) {
  cnn_context *context = scratch_context();
  scratch_write("f", OLD, sizeof OLD - 1);
  for (int64_t n = 1;; n++) {
    test_alloc_fail(&scratch_alloc, n, ALLOC_LATER);
    cnn_status status = replace(context, scratch_path("f"));
    test_alloc_fail(&scratch_alloc, 0, ALLOC_ONCE);
    if (status == CNN_OK)
      break;
    ck_failed(status, CNN_ENOMEM, "out of memory");
    ck_assert(holds("f", OLD));
    ck_assert_int_eq(scratch_count(), 1);
  }
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

static int descriptors(void) {
  int count = 0;
  for (int i = 0; i < 256; i++)
    count += fcntl(i, F_GETFD) >= 0;
  return count;
}

START_TEST(no_descriptor_is_left) {
  cnn_context *context = scratch_context();
  int before = descriptors();
  const cnn__file_calls whole = cnn__file_ops;
  fail_error = EIO;
  for (int i = 0; i < 4; i++) {
    if (i == 1)
      cnn__file_ops.write = fail_write;
    if (i == 2)
      cnn__file_ops.close = fail_close;
    if (i == 3)
      cnn__file_ops.create = fail_create;
    (void)replace(context, scratch_path("f"));
    cnn__file_ops = whole;
    ck_assert_int_eq(descriptors(), before);
  }
  cnn_context_free(context);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, makes_and_replaces);
  tcase_add_test(tests, relative_paths);
  tcase_add_test(tests, permissions);
  tcase_add_test(tests, links_are_followed);
  tcase_add_test(tests, only_regular_files_are_replaced);
  tcase_add_test(tests, long_names_fit);
  tcase_add_test(tests, folders_and_files_that_may_not_be_written);
  tcase_add_test(tests, failing_calls_keep_the_old_file);
  tcase_add_test(tests, failing_sync_of_the_folder);
  tcase_add_test(tests, short_and_interrupted_calls);
  tcase_add_test(tests, failing_allocations);
  tcase_add_test(tests, no_descriptor_is_left);
}

int main(void) { return scratch_run("atomic_file", add); }
