/* activation: the activations that go element by element, and their gradients, on sixteen lanes. The reference defines
 * the bits. */
#include "kernels/map.h"
#include "kernels/math_vector.h"

CNN__INLINE cnn__vec relu_step(cnn__vec x, cnn__vec b, cnn__vec zero) {
  CNN__UNUSED(b);
  return cnn__vmax(zero, x);
}
static void relu(int64_t n, const float *x, float *y) { cnn__map(n, x, x, 0.0f, y, relu_step); }

CNN__INLINE cnn__vec relu_backward_step(cnn__vec y, cnn__vec dy, cnn__vec zero) {
  return cnn__vkeep(cnn__vgreater(y, zero), dy);
}
static void relu_backward(int64_t n, const float *y, const float *dy, float *dx) {
  cnn__map(n, y, dy, 0.0f, dx, relu_backward_step);
}

CNN__INLINE cnn__vec leaky_relu_step(cnn__vec x, cnn__vec b, cnn__vec slope) {
  CNN__UNUSED(b);
  return cnn__vselect(cnn__vgreater(x, cnn__vset(0.0f)), x, cnn__vmul(x, slope));
}
static void leaky_relu(int64_t n, const float *x, float slope, float *y) { cnn__map(n, x, x, slope, y, leaky_relu_step); }

CNN__INLINE cnn__vec leaky_relu_backward_step(cnn__vec y, cnn__vec dy, cnn__vec slope) {
  return cnn__vselect(cnn__vgreater(y, cnn__vset(0.0f)), dy, cnn__vmul(dy, slope));
}
static void leaky_relu_backward(int64_t n, const float *y, const float *dy, float slope, float *dx) {
  cnn__map(n, y, dy, slope, dx, leaky_relu_backward_step);
}

CNN__INLINE cnn__vec elu_step(cnn__vec x, cnn__vec b, cnn__vec alpha) {
  CNN__UNUSED(b);
  return cnn__vselect(cnn__vgreater(x, cnn__vset(0.0f)), x, cnn__vmul(cnn__vexpm1_below_0(x), alpha));
}
static void elu(int64_t n, const float *x, float alpha, float *y) { cnn__map(n, x, x, alpha, y, elu_step); }

CNN__INLINE cnn__vec elu_backward_step(cnn__vec y, cnn__vec dy, cnn__vec alpha) {
  return cnn__vselect(cnn__vgreater(y, cnn__vset(0.0f)), dy, cnn__vmul(dy, cnn__vadd(y, alpha)));
}
static void elu_backward(int64_t n, const float *y, const float *dy, float alpha, float *dx) {
  cnn__map(n, y, dy, alpha, dx, elu_backward_step);
}

CNN__INLINE cnn__vec within(cnn__vec x, float most) {
  x = cnn__vmin(cnn__vset(most), x);
  return cnn__vmax(cnn__vset(-most), x);
}

CNN__INLINE cnn__vec gelu_step(cnn__vec x, cnn__vec b, cnn__vec least) {
  CNN__UNUSED(b);
  cnn__vec bell;
  return cnn__vmul(cnn__vmax(least, x), cnn__vnormal(x, &bell));
}
static void gelu(int64_t n, const float *x, float *y) { cnn__map(n, x, x, -CNN__NORMAL_MOST, y, gelu_step); }

CNN__INLINE cnn__vec gelu_backward_step(cnn__vec x, cnn__vec dy, cnn__vec density) {
  cnn__vec bell, below = cnn__vnormal(x, &bell);
  return cnn__vmul(dy, cnn__vmul_add(within(x, CNN__NORMAL_MOST), cnn__vmul(bell, density), below));
}
static void gelu_backward(int64_t n, const float *x, const float *dy, float *dx) {
  cnn__map(n, x, dy, CNN__NORMAL_DENSITY, dx, gelu_backward_step);
}

CNN__INLINE cnn__vec logistic(cnn__vec x, cnn__vec *other) {
  const cnn__vec one = cnn__vset(1.0f);
  const cnn__mask above = cnn__vgreater(x, cnn__vset(0.0f));
  cnn__vec e = cnn__vexp(cnn__vsub(cnn__vset(-0.0f), cnn__vmagnitude(x)));
  cnn__vec most = cnn__vdiv(one, cnn__vadd(one, e));
  cnn__vec least = cnn__vmul(e, most);
  *other = cnn__vselect(above, least, most);
  return cnn__vselect(above, most, least);
}

CNN__INLINE cnn__vec gelu_tanh_step(cnn__vec x, cnn__vec b, cnn__vec least) {
  CNN__UNUSED(b);
  const cnn__vec cube = cnn__vset(CNN__GELU_CUBE), linear = cnn__vset(CNN__GELU_LINEAR);
  cnn__vec other;
  x = cnn__vmax(least, x);
  return cnn__vmul(x, logistic(cnn__vmul(cnn__vmul_add(cnn__vmul(x, x), cube, linear), x), &other));
}
static void gelu_tanh(int64_t n, const float *x, float *y) { cnn__map(n, x, x, -CNN__GELU_MOST, y, gelu_tanh_step); }

