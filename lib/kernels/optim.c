/* optim: the updates by momentum on sixteen lanes. The reference defines the bits: exact division and square root. */
#include "kernels/kernel.h"
#include "kernels/vector.h"

CNN__INLINE void sgd_lanes(int64_t i, int64_t n, float *w, const float *g, cnn__vec rate) {
  cnn__vput(w + i, n, cnn__vsub(cnn__vget(w + i, n), cnn__vmul(rate, cnn__vget(g + i, n))));
}

static void sgd(int64_t n, float *w, const float *g, float rate) {
  const cnn__vec factor = cnn__vset(rate);
  CNN__ALONG(n, sgd_lanes, w, g, factor);
}

CNN__INLINE void momentum_lanes(int64_t i, int64_t n, float *w, const float *g, float *velocity, cnn__vec rate,
                                cnn__vec momentum, int32_t nesterov) {
  const cnn__vec step = cnn__vmul(rate, cnn__vget(g + i, n));
  const cnn__vec v = cnn__vsub(cnn__vmul(momentum, cnn__vget(velocity + i, n)), step);
  cnn__vput(velocity + i, n, v);
  cnn__vput(w + i, n, cnn__vadd(cnn__vget(w + i, n), nesterov ? cnn__vsub(cnn__vmul(momentum, v), step) : v));
}

static void sgd_momentum(int64_t n, float *w, const float *g, float *velocity, float rate, float momentum,
                         int32_t nesterov) {
  const cnn__vec r = cnn__vset(rate), mu = cnn__vset(momentum);
  CNN__ALONG(n, momentum_lanes, w, g, velocity, r, mu, nesterov);
}

/* The running means after gradient g, stored. */
CNN__INLINE cnn__vec mean(float *m, cnn__vec g, cnn__vec one_minus_beta_1, int64_t n) {
  const cnn__vec old = cnn__vget(m, n);
  const cnn__vec now = cnn__vadd(old, cnn__vmul(cnn__vsub(g, old), one_minus_beta_1));
  cnn__vput(m, n, now);
  return now;
}
CNN__INLINE cnn__vec mean_square(float *v, cnn__vec g, cnn__vec one_minus_beta_2, int64_t n) {
  const cnn__vec old = cnn__vget(v, n);
  const cnn__vec now = cnn__vadd(old, cnn__vmul(cnn__vsub(cnn__vmul(g, g), old), one_minus_beta_2));
  cnn__vput(v, n, now);
  return now;
}

typedef struct adam_factors {
  cnn__vec alpha, one_minus_beta_1, one_minus_beta_2, epsilon;
} adam_factors;

/* v_hat: NULL without amsgrad, which is known when this is compiled. */
CNN__INLINE void adam_lanes(int64_t i, int64_t n, float *w, const float *g, float *m, float *v, float *v_hat,
                            const adam_factors *f) {
  const cnn__vec gradient = cnn__vget(g + i, n);
  const cnn__vec m1 = mean(m + i, gradient, f->one_minus_beta_1, n);
  cnn__vec v1 = mean_square(v + i, gradient, f->one_minus_beta_2, n);
  if (v_hat != NULL) {
    v1 = cnn__vmax(v1, cnn__vget(v_hat + i, n));
    cnn__vput(v_hat + i, n, v1);
  }
  const cnn__vec root = cnn__vadd(cnn__vsqrt(v1), f->epsilon);
  cnn__vput(w + i, n, cnn__vsub(cnn__vget(w + i, n), cnn__vdiv(cnn__vmul(m1, f->alpha), root)));
}

static void adam(int64_t n, float *w, const float *g, float *m, float *v, float alpha, float one_minus_beta_1,
                 float one_minus_beta_2, float epsilon) {
  const adam_factors f = {cnn__vset(alpha), cnn__vset(one_minus_beta_1), cnn__vset(one_minus_beta_2),
                          cnn__vset(epsilon)};
  CNN__ALONG(n, adam_lanes, w, g, m, v, NULL, &f);
}

static void adam_amsgrad(int64_t n, float *w, const float *g, float *m, float *v, float *v_hat, float alpha,
                         float one_minus_beta_1, float one_minus_beta_2, float epsilon) {
  const adam_factors f = {cnn__vset(alpha), cnn__vset(one_minus_beta_1), cnn__vset(one_minus_beta_2),
                          cnn__vset(epsilon)};
  CNN__ALONG(n, adam_lanes, w, g, m, v, v_hat, &f);
}

