/* optimizer: every reference case over its steps, with all slots; the handle, its attributes and its errors. */
#include "reference.h"

#include "core/cpu.h"
#include "optim/optimizer_internal.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *names;
static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

/* A case's configuration as attributes, by the optimizer's own table. */
static cnn_optimizer *make(const reference *r) {
  json_t *config = json_object_get(r->meta, "config");
  const char *class_name = json_string_value(json_object_get(r->meta, "optimizer"));
  const cnn__optimizer_type *type = NULL;
  char text[256] = "";
  for (int32_t i = 0; i < cnn__optimizer_type_count(); i++)
    if (strcmp(cnn__optimizer_type_at(i)->class_name, class_name) == 0)
      type = cnn__optimizer_type_at(i);
  ck_assert_ptr_nonnull(type);
  for (const cnn__attribute *row = type->attributes; row->key; row++) {
    json_t *value = json_object_get(config, row->key);
    size_t used = strlen(text);
    ck_assert_ptr_nonnull(value);
    if (json_is_boolean(value))
      snprintf(text + used, sizeof text - used, "%s=%s ", row->key, json_is_true(value) ? "true" : "false");
    else
      snprintf(text + used, sizeof text - used, "%s=%.17g ", row->key, json_number_value(value));
  }
  cnn_optimizer *optimizer;
  ck_assert_msg(cnn_optimizer_new(&optimizer, context, type->name, text) == CNN_OK, "%s", cnn_error_text());
  return optimizer;
}

/* "slot.N.varV_NAME.f64", whatever N is. */
static const reference_tensor *slot_history(const reference *r, int32_t variable, const char *slot) {
  char end[64];
  snprintf(end, sizeof end, ".var%d_%s.f64", (int)variable, slot);
  for (int32_t i = 0; i < r->count; i++) {
    size_t length = strlen(r->tensors[i].name), wanted = strlen(end);
    if (length > wanted && strcmp(r->tensors[i].name + length - wanted, end) == 0)
      return &r->tensors[i];
  }
  ck_abort_msg("no slot %s", end);
}

static void run_variable(const char *name, const reference *r, const cnn_optimizer *optimizer, const cnn__kernels *k,
                         int32_t variable) {
  char key[32], what[128];
  const cnn__optimizer_type *type = optimizer->type;
  snprintf(key, sizeof key, "var%d.f64", (int)variable);
  const reference_tensor *values = reference_get(r, key);
  snprintf(key, sizeof key, "grad%d", (int)variable);
  const reference_tensor *gradients = reference_get(r, key);
  int64_t steps = gradients->shape[0], n = gradients->count / steps;
  float *all = malloc((size_t)gradients->count * sizeof *all), w[32], slots[CNN__MAX_SLOTS][32] = {{0}};
  float *const state[CNN__MAX_SLOTS] = {slots[0], slots[1]};
  ck_assert_int_le(n, 32);
  reference_floats(gradients, all);
  for (int64_t i = 0; i < n; i++)
    w[i] = (float)values->values[i];
  float rate = cnn__optimizer_rate(optimizer);
  for (int64_t step = 0; step < steps; step++) {
    cnn__update update;
    type->begin(optimizer->attributes, step, rate, &update);
    type->apply(k, &update, n, w, all + step * n, state);
    double largest = 1;
    for (int64_t i = 0; i < n; i++)
      largest = fmax(largest, fabs((double)w[i]));
    snprintf(what, sizeof what, "%s: variable %d after step %d", name, (int)variable, (int)step + 1);
    reference_compare_values(what, w, values->values + (step + 1) * n, n, 2e-7 * largest + 1e-5 * (double)rate);
    for (int32_t s = 0; s < type->slots(optimizer->attributes); s++) {
      const reference_tensor *history = slot_history(r, variable, type->slot_names[s]);
      snprintf(what, sizeof what, "%s: %s %d after step %d", name, type->slot_names[s], (int)variable, (int)step + 1);
      reference_compare_values(what, slots[s], history->values + step * n, n, 5e-7 * reference_largest(history));
    }
  }
  free(all);
}

START_TEST(six_steps) {
  const char *name = json_string_value(json_array_get(names, (size_t)_i));
  reference *r = reference_open("optimizers", name);
  cnn_optimizer *optimizer = make(r);
  for (int32_t level = 0; level <= cnn__cpu_best(); level++)
    for (int32_t variable = 0; variable < 2; variable++)
      run_variable(name, r, optimizer,
                   cnn__kernels_for(level, level == CNN__CPU_REF ? CNN__GEMM_REF : CNN__GEMM_NATIVE), variable);
  cnn_optimizer_free(optimizer);
  reference_close(r);
}
END_TEST

/* Weight after steps with one weight of 1. */
static float steps_of(const char *type, const char *attributes, const float *gradients, int64_t count) {
  cnn_optimizer *optimizer;
  float w = 1, slot_0 = 0, slot_1 = 0, *const slots[] = {&slot_0, &slot_1};
  const cnn__kernels *k = cnn__kernels_for(CNN__CPU_REF, CNN__GEMM_REF);
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, type, attributes), CNN_OK);
  for (int64_t i = 0; i < count; i++) {
    cnn__update update;
    optimizer->type->begin(optimizer->attributes, i, cnn__optimizer_rate(optimizer), &update);
    optimizer->type->apply(k, &update, 1, &w, &gradients[i], slots);
  }
  cnn_optimizer_free(optimizer);
  return w;
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
}
END_TEST

START_TEST(slots_by_momentum) {
  cnn_optimizer *optimizer;
  ck_assert_int_eq(cnn_sgd_new(&optimizer, context, NULL), CNN_OK);
  ck_assert_int_eq(optimizer->type->slots(optimizer->attributes), 0);
  ck_assert(cnn__optimizer_rate(optimizer) == 0.01f);
  cnn_optimizer_free(optimizer);
  ck_assert_int_eq(cnn_sgd_new(&optimizer, context, cnn_sgd_opts(.momentum = 0.9f, .nesterov = 1)), CNN_OK);
  ck_assert_int_eq(optimizer->type->slots(optimizer->attributes), 1);
  cnn_optimizer_free(optimizer);
  ck_assert_int_eq(cnn_adam_new(&optimizer, context, NULL), CNN_OK);
  ck_assert_int_eq(optimizer->type->slots(optimizer->attributes), 2);
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
  names = reference_json("optimizers/index.json");
  Suite *suite = suite_create("optimizer");
  TCase *tests = tcase_create("optimizer");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, six_steps, 0, (int)json_array_size(names));
  tcase_add_test(tests, known_steps);
  tcase_add_test(tests, slots_by_momentum);
  tcase_add_test(tests, errors);
  tcase_add_test(tests, the_handle_keeps_its_context);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(names);
  return failed != 0;
}
