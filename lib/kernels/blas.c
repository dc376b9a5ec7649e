/* blas: the provider of matrix products that hands them to the system's BLAS. Convolutions are laid out, a band of
 * output rows at a time, as matrices [pixel][ky][kx][channel] in the worker's scratch. Packed kernels are the plain matrices.
 * This provider stands outside the promise of equal bits. */
#include "kernels/build_info.h"
#include "kernels/conv_layout.h"

#include "core/text.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#if defined(CNN_HAVE_BLIS)
#include <blis.h>
#else
#include <cblas.h>
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t prepared = PTHREAD_ONCE_INIT, named = PTHREAD_ONCE_INIT;
static int32_t needs_lock;
static char name[128];

static void take_lock(void) { pthread_mutex_lock(&lock); }
static void leave_lock(void) { pthread_mutex_unlock(&lock); }

/* On the first product: our workers are the threads. A serial OpenBLAS may have been built without locks around its
 * buffers and does not tell, so its calls are made one after another; a fork must not copy a lock that is held. */
static void prepare(void) {
#if defined(CNN_HAVE_BLIS)
  bli_thread_set_num_threads(1);
#else
  openblas_set_num_threads(1);
  needs_lock = openblas_get_parallel() == 0;
#endif
  pthread_atfork(take_lock, leave_lock, leave_lock);
}

static void make_name(void) {
#if defined(CNN_HAVE_BLIS)
  cnn__format(name, sizeof name, "BLIS %s (core %s)", bli_info_get_version_str(), bli_arch_string(bli_arch_query_id()));
#else
  const char *config = openblas_get_config(), *version = strchr(config, ' ');
  size_t length = version ? strcspn(version + 1, " ") : 0;
  cnn__format(name, sizeof name, "OpenBLAS %.*s (core %s)", (int)length, version ? version + 1 : "",
              openblas_get_corename());
#endif
}

const char *cnn__blas_name(void) {
  pthread_once(&named, make_name);
  return name;
}

typedef struct matrix {
  const float *at;
  int64_t row;        /* from one row to the next */
  int32_t transposed; /* element (i, j) stands at [j][i] */
} matrix;

/* What a BLAS of 32-bit integers cannot address. */
static void multiply_huge(int64_t m, int64_t n, int64_t k, matrix a, matrix b, int32_t add, float *c, int64_t ldc) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      float sum = add ? c[i * ldc + j] : 0.0f;
      for (int64_t p = 0; p < k; p++)
        sum += a.at[a.transposed ? p * a.row + i : i * a.row + p] * b.at[b.transposed ? j * b.row + p : p * b.row + j];
      c[i * ldc + j] = sum;
    }
}

/* c [m, n] = a [m, k] b [k, n], added to what stands there if asked. */
static void multiply(int64_t m, int64_t n, int64_t k, matrix a, matrix b, int32_t add, float *c, int64_t ldc) {
  if (m > INT_MAX || n > INT_MAX || k > INT_MAX || a.row > INT_MAX || b.row > INT_MAX || ldc > INT_MAX) {
    multiply_huge(m, n, k, a, b, add, c, ldc);
    return;
  }
  pthread_once(&prepared, prepare);
  if (needs_lock)
    take_lock();
  cblas_sgemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans, b.transposed ? CblasTrans : CblasNoTrans, (int)m,
              (int)n, (int)k, 1.0f, a.at, (int)a.row, b.at, (int)b.row, add ? 1.0f : 0.0f, c, (int)ldc);
  if (needs_lock)
    leave_lock();
}

static void fill(int64_t m, int64_t n, const float *bias, float *c, int64_t ldc) {
  for (int64_t i = 0; i < m; i++)
    memcpy(c + i * ldc, bias, (size_t)n * sizeof(float));
}

static void rectify(int64_t m, int64_t n, float *c, int64_t ldc) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++)
      if (0.0f > c[i * ldc + j])
        c[i * ldc + j] = 0.0f;
}

static void gemm_pack(int64_t k, int64_t n, int64_t k0, int64_t k1, const float *w, float *packed) {
  (void)k;
  memcpy(packed + k0 * n, w + k0 * n, (size_t)((k1 - k0) * n) * sizeof(float));
}

static void gemm_pack_t(int64_t k, int64_t n, int64_t k0, int64_t k1, const float *w, float *packed) {
  for (int64_t p = k0; p < k1; p++)
    for (int64_t j = 0; j < n; j++)
      packed[j * k + p] = w[p * n + j];
}

static void product(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *packed,
                    const float *bias, int32_t relu, float *c, int64_t ldc) {
  if (bias)
    fill(m, n, bias, c, ldc);
  multiply(m, n, k, (matrix){a, lda, 0}, (matrix){packed, n, 0}, bias != NULL, c, ldc);
  if (relu)
    rectify(m, n, c, ldc);
}

static void product_tn(int64_t m, int64_t n, const float *a, int64_t lda, const float *b, int64_t ldb, int64_t k0,
                       int64_t k1, float *dw, const cnn__soon *soon) {
  (void)soon;
  multiply(k1 - k0, n, m, (matrix){a + k0, lda, 1}, (matrix){b, ldb, 0}, 0, dw + k0 * n, n);
}

static int64_t group_inputs(const cnn__conv *g) { return g->c / g->groups; }
static int64_t group_outputs(const cnn__conv *g) { return g->f / g->groups; }
static int64_t terms(const cnn__conv *g) { return g->kh * g->kw * group_inputs(g); }

