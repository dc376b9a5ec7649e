/* cpu: which instruction sets may be used, who computes matrix products, and how convolutions may go. */
#include "core/cpu.h"

#include "core/status.h"

#include <stdlib.h>
#include <string.h>

static const char *const level_names[CNN__CPU_COUNT] = {"ref", "avx2", "avx512"};
static const char *const provider_names[CNN__GEMM_COUNT] = {"native", "blas", "ref"};
static const char *const switch_names[2] = {"0", "1"};

int32_t cnn__cpu_has_fma(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("fma") != 0;
#else
  return 0;
#endif
}

int32_t cnn__cpu_best(void) {
#if defined(__x86_64__)
  __builtin_cpu_init(); /* asks the operating system too: the registers must be saved */
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return CNN__CPU_REF;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    return CNN__CPU_AVX2;
  return CNN__CPU_AVX512;
#else
  return CNN__CPU_REF;
#endif
}

const char *cnn__cpu_name(int32_t level) { return level >= 0 && level < CNN__CPU_COUNT ? level_names[level] : "unknown"; }

const char *cnn__gemm_name(int32_t provider) {
  return provider >= 0 && provider < CNN__GEMM_COUNT ? provider_names[provider] : "unknown";
}

/* A variable of the environment; NULL where it is unset or empty. */
static const char *variable(const char *name) {
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}

/* Index of a name, -1 where it is unknown. */
static int32_t find(const char *name, const char *const *names, int32_t count) {
  for (int32_t i = 0; i < count; i++)
    if (strcmp(name, names[i]) == 0)
      return i;
  return -1;
}

int32_t cnn__cpu_peek(void) {
  const char *wanted = variable("CNN_CPU");
  int32_t best = cnn__cpu_best(), level = wanted ? find(wanted, level_names, CNN__CPU_COUNT) : best;
  return level >= 0 && level <= best ? level : best;
}

int32_t cnn__cpu_choose(void) {
  const char *wanted = variable("CNN_CPU");
  int32_t best = cnn__cpu_best();
  if (wanted && find(wanted, level_names, CNN__CPU_COUNT) < 0)
    return cnn__fail(CNN_EINVAL, "CNN_CPU is '%s'; known are ref, avx2, avx512", wanted), -1;
  if (wanted && find(wanted, level_names, CNN__CPU_COUNT) > best)
    return cnn__fail(CNN_EINVAL, "CNN_CPU is '%s', but this machine has at most %s", wanted, cnn__cpu_name(best)), -1;
  return cnn__cpu_peek();
}

/* A switch of the environment, on where it is unset. -1 with text where it is neither 0 nor 1. */
static int32_t choose(const char *name) {
  const char *wanted = variable(name);
  int32_t on = wanted ? find(wanted, switch_names, 2) : 1;
  if (on < 0)
    (void)cnn__fail(CNN_EINVAL, "%s is '%s'; known are 0, 1", name, wanted);
  return on;
}

static int32_t peek(const char *name) {
  const char *wanted = variable(name);
  return !wanted || find(wanted, switch_names, 2) != 0;
}

int32_t cnn__fuse_choose(void) { return choose("CNN_FUSE"); }

int32_t cnn__fuse_peek(void) { return peek("CNN_FUSE"); }

static int32_t has_blas(void) {
#if defined(CNN_HAVE_BLAS)
  return 1;
#else
  return 0;
#endif
}

/* Why a known provider cannot be had on a level; NULL where it can. */
static const char *obstacle(int32_t provider, int32_t level) {
  if (provider == CNN__GEMM_BLAS && !has_blas())
    return "this libcnn was built without a BLAS";
  if (provider == CNN__GEMM_NATIVE && level == CNN__CPU_REF)
    return "there are no vector kernels for cpu ref";
  return NULL;
}

int32_t cnn__gemm_peek(int32_t level) {
  const char *wanted = variable("CNN_GEMM");
  int32_t provider = wanted ? find(wanted, provider_names, CNN__GEMM_COUNT) : -1;
  if (provider >= 0 && !obstacle(provider, level))
    return provider;
  if (level != CNN__CPU_REF)
    return CNN__GEMM_NATIVE;
  return has_blas() && cnn__cpu_best() == CNN__CPU_REF && !variable("CNN_CPU") ? CNN__GEMM_BLAS : CNN__GEMM_REF;
}

int32_t cnn__gemm_choose(int32_t level) {
  const char *wanted = variable("CNN_GEMM");
  if (wanted) {
    int32_t provider = find(wanted, provider_names, CNN__GEMM_COUNT);
    if (provider < 0)
      return cnn__fail(CNN_EINVAL, "CNN_GEMM is '%s'; known are native, blas, ref", wanted), -1;
    if (obstacle(provider, level))
      return cnn__fail(CNN_EINVAL, "CNN_GEMM is '%s', but %s", wanted, obstacle(provider, level)), -1;
  }
  return cnn__gemm_peek(level);
}

int32_t cnn__winograd_choose(void) { return choose("CNN_WINOGRAD"); }

int32_t cnn__winograd_peek(void) { return peek("CNN_WINOGRAD"); }
