/* Convolutions: every level against the reference, the reference against sums in double, the BLAS within bounds. */
#include "conv_check.h"

#include "kernels/conv_layout.h"

void cnn__ref_conv_init(cnn__kernels *t);

/* h, w, c, f, kh, kw, sh, sw, dh, dw, same, groups */
static const int64_t listed[][12] = {
    {28, 28, 1, 32, 3, 3, 1, 1, 1, 1, 1, 1},  /* the notebook's */
    {14, 14, 32, 64, 3, 3, 1, 1, 1, 1, 1, 1},
    {14, 14, 64, 32, 3, 3, 1, 1, 1, 1, 1, 1}, /* several blocks of input channels */
    {5, 5, 33, 31, 3, 3, 1, 1, 1, 1, 1, 1},
    {4, 6, 65, 49, 3, 3, 1, 1, 1, 1, 0, 1},
    {6, 6, 17, 48, 2, 2, 1, 1, 1, 1, 1, 1},   /* even kernels */
    {9, 7, 3, 16, 4, 4, 2, 2, 1, 1, 1, 1},
    {7, 9, 5, 17, 5, 5, 1, 1, 1, 1, 1, 1},
    {3, 3, 2, 5, 7, 7, 1, 1, 1, 1, 1, 1},     /* kernels larger than the image */
    {1, 1, 40, 40, 3, 3, 1, 1, 1, 1, 1, 1},
    {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1},
    {8, 8, 16, 47, 1, 1, 1, 1, 1, 1, 0, 1},   /* one tap */
    {9, 9, 8, 24, 1, 1, 2, 2, 1, 1, 1, 1},
    {10, 11, 6, 20, 3, 3, 2, 3, 1, 1, 1, 1},  /* strides */
    {11, 10, 34, 18, 5, 3, 3, 2, 1, 1, 0, 1},
    {12, 12, 4, 9, 3, 3, 5, 5, 1, 1, 0, 1},   /* strides beyond the kernel: inputs that nobody reads */
    {9, 12, 7, 15, 3, 3, 1, 1, 2, 3, 1, 1},   /* dilation */
    {13, 13, 3, 33, 3, 2, 1, 1, 4, 5, 0, 1},
    {15, 14, 4, 10, 3, 3, 2, 3, 3, 2, 1, 1},  /* with strides that share a factor with it and not */
    {12, 13, 5, 6, 4, 3, 4, 2, 2, 4, 1, 1},
    {6, 7, 12, 18, 3, 3, 1, 1, 1, 1, 1, 2},   /* groups */
    {7, 6, 70, 34, 3, 3, 2, 2, 1, 1, 1, 2},
    {8, 8, 24, 24, 3, 3, 1, 1, 1, 1, 1, 24},  /* each channel by itself */
    {9, 31, 33, 33, 3, 3, 2, 2, 1, 1, 1, 33},
    {12, 14, 16, 16, 5, 9, 1, 1, 1, 1, 1, 16},
    {7, 20, 50, 50, 2, 3, 1, 1, 3, 2, 0, 50},
    {5, 8, 9, 27, 3, 3, 1, 2, 1, 1, 1, 9},
    {3, 40, 2, 17, 3, 21, 1, 1, 1, 1, 1, 1},  /* more columns than a plan holds */
    {4, 50, 35, 3, 2, 37, 1, 2, 1, 1, 1, 1},
    {2, 90, 1, 19, 2, 19, 1, 1, 1, 4, 1, 1},
    {5, 40, 8, 70, 1, 20, 2, 1, 1, 1, 1, 1},  /* and inputs that nobody reads */
    {7, 6, 6, 10, 3, 1, 1, 1, 1, 1, 1, 2},    /* groups of three channels, kernels one wide */
    {9, 5, 9, 15, 5, 1, 2, 1, 1, 1, 1, 3},
    {9, 31, 32, 32, 3, 3, 1, 1, 1, 1, 1, 8},  /* groups of four channels, four of them at once */
    {8, 20, 24, 24, 3, 3, 2, 2, 1, 1, 1, 6},  /* and what is left */
    {7, 12, 8, 8, 2, 5, 1, 3, 2, 1, 0, 2},
    {6, 11, 12, 12, 1, 1, 1, 1, 1, 1, 0, 3},
    {5, 9, 20, 20, 3, 3, 4, 4, 1, 1, 0, 5},   /* inputs that nobody reads */
    {60, 56, 80, 80, 3, 3, 1, 1, 1, 1, 1, 80}, /* images that come from memory */
    {80, 76, 72, 72, 3, 3, 2, 2, 1, 1, 1, 72},
    {66, 64, 64, 64, 3, 3, 1, 1, 1, 1, 1, 16},
    {9, 57, 96, 96, 3, 3, 1, 1, 1, 1, 1, 96},  /* rows beyond the first cache */
    {8, 60, 80, 80, 3, 3, 2, 1, 1, 1, 1, 80},
    {11, 119, 64, 64, 3, 3, 2, 2, 1, 1, 1, 64},
    {10, 50, 112, 112, 3, 3, 2, 2, 1, 1, 0, 112},
    {40, 41, 48, 4, 3, 3, 1, 1, 1, 1, 1, 1},  /* more than a band */
    {17, 64, 3, 44, 7, 7, 2, 2, 1, 1, 1, 1},  /* few channels and many taps: gradients are laid out anew */
    {40, 75, 2, 20, 4, 5, 1, 2, 1, 1, 1, 1},
    {12, 80, 4, 33, 5, 4, 2, 3, 1, 1, 0, 1},
    {3, 60, 3, 36, 7, 7, 1, 1, 1, 1, 1, 1},   /* and few rows */
    {1, 90, 2, 20, 1, 17, 1, 2, 1, 1, 1, 1},
    {8, 60, 3, 36, 3, 3, 1, 1, 1, 1, 1, 1},   /* rows long enough for four channels of four pixels in a vector */
    {6, 57, 36, 1, 3, 5, 1, 1, 2, 1, 0, 1},
    {9, 70, 8, 18, 3, 3, 1, 2, 1, 1, 1, 1},
    {2, 2, 128, 129, 3, 3, 1, 1, 1, 1, 1, 1}, /* a kernel larger than the cache */
    {4, 27, 5, 40, 7, 7, 1, 1, 1, 1, 1, 1},   /* wide rows whose ends lack three taps, and more */
    {3, 30, 6, 33, 2, 5, 1, 2, 1, 1, 1, 1},
    {2, 26, 5, 50, 3, 5, 1, 1, 1, 3, 1, 1},
};
#define LISTED ((int64_t)(sizeof listed / sizeof listed[0]))
#define WIDTHS 31 /* one for each width of a row */
#define DRAWN 60

