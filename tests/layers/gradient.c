/* gradient: backward of every layer type against central differences of its forward, found through the registry: a
 * type without a case in cases.def fails. The loss is a fixed random weighting of the outputs, summed in double;
 * the differences are of fourth order, so that steps may be large and float32's rounding small against them. Each case is
 * run with convolutions by transforms where they suit, and by direct sums. */
#include "compare.h"
#include "harness.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SMOOTH, APART, BIASED };
#define STEP 0.03125f
#define TOLERANCE 1e-4 /* of the largest element of the gradient, at least of 1 */

typedef struct gradient_case {
  const char *type, *attributes;
  cnn__shape in;
  int64_t batch;
  int32_t values;
} gradient_case;

#define COUNT(...) ((int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))
#define SHAPE(...) {COUNT(__VA_ARGS__), {__VA_ARGS__}}
#define CASE(type, attributes, shape, batch, values) {#type, attributes, shape, batch, values},
static const gradient_case cases[] = {
#include "cases.def"
};
#undef CASE

enum { CASES = sizeof cases / sizeof cases[0] };

static double loss(harness *h, int32_t training, const float *mix) {
  double sum = 0;
  harness_forward(h, training);
  for (int64_t i = 0; i < h->batch * h->out_count; i++)
    sum += (double)mix[i] * (double)h->y[i];
  return sum;
}

static double difference(harness *h, int32_t training, const float *mix, float *at) {
  static const float steps[4] = {2 * STEP, STEP, -STEP, -2 * STEP};
  static const double shares[4] = {-1, 8, -8, 1};
  double sum = 0;
  float middle = *at;
  for (int i = 0; i < 4; i++) {
    *at = middle + steps[i];
    sum += shares[i] * loss(h, training, mix);
  }
  *at = middle;
  return sum / (12 * (double)STEP);
}

static void check_array(harness *h, const gradient_case *c, int32_t training, const float *mix, const char *name,
                        float *values, const float *gradient, int64_t count) {
  double largest = 1;
  for (int64_t i = 0; i < count; i++)
    largest = fmax(largest, fabs((double)gradient[i]));
  for (int64_t i = 0; i < count; i++) {
    double expected = difference(h, training, mix, &values[i]);
    ck_assert_msg(fabs((double)gradient[i] - expected) <= TOLERANCE * largest,
                  "%s (%s): gradient of %s[%lld] is %.7g, differences give %.7g", c->type, c->attributes, name,
                  (long long)i, (double)gradient[i], expected);
  }
}

/* Values by a shuffle of a grid without 0: neighbours are 4 steps apart, twice as far as the test moves them
 * towards each other. */
static void spread(float *x, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    x[i] = ((float)i - (float)(count / 2) + 0.5f) * 8 * STEP;
  for (int64_t i = count - 1; i > 0; i--) {
    int64_t j = (int64_t)((double)(test_number(5, i) + 1) / 2 * (double)(i + 1));
    float swapped = x[i];
    x[i] = x[j];
    x[j] = swapped;
  }
}

static void fill(harness *h, int32_t values) {
  int64_t n = h->input_count * h->batch * h->in_count;
  for (int64_t i = 0; i < n; i++)
    h->x[i] = test_number(1, i);
  if (values == APART)
    spread(h->x, n);
  for (int32_t i = 0; i < h->layer->weight_count; i++) {
    const char *name = strchr(h->layer->weights[i].name, '/') + 1;
    for (int64_t j = 0; j < h->layer->weights[i].count; j++) {
      float noise = test_number(2 + (uint64_t)i * 16, j);
      h->weights[i][j] = strcmp(name, "moving_variance") == 0               ? 1 + 0.5f * noise
                         : values == BIASED && strcmp(name, "bias") == 0 ? (j % 2 ? 30.0f : -30.0f)
                                                                           : noise;
    }
  }
}

START_TEST(backward_is_the_gradient) {
  const gradient_case *c = &cases[_i / 2];
  harness h;
  setenv("CNN_WINOGRAD", _i % 2 ? "0" : "1", 1);
  harness_open(&h, c->type, c->attributes, &c->in, c->batch);
  int32_t training = !h.layer->frozen;
  int64_t outputs = h.batch * h.out_count, inputs = h.input_count * h.batch * h.in_count;
  fill(&h, c->values);
  float *mix = malloc((size_t)outputs * sizeof *mix);
  for (int64_t i = 0; i < outputs; i++)
    mix[i] = test_number(9, i);
  (void)loss(&h, training, mix);
  memcpy(h.dy, mix, (size_t)outputs * sizeof *mix);
  harness_backward(&h, training);
  check_array(&h, c, training, mix, "input", h.x, h.dx, inputs);
  for (int32_t i = 0; i < h.layer->weight_count; i++)
    if (h.grads[i])
      check_array(&h, c, training, mix, h.layer->weights[i].name, h.weights[i], h.grads[i], h.layer->weights[i].count);
  free(mix);
  harness_close(&h);
}
END_TEST

START_TEST(every_type_has_a_case) {
  for (int32_t i = 0; i < cnn__layer_type_count(); i++) {
    const cnn__layer_type *type = cnn__layer_type_at(i);
    int32_t found = type->inputs == 0;
    for (int32_t j = 0; j < CASES; j++)
      found |= strcmp(cases[j].type, type->name) == 0;
    ck_assert_msg(found, "layer type %s has no case in tests/layers/cases.def", type->name);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("gradient");
  TCase *gradients = tcase_create("gradients");
  tcase_set_timeout(gradients, 60);
  tcase_add_loop_test(gradients, backward_is_the_gradient, 0, 2 * CASES);
  tcase_add_test(gradients, every_type_has_a_case);
  suite_add_tcase(suite, gradients);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