CNN__INLINE cnn__vec gelu_tanh_backward_step(cnn__vec x, cnn__vec dy, cnn__vec linear) {
  const cnn__vec cube = cnn__vset(CNN__GELU_CUBE), slope = cnn__vset(3.0f * CNN__GELU_CUBE);
  cnn__vec other, z = within(x, CNN__GELU_MOST), square = cnn__vmul(z, z);
  cnn__vec s = logistic(cnn__vmul(cnn__vmul_add(square, cube, linear), z), &other);
  cnn__vec rise = cnn__vmul_add(square, slope, linear);
  return cnn__vmul(dy, cnn__vmul_add(z, cnn__vmul(cnn__vmul(s, other), rise), s));
}
static void gelu_tanh_backward(int64_t n, const float *x, const float *dy, float *dx) {
  cnn__map(n, x, dy, CNN__GELU_LINEAR, dx, gelu_tanh_backward_step);
}

CNN__INLINE cnn__vec sigmoid_step(cnn__vec x, cnn__vec b, cnn__vec minus_zero) {
  CNN__UNUSED(b);
  const cnn__vec one = cnn__vset(1.0f);
  const cnn__vec negative = cnn__vsub(minus_zero, x);
  return cnn__vdiv(one, cnn__vadd(one, cnn__vexp(negative)));
}
static void sigmoid(int64_t n, const float *x, float *y) { cnn__map(n, x, x, -0.0f, y, sigmoid_step); }

CNN__INLINE cnn__vec sigmoid_backward_step(cnn__vec y, cnn__vec dy, cnn__vec one) {
  return cnn__vmul(cnn__vmul(dy, y), cnn__vsub(one, y));
}
static void sigmoid_backward(int64_t n, const float *y, const float *dy, float *dx) {
  cnn__map(n, y, dy, 1.0f, dx, sigmoid_backward_step);
}

CNN__INLINE cnn__vec silu_step(cnn__vec x, cnn__vec b, cnn__vec least) {
  CNN__UNUSED(b);
  cnn__vec other;
  x = cnn__vmax(least, x);
  return cnn__vmul(x, logistic(x, &other));
}
static void silu(int64_t n, const float *x, float *y) { cnn__map(n, x, x, CNN__EXP_LEAST, y, silu_step); }

CNN__INLINE cnn__vec silu_backward_step(cnn__vec x, cnn__vec dy, cnn__vec s) {
  cnn__vec other, z = within(x, -CNN__EXP_LEAST);
  s = logistic(z, &other);
  return cnn__vmul(dy, cnn__vmul_add(cnn__vmul(z, other), s, s));
}
static void silu_backward(int64_t n, const float *x, const float *dy, float *dx) {
  cnn__map(n, x, dy, 0.0f, dx, silu_backward_step);
}

CNN__INLINE cnn__vec softplus_step(cnn__vec x, cnn__vec b, cnn__vec zero) {
  CNN__UNUSED(b);
  cnn__vec e = cnn__vexp(cnn__vsub(cnn__vset(-0.0f), cnn__vmagnitude(x)));
  return cnn__vadd(cnn__vmax(zero, x), cnn__vlog1p_unit(e));
}
static void softplus(int64_t n, const float *x, float *y) { cnn__map(n, x, x, 0.0f, y, softplus_step); }

CNN__INLINE cnn__vec softplus_backward_step(cnn__vec y, cnn__vec dy, cnn__vec minus_zero) {
  cnn__vec below = cnn__vexpm1_below_0(cnn__vsub(minus_zero, y));
  return cnn__vmul(dy, cnn__vsub(minus_zero, below));
}
static void softplus_backward(int64_t n, const float *y, const float *dy, float *dx) {
  cnn__map(n, y, dy, -0.0f, dx, softplus_backward_step);
}

CNN__INLINE cnn__vec tanh_step(cnn__vec x, cnn__vec b, cnn__vec s) {
  CNN__UNUSED(b);
  CNN__UNUSED(s);
  return cnn__vtanh(x);
}
static void hyperbolic_tangent(int64_t n, const float *x, float *y) { cnn__map(n, x, x, 0.0f, y, tanh_step); }

CNN__INLINE cnn__vec tanh_backward_step(cnn__vec y, cnn__vec dy, cnn__vec one) {
  return cnn__vmul(dy, cnn__vsub(one, cnn__vmul(y, y)));
}
static void tanh_backward(int64_t n, const float *y, const float *dy, float *dx) {
  cnn__map(n, y, dy, 1.0f, dx, tanh_backward_step);
}

void CNN__NAME(activation_init)(cnn__kernels *t) {
  t->relu = relu;
  t->relu_backward = relu_backward;
  t->leaky_relu = leaky_relu;
  t->leaky_relu_backward = leaky_relu_backward;
  t->elu = elu;
  t->elu_backward = elu_backward;
  t->gelu = gelu;
  t->gelu_backward = gelu_backward;
  t->gelu_tanh = gelu_tanh;
  t->gelu_tanh_backward = gelu_tanh_backward;
  t->sigmoid = sigmoid;
  t->sigmoid_backward = sigmoid_backward;
  t->silu = silu;
  t->silu_backward = silu_backward;
  t->softplus = softplus;
  t->softplus_backward = softplus_backward;
  t->tanh = hyperbolic_tangent;
  t->tanh_backward = tanh_backward;
}