static int64_t outputs(int64_t in, int64_t k, int64_t stride, int64_t dilation, int32_t same, int64_t *pad) {
  const int64_t extent = (k - 1) * dilation + 1;
  const int64_t count = same ? (in + stride - 1) / stride : (in - extent) / stride + 1;
  const int64_t total = (count - 1) * stride + extent - in;
  *pad = same && total > 0 ? total / 2 : 0;
  return count;
}

static cnn__conv make(const int64_t v[12]) {
  cnn__conv g = {.h = v[0], .w = v[1], .c = v[2], .f = v[3], .kh = v[4], .kw = v[5], .sh = v[6], .sw = v[7], .dh = v[8],
                 .dw = v[9], .groups = v[11]};
  g.oh = outputs(g.h, g.kh, g.sh, g.dh, v[10] != 0, &g.pt);
  g.ow = outputs(g.w, g.kw, g.sw, g.dw, v[10] != 0, &g.pl);
  return g;
}

/* Any padding, and as many outputs as somebody wants, also such that see no pixel. */
static cnn__conv drawn(void) {
  static const int64_t near[] = {1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 49};
  cnn__conv g = {.h = 1 + draw_below(12), .w = 1 + draw_below(33), .c = near[draw_below(15)], .f = near[draw_below(15)],
                 .kh = 1 + draw_below(5), .kw = 1 + draw_below(5), .sh = 1 + draw_below(3), .sw = 1 + draw_below(3),
                 .dh = 1 + draw_below(3), .dw = 1 + draw_below(3), .pt = draw_below(6), .pl = draw_below(6),
                 .oh = 1 + draw_below(7), .ow = 1 + draw_below(20), .groups = 1};
  if (g.c % 2 == 0 && g.f % 2 == 0 && draw_below(3) == 0) {
    g.groups = 2;
  }
  if (draw_below(4) == 0) {
    g.f = g.groups = g.c;
  }
  return g;
}

