/* activation, in plain C: the definition of the activations that go element by element, and of their gradients, to the
 * bit. */
#include "kernels/kernel.h"
#include "kernels/math.h"

static void relu(int64_t n, const float *x, float *y) {
  for (int64_t i = 0; i < n; i++) {
    y[i] = 0.0f > x[i] ? 0.0f : x[i];
  }
}

static void relu_backward(int64_t n, const float *y, const float *dy, float *dx) {
  for (int64_t i = 0; i < n; i++) {
    dx[i] = y[i] > 0.0f ? dy[i] : 0.0f;
  }
}

static void leaky_relu(int64_t n, const float *x, float slope, float *y) {
  for (int64_t i = 0; i < n; i++) {
    y[i] = x[i] > 0.0f ? x[i] : x[i] * slope;
  }
}

static void leaky_relu_backward(int64_t n, const float *y, const float *dy, float slope, float *dx) {
  for (int64_t i = 0; i < n; i++) {
    dx[i] = y[i] > 0.0f ? dy[i] : dy[i] * slope;
  }
}

static void elu(int64_t n, const float *x, float alpha, float *y) {
  for (int64_t i = 0; i < n; i++) {
    y[i] = x[i] > 0.0f ? x[i] : cnn__expm1_below_0(x[i]) * alpha;
  }
}

static void elu_backward(int64_t n, const float *y, const float *dy, float alpha, float *dx) {
  for (int64_t i = 0; i < n; i++) {
    dx[i] = y[i] > 0.0f ? dy[i] : dy[i] * (y[i] + alpha);
  }
}

/* x within [-most, most]; NaN stays. */
static float within(float x, float most) {
  x = most < x ? most : x;
  return -most > x ? -most : x;
}

static void gelu(int64_t n, const float *x, float *y) {
  for (int64_t i = 0; i < n; i++) {
    float bell, least = -CNN__NORMAL_MOST > x[i] ? -CNN__NORMAL_MOST : x[i];
    y[i] = least * cnn__normal(x[i], &bell);
  }
}

static void gelu_backward(int64_t n, const float *x, const float *dy, float *dx) {
  for (int64_t i = 0; i < n; i++) {
    float bell, below = cnn__normal(x[i], &bell);
    float slope = within(x[i], CNN__NORMAL_MOST) * (bell * CNN__NORMAL_DENSITY) + below;
    dx[i] = dy[i] * slope;
  }
}

/* 1 / (1 + e^-x) without overflow, and in *other 1 less it. */
static float logistic(float x, float *other) {
  float e = cnn__exp(-cnn__magnitude(x));
  float most = 1.0f / (1.0f + e);
  float least = e * most;
  *other = x > 0.0f ? least : most;
  return x > 0.0f ? most : least;
}

static void gelu_tanh(int64_t n, const float *x, float *y) {
  for (int64_t i = 0; i < n; i++) {
    float other, least = -CNN__GELU_MOST > x[i] ? -CNN__GELU_MOST : x[i];
    float twice = ((least * least) * CNN__GELU_CUBE + CNN__GELU_LINEAR) * least;
    y[i] = least * logistic(twice, &other);
  }
}

static void gelu_tanh_backward(int64_t n, const float *x, const float *dy, float *dx) {
  for (int64_t i = 0; i < n; i++) {
    float other, z = within(x[i], CNN__GELU_MOST), square = z * z;
    float s = logistic((square * CNN__GELU_CUBE + CNN__GELU_LINEAR) * z, &other);
    float rise = square * (3.0f * CNN__GELU_CUBE) + CNN__GELU_LINEAR;
    dx[i] = dy[i] * (z * ((s * other) * rise) + s);
  }
}

static void sigmoid(int64_t n, const float *x, float *y) {
  for (int64_t i = 0; i < n; i++) {
    y[i] = 1.0f / (1.0f + cnn__exp(-x[i]));
  }
}

static void sigmoid_backward(int64_t n, const float *y, const float *dy, float *dx) {
  for (int64_t i = 0; i < n; i++) {
    dx[i] = (dy[i] * y[i]) * (1.0f - y[i]);
  }
}

static void silu(int64_t n, const float *x, float *y) {
  for (int64_t i = 0; i < n; i++) {
    float other, least = CNN__EXP_LEAST > x[i] ? CNN__EXP_LEAST : x[i];
    y[i] = least * logistic(least, &other);
  }
}

static void silu_backward(int64_t n, const float *x, const float *dy, float *dx) {
  for (int64_t i = 0; i < n; i++) {
    float other, z = within(x[i], -CNN__EXP_LEAST);
    float s = logistic(z, &other);
    dx[i] = dy[i] * ((z * other) * s + s);
  }
}

static void softplus(int64_t n, const float *x, float *y) {
  for (int64_t i = 0; i < n; i++) {
    y[i] = (0.0f > x[i] ? 0.0f : x[i]) + cnn__log1p_unit(cnn__exp(-cnn__magnitude(x[i])));
  }
}

static void softplus_backward(int64_t n, const float *y, const float *dy, float *dx) {
  for (int64_t i = 0; i < n; i++) {
    dx[i] = dy[i] * -cnn__expm1_below_0(-y[i]);
  }
}

static void hyperbolic_tangent(int64_t n, const float *x, float *y) {
  for (int64_t i = 0; i < n; i++) {
    y[i] = cnn__tanh(x[i]);
  }
}

static void tanh_backward(int64_t n, const float *y, const float *dy, float *dx) {
  for (int64_t i = 0; i < n; i++) {
    dx[i] = dy[i] * (1.0f - y[i] * y[i]);
  }
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
