/* activations: outputs of any layer. Each layer of each model beside a model that ends with it, to the bit; the notebook's
 * beside Keras in float64; whole, in batches, on other threads and instruction sets. */
#include "branches.h"
#include "compare.h"
#include "inspecting.h"
#include "notebook.h"
#include "reference.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 11

static cnn_model *plain(cnn_context *context) { return notebook_new(context, 1); }

static inspecting_make *const models[] = {inspecting_every_layer, branches_resnet, branches_mobilenet, branches_tangle,
                                          inspecting_own, plain};
#define MODELS ((int)(sizeof models / sizeof *models))

/* ---- a model that ends with a layer ---- */

/* The layer again in another model, by name, with the inputs it has here. */
static void again(cnn_model *m, const cnn_layer *layer) {
  char text[2048], value[512];
  size_t used = (size_t)snprintf(text, sizeof text, "name=%s", layer->name);
  for (const cnn__attribute *row = layer->type->attributes; row && row->key; row++) {
    ck_assert_int_eq(cnn_layer_attribute_text(layer, row->key, value, sizeof value), CNN_OK);
    used += (size_t)snprintf(text + used, sizeof text - used, " %s=%s", row->key, value);
  }
  for (int32_t k = 0; k < layer->input_count; k++)
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", k ? "," : " inputs=", layer->inputs[k]->name);
  ck_assert_msg(cnn_layer_add(m, layer->type->name, text) != NULL, "%s", cnn_error_text());
}

static cnn_model *ending_with(cnn_context *context, const cnn_model *whole, const cnn_layer *last) {
  cnn_model *m;
  char *read = calloc((size_t)whole->layer_count, 1);
  read[last->index] = 1;
  for (int32_t i = last->index; i > 0; i--)
    for (int32_t k = 0; read[i] && k < whole->layers[i]->input_count; k++)
      read[whole->layers[i]->inputs[k]->index] = 1;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  for (int32_t i = 0; i <= last->index; i++)
    if (read[i])
      again(m, whole->layers[i]);
  for (int32_t i = 0; i < m->parameter_count; i++) {
    cnn_tensor *value;
    const char *name = cnn__model_weight(m, i)->name;
    ck_assert_int_eq(cnn_model_weight(&value, whole, name), CNN_OK);
    ck_assert_int_eq(cnn_model_set_weight(m, name, value), CNN_OK);
    cnn_tensor_free(value);
  }
  free(read);
  return m;
}

