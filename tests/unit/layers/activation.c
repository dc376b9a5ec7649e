/* activation: the functions in place and out of place, at their corners, and their names. */
#include "layers/layer_internal.h"

#include "core/cpu.h"

#include <check.h>
#include <math.h>
#include <string.h>

enum { FUNCTIONS = 10 };

static const cnn__kernels *k;

static void find_kernels(void) { k = cnn__kernels_for(CNN__CPU_REF, CNN__GEMM_REF); }

START_TEST(names_stand_at_their_numbers) {
  ck_assert_str_eq(cnn__activation_names[CNN_ACTIVATION_LINEAR], "linear");
  ck_assert_str_eq(cnn__activation_names[CNN_ACTIVATION_RELU], "relu");
  ck_assert_str_eq(cnn__activation_names[CNN_ACTIVATION_SIGMOID], "sigmoid");
  ck_assert_str_eq(cnn__activation_names[CNN_ACTIVATION_TANH], "tanh");
  ck_assert_str_eq(cnn__activation_names[CNN_ACTIVATION_SOFTMAX], "softmax");
  ck_assert_str_eq(cnn__activation_names[CNN_ACTIVATION_LEAKY_RELU], "leaky_relu");
  ck_assert_str_eq(cnn__activation_names[CNN_ACTIVATION_ELU], "elu");
  ck_assert_str_eq(cnn__activation_names[CNN_ACTIVATION_GELU], "gelu");
  ck_assert_str_eq(cnn__activation_names[CNN_ACTIVATION_SOFTPLUS], "softplus");
  ck_assert_str_eq(cnn__activation_names[CNN_ACTIVATION_SILU], "silu");
  ck_assert_ptr_null(cnn__activation_names[FUNCTIONS]);
  ck_assert_str_eq(cnn__padding_names[CNN_PADDING_VALID], "valid");
  ck_assert_str_eq(cnn__padding_names[CNN_PADDING_SAME], "same");
  ck_assert_str_eq(cnn__initializer_names[CNN_INITIALIZER_ZEROS - 1], "zeros");
  ck_assert_str_eq(cnn__initializer_names[CNN_INITIALIZER_ONES - 1], "ones");
  ck_assert_str_eq(cnn__initializer_names[CNN_INITIALIZER_GLOROT_UNIFORM - 1], "glorot_uniform");
  ck_assert_str_eq(cnn__initializer_names[CNN_INITIALIZER_HE_UNIFORM - 1], "he_uniform");
}
END_TEST

START_TEST(in_place_is_the_same) {
  float x[12], y[12], place[12], dy[12], dx[12], back[12];
  for (int i = 0; i < 12; i++) {
    x[i] = (float)(i - 6) * 0.37f;
    dy[i] = (float)(5 - i) * 0.21f;
  }
  memcpy(place, x, sizeof x);
  memcpy(back, dy, sizeof dy);
  float parameter = cnn__activation_parameter(_i);
  cnn__activate(k, _i, parameter, 12, 4, x, y);
  cnn__activate(k, _i, parameter, 12, 4, place, place);
  ck_assert_mem_eq(y, place, sizeof y);
  const float *kept = cnn__activation_of_input(_i) ? x : y;
  cnn__activate_backward(k, _i, parameter, 12, 4, kept, dy, dx);
  cnn__activate_backward(k, _i, parameter, 12, 4, kept, back, back);
  ck_assert_mem_eq(dx, back, sizeof dx);
}
END_TEST

