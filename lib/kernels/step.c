/* step: what stands around an update, on sixteen lanes. The reference defines the bits. */
#include "kernels/kernel.h"
#include "kernels/math_vector.h"

CNN__INLINE void mean_gradient_lanes(int64_t i, int64_t n, float *g, float *accumulator, cnn__vec steps) {
  cnn__vput(g + i, n, cnn__vdiv(cnn__vadd(cnn__vget(g + i, n), cnn__vget(accumulator + i, n)), steps));
  cnn__vput(accumulator + i, n, cnn__vset(0.0f));
}

static void mean_gradient(int64_t n, float *g, float *accumulator, float steps) {
  const cnn__vec s = cnn__vset(steps);
  CNN__ALONG(n, mean_gradient_lanes, g, accumulator, s);
}

CNN__INLINE void square_lanes(int64_t i, int64_t n, const float *x, cnn__dvec *sum) {
  const cnn__dvec value = cnn__dfrom_v(cnn__vget(x + i, n));
  *sum = cnn__dadd(*sum, cnn__dmul(value, value));
}

static double fold(cnn__dvec all) {
  double lanes[CNN__LANES];
  cnn__dstore(lanes, all);
  for (int d = CNN__LANES / 2; d > 0; d /= 2) {
    for (int j = 0; j < d; j++) {
      lanes[j] += lanes[j + d];
    }
  }
  return lanes[0];
}

static void square_sum(int64_t n, const float *x, double *sum) {
  cnn__dvec all = cnn__dset(0.0);
  CNN__ALONG(n, square_lanes, x, &all);
  *sum = fold(all);
}

CNN__INLINE void magnitude_lanes(int64_t i, int64_t n, const float *x, cnn__dvec *sum) {
  *sum = cnn__dadd(*sum, cnn__dfrom_v(cnn__vmagnitude(cnn__vget(x + i, n))));
}

static void magnitude_sum(int64_t n, const float *x, double *sum) {
  cnn__dvec all = cnn__dset(0.0);
  CNN__ALONG(n, magnitude_lanes, x, &all);
  *sum = fold(all);
}

CNN__INLINE void regularize_lanes(int64_t i, int64_t n, const float *w, cnn__vec l1, cnn__vec twice_l2, float *g) {
  const cnn__vec weight = cnn__vget(w + i, n), zero = cnn__vset(0.0f);
  const cnn__vec side =
      cnn__vsub(cnn__vkeep(cnn__vgreater(weight, zero), l1), cnn__vkeep(cnn__vgreater(zero, weight), l1));
  cnn__vput(g + i, n, cnn__vadd(cnn__vget(g + i, n), cnn__vmul_add(weight, twice_l2, side)));
}

static void regularize(int64_t n, const float *w, float l1, float twice_l2, float *g) {
  const cnn__vec one = cnn__vset(l1), two = cnn__vset(twice_l2);
  CNN__ALONG(n, regularize_lanes, w, one, two, g);
}

CNN__INLINE void clip_value_lanes(int64_t i, int64_t n, float *g, cnn__vec low, cnn__vec high) {
  cnn__vput(g + i, n, cnn__vmin(high, cnn__vmax(low, cnn__vget(g + i, n))));
}

static void clip_value(int64_t n, float *g, float limit) {
  const cnn__vec low = cnn__vset(-limit), high = cnn__vset(limit);
  CNN__ALONG(n, clip_value_lanes, g, low, high);
}

CNN__INLINE void clip_norm_lanes(int64_t i, int64_t n, float *g, cnn__vec limit, cnn__vec norm) {
  cnn__vput(g + i, n, cnn__vdiv(cnn__vmul(cnn__vget(g + i, n), limit), norm));
}

static void clip_norm(int64_t n, float *g, float limit, float norm) {
  const cnn__vec l = cnn__vset(limit), divisor = cnn__vset(norm);
  CNN__ALONG(n, clip_norm_lanes, g, l, divisor);
}

CNN__INLINE void weight_decay_lanes(int64_t i, int64_t n, float *w, cnn__vec decay, cnn__vec rate) {
  const cnn__vec weight = cnn__vget(w + i, n);
  cnn__vput(w + i, n, cnn__vsub(weight, cnn__vmul(cnn__vmul(weight, decay), rate)));
}

static void weight_decay(int64_t n, float *w, float decay, float rate) {
  const cnn__vec d = cnn__vset(decay), r = cnn__vset(rate);
  CNN__ALONG(n, weight_decay_lanes, w, d, r);
}

CNN__INLINE void average_lanes(int64_t i, int64_t n, const float *w, cnn__vec share, float *mean) {
  const cnn__vec old = cnn__vget(mean + i, n);
  cnn__vput(mean + i, n, cnn__vadd(old, cnn__vmul(cnn__vsub(cnn__vget(w + i, n), old), share)));
}

static void average(int64_t n, const float *w, float share, float *mean) {
  const cnn__vec s = cnn__vset(share);
  CNN__ALONG(n, average_lanes, w, s, mean);
}

void CNN__NAME(step_init)(cnn__kernels *t) {
  t->mean_gradient = mean_gradient;
  t->square_sum = square_sum;
  t->magnitude_sum = magnitude_sum;
  t->regularize = regularize;
  t->clip_value = clip_value;
  t->clip_norm = clip_norm;
  t->weight_decay = weight_decay;
  t->average = average;
}