CNN__INLINE void adamax_lanes(int64_t i, int64_t n, float *w, const float *g, float *m, float *u, cnn__vec step,
                              cnn__vec one_minus_beta_1, cnn__vec beta_2, cnn__vec epsilon) {
  const cnn__vec gradient = cnn__vget(g + i, n);
  const cnn__vec size = cnn__vmax(gradient, cnn__vsub(cnn__vset(0.0f), gradient));
  const cnn__vec m1 = mean(m + i, gradient, one_minus_beta_1, n);
  const cnn__vec u1 = cnn__vmax(cnn__vmul(beta_2, cnn__vget(u + i, n)), size);
  cnn__vput(u + i, n, u1);
  cnn__vput(w + i, n, cnn__vsub(cnn__vget(w + i, n), cnn__vdiv(cnn__vmul(m1, step), cnn__vadd(u1, epsilon))));
}

static void adamax(int64_t n, float *w, const float *g, float *m, float *u, float step, float one_minus_beta_1,
                   float beta_2, float epsilon) {
  const cnn__vec s = cnn__vset(step), share = cnn__vset(one_minus_beta_1), b = cnn__vset(beta_2), e = cnn__vset(epsilon);
  CNN__ALONG(n, adamax_lanes, w, g, m, u, s, share, b, e);
}

CNN__INLINE void nadam_lanes(int64_t i, int64_t n, float *w, const float *g, float *m, float *v, cnn__vec rate,
                             const cnn__vec f[6]) {
  const cnn__vec gradient = cnn__vget(g + i, n);
  const cnn__vec m1 = mean(m + i, gradient, f[0], n), v1 = mean_square(v + i, gradient, f[1], n);
  const cnn__vec ahead = cnn__vadd(cnn__vmul(m1, f[2]), cnn__vmul(gradient, f[3]));
  const cnn__vec root = cnn__vadd(cnn__vsqrt(cnn__vdiv(v1, f[4])), f[5]);
  cnn__vput(w + i, n, cnn__vsub(cnn__vget(w + i, n), cnn__vdiv(cnn__vmul(ahead, rate), root)));
}

static void nadam(int64_t n, float *w, const float *g, float *m, float *v, float rate, const float factors[6]) {
  const cnn__vec r = cnn__vset(rate);
  const cnn__vec f[6] = {cnn__vset(factors[0]), cnn__vset(factors[1]), cnn__vset(factors[2]),
                         cnn__vset(factors[3]), cnn__vset(factors[4]), cnn__vset(factors[5])};
  CNN__ALONG(n, nadam_lanes, w, g, m, v, r, f);
}

CNN__INLINE void lamb_lanes(int64_t i, int64_t n, float *g, float *m, float *v, const cnn__vec f[5]) {
  const cnn__vec gradient = cnn__vget(g + i, n);
  const cnn__vec m1 = mean(m + i, gradient, f[0], n), v1 = mean_square(v + i, gradient, f[1], n);
  cnn__vput(g + i, n, cnn__vdiv(cnn__vdiv(m1, f[2]), cnn__vadd(cnn__vsqrt(cnn__vdiv(v1, f[3])), f[4])));
}

static void lamb_direction(int64_t n, float *g, float *m, float *v, const float factors[5]) {
  const cnn__vec f[5] = {cnn__vset(factors[0]), cnn__vset(factors[1]), cnn__vset(factors[2]), cnn__vset(factors[3]),
                         cnn__vset(factors[4])};
  CNN__ALONG(n, lamb_lanes, g, m, v, f);
}

CNN__INLINE void lion_lanes(int64_t i, int64_t n, float *w, const float *g, float *m, cnn__vec rate,
                            const cnn__vec f[4]) {
  const cnn__vec zero = cnn__vset(0.0f), gradient = cnn__vget(g + i, n), old = cnn__vget(m + i, n);
  const cnn__vec c = cnn__vadd(cnn__vmul(old, f[0]), cnn__vmul(gradient, f[1]));
  const cnn__vec below = cnn__vselect(cnn__vgreater(zero, c), cnn__vset(-1.0f), c);
  const cnn__vec sign = cnn__vselect(cnn__vgreater(c, zero), cnn__vset(1.0f), below);
  cnn__vput(w + i, n, cnn__vsub(cnn__vget(w + i, n), cnn__vmul(rate, sign)));
  cnn__vput(m + i, n, cnn__vadd(cnn__vmul(old, f[2]), cnn__vmul(gradient, f[3])));
}

static void lion(int64_t n, float *w, const float *g, float *m, float rate, const float factors[4]) {
  const cnn__vec r = cnn__vset(rate);
  const cnn__vec f[4] = {cnn__vset(factors[0]), cnn__vset(factors[1]), cnn__vset(factors[2]), cnn__vset(factors[3])};
  CNN__ALONG(n, lion_lanes, w, g, m, r, f);
}

void CNN__NAME(optim_init)(cnn__kernels *t) {
  t->sgd = sgd;
  t->sgd_momentum = sgd_momentum;
  t->adam = adam;
  t->adam_amsgrad = adam_amsgrad;
  t->adamax = adamax;
  t->nadam = nadam;
  t->lamb_direction = lamb_direction;
  t->lion = lion;
}
