/* activation: elementwise functions and softmax, as a layer of their own and at the end of other layers. */
#include "layers/layer_internal.h"

#include "core/options.h"

#include <string.h>

const char *const cnn__activation_names[] = {"linear", "relu", "sigmoid", "tanh", "softmax", NULL};

static void linear(const cnn__kernels *k, int64_t elements, int64_t last, const float *x, float *y) {
  (void)k, (void)last;
  if (x != y)
    memcpy(y, x, (size_t)elements * sizeof *y);
}
static void relu(const cnn__kernels *k, int64_t elements, int64_t last, const float *x, float *y) {
  (void)last;
  k->relu(elements, x, y);
}
static void sigmoid(const cnn__kernels *k, int64_t elements, int64_t last, const float *x, float *y) {
  (void)last;
  k->sigmoid(elements, x, y);
}
static void hyperbolic(const cnn__kernels *k, int64_t elements, int64_t last, const float *x, float *y) {
  (void)last;
  k->tanh(elements, x, y);
}
static void softmax(const cnn__kernels *k, int64_t elements, int64_t last, const float *x, float *y) {
  k->softmax(elements / last, last, x, y);
}

static void linear_backward(const cnn__kernels *k, int64_t elements, int64_t last, const float *y, const float *dy,
                            float *dx) {
  (void)y;
  linear(k, elements, last, dy, dx);
}
static void relu_backward(const cnn__kernels *k, int64_t elements, int64_t last, const float *y, const float *dy,
                          float *dx) {
  (void)last;
  k->relu_backward(elements, y, dy, dx);
}
static void sigmoid_backward(const cnn__kernels *k, int64_t elements, int64_t last, const float *y, const float *dy,
                             float *dx) {
  (void)last;
  k->sigmoid_backward(elements, y, dy, dx);
}
static void hyperbolic_backward(const cnn__kernels *k, int64_t elements, int64_t last, const float *y, const float *dy,
                                float *dx) {
  (void)last;
  k->tanh_backward(elements, y, dy, dx);
}
static void softmax_backward(const cnn__kernels *k, int64_t elements, int64_t last, const float *y, const float *dy,
                             float *dx) {
  k->softmax_backward(elements / last, last, y, dy, dx);
}

static const struct {
  void (*forward)(const cnn__kernels *k, int64_t elements, int64_t last, const float *x, float *y);
  void (*backward)(const cnn__kernels *k, int64_t elements, int64_t last, const float *y, const float *dy, float *dx);
} functions[] = {
    [CNN_ACTIVATION_LINEAR] = {linear, linear_backward},
    [CNN_ACTIVATION_RELU] = {relu, relu_backward},
    [CNN_ACTIVATION_SIGMOID] = {sigmoid, sigmoid_backward},
    [CNN_ACTIVATION_TANH] = {hyperbolic, hyperbolic_backward},
    [CNN_ACTIVATION_SOFTMAX] = {softmax, softmax_backward},
};

void cnn__activate(const cnn__kernels *k, int32_t activation, int64_t elements, int64_t last, const float *x,
                   float *y) {
  functions[activation].forward(k, elements, last, x, y);
}

void cnn__activate_backward(const cnn__kernels *k, int32_t activation, int64_t elements, int64_t last, const float *y,
                            const float *dy, float *dx) {
  functions[activation].backward(k, elements, last, y, dy, dx);
}

/* ---- the layer ---- */

typedef struct settings {
  int32_t activation;
} settings;

static const cnn__attribute attributes[] = {
    {"activation", CNN_ATTRIBUTE_CHOICE, offsetof(settings, activation), 1, NULL, 0, 0, cnn__activation_names,
     "the function"},
    {0},
};

static cnn_status setup(cnn_layer *layer) {
  const settings *set = layer->attributes;
  layer->out = layer->in;
  layer->activation = set->activation;
  layer->needs = set->activation == CNN_ACTIVATION_LINEAR ? CNN__SAME : CNN__NEEDS_Y | CNN__IN_PLACE;
  return CNN_OK;
}

static int64_t last_extent(const cnn_layer *layer) { return layer->out.extent[layer->out.rank - 1]; }

static void forward(const cnn__work *work) {
  int64_t elements = work->count * cnn__shape_count(&work->layer->out);
  cnn__activate(work->k, work->activation, elements, last_extent(work->layer), work->x, work->y);
}

static void backward(const cnn__work *work) {
  if (!work->dx)
    return;
  int64_t elements = work->count * cnn__shape_count(&work->layer->out);
  cnn__activate_backward(work->k, work->activation, elements, last_extent(work->layer), work->y, work->dy, work->dx);
}

static const cnn__phase forward_phases[] = {{.domain = CNN__SHARDS, .run = forward}, {0}};
static const cnn__phase backward_phases[] = {{.domain = CNN__SHARDS, .run = backward}, {0}};

const cnn__layer_type cnn__activation_layer = {
    .name = "activation",
    .class_name = "Activation",
    .help = "Applies a function to each element, softmax to each row of the last axis.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .inputs = 1,
    .setup = setup,
    .phases = {[CNN__PHASE_TRAIN] = forward_phases,
               [CNN__PHASE_INFER] = forward_phases,
               [CNN__PHASE_BACKWARD] = backward_phases},
};

cnn_layer *cnn_activation(cnn_model *model, int32_t activation, const cnn_activation_opts *options) {
  cnn_activation_opts given;
  if (cnn__options(&given, sizeof given, CNN__FIRST(cnn_activation_opts, input), options, "cnn_activation_opts") < 0)
    return cnn__model_refuse(model);
  settings set = {.activation = activation};
  return cnn__model_append(model, &cnn__activation_layer, &set, given.name, given.input);
}
