/* fusion: the list of rules, the making of a fused layer, and what a phase of one of its members works on. */
#include "layers/fused/fusion.h"

#include "core/memory.h"

#include <string.h>

static const cnn__fusion *const rules[] = {
#define FUSION(name) &cnn__##name##_fusion,
#include "layers/fused/fusions.def"
#undef FUSION
};

enum { RULES = sizeof rules / sizeof rules[0] };

int32_t cnn__fusion_count(void) { return RULES; }

const cnn__fusion *cnn__fusion_at(int32_t index) { return rules[index]; }

/* "conv1+bn1+pool1" */
static char *joined_names(cnn_context *context, const cnn_layer *const *members, int32_t count) {
  size_t bytes = 0;
  for (int32_t m = 0; m < count; m++)
    bytes += strlen(members[m]->name) + 1;
  char *name = cnn__alloc(context, bytes, "name of a layer"), *end = name;
  for (int32_t m = 0; name && m < count; m++) {
    size_t length = strlen(members[m]->name);
    memcpy(end, members[m]->name, length);
    end += length;
    *end++ = m + 1 < count ? '+' : '\0';
  }
  return name;
}

static cnn_status build(cnn_layer *layer, const cnn_layer *const *members, int32_t count) {
  layer->name = joined_names(layer->context, members, count);
  layer->data = cnn__alloc_zero(layer->context, layer->type->data_size, "geometry of a layer");
  if (!layer->name || !layer->data)
    return CNN_ENOMEM;
  memcpy(layer->members, members, (size_t)count * sizeof *members);
  layer->member_count = count;
  layer->in = members[0]->in;
  layer->out = members[count - 1]->out;
  return layer->type->setup(layer);
}

cnn_status cnn__fused_new(cnn_layer **out, const cnn__fusion *rule, const cnn_layer *const *members, int32_t count) {
  cnn_layer *layer = cnn__alloc_zero(members[0]->context, sizeof *layer, "layer");
  if (!layer)
    return CNN_ENOMEM;
  layer->context = members[0]->context;
  layer->type = rule->type;
  layer->index = members[0]->index;
  layer->activation = CNN_ACTIVATION_LINEAR;
  cnn_status status = build(layer, members, count);
  if (status < 0)
    cnn__layer_free(layer);
  else
    *out = layer;
  return status;
}

void cnn__fused_sizes(cnn_layer *layer) {
  for (int32_t m = 0; m < layer->member_count; m++) {
    const cnn_layer *member = layer->members[m];
    layer->sum_doubles += member->sum_doubles;
    layer->slot_floats += member->slot_floats;
    layer->state_floats += member->state_floats;
    layer->flops += member->flops;
  }
}

cnn__work cnn__member(const cnn__work *work, int32_t m) {
  cnn__work part = *work;
  const cnn_layer *fused = work->layer;
  part.layer = fused->members[m];
  part.activation = part.layer->activation;
  part.activation_parameter = part.layer->activation_parameter;
  part.arrays = &work->arrays[m];
  part.weights = part.arrays->weights;
  part.grads = part.arrays->grads;
  part.packs = part.arrays->packs;
  part.sums -= work->shard * fused->sum_doubles;
  part.slots -= work->shard * fused->slot_floats;
  for (int32_t before = 0; before < m; before++) {
    part.sums += work->shards * fused->members[before]->sum_doubles;
    part.slots += work->shards * fused->members[before]->slot_floats;
    part.state += fused->members[before]->state_floats;
  }
  part.sums += work->shard * part.layer->sum_doubles;
  part.slots += work->shard * part.layer->slot_floats;
  return part;
}

const cnn__phase *cnn__parts_phase(const cnn_layer *member, int32_t list) {
  const cnn__phase *phase = member->type->phases[list];
  while (phase->domain != CNN__PARTS)
    phase++;
  return phase;
}
