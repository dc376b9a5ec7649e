/* Matrix products: every level against the reference, the reference against sums in double, the BLAS within bounds. */
#include "check.h"

void cnn__ref_gemm_init(cnn__kernels *t);

/* m, n, k */
static const int64_t listed[][3] = {
    {8, 128, 3136}, {8, 3136, 128}, {8, 10, 128}, {128, 10, 128}, {128, 128, 260}, {1, 1, 1}, {1, 16, 1}, {1, 17, 700},
    {3, 5, 7}, {9, 33, 31}, {15, 48, 64}, {29, 16, 1030}, {30, 47, 513}, {43, 1, 512}, {64, 64, 64}, {100, 15, 1025},
    {1, 145, 300}, {2, 90, 65}, {270, 26, 100}, {40, 42, 130}, {8, 77, 20}, {8, 32, 129}, {3, 150, 33}, {1, 64, 5}, {129, 7, 13}, {300, 100, 70}, {1030, 33, 1230}, {7, 150, 67}, {2, 200, 7}, {3, 64, 1}, {4, 130, 90},
    {140, 200, 110}, {2100, 150, 20}, {16, 81, 128}, {33, 47, 98}, {30, 225, 40}};
#define LISTED ((int64_t)(sizeof listed / sizeof listed[0]))
#define DRAWN 80

typedef struct extents {
  int64_t m, n, k;
} extents;

