/* optim: the updates on sixteen lanes. The reference defines the bits: exact division and square root. */
#include "kernels/kernel.h"
#include "kernels/vector.h"

CNN__INLINE void sgd_lanes(float *w, const float *g, cnn__vec rate, int64_t n) {
  cnn__vput(w, n, cnn__vsub(cnn__vget(w, n), cnn__vmul(rate, cnn__vget(g, n))));
}

static void sgd(int64_t n, float *w, const float *g, float rate) {
  const cnn__vec factor = cnn__vset(rate);
  int64_t i = 0;
  for (; i + CNN__LANES <= n; i += CNN__LANES) {
    sgd_lanes(w + i, g + i, factor, CNN__LANES);
  }
  if (i < n) {
    sgd_lanes(w + i, g + i, factor, n - i);
  }
}

CNN__INLINE void momentum_lanes(float *w, const float *g, float *velocity, cnn__vec rate, cnn__vec momentum,
                                int32_t nesterov, int64_t n) {
  const cnn__vec step = cnn__vmul(rate, cnn__vget(g, n));
  const cnn__vec v = cnn__vsub(cnn__vmul(momentum, cnn__vget(velocity, n)), step);
  cnn__vput(velocity, n, v);
  cnn__vput(w, n, cnn__vadd(cnn__vget(w, n), nesterov ? cnn__vsub(cnn__vmul(momentum, v), step) : v));
}

static void sgd_momentum(int64_t n, float *w, const float *g, float *velocity, float rate, float momentum,
                         int32_t nesterov) {
  const cnn__vec r = cnn__vset(rate), mu = cnn__vset(momentum);
  int64_t i = 0;
  for (; i + CNN__LANES <= n; i += CNN__LANES) {
    momentum_lanes(w + i, g + i, velocity + i, r, mu, nesterov, CNN__LANES);
  }
  if (i < n) {
    momentum_lanes(w + i, g + i, velocity + i, r, mu, nesterov, n - i);
  }
}

typedef struct adam_factors {
  cnn__vec alpha, one_minus_beta_1, one_minus_beta_2, epsilon;
} adam_factors;

CNN__INLINE void adam_lanes(float *w, const float *g, float *m, float *v, const adam_factors *f, int64_t n) {
  const cnn__vec gradient = cnn__vget(g, n);
  const cnn__vec m0 = cnn__vget(m, n), v0 = cnn__vget(v, n);
  const cnn__vec m1 = cnn__vadd(m0, cnn__vmul(cnn__vsub(gradient, m0), f->one_minus_beta_1));
  const cnn__vec square = cnn__vmul(gradient, gradient);
  const cnn__vec v1 = cnn__vadd(v0, cnn__vmul(cnn__vsub(square, v0), f->one_minus_beta_2));
  const cnn__vec root = cnn__vadd(cnn__vsqrt(v1), f->epsilon);
  cnn__vput(m, n, m1);
  cnn__vput(v, n, v1);
  cnn__vput(w, n, cnn__vsub(cnn__vget(w, n), cnn__vdiv(cnn__vmul(m1, f->alpha), root)));
}

static void adam(int64_t n, float *w, const float *g, float *m, float *v, float alpha, float one_minus_beta_1,
                 float one_minus_beta_2, float epsilon) {
  const adam_factors f = {cnn__vset(alpha), cnn__vset(one_minus_beta_1), cnn__vset(one_minus_beta_2),
                          cnn__vset(epsilon)};
  int64_t i = 0;
  for (; i + CNN__LANES <= n; i += CNN__LANES) {
    adam_lanes(w + i, g + i, m + i, v + i, &f, CNN__LANES);
  }
  if (i < n) {
    adam_lanes(w + i, g + i, m + i, v + i, &f, n - i);
  }
}

void CNN__NAME(optim_init)(cnn__kernels *t) {
  t->sgd = sgd;
  t->sgd_momentum = sgd_momentum;
  t->adam = adam;
}
