/* optimizer: the handle, its attributes and its errors; what each option does to a step. */
#include "steps.h"

#include "core/cpu.h"
#include "core/text.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

/* Weight after steps with one weight of 1. */
static float steps_of(const char *type, const char *attributes, const float *gradients, int64_t count) {
  cnn_optimizer *optimizer;
  steps_array array;
  ck_assert_msg(cnn_optimizer_new(&optimizer, context, type, attributes) == CNN_OK, "%s", cnn_error_text());
  steps_begin(optimizer, &array, 1);
  array.w[0] = 1;
  for (int64_t i = 0; i < count; i++) {
    array.g[0] = gradients[i];
    steps_take(optimizer, cnn__kernels_for(CNN__CPU_REF, CNN__GEMM_REF), i, cnn__optimizer_rate(optimizer), &array, 1);
  }
  cnn_optimizer_free(optimizer);
  return array.w[0];
}

START_TEST(known_steps) {
  static const float tenth[] = {0.1f, 0.1f, 0.1f}, mixed[] = {0.5f, -0.25f, 1e-4f};
  static const float tiny[] = {1e-6f, 1e-6f}, ones[] = {1, 1, 0};
  ck_assert_double_eq_tol(steps_of("adam", NULL, tenth, 3), 0.9970000722537659, 1e-7);
  ck_assert_double_eq_tol(steps_of("adam", NULL, mixed, 3), 0.9985276782807242, 1e-7);
  ck_assert_double_eq_tol(steps_of("adam", NULL, tiny, 2), 0.9994507833244455, 1e-7);
  ck_assert_double_eq_tol(steps_of("sgd", "learning_rate=0.1 momentum=0.9", ones, 3), 0.539, 1e-6);
  ck_assert_double_eq_tol(steps_of("sgd", "learning_rate=0.1 momentum=0.9 nesterov=true", ones, 3), 0.3851, 1e-6);
  ck_assert_double_eq_tol(steps_of("sgd", NULL, ones, 3), 0.98, 1e-6);
  static const float third[] = {0.5f, -0.25f, 0.1f};
  ck_assert_double_eq_tol(steps_of("rmsprop", NULL, third, 3), 0.9977021525, 1e-7);
  ck_assert_double_eq_tol(steps_of("rmsprop", "momentum=0.9", third, 3), 0.9936216438, 1e-7);
  ck_assert_double_eq_tol(steps_of("rmsprop", "centered=true", third, 3), 0.9975323661, 1e-7);
  ck_assert_double_eq_tol(steps_of("adagrad", NULL, third, 3), 0.9993902492, 1e-7);
}
END_TEST

/* Of a gradient with a NaN in it no part is clipped to something that looks right, as in Keras. */
START_TEST(a_norm_that_is_nan) {
  static const char *const ways[] = {"clipnorm=1", "global_clipnorm=1"};
  for (int32_t level = 0; level <= cnn__cpu_best(); level++)
    for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
      cnn_optimizer *optimizer;
      steps_array array;
      ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, "sgd", ways[way]), CNN_OK);
      steps_begin(optimizer, &array, 2);
      array.w[0] = array.w[1] = 1;
      array.g[0] = NAN;
      array.g[1] = 0.5f;
      steps_take(optimizer, cnn__kernels_for(level, level == CNN__CPU_REF ? CNN__GEMM_REF : CNN__GEMM_NATIVE), 0, 0.1f,
                 &array, 1);
      ck_assert_msg(isnan(array.w[0]) && isnan(array.w[1]), "%s: %g %g", ways[way], (double)array.w[0], (double)array.w[1]);
      cnn_optimizer_free(optimizer);
    }
}
END_TEST

START_TEST(slots_by_momentum) {
  cnn_optimizer *optimizer;
  ck_assert_int_eq(cnn_sgd_new(&optimizer, context, NULL), CNN_OK);
  ck_assert_uint_eq(cnn__optimizer_slots(optimizer), 0);
  ck_assert(cnn__optimizer_rate(optimizer) == 0.01f);
  cnn_optimizer_free(optimizer);
  ck_assert_int_eq(cnn_sgd_new(&optimizer, context, cnn_sgd_opts(.momentum = 0.9f, .nesterov = 1)), CNN_OK);
  ck_assert_uint_eq(cnn__optimizer_slots(optimizer), 1);
  cnn_optimizer_free(optimizer);
  ck_assert_int_eq(cnn_adam_new(&optimizer, context, NULL), CNN_OK);
  ck_assert_uint_eq(cnn__optimizer_slots(optimizer), 3);
  ck_assert_str_eq(cnn_optimizer_name(optimizer), "adam");
  ck_assert(cnn__optimizer_rate(optimizer) == 0.001f);
  cnn_optimizer_free(cnn__optimizer_hold(optimizer));
  cnn_optimizer_free(optimizer);
  cnn_optimizer_free(NULL);
}
END_TEST