START_TEST(corners) {
  float x[4] = {0.0f, -0.0f, -1, NAN}, y[4], dy[4] = {1, 1, 1, 1}, dx[4];
  cnn__activate(k, CNN_ACTIVATION_RELU, 0, 4, 4, x, y);
  ck_assert(y[0] == 0 && y[1] == 0 && y[2] == 0 && isnan(y[3]));
  cnn__activate_backward(k, CNN_ACTIVATION_RELU, 0, 4, 4, y, dy, dx);
  ck_assert(dx[0] == 0 && dx[1] == 0 && dx[2] == 0);
  float z[4] = {1000, 1000, -1000, 0};
  cnn__activate(k, CNN_ACTIVATION_SOFTMAX, 0, 4, 2, z, y);
  ck_assert(y[0] == 0.5f && y[1] == 0.5f && y[2] == 0 && y[3] == 1);
  cnn__activate(k, CNN_ACTIVATION_SIGMOID, 0, 4, 4, z, y);
  ck_assert(y[0] == 1 && y[2] == 0 && y[3] == 0.5f);
  cnn__activate(k, CNN_ACTIVATION_TANH, 0, 4, 4, z, y);
  ck_assert(y[0] == 1 && y[2] == -1 && y[3] == 0);
}
END_TEST

/* What Keras gives no sense or NaN for: each function goes to its limits, and NaN alone gives NaN. */
START_TEST(limits) {
  enum { HUGE_ONES = 4 };
  static const float x[HUGE_ONES + 1] = {INFINITY, -INFINITY, 3e38f, -3e38f, NAN};
  float y[HUGE_ONES + 1], dy[HUGE_ONES + 1] = {1, 1, 1, 1, 1}, dx[HUGE_ONES + 1];
  float parameter = cnn__activation_parameter(_i);
  if (_i == CNN_ACTIVATION_SOFTMAX)
    return;
  for (int approximate = 0; approximate <= (_i == CNN_ACTIVATION_GELU); approximate++) {
    parameter = approximate ? 1.0f : parameter;
    cnn__activate(k, _i, parameter, 5, 5, x, y);
    cnn__activate_backward(k, _i, parameter, 5, 5, cnn__activation_of_input(_i) ? x : y, dy, dx);
    for (int i = 0; i < HUGE_ONES; i++)
      ck_assert_msg(!isnan(y[i]) && isfinite(dx[i]), "%s of %g is %g, its gradient %g", cnn__activation_names[_i],
                    (double)x[i], (double)y[i], (double)dx[i]);
    ck_assert(isnan(y[HUGE_ONES]));
    int bounded = _i == CNN_ACTIVATION_SIGMOID || _i == CNN_ACTIVATION_TANH;
    ck_assert(bounded ? y[0] == 1 && dx[0] == 0 : y[0] == INFINITY && dx[0] == 1);
    if (cnn__activation_of_input(_i) || _i == CNN_ACTIVATION_SOFTPLUS)
      ck_assert(y[1] == 0 && y[3] == 0 && dx[1] == 0 && dx[3] == 0);
  }
}
END_TEST

START_TEST(gradients_at_0) {
  static const struct {
    int32_t activation;
    float parameter, gradient;
  } rows[] = {{CNN_ACTIVATION_RELU, 0, 0},          {CNN_ACTIVATION_LEAKY_RELU, 0.3f, 0.3f},
              {CNN_ACTIVATION_ELU, 0.75f, 0.75f},   {CNN_ACTIVATION_GELU, 0, 0.5f},
              {CNN_ACTIVATION_GELU, 1, 0.5f},       {CNN_ACTIVATION_SILU, 0, 0.5f},
              {CNN_ACTIVATION_SOFTPLUS, 0, 0.5f}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    float x = 0, y, dy = 1, dx;
    cnn__activate(k, rows[i].activation, rows[i].parameter, 1, 1, &x, &y);
    cnn__activate_backward(k, rows[i].activation, rows[i].parameter, 1, 1,
                           cnn__activation_of_input(rows[i].activation) ? &x : &y, &dy, &dx);
    ck_assert_msg(fabsf(dx - rows[i].gradient) <= 6e-8f, "%s: %.9g", cnn__activation_names[rows[i].activation],
                  (double)dx);
  }
}
END_TEST

int main(void) {
  find_kernels();
  Suite *suite = suite_create("activation");
  TCase *tests = tcase_create("activation");
  tcase_add_test(tests, names_stand_at_their_numbers);
  tcase_add_loop_test(tests, in_place_is_the_same, 0, FUNCTIONS);
  tcase_add_loop_test(tests, limits, 0, FUNCTIONS);
  tcase_add_test(tests, gradients_at_0);
  tcase_add_test(tests, corners);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
