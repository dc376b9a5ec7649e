/* block: a normalisation with the activation, pooling and dropout behind it and perhaps the convolution before it, as one
 * layer; or (pooling_block.c) a convolution, pooling and dropout.
 *
 * Normalisation is monotone in each channel, upwards or downwards by the sign of gamma. So the pooling comes first, on
 * what the convolution leaves, and only the winners are normalised: the normalised tensor of full size never exists.
 * Nor does its gradient: of it only the winners differ from a map of x, so that the gradient before the normalisation is
 * made in the worker's scratch, some samples at a time, and used up at once by the convolution's backward.
 *
 * Samples go through the passes a few at a time, so that they stay in the second cache meanwhile. */
#include "layers/fused/block.h"

#include "layers/batch_normalization.h"
#include "layers/conv2d.h"

#define CHEAP 32 /* products for an output that cost less than writing it to memory and reading it back */
#define TOGETHER_BYTES ((int64_t)256 << 10) /* of what is normalised, in one go: a power of two of samples */

/* Bytes that go through the passes at once: as much as stays in the second cache or, where that is more, as the convolution's kernel
 * has, whose gradient is added to each time. */
static int64_t together_bytes(const cnn_layer *conv) {
  if (!conv)
    return TOGETHER_BYTES;
  const cnn__conv *g = conv->data;
  int64_t kernel = g->kh * g->kw * (g->c / g->groups) * g->f * (int64_t)sizeof(float);
  return kernel > TOGETHER_BYTES ? kernel : TOGETHER_BYTES;
}

/* ---- which layers ---- */

int32_t cnn__block_pools(const cnn_layer *layer) {
  if (!cnn__is(layer, &cnn__max_pooling2d_layer))
    return 0;
  const cnn__pool *g = layer->data;
  return g->sh == g->kh && g->sw == g->kw && !g->pt && !g->pl && g->oh * g->kh <= g->h && g->ow * g->kw <= g->w &&
         g->kh * g->kw <= 256;
}

/* Does it never fall, to the bit? (By a slope of 0 leaky_relu makes -0 of what is below 0.) */
static int32_t rises(const cnn_layer *activation) {
  return activation->activation == CNN_ACTIVATION_RELU ||
         (activation->activation == CNN_ACTIVATION_LEAKY_RELU && activation->activation_parameter > 0);
}

int32_t cnn__block_activates(const cnn_layer *layer) {
  return cnn__is(layer, &cnn__activation_layer) && !(layer->needs & CNN__SAME) &&
         layer->activation != CNN_ACTIVATION_SOFTMAX && layer->activation != CNN_ACTIVATION_SIGMOID;
}

/* More than one, so that an activation by itself would read them from farther than the first cache. */
static int32_t has_pixels(const cnn_layer *norm) {
  const cnn__channels *c = norm->data;
  return c->pixels > 1;
}

int32_t cnn__block_convolution(const cnn_layer *const *layers, int32_t count, int32_t training) {
  const cnn_layer *conv = layers[0];
  if (!cnn__is(conv, &cnn__conv2d_layer) || (training && conv->frozen))
    return 0;
  return 1 + (conv->activation == CNN_ACTIVATION_LINEAR && count > 1 && cnn__block_activates(layers[1]));
}

int32_t cnn__block_match(const cnn_layer *const *layers, int32_t count, int32_t training, int32_t *pays) {
  *pays = 0;
  if (!count || !cnn__is(layers[0], &cnn__batch_normalization_layer) || (training && layers[0]->frozen))
    return 0;
  const cnn_layer *act = NULL;
  int32_t taken = 1;
  if (taken < count && cnn__block_activates(layers[taken]))
    act = layers[taken++];
  *pays = act && has_pixels(layers[0]);
  if (taken < count && cnn__block_pools(layers[taken]) && (!act || rises(act))) {
    taken++;
    *pays = 1;
  }
  if (taken < count && !act && cnn__block_activates(layers[taken])) /* of what is pooled */
    taken++;
  if (taken < count && cnn__is(layers[taken], &cnn__dropout_layer))
    taken++;
  return taken;
}

/* ---- setup ---- */

static cnn__pool geometry(const cnn_layer *norm, const cnn_layer *pool) {
  if (pool)
    return *(const cnn__pool *)pool->data;
  const cnn__channels *c = norm->data;
  return (cnn__pool){.h = 1, .w = c->pixels, .c = c->count, .oh = 1, .ow = c->pixels, .kh = 1, .kw = 1, .sh = 1,
                     .sw = 1};
}

static int64_t round_bytes(int64_t bytes) { return (bytes + 63) / 64 * 64; }

static size_t conv_scratch(const cnn_layer *layer) {
  const cnn__block *b = layer->data;
  return b->conv < 0 ? 0 : (size_t)round_bytes((int64_t)layer->members[b->conv]->scratch_bytes);
}

