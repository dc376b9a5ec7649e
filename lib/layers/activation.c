/* activation: elementwise functions and softmax, as a layer of their own and at the end of other layers. */
#include "layers/layer_internal.h"

#include "core/options.h"

#include <string.h>

#define LEAKY_SLOPE 0.2f
#define ELU_ALPHA 1.0f

const char *const cnn__activation_names[] = {"linear", "relu", "sigmoid",  "tanh", "softmax", "leaky_relu",
                                             "elu",    "gelu", "softplus", "silu", NULL};

/* What an activation works on: rows of `last` elements; the gradient also reads `kept`, which is x or y. */
typedef struct elements {
  const cnn__kernels *k;
  float parameter;
  int64_t count, last;
} elements;

typedef void function(const elements *e, const float *x, float *y);
typedef void gradient(const elements *e, const float *kept, const float *dy, float *dx);

static void linear(const elements *e, const float *x, float *y) {
  if (x != y)
    memcpy(y, x, (size_t)e->count * sizeof *y);
}
static void linear_backward(const elements *e, const float *kept, const float *dy, float *dx) {
  (void)kept;
  linear(e, dy, dx);
}

/* A function that is one kernel, and one whose kernel takes a parameter. */
#define PLAIN(name)                                                                                                    \
  static void name##_forward(const elements *e, const float *x, float *y) { e->k->name(e->count, x, y); }             \
  static void name##_backward(const elements *e, const float *kept, const float *dy, float *dx) {                      \
    e->k->name##_backward(e->count, kept, dy, dx);                                                                     \
  }
#define SLOPED(name)                                                                                                   \
  static void name##_forward(const elements *e, const float *x, float *y) {                                            \
    e->k->name(e->count, x, e->parameter, y);                                                                          \
  }                                                                                                                    \
  static void name##_backward(const elements *e, const float *kept, const float *dy, float *dx) {                      \
    e->k->name##_backward(e->count, kept, dy, e->parameter, dx);                                                       \
  }
PLAIN(relu)
PLAIN(sigmoid)
PLAIN(tanh)
SLOPED(leaky_relu)
SLOPED(elu)
PLAIN(softplus)
PLAIN(silu)

static void gelu_forward(const elements *e, const float *x, float *y) {
  (e->parameter != 0.0f ? e->k->gelu_tanh : e->k->gelu)(e->count, x, y);
}
static void gelu_backward(const elements *e, const float *kept, const float *dy, float *dx) {
  (e->parameter != 0.0f ? e->k->gelu_tanh_backward : e->k->gelu_backward)(e->count, kept, dy, dx);
}

static void softmax_forward(const elements *e, const float *x, float *y) {
  e->k->softmax(e->count / e->last, e->last, x, y);
}
static void softmax_backward(const elements *e, const float *kept, const float *dy, float *dx) {
  e->k->softmax_backward(e->count / e->last, e->last, kept, dy, dx);
}

static const struct {
  function *forward;
  gradient *backward;
  float standard;    /* Keras's default of its parameter */
  int32_t of_input;  /* the gradient is one of x: two x may give the same y */
} functions[] = {
    [CNN_ACTIVATION_LINEAR] = {linear, linear_backward, 0, 0},
    [CNN_ACTIVATION_RELU] = {relu_forward, relu_backward, 0, 0},
    [CNN_ACTIVATION_SIGMOID] = {sigmoid_forward, sigmoid_backward, 0, 0},
    [CNN_ACTIVATION_TANH] = {tanh_forward, tanh_backward, 0, 0},
    [CNN_ACTIVATION_SOFTMAX] = {softmax_forward, softmax_backward, 0, 0},
    [CNN_ACTIVATION_LEAKY_RELU] = {leaky_relu_forward, leaky_relu_backward, LEAKY_SLOPE, 0},
    [CNN_ACTIVATION_ELU] = {elu_forward, elu_backward, ELU_ALPHA, 0},
    [CNN_ACTIVATION_GELU] = {gelu_forward, gelu_backward, 0, 1},
    [CNN_ACTIVATION_SOFTPLUS] = {softplus_forward, softplus_backward, 0, 0},
    [CNN_ACTIVATION_SILU] = {silu_forward, silu_backward, 0, 1},
};

float cnn__activation_parameter(int32_t activation) { return functions[activation].standard; }

int32_t cnn__activation_of_input(int32_t activation) { return functions[activation].of_input; }

void cnn__activate(const cnn__kernels *k, int32_t activation, float parameter, int64_t count, int64_t last,
                   const float *x, float *y) {
  functions[activation].forward(&(elements){k, parameter, count, last}, x, y);
}

