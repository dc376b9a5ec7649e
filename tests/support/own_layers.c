/* own_layers: see own_layers.h. */
#include "own_layers.h"

#include <stdlib.h>
#include <string.h>

int32_t own_live;

static int64_t elements(const cnn_shape *shape) {
  int64_t product = 1;
  for (int32_t i = 0; i < shape->rank; i++)
    product *= shape->extent[i];
  return product;
}

static int64_t last(const cnn_shape *shape) { return shape->extent[shape->rank - 1]; }

/* ---- noisy_scale ---- */

typedef struct settings {
  float rate;
  int32_t start;
  int64_t limit;
  cnn_shape like;
  int64_t window[2];
  int32_t centered;
} settings;

static const char *const starts[] = {"zeros", "ones", NULL};
static const cnn_attribute_row attributes[] = {
    {"rate", CNN_ATTRIBUTE_FLOAT, 0, offsetof(settings, rate), "0.1", 0, 1, NULL, "fraction of elements that are dropped"},
    {"start", CNN_ATTRIBUTE_CHOICE, 0, offsetof(settings, start), "ones", 0, 0, starts, "first value of each gain"},
    {"limit", CNN_ATTRIBUTE_INT, 0, offsetof(settings, limit), "64", 1, 64, NULL, "channels at most"},
    {"like", CNN_ATTRIBUTE_SHAPE, 0, offsetof(settings, like), "1", 1, 1e6, NULL, "a shape that is only remembered"},
    {"window", CNN_ATTRIBUTE_PAIR, 0, offsetof(settings, window), "1,2", 1, 9, NULL, "a pair that is only remembered"},
    {"centered", CNN_ATTRIBUTE_FLAG, 0, offsetof(settings, centered), "true", 0, 1, NULL, "with an offset"},
    {0}};

static cnn_status scale_setup(cnn_layer_setup *setup) {
  const settings *set = setup->attributes;
  int64_t channels = last(&setup->input);
  setup->data = malloc(sizeof(int64_t));
  if (!setup->data)
    return cnn_error_set(CNN_ENOMEM, "no memory for a test");
  memcpy(setup->data, &channels, sizeof channels);
  own_live++;
  if (channels > set->limit)
    return cnn_error_set(CNN_ESHAPE, "%lld channels, at most %lld are taken", (long long)channels, (long long)set->limit);
  setup->weight_count = set->centered ? 2 : 1;
  setup->weights[0] = (cnn_weight_row){"gain", set->start ? CNN_INITIALIZER_ONES : 0, 1, {.rank = 1, .extent = {channels}}};
  setup->weights[1] = (cnn_weight_row){"offset", 0, 0, {.rank = 1, .extent = {channels}}};
  setup->needs = CNN_NEEDS_X;
  setup->kept_bytes = elements(&setup->input);
  setup->flops = 2 * elements(&setup->input);
  return CNN_OK;
}

static void scale_free(void *user, void *data) {
  (void)user;
  own_live--;
  free(data);
}

/* Which elements of sample s are dropped: from the random numbers, noted in kept where there is a backward. */
static int32_t dropped(const cnn_layer_work *work, int64_t s, int64_t i) {
  const settings *set = work->attributes;
  float number;
  if (!work->training)
    return 0;
  cnn_layer_random(work, s, i, 1, &number);
  return number < set->rate;
}

static void scale_forward(const cnn_layer_work *work) {
  int64_t size = elements(work->input), c;
  unsigned char *kept = work->kept;
  memcpy(&c, work->data, sizeof c);
  for (int64_t s = 0; s < work->count; s++)
    for (int64_t i = 0; i < size; i++) {
      int64_t at = s * size + i;
      int32_t drop = dropped(work, s, i);
      float offset = ((const settings *)work->attributes)->centered ? work->weights[1][i % c] : 0.0f;
      if (kept)
        kept[at] = (unsigned char)drop;
      work->y[at] = drop ? 0.0f : work->x[at] * work->weights[0][i % c] + offset;
    }
}

static void scale_backward(const cnn_layer_work *work) {
  int64_t count = work->count * elements(work->input), c = last(work->input);
  const unsigned char *kept = work->kept;
  for (int64_t i = 0; i < count; i++) {
    float dy = kept[i] ? 0.0f : work->dy[i];
    if (work->gradients[0])
      work->gradients[0][i % c] += work->x[i] * dy;
    if (work->dx)
      work->dx[i] = dy * work->weights[0][i % c];
  }
}

