/* conv2d: two-dimensional convolution with bias and activation, NHWC, any kernel, stride, dilation and groups. */
#include "layers/conv2d.h"

#include "core/memory.h"
#include "core/options.h"
#include "core/text.h"

typedef struct settings {
  int64_t filters;
  int64_t kernel_size[2], strides[2], dilation_rate[2];
  int64_t groups;
  int32_t padding, activation, use_bias, trainable;
  cnn__form kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer;
} settings;

static const cnn__attribute attributes[] = {
    {"filters", CNN_ATTRIBUTE_INT, offsetof(settings, filters), 1, NULL, 1, 16777216, NULL,
     "number of output channels"},
    {"kernel_size", CNN_ATTRIBUTE_PAIR, offsetof(settings, kernel_size), 1, NULL, 1, 32768, NULL,
     "height and width of the kernel"},
    {"strides", CNN_ATTRIBUTE_PAIR, offsetof(settings, strides), 0, "1,1", 1, 32768, NULL,
     "steps of the kernel down and across"},
    {"padding", CNN_ATTRIBUTE_CHOICE, offsetof(settings, padding), 0, "valid", 0, 0, cnn__padding_names,
     "valid: whole kernels only; same: as many positions as the input has steps"},
    {"dilation_rate", CNN_ATTRIBUTE_PAIR, offsetof(settings, dilation_rate), 0, "1,1", 1, 32768, NULL,
     "distance between the kernel's taps; other than 1 only with strides 1"},
    {"groups", CNN_ATTRIBUTE_INT, offsetof(settings, groups), 0, "1", 1, 16777216, NULL,
     "groups of channels that are convolved apart"},
    {"activation", CNN_ATTRIBUTE_CHOICE, offsetof(settings, activation), 0, "linear", 0, 0, cnn__activation_names,
     "function applied to the output"},
    {"use_bias", CNN_ATTRIBUTE_FLAG, offsetof(settings, use_bias), 0, "true", 0, 1, NULL, "add a bias to each filter"},
    CNN__INITIALIZER(settings, kernel, "glorot_uniform"),
    CNN__INITIALIZER(settings, bias, "zeros"),
    CNN__REGULARIZER(settings, kernel),
    CNN__REGULARIZER(settings, bias),
    CNN__TRAINABLE(settings),
    {0},
};

const char *const cnn__padding_names[] = {"valid", "same", NULL};

/* Elements of the kernel whose shards one part of the last phase adds up. */
#define CHUNK 8192

/* Values that one row of the output may read, each tap of each position counted. */
#define MAX_ROW ((int64_t)1 << 40)

static int64_t output_count(const cnn__conv *g) { return g->oh * g->ow * g->f; }
static int64_t kernel_count(const cnn__conv *g) { return g->kh * g->kw * (g->c / g->groups) * g->f; }

static cnn_status check(const settings *set, const cnn_layer *layer) {
  char text[160];
  if (layer->in.rank != 3)
    return cnn__fail(CNN_ESHAPE, "input %s must be images (None, height, width, channels)",
                     cnn__shape_text(text, &layer->in, 1));
  int64_t channels = layer->in.extent[2];
  if (channels % set->groups || set->filters % set->groups)
    return cnn__fail(CNN_EINVAL, "%lld groups must divide %lld input channels and %lld filters", (long long)set->groups,
                     (long long)channels, (long long)set->filters);
  if ((set->strides[0] > 1 || set->strides[1] > 1) && (set->dilation_rate[0] > 1 || set->dilation_rate[1] > 1))
    return cnn__fail(CNN_EINVAL, "strides %lldx%lld and dilation_rate %lldx%lld: one of them must be 1x1",
                     (long long)set->strides[0], (long long)set->strides[1], (long long)set->dilation_rate[0],
                     (long long)set->dilation_rate[1]);
  return CNN_OK;
}