/* Loop index: the model. */
START_TEST(each_layer_is_what_a_model_that_ends_with_it_predicts) {
  cnn_context *context = inspecting_context(2, NULL);
  cnn_model *m = inspecting_trained(context, models[_i]);
  cnn_tensor *x = inspecting_inputs(m, ROWS), *predicted;
  const char **names = malloc((size_t)m->layer_count * sizeof *names);
  cnn_tensor **outputs = malloc((size_t)m->layer_count * sizeof(cnn_tensor *));
  for (int32_t i = 0; i < m->layer_count; i++)
    names[i] = m->layers[m->layer_count - 1 - i]->name; /* in any order */
  inspecting_ok(cnn_model_activations(outputs, m, m->layer_count, names, (const cnn_tensor *[]){x}, 1, NULL));
  for (int32_t i = 0; i < m->layer_count - 1; i++) {
    cnn_model *part = ending_with(context, m, cnn_model_layer(m, names[i]));
    inspecting_ok(cnn_model_predict(&predicted, 1, part, (const cnn_tensor *[]){x}, 1, NULL));
    inspecting_same(names[i], outputs[i], predicted);
    cnn_tensor_free(predicted);
    cnn_model_free(part);
  }
  inspecting_same("the input", outputs[m->layer_count - 1], x);
  for (int32_t i = 0; i < m->layer_count; i++)
    cnn_tensor_free(outputs[i]);
  free(outputs);
  free(names);
  cnn_tensor_free(x);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* ---- beside Keras ---- */

#define BATCH 128

static cnn_tensor *one(const cnn_model *m, const char *layer, const cnn_tensor *x, const cnn_activations_opts *options) {
  cnn_tensor *output = NULL;
  inspecting_ok(cnn_model_activations(&output, m, 1, &layer, (const cnn_tensor *[]){x}, 1, options));
  return output;
}

static void set(cnn_model *m, const char *layer, const char *weight, int64_t count, const float *values) {
  char name[64];
  cnn_tensor *tensor;
  snprintf(name, sizeof name, "%s/%s", layer, weight);
  inspecting_ok(cnn_tensor_new(&tensor, m->context, CNN_F32, 1, &count, cnn_tensor_opts(.data = (void *)(uintptr_t)values)));
  inspecting_ok(cnn_model_set_weight(m, name, tensor));
  cnn_tensor_free(tensor);
}

/* The moving statistics of `layer` become the batch's, so that inference is what training was. */
static void settle(cnn_model *m, const char *from, const char *layer, const cnn_tensor *x) {
  cnn_tensor *y = one(m, from, x, NULL);
  int64_t channels = cnn_tensor_shape(y)[3], pixels = cnn_tensor_count(y) / channels;
  const float *values = cnn_tensor_read(y);
  float mean[64], variance[64];
  for (int64_t c = 0; c < channels; c++) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < pixels; i++)
      sum += (double)values[i * channels + c];
    for (int64_t i = 0; i < pixels; i++)
      squares += pow((double)values[i * channels + c] - sum / (double)pixels, 2);
    mean[c] = (float)(sum / (double)pixels);
    variance[c] = (float)(squares / (double)pixels);
  }
  set(m, layer, "moving_mean", channels, mean);
  set(m, layer, "moving_variance", channels, variance);
  cnn_tensor_free(y);
}

