/* Activations: every level against the reference, and the reference at its special values. */
#include "map_check.h"

#define UNARY(slot)                            \
  CASE(slot) {                                 \
    EACH_LEVEL(slot) {                         \
      NOTE(slot, 0);                           \
      unary(reference()->slot, t->slot);       \
    }                                          \
  }                                            \
  END_CASE
#define BINARY(slot)                           \
  CASE(slot) {                                 \
    EACH_LEVEL(slot) {                         \
      NOTE(slot, 0);                           \
      binary(reference()->slot, t->slot);      \
    }                                          \
  }                                            \
  END_CASE

UNARY(relu)
UNARY(gelu)
UNARY(gelu_tanh)
UNARY(sigmoid)
UNARY(silu)
UNARY(softplus)
UNARY(tanh)
BINARY(relu_backward)
BINARY(gelu_backward)
BINARY(gelu_tanh_backward)
BINARY(sigmoid_backward)
BINARY(silu_backward)
BINARY(softplus_backward)
BINARY(tanh_backward)

static const float parameters[] = {0.2f, 1.0f, 0.0f, 3.5f};

/* (n, x, parameter, y): also in place. */
static void sloped(cnn__leaky_relu_fn *want, cnn__leaky_relu_fn *got) {
  for (int64_t i = 0; lengths(i) >= 0; i++) {
    const int64_t n = at.extents[0] = lengths(i);
    EACH_PLACEMENT(3000 + (uint64_t)i) {
      for (int kind = 0; kind < KINDS; kind++) {
        const float parameter = parameters[(i + kind) % 4];
        const float *x = place_floats(0, n, kind);
        want(n, x, parameter, place_output(1, n));
        got(n, x, parameter, place_output(2, n));
        same_floats(2, 1);
        float *y = place_copy(2, 0);
        got(n, y, parameter, y);
        same_floats(2, 1);
      }
    }
  }
}

/* (n, y, dy, parameter, dx): also into dy. */
static void sloped_backward(cnn__leaky_relu_backward_fn *want, cnn__leaky_relu_backward_fn *got) {
  for (int64_t i = 0; lengths(i) >= 0; i++) {
    const int64_t n = at.extents[0] = lengths(i);
    EACH_PLACEMENT(4000 + (uint64_t)i) {
      for (int kind = 0; kind < KINDS; kind++) {
        const float parameter = parameters[(i + kind) % 4];
        const float *y = place_floats(0, n, kind);
        const float *dy = place_floats(1, n, kind);
        want(n, y, dy, parameter, place_output(2, n));
        got(n, y, dy, parameter, place_output(3, n));
        same_floats(3, 2);
        float *dx = place_copy(3, 1);
        got(n, y, dx, parameter, dx);
        same_floats(3, 2);
      }
    }
  }
}

CASE(leaky_relu) {
  EACH_LEVEL(leaky_relu) {
    NOTE(leaky_relu, 0);
    sloped(reference()->leaky_relu, t->leaky_relu);
  }
}
END_CASE

CASE(leaky_relu_backward) {
  EACH_LEVEL(leaky_relu_backward) {
    NOTE(leaky_relu_backward, 0);
    sloped_backward(reference()->leaky_relu_backward, t->leaky_relu_backward);
  }
}
END_CASE

CASE(elu) {
  EACH_LEVEL(elu) {
    NOTE(elu, 0);
    sloped(reference()->elu, t->elu);
  }
}
END_CASE

CASE(elu_backward) {
  EACH_LEVEL(elu_backward) {
    NOTE(elu_backward, 0);
    sloped_backward(reference()->elu_backward, t->elu_backward);
  }
}
END_CASE

/* Special values of the reference, as the contract has them. */
START_TEST(relu_of_special_values) {
  const float x[5] = {NAN, -0.0f, 0.0f, -INFINITY, INFINITY};
  float y[5];
  reference()->relu(5, x, y);
  ck_assert(isnan(y[0]));
  ck_assert(y[1] == 0.0f && signbit(y[1]));
  ck_assert(y[2] == 0.0f && !signbit(y[2]));
  ck_assert(y[3] == 0.0f && y[4] == INFINITY);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/activation");
  TCase *tcase = tcase_create("activation");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, relu);
  ADD_CASE(tcase, relu_backward);
  ADD_CASE(tcase, leaky_relu);
  ADD_CASE(tcase, leaky_relu_backward);
  ADD_CASE(tcase, elu);
  ADD_CASE(tcase, elu_backward);
  ADD_CASE(tcase, gelu);
  ADD_CASE(tcase, gelu_backward);
  ADD_CASE(tcase, gelu_tanh);
  ADD_CASE(tcase, gelu_tanh_backward);
  ADD_CASE(tcase, sigmoid);
  ADD_CASE(tcase, sigmoid_backward);
  ADD_CASE(tcase, silu);
  ADD_CASE(tcase, silu_backward);
  ADD_CASE(tcase, softplus);
  ADD_CASE(tcase, softplus_backward);
  ADD_CASE(tcase, tanh);
  ADD_CASE(tcase, tanh_backward);
  tcase_add_test(tcase, relu_of_special_values);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