static int32_t simple(int32_t activation) {
  return activation == CNN_ACTIVATION_RELU || activation == CNN_ACTIVATION_LINEAR;
}

/* Where a convolution reads few inputs its output comes sooner from them than from memory. */
static int32_t cheap(const cnn_layer *conv, int32_t activation) {
  const cnn__conv *g = conv->data;
  return g->kh * g->kw * (g->c / g->groups) <= CHEAP && simple(activation);
}

static int32_t nine(const cnn_layer *conv, const cnn__pool *pool) {
  const cnn__conv *g = conv->data;
  return g->c == 1 && g->kh == 3 && g->kw == 3 && g->sh * g->sw * g->dh * g->dw == 1 && pool->kh == 2 && pool->kw == 2;
}

cnn_status cnn__block_setup(cnn_layer *layer) {
  cnn__block *b = layer->data;
  b->conv = b->norm = b->act = b->pool = b->dropout = -1;
  for (int32_t m = 0; m < layer->member_count; m++) {
    const cnn_layer *member = layer->members[m];
    int32_t *which = cnn__is(member, &cnn__conv2d_layer)                ? &b->conv
                     : cnn__is(member, &cnn__batch_normalization_layer) ? &b->norm
                     : cnn__is(member, &cnn__activation_layer)          ? &b->act
                     : cnn__is(member, &cnn__max_pooling2d_layer)       ? &b->pool
                                                                        : &b->dropout;
    *which = m;
  }
  b->before = (b->norm < 0 ? b->pool : b->norm) - 1;
  if (b->act <= b->before) /* it is the convolution's */
    b->act = -1;
  b->g = geometry(layer->members[b->norm < 0 ? 0 : b->norm], b->pool < 0 ? NULL : layer->members[b->pool]);
  b->floats = b->g.h * b->g.w * b->g.c;
  b->pooled = b->g.oh * b->g.ow * b->g.c;
  b->bytes = together_bytes(b->conv < 0 ? NULL : layer->members[b->conv]);
  int64_t most = b->bytes / ((int64_t)sizeof(float) * b->floats);
  for (b->together = 1; 2 * b->together <= most && b->together < CNN__SHARD;)
    b->together *= 2;
  b->again = b->conv >= 0 && b->norm >= 0 && b->pool >= 0 &&
             cheap(layer->members[b->conv], layer->members[b->before]->activation);
  b->nine = b->again && nine(layer->members[b->conv], &b->g);
  cnn__fused_sizes(layer);
  layer->needs = CNN__NEEDS_X | (b->norm < 0 ? CNN__NEEDS_Y : b->dropout < 0 && b->act < 0 ? 0 : CNN__CHANGES_DY) |
                 (b->conv < 0 && b->pool < 0 ? CNN__IN_PLACE : 0);
  int64_t kept = b->conv < 0 || b->again ? 0 : b->floats * (int64_t)sizeof(float);
  if (b->pool >= 0)
    kept += b->pooled * (int64_t)(sizeof(float) + sizeof(uint8_t));
  layer->kept_bytes = round_bytes(b->norm < 0 ? b->pooled * (int64_t)sizeof(uint16_t) : kept);
  layer->moved = b->conv < 0 ? b->floats + b->pooled : 0;
  layer->scratch_bytes = conv_scratch(layer);
  int64_t behind = b->g.c * (int64_t)sizeof(double), pooled = b->pooled * (int64_t)sizeof(float);
  if (b->conv >= 0)
    layer->scratch_bytes += (size_t)(round_bytes(b->together * b->floats * (int64_t)sizeof(float)) +
                                     (behind > pooled ? behind : pooled));
  size_t activation = b->act < 0 ? 0 : cnn__block_activation_scratch(layer);
  layer->scratch_bytes = activation > layer->scratch_bytes ? activation : layer->scratch_bytes;
  return CNN_OK;
}

/* ---- where things lie ---- */

float *cnn__block_scratch(const cnn__work *work) {
  return (float *)(void *)((char *)work->scratch + conv_scratch(work->layer));
}

/* What forward keeps of a shard's samples for backward, from sample `first` of the shard on. */
typedef struct kept {
  float *x;        /* what is normalised: the convolution's output (in scratch if made again), or the layer's input */
  float *pooled;   /* its winners; x where there is no pooling */
  uint8_t *winner; /* NULL where there is no pooling */
} kept;

static kept kept_of(const cnn__work *work, int64_t first) {
  const cnn__block *b = work->layer->data;
  float *next = work->kept;
  kept k = {.x = (b->conv < 0 ? (float *)(uintptr_t)work->x : next) + first * b->floats};
  if (b->again)
    k.x = cnn__block_scratch(work);
  else if (b->conv >= 0)
    next += work->count * b->floats;
  k.pooled = b->pool < 0 ? k.x : next + first * b->pooled;
  k.winner = b->pool < 0 ? NULL : (uint8_t *)(next + work->count * b->pooled) + first * b->pooled;
  return k;
}

