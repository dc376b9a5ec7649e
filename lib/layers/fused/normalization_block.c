/* normalization_block: the rule for a normalisation with the activation, the pooling or both behind it, with dropout where it
 * follows, where no convolution stands before. Behind a dense layer, where an image is one pixel, it would not pay. */
#include "layers/fused/block.h"

static int32_t match(const cnn_layer *const *layers, int32_t count, int32_t training) {
  int32_t pays, taken = cnn__block_match(layers, count, training, &pays);
  return pays ? taken : 0;
}

static const cnn__phase backward_phases[] = {
    {.domain = CNN__SHARDS, .run = cnn__block_backward_sums},
    {.domain = CNN__PARTS, .run = cnn__block_backward_merge, .parts = cnn__block_merge_parts},
    {.domain = CNN__SHARDS, .run = cnn__block_gradient},
    {0}};

static const cnn__layer_type type = {
    .name = "normalization_block",
    .class_name = "NormalizationBlock",
    .help = "A normalisation, its activation, pooling and dropout.",
    .data_size = sizeof(cnn__block),
    .inputs = 1,
    .setup = cnn__block_setup,
    .phases = {[CNN__PHASE_TRAIN] = cnn__block_train_phases,
               [CNN__PHASE_INFER] = cnn__block_infer_phases,
               [CNN__PHASE_BACKWARD] = backward_phases},
};

const cnn__fusion cnn__normalization_block_fusion = {
    .name = "normalization_block",
    .help = "Only what pooling lets through is normalised; the gradient passes both in one go.",
    .match = match,
    .type = &type,
};