static cnn_status geometry(const settings *set, const cnn_layer *layer, cnn__conv *g) {
  const int64_t *in = layer->in.extent;
  *g = (cnn__conv){.h = in[0], .w = in[1], .c = in[2], .f = set->filters, .groups = set->groups,
                   .kh = set->kernel_size[0], .kw = set->kernel_size[1], .sh = set->strides[0], .sw = set->strides[1],
                   .dh = set->dilation_rate[0], .dw = set->dilation_rate[1]};
  g->oh = cnn__window_extent(g->h, g->kh, g->sh, g->dh, set->padding, &g->pt);
  g->ow = cnn__window_extent(g->w, g->kw, g->sw, g->dw, set->padding, &g->pl);
  if (g->oh < 0 || g->ow < 0) {
    char dilated[64] = "";
    if (g->dh > 1 || g->dw > 1)
      cnn__format(dilated, sizeof dilated, " dilated by %lldx%lld", (long long)g->dh, (long long)g->dw);
    return cnn__fail(CNN_ESHAPE, "kernel %lldx%lld%s does not fit input %lldx%lld without padding", (long long)g->kh,
                     (long long)g->kw, dilated, (long long)g->h, (long long)g->w);
  }
  return CNN_OK;
}

/* A row of the output laid out tap by tap is the least that the scratch holds. */
static cnn_status check_row(const cnn__conv *g) {
  int64_t taps, row;
  if (cnn__mul(g->kh * g->kw, g->c / g->groups, &taps) || cnn__mul(taps, g->ow, &row) || row > MAX_ROW)
    return cnn__fail(CNN_ESHAPE, "kernel %lldx%lld over %lld positions of %lld channels: too many values in a row",
                     (long long)g->kh, (long long)g->kw, (long long)g->ow, (long long)(g->c / g->groups));
  return CNN_OK;
}

static cnn_status setup(cnn_layer *layer) {
  const settings *set = layer->attributes;
  cnn__conv *g = layer->data;
  CNN__TRY(check(set, layer));
  CNN__TRY(geometry(set, layer, g));
  CNN__TRY(check_row(g));
  g->algorithm = layer->context->winograd ? cnn__conv_algorithm(g) : CNN__CONV_DIRECT;
  layer->out = (cnn__shape){3, {g->oh, g->ow, g->f}};
  cnn__shape kernel = {4, {g->kh, g->kw, g->c / g->groups, g->f}}, bias = {1, {g->f}};
  CNN__TRY(cnn__layer_weight_of(layer, "kernel", &kernel, &set->kernel_initializer, &set->kernel_regularizer, 1));
  if (set->use_bias)
    CNN__TRY(cnn__layer_weight_of(layer, "bias", &bias, &set->bias_initializer, &set->bias_regularizer, 1));
  layer->activation = set->activation;
  layer->activation_parameter = cnn__activation_parameter(set->activation);
  layer->needs = CNN__NEEDS_X | CNN__X_FOR_WEIGHTS | (set->activation == CNN_ACTIVATION_LINEAR ? 0 : CNN__NEEDS_Y);
  if (cnn__activation_of_input(set->activation)) {
    layer->needs &= ~CNN__NEEDS_Y;
    layer->kept_bytes = output_count(g) * (int64_t)sizeof(float);
  }
  layer->pack_count = 2;
  layer->pack_floats[0] = cnn__conv_packed_floats(g);
  layer->pack_floats[1] = cnn__conv_packed_t_floats(g);
  layer->slot_floats = kernel_count(g);
  layer->sum_doubles = set->use_bias ? g->f : 0;
  layer->scratch_bytes = cnn__conv_scratch_bytes(g);
  if (cnn__mul(2 * kernel_count(g), g->oh * g->ow, &layer->flops))
    return cnn__fail(CNN_ESHAPE, "the operations of one sample do not fit 64 bits");
  return CNN_OK;
}

static void pack(const cnn__work *work) {
  work->k->conv_pack(work->layer->data, work->weights[0], work->packs[0]);
}

static void pack_transposed(const cnn__work *work) {
  work->k->conv_pack_t(work->layer->data, work->weights[0], work->packs[1]);
}

/* `count` samples of the geometry g, output channels from `first` on; `linear` is what the activation is applied to, and
 * may be y. */