/* Doubles for the bias behind it. */
static double *scratch_sums(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  return (double *)(void *)((char *)cnn__block_scratch(work) +
                            round_bytes(b->together * b->floats * (int64_t)sizeof(float)));
}

int64_t cnn__block_taken(const cnn__work *work, int64_t first) {
  const cnn__block *b = work->layer->data;
  return work->count - first < b->together ? work->count - first : b->together;
}

/* ---- forward ---- */

cnn__work cnn__block_conv(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  const cnn_layer *before = work->layer->members[b->before];
  cnn__work conv = cnn__member(work, b->conv);
  conv.activation = before->activation;
  conv.activation_parameter = before->activation_parameter;
  return conv;
}

void cnn__block_convolve(const cnn__work *work, int64_t first, int64_t count, float *y) {
  cnn__work conv = cnn__block_conv(work);
  conv.first += first;
  conv.count = count;
  conv.x += first * cnn__shape_count(&work->layer->in);
  conv.y = y;
  conv.layer->type->phases[CNN__PHASE_INFER]->run(&conv);
}

static const float *slopes(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  const cnn__channels *c = work->layer->members[b->norm]->data;
  return c->gamma < 0 ? NULL : work->arrays[b->norm].weights[c->gamma];
}

static void forward(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  cnn__work norm = cnn__member(work, b->norm);
  int64_t pixels = b->g.h * b->g.w, c = b->g.c;
  for (int64_t i = 0, n; i < work->count; i += n) {
    n = cnn__block_taken(work, i);
    kept k = kept_of(work, i);
    if (b->conv >= 0)
      cnn__block_convolve(work, i, n, k.x);
    work->k->bn_moments(i, n, pixels, c, k.x, norm.sums, norm.sums + c);
    if (b->pool >= 0)
      work->k->maxpool_signed(&b->g, n, k.x, slopes(work), k.pooled, k.winner);
  }
}

static void run_parts(const cnn__work *work, int32_t list) {
  const cnn__block *b = work->layer->data;
  cnn__work norm = cnn__member(work, b->norm);
  cnn__parts_phase(norm.layer, list)->run(&norm);
}

static void merge(const cnn__work *work) { run_parts(work, CNN__PHASE_TRAIN); }

void cnn__block_backward_merge(const cnn__work *work) { run_parts(work, CNN__PHASE_BACKWARD); }

int64_t cnn__block_merge_parts(const cnn_layer *layer) {
  const cnn__block *b = layer->data;
  const cnn_layer *norm = layer->members[b->norm];
  return cnn__parts_phase(norm, CNN__PHASE_TRAIN)->parts(norm);
}

const float *cnn__block_row(const cnn__work *work, int32_t which) {
  const cnn__block *b = work->layer->data;
  return cnn__member(work, b->norm).state + which * b->g.c;
}

void cnn__block_drop(const cnn__work *work, int32_t list, int64_t first, int64_t count, float *at) {
  const cnn__block *b = work->layer->data;
  cnn__work dropout = cnn__member(work, b->dropout);
  if (dropout.layer->needs & CNN__SAME)
    return;
  dropout.first += first;
  dropout.count = count;
  dropout.x = dropout.y = dropout.dy = dropout.dx = at;
  dropout.layer->type->phases[list]->run(&dropout);
}

static void normalize(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  const float *const map[3] = {cnn__block_row(work, CNN__BN_MEAN), cnn__block_row(work, CNN__BN_SCALE),
                               cnn__block_row(work, CNN__BN_SHIFT)};
  for (int64_t i = 0; i < work->count; i++) {
    float *y = work->y + i * b->pooled;
    cnn__block_activate(work, b->g.oh * b->g.ow, b->g.c, kept_of(work, i).pooled, map, y);
    if (b->dropout >= 0)
      cnn__block_drop(work, CNN__PHASE_TRAIN, i, 1, y);
  }
}

const cnn__phase cnn__block_train_phases[] = {
    {.domain = CNN__SHARDS, .run = forward},
    {.domain = CNN__PARTS, .run = merge, .parts = cnn__block_merge_parts},
    {.domain = CNN__SHARDS, .run = normalize},
    {0}};

/* ---- backward ---- */

/* Of the pooled positions only: the gradient of the others is 0. Dropout's and the activation's is left in dy for the last
 * phase. */
