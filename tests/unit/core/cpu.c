/* cpu: levels and providers, as the machine and the environment have them. */
#include "suite.h"

#include "core/cpu.h"
#include "core/status.h"

#include <stdlib.h>
#include <string.h>

static void set(const char *cpu, const char *gemm) {
  if (cpu)
    setenv("CNN_CPU", cpu, 1);
  else
    unsetenv("CNN_CPU");
  if (gemm)
    setenv("CNN_GEMM", gemm, 1);
  else
    unsetenv("CNN_GEMM");
}

START_TEST(names) {
  ck_assert_str_eq(cnn__cpu_name(CNN__CPU_REF), "ref");
  ck_assert_str_eq(cnn__cpu_name(CNN__CPU_AVX2), "avx2");
  ck_assert_str_eq(cnn__cpu_name(CNN__CPU_AVX512), "avx512");
  ck_assert_str_eq(cnn__cpu_name(-1), "unknown");
  ck_assert_str_eq(cnn__cpu_name(CNN__CPU_COUNT), "unknown");
  ck_assert_str_eq(cnn__gemm_name(CNN__GEMM_NATIVE), "native");
  ck_assert_str_eq(cnn__gemm_name(CNN__GEMM_BLAS), "blas");
  ck_assert_str_eq(cnn__gemm_name(CNN__GEMM_REF), "ref");
  ck_assert_str_eq(cnn__gemm_name(-1), "unknown");
}
END_TEST

START_TEST(the_best_is_the_default) {
  set(NULL, NULL);
  ck_assert_int_eq(cnn__cpu_choose(), cnn__cpu_best());
  set("", NULL);
  ck_assert_int_eq(cnn__cpu_choose(), cnn__cpu_best());
  if (cnn__cpu_best() >= CNN__CPU_AVX2)
    ck_assert_int_ne(cnn__cpu_has_fma(), 0);
}
END_TEST

START_TEST(the_environment_lowers_the_level) {
  for (int32_t level = CNN__CPU_REF; level < CNN__CPU_COUNT; level++) {
    set(cnn__cpu_name(level), NULL);
    if (level <= cnn__cpu_best()) {
      ck_assert_int_eq(cnn__cpu_choose(), level);
      ck_assert_int_eq(cnn__cpu_peek(), level);
      continue;
    }
    ck_assert_int_eq(cnn__cpu_choose(), -1);
    ck_assert_int_eq(cnn__fail_code(), CNN_EINVAL);
    ck_assert_ptr_nonnull(strstr(cnn_error_text(), "this machine has at most"));
    ck_assert_int_eq(cnn__cpu_peek(), cnn__cpu_best());
  }
}
END_TEST

START_TEST(unknown_names_are_refused) {
  set("AVX2", "mkl");
  ck_assert_int_eq(cnn__cpu_choose(), -1);
  ck_assert_int_eq(cnn__fail_code(), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "CNN_CPU is 'AVX2'; known are ref, avx2, avx512");
  ck_assert_int_eq(cnn__gemm_choose(CNN__CPU_AVX2), -1);
  ck_assert_str_eq(cnn_error_text(), "CNN_GEMM is 'mkl'; known are native, blas, ref");
}
END_TEST

START_TEST(peeking_records_nothing) {
  set("AVX2", "mkl");
  ck_assert_int_eq(cnn__cpu_peek(), cnn__cpu_best());
  ck_assert_int_eq(cnn__gemm_peek(CNN__CPU_AVX2), CNN__GEMM_NATIVE);
  ck_assert_str_eq(cnn_error_text(), "");
}
END_TEST

START_TEST(the_provider_follows_the_level) {
  set(NULL, NULL);
  ck_assert_int_eq(cnn__gemm_choose(CNN__CPU_AVX2), CNN__GEMM_NATIVE);
  ck_assert_int_eq(cnn__gemm_choose(CNN__CPU_AVX512), CNN__GEMM_NATIVE);
  set("ref", NULL);
  ck_assert_int_eq(cnn__gemm_choose(CNN__CPU_REF), CNN__GEMM_REF);
  set(NULL, "ref");
  ck_assert_int_eq(cnn__gemm_choose(CNN__CPU_AVX2), CNN__GEMM_REF);
  set(NULL, "native");
  ck_assert_int_eq(cnn__gemm_choose(CNN__CPU_AVX2), CNN__GEMM_NATIVE);
  ck_assert_int_eq(cnn__gemm_choose(CNN__CPU_REF), -1);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "no vector kernels"));
}
END_TEST

START_TEST(blas_only_where_it_was_built_in) {
  set(NULL, "blas");
#if defined(CNN_HAVE_BLAS)
  ck_assert_int_eq(cnn__gemm_choose(CNN__CPU_AVX2), CNN__GEMM_BLAS);
  ck_assert_int_eq(cnn__gemm_choose(CNN__CPU_REF), CNN__GEMM_BLAS);
#else
  ck_assert_int_eq(cnn__gemm_choose(CNN__CPU_AVX2), -1);
  ck_assert_str_eq(cnn_error_text(), "CNN_GEMM is 'blas', but this libcnn was built without a BLAS");
#endif
}
END_TEST

START_TEST(winograd_can_be_left_out) {
  static const char *const values[] = {NULL, "", "1", "0"};
  for (int i = 0; i < 4; i++) {
    if (values[i])
      setenv("CNN_WINOGRAD", values[i], 1);
    else
      unsetenv("CNN_WINOGRAD");
    ck_assert_int_eq(cnn__winograd_choose(), i < 3);
    ck_assert_int_eq(cnn__winograd_peek(), i < 3);
  }
  setenv("CNN_WINOGRAD", "yes", 1);
  ck_assert_int_eq(cnn__winograd_peek(), 1);
  ck_assert_str_eq(cnn_error_text(), "");
  ck_assert_int_eq(cnn__winograd_choose(), -1);
  ck_assert_int_eq(cnn__fail_code(), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "CNN_WINOGRAD is 'yes'; known are 0, 1");
}
END_TEST

int main(void) {
  return RUN_SUITE("cpu", 0, names, the_best_is_the_default, the_environment_lowers_the_level, unknown_names_are_refused,
                   peeking_records_nothing, the_provider_follows_the_level,
                   winograd_can_be_left_out, blas_only_where_it_was_built_in);
}