static void convolve(const cnn__work *work, const cnn__conv *g, int64_t count, const float *x, const float *packed,
                     int64_t first, float *linear, float *y) {
  int32_t relu = work->activation == CNN_ACTIVATION_RELU;
  const float *bias = cnn__has_bias(work->layer) ? work->weights[1] + first : NULL;
  work->k->conv_forward(g, count, x, packed, bias, relu, relu ? y : linear, work->scratch);
  if (!relu)
    cnn__activate(work->k, work->activation, work->activation_parameter, count * output_count(g), g->f, linear, y);
}

/* The band is a convolution of the input rows that it sees. */
static void rows(const cnn__work *work, const float *x, int64_t row0, int64_t row1, float *linear, float *y) {
  cnn__conv g = *(const cnn__conv *)work->layer->data;
  int64_t first = row0 * g.sh - g.pt, end = (row1 - 1) * g.sh + (g.kh - 1) * g.dh - g.pt + 1;
  int64_t skipped = first > 0 ? first : 0;
  g.pt = first > 0 ? 0 : -first;
  g.h = (end < g.h ? end : g.h) - skipped;
  g.oh = row1 - row0;
  convolve(work, &g, 1, x + skipped * g.w * g.c, work->packs[0], 0, linear, y);
}

void cnn__conv2d_rows(const cnn__work *work, const float *x, int64_t row0, int64_t row1, float *y) {
  rows(work, x, row0, row1, y, y);
}

int32_t cnn__conv2d_has_channels(const cnn_layer *layer) {
  const cnn__conv *g = layer->data;
  return g->groups == 1 && g->f > CNN__LANES && layer->activation != CNN_ACTIVATION_SOFTMAX;
}

void cnn__conv2d_channels(const cnn__work *work, const float *x, int64_t first, int64_t end, float *y) {
  cnn__conv g = *(const cnn__conv *)work->layer->data;
  int64_t slice = cnn__conv_packed_floats(&g) / cnn__gemm_panels(g.f);
  g.f = end - first;
  convolve(work, &g, 1, x, work->packs[0] + first / CNN__LANES * slice, first, y, y);
}

static int64_t bands(const cnn_layer *layer) {
  const cnn__conv *g = layer->data;
  return (g->oh - 1) / cnn__conv2d_step(g) + 1;
}

/* What the activation is applied to stays in `linear` or, where that is NULL, nowhere. */
static void forward(const cnn__work *work, float *linear) {
  const cnn__conv *g = work->layer->data;
  int64_t step = cnn__conv2d_step(g), row0 = work->begin * step, row1 = work->end * step;
  if (!linear)
    linear = work->y;
  if (!work->end) {
    convolve(work, g, work->count, work->x, work->packs[0], 0, linear, work->y);
    return;
  }
  for (int64_t i = 0; i < work->count; i++) {
    int64_t at = i * output_count(g) + row0 * g->ow * g->f;
    rows(work, work->x + i * g->h * g->w * g->c, row0, row1 < g->oh ? row1 : g->oh, linear + at, work->y + at);
  }
}

static void train(const cnn__work *work) {
  forward(work, cnn__activation_of_input(work->activation) ? work->kept : NULL);
}

static void infer(const cnn__work *work) { forward(work, NULL); }

static void backward(const cnn__work *work) {
  const cnn__conv *g = work->layer->data;
  const float *kept = cnn__activation_of_input(work->activation) ? work->kept : work->y;
  cnn__activate_backward(work->k, work->activation, work->activation_parameter, work->count * output_count(g),
                         g->f, kept, work->dy, work->dy);
  if (work->grads[0])
    work->k->conv_backward_weights(g, work->count, work->x, work->dy, 0, cnn__conv2d_slot(work), work->scratch);
  if (work->grads[0] && cnn__has_bias(work->layer))
    work->k->channel_sums(work->count, g->oh * g->ow, g->f, work->dy, work->sums);
  if (work->dx)
    work->k->conv_backward_data(g, work->count, work->dy, work->packs[1], work->dx, work->scratch);
}

static int64_t join_parts(const cnn_layer *layer) {
  return (kernel_count(layer->data) + CHUNK - 1) / CHUNK + cnn__has_bias(layer);
}

