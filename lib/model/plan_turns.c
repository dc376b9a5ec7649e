/* plan_turns: how many samples of a shard go through an op and its neighbours before the next ones do. Where the tensors of a
 * whole shard would fall out of the second cache between two ops, fewer do; where the weights are what is large, they would
 * be read again for each of them, and the shard stays whole. Follows from the shapes alone, and changes no bit: phases of
 * inference know nothing of a sample's neighbours. */
#include "model/plan.h"

#define STAYS_BYTES ((int64_t)1 << 20) /* of an op's tensors, that lie in the second cache when the next one reads them */
#define WEIGHTS_PAY 2 /* bytes of tensors for each of weights that makes up for reading it from farther */

static int64_t bytes_of(int64_t floats) { return floats * (int64_t)sizeof(float); }

/* What a sample of it reads and writes. */
static int64_t tensors(const cnn__plan *plan, const cnn__op *op) {
  int32_t touched[CNN__OP_BUFFERS], count = cnn__op_buffers(plan, op, touched);
  int64_t floats = 0;
  for (int32_t i = 0; i < count; i++)
    floats += plan->buffers[touched[i]].floats;
  return bytes_of(floats);
}

/* Weights as a pass through them reads them: packed. */
static int64_t weights_of(const cnn_layer *layer) {
  int64_t floats = layer->pack_count ? layer->pack_floats[0] : 0;
  for (int32_t m = 0; m < layer->member_count; m++)
    floats += weights_of(layer->members[m]) / (int64_t)sizeof(float);
  return bytes_of(floats);
}

/* Turns that suit an op. */
typedef struct range {
  int32_t least, most; /* by its weights; by its tensors */
} range;

static range range_of(const cnn__plan *plan, const cnn__op *op) {
  int64_t sample = tensors(plan, op), weights = op->kind == CNN__OP_LAYER ? weights_of(plan->layers[op->layer]) : 0;
  range r = {1, CNN__SHARD};
  while (r.least < CNN__SHARD && r.least * sample < WEIGHTS_PAY * weights)
    r.least *= 2;
  while (r.most > r.least && r.most * sample > STAYS_BYTES)
    r.most /= 2;
  return r;
}

/* The end of the ops from `first` on that one turn suits, and that turn: the largest. */
static int32_t stretch(const cnn__plan *plan, int32_t first, int32_t end, int32_t *turn) {
  range all = {1, CNN__SHARD};
  int32_t i = first;
  for (; i < end; i++) {
    range r = range_of(plan, &plan->ops[i]);
    int32_t least = r.least > all.least ? r.least : all.least, most = r.most < all.most ? r.most : all.most;
    if (least > most)
      break;
    all = (range){least, most};
  }
  *turn = i > first + 1 ? all.most : CNN__SHARD; /* alone, an op has nobody to hand anything to */
  return i;
}

void cnn__plan_turns(cnn__plan *plan) {
  for (int32_t i = 0; i < plan->op_count; i++)
    plan->ops[i].turn = CNN__SHARD;
  for (int32_t s = 0; s < plan->segment_count && !cnn__plan_keeps(plan); s++) {
    const cnn__segment *segment = &plan->segments[s];
    int32_t i = segment->first, end = segment->domain == CNN__SHARDS ? i + segment->count : i, turn;
    while (i < end)
      for (int32_t next = stretch(plan, i, end, &turn); i < next; i++)
        plan->ops[i].turn = turn;
  }
}
