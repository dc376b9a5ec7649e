/* own_work: what stands between the program's functions and the executor. Forward and backward go shard by shard; the
 * weight gradients of each shard lie in its slots, one array after the other, and a late phase adds the slots up by
 * the fixed tree, chunk by chunk, as the library's own layers do. */
#include "layers/own.h"

#include "core/random.h"

#include <string.h>

#define CHUNK 8192                       /* elements of a weight in a part of the late phase */
#define MAX_BYTES ((int64_t)1 << 40)     /* kept of a sample, scratch of a worker */

_Static_assert(CNN_EXTEND_WEIGHTS == CNN__MAX_WEIGHTS, "one limit");
_Static_assert(sizeof(cnn_shape) == sizeof(cnn__shape) && offsetof(cnn_shape, extent) == offsetof(cnn__shape, extent),
               "attributes of kind SHAPE are written as cnn__shape and read as cnn_shape");

/* layer->data */
typedef struct own_data {
  void *data; /* the program's */
  cnn_shape in[CNN__MAX_INPUTS], out;
} own_data;

static const cnn_layer_descriptor *descriptor_of(const cnn_layer *layer) {
  return &((const cnn__own *)(const void *)((const char *)layer->type - offsetof(cnn__own, type)))->descriptor;
}

/* ---- setup ---- */

static cnn_shape public_shape(const cnn__shape *shape) {
  cnn_shape result = {.rank = shape->rank};
  memcpy(result.extent, shape->extent, sizeof result.extent);
  return result;
}

static cnn_status read_shape(cnn__shape *out, const cnn_shape *given, const char *what) {
  if (given->rank < 1 || given->rank > CNN_MAX_RANK)
    return cnn__fail(CNN_ESHAPE, "setup gave the %s rank %d, must be 1 to %d", what, (int)given->rank, CNN_MAX_RANK);
  *out = (cnn__shape){.rank = given->rank};
  for (int32_t i = 0; i < given->rank; i++) {
    if (given->extent[i] < 1)
      return cnn__fail(CNN_ESHAPE, "setup gave the %s extent %lld at axis %d, must be at least 1", what,
                       (long long)given->extent[i], (int)i);
    out->extent[i] = given->extent[i];
  }
  return CNN_OK;
}

static int32_t initializers(void) {
  int32_t count = 0;
  while (cnn__initializer_names[count])
    count++;
  return count;
}

static cnn_status add_weight(cnn_layer *layer, const cnn_layer_setup *asked, int32_t index) {
  const cnn_weight_row *row = &asked->weights[index];
  cnn__shape shape;
  if (!cnn__own_name(row->name, 0))
    return cnn__fail(CNN_EINVAL, "setup gave weight %d the name '%s', must be 1 to 63 letters, digits or '_'",
                     (int)index, row->name ? row->name : "(none)");
  for (int32_t i = 0; i < index; i++)
    if (!strcmp(asked->weights[i].name, row->name))
      return cnn__fail(CNN_EINVAL, "setup gave two weights the name '%s'", row->name);
  if (row->initializer < 0 || row->initializer > initializers())
    return cnn__fail(CNN_EINVAL, "setup gave weight '%s' initializer %d, must be 0 to %d", row->name,
                     (int)row->initializer, (int)initializers());
  CNN__TRY(read_shape(&shape, &row->shape, row->name));
  return cnn__layer_weight(layer, row->name, &shape, row->initializer ? row->initializer : CNN_INITIALIZER_ZEROS,
                           row->trainable != 0);
}

static cnn_status read_sizes(cnn_layer *layer, const cnn_layer_setup *asked) {
  if (asked->needs & ~(CNN_NEEDS_X | CNN_NEEDS_Y))
    return cnn__fail(CNN_EINVAL, "setup gave needs %d, of CNN_NEEDS_X and CNN_NEEDS_Y", (int)asked->needs);
  if (asked->kept_bytes < 0 || asked->kept_bytes > MAX_BYTES || asked->scratch_bytes < 0 ||
      asked->scratch_bytes > MAX_BYTES)
    return cnn__fail(CNN_EINVAL, "setup gave kept_bytes %lld and scratch_bytes %lld, must be 0 to 2^40",
                     (long long)asked->kept_bytes, (long long)asked->scratch_bytes);
  if (asked->flops < 0)
    return cnn__fail(CNN_EINVAL, "setup gave flops %lld, must be at least 0", (long long)asked->flops);
  layer->needs = (asked->needs & CNN_NEEDS_X ? CNN__NEEDS_X : 0) | (asked->needs & CNN_NEEDS_Y ? CNN__NEEDS_Y : 0);
  layer->kept_bytes = asked->kept_bytes;
  layer->scratch_bytes = (size_t)asked->scratch_bytes;
  layer->flops = asked->flops;
  return CNN_OK;
}

static cnn_status setup(cnn_layer *layer) {
  const cnn_layer_descriptor *descriptor = descriptor_of(layer);
  own_data *own = layer->data;
  for (int32_t i = 0; i < layer->input_count; i++)
    own->in[i] = public_shape(&layer->inputs[i]->out);
  cnn_layer_setup asked = {.size = sizeof asked, .user = descriptor->user, .name = layer->name,
                           .attributes = layer->attributes, .input = own->in[0], .inputs = own->in,
                           .input_count = layer->input_count};
  asked.output = asked.input;
  uint64_t before = cnn__fail_count();
  cnn_status status = descriptor->setup(&asked);
  own->data = asked.data;
  CNN__TRY(cnn__returned(status, "setup", before));
  CNN__TRY(read_shape(&layer->out, &asked.output, "output"));
  if (asked.weight_count < 0 || asked.weight_count > CNN_EXTEND_WEIGHTS)
    return cnn__fail(CNN_EINVAL, "setup gave weight_count %d, must be 0 to %d", (int)asked.weight_count,
                     CNN_EXTEND_WEIGHTS);
  for (int32_t i = 0; i < asked.weight_count; i++) {
    CNN__TRY(add_weight(layer, &asked, i));
    if (layer->weights[i].learns)
      layer->slot_floats += layer->weights[i].count;
  }
  own->out = public_shape(&layer->out);
  return read_sizes(layer, &asked);
}

