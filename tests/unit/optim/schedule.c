/* schedule: Keras's values, the handle, its text and its errors; and schedules as an optimizer has them. */
#include "reference.h"

#include "optim/optimizer_internal.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *cases;
static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

/* ---- Keras's values ---- */

static const cnn__schedule_type *type_of(const char *class_name) {
  for (int32_t i = 0; i < cnn_schedule_type_count(); i++)
    if (strcmp(cnn__schedule_type_at(i)->class_name, class_name) == 0)
      return cnn__schedule_type_at(i);
  ck_abort_msg("no schedule is called %s", class_name);
}

static void add_value(const json_t *value, char *text, size_t bytes) {
  size_t used = strlen(text);
  if (json_is_array(value)) {
    for (size_t i = 0; i < json_array_size(value); i++) {
      if (i)
        strcat(text, ":");
      add_value(json_array_get(value, i), text, bytes);
    }
    return;
  }
  if (json_is_boolean(value))
    snprintf(text + used, bytes - used, "%s", json_is_true(value) ? "true" : "false");
  else
    snprintf(text + used, bytes - used, "%.17g", json_number_value(value));
}

static cnn_schedule *make(const json_t *of) {
  const cnn__schedule_type *type = type_of(json_string_value(json_object_get(of, "schedule")));
  char text[512] = "";
  const char *key;
  json_t *value;
  json_object_foreach(json_object_get(of, "config"), key, value) {
    strcat(text, key);
    strcat(text, "=");
    add_value(value, text, sizeof text);
    strcat(text, " ");
  }
  cnn_schedule *schedule;
  ck_assert_msg(cnn_schedule_new(&schedule, context, type->name, text) == CNN_OK, "%s", cnn_error_text());
  return schedule;
}

/* How many float32 numbers apart. */
static long apart(float a, float b) {
  int32_t x, y;
  memcpy(&x, &a, sizeof x);
  memcpy(&y, &b, sizeof y);
  return labs((long)x - (long)y);
}

START_TEST(values_are_those_of_keras) {
  const json_t *of = json_array_get(cases, (size_t)_i);
  const json_t *steps = json_object_get(of, "steps"), *values = json_object_get(of, "float32_values");
  cnn_schedule *schedule = make(of);
  for (size_t i = 0; i < json_array_size(steps); i++) {
    int64_t step = json_integer_value(json_array_get(steps, i));
    float wanted = (float)json_number_value(json_array_get(values, i)), got = (float)cnn_schedule_rate(schedule, step);
    ck_assert_msg(apart(got, wanted) == 0, "%s (case %d) at step %lld: %.9g, should be %.9g, %ld numbers apart",
                  cnn_schedule_name(schedule), _i, (long long)step, (double)got, (double)wanted, apart(got, wanted));
  }
  cnn_schedule_free(schedule);
}
END_TEST

/* ---- the handle, its text and its errors ---- */

static double at(const char *name, const char *attributes, int64_t step) {
  cnn_schedule *schedule;
  ck_assert_msg(cnn_schedule_new(&schedule, context, name, attributes) == CNN_OK, "%s", cnn_error_text());
  double rate = cnn_schedule_rate(schedule, step);
  cnn_schedule_free(schedule);
  return rate;
}

/* No rate is ever NaN, infinite or negative, however far the steps go. */
START_TEST(far_away) {
  static const char *const all[][2] = {
      {"exponential_decay", "initial_learning_rate=0.1 decay_steps=1 decay_rate=0"},
      {"exponential_decay", "initial_learning_rate=0.1 decay_steps=3 decay_rate=0.9 staircase=true"},
      {"inverse_time_decay", "initial_learning_rate=0.1 decay_steps=1 decay_rate=1e30"},
      {"piecewise_constant_decay", "boundaries=1:5 values=1:0.5:0.25"},
      {"polynomial_decay", "initial_learning_rate=0.1 decay_steps=7 power=0.5 cycle=true"},
      {"polynomial_decay", "initial_learning_rate=0.1 decay_steps=7 power=0"},
      {"polynomial_decay", "initial_learning_rate=0.1 decay_steps=4237 cycle=true"},
      {"cosine_decay", "initial_learning_rate=0.1 decay_steps=7 warmup_target=0.3 warmup_steps=5"},
      {"cosine_decay_restarts", "initial_learning_rate=0.1 first_decay_steps=1 t_mul=1"},
      {"cosine_decay_restarts", "initial_learning_rate=0.1 first_decay_steps=1 t_mul=1.0000001 m_mul=0.5"},
      {"cosine_decay_restarts", "initial_learning_rate=0.1 first_decay_steps=3 t_mul=1e30"}};
  static const int64_t steps[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 16777217, 17358990, (int64_t)1 << 53, INT64_MAX};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
      double rate = at(all[i][0], all[i][1], steps[s]);
      ck_assert_msg(rate >= 0 && rate <= 1, "%s %s at %lld: %g", all[i][0], all[i][1], (long long)steps[s], rate);
    }
  ck_assert(at(all[0][0], all[0][1], 0) == (double)0.1f && at(all[0][0], all[0][1], 1) == 0);
}
END_TEST

