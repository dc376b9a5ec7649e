/* harness: see harness.h. */
#include "harness.h"

#include "core/memory.h"
#include "core/random.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void *take(harness *h, size_t bytes) {
  void *memory = cnn__alloc(h->context, bytes, "test");
  ck_assert_ptr_nonnull(memory);
  memset(memory, 0xff, bytes); /* NaN as float and as double */
  return memory;
}

static float *take_floats(harness *h, int64_t count) { return take(h, (size_t)count * sizeof(float)); }

/* The names of inputs say only how many there are. */
static cnn_status skip_inputs(void *user, const char *key, const char *value) {
  (void)user;
  (void)value;
  ck_assert_str_eq(key, "inputs");
  return CNN_OK;
}

/* Layer number `index`, which reads those before it. */
static cnn_layer *make(harness *h, const char *type, const char *attributes, int32_t index) {
  const cnn__layer_type *found = cnn__layer_type_find(type);
  ck_assert_msg(found != NULL, "%s", cnn_error_text());
  void *set = take(h, found->attributes_size);
  ck_assert_msg(cnn__attributes_parse(found->attributes, set, attributes, type, skip_inputs, NULL) == CNN_OK, "%s",
                cnn_error_text());
  cnn_layer *layer = cnn__layer_new(h->context, found, set, type, index, h->inputs, found->inputs ? index : 0, 42);
  ck_assert_msg(layer != NULL, "%s", cnn_error_text());
  cnn__free(h->context, set);
  return layer;
}

static int32_t inputs_of(const char *attributes) {
  const char *inputs = strstr(attributes, "inputs=");
  int32_t count = 1;
  for (; inputs && *inputs && *inputs != ' '; inputs++)
    count += *inputs == ',';
  return count;
}

static void take_memory(harness *h) {
  const cnn_layer *layer = h->layer;
  h->x = take_floats(h, h->input_count * h->batch * h->in_count);
  h->dx = take_floats(h, h->input_count * h->batch * h->in_count);
  h->y = take_floats(h, h->batch * h->out_count);
  h->dy = take_floats(h, h->batch * h->out_count);
  h->kept = take(h, (size_t)(h->batch * layer->kept_bytes));
  h->slots = take_floats(h, h->shards * layer->slot_floats);
  h->sums = take(h, (size_t)(h->shards * layer->sum_doubles) * sizeof(double));
  h->state = take_floats(h, layer->state_floats);
  h->scratch = take(h, layer->scratch_bytes);
  for (int32_t i = 0; i < layer->pack_count; i++)
    h->packs[i] = take_floats(h, layer->pack_floats[i]);
  for (int32_t i = 0; i < layer->weight_count; i++) {
    h->weights[i] = layer->weights[i].value;
    h->grads[i] = layer->weights[i].trainable ? take_floats(h, layer->weights[i].count) : NULL;
  }
}

void harness_open(harness *h, const char *type, const char *attributes, const cnn__shape *in, int64_t batch) {
  char shape[200] = "shape=";
  memset(h, 0, sizeof *h);
  ck_assert_int_eq(cnn_context_new(&h->context, NULL), CNN_OK);
  for (int32_t i = 0; i < in->rank; i++)
    snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%lld", i ? "," : "", (long long)in->extent[i]);
  h->input_count = inputs_of(attributes);
  for (int32_t i = 0; i < h->input_count; i++)
    h->inputs[i] = make(h, "input", shape, i);
  h->layer = make(h, type, attributes, h->input_count);
  h->k = cnn__kernels_for(h->context->level, h->context->provider);
  h->batch = batch;
  h->shards = (batch + CNN__SHARD - 1) / CNN__SHARD;
  h->in_count = cnn__shape_count(&h->layer->in);
  h->out_count = cnn__shape_count(&h->layer->out);
  cnn__key(h->key, 7);
  h->pass = 3;
  take_memory(h);
}

