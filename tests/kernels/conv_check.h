/* conv_check: what the tests of direct and of transformed convolutions share: sizes, places of packed kernels and scratch,
 * and every level's forward and input gradient beside the reference's. */
#ifndef KERNELS_CONV_CHECK_H
#define KERNELS_CONV_CHECK_H

#include "check.h"

static int64_t x_floats(const cnn__conv *g) { return g->h * g->w * g->c; }
static int64_t y_floats(const cnn__conv *g) { return g->oh * g->ow * g->f; }
static int64_t w_floats(const cnn__conv *g) { return g->kh * g->kw * (g->c / g->groups) * g->f; }
/* One image of a large geometry, up to nine of a small one. */
static inline int64_t images(const cnn__conv *g, int64_t which) {
  const int64_t work = w_floats(g) * g->oh * g->ow;
  return work > 100000 ? 2 : 1 + which % 9;
}

static void *scratch(const cnn__conv *g) { return place_aligned(15, cnn__conv_scratch_bytes(g)); }
static inline float *packed(const cnn__conv *g, const cnn__kernels *t, int transposed, const float *w) {
  const int64_t floats = transposed ? cnn__conv_packed_t_floats(g) : cnn__conv_packed_floats(g);
  float *p = place_aligned(14, (size_t)floats * sizeof *p);
  (transposed ? t->conv_pack_t : t->conv_pack)(g, w, p);
  check_bands(14);
  return p;
}

static const int kinds[] = {UNIFORM, MIXED, DENORMAL};

static inline void forward_equals(const cnn__kernels *t, const cnn__conv *g, int64_t which, int kind) {
  const int64_t n = images(g, which);
  const float *x = place_floats(0, n * x_floats(g), kind), *w = place_floats(1, w_floats(g), kind);
  const float *bias = which % 3 ? place_floats(2, g->f, kind) : NULL;
  const float *p = packed(g, reference(), 0, w);
  reference()->conv_forward(g, n, x, p, bias, (int32_t)(which % 2), place_output(3, n * y_floats(g)), scratch(g));
  check_bands(3);
  t->conv_forward(g, n, x, p, bias, (int32_t)(which % 2), place_output(4, n * y_floats(g)), scratch(g));
  same_floats(4, 3);
  check_bands(15);
}

static inline void backward_data_equals(const cnn__kernels *t, const cnn__conv *g, int64_t which, int kind) {
  const int64_t n = images(g, which);
  const float *dy = place_floats(0, n * y_floats(g), kind), *w = place_floats(1, w_floats(g), kind);
  const float *p = packed(g, reference(), 1, w);
  reference()->conv_backward_data(g, n, dy, p, place_output(3, n * x_floats(g)), scratch(g));
  check_bands(3);
  t->conv_backward_data(g, n, dy, p, place_output(4, n * x_floats(g)), scratch(g));
  same_floats(4, 3);
  check_bands(15);
}

#endif
