/* pooling_block: the rule for a convolution, its activation and the pooling behind it, with dropout where it follows: only what is
 * pooled is kept. In training the activation is relu, so that what comes out tells what its gradient lets through. */
#include "layers/fused/block.h"

#include "layers/conv2d.h"

static int32_t match(const cnn_layer *const *layers, int32_t count, int32_t training) {
  int32_t taken = cnn__block_convolution(layers, count, training);
  if (!taken || taken == count || !cnn__block_pools(layers[taken]) ||
      (training && layers[taken - 1]->activation != CNN_ACTIVATION_RELU))
    return 0;
  taken++;
  return taken + (taken < count && cnn__is(layers[taken], &cnn__dropout_layer));
}

static void train(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  uint16_t *winner = work->kept;
  float *x = cnn__block_scratch(work);
  for (int64_t i = 0, n; i < work->count; i += n) {
    n = cnn__block_taken(work, i);
    cnn__block_convolve(work, i, n, x);
    work->k->maxpool(&b->g, n, x, work->y + i * b->pooled, winner + i * b->pooled);
  }
  if (b->dropout >= 0)
    cnn__block_drop(work, CNN__PHASE_TRAIN, 0, work->count, work->y);
}

/* Outputs above 0 were neither cut off nor dropped; the gradient of what they were pooled from is all of the bias's. */
static void backward(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  cnn__work conv = cnn__block_conv(work);
  const cnn__conv *g = conv.layer->data;
  const uint16_t *winner = work->kept;
  float *dy = cnn__block_scratch(work);
  if (b->dropout >= 0)
    cnn__block_drop(work, CNN__PHASE_BACKWARD, 0, work->count, work->dy);
  work->k->relu_backward(work->count * b->pooled, work->y, work->dy, work->dy);
  if (cnn__has_bias(conv.layer))
    work->k->channel_sums(work->count, b->g.oh * b->g.ow, b->g.c, work->dy, conv.sums);
  for (int64_t i = 0, n; i < work->count; i += n) {
    n = cnn__block_taken(work, i);
    const float *x = work->x + i * g->h * g->w * g->c;
    work->k->maxpool_backward(&b->g, n, work->dy + i * b->pooled, winner + i * b->pooled, dy);
    work->k->conv_backward_weights(g, n, x, dy, i > 0, cnn__conv2d_slot(&conv), work->scratch);
    if (work->dx)
      work->k->conv_backward_data(g, n, dy, conv.packs[1], work->dx + i * g->h * g->w * g->c, work->scratch);
  }
}

static const cnn__phase train_phases[] = {{.domain = CNN__SHARDS, .run = train}, {0}};
static const cnn__phase backward_phases[] = {
    {.domain = CNN__SHARDS, .run = backward},
    {.domain = CNN__PARTS, .late = 1, .run = cnn__block_join, .parts = cnn__block_join_parts, .span = cnn__block_joined},
    {0}};

static const cnn__layer_type type = {
    .name = "pooling_block",
    .class_name = "PoolingBlock",
    .help = "A convolution, its activation, pooling and dropout.",
    .data_size = sizeof(cnn__block),
    .inputs = 1,
    .setup = cnn__block_setup,
    .phases = {[CNN__PHASE_TRAIN] = train_phases,
               [CNN__PHASE_INFER] = cnn__block_infer_phases,
               [CNN__PHASE_BACKWARD] = backward_phases},
};

const cnn__fusion cnn__pooling_block_fusion = {
    .name = "pooling_block",
    .help = "Only what is pooled is kept.",
    .match = match,
    .type = &type,
};
