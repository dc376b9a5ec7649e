/* golden: every reference case of a layer and of an activation, forward and backward, against float64. The layer's
 * arguments are found in the case by its own attribute table, so that a new layer needs no line here. */
#include "harness.h"
#include "reference.h"

#include "core/cpu.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is asked, relative to the largest element. */
#define FORWARD 1e-6
#define BACKWARD 2e-6
#define NORMALIZED 5e-7 /* batch-norm of small tensors */
#define LARGE_MEAN 1e-5 /* ... whose mean is large against the deviation */

static json_t *layer_names, *activation_names;

static const cnn__kernels *tables[CNN__CPU_COUNT];
static int table_count;

static const cnn__layer_type *type_of_class(const char *class_name) {
  for (int32_t i = 0; i < cnn__layer_type_count(); i++)
    if (strcmp(cnn__layer_type_at(i)->class_name, class_name) == 0)
      return cnn__layer_type_at(i);
  ck_abort_msg("no layer type of class %s", class_name);
}

/* A JSON value as an attribute's text. */
static void value_text(json_t *value, char *text, size_t bytes) {
  if (json_is_array(value))
    snprintf(text, bytes, "%lld,%lld", (long long)json_integer_value(json_array_get(value, 0)),
             (long long)json_integer_value(json_array_get(value, 1)));
  else if (json_is_boolean(value))
    snprintf(text, bytes, "%s", json_is_true(value) ? "true" : "false");
  else if (json_is_integer(value))
    snprintf(text, bytes, "%lld", (long long)json_integer_value(value));
  else if (json_is_real(value))
    snprintf(text, bytes, "%.17g", json_real_value(value));
  else
    snprintf(text, bytes, "%s", json_string_value(value));
}

static void attributes_of(const cnn__layer_type *type, json_t *config, char *text, size_t bytes) {
  size_t used = 0;
  text[0] = 0;
  for (const cnn__attribute *row = type->attributes; row->key; row++) {
    char value[64];
    json_t *entry = json_object_get(config, row->key);
    if (!entry || json_is_null(entry))
      continue;
    value_text(entry, value, sizeof value);
    used += (size_t)snprintf(text + used, bytes - used, "%s=%s ", row->key, value);
  }
}

/* The inputs of a case that has several. */
static void inputs_of(const reference *r, char *text, size_t bytes) {
  char name[32];
  size_t used = strlen(text);
  for (int32_t i = 0; snprintf(name, sizeof name, "input%d", (int)i), reference_find(r, name); i++)
    used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? "," : "inputs=", name);
}

static void open_case(harness *h, const reference *r, const cnn__layer_type *type, const char *attributes) {
  const reference_tensor *input = reference_find(r, "input");
  input = input ? input : reference_get(r, "input0");
  int32_t batched = input->rank > 1; /* a single row is a sample */
  cnn__shape in = {.rank = input->rank - batched};
  for (int32_t i = 0; i < in.rank; i++)
    in.extent[i] = input->shape[i + batched];
  harness_open(h, type->name, attributes, &in, batched ? input->shape[0] : 1);
  ck_assert_int_eq(h->batch * h->out_count, reference_get(r, "output")->count);
}

/* "input", or of several "input0", "input1" ... */
static const char *input_name(const harness *h, int32_t index, char name[32]) {
  if (h->input_count == 1)
    return "input";
  snprintf(name, 32, "input%d", (int)index);
  return name;
}

static void load(harness *h, const reference *r) {
  char tensor[32];
  for (int32_t i = 0; i < h->input_count; i++)
    reference_floats(reference_get(r, input_name(h, i, tensor)), h->x + i * h->batch * h->in_count);
  for (int32_t i = 0; i < h->layer->weight_count; i++) {
    const reference_tensor *value = reference_get(r, strchr(h->layer->weights[i].name, '/') + 1);
    ck_assert_int_eq(value->count, h->layer->weights[i].count);
    reference_floats(value, h->weights[i]);
  }
}

/* Against float64, or where the file has only Keras's float32, within the tolerance that it states. */
static void compare(const char *name, const reference *r, const char *tensor, const char *suffix, const float *actual,
                    double relative) {
  char single[96], full[104], what[256];
  snprintf(single, sizeof single, "%s%s", tensor, suffix);
  snprintf(full, sizeof full, "%s.f64", single);
  snprintf(what, sizeof what, "%s: %s", name, single);
  const reference_tensor *expected = reference_find(r, full);
  if (expected) {
    reference_compare(what, actual, expected, relative * reference_largest(expected));
    return;
  }
  json_t *errors = json_object_get(json_object_get(r->meta, "errors"), single);
  reference_compare(what, actual, reference_get(r, single), json_number_value(json_object_get(errors, "atol")));
}

static void compare_weights(const char *name, harness *h, const reference *r, double relative) {
  char tensor[64];
  for (int32_t i = 0; i < h->layer->weight_count; i++) {
    const char *local = strchr(h->layer->weights[i].name, '/') + 1;
    if (h->grads[i]) {
      snprintf(tensor, sizeof tensor, "grad_%s", local);
      compare(name, r, tensor, "", h->grads[i], relative);
    }
    snprintf(tensor, sizeof tensor, "%s_after", local);
    if (reference_find(r, tensor))
      compare(name, r, local, "_after", h->weights[i], NORMALIZED);
  }
}