void cnn__activate_backward(const cnn__kernels *k, int32_t activation, float parameter, int64_t count, int64_t last,
                            const float *kept, const float *dy, float *dx) {
  functions[activation].backward(&(elements){k, parameter, count, last}, kept, dy, dx);
}

/* ---- the layer ---- */

#define UNIT 4096 /* elements, about, that one piece of a sample is made of */

typedef struct settings {
  int32_t activation, approximate;
  float negative_slope, alpha;
} settings;

static const cnn__attribute attributes[] = {
    {"activation", CNN_ATTRIBUTE_CHOICE, offsetof(settings, activation), 1, NULL, 0, 0, cnn__activation_names,
     "the function"},
    {"negative_slope", CNN_ATTRIBUTE_FLOAT, offsetof(settings, negative_slope), 0, "0.2", 0, CNN__UNBOUNDED, NULL,
     "leaky_relu: slope below 0"},
    {"alpha", CNN_ATTRIBUTE_FLOAT, offsetof(settings, alpha), 0, "1", 0, CNN__UNBOUNDED, NULL,
     "elu: the value far below 0 is -alpha"},
    {"approximate", CNN_ATTRIBUTE_FLAG, offsetof(settings, approximate), 0, "false", 0, 1, NULL,
     "gelu: by tanh instead of the normal distribution"},
    {0},
};

static float parameter_of(const settings *set) {
  int32_t activation = set->activation;
  return activation == CNN_ACTIVATION_LEAKY_RELU ? set->negative_slope
         : activation == CNN_ACTIVATION_ELU      ? set->alpha
         : activation == CNN_ACTIVATION_GELU     ? (float)set->approximate
                                                 : 0.0f;
}

static cnn_status setup(cnn_layer *layer) {
  const settings *set = layer->attributes;
  layer->out = layer->in;
  layer->activation = set->activation;
  layer->activation_parameter = parameter_of(set);
  layer->needs = CNN__IN_PLACE | (cnn__activation_of_input(set->activation) ? CNN__NEEDS_X : CNN__NEEDS_Y);
  layer->moved = 2 * cnn__shape_count(&layer->out);
  if (set->activation == CNN_ACTIVATION_LINEAR)
    layer->needs = CNN__SAME;
  return CNN_OK;
}

static int64_t last_extent(const cnn_layer *layer) { return layer->out.extent[layer->out.rank - 1]; }

/* Elements in a unit: whole rows of the last axis, about UNIT of them. */
static int64_t unit_of(const cnn_layer *layer) {
  int64_t last = last_extent(layer);
  return last < UNIT ? UNIT / last * last : last;
}

static int64_t units(const cnn_layer *layer) { return (cnn__shape_count(&layer->out) - 1) / unit_of(layer) + 1; }

static void forward(const cnn__work *work) {
  const cnn_layer *layer = work->layer;
  int64_t count = cnn__shape_count(&layer->out), samples = work->end ? work->count : 1;
  int64_t first = work->begin * unit_of(layer), end = work->end ? work->end * unit_of(layer) : work->count * count;
  if (work->end && end > count)
    end = count;
  for (int64_t i = 0; i < samples; i++)
    cnn__activate(work->k, work->activation, work->activation_parameter, end - first, last_extent(layer),
                  work->x + i * count + first, work->y + i * count + first);
}

static void backward(const cnn__work *work) {
  if (!work->dx)
    return;
  int64_t count = work->count * cnn__shape_count(&work->layer->out);
  const float *kept = cnn__activation_of_input(work->activation) ? work->x : work->y;
  cnn__activate_backward(work->k, work->activation, work->activation_parameter, count, last_extent(work->layer),
                         kept, work->dy, work->dx);
}

static const cnn__phase forward_phases[] = {{.domain = CNN__SHARDS, .run = forward, .parts = units}, {0}};
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
  if (cnn__options(&given, CNN__FIRST(cnn_activation_opts, approximate), CNN__FIRST(cnn_activation_opts, input), options,
                   "cnn_activation_opts") < 0)
    return cnn__model_refuse(model);
  settings set;
  cnn__attributes_default(attributes, &set);
  set.activation = activation;
  set.negative_slope = cnn__option(given.negative_slope, set.negative_slope);
  set.alpha = cnn__option(given.alpha, set.alpha);
  set.approximate = given.approximate != 0;
  return cnn__model_append(model, &cnn__activation_layer, &set, given.name, given.input);
}