/* Geometry number i; draws from a state of its own, so that it is always the same. */
static int32_t geometry(const char *slot, int64_t i, cnn__conv *g) {
  if (i < LISTED) {
    *g = make(listed[i]);
  } else if (i < LISTED + WIDTHS) {
    *g = make((int64_t[12]){2, i - LISTED + 1, 19, 21, 3, 3, 1, 1, 1, 1, i % 2, 1});
    if (g->ow < 1 || g->oh < 1) {
      *g = make((int64_t[12]){2, i - LISTED + 1, 19, 21, 3, 3, 1, 1, 1, 1, 1, 1});
    }
  } else if (i < LISTED + WIDTHS + DRAWN) {
    const uint64_t before = draw_state;
    draw_state = 7000 + (uint64_t)i;
    *g = drawn();
    draw_state = before;
  } else {
    return 0;
  }
  at.slot = slot;
  at.extents[0] = i;
  at.extents[1] = g->c;
  at.extents[2] = g->f;
  at.extents[3] = g->ow;
  return 1;
}
#define EACH_GEOMETRY(slot) \
  cnn__conv g;              \
  for (int64_t which = 0; geometry(#slot, which, &g); which++)

CASE(conv_pack) {
  EACH_GEOMETRY(conv_pack) {
    const int32_t depthwise = cnn__conv_depthwise(&g);
    const int64_t cg = g.c / g.groups, groups = depthwise ? 1 : g.groups, fg = g.f / groups;
    const float *w = place_floats(0, w_floats(&g), UNIFORM), *p = packed(&g, reference(), 0, w);
    for (int64_t group = 0; group < groups; group++)
      for (int64_t q = 0; q < fg; q += 16)
        for (int64_t c = 0; c < cg; c += 32)
          for (int64_t tap = 0; tap < g.kh * g.kw; tap++)
            for (int64_t i = c; i < cg && i < c + 32; i++)
              for (int64_t l = q; l < q + 16; l++, p++) {
                const float want = l < fg ? w[(tap * cg + i) * g.f + group * fg + l] : 0.0f;
                ck_assert(*p == want);
              }
    ck_assert_ptr_eq(p, areas[14].data + areas[14].bytes);
  }
}
END_CASE

CASE(conv_pack_t) {
  EACH_GEOMETRY(conv_pack_t) {
    const int32_t depthwise = cnn__conv_depthwise(&g);
    const int64_t fg = g.f / g.groups, groups = depthwise ? 1 : g.groups, cg = g.c / groups;
    const float *w = place_floats(0, w_floats(&g), UNIFORM), *p = packed(&g, reference(), 1, w);
    for (int64_t group = 0; group < groups; group++)
      for (int64_t c = 0; c < cg; c += 16)
        for (int64_t q = 0; q < fg; q += 32)
          for (int64_t tap = g.kh * g.kw - 1; tap >= 0; tap--)
            for (int64_t j = q; j < fg && j < q + 32; j++)
              for (int64_t l = c; l < c + 16; l++, p++) {
                const float want = l < cg ? w[depthwise ? tap * g.f + l : (tap * cg + l) * g.f + group * fg + j] : 0.0f;
                ck_assert(*p == want);
              }
    ck_assert_ptr_eq(p, areas[14].data + areas[14].bytes);
  }
}
END_CASE

static void backward_weights_equals(const cnn__kernels *t, const cnn__conv *g, int64_t which, int kind) {
  const int64_t n = images(g, which);
  const float *x = place_floats(0, n * x_floats(g), kind), *dy = place_floats(1, n * y_floats(g), kind);
  reference()->conv_backward_weights(g, n, x, dy, 0, place_output(3, w_floats(g)), scratch(g));
  check_bands(3);
  float *dw = place_output(4, w_floats(g));
  t->conv_backward_weights(g, n, x, dy, 0, dw, scratch(g));
  same_floats(4, 3);
  check_bands(15);
  for (int64_t i = 0; i < n; i++) {
    t->conv_backward_weights(g, 1, x + i * x_floats(g), dy + i * y_floats(g), i > 0, dw, scratch(g));
  }
  same_floats(4, 3);
}

#define EQUALS(slot, function)                                   \
  CASE(slot) {                                                   \
    EACH_LEVEL(slot) {                                           \
      EACH_GEOMETRY(slot) {                                      \
        EACH_PLACEMENT(10 + (uint64_t)which) {                   \
          function(t, &g, which, kinds[(which + at.placement) % 3]); \
        }                                                        \
      }                                                          \
    }                                                            \
  }                                                              \
  END_CASE
EQUALS(conv_forward, forward_equals)
EQUALS(conv_backward_data, backward_data_equals)
EQUALS(conv_backward_weights, backward_weights_equals)

/* The reference is compiled with FMA where the CPU has it, and without: the bits are the same. */
START_TEST(reference_without_fma) {
  cnn__kernels plain = {.level = "ref"};
  cnn__ref_conv_init(&plain);
  at.level = "ref without fma";
  EACH_GEOMETRY(conv_forward) {
    const int64_t work = images(&g, which) * w_floats(&g) * g.oh * g.ow;
    EACH_PLACEMENT(20 + (uint64_t)which) {
      if (work < 500000) {
        forward_equals(&plain, &g, which, kinds[at.placement]);
        backward_data_equals(&plain, &g, which, kinds[at.placement]);
        backward_weights_equals(&plain, &g, which, kinds[at.placement]);
      }
    }
  }
}
END_TEST

/* Sums in double with the sums of absolute values beside them, from which the bound follows. */
typedef struct exact {
  double *y, *dx, *dw;
  double *y_size, *dx_size, *dw_size;
} exact;

static double *zeros(int64_t n) {
  double *p = calloc((size_t)n, sizeof *p);
  ck_assert_ptr_nonnull(p);
  return p;
}

static void add_tap(const cnn__conv *g, const float *x, const float *dy, const float *w, int64_t from, int64_t to,
                    int64_t tap, exact *e) {
  const int64_t cg = g->c / g->groups, fg = g->f / g->groups;
  for (int64_t q = 0; q < g->f; q++)
    for (int64_t p = 0; p < cg; p++) {
      const int64_t in = from * g->c + q / fg * cg + p, out = to * g->f + q, k = (tap * cg + p) * g->f + q;
      const double a = x[in], b = w[k], d = dy[out];
      e->y[out] += a * b;
      e->y_size[out] += fabs(a * b);
      e->dx[in] += d * b;
      e->dx_size[in] += fabs(d * b);
      e->dw[k] += a * d;
      e->dw_size[k] += fabs(a * d);
    }
}

static exact compute(const cnn__conv *g, int64_t n, const float *x, const float *dy, const float *w,
                     const float *bias) {
  exact e = {zeros(n * y_floats(g)), zeros(n * x_floats(g)), zeros(w_floats(g)),
             zeros(n * y_floats(g)), zeros(n * x_floats(g)), zeros(w_floats(g))};
  for (int64_t i = 0; i < n * y_floats(g); i++) {
    e.y[i] = bias[i % g->f];
    e.y_size[i] = fabs(e.y[i]);
  }
  for (int64_t pixel = 0; pixel < n * g->oh * g->ow; pixel++)
    for (int64_t tap = 0; tap < g->kh * g->kw; tap++) {
      const int64_t row = pixel / g->ow % g->oh * g->sh + tap / g->kw * g->dh - g->pt;
      const int64_t column = pixel % g->ow * g->sw + tap % g->kw * g->dw - g->pl;
      if (row >= 0 && row < g->h && column >= 0 && column < g->w) {
        add_tap(g, x, dy, w, (pixel / g->ow / g->oh * g->h + row) * g->w + column, pixel, tap, &e);
      }
    }
  return e;
}

static void within(const char *what, const float *got, const double *want, const double *size, int64_t n,
                   int64_t terms) {
  for (int64_t i = 0; i < n; i++) {
    const double bound = size[i] * (double)(terms + 2) * 0x1p-24;
    ck_assert_msg(fabs((double)got[i] - want[i]) <= bound, WHERE "%s[%lld] is %.9g, not %.9g (bound %.3g)",
                  WHERE_VALUES, what, (long long)i, (double)got[i], want[i], bound);
  }
}

static void all_within(const cnn__kernels *t, const cnn__conv *g, int64_t n) {
  const float *x = place_floats(0, n * x_floats(g), UNIFORM), *w = place_floats(1, w_floats(g), UNIFORM);
  const float *bias = place_floats(2, g->f, UNIFORM), *dy = place_floats(3, n * y_floats(g), UNIFORM);
  float *y = place_output(4, n * y_floats(g)), *dx = place_output(5, n * x_floats(g));
  float *dw = place_output(6, w_floats(g));
  t->conv_forward(g, n, x, packed(g, t, 0, w), bias, 0, y, scratch(g));
  t->conv_backward_data(g, n, dy, packed(g, t, 1, w), dx, scratch(g));
  t->conv_backward_weights(g, n, x, dy, 0, dw, scratch(g));
  for (int i = 4; i <= 6; i++) {
    check_bands(i);
  }
  check_bands(15);
  exact e = compute(g, n, x, dy, w, bias);
  within("y", y, e.y, e.y_size, n * y_floats(g), g->kh * g->kw * g->c);
  within("dx", dx, e.dx, e.dx_size, n * x_floats(g), g->kh * g->kw * g->f);
  within("dw", dw, e.dw, e.dw_size, w_floats(g), n * g->oh * g->ow);
  float *relu = place_output(7, n * y_floats(g));
  t->conv_forward(g, n, x, packed(g, t, 0, w), bias, 1, relu, scratch(g));
  for (int64_t i = 0; i < n * y_floats(g); i++) {
    ck_assert(relu[i] == (y[i] > 0.0f ? y[i] : 0.0f));
  }
  free(e.y), free(e.dx), free(e.dw), free(e.y_size), free(e.dx_size), free(e.dw_size);
}

START_TEST(reference_within_bounds) {
  EACH_GEOMETRY(conv_forward) {
    EACH_PLACEMENT(30 + (uint64_t)which) { all_within(reference(), &g, 1 + which % 3); }
  }
}
END_TEST

#if defined(CNN_HAVE_BLAS)
/* Not with arrays that end at a forbidden page: BLIS 0.9 reads a few bytes behind the result's last row. */
START_TEST(blas_within_bounds) {
  const cnn__kernels *t = cnn__kernels_for(cnn__cpu_best(), CNN__GEMM_BLAS);
  at.level = t->provider;
  ck_assert_str_eq(t->provider, "blas");
  EACH_GEOMETRY(conv_forward) {
    EACH_PLACEMENT(40 + (uint64_t)which) {
      if (at.placement > 0) {
        all_within(t, &g, 1 + which % 3);
      }
    }
  }
}
END_TEST
#endif

/* Nothing is read through any pointer but the kernel gradient's, which becomes 0. */
START_TEST(no_image) {
  for (int32_t level = CNN__CPU_REF; level <= cnn__cpu_best(); level++)
    for (int32_t provider = CNN__GEMM_NATIVE; provider <= CNN__GEMM_REF; provider++) {
      const cnn__kernels *t = cnn__kernels_for(level, provider);
      EACH_GEOMETRY(no_image) {
        at.level = t->level;
        at.placement = 0;
        float *dw = place_output(0, w_floats(&g));
        t->conv_forward(&g, 0, NULL, NULL, NULL, 1, NULL, NULL);
        t->conv_backward_data(&g, 0, NULL, NULL, NULL, NULL);
        t->conv_backward_weights(&g, 0, NULL, NULL, 0, dw, NULL);
        for (int64_t i = 0; i < w_floats(&g); i++) {
          ck_assert(dw[i] == 0.0f && !signbit(dw[i]));
        }
      }
    }
}
END_TEST

/* Nothing is done for the pixels between taps that lie further apart than the image is wide; images that come from memory. */
START_TEST(far_strides) {
  for (int64_t groups = 16; groups <= 64; groups += 48) {
    const cnn__conv g = make((int64_t[12]){128, 129, 64, 64, 3, 3, 1 << 30, 1 << 30, 1, 1, 0, groups});
    EACH_LEVEL(conv_forward) {
      NOTE(far_strides, groups);
      forward_equals(t, &g, 0, UNIFORM);
      backward_data_equals(t, &g, 0, UNIFORM);
      backward_weights_equals(t, &g, 0, UNIFORM);
    }
  }
}
END_TEST

/* However far outside its taps reach, a small image needs little room. */
START_TEST(scratch_of_dilated) {
  const cnn__conv g = make((int64_t[12]){28, 28, 1, 8, 3, 3, 1, 1, 32768, 32768, 1, 1});
  ck_assert_uint_le(cnn__conv_scratch_bytes(&g), (size_t)1 << 20);
}
END_TEST

/* Nor does a single long row need more than once its gradients beside the taps of its outputs. */
START_TEST(scratch_of_row) {
  const cnn__conv g = make((int64_t[12]){1, 100000, 2, 8, 1, 16, 1, 1, 1, 1, 1, 1});
  ck_assert_uint_le(cnn__conv_scratch_bytes(&g), (size_t)1 << 24);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/conv");
  TCase *tcase = tcase_create("conv");
  tcase_set_timeout(tcase, 300);
  ADD_CASE(tcase, conv_pack);
  ADD_CASE(tcase, conv_pack_t);
  ADD_CASE(tcase, conv_forward);
  ADD_CASE(tcase, conv_backward_data);
  ADD_CASE(tcase, conv_backward_weights);
  tcase_add_test(tcase, reference_without_fma);
  tcase_add_test(tcase, reference_within_bounds);
#if defined(CNN_HAVE_BLAS)
  tcase_add_test(tcase, blas_within_bounds);
#endif
  tcase_add_test(tcase, no_image);
  tcase_add_test(tcase, far_strides);
  tcase_add_test(tcase, scratch_of_dilated);
  tcase_add_test(tcase, scratch_of_row);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