static void run_case(const char *name, const reference *r, harness *h, int32_t training, double forward,
                     double backward) {
  load(h, r);
  harness_forward(h, training);
  compare(name, r, "output", "", h->y, forward);
  if (!reference_find(r, "grad_output"))
    return;
  reference_floats(reference_get(r, "grad_output"), h->dy);
  harness_backward(h, training);
  for (int32_t i = 0; i < h->input_count; i++) {
    char tensor[32], gradient[48];
    snprintf(gradient, sizeof gradient, "grad_%s", input_name(h, i, tensor));
    compare(name, r, gradient, "", h->dx + i * h->batch * h->in_count, backward);
  }
  if (training)
    compare_weights(name, h, r, backward);
}

START_TEST(layer_case) {
  const char *name = json_string_value(json_array_get(layer_names, (size_t)_i / (size_t)table_count));
  reference *r = reference_open("layers", name);
  const cnn__layer_type *type = type_of_class(json_string_value(json_object_get(r->meta, "layer")));
  char attributes[512];
  harness h;
  attributes_of(type, json_object_get(r->meta, "config"), attributes, sizeof attributes);
  inputs_of(r, attributes, sizeof attributes);
  open_case(&h, r, type, attributes);
  harness_use(&h, tables[_i % table_count]);
  int32_t normalizes = type->phases[CNN__PHASE_BACKWARD_FROZEN] != NULL;
  double forward = normalizes ? NORMALIZED : FORWARD, backward = normalizes ? NORMALIZED : BACKWARD;
  if (strstr(name, "large_mean") || strstr(name, "constant_channel"))
    forward = backward = LARGE_MEAN;
  /* A layer that only measures in training is the same layer in both modes; of one that normalises, inference is
   * the frozen form, whose weights have no gradients here. */
  int32_t training = !normalizes || (json_is_true(json_object_get(r->meta, "training")) && !h.layer->frozen);
  run_case(name, r, &h, training, forward, backward);
  if (!normalizes) {
    harness_forward(&h, 0);
    compare(name, r, "output", "", h.y, forward);
  }
  harness_close(&h);
  reference_close(r);
}
END_TEST

/* Only what is finite in both binds; denormals may count as 0. */
static void compare_extremes(const char *name, const reference *r, const float *y) {
  const reference_tensor *expected = reference_get(r, "output.f64");
  for (int64_t i = 0; i < expected->count; i++)
    if (isfinite(expected->values[i]) && isfinite(y[i]))
      ck_assert_msg(fabs((double)y[i] - expected->values[i]) <= FORWARD * fmax(1, fabs(expected->values[i])),
                    "%s: element %lld is %.9g, should be %.9g", name, (long long)i, (double)y[i], expected->values[i]);
}

START_TEST(activation_case) {
  const char *name = json_string_value(json_array_get(activation_names, (size_t)_i / (size_t)table_count));
  reference *r = reference_open("activations", name);
  const cnn__layer_type *type = cnn__layer_type_find("activation");
  char attributes[512];
  harness h;
  int used = snprintf(attributes, sizeof attributes, "activation=%s ",
                      json_string_value(json_object_get(r->meta, "activation")));
  attributes_of(type, json_object_get(r->meta, "config"), attributes + used, sizeof attributes - (size_t)used);
  open_case(&h, r, type, attributes);
  harness_use(&h, tables[_i % table_count]);
  if (strcmp(json_string_value(json_object_get(r->meta, "kind")), "normal") == 0) {
    run_case(name, r, &h, 1, FORWARD, BACKWARD);
  } else {
    load(&h, r);
    harness_forward(&h, 1);
    compare_extremes(name, r, h.y);
  }
  harness_close(&h);
  reference_close(r);
}
END_TEST

static void find_tables(void) {
  for (int32_t level = 0; level <= cnn__cpu_best(); level++)
    tables[table_count++] = cnn__kernels_for(level, level == CNN__CPU_REF ? CNN__GEMM_REF : CNN__GEMM_NATIVE);
}

int main(void) {
  find_tables();
  layer_names = reference_json("layers/index.json");
  activation_names = reference_json("activations/index.json");
  if (json_array_size(layer_names) < 60 || json_array_size(activation_names) < 26)
    return 1; /* an empty list would test nothing and pass */
  Suite *suite = suite_create("golden");
  TCase *layers = tcase_create("layers"), *activations = tcase_create("activations");
  tcase_add_loop_test(layers, layer_case, 0, (int)json_array_size(layer_names) * table_count);
  tcase_add_loop_test(activations, activation_case, 0, (int)json_array_size(activation_names) * table_count);
  suite_add_tcase(suite, layers);
  suite_add_tcase(suite, activations);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(layer_names);
  json_decref(activation_names);
  return failed != 0;
}
