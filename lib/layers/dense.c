/* dense: y = act(x . kernel + bias) over the last axis. */
#include "layers/layer_internal.h"

#include "core/memory.h"
#include "core/options.h"

typedef struct settings {
  int64_t units;
  int32_t activation, use_bias, trainable;
  cnn__form kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer;
} settings;

static const cnn__attribute attributes[] = {
    {"units", CNN_ATTRIBUTE_INT, offsetof(settings, units), 1, NULL, 1, 16777216, NULL, "number of outputs"},
    {"activation", CNN_ATTRIBUTE_CHOICE, offsetof(settings, activation), 0, "linear", 0, 0, cnn__activation_names,
     "function applied to the output"},
    {"use_bias", CNN_ATTRIBUTE_FLAG, offsetof(settings, use_bias), 0, "true", 0, 1, NULL, "add a bias to each output"},
    CNN__INITIALIZER(settings, kernel, "glorot_uniform"),
    CNN__INITIALIZER(settings, bias, "zeros"),
    CNN__REGULARIZER(settings, kernel),
    CNN__REGULARIZER(settings, bias),
    CNN__TRAINABLE(settings),
    {0},
};

/* A sample is `rows` vectors of `in` elements, which become vectors of `out`. */
typedef struct product {
  int64_t rows, in, out;
} product;

/* Rows of the kernel whose gradient one part of the last phase makes, and one part of packing packs: at most as many as the
 * kernels take at once or, of few units, more; a multiple of the lanes, in all parts alike. */
#define PART_ROWS 96
#define PART_FLOATS 2048 /* fewer are done before another thread has heard of them */

static int64_t kernel_parts(const product *p) {
  int64_t rows = PART_FLOATS / p->out < PART_ROWS ? PART_ROWS : PART_FLOATS / p->out;
  return (p->in - 1) / rows + 1;
}

/* Rows [*begin, *end) are this part's; none in the part of the bias. */
static int32_t rows_of(const product *p, int64_t part, int64_t *begin, int64_t *end) {
  int64_t rows = cnn__gemm_panels((p->in - 1) / kernel_parts(p) + 1) * CNN__LANES;
  *begin = part * rows;
  *end = *begin + rows < p->in ? *begin + rows : p->in;
  return *begin < p->in;
}

/* Weights of more floats (4 MiB) are read once for the batch, not once for each shard; of more than 1 MiB, which push all
 * else out of the second cache, in training. */
#define WIDE_FLOATS ((int64_t)1 << 20)
#define WIDE_IN_TRAINING_FLOATS ((int64_t)1 << 18)

static cnn_status setup(cnn_layer *layer) {
  const settings *set = layer->attributes;
  product *p = layer->data;
  int32_t last = layer->in.rank - 1;
  layer->out = layer->in;
  layer->out.extent[last] = set->units;
  *p = (product){1, layer->in.extent[last], set->units};
  p->rows = cnn__shape_count(&layer->in) / p->in;
  cnn__shape kernel = {2, {p->in, p->out}}, bias = {1, {p->out}};
  CNN__TRY(cnn__layer_weight_of(layer, "kernel", &kernel, &set->kernel_initializer, &set->kernel_regularizer, 1));
  if (set->use_bias)
    CNN__TRY(cnn__layer_weight_of(layer, "bias", &bias, &set->bias_initializer, &set->bias_regularizer, 1));
  layer->activation = set->activation;
  layer->needs = CNN__NEEDS_X_LATE | CNN__NEEDS_DY_LATE | (set->activation == CNN_ACTIVATION_LINEAR ? 0 : CNN__NEEDS_Y);
  layer->activation_parameter = cnn__activation_parameter(set->activation);
  if (cnn__activation_of_input(set->activation)) {
    layer->needs = CNN__NEEDS_X_LATE | CNN__NEEDS_DY_LATE;
    layer->kept_bytes = p->rows * p->out * (int64_t)sizeof(float);
  }
  if (p->in * p->out > WIDE_FLOATS)
    layer->needs |= CNN__WIDE;
  else if (p->in * p->out > WIDE_IN_TRAINING_FLOATS)
    layer->needs |= CNN__WIDE_IN_TRAINING;
  layer->pack_count = 2;
  layer->pack_floats[0] = cnn__gemm_packed_floats(p->in, p->out);
  layer->pack_floats[1] = cnn__gemm_packed_floats(p->out, p->in);
  layer->sum_doubles = set->use_bias ? p->out : 0;
  if (cnn__mul(2 * p->in * p->out, p->rows, &layer->flops))
    return cnn__fail(CNN_ESHAPE, "the operations of one sample do not fit 64 bits");
  return CNN_OK;
}