void harness_close(harness *h) {
  void *memory[] = {h->x, h->dx, h->y, h->dy, h->kept, h->slots, h->sums, h->state, h->scratch};
  for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++)
    cnn__free(h->context, memory[i]);
  for (int32_t i = 0; i < CNN__MAX_PACKS; i++)
    cnn__free(h->context, h->packs[i]);
  for (int32_t i = 0; i < CNN__MAX_WEIGHTS; i++)
    cnn__free(h->context, h->grads[i]);
  cnn__layer_free(h->layer);
  for (int32_t i = 0; i < h->input_count; i++)
    cnn__layer_free(h->inputs[i]);
  cnn_context_free(h->context);
}

void harness_use(harness *h, const cnn__kernels *k) { h->k = k; }

/* ---- walking phases ---- */

static cnn__work whole(harness *h, int32_t training) {
  const cnn_layer *layer = h->layer;
  return (cnn__work){.k = h->k, .layer = layer, .training = training, .activation = layer->activation,
                     .activation_parameter = layer->activation_parameter,
                     .batch = h->batch, .shards = h->shards, .key = {h->key[0], h->key[1]}, .pass = h->pass,
                     .samples = h->samples, .x = h->x, .y = h->y, .dy = h->dy, .dx = h->dx, .kept = h->kept,
                     .slots = h->slots, .sums = h->sums, .state = h->state, .packs = h->packs,
                     .weights = h->weights, .grads = h->grads, .scratch = h->scratch};
}

static void run_shard(harness *h, const cnn__phase *phase, cnn__work work, int64_t shard) {
  const float *xs[CNN__MAX_INPUTS];
  float *dxs[CNN__MAX_INPUTS];
  const cnn_layer *layer = h->layer;
  work.shard = shard;
  work.first = shard * CNN__SHARD;
  work.count = h->batch - work.first < CNN__SHARD ? h->batch - work.first : CNN__SHARD;
  work.x = h->x + work.first * h->in_count;
  work.dx = h->dx + work.first * h->in_count;
  for (int32_t i = 0; i < h->input_count; i++) {
    xs[i] = work.x + i * h->batch * h->in_count;
    dxs[i] = work.dx + i * h->batch * h->in_count;
  }
  work.xs = xs;
  work.dxs = dxs;
  work.y = h->y + work.first * h->out_count;
  work.dy = h->dy + work.first * h->out_count;
  work.kept = (char *)h->kept + work.first * layer->kept_bytes;
  work.slots = h->slots + shard * layer->slot_floats;
  work.sums = h->sums + shard * layer->sum_doubles;
  memset(h->scratch, 0xff, layer->scratch_bytes);
  phase->run(&work);
}

static void run_phases(harness *h, int32_t kind, int32_t training) {
  const cnn__phase *phase = h->layer->type->phases[kind];
  for (; phase && phase->run; phase++) {
    cnn__work work = whole(h, training);
    if (phase->domain == CNN__SHARDS) {
      for (int64_t shard = h->shards - 1; shard >= 0; shard--)
        run_shard(h, phase, work, shard);
      continue;
    }
    work.parts = phase->parts ? phase->parts(h->layer) : 1;
    for (work.part = work.parts - 1; work.part >= 0; work.part--)
      phase->run(&work);
  }
}

static int32_t passes_through(const harness *h, int32_t training) {
  return (h->layer->needs & CNN__SAME) || (!training && (h->layer->needs & CNN__SAME_IN_INFERENCE));
}

void harness_forward(harness *h, int32_t training) {
  run_phases(h, CNN__PHASE_PACK, training);
  if (passes_through(h, training))
    memcpy(h->y, h->x, (size_t)(h->batch * h->in_count) * sizeof(float));
  else
    run_phases(h, training ? CNN__PHASE_TRAIN : CNN__PHASE_INFER, training);
}

void harness_backward(harness *h, int32_t training) {
  int32_t kind = training || !h->layer->type->phases[CNN__PHASE_BACKWARD_FROZEN] ? CNN__PHASE_BACKWARD
                                                                                : CNN__PHASE_BACKWARD_FROZEN;
  if (passes_through(h, training))
    memcpy(h->dx, h->dy, (size_t)(h->batch * h->in_count) * sizeof(float));
  else
    run_phases(h, kind, training);
}

int32_t harness_weight(const harness *h, const char *name) {
  for (int32_t i = 0; i < h->layer->weight_count; i++)
    if (strcmp(strchr(h->layer->weights[i].name, '/') + 1, name) == 0)
      return i;
  return -1;
}
