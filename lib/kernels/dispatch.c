/* dispatch: the tables of kernels, one for each pair of level and provider.
 *
 * A table starts as the plain C reference (compiled with FMA where the CPU has it: the same bits, sooner), then every
 * level up to the one asked for writes the slots it has. All tables are filled the first time one is asked for. */
#include "kernels/kernel.h"

#include <pthread.h>

#include "core/cpu.h"

#define FAMILY(init) \
  void cnn__ref_##init(cnn__kernels *t); \
  void cnn__ref_fma_##init(cnn__kernels *t); \
  void cnn__avx2_##init(cnn__kernels *t); \
  void cnn__avx512_##init(cnn__kernels *t);
CNN__FAMILIES(FAMILY)
#undef FAMILY

static cnn__kernels tables[CNN__CPU_COUNT][CNN__GEMM_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_reference(cnn__kernels *t) {
#if defined(__x86_64__)
  if (cnn__cpu_has_fma()) {
#define FAMILY(init) cnn__ref_fma_##init(t);
    CNN__FAMILIES(FAMILY)
#undef FAMILY
    return;
  }
#endif
#define FAMILY(init) cnn__ref_##init(t);
  CNN__FAMILIES(FAMILY)
#undef FAMILY
}

static void fill_level(cnn__kernels *t, int32_t level) {
#if defined(__x86_64__)
#define FAMILY(init) cnn__avx2_##init(t);
  if (level >= CNN__CPU_AVX2) {
    CNN__FAMILIES(FAMILY)
  }
#undef FAMILY
#define FAMILY(init) cnn__avx512_##init(t);
  if (level >= CNN__CPU_AVX512) {
    CNN__FAMILIES(FAMILY)
  }
#undef FAMILY
#else
  (void)t;
  (void)level;
#endif
}

/* Writes over t the slots of convolution and gemm that `from` holds. */
static void take_products(cnn__kernels *t, const cnn__kernels *from) {
  t->conv_pack = from->conv_pack;
  t->conv_pack_t = from->conv_pack_t;
  t->conv_forward = from->conv_forward;
  t->conv_backward_data = from->conv_backward_data;
  t->conv_backward_weights = from->conv_backward_weights;
  t->gemm_pack = from->gemm_pack;
  t->gemm_pack_t = from->gemm_pack_t;
  t->gemm = from->gemm;
  t->gemm_tn = from->gemm_tn;
}

static void fill(void) {
  cnn__kernels reference = {.level = cnn__cpu_name(CNN__CPU_REF), .provider = "ref"};
  fill_reference(&reference);
  for (int32_t level = CNN__CPU_REF; level <= cnn__cpu_best(); level++) {
    cnn__kernels *native = &tables[level][CNN__GEMM_NATIVE];
    *native = reference;
    native->level = cnn__cpu_name(level);
    if (level > CNN__CPU_REF) {
      native->provider = "native";
      fill_level(native, level);
    }
    tables[level][CNN__GEMM_REF] = *native;
    tables[level][CNN__GEMM_REF].provider = "ref";
    take_products(&tables[level][CNN__GEMM_REF], &reference);
    tables[level][CNN__GEMM_BLAS] = *native;
#if defined(CNN_HAVE_BLAS)
    tables[level][CNN__GEMM_BLAS].provider = "blas";
    cnn__blas_init(&tables[level][CNN__GEMM_BLAS]);
#endif
  }
}

const cnn__kernels *cnn__kernels_for(int32_t level, int32_t provider) {
  pthread_once(&once, fill);
  int32_t best = cnn__cpu_best();
  if (level < CNN__CPU_REF || level > best) {
    level = level < CNN__CPU_REF ? CNN__CPU_REF : best;
  }
  if (provider != CNN__GEMM_BLAS && provider != CNN__GEMM_REF) {
    provider = CNN__GEMM_NATIVE;
  }
  return &tables[level][provider];
}