static int32_t shape(const char *slot, int64_t i, extents *e) {
  if (i >= LISTED + DRAWN) {
    return 0;
  }
  const uint64_t before = draw_state;
  draw_state = 900 + (uint64_t)i;
  *e = i < LISTED ? (extents){listed[i][0], listed[i][1], listed[i][2]}
                  : (extents){1 + draw_below(70), 1 + draw_below(70), 1 + draw_below(90)};
  draw_state = before;
  at.slot = slot;
  at.extents[0] = e->m;
  at.extents[1] = e->n;
  at.extents[2] = e->k;
  return 1;
}
#define EACH_SHAPE(slot) \
  extents e;             \
  for (int64_t which = 0; shape(#slot, which, &e); which++)

/* Packed matrices are aligned: they end at the forbidden page or begin behind one. */
static float *packed(const cnn__kernels *t, int transposed, int64_t k, int64_t n, const float *w) {
  const int placement = at.placement;
  at.placement = placement == 1;
  const int64_t floats = transposed ? cnn__gemm_packed_floats(n, k) : cnn__gemm_packed_floats(k, n);
  float *p = place(14, (size_t)floats * sizeof *p);
  at.placement = placement;
  const int64_t cut = transposed ? (k + n) % (k / 16 + 1) * 16 : (k + n) % (k + 1);
  cnn__gemm_pack_fn *pack = transposed ? t->gemm_pack_t : t->gemm_pack;
  pack(k, n, cut, k, w, p);
  pack(k, n, 0, cut, w, p);
  check_bands(14);
  return p;
}

static void is_packed(const cnn__kernels *t, const extents *e) {
  const float *w = place_floats(0, e->k * e->n, MIXED), *p = packed(t, 0, e->k, e->n, w);
  for (int64_t j = 0; j < e->n; j += 16)
    for (int64_t i = 0; i < e->k; i++)
      for (int64_t l = j; l < j + 16; l++, p++) {
        const float want = l < e->n ? w[i * e->n + l] : 0.0f;
        if (memcmp(p, &want, sizeof want) != 0)
          ck_abort_msg(WHERE "element %lld, %lld is %a, not %a", WHERE_VALUES, (long long)i, (long long)l, (double)*p,
                       (double)want);
      }
  ck_assert_ptr_eq(p, areas[14].data + areas[14].bytes);
}

static void is_packed_t(const cnn__kernels *t, const extents *e) {
  const float *w = place_floats(0, e->k * e->n, MIXED), *p = packed(t, 1, e->k, e->n, w);
  for (int64_t i = 0; i < e->k; i += 16)
    for (int64_t j = 0; j < e->n; j++)
      for (int64_t l = i; l < i + 16; l++, p++) {
        const float want = l < e->k ? w[l * e->n + j] : 0.0f;
        if (memcmp(p, &want, sizeof want) != 0)
          ck_abort_msg(WHERE "element %lld, %lld is %a, not %a", WHERE_VALUES, (long long)l, (long long)j, (double)*p,
                       (double)want);
      }
  ck_assert_ptr_eq(p, areas[14].data + areas[14].bytes);
}

#define PACKED(slot, function)                                                        \
  CASE(slot) {                                                                        \
    EACH_SHAPE(slot) {                                                                \
      EACH_PLACEMENT(5 + (uint64_t)which) { function(reference(), &e); }              \
      EACH_LEVEL(slot) { EACH_PLACEMENT(5 + (uint64_t)which) { function(t, &e); } }   \
      at.level = "ref";                                                               \
    }                                                                                 \
  }                                                                                   \
  END_CASE
PACKED(gemm_pack, is_packed)
PACKED(gemm_pack_t, is_packed_t)

/* Rows apart by `stride`; what lies between the rows of an output must stay as it was, which equal bytes show. */
static int64_t floats(int64_t rows, int64_t columns, int64_t stride) { return (rows - 1) * stride + columns; }

static const int kinds[] = {UNIFORM, MIXED, DENORMAL};

static void gemm_equals(const cnn__kernels *t, const extents *e, int64_t which, int kind) {
  const int64_t lda = e->k + which % 4 * 3, ldc = e->n + which % 3 * 5;
  const float *a = place_floats(0, floats(e->m, e->k, lda), kind), *w = place_floats(1, e->k * e->n, kind);
  const float *bias = which % 3 ? place_floats(2, e->n, kind) : NULL, *p = packed(reference(), 0, e->k, e->n, w);
  const int32_t relu = which % 2 != 0;
  reference()->gemm(e->m, e->n, e->k, a, lda, p, bias, relu, place_output(3, floats(e->m, e->n, ldc)), ldc);
  check_bands(3);
  t->gemm(e->m, e->n, e->k, a, lda, p, bias, relu, place_output(4, floats(e->m, e->n, ldc)), ldc);
  same_floats(4, 3);
}

CASE(gemm) {
  EACH_LEVEL(gemm) {
    EACH_SHAPE(gemm) {
      EACH_PLACEMENT(10 + (uint64_t)which) { gemm_equals(t, &e, which, kinds[(which + at.placement) % 3]); }
    }
  }
}
END_CASE

/* From a sample to the next: `more` beside its columns, or a multiple of 1 KiB. */
static int64_t sample(int64_t columns, int64_t which, int64_t more) {
  return which % 4 == 3 ? (columns + 255) / 256 * 256 : columns + more;
}

/* m samples; rows k0..k1 of the gradient alone are written. */
static void gemm_tn_equals(const cnn__kernels *t, const extents *e, int64_t which, int kind) {
  const int64_t lda = sample(e->k, which, which % 4 * 3), ldb = sample(e->n, which, which % 3 * 5);
  const int64_t k0 = which % 5 ? draw_below(e->k) : 0, k1 = which % 5 ? k0 + draw_below(e->k - k0 + 1) : e->k;
  const float *a = place_floats(0, floats(e->m, e->k, lda), kind), *b = place_floats(1, floats(e->m, e->n, ldb), kind);
  reference()->gemm_tn(e->m, e->n, a, lda, b, ldb, k0, k1, place_output(2, e->k * e->n), NULL);
  check_bands(2);
  const cnn__soon soon = {.at = {a, b}, .floats = e->m * (lda < ldb ? lda : ldb)};
  t->gemm_tn(e->m, e->n, a, lda, b, ldb, k0, k1, place_output(3, e->k * e->n), which % 2 ? &soon : NULL);
  same_floats(3, 2);
}

CASE(gemm_tn) {
  EACH_LEVEL(gemm_tn) {
    EACH_SHAPE(gemm_tn) {
      EACH_PLACEMENT(20 + (uint64_t)which) { gemm_tn_equals(t, &e, which, kinds[(which + at.placement) % 3]); }
    }
  }
}
END_CASE

/* The shards of every batch from one sample to more than 33 shards join as tree_sum joins them. */
START_TEST(shards_join_by_the_fixed_tree) {
  enum { N = 5, K = 3 };
  at.placement = 0;
  at.level = reference()->level;
  for (int64_t m = 1; m <= 270; m++) {
    NOTE(gemm_tn, m, N, K);
    const int64_t shards = (m + CNN__SHARD - 1) / CNN__SHARD;
    const float *a = place_floats(0, m * K, UNIFORM), *b = place_floats(1, m * N, UNIFORM);
    float *slots = place_output(2, shards * K * N);
    for (int64_t s = 0; s < shards; s++) {
      const int64_t rows = m - s * CNN__SHARD < CNN__SHARD ? m - s * CNN__SHARD : CNN__SHARD;
      reference()->gemm_tn(rows, N, a + s * CNN__SHARD * K, K, b + s * CNN__SHARD * N, N, 0, K, slots + s * K * N, NULL);
    }
    reference()->tree_sum(K * N, shards, K * N, slots, place_output(3, K * N));
    reference()->gemm_tn(m, N, a, K, b, N, 0, K, place_output(4, K * N), NULL);
    same_floats(4, 3);
  }
}
END_TEST

/* The reference is compiled with FMA where the CPU has it, and without: the bits are the same. */
START_TEST(reference_without_fma) {
  cnn__kernels plain = {.level = "ref"};
  cnn__ref_gemm_init(&plain);
  at.level = "ref without fma";
  EACH_SHAPE(gemm) {
    EACH_PLACEMENT(30 + (uint64_t)which) {
      if (e.m * e.n * e.k < 500000) {
        gemm_equals(&plain, &e, which, kinds[at.placement]);
        gemm_tn_equals(&plain, &e, which, kinds[at.placement]);
      }
    }
  }
}
END_TEST

static void within(float got, double want, double size, int64_t terms) {
  const double bound = size * (double)(terms + 2) * 0x1p-24;
  ck_assert_msg(fabs((double)got - want) <= bound, WHERE "%.9g, not %.9g (bound %.3g)", WHERE_VALUES, (double)got, want,
                bound);
}

/* c = a w + bias, twice: w packed, and as the transpose of its transpose. dw = a' b. */
static void all_within(const cnn__kernels *t, const extents *e) {
  const float *a = place_floats(0, e->m * e->k, UNIFORM), *w = place_floats(1, e->k * e->n, UNIFORM);
  const float *bias = place_floats(2, e->n, UNIFORM), *b = place_floats(3, e->m * e->n, UNIFORM);
  float *c = place_output(4, e->m * e->n), *dx = place_output(5, e->m * e->k), *dw = place_output(6, e->k * e->n);
  t->gemm(e->m, e->n, e->k, a, e->k, packed(t, 0, e->k, e->n, w), bias, 0, c, e->n);
  t->gemm(e->m, e->k, e->n, b, e->n, packed(t, 1, e->k, e->n, w), NULL, 0, dx, e->k);
  t->gemm_tn(e->m, e->n, a, e->k, b, e->n, 0, e->k, dw, NULL);
  for (int i = 4; i <= 6; i++) {
    check_bands(i);
  }
  for (int64_t i = 0; i < e->m * e->n; i++) {
    double sum = bias[i % e->n], size = fabs(sum);
    for (int64_t p = 0; p < e->k; p++) {
      const double term = (double)a[i / e->n * e->k + p] * (double)w[p * e->n + i % e->n];
      sum += term;
      size += fabs(term);
    }
    within(c[i], sum, size, e->k);
  }
  for (int64_t i = 0; i < e->m * e->k; i++) {
    double sum = 0, size = 0;
    for (int64_t j = 0; j < e->n; j++) {
      const double term = (double)b[i / e->k * e->n + j] * (double)w[i % e->k * e->n + j];
      sum += term;
      size += fabs(term);
    }
    within(dx[i], sum, size, e->n);
  }
  for (int64_t i = 0; i < e->k * e->n; i++) {
    double sum = 0, size = 0;
    for (int64_t r = 0; r < e->m; r++) {
      const double term = (double)a[r * e->k + i / e->n] * (double)b[r * e->n + i % e->n];
      sum += term;
      size += fabs(term);
    }
    within(dw[i], sum, size, e->m);
  }
  float *relu = place_output(7, e->m * e->n);
  t->gemm(e->m, e->n, e->k, a, e->k, packed(t, 0, e->k, e->n, w), bias, 1, relu, e->n);
  for (int64_t i = 0; i < e->m * e->n; i++) {
    ck_assert(relu[i] == (c[i] > 0.0f ? c[i] : 0.0f));
  }
}

START_TEST(reference_within_bounds) {
  EACH_SHAPE(gemm) {
    EACH_PLACEMENT(40 + (uint64_t)which) { all_within(reference(), &e); }
  }
}
END_TEST

#if defined(CNN_HAVE_BLAS)
/* Not with arrays that end at a forbidden page: BLIS 0.9 reads a few bytes behind the result's last row. */
START_TEST(blas_within_bounds) {
  const cnn__kernels *t = cnn__kernels_for(cnn__cpu_best(), CNN__GEMM_BLAS);
  at.level = t->provider;
  EACH_SHAPE(gemm) {
    EACH_PLACEMENT(50 + (uint64_t)which) {
      if (at.placement > 0) {
        all_within(t, &e);
      }
    }
  }
}
END_TEST
#endif

/* No term: c is the bias, or 0; no sample: the gradient is 0. */
START_TEST(empty_sums) {
  for (int32_t level = CNN__CPU_REF; level <= cnn__cpu_best(); level++)
    for (int32_t provider = CNN__GEMM_NATIVE; provider <= CNN__GEMM_REF; provider++) {
      const cnn__kernels *t = cnn__kernels_for(level, provider);
      static const float bias[3] = {1.0f, -2.0f, 3.0f};
      float c[4 * 3], dw[2 * 3], w[3] = {0};
      t->gemm(4, 3, 0, bias, 1, w, bias, 0, c, 3);
      for (int i = 0; i < 12; i++) {
        ck_assert(c[i] == bias[i % 3]);
      }
      t->gemm(4, 3, 0, bias, 1, w, NULL, 0, c, 3);
      for (int i = 0; i < 12; i++) {
        ck_assert(c[i] == 0.0f);
      }
      t->gemm_tn(0, 3, bias, 2, bias, 3, 0, 2, dw, NULL);
      for (int i = 0; i < 6; i++) {
        ck_assert(dw[i] == 0.0f);
      }
    }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/gemm");
  TCase *tcase = tcase_create("gemm");
  tcase_set_timeout(tcase, 300);
  ADD_CASE(tcase, gemm_pack);
  ADD_CASE(tcase, gemm_pack_t);
  ADD_CASE(tcase, gemm);
  ADD_CASE(tcase, gemm_tn);
  tcase_add_test(tcase, shards_join_by_the_fixed_tree);
  tcase_add_test(tcase, reference_without_fma);
  tcase_add_test(tcase, reference_within_bounds);
#if defined(CNN_HAVE_BLAS)
  tcase_add_test(tcase, blas_within_bounds);
#endif
  tcase_add_test(tcase, empty_sums);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