static int64_t pack_parts(const cnn_layer *layer) { return kernel_parts(layer->data); }

static cnn__span rows_span(const cnn_layer *layer, int64_t part) {
  const product *p = layer->data;
  int64_t begin, end;
  if (!rows_of(p, part, &begin, &end))
    return (cnn__span){0, 1, 0, p->out};
  return (cnn__span){0, 0, begin * p->out, (end - begin) * p->out};
}

static void pack(const cnn__work *work) {
  const product *p = work->layer->data;
  int64_t begin, end;
  rows_of(p, work->part, &begin, &end);
  work->k->gemm_pack(p->in, p->out, begin, end, work->weights[0], work->packs[0]);
  work->k->gemm_pack_t(p->in, p->out, begin, end, work->weights[0], work->packs[1]);
}

/* Panels of output columns, where the activation goes element by element. */
static int64_t panels(const cnn_layer *layer) {
  const product *p = layer->data;
  int32_t apart = layer->activation == CNN_ACTIVATION_RELU || layer->activation == CNN_ACTIVATION_LINEAR;
  return apart ? cnn__gemm_panels(p->out) : 1;
}

/* The columns of the work's panels, of `columns` in all. */
static int64_t columns_of(const cnn__work *work, int64_t columns, int64_t *first) {
  int64_t end = work->end * CNN__LANES;
  *first = work->begin * CNN__LANES;
  return (work->end && end < columns ? end : columns) - *first;
}

/* What the activation is applied to is left in `linear`, which may be y. */
static void forward(const cnn__work *work, float *linear) {
  const product *p = work->layer->data;
  int64_t rows = work->count * p->rows, first, count = columns_of(work, p->out, &first);
  int32_t relu = work->activation == CNN_ACTIVATION_RELU;
  work->k->gemm(rows, count, p->in, work->x, p->in, work->packs[0] + first * p->in,
                cnn__has_bias(work->layer) ? work->weights[1] + first : NULL, relu, linear + first, p->out);
  if (!relu && work->activation != CNN_ACTIVATION_LINEAR)
    cnn__activate(work->k, work->activation, work->activation_parameter, rows * p->out, p->out, linear, work->y);
}

static void train(const cnn__work *work) {
  forward(work, cnn__activation_of_input(work->activation) ? work->kept : work->y);
}

static void infer(const cnn__work *work) { forward(work, work->y); }

/* dy becomes the gradient of the product. */
static void backward_activation(const cnn__work *work) {
  const product *p = work->layer->data;
  int64_t rows = work->count * p->rows;
  const float *kept = cnn__activation_of_input(work->activation) ? work->kept : work->y;
  cnn__activate_backward(work->k, work->activation, work->activation_parameter, rows * p->out, p->out, kept,
                         work->dy, work->dy);
  if (work->grads[0] && cnn__has_bias(work->layer))
    work->k->channel_sums(work->count, p->rows, p->out, work->dy, work->sums);
}

static int64_t input_panels(const cnn_layer *layer) {
  const product *p = layer->data;
  return cnn__gemm_panels(p->in);
}

static void backward_input(const cnn__work *work) {
  const product *p = work->layer->data;
  int64_t first, count = columns_of(work, p->in, &first);
  if (work->dx)
    work->k->gemm(work->count * p->rows, count, p->out, work->dy, p->out, work->packs[1] + first * p->out, NULL, 0,
                  work->dx + first, p->in);
}

