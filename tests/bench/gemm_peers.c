/* gemm_peers: oneDNN's sgemm and matmul, OpenBLAS's sgemm. A serial OpenBLAS is given as many strips of the result as
 * there are threads, each on a thread of its own. */
#include "gemm_peers.h"

#include "report.h"

#include "core/context_internal.h"
#include "core/cpu.h"
#include "core/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(BENCH_HAVE_ONEDNN)
#include <dnnl.h>
#endif
#if defined(CNN_HAVE_OPENBLAS)
#include <cblas.h>
#endif

static void *as_it_is(const gemm_product *p) { return (void *)(uintptr_t)p; }
static void keep(void *prepared) { (void)prepared; }

/* ---- oneDNN ---- */

#if defined(BENCH_HAVE_ONEDNN)
static void onednn_sgemm(void *prepared) {
  const gemm_product *p = prepared;
  dnnl_sgemm(p->a_transposed ? 'T' : 'N', p->b_transposed ? 'T' : 'N', p->m, p->n, p->k, 1.0f, p->a,
             p->a_transposed ? p->m : p->k, p->b, p->b_transposed ? p->k : p->n, 0.0f, p->c, p->n);
}

typedef struct matmul {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_t primitive;
  dnnl_memory_t memory[3]; /* a, b, c */
} matmul;

static void matmul_release(void *prepared) {
  matmul *m = prepared;
  for (int i = 0; i < 3; i++)
    if (m->memory[i])
      dnnl_memory_destroy(m->memory[i]);
  if (m->primitive)
    dnnl_primitive_destroy(m->primitive);
  if (m->stream)
    dnnl_stream_destroy(m->stream);
  if (m->engine)
    dnnl_engine_destroy(m->engine);
  free(m);
}

static int described(dnnl_memory_desc_t *d, int64_t rows, int64_t columns, int transposed) {
  return dnnl_memory_desc_init_by_strides(d, 2, (dnnl_dims_t){rows, columns}, dnnl_f32,
                                          transposed ? (dnnl_dims_t){1, rows} : (dnnl_dims_t){columns, 1}) == dnnl_success;
}

/* b in the layout that the primitive asks for. */
static int lay_out(matmul *m, const gemm_product *p, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
  dnnl_memory_t plain = NULL;
  dnnl_primitive_desc_t descriptor = NULL;
  dnnl_primitive_t reorder = NULL;
  int done = dnnl_memory_create(&plain, from, m->engine, (void *)(uintptr_t)p->b) == dnnl_success &&
             dnnl_memory_create(&m->memory[1], to, m->engine, DNNL_MEMORY_ALLOCATE) == dnnl_success &&
             dnnl_reorder_primitive_desc_create(&descriptor, from, m->engine, to, m->engine, NULL) == dnnl_success &&
             dnnl_primitive_create(&reorder, descriptor) == dnnl_success;
  if (done) {
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, m->memory[1]}};
    done = dnnl_primitive_execute(reorder, m->stream, 2, arguments) == dnnl_success &&
           dnnl_stream_wait(m->stream) == dnnl_success;
  }
  if (reorder)
    dnnl_primitive_destroy(reorder);
  if (descriptor)
    dnnl_primitive_desc_destroy(descriptor);
  if (plain)
    dnnl_memory_destroy(plain);
  return done;
}

static int build(matmul *m, const gemm_product *p) {
  dnnl_memory_desc_t a, b, any, c;
  dnnl_matmul_desc_t operation;
  dnnl_primitive_desc_t descriptor = NULL;
  if (dnnl_engine_create(&m->engine, dnnl_cpu, 0) != dnnl_success ||
      dnnl_stream_create(&m->stream, m->engine, dnnl_stream_default_flags) != dnnl_success ||
      !described(&a, p->m, p->k, p->a_transposed) || !described(&b, p->k, p->n, p->b_transposed) ||
      !described(&c, p->m, p->n, 0) ||
      dnnl_memory_desc_init_by_tag(&any, 2, (dnnl_dims_t){p->k, p->n}, dnnl_f32, dnnl_format_tag_any) != dnnl_success ||
      dnnl_matmul_desc_init(&operation, &a, p->b_packed ? &any : &b, NULL, &c) != dnnl_success ||
      dnnl_primitive_desc_create(&descriptor, &operation, NULL, m->engine, NULL) != dnnl_success)
    return 0;
  int done = dnnl_primitive_create(&m->primitive, descriptor) == dnnl_success &&
             dnnl_memory_create(&m->memory[0], &a, m->engine, (void *)(uintptr_t)p->a) == dnnl_success &&
             dnnl_memory_create(&m->memory[2], &c, m->engine, p->c) == dnnl_success &&
             lay_out(m, p, &b, dnnl_primitive_desc_query_md(descriptor, dnnl_query_weights_md, 0));
  dnnl_primitive_desc_destroy(descriptor);
  return done;
}