static void release(const cnn_layer *layer) {
  const cnn_layer_descriptor *descriptor = descriptor_of(layer);
  const own_data *own = layer->data;
  if (own->data && descriptor->free)
    descriptor->free(descriptor->user, own->data);
}

/* ---- forward and backward ---- */

static cnn_layer_work public_work(const cnn__work *work) {
  const cnn_layer *layer = work->layer;
  const own_data *own = layer->data;
  return (cnn_layer_work){.size = sizeof(cnn_layer_work),
                          .user = descriptor_of(layer)->user,
                          .attributes = layer->attributes,
                          .data = own->data,
                          .input = own->in,
                          .inputs = own->in,
                          .input_count = layer->input_count,
                          .output = &own->out,
                          .batch = work->batch,
                          .first = work->first,
                          .count = work->count,
                          .training = work->training,
                          .layer = (uint32_t)layer->index,
                          .pass = work->pass,
                          .key = {work->key[0], work->key[1]},
                          .samples = work->samples ? work->samples + work->first : NULL,
                          .weights = (const float *const *)work->weights,
                          .x = work->x,
                          .y = work->y,
                          .dy = work->dy,
                          .dx = work->dx,
                          .kept = work->keeps && layer->kept_bytes ? work->kept : NULL,
                          .scratch = work->scratch};
}

/* A layer of one input has its arrays of one. */
static void list_inputs(cnn_layer_work *given, const cnn__work *work) {
  int32_t several = work->layer->input_count > 1;
  given->xs = several ? work->xs : &given->x;
  given->dxs = several ? work->dxs : &given->dx;
}

static void forward(const cnn__work *work) {
  cnn_layer_work given = public_work(work);
  list_inputs(&given, work);
  descriptor_of(work->layer)->forward(&given);
}

static void backward(const cnn__work *work) {
  const cnn_layer *layer = work->layer;
  float *gradients[CNN_EXTEND_WEIGHTS], *slot = work->slots;
  cnn_layer_work given = public_work(work);
  list_inputs(&given, work);
  for (int32_t i = 0; i < layer->weight_count; i++) {
    gradients[i] = layer->weights[i].trainable ? slot : NULL;
    slot += layer->weights[i].trainable ? layer->weights[i].count : 0;
  }
  if (cnn__layer_learns(layer))
    memset(work->slots, 0, (size_t)layer->slot_floats * sizeof *work->slots);
  given.gradients = gradients;
  descriptor_of(layer)->backward(&given);
}

/* ---- the shards' gradients added up ---- */

static int64_t chunks(const cnn__weight *weight) {
  return weight->trainable ? (weight->count - 1) / CHUNK + 1 : 0;
}

static int64_t join_parts(const cnn_layer *layer) {
  int64_t parts = 0;
  for (int32_t i = 0; i < layer->weight_count; i++)
    parts += chunks(&layer->weights[i]);
  return parts;
}

/* The elements of a part; *place: where its weight stands in a slot. */
static cnn__span span_at(const cnn_layer *layer, int64_t part, int64_t *place) {
  int32_t i = 0;
  for (*place = 0; part >= chunks(&layer->weights[i]); i++) {
    part -= chunks(&layer->weights[i]);
    *place += layer->weights[i].trainable ? layer->weights[i].count : 0;
  }
  int64_t first = part * CHUNK, left = layer->weights[i].count - first;
  return (cnn__span){0, i, first, left < CHUNK ? left : CHUNK};
}

static cnn__span joined(const cnn_layer *layer, int64_t part) {
  int64_t place;
  return span_at(layer, part, &place);
}

static void join(const cnn__work *work) {
  int64_t place;
  cnn__span span = span_at(work->layer, work->part, &place);
  work->k->tree_sum(span.count, work->shards, work->layer->slot_floats, work->slots + place + span.first,
                    work->grads[span.weight] + span.first);
}

static const cnn__phase forward_phases[] = {{.domain = CNN__SHARDS, .run = forward}, {0}};
static const cnn__phase backward_phases[] = {
    {.domain = CNN__SHARDS, .run = backward},
    {.domain = CNN__PARTS, .late = 1, .run = join, .parts = join_parts, .span = joined},
    {0}};

const cnn__layer_type cnn__own_type = {
    .data_size = sizeof(own_data),
    .setup = setup,
    .free = release,
    .phases = {[CNN__PHASE_TRAIN] = forward_phases,
               [CNN__PHASE_INFER] = forward_phases,
               [CNN__PHASE_BACKWARD] = backward_phases},
};

/* ---- random numbers ---- */

void cnn_layer_random(const cnn_layer_work *work, int64_t sample, int64_t begin, int64_t count, float *out) {
  if (!work || !out)
    return;
  uint32_t counter[4], words[4];
  int64_t number = work->samples ? work->samples[sample] : work->first + sample;
  for (int64_t i = begin, end = begin + count; i < end; i++) {
    if (i == begin || i % 4 == 0) {
      cnn__coordinates(counter, CNN__RANDOM_OWN, work->layer, work->pass, (uint32_t)number, (uint32_t)(i / 4));
      cnn__philox(counter, work->key, words);
    }
    out[i - begin] = cnn__unit_float(words[i % 4]);
  }
}
