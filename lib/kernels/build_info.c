/* build_info: how the library was built and what it found. */
#include "kernels/build_info.h"

#include "core/context_internal.h"
#include "core/cpu.h"
#include "core/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor) TEXT_OF(major) "." TEXT_OF(minor)
#if defined(__clang__)
#define COMPILER "clang " VERSION_TEXT(__clang_major__, __clang_minor__)
#elif defined(__GNUC__)
#define COMPILER "gcc " VERSION_TEXT(__GNUC__, __GNUC_MINOR__)
#else
#define COMPILER "an unknown compiler"
#endif

static char info[512];
static pthread_once_t info_made = PTHREAD_ONCE_INIT;

const char *cnn_blas_name(void) {
#if defined(CNN_HAVE_BLAS)
  return cnn__blas_name();
#else
  return "none";
#endif
}

static void make_info(void) {
  int32_t best = cnn__cpu_best(), level = cnn__cpu_peek();
  cnn__format(info, sizeof info, "libcnn %s, %s, cpu %s (best %s), gemm %s, fusion %s, winograd %s, blas %s", cnn_version(),
              COMPILER, cnn__cpu_name(level), cnn__cpu_name(best), cnn__gemm_name(cnn__gemm_peek(level)),
              cnn__fuse_peek() ? "on" : "off", cnn__winograd_peek() ? "on" : "off", cnn_blas_name());
}

const char *cnn_build_info(void) {
  pthread_once(&info_made, make_info);
  return info;
}

int32_t cnn__blas_is_old(char core[32], const char *name) {
  static const char *const avx2[] = {"Haswell", "Zen", "Excavator", "SkylakeX", "Cooperlake", "Sapphirerapids"};
  const char *start = strncmp(name, "OpenBLAS", 8) == 0 ? strstr(name, "(core ") : NULL;
  const char *end = start ? strchr(start, ')') : NULL;
  core[0] = 0;
  if (!end)
    return 0;
  cnn__format(core, 32, "%.*s", (int)(end - start - 6), start + 6);
  for (size_t i = 0; i < sizeof avx2 / sizeof avx2[0]; i++)
    if (strcasecmp(core, avx2[i]) == 0)
      return 0;
  return 1;
}

void cnn__blas_warning(const cnn_context *context) {
  static atomic_int warned;
  char core[32];
  if (context->provider != CNN__GEMM_BLAS || !context->logger.write || atomic_exchange(&warned, 1))
    return;
  cnn__log(context, CNN_LOG_WARNING, "matrix products are computed by %s, whose own threads are set to one in this process",
           cnn_blas_name());
  if (cnn__cpu_best() >= CNN__CPU_AVX2 && cnn__blas_is_old(core, cnn_blas_name()))
    cnn__log(context, CNN_LOG_WARNING,
             "this BLAS takes the CPU for a %s and is several times slower than it could be; set OPENBLAS_CORETYPE=%s in the "
             "environment, or leave matrix products to libcnn (CNN_GEMM=native)",
             core, cnn__cpu_best() >= CNN__CPU_AVX512 ? "SkylakeX" : "Haswell");
}
