/* max_pooling2d: the maximum of each window. Training keeps which tap won, since the whole gradient goes to it. */
#include "layers/pooling2d.h"

#include "core/options.h"

#define MAX_TAPS 65536 /* a winner is stored in 16 bits */

static cnn_status setup(cnn_layer *layer) {
  const cnn__pooling2d *set = layer->attributes;
  if (set->pool_size[0] * set->pool_size[1] > MAX_TAPS)
    return cnn__fail(CNN_EINVAL, "pool_size %lldx%lld has more than %d positions", (long long)set->pool_size[0],
                     (long long)set->pool_size[1], MAX_TAPS);
  CNN__TRY(cnn__pooling2d_setup(layer));
  layer->needs = CNN__BACKWARD_AGAIN;
  layer->moved = cnn__shape_count(&layer->in) + cnn__shape_count(&layer->out);
  layer->kept_bytes = cnn__shape_count(&layer->out) * (int64_t)sizeof(uint16_t);
  return CNN_OK;
}

static void train(const cnn__work *work) {
  work->k->maxpool(work->layer->data, work->count, work->x, work->y, work->kept);
}

static void infer(const cnn__work *work) {
  int64_t in = cnn__shape_count(&work->layer->in), out = cnn__shape_count(&work->layer->out);
  for (int64_t i = 0; i < work->count; i++) {
    const float *x = work->x + i * in;
    float *y = work->y + i * out;
    cnn__pool g = cnn__pooling2d_band(work, &x, &y);
    work->k->maxpool(&g, 1, x, y, NULL);
  }
}

static void backward(const cnn__work *work) {
  if (work->dx)
    work->k->maxpool_backward(work->layer->data, work->count, work->dy, work->kept, work->dx);
}

static const cnn__phase train_phases[] = {{.domain = CNN__SHARDS, .run = train}, {0}};
static const cnn__phase infer_phases[] = {{.domain = CNN__SHARDS, .run = infer, .parts = cnn__pooling2d_rows}, {0}};
static const cnn__phase backward_phases[] = {{.domain = CNN__SHARDS, .run = backward}, {0}};

const cnn__layer_type cnn__max_pooling2d_layer = {
    .name = "max_pooling2d",
    .class_name = "MaxPooling2D",
    .help = "Maximum over windows; the first of equal ones takes the gradient.",
    .attributes = cnn__pooling2d_attributes,
    .attributes_size = sizeof(cnn__pooling2d),
    .data_size = sizeof(cnn__pool),
    .inputs = 1,
    .setup = setup,
    .phases = {[CNN__PHASE_TRAIN] = train_phases,
               [CNN__PHASE_INFER] = infer_phases,
               [CNN__PHASE_BACKWARD] = backward_phases},
};

cnn_layer *cnn_max_pooling2d(cnn_model *model, int64_t pool_height, int64_t pool_width,
                             const cnn_max_pooling2d_opts *options) {
  cnn_max_pooling2d_opts given;
  if (cnn__options(&given, CNN__FIRST(cnn_max_pooling2d_opts, padding), CNN__FIRST(cnn_max_pooling2d_opts, padding),
                   options, "cnn_max_pooling2d_opts") < 0)
    return cnn__model_refuse(model);
  const cnn__pooling2d set = cnn__pooling2d_of(pool_height, pool_width, given.strides, given.padding);
  return cnn__model_append(model, &cnn__max_pooling2d_layer, &set, given.name, given.input);
}