START_TEST(errors) {
  cnn_optimizer *optimizer = NULL;
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, "adm", NULL), CNN_ENAME);
  ck_assert_str_eq(cnn_error_text(), "unknown optimizer 'adm'; did you mean 'adam'?");
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, NULL, NULL), CNN_ENAME);
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, "adam", "beta_1=1"), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "adam: beta_1 is 1, must be at least 0 and below 1");
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, "adam", "epsilon=0"), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "adam: epsilon is 0, must be finite and above 0");
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, "sgd", "learning_rate=-1"), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "sgd: learning_rate is -1, must be finite and at least 0");
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, "sgd", "momentun=0.9"), CNN_ENAME);
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, "sgd", "name=a"), CNN_ENAME);
  ck_assert_int_eq(cnn_adam_new(&optimizer, context, cnn_adam_opts(.learning_rate = -0.1f)), CNN_EINVAL);
  ck_assert_int_eq(cnn_adam_new(NULL, context, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_adam_new(&optimizer, NULL, NULL), CNN_EINVAL);
  cnn_sgd_opts small = {.size = 8};
  ck_assert_int_eq(cnn_sgd_new(&optimizer, context, &small), CNN_EINVAL);
  struct {
    cnn_adam_opts known;
    float more;
  } newer = {{.size = sizeof newer}, 1};
  ck_assert_int_eq(cnn_adam_new(&optimizer, context, &newer.known), CNN_ETOONEW);
  ck_assert_ptr_null(optimizer);
}
END_TEST

static void refused(const char *type, const char *attributes, const char *text) {
  cnn_optimizer *optimizer = NULL;
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, type, attributes), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), text);
  ck_assert_ptr_null(optimizer);
}

START_TEST(options_that_are_refused) {
  refused("adam", "clipnorm=1 clipvalue=0.5",
          "adam: clipnorm is 1, global_clipnorm 0, clipvalue 0.5; only one of them may be set");
  refused("sgd", "global_clipnorm=2 clipvalue=0.5",
          "sgd: clipnorm is 0, global_clipnorm 2, clipvalue 0.5; only one of them may be set");
  refused("rmsprop", "clipnorm=-1", "rmsprop: clipnorm is -1, must be finite and at least 0");
  refused("rmsprop", "weight_decay=nan", "rmsprop: weight_decay is nan, must be finite and at least 0");
  refused("rmsprop", "rho=1", "rmsprop: rho is 1, must be at least 0 and below 1");
  refused("adamw", "weight_decay=inf", "adamw: weight_decay is inf, must be finite and at least 0");
  refused("adamw", "ema_momentum=1.5", "adamw: ema_momentum is 1.5, must be at least 0 and at most 1");
  refused("lion", "ema_overwrite_frequency=-1", "lion: ema_overwrite_frequency is -1, must be 0 to 2147483647");
  refused("lion", "gradient_accumulation_steps=1.5", "lion: gradient_accumulation_steps is '1.5', must be a whole number");
  refused("ftrl", "learning_rate_power=0.5", "ftrl: learning_rate_power is 0.5, must be at least -3.4028235e+38 and at most 0");
  refused("adam", "exclude_from_weight_decay=bias,,gamma",
          "adam: exclude_from_weight_decay is 'bias,,gamma', one of its texts is empty");
  refused("adam", "exclude_from_weight_decay=b\xff",
          "adam: exclude_from_weight_decay is 'b?', must be UTF-8 without control characters, as names are");
  cnn_optimizer *optimizer = NULL;
  ck_assert_int_eq(cnn_adamw_new(&optimizer, context, cnn_adamw_opts(.clipnorm = 1, .global_clipnorm = 1)), CNN_EINVAL);
  ck_assert_int_eq(cnn_rmsprop_new(&optimizer, context, cnn_rmsprop_opts(.ema_overwrite_frequency = -3)), CNN_EINVAL);
  char *names = malloc(2000);
  memset(names, 'a', 1999);
  names[1999] = 0;
  ck_assert_int_eq(cnn_sgd_new(&optimizer, context, cnn_sgd_opts(.exclude_from_weight_decay = names)), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "exclude_from_weight_decay has 1999 bytes, at most 511 are taken");
  free(names);
  ck_assert_int_eq(cnn_sgd_new(&optimizer, context, cnn_sgd_opts(.exclude_from_weight_decay = "bias, gamma")), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "sgd: exclude_from_weight_decay is 'bias, gamma', has a blank in it; texts are apart by commas alone");
  ck_assert_ptr_null(optimizer);
}
END_TEST