void cnn__block_backward_sums(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  cnn__work norm = cnn__member(work, b->norm);
  if (b->act >= 0) {
    cnn__block_backward_activation(work, kept_of(work, 0).pooled, norm.sums);
    return;
  }
  if (b->dropout >= 0)
    cnn__block_drop(work, CNN__PHASE_BACKWARD, 0, work->count, work->dy);
  work->k->bn_backward_sums(work->count, b->g.oh * b->g.ow, b->g.c, kept_of(work, 0).pooled, cnn__block_row(work, CNN__BN_MEAN),
                            work->dy, norm.sums, norm.sums + b->g.c);
}

/* The gradient before the normalisation, of `count` samples from `first` on, into dx; before the activation of the convolution too,
 * and the sums of its bias, where there is one (conv NULL: none). */
static void before_normalization(const cnn__work *work, int64_t first, int64_t count, const cnn__work *conv,
                                 float *dx) {
  const cnn__block *b = work->layer->data;
  kept k = kept_of(work, first);
  const float *dy = work->dy + first * b->pooled;
  int32_t activation = conv ? conv->activation : CNN_ACTIVATION_LINEAR;
  double *sums = conv && cnn__has_bias(conv->layer) ? conv->sums : NULL;
  work->k->maxpool_bn_backward(&b->g, count, k.x, cnn__block_row(work, CNN__BN_MEAN), cnn__block_row(work, CNN__BN_DX_DY),
                               cnn__block_row(work, CNN__BN_DX_X), cnn__block_row(work, CNN__BN_DX_CONSTANT), dy, k.winner,
                               activation == CNN_ACTIVATION_RELU, dx, first > 0, simple(activation) ? sums : NULL);
  if (simple(activation))
    return;
  cnn__activate_backward(work->k, activation, conv->activation_parameter, count * b->floats, b->g.c, k.x, dx, dx);
  double *more = scratch_sums(work);
  work->k->channel_sums(count, b->g.h * b->g.w, b->g.c, dx, more);
  for (int64_t q = 0; sums && q < b->g.c; q++)
    sums[q] = first > 0 ? sums[q] + more[q] : more[q];
}

/* Of a convolution with nine products an output, where nobody wants its input's gradient: in one go. */
static void nine_gradient(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  cnn__work conv = cnn__block_conv(work);
  int64_t in = cnn__shape_count(&work->layer->in);
  int32_t has_bias = cnn__has_bias(conv.layer);
  const float *factors[4] = {cnn__block_row(work, CNN__BN_MEAN), cnn__block_row(work, CNN__BN_DX_DY),
                             cnn__block_row(work, CNN__BN_DX_X), cnn__block_row(work, CNN__BN_DX_CONSTANT)};
  for (int64_t i = 0; i < work->count; i++)
    work->k->nine_backward(conv.layer->data, &b->g, work->x + i * in, conv.packs[0], has_bias ? conv.weights[1] : NULL,
                           conv.activation == CNN_ACTIVATION_RELU, factors, work->dy + i * b->pooled,
                           kept_of(work, i).winner, i > 0, cnn__conv2d_slot(&conv), has_bias ? conv.sums : NULL, work->scratch);
}

void cnn__block_gradient(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  int64_t in = cnn__shape_count(&work->layer->in);
  if (b->nine && !work->dx && work->k->nine_pays) {
    nine_gradient(work);
    return;
  }
  if (b->conv < 0) {
    if (work->dx)
      before_normalization(work, 0, work->count, NULL, work->dx);
    return;
  }
  cnn__work conv = cnn__block_conv(work);
  const cnn__conv *g = conv.layer->data;
  float *dy = cnn__block_scratch(work);
  for (int64_t i = 0, n; i < work->count; i += n) {
    n = cnn__block_taken(work, i);
    if (b->again)
      cnn__block_convolve(work, i, n, dy);
    before_normalization(work, i, n, &conv, dy);
    work->k->conv_backward_weights(g, n, work->x + i * in, dy, i > 0, cnn__conv2d_slot(&conv), work->scratch);
    if (work->dx)
      work->k->conv_backward_data(g, n, dy, conv.packs[1], work->dx + i * in, work->scratch);
  }
}

/* ---- the convolution's late phase ---- */

void cnn__block_join(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  cnn__work conv = cnn__member(work, b->conv);
  cnn__parts_phase(conv.layer, CNN__PHASE_BACKWARD)->run(&conv);
}

int64_t cnn__block_join_parts(const cnn_layer *layer) {
  const cnn__block *b = layer->data;
  const cnn_layer *conv = layer->members[b->conv];
  return cnn__parts_phase(conv, CNN__PHASE_BACKWARD)->parts(conv);
}

cnn__span cnn__block_joined(const cnn_layer *layer, int64_t part) {
  const cnn__block *b = layer->data;
  const cnn_layer *conv = layer->members[b->conv];
  cnn__span span = cnn__parts_phase(conv, CNN__PHASE_BACKWARD)->span(conv, part);
  span.member = b->conv;
  return span;
}