/* The shards' gradients added up: a chunk of the kernel in each part, the bias in the last. The kernel's of a single shard stands
 * where it belongs. */
static void join(const cnn__work *work) {
  const cnn_layer *layer = work->layer;
  int64_t begin = work->part * CHUNK, left = kernel_count(layer->data) - begin;
  if (left <= 0)
    cnn__join_bias(work);
  else if (work->shards > 1)
    work->k->tree_sum(left < CHUNK ? left : CHUNK, work->shards, layer->slot_floats, work->slots + begin,
                      work->grads[0] + begin);
}

static cnn__span joined(const cnn_layer *layer, int64_t part) {
  int64_t begin = part * CHUNK, left = kernel_count(layer->data) - begin;
  if (left > 0)
    return (cnn__span){0, 0, begin, left < CHUNK ? left : CHUNK};
  return (cnn__span){0, 1, 0, layer->weights[1].count};
}

static const cnn__phase train_phases[] = {{.domain = CNN__SHARDS, .run = train, .parts = bands}, {0}};
static const cnn__phase infer_phases[] = {{.domain = CNN__SHARDS, .run = infer, .parts = bands}, {0}};
static const cnn__phase backward_phases[] = {{.domain = CNN__SHARDS, .run = backward},
                                             {.domain = CNN__PARTS, .late = 1, .run = join, .parts = join_parts, .span = joined},
                                             {0}};
static const cnn__phase pack_phases[] = {
    {.domain = CNN__PARTS, .run = pack}, {.domain = CNN__PARTS, .run = pack_transposed}, {0}};

const cnn__layer_type cnn__conv2d_layer = {
    .name = "conv2d",
    .class_name = "Conv2D",
    .help = "Two-dimensional convolution with bias and activation.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .data_size = sizeof(cnn__conv),
    .inputs = 1,
    .setup = setup,
    .phases = {[CNN__PHASE_TRAIN] = train_phases,
               [CNN__PHASE_INFER] = infer_phases,
               [CNN__PHASE_BACKWARD] = backward_phases,
               [CNN__PHASE_PACK] = pack_phases},
};

cnn_layer *cnn_conv2d(cnn_model *model, int64_t filters, int64_t kernel_height, int64_t kernel_width,
                      const cnn_conv2d_opts *options) {
  cnn_conv2d_opts given;
  if (cnn__options(&given, sizeof given, CNN__FIRST(cnn_conv2d_opts, bias_initializer), options,
                   "cnn_conv2d_opts") < 0 ||
      cnn__option_reserved(given.reserved, "cnn_conv2d_opts") < 0)
    return cnn__model_refuse(model);
  settings set;
  cnn__attributes_default(attributes, &set);
  set.filters = filters;
  set.kernel_size[0] = kernel_height;
  set.kernel_size[1] = kernel_width;
  for (int i = 0; i < 2; i++) {
    set.strides[i] = cnn__option_int(given.strides[i], 1);
    set.dilation_rate[i] = cnn__option_int(given.dilation_rate[i], 1);
  }
  set.padding = cnn__option_int(given.padding, CNN_PADDING_VALID);
  set.groups = cnn__option_int(given.groups, 1);
  set.activation = cnn__option_int(given.activation, CNN_ACTIVATION_LINEAR);
  set.use_bias = !given.no_bias;
  set.kernel_initializer = cnn__initializer_form(given.kernel_initializer, CNN_INITIALIZER_GLOROT_UNIFORM);
  set.bias_initializer = cnn__initializer_form(given.bias_initializer, CNN_INITIALIZER_ZEROS);
  set.trainable = !given.frozen;
  const cnn__worded words[] = {{"kernel_initializer", given.kernel_init, given.kernel_initializer},
                               {"bias_initializer", given.bias_init, given.bias_initializer},
                               {"kernel_regularizer", given.kernel_regularizer, 0},
                               {"bias_regularizer", given.bias_regularizer, 0}};
  if (cnn__attributes_worded(&cnn__conv2d_layer, &set, given.name, words, 4) < 0)
    return cnn__model_refuse(model);
  return cnn__model_append(model, &cnn__conv2d_layer, &set, given.name, given.input);
}
