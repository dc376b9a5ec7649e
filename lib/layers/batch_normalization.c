/* batch_normalization: each channel of the last axis brought to mean 0 and variance 1 over the batch, then scaled
 * and shifted.
 *
 * Statistics are sums over the whole batch: each micro-shard leaves its own in doubles, a phase in parts joins them
 * in the fixed tree and leaves per channel what the phases over samples then need. Those work with the mean rounded
 * to float; what the rounding took is given back in the shift. */
#include "layers/batch_normalization.h"

#include "core/options.h"

#include <math.h>

typedef struct settings {
  float momentum, epsilon;
  int32_t center, scale, trainable;
  cnn__form gamma_initializer, beta_initializer, moving_mean_initializer, moving_variance_initializer;
  cnn__form gamma_regularizer, beta_regularizer;
} settings;

static const cnn__attribute attributes[] = {
    {"momentum", CNN_ATTRIBUTE_FLOAT, offsetof(settings, momentum), 0, "0.99", 0, 1, NULL,
     "weight of the old value in the moving statistics"},
    {"epsilon", CNN_ATTRIBUTE_FLOAT, offsetof(settings, epsilon), 0, "0.001", CNN__ABOVE_0, CNN__UNBOUNDED, NULL,
     "added to the variance"},
    {"center", CNN_ATTRIBUTE_FLAG, offsetof(settings, center), 0, "true", 0, 1, NULL, "add beta"},
    {"scale", CNN_ATTRIBUTE_FLAG, offsetof(settings, scale), 0, "true", 0, 1, NULL, "multiply by gamma"},
    CNN__INITIALIZER(settings, gamma, "ones"),
    CNN__INITIALIZER(settings, beta, "zeros"),
    CNN__INITIALIZER(settings, moving_mean, "zeros"),
    CNN__INITIALIZER(settings, moving_variance, "ones"),
    CNN__REGULARIZER(settings, gamma),
    CNN__REGULARIZER(settings, beta),
    {"trainable", CNN_ATTRIBUTE_FLAG, offsetof(settings, trainable), 0, "true", 0, 1, NULL,
     "false: moving statistics in training too, nothing changes"},
    {0},
};

/* Channels that one part of a merge takes. */
#define CHANNELS 64

static cnn_status setup(cnn_layer *layer) {
  const settings *set = layer->attributes;
  cnn__channels *c = layer->data;
  layer->out = layer->in;
  c->count = layer->in.extent[layer->in.rank - 1];
  c->pixels = cnn__shape_count(&layer->in) / c->count;
  c->gamma = set->scale ? 0 : -1;
  c->beta = set->center ? set->scale != 0 : -1;
  c->mean = (set->scale != 0) + (set->center != 0);
  c->variance = c->mean + 1;
  cnn__shape shape = {1, {c->count}};
  if (set->scale)
    CNN__TRY(cnn__layer_weight_of(layer, "gamma", &shape, &set->gamma_initializer, &set->gamma_regularizer, 1));
  if (set->center)
    CNN__TRY(cnn__layer_weight_of(layer, "beta", &shape, &set->beta_initializer, &set->beta_regularizer, 1));
  CNN__TRY(cnn__layer_weight_of(layer, "moving_mean", &shape, &set->moving_mean_initializer, NULL, 0));
  CNN__TRY(cnn__layer_weight_of(layer, "moving_variance", &shape, &set->moving_variance_initializer, NULL, 0));
  layer->needs = CNN__IN_PLACE | CNN__NEEDS_X;
  layer->pack_count = 1;
  layer->pack_floats[0] = CNN__BN_PACK_ROWS * c->count;
  layer->sum_doubles = 2 * c->count;
  layer->state_floats = CNN__BN_STATE_ROWS * c->count;
  return CNN_OK;
}

static int64_t merge_parts(const cnn_layer *layer) {
  const cnn__channels *c = layer->data;
  return (c->count + CHANNELS - 1) / CHANNELS;
}

static int64_t part_end(const cnn__work *work) {
  const cnn__channels *c = work->layer->data;
  int64_t end = (work->part + 1) * CHANNELS;
  return end < c->count ? end : c->count;
}

static float gamma_of(const cnn__work *work, int64_t q) {
  const cnn__channels *c = work->layer->data;
  return c->gamma < 0 ? 1.0f : work->weights[c->gamma][q];
}

static float beta_of(const cnn__work *work, int64_t q) {
  const cnn__channels *c = work->layer->data;
  return c->beta < 0 ? 0.0f : work->weights[c->beta][q];
}

static double deviation(const cnn__work *work, double variance) {
  const settings *set = work->layer->attributes;
  return 1.0 / sqrt(variance + cnn__attribute_decimal(set->epsilon));
}

/* ---- training ---- */

static void moments(const cnn__work *work) {
  const cnn__channels *c = work->layer->data;
  work->k->bn_moments(0, work->count, c->pixels, c->count, work->x, work->sums, work->sums + c->count);
}

