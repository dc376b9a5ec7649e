/* global_max_pooling2d: the maximum of each channel over the whole image. Equal maxima share the gradient, other than in
 * max_pooling2d: so does Keras. */
#include "layers/pooling2d.h"

#include "core/options.h"

static cnn_status setup(cnn_layer *layer) {
  CNN__TRY(cnn__global_pooling2d_setup(layer));
  layer->needs = CNN__NEEDS_X | CNN__NEEDS_Y | CNN__BACKWARD_AGAIN;
  return CNN_OK;
}

static void forward(const cnn__work *work) {
  const int64_t *in = work->layer->in.extent;
  int64_t c = in[2], pixels = in[0] * in[1];
  for (int64_t i = 0; i < work->count; i++)
    work->k->channel_max(pixels, c, work->x + i * pixels * c, work->y + i * c);
}

static void backward(const cnn__work *work) {
  const int64_t *in = work->layer->in.extent;
  int64_t c = in[2], pixels = in[0] * in[1];
  for (int64_t i = 0; work->dx && i < work->count; i++)
    work->k->channel_max_backward(pixels, c, work->x + i * pixels * c, work->y + i * c, work->dy + i * c,
                                  work->dx + i * pixels * c);
}

static const cnn__phase forward_phases[] = {{.domain = CNN__SHARDS, .run = forward}, {0}};
static const cnn__phase backward_phases[] = {{.domain = CNN__SHARDS, .run = backward}, {0}};

const cnn__layer_type cnn__global_max_pooling2d_layer = {
    .name = "global_max_pooling2d",
    .class_name = "GlobalMaxPooling2D",
    .help = "Maximum of each channel over the whole image; equal ones share the gradient.",
    .attributes = cnn__global_pooling2d_attributes,
    .attributes_size = sizeof(cnn__global_pooling2d),
    .inputs = 1,
    .setup = setup,
    .phases = {[CNN__PHASE_TRAIN] = forward_phases,
               [CNN__PHASE_INFER] = forward_phases,
               [CNN__PHASE_BACKWARD] = backward_phases},
};

cnn_layer *cnn_global_max_pooling2d(cnn_model *model, const cnn_global_max_pooling2d_opts *options) {
  cnn_global_max_pooling2d_opts given;
  const size_t known = CNN__FIRST(cnn_global_max_pooling2d_opts, keepdims);
  if (cnn__options(&given, known, known, options, "cnn_global_max_pooling2d_opts") < 0)
    return cnn__model_refuse(model);
  const cnn__global_pooling2d set = {.keepdims = given.keepdims != 0};
  return cnn__model_append(model, &cnn__global_max_pooling2d_layer, &set, given.name, given.input);
}