static void *matmul_prepare(const gemm_product *p) {
  matmul *m = bench_memory(NULL, sizeof *m);
  *m = (matmul){0};
  if (build(m, p))
    return m;
  matmul_release(m);
  return NULL;
}

static void matmul_run(void *prepared) {
  matmul *m = prepared;
  dnnl_exec_arg_t arguments[] = {
      {DNNL_ARG_SRC, m->memory[0]}, {DNNL_ARG_WEIGHTS, m->memory[1]}, {DNNL_ARG_DST, m->memory[2]}};
  dnnl_primitive_execute(m->primitive, m->stream, 3, arguments);
  dnnl_stream_wait(m->stream);
}
#define ONEDNN(name, prepare, run, release) {name, NULL, prepare, run, release}
#else
#define ONEDNN(name, prepare, run, release) {name, "no oneDNN", NULL, NULL, NULL}
#endif

/* ---- OpenBLAS ---- */

#if defined(CNN_HAVE_OPENBLAS)
static void strip(void *user, int64_t item, int32_t worker) {
  const gemm_product *p = user;
  (void)worker;
  int64_t rows = p->m >= p->n, extent = rows ? p->m : p->n;
  int64_t step = ((extent + p->threads - 1) / p->threads + 15) / 16 * 16, from = item * step;
  int64_t count = extent - from < step ? extent - from : step, m = rows ? count : p->m, n = rows ? p->n : count;
  if (count <= 0)
    return;
  const float *a = p->a + (!rows ? 0 : p->a_transposed ? from : from * p->k);
  const float *b = p->b + (rows ? 0 : p->b_transposed ? from * p->k : from);
  cblas_sgemm(CblasRowMajor, p->a_transposed ? CblasTrans : CblasNoTrans, p->b_transposed ? CblasTrans : CblasNoTrans,
              (int)m, (int)n, (int)p->k, 1.0f, a, (int)(p->a_transposed ? p->m : p->k), b,
              (int)(p->b_transposed ? p->k : p->n), 0.0f, p->c + (rows ? from * p->n : from), (int)p->n);
}

static void openblas(void *prepared) {
  gemm_product *p = prepared;
  cnn__pool_run(p->pool, p->threads, strip, p);
}
#define OPENBLAS {"openblas", NULL, as_it_is, openblas, keep}
#else
#define OPENBLAS {"openblas", "no OpenBLAS", NULL, NULL, NULL}
#endif

const gemm_peer gemm_peers[] = {ONEDNN("onednn_sgemm", as_it_is, onednn_sgemm, keep),
                                ONEDNN("onednn_matmul", matmul_prepare, matmul_run, matmul_release), OPENBLAS};
const int32_t gemm_peer_count = sizeof gemm_peers / sizeof *gemm_peers;

/* ---- settings ---- */

static int differs(const char *name, const char *value) {
  const char *found = getenv(name);
  if (found && strcmp(found, value) == 0)
    return 0;
  setenv(name, value, 1);
  return 1;
}

/* This program with the arguments that it was given. */
static cnn_status start_anew(void) {
  static char text[65536];
  char *arguments[256] = {0};
  FILE *file = fopen("/proc/self/cmdline", "r");
  size_t bytes = file ? fread(text, 1, sizeof text - 1, file) : 0;
  if (file)
    fclose(file);
  for (size_t i = 0, count = 0; i < bytes && count < 255; i += strlen(text + i) + 1)
    arguments[count++] = text + i;
  if (bytes)
    execv("/proc/self/exe", arguments);
  return cnn__fail(CNN_EIO, "the program cannot be started anew with settings for oneDNN and OpenBLAS: %s", strerror(errno));
}

cnn_status gemm_peers_settings(const bench *b) {
  int32_t avx512 = b->context->level == CNN__CPU_AVX512;
  char threads[16];
  snprintf(threads, sizeof threads, "%d", b->threads);
  int changed = differs("OPENBLAS_CORETYPE", avx512 ? "SkylakeX" : "Haswell");
  changed |= differs("OMP_NUM_THREADS", threads);
  changed |= differs("OPENBLAS_NUM_THREADS", "1");
  changed |= differs("GOMP_SPINCOUNT", "100000"); /* about a millisecond */
  changed |= differs("DNNL_MAX_CPU_ISA", avx512 ? "ALL" : "AVX2");
  return changed ? start_anew() : CNN_OK;
}