/* Samples of the micro-shards [first, first + shards). */
static double samples_in(const cnn__work *work, int64_t first, int64_t shards) {
  int64_t begin = first * CNN__SHARD, end = begin + shards * CNN__SHARD;
  return (double)((end < work->batch ? end : work->batch) - begin);
}

/* Mean and sum of squared deviations of channel q over the batch, shard 0's in the end: pairs joined in the order
 * of tree_sum (Chan, Golub, LeVeque 1979). */
static void merge_moments(const cnn__work *work, int64_t q) {
  const cnn__channels *c = work->layer->data;
  int64_t stride = work->layer->sum_doubles;
  for (int64_t d = 1; d < work->shards; d *= 2)
    for (int64_t s = 0; s + d < work->shards; s += 2 * d) {
      double *a = work->sums + s * stride + q, *b = a + d * stride;
      double na = samples_in(work, s, d), nb = samples_in(work, s + d, d), share = nb / (na + nb), delta = *b - *a;
      a[0] += delta * share;
      a[c->count] += b[c->count] + delta * delta * (na * share * (double)c->pixels);
    }
}

/* Keras 3: moving * momentum + batch * (1 - momentum), in float32, biased variance. */
static void move(const cnn__work *work, int64_t q, double mean, double variance) {
  const settings *set = work->layer->attributes;
  const cnn__channels *c = work->layer->data;
  float old = set->momentum, new = (float)(1.0 - cnn__attribute_decimal(set->momentum));
  float *moving_mean = &work->weights[c->mean][q], *moving_variance = &work->weights[c->variance][q];
  *moving_mean = *moving_mean * old + (float)mean * new;
  *moving_variance = *moving_variance * old + (float)variance * new;
}

static void merge(const cnn__work *work) {
  const cnn__channels *c = work->layer->data;
  for (int64_t q = work->part * CHANNELS, end = part_end(work); q < end; q++) {
    merge_moments(work, q);
    double mean = work->sums[q];
    double variance = work->sums[c->count + q] / ((double)work->batch * (double)c->pixels);
    double r = deviation(work, variance), scale = (double)gamma_of(work, q) * r;
    float *state = work->state + q;
    state[CNN__BN_MEAN * c->count] = (float)mean;
    state[CNN__BN_SCALE * c->count] = (float)scale;
    state[CNN__BN_RESIDUE * c->count] = (float)((double)(float)mean - mean);
    state[CNN__BN_SHIFT * c->count] = (float)((double)beta_of(work, q) + ((double)(float)mean - mean) * scale);
    state[CNN__BN_DEVIATION * c->count] = (float)r;
    move(work, q, mean, variance);
  }
}

static void normalize(const cnn__work *work) {
  const cnn__channels *c = work->layer->data;
  const float *state = work->state;
  work->k->bn_normalize(work->count * c->pixels, c->count, work->x, state + CNN__BN_MEAN * c->count,
                        state + CNN__BN_SCALE * c->count, state + CNN__BN_SHIFT * c->count, work->y);
}

static void backward_sums(const cnn__work *work) {
  const cnn__channels *c = work->layer->data;
  work->k->bn_backward_sums(work->count, c->pixels, c->count, work->x, work->state + CNN__BN_MEAN * c->count, work->dy,
                            work->sums, work->sums + c->count);
}

/* dx = scale * (dy - mean(dy) - (x - mean) * mean(dy * (x - mean)) / (variance + epsilon)), as dy * a + (x - float
 * mean) * b + d. */
static void backward_merge(const cnn__work *work) {
  const cnn__channels *c = work->layer->data;
  int64_t begin = work->part * CHANNELS, end = part_end(work), stride = work->layer->sum_doubles;
  double *dy = work->sums, *dy_x = work->sums + c->count, n = (double)work->batch * (double)c->pixels;
  work->k->tree_sum_f64(end - begin, work->shards, stride, dy + begin, dy + begin);
  work->k->tree_sum_f64(end - begin, work->shards, stride, dy_x + begin, dy_x + begin);
  for (int64_t q = begin; q < end; q++) {
    float *state = work->state + q;
    double r = state[CNN__BN_DEVIATION * c->count], residue = state[CNN__BN_RESIDUE * c->count];
    double a = state[CNN__BN_SCALE * c->count];
    double product = dy_x[q] + residue * dy[q], b = -a * r * r * product / n;
    state[CNN__BN_DX_DY * c->count] = (float)a;
    state[CNN__BN_DX_X * c->count] = (float)b;
    state[CNN__BN_DX_CONSTANT * c->count] = (float)(residue * b - a * dy[q] / n);
    if (c->gamma >= 0)
      work->grads[c->gamma][q] = (float)(product * r);
    if (c->beta >= 0)
      work->grads[c->beta][q] = (float)dy[q];
  }
}

