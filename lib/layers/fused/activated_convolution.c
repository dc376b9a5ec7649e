/* activated_convolution: the rule for a convolution and the activation layer behind it, in inference, where no other rule takes them:
 * the convolution's own activation costs no pass over the memory. Training has its images in a cache for that. */
#include "layers/fused/block.h"

static int32_t match(const cnn_layer *const *layers, int32_t count, int32_t training) {
  return !training && cnn__block_convolution(layers, count, 0) == 2 ? 2 : 0;
}

static cnn_status setup(cnn_layer *layer) {
  cnn__block *b = layer->data;
  b->before = 1;
  cnn__fused_sizes(layer);
  layer->scratch_bytes = layer->members[0]->scratch_bytes;
  return CNN_OK;
}

static const cnn__phase *phase_of(const cnn_layer *conv) { return conv->type->phases[CNN__PHASE_INFER]; }

static void infer(const cnn__work *work) {
  cnn__work conv = cnn__block_conv(work);
  phase_of(conv.layer)->run(&conv);
}

static int64_t parts(const cnn_layer *layer) { return phase_of(layer->members[0])->parts(layer->members[0]); }

static const cnn__phase infer_phases[] = {{.domain = CNN__SHARDS, .run = infer, .parts = parts}, {0}};

static const cnn__layer_type type = {
    .name = "activated_convolution",
    .class_name = "ActivatedConvolution",
    .help = "A convolution and its activation.",
    .data_size = sizeof(cnn__block),
    .inputs = 1,
    .setup = setup,
    .phases = {[CNN__PHASE_INFER] = infer_phases},
};

const cnn__fusion cnn__activated_convolution_fusion = {
    .name = "activated_convolution",
    .help = "No pass over the memory for the activation.",
    .match = match,
    .type = &type,
};