static int64_t weight_parts(const cnn_layer *layer) {
  const product *p = layer->data;
  return kernel_parts(p) + cnn__has_bias(layer);
}

/* The gradient, what its update touches, and the transposed panels that are made of it then; none where none follows. */
static cnn__soon soon_of(const cnn__work *work, int64_t first) {
  cnn__soon soon = {.floats = work->soon.floats};
  int32_t count = 0;
  if (!soon.floats)
    return soon;
  soon.at[count++] = work->grads[0] + first;
  for (const float *const *at = work->soon.at; *at && count < CNN__SOON - 1; at++)
    soon.at[count++] = *at;
  soon.at[count] = work->packs[1] + first;
  return soon;
}

/* Gradients over the whole batch: some rows of the kernel in each part, the bias in the last. */
static void backward_weights(const cnn__work *work) {
  const product *p = work->layer->data;
  int64_t begin, end;
  if (rows_of(p, work->part, &begin, &end)) {
    cnn__soon soon = soon_of(work, begin * p->out);
    work->k->gemm_tn(work->batch * p->rows, p->out, work->x, p->in, work->dy, p->out, begin, end, work->grads[0], &soon);
    return;
  }
  cnn__join_bias(work);
}

static const cnn__phase train_phases[] = {{.domain = CNN__SHARDS, .run = train, .parts = panels}, {0}};
static const cnn__phase infer_phases[] = {{.domain = CNN__SHARDS, .run = infer, .parts = panels}, {0}};
static const cnn__phase backward_phases[] = {
    {.domain = CNN__SHARDS, .run = backward_activation},
    {.domain = CNN__SHARDS, .run = backward_input, .parts = input_panels},
    {.domain = CNN__PARTS, .late = 1, .run = backward_weights, .parts = weight_parts, .span = rows_span},
    {0}};
static const cnn__phase pack_phases[] = {{.domain = CNN__PARTS, .run = pack, .parts = pack_parts, .span = rows_span}, {0}};

const cnn__layer_type cnn__dense_layer = {
    .name = "dense",
    .class_name = "Dense",
    .help = "Matrix product over the last axis with bias and activation.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .data_size = sizeof(product),
    .inputs = 1,
    .setup = setup,
    .phases = {[CNN__PHASE_TRAIN] = train_phases,
               [CNN__PHASE_INFER] = infer_phases,
               [CNN__PHASE_BACKWARD] = backward_phases,
               [CNN__PHASE_PACK] = pack_phases},
};

cnn_layer *cnn_dense(cnn_model *model, int64_t units, const cnn_dense_opts *options) {
  cnn_dense_opts given;
  if (cnn__options(&given, sizeof given, CNN__FIRST(cnn_dense_opts, bias_initializer), options,
                   "cnn_dense_opts") < 0 ||
      cnn__option_reserved(given.reserved, "cnn_dense_opts") < 0)
    return cnn__model_refuse(model);
  settings set;
  cnn__attributes_default(attributes, &set);
  set.units = units;
  set.activation = cnn__option_int(given.activation, CNN_ACTIVATION_LINEAR);
  set.use_bias = !given.no_bias;
  set.kernel_initializer = cnn__initializer_form(given.kernel_initializer, CNN_INITIALIZER_GLOROT_UNIFORM);
  set.bias_initializer = cnn__initializer_form(given.bias_initializer, CNN_INITIALIZER_ZEROS);
  set.trainable = !given.frozen;
  const cnn__worded words[] = {{"kernel_initializer", given.kernel_init, given.kernel_initializer},
                               {"bias_initializer", given.bias_init, given.bias_initializer},
                               {"kernel_regularizer", given.kernel_regularizer, 0},
                               {"bias_regularizer", given.bias_regularizer, 0}};
  if (cnn__attributes_worded(&cnn__dense_layer, &set, given.name, words, 4) < 0)
    return cnn__model_refuse(model);
  return cnn__model_append(model, &cnn__dense_layer, &set, given.name, given.input);
}
