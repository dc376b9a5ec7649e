/* no_system_calls: once a run record and the pool's threads exist, a training step makes no system call but futex (and
 * those of the clock where the machine cannot read it without). A filter of the kernel ends a child that makes another.
 * (A worker that another program drives from its CPU starts a thread: here the system never tells a thread where it is.) */
#include "notebook.h"

#include "model/model_internal.h"

#include <check.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

/* Linked in the place of the system's in every build. */
int __wrap_sched_getcpu(void);
int __wrap_sched_getcpu(void) { return -1; }

#if defined(__linux__) && defined(__x86_64__) && !defined(SANITIZED)
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH 40
#define NO_FILTER 77

#define ALLOW(number) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* For all threads of the process, from here on. */
static int forbid(void) {
  struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      ALLOW(SYS_futex), ALLOW(SYS_clock_gettime), ALLOW(SYS_exit_group),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  struct sock_fprog program = {sizeof rules / sizeof rules[0], rules};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}

/* In the child: steps before, so that threads exist and pages are there, then steps under the filter, and `after`. */
static void train(int32_t threads, void (*after)(void)) {
  cnn_context *context;
  const cnn__plan *plan;
  cnn__run *run;
  test_batch batch;
  notebook_images images = notebook_load("train", BATCH);
  if (cnn_context_new(&context, cnn_context_opts(.threads = threads)) < 0)
    _exit(2);
  cnn_model *model = notebook_new(context, 1);
  notebook_compile(model, "adam", NULL);
  if (cnn__model_plan(model, CNN__MODE_TRAIN, &plan) < 0 || cnn__run_new(&run, model, plan, BATCH) < 0)
    _exit(2);
  notebook_take(&batch, &images, 0, BATCH);
  cnn__run_train(run, model, &batch.feed, 0);
  nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL); /* threads that start have calls of their own to make */
  if (forbid() != 0)
    _exit(NO_FILTER);
  for (uint32_t step = 0; step < 5; step++)
    cnn__run_train(run, model, &batch.feed, step);
  if (after)
    after();
  _exit(0);
}

static int status_of(int32_t threads, void (*after)(void)) {
  int status;
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (!child)
    train(threads, after);
  while (waitpid(child, &status, 0) < 0)
    ck_assert_int_eq(errno, EINTR);
  return status;
}

static void call_getppid(void) { (void)getppid(); }

START_TEST(a_step_calls_nothing_but_futex) {
  int status = status_of(_i, NULL);
  if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTER)
    return; /* a kernel without filters, or a sandbox that allows none */
  ck_assert_msg(!WIFSIGNALED(status), "signal %d: a system call was made", WTERMSIG(status));
  ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(the_filter_sees_a_call) {
  int status = status_of(1, call_getppid);
  ck_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGSYS : WEXITSTATUS(status) == NO_FILTER);
}
END_TEST

static void add_tests(TCase *all) {
  tcase_add_loop_test(all, a_step_calls_nothing_but_futex, 1, 4);
  tcase_add_test(all, the_filter_sees_a_call);
}
#else
static void add_tests(TCase *all) { (void)all; }
#endif

int main(void) {
  Suite *suite = suite_create("no_system_calls");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 60);
  add_tests(all);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
