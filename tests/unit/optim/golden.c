/* golden: every reference case over its steps, on every instruction set, with all slots. */
#include "reference.h"
#include "steps.h"

#include "core/cpu.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static json_t *names;
static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

static const cnn__optimizer_type *type_of(const char *class_name) {
  for (int32_t i = 0; i < cnn_optimizer_type_count(); i++)
    if (strcmp(cnn__optimizer_type_at(i)->class_name, class_name) == 0)
      return cnn__optimizer_type_at(i);
  ck_abort_msg("no optimizer is called %s", class_name);
}

/* An option of the case as an attribute; those that Keras leaves out (null) have our defaults. A rate that is a schedule is
 * {"ExponentialDecay": [initial rate, steps, factor]}. */
static void add_attribute(const cnn__attribute *row, const json_t *value, char *text, size_t bytes) {
  size_t used = strlen(text);
  const json_t *decay = json_object_get(value, "ExponentialDecay");
  if (decay)
    snprintf(text + used, bytes - used,
             "learning_rate_schedule=exponential_decay(initial_learning_rate=%g,decay_steps=%d,decay_rate=%g) ",
             json_number_value(json_array_get(decay, 0)), (int)json_integer_value(json_array_get(decay, 1)),
             json_number_value(json_array_get(decay, 2)));
  else if (json_is_boolean(value))
    snprintf(text + used, bytes - used, "%s=%s ", row->key, json_is_true(value) ? "true" : "false");
  else if (json_is_integer(value))
    snprintf(text + used, bytes - used, "%s=%lld ", row->key, (long long)json_integer_value(value));
  else if (json_is_real(value))
    snprintf(text + used, bytes - used, "%s=%.17g ", row->key, json_real_value(value));
}

/* A case's configuration by the optimizer's own table, where each of its options has a row. */
static cnn_optimizer *make(const reference *r) {
  const char *key, *class_name = json_string_value(json_object_get(r->meta, "optimizer"));
  const cnn__optimizer_type *type = type_of(class_name);
  json_t *config = json_object_get(r->meta, "config"), *value;
  char text[512] = "";
  json_object_foreach(config, key, value) {
    const cnn__attribute *row = cnn__attribute_find(type->attributes, key);
    ck_assert_msg(row || strcmp(key, "loss_scale_factor") == 0, "%s has no attribute %s", type->name, key);
    if (row)
      add_attribute(row, value, text, sizeof text);
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

typedef struct variable {
  const reference_tensor *values, *gradients;
  float all[6 * STEPS_ELEMENTS]; /* gradients */
} variable;

static void open_variable(const reference *r, int32_t number, variable *v, steps_array *array,
                          const cnn_optimizer *optimizer) {
  char key[32];
  snprintf(key, sizeof key, "var%d.f64", (int)number);
  v->values = reference_get(r, key);
  snprintf(key, sizeof key, "grad%d", (int)number);
  v->gradients = reference_get(r, key);
  ck_assert_int_eq(v->gradients->shape[0], 6);
  ck_assert_int_le(v->gradients->count, 6 * STEPS_ELEMENTS);
  reference_floats(v->gradients, v->all);
  steps_begin(optimizer, array, v->gradients->count / 6);
  for (int64_t i = 0; i < array->n; i++)
    array->w[i] = (float)v->values->values[i];
}

static void check_variable(const char *name, const reference *r, int32_t number, const variable *v,
                           const steps_array *array, int64_t step, const cnn_optimizer *optimizer, float rate) {
  char what[128];
  double largest = 1, roundings = cnn__optimizer_decays(optimizer, "") ? 2 : 1; /* of a weight, in each step */
  for (int64_t i = 0; i < array->n; i++)
    largest = fmax(largest, fabs((double)array->w[i]));
  snprintf(what, sizeof what, "%s: variable %d after step %d", name, (int)number, (int)step + 1);
  reference_compare_values(what, array->w, v->values->values + (step + 1) * array->n, array->n,
                           roundings * 2e-7 * largest + 1e-5 * (double)rate);
  for (int32_t s = 0; s < CNN__MAX_SLOTS; s++) {
    if (!(cnn__optimizer_slots(optimizer) >> s & 1))
      continue;
    const char *slot = cnn__optimizer_slot_name(optimizer, s);
    const reference_tensor *history = slot_history(r, number, slot);
    snprintf(what, sizeof what, "%s: %s %d after step %d", name, slot, (int)number, (int)step + 1);
    reference_compare_values(what, array->slots[s], history->values + step * array->n, array->n,
                             5e-7 * reference_largest(history));
  }
}

static void run(const char *name, const reference *r, const cnn_optimizer *optimizer, const cnn__kernels *k) {
  steps_array arrays[2];
  variable variables[2];
  for (int32_t i = 0; i < 2; i++)
    open_variable(r, i, &variables[i], &arrays[i], optimizer);
  for (int64_t step = 0; step < 6; step++) {
    float rate = cnn__optimizer_rate_at(optimizer, step, cnn__optimizer_rate(optimizer));
    for (int32_t i = 0; i < 2; i++)
      memcpy(arrays[i].g, variables[i].all + step * arrays[i].n, (size_t)arrays[i].n * sizeof(float));
    steps_take(optimizer, k, step, rate, arrays, 2);
    for (int32_t i = 0; i < 2; i++)
      check_variable(name, r, i, &variables[i], &arrays[i], step, optimizer, rate);
  }
}

START_TEST(six_steps) {
  const char *name = json_string_value(json_array_get(names, (size_t)_i));
  reference *r = reference_open("optimizers", name);
  cnn_optimizer *optimizer = make(r);
  for (int32_t level = 0; level <= cnn__cpu_best(); level++)
    run(name, r, optimizer, cnn__kernels_for(level, level == CNN__CPU_REF ? CNN__GEMM_REF : CNN__GEMM_NATIVE));
  cnn_optimizer_free(optimizer);
  reference_close(r);
}
END_TEST

/* Every type stands in some case. */
START_TEST(all_types_have_a_case) {
  for (int32_t i = 0; i < cnn_optimizer_type_count(); i++) {
    int32_t found = 0;
    for (size_t n = 0; n < json_array_size(names) && !found; n++)
      found = strcmp(json_string_value(json_array_get(names, n)), cnn_optimizer_type_at(i)) == 0;
    ck_assert_msg(found, "no case of %s", cnn_optimizer_type_at(i));
  }
}
END_TEST

int main(void) {
  names = reference_json("optimizers/index.json");
  Suite *suite = suite_create("optimizer/golden");
  TCase *tests = tcase_create("golden");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, six_steps, 0, (int)json_array_size(names));
  tcase_add_test(tests, all_types_have_a_case);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(names);
  return failed != 0;
}
