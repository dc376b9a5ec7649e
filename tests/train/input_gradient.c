/* input_gradient: the gradient of an output value for the input, beside differences of a network computed in double, beside those
 * of every layer type's outputs, and beside Keras in float64; whole, in batches, on other threads and instruction sets. */
#include "branches.h"
#include "compare.h"
#include "inspecting.h"
#include "notebook.h"
#include "reference.h"
#include "suite.h"

#include "tensor/tensor_internal.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cnn_tensor *gradient_of(const cnn_model *m, const cnn_tensor *x, const cnn_input_gradient_opts *options) {
  cnn_tensor *gradient = NULL;
  inspecting_ok(cnn_model_input_gradient(&gradient, 1, m, (const cnn_tensor *[]){x}, 1, options));
  return gradient;
}

static cnn_tensor *logits_of(const cnn_model *m, const cnn_tensor *x) {
  cnn_tensor *logits = NULL;
  inspecting_ok(cnn_model_activations(&logits, m, 1, (const char *[]){m->layers[m->layer_count - 1]->name},
                                      (const cnn_tensor *[]){x}, 1, cnn_activations_opts(.before_activation = 1)));
  return logits;
}

/* i32 [rows]: `stride` times the row, of `classes`. */
static cnn_tensor *classes_of(cnn_context *context, int64_t rows, int64_t stride, int64_t classes) {
  cnn_tensor *tensor;
  inspecting_ok(cnn_tensor_new(&tensor, context, CNN_I32, 1, &rows, NULL));
  for (int64_t i = 0; i < rows; i++)
    ((int32_t *)cnn_tensor_data(tensor))[i] = (int32_t)(i * stride % classes);
  return tensor;
}

/* ---- beside differences of a network in double ---- */

enum { SIDE = 8, FILTERS = 5, UNITS = 7, CLASSES = 4, POOLED = SIDE / 2 * (SIDE / 2) * FILTERS };
#define STEP 1e-6

/* Convolution of nine taps and ReLU, normalisation, pooling, dropout, dense layers. */
static cnn_model *network(cnn_context *context) {
  cnn_model *m;
  inspecting_ok(cnn_model_new(&m, context, NULL));
  cnn_input(m, 3, (const int64_t[]){SIDE, SIDE, 1}, NULL);
  cnn_conv2d(m, FILTERS, 3, 3, cnn_conv2d_opts(.name = "conv", .padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "bn"));
  cnn_max_pooling2d(m, 2, 2, NULL);
  cnn_dropout(m, 0.25f, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, UNITS, cnn_dense_opts(.name = "dense", .activation = CNN_ACTIVATION_TANH));
  cnn_dense(m, CLASSES, cnn_dense_opts(.name = "output", .activation = CNN_ACTIVATION_SOFTMAX));
  inspecting_ok(cnn_model_status(m));
  return m;
}

static const float *weight(const cnn_model *m, const char *name) {
  int32_t i = cnn__model_find_weight(m, name);
  ck_assert_int_ge(i, 0);
  return cnn__model_weight(m, i)->value;
}

/* Rectified and normalised. */
static double conv_at(const cnn_model *m, const double *x, int y, int column, int f) {
  double sum = (double)weight(m, "conv/bias")[f];
  for (int ky = 0; ky < 3; ky++)
    for (int kx = 0; kx < 3; kx++) {
      int yy = y + ky - 1, xx = column + kx - 1;
      if (yy >= 0 && yy < SIDE && xx >= 0 && xx < SIDE)
        sum += x[yy * SIDE + xx] * (double)weight(m, "conv/kernel")[(ky * 3 + kx) * FILTERS + f];
    }
  double scale = (double)weight(m, "bn/gamma")[f] / sqrt((double)weight(m, "bn/moving_variance")[f] + 1e-3);
  return (fmax(sum, 0) - (double)weight(m, "bn/moving_mean")[f]) * scale + (double)weight(m, "bn/beta")[f];
}

static void pooled_of(const cnn_model *m, const double *x, double pooled[POOLED]) {
  for (int i = 0; i < POOLED; i++) {
    int f = i % FILTERS, column = i / FILTERS % (SIDE / 2) * 2, y = i / FILTERS / (SIDE / 2) * 2;
    double above = fmax(conv_at(m, x, y, column, f), conv_at(m, x, y, column + 1, f));
    pooled[i] = fmax(above, fmax(conv_at(m, x, y + 1, column, f), conv_at(m, x, y + 1, column + 1, f)));
  }
}

static void dense(const cnn_model *m, const char *layer, int in, int out, const double *x, double *y) {
  char kernel[32], bias[32];
  snprintf(kernel, sizeof kernel, "%s/kernel", layer);
  snprintf(bias, sizeof bias, "%s/bias", layer);
  for (int j = 0; j < out; j++) {
    y[j] = (double)weight(m, bias)[j];
    for (int i = 0; i < in; i++)
      y[j] += x[i] * (double)weight(m, kernel)[i * out + j];
  }
}