/* The first step of each cosine has its full rate, the last one before it nearly none. */
START_TEST(restarts_happen_at_their_steps) {
  const char *attributes = "initial_learning_rate=1 first_decay_steps=1000 t_mul=2 m_mul=0.5";
  static const int64_t starts[] = {0, 1000, 3000, 7000, 15000, 31000, 63000, 127000};
  double height = 1;
  for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++, height /= 2) {
    ck_assert_double_eq_tol(at("cosine_decay_restarts", attributes, starts[i]), height, 1e-6);
    if (i)
      ck_assert_double_le(at("cosine_decay_restarts", attributes, starts[i] - 1), 1e-5);
  }
}
END_TEST

START_TEST(typed_constructors_say_what_text_says) {
  cnn_schedule *made[6];
  ck_assert_int_eq(cnn_exponential_decay_new(&made[0], context, 0.1f, 10, 0.5f, cnn_exponential_decay_opts(.staircase = 1)),
                   CNN_OK);
  ck_assert_int_eq(cnn_inverse_time_decay_new(&made[1], context, 0.1f, 10, 0.5f, NULL), CNN_OK);
  ck_assert_int_eq(cnn_piecewise_constant_decay_new(&made[2], context, 2, (const int64_t[]){5, 10}, (const float[]){1, 0.5f, 0}),
                   CNN_OK);
  ck_assert_int_eq(cnn_polynomial_decay_new(&made[3], context, 0.1f, 20,
                                            cnn_polynomial_decay_opts(.end_learning_rate = CNN_ZERO, .power = 2, .cycle = 1)),
                   CNN_OK);
  ck_assert_int_eq(cnn_cosine_decay_new(&made[4], context, 0, 20, cnn_cosine_decay_opts(.alpha = 0.1f, .warmup_target = 0.5f, .warmup_steps = 3)),
                   CNN_OK);
  ck_assert_int_eq(cnn_cosine_decay_restarts_new(&made[5], context, 0.1f, 5, cnn_cosine_decay_restarts_opts(.m_mul = CNN_ZERO)), CNN_OK);
  static const char *const wanted[] = {
      "exponential_decay(initial_learning_rate=0.1,decay_steps=10,decay_rate=0.5,staircase=true)",
      "inverse_time_decay(initial_learning_rate=0.1,decay_steps=10,decay_rate=0.5,staircase=false)",
      "piecewise_constant_decay(boundaries=5:10,values=1:0.5:0)",
      "polynomial_decay(initial_learning_rate=0.1,decay_steps=20,end_learning_rate=0,power=2,cycle=true)",
      "cosine_decay(initial_learning_rate=0,decay_steps=20,alpha=0.1,warmup_target=0.5,warmup_steps=3)",
      "cosine_decay_restarts(initial_learning_rate=0.1,first_decay_steps=5,t_mul=2,m_mul=0,alpha=0)"};
  for (int i = 0; i < 6; i++) {
    char text[CNN__ATTRIBUTE_TEXT_BYTES], again[CNN__ATTRIBUTE_TEXT_BYTES];
    cnn_schedule *read;
    ck_assert_int_eq(cnn__schedule_text(made[i], text, sizeof text), CNN_OK);
    ck_assert_str_eq(text, wanted[i]);
    ck_assert_msg(cnn__schedule_read(&read, context, text) == CNN_OK, "%s", cnn_error_text());
    ck_assert_int_eq(cnn__schedule_text(read, again, sizeof again), CNN_OK);
    ck_assert_str_eq(again, text);
    cnn_schedule_free(read);
    cnn_schedule_free(made[i]);
  }
}
END_TEST

static void refused(const char *name, const char *attributes, cnn_status code, const char *text) {
  cnn_schedule *schedule = NULL;
  ck_assert_int_eq(cnn_schedule_new(&schedule, context, name, attributes), code);
  ck_assert_str_eq(cnn_error_text(), text);
  ck_assert_ptr_null(schedule);
}

