/* build_info: the text of the build, the name of the BLAS, the warning about it. */
#include "suite.h"

#include "core/context_internal.h"
#include "core/cpu.h"
#include "kernels/build_info.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int32_t holds(const char *text, const char *part) { return strstr(text, part) != NULL; }

START_TEST(it_names_version_cpu_gemm_and_blas) {
  unsetenv("CNN_CPU");
  unsetenv("CNN_GEMM");
  unsetenv("CNN_WINOGRAD");
  const char *info = cnn_build_info();
  ck_assert_msg(holds(info, "libcnn ") && holds(info, cnn_version()), "%s", info);
  ck_assert_msg(holds(info, "cpu ") && holds(info, cnn__cpu_name(cnn__cpu_best())), "%s", info);
  ck_assert_msg(holds(info, "gemm ") && holds(info, cnn_blas_name()), "%s", info);
  ck_assert_msg(holds(info, "fusion on"), "%s", info);
  ck_assert_msg(holds(info, "winograd on"), "%s", info);
  ck_assert_ptr_eq(cnn_build_info(), info);
}
END_TEST

START_TEST(it_follows_the_environment) {
  setenv("CNN_CPU", "ref", 1);
  unsetenv("CNN_GEMM");
  setenv("CNN_WINOGRAD", "0", 1);
  ck_assert_msg(holds(cnn_build_info(), "cpu ref (best ") && holds(cnn_build_info(), "gemm ref") &&
                    holds(cnn_build_info(), "winograd off"), "%s", cnn_build_info());
}
END_TEST

START_TEST(it_never_fails) {
  setenv("CNN_CPU", "z80", 1);
  setenv("CNN_GEMM", "abacus", 1);
  ck_assert(holds(cnn_build_info(), "cpu "));
  ck_assert_str_eq(cnn_error_text(), "");
}
END_TEST

static void *ask(void *unused) {
  (void)unused;
  return (void *)(uintptr_t)cnn_build_info();
}

START_TEST(several_threads_may_ask_first) {
  pthread_t threads[4];
  void *first = NULL, *other;
  for (size_t i = 0; i < 4; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, ask, NULL), 0);
  for (size_t i = 0; i < 4; i++) {
    pthread_join(threads[i], i ? &other : &first);
    ck_assert(i == 0 || other == first);
  }
}
END_TEST

START_TEST(old_cores_are_known) {
  char core[32];
  ck_assert_int_ne(cnn__blas_is_old(core, "OpenBLAS 0.3.21 (core Prescott)"), 0);
  ck_assert_str_eq(core, "Prescott");
  ck_assert_int_ne(cnn__blas_is_old(core, "OpenBLAS 0.3.21 (core Sandybridge)"), 0);
  ck_assert_int_eq(cnn__blas_is_old(core, "OpenBLAS 0.3.21 (core Zen)"), 0);
  ck_assert_int_eq(cnn__blas_is_old(core, "OpenBLAS 0.3.26 (core SkylakeX)"), 0);
  ck_assert_int_eq(cnn__blas_is_old(core, "OpenBLAS 0.3.26 (core haswell)"), 0);
  ck_assert_int_eq(cnn__blas_is_old(core, "BLIS 0.9.0 (core generic)"), 0);
  ck_assert_int_eq(cnn__blas_is_old(core, "none"), 0);
  ck_assert_int_eq(cnn__blas_is_old(core, "OpenBLAS (core"), 0);
  ck_assert_int_ne(cnn__blas_is_old(core, "OpenBLAS (core Anamethatislongerthanallthatanycpueverhad)"), 0);
  ck_assert_uint_eq(strlen(core), 31);
}
END_TEST

static int32_t lines;
static char text[4096];
static void keep_line(void *user, int32_t level, const char *line) {
  (void)user;
  ck_assert_int_eq(level, CNN_LOG_WARNING);
  lines++;
  strncat(text, line, sizeof text - strlen(text) - 1);
}

static cnn_context *new_context(const char *gemm, const cnn_logger *logger) {
  cnn_context *context;
  setenv("CNN_GEMM", gemm, 1);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .logger = logger)), CNN_OK);
  return context;
}

START_TEST(the_blas_in_use_is_announced_once) {
#if defined(CNN_HAVE_BLAS)
  char core[32];
  cnn_logger logger = {.size = sizeof logger, .write = keep_line};
  unsetenv("CNN_CPU");
  cnn_context *silent = new_context("blas", NULL), *heard = new_context("blas", &logger), *other = new_context("ref", &logger);
  cnn__blas_warning(silent);
  cnn__blas_warning(other);
  ck_assert_int_eq(lines, 0);
  cnn__blas_warning(heard);
  int32_t slow = cnn__cpu_best() >= CNN__CPU_AVX2 && cnn__blas_is_old(core, cnn_blas_name());
  ck_assert_int_eq(lines, slow ? 2 : 1);
  ck_assert(holds(text, cnn_blas_name()));
  ck_assert_int_eq(holds(text, "OPENBLAS_CORETYPE="), slow);
  cnn__blas_warning(heard);
  ck_assert_int_eq(lines, slow ? 2 : 1);
  cnn_context_free(silent);
  cnn_context_free(heard);
  cnn_context_free(other);
#else
  cnn_logger logger = {.size = sizeof logger, .write = keep_line};
  cnn_context *context = new_context("ref", &logger);
  cnn__blas_warning(context);
  ck_assert_int_eq(lines, 0);
  ck_assert_str_eq(text, "");
  ck_assert_str_eq(cnn_blas_name(), "none");
  cnn_context_free(context);
#endif
}
END_TEST

int main(void) {
  return RUN_SUITE("build_info", 0, it_names_version_cpu_gemm_and_blas, it_follows_the_environment, it_never_fails,
                   several_threads_may_ask_first, old_cores_are_known, the_blas_in_use_is_announced_once);
}
