/* conv_axis: which taps meet which positions along one axis, for a convolution and for its input gradient alike. */
#ifndef CNN_KERNELS_CONV_AXIS_H
#define CNN_KERNELS_CONV_AXIS_H

#include "kernels/conv_layout.h"

/* One axis of a sweep: output positions first + t * out_step, t in [0, count), take tap tap + m * tap_step, m in
 * [0, taps), at input position t * in_step + offset + m * offset_step; it counts where it is in [0, in). */
typedef struct cnn__axis {
  int64_t in, in_step;
  int64_t first, out_step, count;
  int64_t tap, tap_step, taps;
  int64_t offset, offset_step;
} cnn__axis;

static inline cnn__axis cnn__forward_axis(int64_t in, int64_t out, int64_t k, int64_t stride, int64_t dilation, int64_t pad) {
  return (cnn__axis){in, stride, 0, 1, out, 0, 1, k, -pad, dilation};
}

static inline int64_t cnn__divisor(int64_t a, int64_t b) {
  while (b) {
    int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* The positions residue + t * stride of the input gradient. Tap t' = k - 1 - tap of the packed kernel reads the output
 * position (residue + pad - tap * dilation) / stride + t, where that divides. */
static inline cnn__axis cnn__backward_axis(int64_t in, int64_t out, int64_t k, int64_t stride, int64_t dilation, int64_t pad,
                                      int64_t residue) {
  cnn__axis a = {.in = out, .in_step = 1, .first = residue, .out_step = stride, .count = (in - residue + stride - 1) / stride,
            .tap_step = stride / cnn__divisor(stride, dilation)};
  int64_t start = residue + pad - (k - 1) * dilation;
  while (a.tap < a.tap_step && a.tap < k && (start + a.tap * dilation) % stride)
    a.tap++;
  if (a.tap < a.tap_step && a.tap < k)
    a.taps = (k - a.tap + a.tap_step - 1) / a.tap_step;
  a.offset = (start + a.tap * dilation) / stride;
  a.offset_step = a.tap_step * dilation / stride;
  return a;
}

/* The smallest t >= 0 with t * step >= distance. */
static inline int64_t cnn__steps_to(int64_t distance, int64_t step) { return distance <= 0 ? 0 : (distance + step - 1) / step; } /* NOLINT(clang-analyzer-core.DivideZero): steps are strides */

/* The taps [m0, m1) that position t sees; m0 >= m1: none. */
static inline void cnn__taps_seen(const cnn__axis *a, int64_t t, int64_t *m0, int64_t *m1) {
  int64_t at = t * a->in_step + a->offset;
  *m0 = cnn__steps_to(-at, a->offset_step);
  *m1 = cnn__at_most(cnn__steps_to(a->in - at, a->offset_step), a->taps);
}

/* The positions [*from, *to) that see all taps. */
static inline void cnn__whole_taps(const cnn__axis *a, int64_t *from, int64_t *to) {
  int64_t last = a->offset + cnn__at_least(a->taps - 1, 0) * a->offset_step;
  *from = cnn__at_most(cnn__steps_to(-a->offset, a->in_step), a->count);
  *to = cnn__at_least(cnn__at_most(cnn__steps_to(a->in - last, a->in_step), a->count), *from);
}

#endif