START_TEST(errors) {
  refused("cosine_deca", NULL, CNN_ENAME, "unknown schedule 'cosine_deca'; did you mean 'cosine_decay'?");
  refused(NULL, NULL, CNN_ENAME, "unknown schedule '(none)'");
  refused("cosine_decay", "decay_steps=5", CNN_EINVAL, "cosine_decay: initial_learning_rate must be given");
  refused("cosine_decay", "initial_learning_rate=1 decay_steps=0", CNN_EINVAL,
          "cosine_decay: decay_steps is 0, must be 1 to 9007199254740992");
  refused("cosine_decay", "initial_learning_rate=1 decay_steps=5 warmup_steps=2", CNN_EINVAL,
          "cosine_decay: warmup_steps is 2, but there is no warmup_target to reach by then");
  refused("exponential_decay", "initial_learning_rate=-1 decay_steps=5 decay_rate=1", CNN_EINVAL,
          "exponential_decay: initial_learning_rate is -1, must be finite and at least 0");
  refused("exponential_decay", "initial_learning_rate=1 decay_steps=5 decay_rate=nan", CNN_EINVAL,
          "exponential_decay: decay_rate is nan, must be finite and at least 0");
  refused("piecewise_constant_decay", "boundaries=1:2 values=1:2", CNN_EINVAL,
          "piecewise_constant_decay: 2 values for 2 boundaries, must be one more");
  refused("piecewise_constant_decay", "boundaries=2:1 values=1:2:3", CNN_EINVAL,
          "piecewise_constant_decay: boundary 1 follows 2, boundaries must grow");
  refused("piecewise_constant_decay", "boundaries=1::2 values=1:2:3", CNN_EINVAL,
          "piecewise_constant_decay: boundaries is '1::2', must be numbers such as 0.1:0.01, 24 at most");
  refused("piecewise_constant_decay", "boundaries=1:2 values=1:-2:3", CNN_EINVAL,
          "piecewise_constant_decay: values is 1:-2:3, must be finite and at least 0");
  refused("cosine_decay_restarts", "initial_learning_rate=1 first_decay_steps=5 t_mul=0.5", CNN_EINVAL,
          "cosine_decay_restarts: t_mul is 0.5, must be finite and at least 1");
  cnn_schedule *schedule = NULL;
  ck_assert_int_eq(cnn_cosine_decay_new(NULL, context, 1, 5, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_cosine_decay_new(&schedule, NULL, 1, 5, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_cosine_decay_new(&schedule, context, NAN, 5, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_piecewise_constant_decay_new(&schedule, context, 24, (const int64_t[]){1}, (const float[]){1}),
                   CNN_EINVAL);
  ck_assert_int_eq(cnn_exponential_decay_new(&schedule, context, 1, 5, 1, cnn_exponential_decay_opts(.reserved = 1)),
                   CNN_ETOONEW);
  ck_assert_ptr_null(schedule);
  cnn_schedule_free(NULL);
  ck_assert(cnn_schedule_rate(NULL, 3) == 0);
}
END_TEST

START_TEST(types_can_be_listed) {
  ck_assert_int_eq(cnn_schedule_type_count(), 6);
  for (int32_t i = 0; i < cnn_schedule_type_count(); i++) {
    const char *type = cnn_schedule_type_at(i);
    ck_assert_ptr_nonnull(cnn_schedule_type_help(type));
    for (int32_t a = 0; a < cnn_schedule_attribute_count(type); a++) {
      cnn_attribute row = {.size = sizeof row};
      ck_assert_int_eq(cnn_schedule_attribute_at(type, a, &row), CNN_OK);
      ck_assert_ptr_nonnull(row.help);
    }
  }
  cnn_attribute row = {.size = sizeof row};
  ck_assert_ptr_null(cnn_schedule_type_at(6));
  ck_assert_ptr_null(cnn_schedule_type_help("none"));
  ck_assert_int_eq(cnn_schedule_attribute_count("none"), -1);
  ck_assert_int_eq(cnn_schedule_attribute_at("none", 0, &row), CNN_ENAME);
  ck_assert_int_eq(cnn_schedule_attribute_at("cosine_decay", 5, &row), CNN_EINVAL);
}
END_TEST

/* ---- as an optimizer has them ---- */

START_TEST(an_optimizer_takes_a_handle_or_a_text) {
  cnn_schedule *schedule;
  cnn_optimizer *by_handle, *by_text;
  char texts[2][CNN__ATTRIBUTE_TEXT_BYTES];
  ck_assert_int_eq(cnn_exponential_decay_new(&schedule, context, 0.1f, 10, 0.5f, NULL), CNN_OK);
  ck_assert_int_eq(cnn_adamw_new(&by_handle, context, cnn_adamw_opts(.schedule = schedule)), CNN_OK);
  cnn_schedule_free(schedule);
  ck_assert_int_eq(cnn_optimizer_new(&by_text, context, "adamw",
                                     "learning_rate_schedule=exponential_decay(decay_rate=0.5,decay_steps=10,initial_learning_rate=0.1)"),
                   CNN_OK);
  ck_assert_int_eq(cnn_optimizer_attribute_text(by_handle, "learning_rate_schedule", texts[0], sizeof texts[0]), CNN_OK);
  ck_assert_str_eq(texts[0], "exponential_decay(initial_learning_rate=0.1,decay_steps=10,decay_rate=0.5,staircase=false)");
  for (int64_t step = 0; step < 40; step += 13) {
    ck_assert(cnn__optimizer_rate_at(by_handle, step, 7) == cnn__optimizer_rate_at(by_text, step, 7));
    ck_assert(cnn__optimizer_rate_at(by_text, step, 7) < 0.11f);
  }
  cnn_optimizer_free(by_handle);
  cnn_optimizer_free(by_text);
}
END_TEST

START_TEST(optimizers_refuse_what_is_no_schedule) {
  static const char *const bad[][2] = {
      {"learning_rate_schedule=cosine_decay", "a schedule is 'NAME(key=value,key=value)', not 'cosine_decay'"},
      {"learning_rate_schedule=()", "unknown schedule ''"},
      {"learning_rate_schedule=(", "a schedule is 'NAME(key=value,key=value)', not '('"},
      {"learning_rate_schedule=)(", "a schedule is 'NAME(key=value,key=value)', not ')('"},
      {"learning_rate_schedule=cosine_decay(decay_steps=3)", "cosine_decay: initial_learning_rate must be given"},
      {"learning_rate_schedule=cosine_decay(decay_steps=3,,initial_learning_rate=-1)",
       "cosine_decay: initial_learning_rate is -1, must be finite and at least 0"},
      {"learning_rate_schedule=cosine_decay((decay_steps=3))", "cosine_decay: unknown attribute '(decay_steps'; did you mean 'decay_steps'?"},
      {"learning_rate=0.5 learning_rate_schedule=cosine_decay(decay_steps=3,initial_learning_rate=1)",
       "learning_rate is 0.5, but a schedule gives the rate; leave one of them out"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char wanted[256];
    cnn_optimizer *optimizer = NULL;
    snprintf(wanted, sizeof wanted, "adam: %s", bad[i][1]);
    ck_assert_int_lt(cnn_optimizer_new(&optimizer, context, "adam", bad[i][0]), 0);
    ck_assert_str_eq(cnn_error_text(), wanted);
    ck_assert_ptr_null(optimizer);
  }
}
END_TEST

/* A schedule whose text an optimizer's attributes have no room for is refused, not cut. */
START_TEST(long_lists) {
  int64_t boundaries[23];
  float values[24];
  cnn_schedule *schedule;
  cnn_optimizer *optimizer = NULL;
  for (int i = 0; i < 24; i++) {
    values[i] = 1.0f / (float)(3 + i) * 1e-20f;
    if (i < 23)
      boundaries[i] = 123456789012 + (int64_t)i * 100000000;
  }
  ck_assert_msg(cnn_piecewise_constant_decay_new(&schedule, context, 23, boundaries, values) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_sgd_new(&optimizer, context, cnn_sgd_opts(.schedule = schedule)), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "piecewise_constant_decay: has so many numbers that its text is longer than 511 bytes");
  cnn_schedule_free(schedule);
}
END_TEST

int main(void) {
  cases = reference_json("optimizers/schedules.json");
  Suite *suite = suite_create("schedule");
  TCase *tests = tcase_create("schedule");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, values_are_those_of_keras, 0, (int)json_array_size(cases));
  tcase_add_test(tests, far_away);
  tcase_add_test(tests, restarts_happen_at_their_steps);
  tcase_add_test(tests, typed_constructors_say_what_text_says);
  tcase_add_test(tests, errors);
  tcase_add_test(tests, types_can_be_listed);
  tcase_add_test(tests, an_optimizer_takes_a_handle_or_a_text);
  tcase_add_test(tests, optimizers_refuse_what_is_no_schedule);
  tcase_add_test(tests, long_lists);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(cases);
  return failed != 0;
}
