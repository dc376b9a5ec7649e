/* Convolutions by F(2x2, 3x3) and F(4x4, 3x3): every level against the reference, the reference against sums in double, images alone and
 * together, and which geometries go that way. The slots are those of conv.c. */
#include "conv_check.h"

#include "kernels/winograd.h"
#include "kernels/winograd4.h"

/* h, w, c, f, pt, pl, oh, ow; oh 0: same padding */
static const int64_t listed[][8] = {
    {14, 14, 32, 64, 1, 1, 0, 0}, /* the notebook's */
    {14, 14, 64, 32, 1, 1, 0, 0}, /* several blocks of input channels */
    {7, 7, 16, 16, 1, 1, 0, 0},   /* odd extents: tiles stick out */
    {8, 7, 33, 31, 1, 1, 0, 0},
    {7, 10, 65, 17, 0, 0, 5, 8},  /* no padding */
    {5, 5, 17, 49, 0, 0, 3, 3},
    {3, 3, 48, 16, 0, 0, 1, 1},
    {1, 1, 40, 40, 1, 1, 0, 0},
    {2, 9, 1, 1, 1, 1, 0, 0},
    {9, 2, 15, 3, 1, 1, 0, 0},
    {6, 6, 18, 20, 2, 2, 8, 8},   /* the input gradient of no padding */
    {6, 5, 19, 21, 0, 2, 4, 7},   /* paddings that differ, and too wide ones */
    {4, 5, 16, 5, 3, 4, 9, 12},
    {3, 4, 7, 18, 1, 0, 7, 3},    /* outputs that see no pixel */
    {12, 61, 34, 19, 1, 1, 0, 0}, /* more than a chunk in an image */
    {2, 3, 190, 180, 1, 1, 0, 0}, /* a large kernel: larger chunks */
    {13, 11, 17, 33, 1, 1, 0, 0}, /* enough tiles for the kernel gradient, odd */
    {24, 21, 20, 18, 0, 0, 22, 19},
    {12, 12, 47, 15, 1, 1, 0, 0},
    {3, 80, 6, 40, 1, 0, 3, 80},
};
#define LISTED ((int64_t)(sizeof listed / sizeof listed[0]))
#define DRAWN 24

static cnn__conv make(const int64_t v[8]) {
  cnn__conv g = {.h = v[0], .w = v[1], .c = v[2], .f = v[3], .kh = 3, .kw = 3, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
                 .pt = v[4], .pl = v[5], .oh = v[6] ? v[6] : v[0], .ow = v[6] ? v[7] : v[1], .groups = 1,
                 .algorithm = CNN__CONV_WINOGRAD};
  return g;
}

/* Geometry number i, first all of them for one tile size, then for the other, then with parts of a wide kernel; draws from a
 * state of its own, so that it is always the same. */