START_TEST(layers_of_the_notebook_are_float64s) {
  static const char *const names[] = {"conv1", "bn1", "pool1", "conv2", "bn2", "pool2", "dense1", "output"};
  cnn_tensor *x, *outputs[8];
  cnn_context *context = inspecting_context(2, NULL);
  cnn_model *m = notebook_new(context, 1);
  notebook_images images = notebook_load("train", BATCH);
  notebook_set(m, "notebook_initial");
  inspecting_ok(cnn_tensor_new(&x, context, CNN_F32, 4, (const int64_t[]){BATCH, 28, 28, 1},
                               cnn_tensor_opts(.data = images.pixels)));
  settle(m, "conv1", "bn1", x);
  settle(m, "conv2", "bn2", x);
  inspecting_ok(cnn_model_activations(outputs, m, 8, names, (const cnn_tensor *[]){x}, 1, NULL));
  reference *r = reference_open("model", "notebook_outputs_step1");
  for (int32_t i = 0; i < 8; i++) {
    char key[32];
    snprintf(key, sizeof key, "%s.f64", names[i]);
    const reference_tensor *expected = reference_get(r, key);
    ck_assert_int_eq(cnn_tensor_count(outputs[i]), BATCH * expected->count);
    reference_compare(names[i], cnn_tensor_read(outputs[i]), expected, 3e-6 * reference_largest(expected));
    cnn_tensor_free(outputs[i]);
  }
  reference_close(r);
  cnn_tensor_free(x);
  notebook_unload(&images);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* ---- before the activation ---- */

START_TEST(before_the_activation_is_what_it_is_applied_to) {
  cnn_context *context = inspecting_context(2, NULL);
  cnn_model *m = inspecting_trained(context, plain);
  cnn_tensor *x = inspecting_inputs(m, ROWS), *logits = one(m, "output", x, cnn_activations_opts(.before_activation = 1));
  cnn_tensor *probabilities = one(m, "output", x, NULL), *conv = one(m, "conv1", x, cnn_activations_opts(.before_activation = 1));
  cnn_tensor *rectified = one(m, "conv1", x, NULL), *pooled = one(m, "pool1", x, cnn_activations_opts(.before_activation = 1));
  cnn_tensor *as_ever = one(m, "pool1", x, NULL);
  inspecting_same("a layer without activation", pooled, as_ever);
  int32_t below = 0;
  for (int64_t i = 0; i < cnn_tensor_count(conv); i++) {
    float value = ((const float *)cnn_tensor_read(conv))[i], cut = ((const float *)cnn_tensor_read(rectified))[i];
    ck_assert_float_eq(value > 0 ? value : 0, cut);
    below += value < 0;
  }
  ck_assert_int_gt(below, 0);
  for (int64_t i = 0; i < ROWS; i++) {
    const float *row = (const float *)cnn_tensor_read(logits) + i * NOTEBOOK_CLASSES;
    double sum = 0;
    for (int c = 0; c < NOTEBOOK_CLASSES; c++)
      sum += exp((double)row[c]);
    for (int c = 0; c < NOTEBOOK_CLASSES; c++)
      ck_assert_double_eq_tol((double)((const float *)cnn_tensor_read(probabilities))[i * NOTEBOOK_CLASSES + c],
                              exp((double)row[c]) / sum, 1e-6);
  }
  cnn_tensor *all[] = {x, logits, probabilities, conv, rectified, pooled, as_ever};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    cnn_tensor_free(all[i]);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* ---- the same bits ---- */

/* Of all layers, and of the last one before its activation, one behind the other. */
static cnn_tensor *joined(cnn_context *context, inspecting_make *make, int64_t batch_size) {
  cnn_model *m = inspecting_trained(context, make);
  cnn_tensor *x = inspecting_inputs(m, ROWS), *all;
  int32_t count = m->layer_count;
  const char **names = malloc((size_t)count * sizeof *names);
  cnn_tensor **outputs = malloc((size_t)(count + 1) * sizeof(cnn_tensor *));
  int64_t floats = 0;
  for (int32_t i = 0; i < count; i++)
    names[i] = m->layers[i]->name;
  inspecting_ok(cnn_model_activations(outputs, m, count, names, (const cnn_tensor *[]){x}, 1,
                                      cnn_activations_opts(.batch_size = batch_size)));
  outputs[count] = one(m, names[count - 1], x, cnn_activations_opts(.batch_size = batch_size, .before_activation = 1));
  for (int32_t i = 0; i <= count; i++)
    floats += cnn_tensor_count(outputs[i]);
  inspecting_ok(cnn_tensor_new(&all, context, CNN_F32, 1, &floats, NULL));
  float *next = cnn_tensor_data(all);
  for (int32_t i = 0; i <= count; i++) {
    memcpy(next, cnn_tensor_read(outputs[i]), cnn_tensor_bytes(outputs[i]));
    next += cnn_tensor_count(outputs[i]);
    cnn_tensor_free(outputs[i]);
  }
  free(outputs);
  free(names);
  cnn_tensor_free(x);
  cnn_model_free(m);
  return all;
}

/* Loop index: the model. */
START_TEST(threads_instruction_sets_and_batches_change_no_bit) {
  static const inspecting_turn turns[] = {{2, NULL, 0}, {7, NULL, 3}, {3, "ref", 0}, {1, "avx2", 1}, {3, "avx512", 16}};
  cnn_context *context = inspecting_context(1, NULL);
  cnn_tensor *expected = joined(context, models[_i], 0);
  for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
    cnn_context *other = inspecting_context(turns[i].threads, turns[i].cpu);
    if (!other)
      continue;
    cnn_tensor *actual = joined(other, models[_i], turns[i].batch_size);
    inspecting_same("activations", actual, expected);
    cnn_tensor_free(actual);
    cnn_context_free(other);
  }
  cnn_tensor_free(expected);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("activations");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 120);
  tcase_add_loop_test(all, each_layer_is_what_a_model_that_ends_with_it_predicts, 0, MODELS);
  tcase_add_loop_test(all, threads_instruction_sets_and_batches_change_no_bit, 0, MODELS);
  tcase_add_test(all, layers_of_the_notebook_are_float64s);
  tcase_add_test(all, before_the_activation_is_what_it_is_applied_to);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
