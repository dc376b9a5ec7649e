/* A whole run, from the data to the loaded model: any allocation may fail; threads, instruction sets, and the rounding mode, flushing of
 * denormals and locale of the program change nothing and are found as they were; a forked child does it too. */
#include "session.h"

#include "alloc.h"
#include "foreign.h"
#include "suite.h"

#include <dirent.h>
#include <fenv.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

static char folder[] = "/tmp/cnn-session-XXXXXX";

static void open_folder(void) { ck_assert_ptr_nonnull(mkdtemp(folder)); }

static int32_t files_in_folder(void) {
  int32_t count = 0;
  DIR *open = opendir(folder);
  for (const struct dirent *entry = readdir(open); entry; entry = readdir(open))
    count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
  closedir(open);
  return count;
}

static void close_folder(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  ck_assert_int_eq(system(command), 0);
}

static session_results run_with(const cnn_context_opts *options) {
  session_results results;
  ck_assert_msg(session_run(options, folder, 3, &results) >= 0, "%s", cnn_error_text());
  return results;
}

static void check_same(const session_results *a, const session_results *b) {
  ck_assert_str_eq(a->hash, b->hash);
  ck_assert_str_eq(a->again, b->again);
  ck_assert(a->loss == b->loss);
  ck_assert_str_eq(a->json, b->json);
  ck_assert_str_eq(a->csv, b->csv);
}

static cnn_status scenario(const cnn_allocator *allocator, void *user) {
  session_results *results = user;
  return session_run(cnn_context_opts(.threads = 2, .allocator = allocator), folder, 1, results);
}

/* Each allocation fails in turn, alone and for good; no block stays behind, nor does any file but the three whole ones. */
START_TEST(any_allocation_may_fail) {
  session_results results;
  open_folder();
  ck_assert_int_gt(test_alloc_fail_each(scenario, &results), 200);
  ck_assert_int_le(files_in_folder(), 3);
  close_folder();
}
END_TEST

START_TEST(threads_and_levels_change_nothing) {
  static const char *const levels[] = {"ref", "avx2", "avx512"};
  open_folder();
  const session_results first = run_with(cnn_context_opts(.threads = 1, .seed = 5));
  ck_assert_int_gt((int)strlen(first.json), 100);
  ck_assert_int_gt((int)strlen(first.csv), 50);
  for (int32_t threads = 2; threads < 5; threads++) {
    const session_results other = run_with(cnn_context_opts(.threads = threads, .seed = 5));
    check_same(&first, &other);
  }
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
    session_results other;
    setenv("CNN_CPU", levels[i], 1);
    if (session_run(cnn_context_opts(.threads = 2, .seed = 5), folder, 3, &other) >= 0)
      check_same(&first, &other);
    else
      ck_assert_ptr_nonnull(strstr(cnn_error_text(), "CNN_CPU")); /* this machine lacks it */
  }
  unsetenv("CNN_CPU");
  const session_results another = run_with(cnn_context_opts(.threads = 1, .seed = 6));
  ck_assert_str_ne(first.hash, another.hash);
  close_folder();
}
END_TEST

START_TEST(the_programs_floating_point_stays) {
  static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  open_folder();
  const session_results first = run_with(cnn_context_opts(.threads = 2));
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    ck_assert_int_eq(fesetround(modes[i]), 0);
    const session_results other = run_with(cnn_context_opts(.threads = 2));
    ck_assert_int_eq(fegetround(), modes[i]);
    fesetround(FE_TONEAREST);
    check_same(&first, &other);
  }
#if defined(__SSE__)
  unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040); /* flush to zero, denormals are zero */
  const session_results other = run_with(cnn_context_opts(.threads = 2));
  ck_assert_uint_eq(_mm_getcsr() & 0xffc0, (before | 0x8040) & 0xffc0);
  _mm_setcsr(before);
  check_same(&first, &other);
#endif
  close_folder();
}
END_TEST

START_TEST(the_programs_locale_stays) {
  char text[16];
  open_folder();
  const session_results first = run_with(cnn_context_opts(.threads = 2));
  if (set_foreign_locale()) {
    const session_results other = run_with(cnn_context_opts(.threads = 2));
    snprintf(text, sizeof text, "%.1f", 1.5);
    ck_assert_str_eq(text, "1,5");
    setlocale(LC_ALL, "C");
    check_same(&first, &other);
  }
  close_folder();
}
END_TEST

/* With threads started in the parent before. */
START_TEST(a_forked_child_trains_and_predicts) {
  open_folder();
  const session_results first = run_with(cnn_context_opts(.threads = 3));
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    session_results other;
    alarm(60);
    cnn_status status = session_run(cnn_context_opts(.threads = 3), folder, 3, &other);
    _exit(status < 0 || strcmp(first.hash, other.hash) != 0 || strcmp(first.again, other.again) != 0);
  }
  int status = -1;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x", (unsigned)status);
  close_folder();
}
END_TEST

int main(void) {
  return RUN_SUITE("whole_run", 240, any_allocation_may_fail, threads_and_levels_change_nothing, the_programs_floating_point_stays,
                   the_programs_locale_stays, a_forked_child_trains_and_predicts);
}
