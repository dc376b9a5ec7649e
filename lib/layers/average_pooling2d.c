/* average_pooling2d: the average of each window's positions inside the image; padding is not counted. */
#include "layers/pooling2d.h"

#include "core/options.h"

static cnn_status setup(cnn_layer *layer) {
  CNN__TRY(cnn__pooling2d_setup(layer));
  layer->needs = CNN__BACKWARD_AGAIN;
  layer->moved = cnn__shape_count(&layer->in) + cnn__shape_count(&layer->out);
  return CNN_OK;
}

static void forward(const cnn__work *work) {
  int64_t in = cnn__shape_count(&work->layer->in), out = cnn__shape_count(&work->layer->out);
  for (int64_t i = 0; i < work->count; i++) {
    const float *x = work->x + i * in;
    float *y = work->y + i * out;
    cnn__pool g = cnn__pooling2d_band(work, &x, &y);
    work->k->avgpool(&g, 1, x, y);
  }
}

static void backward(const cnn__work *work) {
  if (work->dx)
    work->k->avgpool_backward(work->layer->data, work->count, work->dy, work->dx);
}

static const cnn__phase forward_phases[] = {
    {.domain = CNN__SHARDS, .run = forward, .parts = cnn__pooling2d_rows}, {0}};
static const cnn__phase backward_phases[] = {{.domain = CNN__SHARDS, .run = backward}, {0}};

const cnn__layer_type cnn__average_pooling2d_layer = {
    .name = "average_pooling2d",
    .class_name = "AveragePooling2D",
    .help = "Average over windows, of the positions inside the image.",
    .attributes = cnn__pooling2d_attributes,
    .attributes_size = sizeof(cnn__pooling2d),
    .data_size = sizeof(cnn__pool),
    .inputs = 1,
    .setup = setup,
    .phases = {[CNN__PHASE_TRAIN] = forward_phases,
               [CNN__PHASE_INFER] = forward_phases,
               [CNN__PHASE_BACKWARD] = backward_phases},
};

cnn_layer *cnn_average_pooling2d(cnn_model *model, int64_t pool_height, int64_t pool_width,
                                 const cnn_average_pooling2d_opts *options) {
  cnn_average_pooling2d_opts given;
  const size_t known = CNN__FIRST(cnn_average_pooling2d_opts, padding);
  if (cnn__options(&given, known, known, options, "cnn_average_pooling2d_opts") < 0)
    return cnn__model_refuse(model);
  const cnn__pooling2d set = cnn__pooling2d_of(pool_height, pool_width, given.strides, given.padding);
  return cnn__model_append(model, &cnn__average_pooling2d_layer, &set, given.name, given.input);
}