static void backward_apply(const cnn__work *work) {
  const cnn__channels *c = work->layer->data;
  const float *state = work->state;
  if (work->dx)
    work->k->bn_backward_apply(work->count * c->pixels, c->count, work->x, state + CNN__BN_MEAN * c->count,
                               state + CNN__BN_DX_DY * c->count, state + CNN__BN_DX_X * c->count,
                               state + CNN__BN_DX_CONSTANT * c->count, work->dy, work->dx);
}

/* ---- inference, and a frozen layer ---- */

static void pack(const cnn__work *work) {
  const cnn__channels *c = work->layer->data;
  for (int64_t q = 0; q < c->count; q++) {
    float *at = work->packs[0] + q;
    at[CNN__BN_PACK_MEAN * c->count] = work->weights[c->mean][q];
    at[CNN__BN_PACK_SCALE * c->count] =
        (float)((double)gamma_of(work, q) * deviation(work, (double)work->weights[c->variance][q]));
    at[CNN__BN_PACK_SHIFT * c->count] = beta_of(work, q);
    at[CNN__BN_PACK_ZERO * c->count] = 0.0f;
  }
}

static void infer(const cnn__work *work) {
  const cnn__channels *c = work->layer->data;
  const float *packed = work->packs[0];
  work->k->bn_normalize(work->count * c->pixels, c->count, work->x, packed + CNN__BN_PACK_MEAN * c->count,
                        packed + CNN__BN_PACK_SCALE * c->count, packed + CNN__BN_PACK_SHIFT * c->count, work->y);
}

static void backward_frozen(const cnn__work *work) {
  const cnn__channels *c = work->layer->data;
  const float *packed = work->packs[0], *zero = packed + CNN__BN_PACK_ZERO * c->count;
  if (work->dx)
    work->k->bn_normalize(work->count * c->pixels, c->count, work->dy, zero, packed + CNN__BN_PACK_SCALE * c->count,
                          zero, work->dx);
}

static const cnn__phase train_phases[] = {{.domain = CNN__SHARDS, .run = moments},
                                          {.domain = CNN__PARTS, .run = merge, .parts = merge_parts},
                                          {.domain = CNN__SHARDS, .run = normalize},
                                          {0}};
static const cnn__phase backward_phases[] = {{.domain = CNN__SHARDS, .run = backward_sums},
                                             {.domain = CNN__PARTS, .run = backward_merge, .parts = merge_parts},
                                             {.domain = CNN__SHARDS, .run = backward_apply},
                                             {0}};
static const cnn__phase infer_phases[] = {{.domain = CNN__SHARDS, .run = infer}, {0}};
static const cnn__phase frozen_phases[] = {{.domain = CNN__SHARDS, .run = backward_frozen}, {0}};
static const cnn__phase pack_phases[] = {{.domain = CNN__PARTS, .run = pack}, {0}};

const cnn__layer_type cnn__batch_normalization_layer = {
    .name = "batch_normalization",
    .class_name = "BatchNormalization",
    .help = "Normalises each channel of the last axis over the batch.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .data_size = sizeof(cnn__channels),
    .inputs = 1,
    .setup = setup,
    .phases = {[CNN__PHASE_TRAIN] = train_phases,
               [CNN__PHASE_INFER] = infer_phases,
               [CNN__PHASE_BACKWARD] = backward_phases,
               [CNN__PHASE_BACKWARD_FROZEN] = frozen_phases,
               [CNN__PHASE_PACK] = pack_phases},
};

cnn_layer *cnn_batch_normalization(cnn_model *model, const cnn_batch_normalization_opts *options) {
  cnn_batch_normalization_opts given;
  if (cnn__options(&given, sizeof given, CNN__FIRST(cnn_batch_normalization_opts, frozen), options,
                   "cnn_batch_normalization_opts") < 0 ||
      cnn__option_reserved(given.reserved, "cnn_batch_normalization_opts") < 0)
    return cnn__model_refuse(model);
  settings set;
  cnn__attributes_default(attributes, &set);
  set.momentum = cnn__option(given.momentum, set.momentum);
  set.epsilon = cnn__option(given.epsilon, set.epsilon);
  set.center = !given.no_center;
  set.scale = !given.no_scale;
  set.trainable = !given.frozen;
  const cnn__worded words[] = {{"gamma_initializer", given.gamma_init, 0},
                               {"beta_initializer", given.beta_init, 0},
                               {"moving_mean_initializer", given.moving_mean_init, 0},
                               {"moving_variance_initializer", given.moving_variance_init, 0},
                               {"gamma_regularizer", given.gamma_regularizer, 0},
                               {"beta_regularizer", given.beta_regularizer, 0}};
  if (cnn__attributes_worded(&cnn__batch_normalization_layer, &set, given.name, words, 6) < 0)
    return cnn__model_refuse(model);
  return cnn__model_append(model, &cnn__batch_normalization_layer, &set, given.name, given.input);
}