static void conv_pack(const cnn__conv *g, const float *w, float *packed) {
  memcpy(packed, w, (size_t)(terms(g) * g->f) * sizeof(float));
}

/* A band of output rows of one image and group, and the matrix of its taps. */
typedef struct band {
  int64_t row0, row1;
  int64_t group;
  float *taps;
} band;

/* The offset of a tap's first channel in the image, or -1 outside. */
static int64_t tap_offset(const cnn__conv *g, int64_t i, int64_t j, int64_t tap) {
  int64_t row = i * g->sh + tap / g->kw * g->dh - g->pt, column = j * g->sw + tap % g->kw * g->dw - g->pl;
  return row < 0 || row >= g->h || column < 0 || column >= g->w ? -1 : (row * g->w + column) * g->c;
}

static void lay_out(const cnn__conv *g, const band *b, const float *x) {
  int64_t channels = group_inputs(g);
  float *to = b->taps;
  for (int64_t pixel = b->row0 * g->ow; pixel < b->row1 * g->ow; pixel++)
    for (int64_t tap = 0; tap < g->kh * g->kw; tap++, to += channels) {
      int64_t offset = tap_offset(g, pixel / g->ow, pixel % g->ow, tap);
      if (offset < 0) {
        memset(to, 0, (size_t)channels * sizeof(float));
      } else {
        memcpy(to, x + offset + b->group * channels, (size_t)channels * sizeof(float));
      }
    }
}

static void add_back(const cnn__conv *g, const band *b, float *dx) {
  int64_t channels = group_inputs(g);
  const float *from = b->taps;
  for (int64_t pixel = b->row0 * g->ow; pixel < b->row1 * g->ow; pixel++)
    for (int64_t tap = 0; tap < g->kh * g->kw; tap++, from += channels) {
      int64_t offset = tap_offset(g, pixel / g->ow, pixel % g->ow, tap);
      for (int64_t p = 0; offset >= 0 && p < channels; p++)
        dx[offset + b->group * channels + p] += from[p];
    }
}

/* The next band of an image: through the rows of a group, then the next group. 0 after the last. */
static int32_t next_band(const cnn__conv *g, band *b) {
  b->row0 = b->row1;
  if (b->row0 == g->oh) {
    b->group++;
    b->row0 = 0;
  }
  b->row1 = cnn__at_most(b->row0 + cnn__conv_band_rows(g), g->oh);
  return b->group < g->groups;
}

static void forward(const cnn__conv *g, int64_t n, const float *x, const float *packed, const float *bias, int32_t relu,
                    float *y, void *scratch) {
  for (; n > 0; n--, x += g->h * g->w * g->c, y += g->oh * g->ow * g->f) {
    if (bias)
      fill(g->oh * g->ow, g->f, bias, y, g->f);
    for (band b = {0, 0, 0, scratch}; next_band(g, &b);) {
      int64_t first = b.group * group_outputs(g);
      lay_out(g, &b, x);
      multiply((b.row1 - b.row0) * g->ow, group_outputs(g), terms(g), (matrix){b.taps, terms(g), 0},
               (matrix){packed + first, g->f, 0}, bias != NULL, y + b.row0 * g->ow * g->f + first, g->f);
    }
    if (relu)
      rectify(g->oh * g->ow, g->f, y, g->f);
  }
}

static void backward_data(const cnn__conv *g, int64_t n, const float *dy, const float *packed_t, float *dx,
                          void *scratch) {
  for (; n > 0; n--, dx += g->h * g->w * g->c, dy += g->oh * g->ow * g->f) {
    memset(dx, 0, (size_t)(g->h * g->w * g->c) * sizeof(float));
    for (band b = {0, 0, 0, scratch}; next_band(g, &b);) {
      int64_t first = b.group * group_outputs(g);
      multiply((b.row1 - b.row0) * g->ow, terms(g), group_outputs(g),
               (matrix){dy + b.row0 * g->ow * g->f + first, g->f, 0}, (matrix){packed_t + first, g->f, 1}, 0, b.taps, terms(g));
      add_back(g, &b, dx);
    }
  }
}

static void backward_weights(const cnn__conv *g, int64_t n, const float *x, const float *dy, int32_t add, float *dw,
                             void *scratch) {
  if (!add)
    memset(dw, 0, (size_t)(terms(g) * g->f) * sizeof(float));
  for (; n > 0; n--, x += g->h * g->w * g->c, dy += g->oh * g->ow * g->f)
    for (band b = {0, 0, 0, scratch}; next_band(g, &b);) {
      int64_t first = b.group * group_outputs(g);
      lay_out(g, &b, x);
      multiply(terms(g), group_outputs(g), (b.row1 - b.row0) * g->ow, (matrix){b.taps, terms(g), 1},
               (matrix){dy + b.row0 * g->ow * g->f + first, g->f, 0}, 1, dw + first, g->f);
    }
}

void cnn__blas_init(cnn__kernels *t) {
  t->conv_pack = conv_pack;
  t->conv_pack_t = conv_pack;
  t->conv_forward = forward;
  t->conv_backward_data = backward_data;
  t->conv_backward_weights = backward_weights;
  t->gemm_pack = gemm_pack;
  t->gemm_pack_t = gemm_pack_t;
  t->gemm = product;
  t->gemm_tn = product_tn;
}
