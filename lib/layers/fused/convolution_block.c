/* convolution_block: the rule for a convolution, its activation (its own, or a layer behind it) and the normalisation behind
 * that, with activation, pooling and dropout where they follow. In training the block keeps what the activation gave, so
 * that one whose gradient needs what it was given stands by itself, and so does a frozen convolution, which has no gradients
 * of weights. */
#include "layers/fused/block.h"

static int32_t match(const cnn_layer *const *layers, int32_t count, int32_t training) {
  int32_t pays, first = cnn__block_convolution(layers, count, training);
  if (!first || (training && cnn__activation_of_input(layers[first - 1]->activation)))
    return 0;
  int32_t taken = cnn__block_match(layers + first, count - first, training, &pays);
  return taken ? first + taken : 0;
}

static const cnn__phase backward_phases[] = {
    {.domain = CNN__SHARDS, .run = cnn__block_backward_sums},
    {.domain = CNN__PARTS, .run = cnn__block_backward_merge, .parts = cnn__block_merge_parts},
    {.domain = CNN__SHARDS, .run = cnn__block_gradient},
    {.domain = CNN__PARTS, .late = 1, .run = cnn__block_join, .parts = cnn__block_join_parts,
     .span = cnn__block_joined},
    {0}};

static const cnn__layer_type type = {
    .name = "convolution_block",
    .class_name = "ConvolutionBlock",
    .help = "A convolution, its normalisation, activation, pooling and dropout.",
    .data_size = sizeof(cnn__block),
    .inputs = 1,
    .setup = cnn__block_setup,
    .phases = {[CNN__PHASE_TRAIN] = cnn__block_train_phases,
               [CNN__PHASE_INFER] = cnn__block_infer_phases,
               [CNN__PHASE_BACKWARD] = backward_phases},
};

const cnn__fusion cnn__convolution_block_fusion = {
    .name = "convolution_block",
    .help = "Only what pooling lets through is normalised; no gradient of full size is kept.",
    .match = match,
    .type = &type,
};
