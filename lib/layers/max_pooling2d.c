/* max_pooling2d: the maximum of each window. Training keeps which tap won, since the whole gradient goes to it. */
#include "layers/layer_internal.h"

#include "core/options.h"

typedef struct settings {
  int64_t pool_size[2], strides[2];
  int32_t padding;
} settings;

static const cnn__attribute attributes[] = {
    {"pool_size", CNN_ATTRIBUTE_PAIR, offsetof(settings, pool_size), 0, "2,2", 1, 32768, NULL,
     "height and width of the window; their product at most 65536"},
    {"strides", CNN_ATTRIBUTE_PAIR, offsetof(settings, strides), 0, "auto", 1, 32768, NULL,
     "steps of the window down and across; auto: the window's size"},
    {"padding", CNN_ATTRIBUTE_CHOICE, offsetof(settings, padding), 0, "valid", 0, 0, cnn__padding_names,
     "valid: whole windows only; same: as many positions as the input has steps"},
    {0},
};

#define MAX_TAPS 65536 /* a winner is stored in 16 bits */

static cnn_status setup(cnn_layer *layer) {
  char text[160];
  settings *set = layer->attributes;
  cnn__pool *g = layer->data;
  if (layer->in.rank != 3)
    return cnn__fail(CNN_ESHAPE, "input %s must be images (None, height, width, channels)",
                     cnn__shape_text(text, &layer->in, 1));
  if (set->pool_size[0] * set->pool_size[1] > MAX_TAPS)
    return cnn__fail(CNN_EINVAL, "pool_size %lldx%lld has more than %d positions", (long long)set->pool_size[0],
                     (long long)set->pool_size[1], MAX_TAPS);
  for (int i = 0; i < 2; i++)
    if (!set->strides[i])
      set->strides[i] = set->pool_size[i];
  const int64_t *in = layer->in.extent;
  *g = (cnn__pool){.h = in[0], .w = in[1], .c = in[2], .kh = set->pool_size[0], .kw = set->pool_size[1],
                   .sh = set->strides[0], .sw = set->strides[1]};
  g->oh = cnn__window_extent(g->h, g->kh, g->sh, 1, set->padding, &g->pt);
  g->ow = cnn__window_extent(g->w, g->kw, g->sw, 1, set->padding, &g->pl);
  if (g->oh < 0 || g->ow < 0)
    return cnn__fail(CNN_ESHAPE, "window %lldx%lld does not fit input %lldx%lld without padding", (long long)g->kh,
                     (long long)g->kw, (long long)g->h, (long long)g->w);
  layer->out = (cnn__shape){3, {g->oh, g->ow, g->c}};
  layer->needs = CNN__BACKWARD_AGAIN;
  layer->kept_bytes = g->oh * g->ow * g->c * (int64_t)sizeof(uint16_t);
  return CNN_OK;
}

static void train(const cnn__work *work) {
  work->k->maxpool(work->layer->data, work->count, work->x, work->y, work->kept);
}

static void infer(const cnn__work *work) { work->k->maxpool(work->layer->data, work->count, work->x, work->y, NULL); }

static void backward(const cnn__work *work) {
  if (work->dx)
    work->k->maxpool_backward(work->layer->data, work->count, work->dy, work->kept, work->dx);
}

static const cnn__phase train_phases[] = {{.domain = CNN__SHARDS, .run = train}, {0}};
static const cnn__phase infer_phases[] = {{.domain = CNN__SHARDS, .run = infer}, {0}};
static const cnn__phase backward_phases[] = {{.domain = CNN__SHARDS, .run = backward}, {0}};

const cnn__layer_type cnn__max_pooling2d_layer = {
    .name = "max_pooling2d",
    .class_name = "MaxPooling2D",
    .help = "Maximum over windows; the first of equal ones takes the gradient.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
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
  settings set;
  cnn__attributes_default(attributes, &set);
  set.pool_size[0] = pool_height;
  set.pool_size[1] = pool_width;
  for (int i = 0; i < 2; i++)
    set.strides[i] = cnn__option_int(given.strides[i], 0);
  set.padding = cnn__option_int(given.padding, CNN_PADDING_VALID);
  return cnn__model_append(model, &cnn__max_pooling2d_layer, &set, given.name, given.input);
}
