/* leftover: what a process killed while it saved leaves behind goes with the next save; what another still writes, and what is the
 * user's own, stays. */
#include "io/atomic_file.h"

#include "scratch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static cnn_status begin(cnn__atomic_file **file, cnn_context *context) {
  cnn_status status = cnn__atomic_open(file, context, scratch_path("f"));
  return status < 0 ? status : cnn__atomic_write(*file, "half", 4);
}

static cnn_status save(cnn_context *context, int32_t keeping) {
  cnn__atomic_file *file;
  cnn_status status = begin(&file, context);
  if (status < 0)
    return status;
  status = cnn__atomic_finish(file, keeping);
  cnn__atomic_abandon(file);
  return status;
}

/* Run `work` in a process that it does not outlive. */
static void die_in(void (*work)(cnn_context *context)) {
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    work(scratch_context());
    _exit(1);
  }
  int how = 0;
  ck_assert_int_eq(waitpid(child, &how, 0), child);
  ck_assert_msg(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL, "it ended by %d", how);
}

static void die(void) { (void)kill(getpid(), SIGKILL); }

static int die_renaming(int folder, const char *from, const char *to) {
  (void)folder, (void)from, (void)to;
  die();
  return -1;
}

static int no_link(int folder, const char *from, const char *to) {
  (void)folder, (void)from, (void)to;
  errno = EPERM;
  return -1;
}

static void writing(cnn_context *context) {
  cnn__atomic_file *file;
  if (begin(&file, context) == CNN_OK)
    die();
}

static void linking(cnn_context *context) {
  cnn__file_ops.rename = die_renaming;
  (void)save(context, 1);
}

static void copying(cnn_context *context) {
  cnn__file_ops.link = no_link;
  linking(context);
}

START_TEST(the_next_save_removes_it) {
  cnn_context *context = scratch_context();
  for (int i = 0; i < 3; i++)
    die_in(writing);
  ck_assert_int_eq(scratch_count(), 1); /* of three dead, two were removed by the others */
  ck_assert_int_eq(save(context, 0), CNN_OK);
  ck_assert_int_eq(scratch_count(), 1);
  die_in(copying);
  ck_assert_int_eq(scratch_count(), 3); /* the file, the new one and the copy of the old */
  ck_assert_int_eq(save(context, 0), CNN_OK);
  ck_assert_int_eq(scratch_count(), 1);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* The second name of a file that is there itself goes with that file. */
START_TEST(a_second_name_goes_with_its_file) {
  cnn_context *context = scratch_context();
  ck_assert_int_eq(save(context, 1), CNN_OK);
  die_in(linking);
  ck_assert_int_eq(scratch_count(), 3);
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(save(context, 1), CNN_OK);
  ck_assert_int_eq(scratch_count(), 2); /* f and f.prev */
  cnn_context_free(context);
}
END_TEST

/* Another save of the same file at any moment of one that is under way. */
static cnn_context *other;
static int depth, saves;

static int rename_amid(int folder, const char *from, const char *to) {
  if (depth++ == 0) {
    ck_assert_int_eq(save(other, 1), CNN_OK);
    saves++;
  }
  depth--;
  return renameat(folder, from, folder, to);
}

static int sync_amid(int file) {
  if (depth++ == 0) {
    ck_assert_int_eq(save(other, 0), CNN_OK);
    saves++;
  }
  depth--;
  return fsync(file);
}

START_TEST(what_is_being_written_stays) {
  cnn_context *context = scratch_context();
  const cnn__file_calls whole = cnn__file_ops;
  other = context;
  for (int copied = 0; copied < 2; copied++) {
    ck_assert_int_eq(save(context, 0), CNN_OK);
    cnn__file_ops.rename = rename_amid;
    cnn__file_ops.sync = sync_amid;
    if (copied)
      cnn__file_ops.link = no_link;
    saves = 0;
    ck_assert_int_eq(save(context, copied), CNN_OK);
    ck_assert_int_ge(saves, 2 + copied);
    cnn__file_ops = whole;
    (void)unlink(scratch_path("f.prev"));
    ck_assert_int_eq(scratch_count(), 1);
  }
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(what_is_not_ours_stays) {
  static const char *const names[] = {".f.tmp", ".f.1-2.tmp", ".f.1-2-3-4.tmp", ".f.1-2-g.tmp", ".f.1-2-3.tmp.x", ".g.1-2-3.tmp", "f.1-2-3.tmp", ".f.1-2-3"};
  enum { COUNT = sizeof names / sizeof *names };
  cnn_context *context = scratch_context();
  for (int i = 0; i < COUNT; i++)
    scratch_write(names[i], "mine", 4);
  ck_assert_int_eq(mkdir(scratch_path(".f.1-2-3.tmp"), 0700), 0);
  ck_assert_int_eq(symlink("/dev/null", scratch_path(".f.1-2-4.tmp")), 0);
  ck_assert_int_eq(mkfifo(scratch_path(".f.1-2-5.tmp"), 0600), 0);
  scratch_write(".f.1-2-6.tmp", "dead", 4);
  ck_assert_int_eq(save(context, 0), CNN_OK);
  ck_assert_int_eq(scratch_count(), COUNT + 3 + 1);
  ck_assert_int_eq(access(scratch_path(".f.1-2-6.tmp"), F_OK), -1);
  ck_assert_int_eq(rmdir(scratch_path(".f.1-2-3.tmp")), 0);
  cnn_context_free(context);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, the_next_save_removes_it);
  tcase_add_test(tests, a_second_name_goes_with_its_file);
  tcase_add_test(tests, what_is_being_written_stays);
  tcase_add_test(tests, what_is_not_ours_stays);
}

int main(void) { return scratch_run("leftover", add); }
