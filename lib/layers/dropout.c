/* dropout: in training, elements set to 0 at random and the others scaled up. The mask is a function of
 * coordinates: nothing is kept, backward makes it again. */
#include "layers/layer_internal.h"

#include "core/options.h"
#include "core/random.h"

typedef struct settings {
  float rate;
} settings;

static const cnn__attribute attributes[] = {
    {"rate", CNN_ATTRIBUTE_FLOAT, offsetof(settings, rate), 1, NULL, 0, 1, NULL, "fraction of elements that become 0"},
    {0},
};

/* How the kernel decides: a random number of `bits` bits below the threshold drops the element. */
typedef struct mask {
  uint32_t threshold;
  int32_t bits;
  float scale;
} mask;

static cnn_status setup(cnn_layer *layer) {
  double rate = cnn__attribute_decimal(((const settings *)layer->attributes)->rate);
  mask *m = layer->data;
  layer->out = layer->in;
  layer->needs = rate == 0 ? CNN__SAME : CNN__IN_PLACE | CNN__SAME_IN_INFERENCE;
  double eighths = rate * 256;
  m->bits = eighths == (double)(uint32_t)eighths ? 8 : 32;
  m->threshold = m->bits == 8 ? (uint32_t)eighths : (uint32_t)(rate * 4294967296.0 + 0.5);
  m->scale = rate == 1 ? 0.0f : (float)(1 / (1 - rate));
  return CNN_OK;
}

static void apply(const cnn__work *work, const float *x, float *y) {
  const cnn_layer *layer = work->layer;
  const mask *m = layer->data;
  int64_t elements = cnn__shape_count(&layer->in);
  for (int64_t i = 0; i < work->count; i++) {
    uint32_t counter[4];
    int64_t row = work->first + i, sample = work->samples ? work->samples[row] : row;
    cnn__coordinates(counter, CNN__RANDOM_DROPOUT, (uint32_t)layer->index, work->pass, (uint32_t)sample, 0);
    work->k->dropout(elements, x + i * elements, m->threshold, m->bits, m->scale, work->key, counter, y + i * elements);
  }
}

static void train(const cnn__work *work) { apply(work, work->x, work->y); }

static void backward(const cnn__work *work) {
  if (work->dx)
    apply(work, work->dy, work->dx);
}

static const cnn__phase train_phases[] = {{.domain = CNN__SHARDS, .run = train}, {0}};
static const cnn__phase backward_phases[] = {{.domain = CNN__SHARDS, .run = backward}, {0}};

const cnn__layer_type cnn__dropout_layer = {
    .name = "dropout",
    .class_name = "Dropout",
    .help = "In training sets elements to 0 at random and scales up the others; otherwise the identity.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .data_size = sizeof(mask),
    .inputs = 1,
    .setup = setup,
    .phases = {[CNN__PHASE_TRAIN] = train_phases, [CNN__PHASE_BACKWARD] = backward_phases},
};

cnn_layer *cnn_dropout(cnn_model *model, float rate, const cnn_dropout_opts *options) {
  cnn_dropout_opts given;
  if (cnn__options(&given, sizeof given, CNN__FIRST(cnn_dropout_opts, input), options, "cnn_dropout_opts") < 0)
    return cnn__model_refuse(model);
  settings set = {.rate = cnn__option(rate, 0.0f)};
  return cnn__model_append(model, &cnn__dropout_layer, &set, given.name, given.input);
}