static double value_in_double(const cnn_model *m, const double *x, int class, int32_t probability) {
  double pooled[POOLED], units[UNITS], logits[CLASSES], sum = 0;
  pooled_of(m, x, pooled);
  dense(m, "dense", POOLED, UNITS, pooled, units);
  for (int j = 0; j < UNITS; j++)
    units[j] = tanh(units[j]);
  dense(m, "output", UNITS, CLASSES, units, logits);
  for (int j = 0; j < CLASSES; j++)
    sum += exp(logits[j]);
  return probability ? exp(logits[class]) / sum : logits[class];
}

/* Loop index: of the logit, of the probability. */
START_TEST(it_is_the_difference_in_double) {
  enum { ROWS = 9, PIXELS = SIDE * SIDE };
  cnn_context *context = inspecting_context(2, NULL);
  cnn_model *m = inspecting_trained(context, network);
  cnn_tensor *x = inspecting_inputs(m, ROWS), *classes = classes_of(context, ROWS, 3, CLASSES);
  cnn_tensor *gradient = gradient_of(m, x, cnn_input_gradient_opts(.classes = classes, .after_activation = _i));
  double largest = 0, worst = 0;
  for (int64_t i = 0; i < ROWS; i++) {
    double image[PIXELS];
    int class = ((const int32_t *)cnn_tensor_read(classes))[i];
    for (int p = 0; p < PIXELS; p++)
      image[p] = (double)((const float *)cnn_tensor_read(x))[i * PIXELS + p];
    for (int p = 0; p < PIXELS; p++) {
      double middle = image[p], above, below;
      image[p] = middle + STEP;
      above = value_in_double(m, image, class, _i);
      image[p] = middle - STEP;
      below = value_in_double(m, image, class, _i);
      image[p] = middle;
      double expected = (above - below) / (2 * STEP), actual = (double)((const float *)cnn_tensor_read(gradient))[i * PIXELS + p];
      largest = fmax(largest, fabs(expected));
      worst = fmax(worst, fabs(actual - expected));
    }
  }
  ck_assert_msg(largest > 1e-2 && worst < 2e-6 * largest, "largest %g, worst error %g", largest, worst);
  cnn_tensor_free(gradient);
  cnn_tensor_free(classes);
  cnn_tensor_free(x);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* ---- beside differences of every layer type ---- */

enum { IMAGE = 8 * 8 * 4, STEPS = 4 };
static const float steps[2][STEPS] = {{1.0f / 64, 1.0f / 128, -1.0f / 128, -1.0f / 64}, {1.0f / 32, 1.0f / 64, -1.0f / 64, -1.0f / 32}};

/* Of class `class` for each element of the image, by steps of fourth order. */
static void differences(const cnn_model *m, const float *image, int class, const float step[STEPS], double *out) {
  static const double shares[STEPS] = {-1, 8, -8, 1};
  const int64_t shape[] = {IMAGE * STEPS, 8, 8, 4};
  cnn_tensor *x;
  inspecting_ok(cnn_tensor_new(&x, m->context, CNN_F32, 4, shape, NULL));
  float *rows = cnn_tensor_data(x);
  for (int64_t i = 0; i < IMAGE * STEPS; i++) {
    memcpy(rows + i * IMAGE, image, IMAGE * sizeof *image);
    rows[i * IMAGE + i / STEPS] += step[i % STEPS];
  }
  cnn_tensor *logits = logits_of(m, x);
  for (int64_t p = 0; p < IMAGE; p++) {
    out[p] = 0;
    for (int64_t i = 0; i < STEPS; i++)
      out[p] += shares[i] * (double)((const float *)cnn_tensor_read(logits))[(p * STEPS + i) * 4 + class];
    out[p] /= 12 * (double)step[1];
  }
  cnn_tensor_free(logits);
  cnn_tensor_free(x);
}

/* Where two steps agree there is hardly a kink between (one may lie at the very point): these must be most, and of fifty of them all but one right. */
static void check_variant(const cnn_model *m, const char *what) {
  double near[IMAGE], far[IMAGE], largest = 0;
  cnn_tensor *x = inspecting_inputs(m, 1), *gradient = gradient_of(m, x, NULL), *logits = logits_of(m, x);
  int class = (int)cnn__first_largest(cnn_tensor_read(logits), 4), smooth = 0, missed = 0;
  differences(m, cnn_tensor_read(x), class, steps[0], near);
  differences(m, cnn_tensor_read(x), class, steps[1], far);
  for (int p = 0; p < IMAGE; p++)
    largest = fmax(largest, fabs(near[p]));
  for (int p = 0; p < IMAGE; p++) {
    double actual = (double)((const float *)cnn_tensor_read(gradient))[p];
    if (fabs(near[p] - far[p]) > 2e-4 * largest)
      continue;
    smooth++;
    missed += fabs(actual - near[p]) > 5e-4 * largest;
    ck_assert_msg(missed * 50 <= IMAGE, "%s: element %d is %.7g, differences give %.7g", what, p, actual, near[p]);
  }
  ck_assert_msg(largest > 1e-3 && smooth >= IMAGE / 2, "%s: %d of %d elements lie between kinks; largest %g", what, smooth,
                (int)IMAGE, largest);
  cnn_tensor_free(logits);
  cnn_tensor_free(gradient);
  cnn_tensor_free(x);
}

START_TEST(of_every_layer_type_it_is_the_difference) {
  char text[320];
  int32_t variants = 0;
  cnn_context *context = inspecting_context(2, NULL);
  for (cnn_model *m; (m = branches_one_layer(context, variants, text)) != NULL; variants++) {
    check_variant(m, text);
    cnn_model_free(m);
  }
  ck_assert_int_ge(variants, 40);
  cnn_context_free(context);
}
END_TEST

/* Half of whose elements are dropped in training. */
START_TEST(of_layers_of_a_program_it_is_the_difference) {
  cnn_context *context = inspecting_context(2, NULL);
  cnn_model *m = inspecting_own(context);
  check_variant(m, "layers of a program");
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* ---- beside Keras ---- */

/* What the gradients of all output values, weighted by grad_output, add up to. */
static void check_case(const char *name, const char *type, const char *attributes, double tolerance) {
  reference *r = reference_open("layers", name);
  const reference_tensor *input = reference_get(r, "input"), *weights = reference_get(r, "grad_output");
  cnn_context *context = inspecting_context(2, NULL);
  cnn_model *m;
  inspecting_ok(cnn_model_new(&m, context, NULL));
  cnn_input(m, input->rank - 1, input->shape + 1, NULL);
  ck_assert_msg(cnn_layer_add(m, type, attributes) != NULL, "%s: %s", name, cnn_error_text());
  for (int32_t i = 0; i < m->parameter_count; i++)
    reference_floats(reference_get(r, strchr(cnn__model_weight(m, i)->name, '/') + 1), cnn__model_weight(m, i)->value);
  cnn__model_touch(m);
  int64_t samples = input->shape[0], values = weights->count / samples, floats = input->count / samples;
  double *sums = calloc((size_t)input->count, sizeof *sums);
  float *single = malloc((size_t)input->count * sizeof *single);
  cnn_tensor *x = inspecting_inputs(m, samples), *classes = classes_of(context, samples, 0, 1);
  reference_floats(input, cnn_tensor_data(x));
  for (int64_t v = 0; v < values; v++) {
    for (int64_t i = 0; i < samples; i++)
      ((int32_t *)cnn_tensor_data(classes))[i] = (int32_t)v;
    cnn_tensor *gradient = gradient_of(m, x, cnn_input_gradient_opts(.classes = classes, .after_activation = 1));
    for (int64_t i = 0; i < input->count; i++)
      sums[i] += weights->values[i / floats * values + v] * (double)((const float *)cnn_tensor_read(gradient))[i];
    cnn_tensor_free(gradient);
  }
  for (int64_t i = 0; i < input->count; i++)
    single[i] = (float)sums[i];
  const reference_tensor *expected = reference_get(r, "grad_input.f64");
  reference_compare(name, single, expected, tolerance * reference_largest(expected));
  free(single);
  free(sums);
  cnn_tensor_free(classes);
  cnn_tensor_free(x);
  cnn_model_free(m);
  cnn_context_free(context);
  reference_close(r);
}

START_TEST(of_single_layers_it_is_keras) {
  check_case("conv2d_3x3_s2_same_odd", "conv2d", "filters=8 kernel_size=3 strides=2 padding=same", 2e-6);
  check_case("conv2d_tanh", "conv2d", "filters=5 kernel_size=3 activation=tanh", 2e-6);
  check_case("dense_softmax", "dense", "units=10 activation=softmax", 2e-6);
  check_case("maxpool_3x3_s2_same", "max_pooling2d", "pool_size=3 strides=2 padding=same", 2e-6);
  check_case("avgpool_3x3_s2_same", "average_pooling2d", "pool_size=3 strides=2 padding=same", 2e-6);
  check_case("global_max_pool", "global_max_pooling2d", "", 2e-6);
  check_case("batchnorm_rank2_inference", "batch_normalization", "", 2e-6);
  check_case("batchnorm_no_scale_inference", "batch_normalization", "scale=false", 2e-6);
}
END_TEST

/* ---- which value ---- */

START_TEST(the_largest_value_is_meant_where_no_class_is_given) {
  enum { ROWS = 13 };
  cnn_context *context = inspecting_context(2, NULL);
  cnn_model *m = inspecting_trained(context, branches_tangle);
  cnn_tensor *x = inspecting_inputs(m, ROWS), *predicted, *bytes, *longs;
  inspecting_ok(cnn_model_predict_classes(&predicted, m, (const cnn_tensor *[]){x}, 1, NULL));
  inspecting_ok(cnn_tensor_new(&bytes, context, CNN_U8, 1, (const int64_t[]){ROWS}, NULL));
  inspecting_ok(cnn_tensor_new(&longs, context, CNN_I64, 1, (const int64_t[]){ROWS}, NULL));
  for (int i = 0; i < ROWS; i++) {
    ((uint8_t *)cnn_tensor_data(bytes))[i] = (uint8_t)((const int32_t *)cnn_tensor_read(predicted))[i];
    ((int64_t *)cnn_tensor_data(longs))[i] = ((const int32_t *)cnn_tensor_read(predicted))[i];
  }
  cnn_tensor *expected = gradient_of(m, x, NULL);
  const cnn_tensor *given[] = {predicted, bytes, longs};
  for (int i = 0; i < 3; i++) {
    cnn_tensor *same = gradient_of(m, x, cnn_input_gradient_opts(.classes = given[i]));
    inspecting_same("of the predicted class", same, expected);
    cnn_tensor_free(same);
  }
  cnn_tensor *all[] = {expected, predicted, bytes, longs, x};
  for (int i = 0; i < 5; i++)
    cnn_tensor_free(all[i]);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* What is frozen, and compiled or not, is training's business. */
START_TEST(frozen_layers_change_nothing) {
  cnn_context *context = inspecting_context(2, NULL);
  cnn_model *m = inspecting_trained(context, branches_resnet);
  cnn_tensor *x = inspecting_inputs(m, 10), *before = gradient_of(m, x, NULL);
  for (int32_t i = 0; i < m->layer_count; i++)
    inspecting_ok(cnn_layer_set_trainable(m->layers[i], i == m->layer_count - 1));
  cnn_optimizer *sgd;
  inspecting_ok(cnn_sgd_new(&sgd, context, NULL));
  inspecting_ok(cnn_model_compile(m, sgd, 1, (const char *[]){"mean_squared_error"}, NULL));
  cnn_tensor *after = gradient_of(m, x, NULL);
  inspecting_same("frozen", after, before);
  cnn_optimizer_free(sgd);
  cnn_tensor_free(after);
  cnn_tensor_free(before);
  cnn_tensor_free(x);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* ---- the same bits ---- */

static cnn_model *plain(cnn_context *context) { return notebook_new(context, 1); }

static inspecting_make *const models[] = {inspecting_every_layer, branches_resnet, branches_mobilenet, branches_tangle,
                                          inspecting_own, plain};
#define MODELS ((int)(sizeof models / sizeof *models))

/* Loop index: the model, then of logits or of probabilities. */
START_TEST(threads_instruction_sets_and_batches_change_no_bit) {
  static const inspecting_turn turns[] = {{1, NULL, 0}, {2, NULL, 5}, {7, NULL, 3}, {3, "ref", 0}, {1, "avx2", 1}, {3, "avx512", 16}};
  cnn_tensor *expected = NULL;
  for (size_t i = 0; i < (_i % 2 ? 3 : sizeof turns / sizeof *turns); i++) {
    cnn_context *context = inspecting_context(turns[i].threads, turns[i].cpu);
    if (!context)
      continue;
    cnn_model *m = inspecting_trained(context, models[_i / 2]);
    cnn_tensor *x = inspecting_inputs(m, 21);
    cnn_tensor *actual = gradient_of(m, x, cnn_input_gradient_opts(.batch_size = turns[i].batch_size, .after_activation = _i % 2));
    if (expected) {
      inspecting_same("gradient", actual, expected);
      cnn_tensor_free(actual);
    } else {
      expected = actual;
    }
    cnn_tensor_free(x);
    cnn_model_free(m);
    cnn_context_free(context);
  }
  cnn_tensor_free(expected);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("input_gradient");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 120);
  tcase_add_loop_test(all, it_is_the_difference_in_double, 0, 2);
  tcase_add_test(all, of_every_layer_type_it_is_the_difference);
  tcase_add_test(all, of_layers_of_a_program_it_is_the_difference);
  tcase_add_test(all, of_single_layers_it_is_keras);
  tcase_add_test(all, the_largest_value_is_meant_where_no_class_is_given);
  tcase_add_test(all, frozen_layers_change_nothing);
  tcase_add_loop_test(all, threads_instruction_sets_and_batches_change_no_bit, 0, 2 * MODELS);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
