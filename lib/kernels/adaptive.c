/* adaptive: the updates by gathered squares on sixteen lanes. The reference defines the bits: exact division and square
 * root. */
#include "core/cpu.h"
#include "kernels/kernel.h"
#include "kernels/vector.h"

/* One loop for all four kinds: the divisions take far longer than to ask. */
CNN__INLINE void rmsprop_lanes(int64_t i, int64_t n, float *w, const float *g, float *v, float *momenta, float *average,
                               cnn__vec rate, const cnn__vec f[4]) {
  const cnn__vec gradient = cnn__vget(g + i, n), square = cnn__vmul(gradient, gradient);
  const cnn__vec v1 = cnn__vadd(cnn__vmul(f[0], cnn__vget(v + i, n)), cnn__vmul(square, f[1]));
  cnn__vput(v + i, n, v1);
  cnn__vec spread = v1;
  if (average != NULL) {
    const cnn__vec a = cnn__vadd(cnn__vmul(f[0], cnn__vget(average + i, n)), cnn__vmul(gradient, f[1]));
    cnn__vput(average + i, n, a);
    spread = cnn__vmax(cnn__vset(0.0f), cnn__vsub(v1, cnn__vmul(a, a)));
  }
  cnn__vec step = cnn__vdiv(cnn__vmul(rate, gradient), cnn__vsqrt(cnn__vadd(spread, f[3])));
  if (momenta != NULL) {
    step = cnn__vadd(cnn__vmul(f[2], cnn__vget(momenta + i, n)), step);
    cnn__vput(momenta + i, n, step);
  }
  cnn__vput(w + i, n, cnn__vsub(cnn__vget(w + i, n), step));
}

static void rmsprop(int64_t n, float *w, const float *g, float *v, float *momenta, float *average, float rate,
                    const float factors[4]) {
  const cnn__vec r = cnn__vset(rate);
  const cnn__vec f[4] = {cnn__vset(factors[0]), cnn__vset(factors[1]), cnn__vset(factors[2]), cnn__vset(factors[3])};
  CNN__ALONG(n, rmsprop_lanes, w, g, v, momenta, average, r, f);
}

CNN__INLINE void adagrad_lanes(int64_t i, int64_t n, float *w, const float *g, float *accumulator, cnn__vec rate,
                               cnn__vec epsilon) {
  const cnn__vec gradient = cnn__vget(g + i, n);
  const cnn__vec sum = cnn__vadd(cnn__vget(accumulator + i, n), cnn__vmul(gradient, gradient));
  cnn__vput(accumulator + i, n, sum);
  const cnn__vec step = cnn__vdiv(cnn__vmul(rate, gradient), cnn__vsqrt(cnn__vadd(sum, epsilon)));
  cnn__vput(w + i, n, cnn__vsub(cnn__vget(w + i, n), step));
}

static void adagrad(int64_t n, float *w, const float *g, float *accumulator, float rate, float epsilon) {
  const cnn__vec r = cnn__vset(rate), e = cnn__vset(epsilon);
  CNN__ALONG(n, adagrad_lanes, w, g, accumulator, r, e);
}

/* f: rho, one_minus_rho, epsilon. */
CNN__INLINE void adadelta_lanes(int64_t i, int64_t n, float *w, const float *g, float *squares, float *deltas,
                                cnn__vec rate, const cnn__vec f[3]) {
  const cnn__vec gradient = cnn__vget(g + i, n), old = cnn__vget(deltas + i, n);
  const cnn__vec square = cnn__vmul(gradient, gradient);
  const cnn__vec s = cnn__vadd(cnn__vmul(f[0], cnn__vget(squares + i, n)), cnn__vmul(square, f[1]));
  cnn__vput(squares + i, n, s);
  const cnn__vec root = cnn__vsqrt(cnn__vadd(old, f[2]));
  const cnn__vec delta = cnn__vdiv(cnn__vmul(root, gradient), cnn__vsqrt(cnn__vadd(s, f[2])));
  cnn__vput(deltas + i, n, cnn__vadd(cnn__vmul(f[0], old), cnn__vmul(cnn__vmul(delta, delta), f[1])));
  cnn__vput(w + i, n, cnn__vsub(cnn__vget(w + i, n), cnn__vmul(rate, delta)));
}

static void adadelta(int64_t n, float *w, const float *g, float *squares, float *deltas, float rate, float rho,
                     float one_minus_rho, float epsilon) {
  const cnn__vec r = cnn__vset(rate);
  const cnn__vec f[3] = {cnn__vset(rho), cnn__vset(one_minus_rho), cnn__vset(epsilon)};
  CNN__ALONG(n, adadelta_lanes, w, g, squares, deltas, r, f);
}

/* f: rate, l1, -l1, l2, shrink; for powers of 1 / 2. */
CNN__INLINE void ftrl_lanes(int64_t i, int64_t n, float *w, const float *g, float *accumulator, float *linear,
                            const cnn__vec f[5]) {
  const cnn__vec zero = cnn__vset(0.0f), gradient = cnn__vget(g + i, n), weight = cnn__vget(w + i, n);
  const cnn__vec old = cnn__vget(accumulator + i, n);
  const cnn__vec sum = cnn__vadd(old, cnn__vmul(gradient, gradient));
  const cnn__vec after = cnn__vsqrt(sum);
  const cnn__vec pull = cnn__vmul(cnn__vdiv(cnn__vsub(after, cnn__vsqrt(old)), f[0]), weight);
  const cnn__vec change = cnn__vsub(cnn__vadd(gradient, cnn__vmul(f[4], weight)), pull);
  const cnn__vec z = cnn__vadd(cnn__vget(linear + i, n), change);
  const cnn__vec limited = cnn__vmin(f[1], cnn__vmax(f[2], z));
  const cnn__vec moved = cnn__vdiv(cnn__vsub(limited, z), cnn__vadd(cnn__vdiv(after, f[0]), f[3]));
  const cnn__vec size = cnn__vmax(z, cnn__vsub(zero, z));
  cnn__vput(w + i, n, cnn__vselect(cnn__vgreater(size, f[1]), moved, cnn__vmul(zero, size)));
  cnn__vput(linear + i, n, z);
  cnn__vput(accumulator + i, n, sum);
}

static void ftrl(int64_t n, float *w, const float *g, float *accumulator, float *linear, float rate,
                 const float factors[4]) {
  if (factors[0] != 0.5f) {
    cnn__kernels_for(CNN__CPU_REF, CNN__GEMM_REF)->ftrl(n, w, g, accumulator, linear, rate, factors);
    return;
  }
  const cnn__vec f[5] = {cnn__vset(rate), cnn__vset(factors[1]), cnn__vset(-factors[1]), cnn__vset(factors[2]),
                         cnn__vset(factors[3])};
  CNN__ALONG(n, ftrl_lanes, w, g, accumulator, linear, f);
}

void CNN__NAME(adaptive_init)(cnn__kernels *t) {
  t->rmsprop = rmsprop;
  t->adagrad = adagrad;
  t->adadelta = adadelta;
  t->ftrl = ftrl;
}