const cnn_layer_descriptor own_noisy_scale = {.size = sizeof(cnn_layer_descriptor),
                                              .form = CNN_EXTEND_FORM,
                                              .type = "noisy_scale",
                                              .class_name = "NoisyScale",
                                              .summary = "Scales each channel and drops elements.",
                                              .attributes = attributes,
                                              .attributes_size = sizeof(settings),
                                              .setup = scale_setup,
                                              .forward = scale_forward,
                                              .backward = scale_backward,
                                              .free = scale_free};

/* ---- own_relu ---- */

static cnn_status relu_setup(cnn_layer_setup *setup) {
  setup->needs = CNN_NEEDS_Y;
  setup->scratch_bytes = 8 * elements(&setup->input) * (int64_t)sizeof(float);
  return CNN_OK;
}

static void relu_forward(const cnn_layer_work *work) {
  int64_t count = work->count * elements(work->input);
  for (int64_t i = 0; i < count; i++)
    work->y[i] = 0 > work->x[i] ? 0 : work->x[i];
}

static void relu_backward(const cnn_layer_work *work) {
  int64_t count = work->count * elements(work->input);
  float *passed = work->scratch;
  for (int64_t i = 0; i < count; i++)
    passed[i] = work->y[i] > 0 ? work->dy[i] : 0.0f;
  if (work->dx)
    memcpy(work->dx, passed, (size_t)count * sizeof *passed);
}

const cnn_layer_descriptor own_relu = {.size = sizeof(cnn_layer_descriptor),
                                       .form = CNN_EXTEND_FORM,
                                       .type = "own_relu",
                                       .setup = relu_setup,
                                       .forward = relu_forward,
                                       .backward = relu_backward};

/* ---- own_sum and own_product ---- */

static cnn_status same_shapes(cnn_layer_setup *setup) {
  for (int32_t i = 1; i < setup->input_count; i++)
    if (memcmp(&setup->inputs[i], &setup->inputs[0], sizeof(cnn_shape)) != 0)
      return cnn_error_set(CNN_ESHAPE, "input %d has another shape than the first", (int)i);
  return CNN_OK;
}

static void sum_forward(const cnn_layer_work *work) {
  int64_t count = work->count * elements(work->output);
  for (int64_t i = 0; i < count; i++) {
    work->y[i] = work->xs[0][i];
    for (int32_t k = 1; k < work->input_count; k++)
      work->y[i] += work->xs[k][i];
  }
}

static void sum_backward(const cnn_layer_work *work) {
  size_t bytes = (size_t)(work->count * elements(work->output)) * sizeof(float);
  for (int32_t k = 0; k < work->input_count; k++)
    if (work->dxs[k])
      memcpy(work->dxs[k], work->dy, bytes);
}

static cnn_status product_setup(cnn_layer_setup *setup) {
  setup->needs = CNN_NEEDS_X;
  if (setup->input_count != 2)
    return cnn_error_set(CNN_EINVAL, "multiplies 2 inputs, got %d", (int)setup->input_count);
  return same_shapes(setup);
}

static void product_forward(const cnn_layer_work *work) {
  int64_t count = work->count * elements(work->output);
  for (int64_t i = 0; i < count; i++)
    work->y[i] = work->xs[0][i] * work->xs[1][i];
}

static void product_backward(const cnn_layer_work *work) {
  int64_t count = work->count * elements(work->output);
  for (int32_t k = 0; k < 2; k++)
    for (int64_t i = 0; work->dxs[k] && i < count; i++)
      work->dxs[k][i] = work->dy[i] * work->xs[1 - k][i];
}

const cnn_layer_descriptor own_sum = {.size = sizeof(cnn_layer_descriptor),
                                      .form = CNN_EXTEND_FORM,
                                      .inputs = CNN_SEVERAL_INPUTS,
                                      .type = "own_sum",
                                      .setup = same_shapes,
                                      .forward = sum_forward,
                                      .backward = sum_backward};

const cnn_layer_descriptor own_product = {.size = sizeof(cnn_layer_descriptor),
                                          .form = CNN_EXTEND_FORM,
                                          .inputs = CNN_SEVERAL_INPUTS,
                                          .type = "own_product",
                                          .setup = product_setup,
                                          .forward = product_forward,
                                          .backward = product_backward};