static int32_t geometry(const char *slot, int64_t number, cnn__conv *g) {
  const int64_t i = number % (LISTED + DRAWN);
  if (number >= 3 * (LISTED + DRAWN)) {
    return 0;
  }
  if (i < LISTED) {
    *g = make(listed[i]);
  } else {
    const uint64_t before = draw_state;
    draw_state = 9000 + (uint64_t)i;
    const int64_t h = 1 + draw_below(11), w = 1 + draw_below(31);
    *g = make((int64_t[8]){h, w, 1 + draw_below(70), 1 + draw_below(50), draw_below(4), draw_below(4), 1 + draw_below(9),
                           1 + draw_below(30)});
    draw_state = before;
  }
  static const int32_t algorithms[] = {CNN__CONV_WINOGRAD, CNN__CONV_WINOGRAD4, CNN__CONV_WIDE4};
  g->algorithm = algorithms[number / (LISTED + DRAWN)];
  at.slot = slot;
  memcpy(at.extents, (int64_t[]){number, g->c, g->f, g->ow}, sizeof at.extents);
  return 1;
}
#define EACH_GEOMETRY(slot) \
  cnn__conv g;              \
  for (int64_t which = 0; geometry(#slot, which, &g); which++)

static void backward_weights_equals(const cnn__kernels *t, const cnn__conv *g, int64_t which, int kind) {
  const int64_t n = images(g, which);
  const float *x = place_floats(0, n * x_floats(g), kind), *dy = place_floats(1, n * y_floats(g), kind);
  place_floats(3, w_floats(g), kind);
  place_copy(4, 3);
  float *want = (float *)(void *)areas[3].data, *got = (float *)(void *)areas[4].data;
  reference()->conv_backward_weights(g, n, x, dy, (int32_t)(which % 2), want, scratch(g));
  check_bands(3);
  t->conv_backward_weights(g, n, x, dy, (int32_t)(which % 2), got, scratch(g));
  same_floats(4, 3);
  check_bands(15);
}

#define EQUALS(slot, function)                                       \
  START_TEST(slot##_equals) {                                        \
    EACH_LEVEL(slot) {                                               \
      EACH_GEOMETRY(slot) {                                          \
        EACH_PLACEMENT(50 + (uint64_t)which) {                       \
          function(t, &g, which, kinds[(which + at.placement) % 3]); \
        }                                                            \
      }                                                              \
    }                                                                \
  }                                                                  \
  END_TEST
EQUALS(conv_forward, forward_equals)
EQUALS(conv_backward_data, backward_data_equals)
EQUALS(conv_backward_weights, backward_weights_equals)

/* The transformed kernel against the same in double; the one of the input gradient is that of the kernel turned round. */
START_TEST(kernels_are_transformed) {
  static const double small[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  static const double large[6][3] = {{64.0 / 81, 0, 0}, {-128.0 / 243, -32.0 / 81, -8.0 / 27}, {-128.0 / 243, 32.0 / 81, -8.0 / 27},
                                     {0, 0, 1}, {32.0 / 243, 16.0 / 81, 8.0 / 27}, {32.0 / 243, -16.0 / 81, 8.0 / 27}};
  at.level = "ref";
  EACH_GEOMETRY(conv_pack) {
    if (g.algorithm == CNN__CONV_WIDE4) {
      continue;
    }
    const double(*rows)[3] = g.algorithm == CNN__CONV_WINOGRAD ? small : large;
    const int64_t side = g.algorithm == CNN__CONV_WINOGRAD ? 4 : 6;
    EACH_PLACEMENT(60 + (uint64_t)which) {
      const float *w = place_floats(0, w_floats(&g), UNIFORM);
      for (int transposed = 0; transposed < 2; transposed++) {
        const int64_t lanes = transposed ? g.c : g.f, inner = transposed ? g.f : g.c;
        const float *u = packed(&g, reference(), transposed, w);
        for (int64_t slice = 0; slice < lanes; slice += 16)
          for (int64_t e = 0; e < side * side * inner * 16; e++, u++) {
            const int64_t point = e / 16 / inner, other = e / 16 % inner, lane = slice + e % 16;
            double want = 0;
            for (int64_t tap = 0; tap < 9 && lane < lanes; tap++) {
              const int64_t p = transposed ? lane : other, q = transposed ? other : lane;
              want += rows[point / side][tap / 3] * rows[point % side][tap % 3] *
                      (double)w[((transposed ? 8 - tap : tap) * g.c + p) * g.f + q];
            }
            ck_assert_msg(fabs((double)*u - want) <= 1e-6, WHERE "point %d: %.9g, not %.9g", WHERE_VALUES, (int)point,
                          (double)*u, want);
          }
        ck_assert_ptr_eq(u, areas[14].data + areas[14].bytes);
      }
    }
  }
}
END_TEST

/* Sums over the taps in double. */
typedef struct exact {
  double *y, *dx, *dw;
} exact;

static exact compute(const cnn__conv *g, int64_t n, const float *x, const float *dy, const float *w, const float *bias) {
  exact e = {calloc((size_t)(n * y_floats(g)), sizeof(double)), calloc((size_t)(n * x_floats(g)), sizeof(double)),
             calloc((size_t)w_floats(g), sizeof(double))};
  ck_assert(e.y && e.dx && e.dw);
  for (int64_t i = 0; i < n * y_floats(g); i++)
    e.y[i] = bias[i % g->f];
  for (int64_t i = 0; i < n * g->oh * g->ow * 9; i++) {
    const int64_t to = i / 9, tap = i % 9, image = to / g->ow / g->oh;
    const int64_t row = to / g->ow % g->oh + tap / 3 - g->pt, column = to % g->ow + tap % 3 - g->pl;
    if (row < 0 || row >= g->h || column < 0 || column >= g->w) {
      continue;
    }
    const int64_t from = (image * g->h + row) * g->w + column;
    for (int64_t p = 0; p < g->c; p++)
      for (int64_t q = 0; q < g->f; q++) {
        const int64_t k = (tap * g->c + p) * g->f + q;
        e.y[to * g->f + q] += (double)x[from * g->c + p] * (double)w[k];
        e.dx[from * g->c + p] += (double)dy[to * g->f + q] * (double)w[k];
        e.dw[k] += (double)x[from * g->c + p] * (double)dy[to * g->f + q];
      }
  }
  return e;
}

typedef struct error {
  double most, rms;
} error;

static error error_of(const float *got, const double *want, int64_t n) {
  error e = {0, 0};
  for (int64_t i = 0; i < n; i++) {
    const double d = fabs((double)got[i] - want[i]);
    e.most = d >= e.most ? d : e.most;
    e.rms += d * d;
  }
  e.rms = sqrt(e.rms / (double)n);
  return e;
}

typedef struct errors {
  error y, dx, dw;
} errors;

/* The errors of a table; numbers up to 1, kernels up to `reach`. */
static errors errors_of(const cnn__kernels *t, const cnn__conv *g, int64_t n, float reach) {
  float *w = place_floats(1, w_floats(g), UNIFORM);
  for (int64_t i = 0; i < w_floats(g); i++)
    w[i] *= reach;
  const float *x = place_floats(0, n * x_floats(g), UNIFORM), *bias = place_floats(2, g->f, UNIFORM);
  const float *dy = place_floats(3, n * y_floats(g), UNIFORM);
  float *y = place_output(4, n * y_floats(g)), *dx = place_output(5, n * x_floats(g));
  t->conv_forward(g, n, x, packed(g, t, 0, w), bias, 0, y, scratch(g));
  t->conv_backward_data(g, n, dy, packed(g, t, 1, w), dx, scratch(g));
  float *dw = place_output(7, w_floats(g));
  t->conv_backward_weights(g, n, x, dy, 0, dw, scratch(g));
  check_bands(4), check_bands(5), check_bands(7), check_bands(15);
  exact e = compute(g, n, x, dy, w, bias);
  const errors found = {error_of(y, e.y, n * y_floats(g)), error_of(dx, e.dx, n * x_floats(g)),
                        error_of(dw, e.dw, w_floats(g))};
  float *relu = place_output(6, n * y_floats(g));
  t->conv_forward(g, n, x, packed(g, t, 0, w), bias, 1, relu, scratch(g));
  for (int64_t i = 0; i < n * y_floats(g); i++)
    ck_assert(relu[i] == (y[i] > 0.0f ? y[i] : 0.0f));
  free(e.y), free(e.dx), free(e.dw);
  return found;
}

/* Rounding leaves a few millionths of such sums, a mistake far more. */
static void are_small(const errors *e, const cnn__conv *g, int64_t n) {
  ck_assert_msg(e->y.most <= 1e-6 * (8 + (double)g->c), WHERE "error of y %.3g", WHERE_VALUES, e->y.most);
  ck_assert_msg(e->dx.most <= 1e-6 * (8 + (double)g->f), WHERE "error of dx %.3g", WHERE_VALUES, e->dx.most);
  ck_assert_msg(e->dw.most <= 1e-6 * (8 + (double)(n * g->oh * g->ow)), WHERE "error of dw %.3g", WHERE_VALUES, e->dw.most);
}

START_TEST(reference_is_right) {
  at.level = "ref";
  EACH_GEOMETRY(conv_forward) {
    EACH_PLACEMENT(70 + (uint64_t)which) {
      const errors e = errors_of(reference(), &g, 1 + which % 3, 1.0f);
      are_small(&e, &g, 1 + which % 3);
    }
  }
}
END_TEST

#if defined(CNN_HAVE_BLAS)
/* The blas provider keeps its own way. Not with arrays that end at a forbidden page: see conv.c. */
START_TEST(blas_takes_no_notice) {
  at.level = "blas";
  at.placement = 2;
  EACH_GEOMETRY(conv_forward) {
    draw_state = 70 + (uint64_t)which;
    const errors e = errors_of(cnn__kernels_for(cnn__cpu_best(), CNN__GEMM_BLAS), &g, 1, 1.0f);
    are_small(&e, &g, 1);
  }
}
END_TEST
#endif

/* On the notebook's second convolution, kernels as large as they are initialised: less error than direct sums have. */
START_TEST(more_exact_than_direct_sums) {
  cnn__conv g = make(listed[0]), direct = g;
  direct.algorithm = CNN__CONV_DIRECT;
  at.level = "ref";
  at.placement = 0;
  draw_state = 80;
  const errors e = errors_of(reference(), &g, 4, 0.083f);
  draw_state = 80;
  const errors d = errors_of(reference(), &direct, 4, 0.083f);
  ck_assert_msg(e.y.most <= 1.5e-6 && e.y.rms <= 2e-7, "y: error %.3g, rms %.3g", e.y.most, e.y.rms);
  ck_assert_msg(e.dx.most <= 2e-6 && e.dx.rms <= 2.5e-7, "dx: error %.3g, rms %.3g", e.dx.most, e.dx.rms);
  ck_assert_msg(e.y.rms <= 0.8 * d.y.rms && e.dx.rms <= 0.8 * d.dx.rms, "rms %.3g, %.3g, direct %.3g, %.3g", e.y.rms,
                e.dx.rms, d.y.rms, d.dx.rms);
}
END_TEST

/* The larger tiles there: up to twice the error of direct sums, single values up to three times. */
START_TEST(larger_tiles_are_nearly_as_exact) {
  cnn__conv g = make(listed[0]), direct = g;
  g.algorithm = CNN__CONV_WINOGRAD4, direct.algorithm = CNN__CONV_DIRECT;
  at.level = "ref";
  at.placement = 0;
  draw_state = 80;
  const errors e = errors_of(reference(), &g, 4, 0.083f);
  draw_state = 80;
  const errors d = errors_of(reference(), &direct, 4, 0.083f);
  const error *got[] = {&e.y, &e.dx, &e.dw}, *other[] = {&d.y, &d.dx, &d.dw};
  for (int i = 0; i < 3; i++)
    ck_assert_msg(got[i]->most <= 3 * other[i]->most && got[i]->rms <= 2 * other[i]->rms,
                  "y, dx, dw, number %d: error %.3g, rms %.3g, direct %.3g, %.3g", i, got[i]->most, got[i]->rms, other[i]->most,
                  other[i]->rms);
}
END_TEST

/* Images whose kernel gradients are one chain: what calls may be cut at. Of a wide kernel the call's count decides. */
static int64_t summed_together(const cnn__conv *g, int64_t n) {
  if (g->algorithm == CNN__CONV_WIDE4)
    return n;
  const cnn__winograd s = cnn__winograd4_forward(g);
  const int64_t tiles = s.down * s.across, group = cnn__winograd4_group(&s, n * tiles);
  return g->algorithm == CNN__CONV_WINOGRAD4 && group > tiles ? group / tiles : 1;
}

/* A chunk holds tiles of several images: they do not touch each other. */
START_TEST(an_image_is_the_same_alone) {
  at.placement = 2;
  for (int32_t level = CNN__CPU_REF; level <= cnn__cpu_best(); level++) {
    const cnn__kernels *t = table_of(level);
    at.level = t->level;
    EACH_GEOMETRY(conv_forward) {
      const int64_t n = images(&g, which), x_one = x_floats(&g), y_one = y_floats(&g);
      draw_state = 90 + (uint64_t)which;
      const float *x = place_floats(0, n * x_one, UNIFORM), *w = place_floats(1, w_floats(&g), UNIFORM);
      const float *dy = place_floats(2, n * y_one, UNIFORM);
      float *y = place_output(3, n * y_one), *alone = place_output(4, n * y_one);
      const float *p = packed(&g, t, 0, w);
      t->conv_forward(&g, n, x, p, NULL, 1, y, scratch(&g));
      for (int64_t i = 0; i < n; i++)
        t->conv_forward(&g, 1, x + i * x_one, p, NULL, 1, alone + i * y_one, scratch(&g));
      same_floats(4, 3);
      float *dx = place_output(5, n * x_one), *dx_alone = place_output(6, n * x_one);
      p = packed(&g, t, 1, w);
      t->conv_backward_data(&g, n, dy, p, dx, scratch(&g));
      for (int64_t i = 0; i < n; i++)
        t->conv_backward_data(&g, 1, dy + i * y_one, p, dx_alone + i * x_one, scratch(&g));
      same_floats(6, 5);
      float *dw = place_output(7, w_floats(&g)), *dw_alone = place_output(8, w_floats(&g));
      t->conv_backward_weights(&g, n, x, dy, 0, dw, scratch(&g));
      const int64_t together = summed_together(&g, n);
      for (int64_t i = 0; i < n; i += together)
        t->conv_backward_weights(&g, n - i < together ? n - i : together, x + i * x_one, dy + i * y_one, i > 0, dw_alone,
                                 scratch(&g));
      same_floats(8, 7);
    }
  }
}
END_TEST

START_TEST(no_image) {
  at.placement = 0;
  for (int32_t level = CNN__CPU_REF; level <= cnn__cpu_best(); level++) {
    const cnn__conv g = make(listed[0]);
    float *dw = place_output(0, w_floats(&g));
    cnn__kernels_for(level, CNN__GEMM_NATIVE)->conv_backward_weights(&g, 0, NULL, NULL, 0, dw, NULL);
    for (int64_t i = 0; i < w_floats(&g); i++)
      ck_assert(dw[i] == 0.0f && !signbit(dw[i]));
    cnn__kernels_for(level, CNN__GEMM_NATIVE)->conv_forward(&g, 0, NULL, NULL, NULL, 1, NULL, NULL);
    cnn__kernels_for(level, CNN__GEMM_NATIVE)->conv_backward_data(&g, 0, NULL, NULL, NULL, NULL);
  }
}
END_TEST

static int32_t algorithm(int64_t side, int64_t c, int64_t f, int64_t pad) {
  cnn__conv g = make((int64_t[8]){side, side, c, f, pad, pad, side + 2 * pad - 2, side + 2 * pad - 2});
  g.algorithm = CNN__CONV_DIRECT;
  return cnn__conv_algorithm(&g);
}

START_TEST(shapes_decide) {
  static const int64_t sides[] = {4, 6, 7, 8, 14, 28, 56, 112};
  for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
    const int32_t large = sides[i] > 6 ? CNN__CONV_WINOGRAD4 : CNN__CONV_WINOGRAD;
    ck_assert_int_eq(algorithm(sides[i], 16, 16, 1), large);
    ck_assert_int_eq(algorithm(sides[i], 512, 128, 1), large);
    ck_assert_int_eq(algorithm(sides[i], 512, 129, 1), sides[i] > 6 ? CNN__CONV_WIDE4 : CNN__CONV_WINOGRAD);
    ck_assert_int_eq(algorithm(sides[i], 15, 64, 1), CNN__CONV_DIRECT);
    ck_assert_int_eq(algorithm(sides[i], 64, 15, 1), CNN__CONV_DIRECT);
  }
  /* Tiles that stick out of small images, or lie outside for the most part, are not worth it. */
  for (int64_t side = 1; side <= 3; side++)
    ck_assert_int_eq(algorithm(side, 64, 64, 1), CNN__CONV_DIRECT);
  ck_assert_int_eq(algorithm(5, 64, 64, 1), CNN__CONV_DIRECT);
  ck_assert_int_eq(algorithm(3, 64, 64, 0), CNN__CONV_DIRECT);
  ck_assert_int_eq(algorithm(4, 64, 64, 0), CNN__CONV_WINOGRAD);
  cnn__conv g = make((int64_t[8]){2, 2, 64, 64, 9, 9, 18, 18});
  ck_assert_int_eq(cnn__conv_algorithm(&g), CNN__CONV_DIRECT);
}
END_TEST

START_TEST(other_kernels_are_direct) {
  const cnn__conv g = make(listed[0]);
  ck_assert_int_eq(cnn__conv_algorithm(&g), CNN__CONV_WINOGRAD4);
  for (int i = 0; i < 7; i++) {
    cnn__conv other = g;
    int64_t *const fields[] = {&other.kh, &other.kw, &other.sh, &other.sw, &other.dh, &other.dw, &other.groups};
    *fields[i] = i < 2 ? 1 : 2;
    ck_assert_int_eq(cnn__conv_algorithm(&other), CNN__CONV_DIRECT);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/winograd");
  TCase *tcase = tcase_create("winograd");
  tcase_set_timeout(tcase, 300);
  tcase_add_test(tcase, conv_forward_equals);
  tcase_add_test(tcase, conv_backward_data_equals);
  tcase_add_test(tcase, conv_backward_weights_equals);
  tcase_add_test(tcase, kernels_are_transformed);
  tcase_add_test(tcase, reference_is_right);
#if defined(CNN_HAVE_BLAS)
  tcase_add_test(tcase, blas_takes_no_notice);
#endif
  tcase_add_test(tcase, more_exact_than_direct_sums);
  tcase_add_test(tcase, larger_tiles_are_nearly_as_exact);
  tcase_add_test(tcase, an_image_is_the_same_alone);
  tcase_add_test(tcase, no_image);
  tcase_add_test(tcase, shapes_decide);
  tcase_add_test(tcase, other_kernels_are_direct);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