START_TEST(options_become_attributes) {
  static const char *const wanted[][2] = {{"learning_rate", "0.01"}, {"rho", "0.8"}, {"momentum", "0.5"}, {"epsilon", "0.001"},
      {"centered", "true"}, {"weight_decay", "0.1"}, {"clipnorm", "3"}, {"global_clipnorm", "0"}, {"use_ema", "true"},
      {"ema_momentum", "0.75"}, {"ema_overwrite_frequency", "7"}, {"gradient_accumulation_steps", "5"},
      {"exclude_from_weight_decay", "bias"}};
  cnn_optimizer *optimizer;
  ck_assert_int_eq(
      cnn_rmsprop_new(&optimizer, context,
                      cnn_rmsprop_opts(.learning_rate = 0.01f, .rho = 0.8f, .momentum = 0.5f, .epsilon = 0.001f, .centered = 1,
                                       .weight_decay = 0.1f, .clipnorm = 3, .use_ema = 1, .ema_momentum = 0.75f,
                                       .ema_overwrite_frequency = 7, .gradient_accumulation_steps = 5,
                                       .exclude_from_weight_decay = "bias")),
      CNN_OK);
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
    char text[64];
    ck_assert_int_eq(cnn_optimizer_attribute_text(optimizer, wanted[i][0], text, sizeof text), CNN_OK);
    ck_assert_str_eq(text, wanted[i][1]);
  }
  char little[3];
  ck_assert_int_eq(cnn_optimizer_attribute_text(optimizer, "rhoo", little, sizeof little), CNN_ENAME);
  ck_assert_str_eq(cnn_error_text(), "rmsprop: unknown attribute 'rhoo'; did you mean 'rho'?");
  ck_assert_int_eq(cnn_optimizer_attribute_text(optimizer, "rho", little, sizeof little), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "rmsprop: rho needs a buffer of 4 bytes, got 3");
  cnn_optimizer_free(optimizer);
}
END_TEST

/* What bindings see is what the constructor by name takes. */
START_TEST(types_can_be_listed) {
  ck_assert_int_ge(cnn_optimizer_type_count(), 11);
  for (int32_t i = 0; i < cnn_optimizer_type_count(); i++) {
    const char *type = cnn_optimizer_type_at(i);
    ck_assert_ptr_nonnull(cnn_optimizer_type_help(type));
    for (int32_t a = 0; a < cnn_optimizer_attribute_count(type); a++) {
      char text[128];
      cnn_optimizer *optimizer;
      cnn_attribute row = {.size = sizeof row};
      ck_assert_int_eq(cnn_optimizer_attribute_at(type, a, &row), CNN_OK);
      ck_assert_ptr_nonnull(row.help);
      cnn__format(text, sizeof text, "%s=%s", row.key, row.standard);
      ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, type, row.standard[0] ? text : NULL), CNN_OK);
      cnn_optimizer_free(optimizer);
    }
  }
  cnn_attribute row = {.size = sizeof row};
  ck_assert_ptr_null(cnn_optimizer_type_at(-1));
  ck_assert_ptr_null(cnn_optimizer_type_at(cnn_optimizer_type_count()));
  ck_assert_ptr_null(cnn_optimizer_type_help("adan"));
  ck_assert_int_eq(cnn_optimizer_attribute_count("adan"), -1);
  ck_assert_int_eq(cnn_optimizer_attribute_at("adam", 99, &row), CNN_EINVAL);
  ck_assert_int_eq(cnn_optimizer_attribute_at("adan", 0, &row), CNN_ENAME);
}
END_TEST

START_TEST(the_handle_keeps_its_context) {
  cnn_optimizer *optimizer;
  cnn_context *own;
  ck_assert_int_eq(cnn_context_new(&own, NULL), CNN_OK);
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, own, "adam", "learning_rate=0"), CNN_OK);
  cnn_context_free(own);
  ck_assert(cnn__optimizer_rate(optimizer) == 0);
  cnn_optimizer_free(optimizer);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("optimizer");
  TCase *tests = tcase_create("optimizer");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, known_steps);
  tcase_add_test(tests, a_norm_that_is_nan);
  tcase_add_test(tests, slots_by_momentum);
  tcase_add_test(tests, errors);
  tcase_add_test(tests, options_that_are_refused);
  tcase_add_test(tests, options_become_attributes);
  tcase_add_test(tests, types_can_be_listed);
  tcase_add_test(tests, the_handle_keeps_its_context);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
