/* plan: the ops of a mode in their order, cut into segments. Memory is plan_memory.c's.
 *
 * What a phase may touch follows from its place: x in every shard phase forward, y from the last shard phase of the
 * list on; backward dy in every shard phase, x and y where the layer needs them, dx from the last one on. Late phases
 * see what the layer asked to keep for them; other parts phases join sums and see no tensor. */
#include "model/plan.h"

#include "core/cpu.h"
#include "core/memory.h"
#include "model/model_internal.h"

#define LEAST_SPLIT 200000 /* operations of a sample from which on pieces of it pay for their barrier */

int32_t cnn__plan_same(const cnn__plan *plan, const cnn_layer *layer) {
  int32_t inference = plan->mode != CNN__MODE_TRAIN || cnn__layer_infers(layer);
  return (layer->needs & CNN__SAME) || (inference && (layer->needs & CNN__SAME_IN_INFERENCE));
}

/* The first layer that has something to learn: backward ends there. */
static int32_t lowest_trainable(const cnn__plan *plan) {
  int32_t i = 0;
  while (i < plan->layer_count && !cnn__layer_learns(plan->layers[i]))
    i++;
  return i;
}

static int32_t forward_list(const cnn__plan *plan, const cnn_layer *layer) {
  return plan->mode == CNN__MODE_TRAIN && !cnn__layer_infers(layer) ? CNN__PHASE_TRAIN : CNN__PHASE_INFER;
}

static int32_t backward_list(const cnn_layer *layer) {
  return cnn__layer_infers(layer) ? CNN__PHASE_BACKWARD_FROZEN : CNN__PHASE_BACKWARD;
}

static int32_t list_length(const cnn_layer *layer, int32_t list) {
  const cnn__phase *phases = layer->type->phases[list];
  int32_t count = 0;
  while (phases && phases[count].run)
    count++;
  return count;
}

/* Position of the last shard phase that is not late; -1 for none. */
static int32_t last_shard_phase(const cnn__phase *phases, int32_t count) {
  int32_t last = -1;
  for (int32_t i = 0; i < count; i++)
    if (phases[i].domain == CNN__SHARDS && !phases[i].late)
      last = i;
  return last;
}

/* ---- ops ---- */

typedef struct maker {
  cnn__plan *plan;
  int32_t lowest;
} maker;

static cnn__op *add(maker *make, int32_t kind, int32_t layer) {
  cnn__op *op = &make->plan->ops[make->plan->op_count++];
  *op = (cnn__op){.kind = kind, .layer = layer, .parts = 1, .x = -1, .y = -1, .dy = -1, .dx = -1,
                  .first = -1};
  return op;
}

/* Matrices that a BLAS has packed cannot be read by columns. */
static int32_t wide(const cnn__plan *plan, const cnn_layer *layer) {
  return (layer->needs & CNN__WIDE) && plan->context->provider != CNN__GEMM_BLAS;
}

static cnn__op *add_phase(maker *make, int32_t i, int32_t list, const cnn__phase *phase) {
  cnn__op *op = add(make, CNN__OP_LAYER, i);
  op->list = list;
  op->phase = phase;
  const cnn_layer *layer = make->plan->layers[i];
  if (phase->parts && (phase->domain == CNN__PARTS || layer->flops >= LEAST_SPLIT))
    op->parts = phase->parts(layer);
  if (phase->domain == CNN__SHARDS && op->parts > 1 && wide(make->plan, layer)) {
    op->units = op->parts;
    op->parts = (op->units - 1) / CNN__UNITS + 1;
  }
  return op;
}

static void forward(maker *make, int32_t i) {
  const cnn_layer *layer = make->plan->layers[i];
  if (cnn__plan_same(make->plan, layer))
    return;
  int32_t list = forward_list(make->plan, layer), count = list_length(layer, list);
  const cnn__phase *phases = layer->type->phases[list];
  int32_t writes = last_shard_phase(phases, count);
  for (int32_t p = 0; p < count; p++) {
    cnn__op *op = add_phase(make, i, list, &phases[p]);
    if (phases[p].domain == CNN__PARTS)
      continue;
    op->x = i - 1;
    if (p == writes)
      op->y = i;
  }
}

static int32_t gradient(const maker *make, int32_t i) { return make->plan->layer_count + i; }

/* Layer i sums over the batch before its last phase, so its dy would have to lie in memory for the whole batch
 * meanwhile. Where the layer above makes it from a much smaller gradient, it is made again instead, in the worker's
 * cache; the buffer of that second dy, or the first one's. */
static int32_t dy_after_barrier(maker *make, int32_t i) {
  const cnn_layer *layer = make->plan->layers[i];
  int32_t layers = make->plan->layer_count;
  if (i + 1 == layers || (layer->needs & (CNN__NEEDS_DY_LATE | CNN__CHANGES_DY)))
    return gradient(make, i);
  const cnn_layer *above = make->plan->layers[i + 1];
  if (!(above->needs & CNN__BACKWARD_AGAIN) || cnn__shape_count(&above->out) * 2 > cnn__shape_count(&layer->out))
    return gradient(make, i);
  cnn__op *again = add_phase(make, i + 1, backward_list(above), above->type->phases[backward_list(above)]);
  again->x = cnn__layer_needs(above) & CNN__NEEDS_X ? i : -1;
  again->y = cnn__layer_needs(above) & CNN__NEEDS_Y ? i + 1 : -1;
  again->dy = gradient(make, i + 1);
  again->dx = 2 * layers + 1 + i;
  return again->dx;
}

static void backward(maker *make, int32_t i) {
  const cnn_layer *layer = make->plan->layers[i];
  if (cnn__plan_same(make->plan, layer))
    return;
  int32_t list = backward_list(layer), count = list_length(layer, list);
  const cnn__phase *phases = layer->type->phases[list];
  int32_t writes = last_shard_phase(phases, count), dy = gradient(make, i);
  for (int32_t p = 0; p < count; p++) {
    if (phases[p].late)
      continue;
    if (p == writes && p > 0 && phases[p - 1].domain == CNN__PARTS && i > make->lowest)
      dy = dy_after_barrier(make, i);
    cnn__op *op = add_phase(make, i, list, &phases[p]);
    if (phases[p].domain == CNN__PARTS)
      continue;
    op->x = cnn__layer_needs(layer) & CNN__NEEDS_X ? i - 1 : -1;
    op->y = cnn__layer_needs(layer) & CNN__NEEDS_Y ? i : -1;
    op->dy = dy;
    if (p == writes && i > make->lowest)
      op->dx = gradient(make, i - 1);
  }
}

static void late(maker *make, int32_t i) {
  const cnn_layer *layer = make->plan->layers[i];
  if (!cnn__layer_learns(layer))
    return;
  int32_t list = backward_list(layer), count = list_length(layer, list);
  for (int32_t p = 0; p < count; p++) {
    const cnn__phase *phase = &layer->type->phases[list][p];
    if (!phase->late)
      continue;
    cnn__op *op = add_phase(make, i, list, phase);
    op->x = layer->needs & CNN__NEEDS_X_LATE ? i - 1 : -1;
    op->dy = layer->needs & CNN__NEEDS_DY_LATE ? gradient(make, i) : -1;
  }
}

static void objective(maker *make) {
  cnn__plan *plan = make->plan;
  int32_t last = make->plan->layer_count - 1;
  cnn__op *op = add(make, plan->mode == CNN__MODE_PREDICT ? CNN__OP_OUTPUT : CNN__OP_LOSS, last);
  op->x = plan->output;
  if (plan->mode == CNN__MODE_PREDICT)
    return;
  if (plan->probabilities != plan->output)
    op->y = plan->probabilities;
  if (make->lowest <= last)
    op->dx = gradient(make, last);
}

static void make_ops(maker *make) {
  int32_t last = make->plan->layer_count - 1;
  add(make, CNN__OP_FEED, 0)->y = 0;
  for (int32_t i = 1; i <= last; i++)
    forward(make, i);
  objective(make);
  for (int32_t i = last; i >= make->lowest; i--)
    backward(make, i);
  for (int32_t i = last; i >= make->lowest; i--)
    late(make, i);
}

/* ---- segments ---- */

/* Ops that may share a segment: shard phases; late phases and updates beside them; packs. */
enum { NO_GROUP, SHARD_GROUP, LATE_GROUP, PACK_GROUP };

static int32_t group_of(const cnn__op *op) {
  if (op->kind == CNN__OP_UPDATE)
    return op->beside ? LATE_GROUP : NO_GROUP;
  if (op->kind == CNN__OP_PACK)
    return PACK_GROUP;
  if (op->units)
    return NO_GROUP;
  if (op->kind != CNN__OP_LAYER || op->phase->domain == CNN__SHARDS)
    return SHARD_GROUP;
  return op->phase->late ? LATE_GROUP : NO_GROUP;
}

static void make_segments(cnn__plan *plan) {
  int32_t group = NO_GROUP, back = 1;
  for (int32_t i = 0; i < plan->scheduled; i++) {
    int32_t now = group_of(&plan->ops[i]);
    if (now == NO_GROUP || now != group) {
      int32_t shards = now == SHARD_GROUP;
      back ^= shards;
      plan->segments[plan->segment_count++] =
          (cnn__segment){.domain = shards ? CNN__SHARDS : CNN__PARTS, .first = i, .back = back && shards};
    }
    cnn__segment *segment = &plan->segments[plan->segment_count - 1];
    segment->count++;
    if (segment->domain == CNN__PARTS)
      segment->items += plan->ops[i].parts;
    group = now;
  }
}

/* ---- the plan ---- */

static int32_t count_phases(const cnn__plan *plan) {
  int32_t count = 2 + plan->layer_count; /* feed, objective; and for each layer its backward again */
  for (int32_t i = 0; i < plan->layer_count; i++)
    for (int32_t list = 0; list < CNN__PHASE_PACK; list++)
      count += list_length(plan->layers[i], list);
  return count;
}

static cnn_status allocate(cnn__plan *plan, const cnn_model *model) {
  cnn_context *context = model->context;
  size_t ops = (size_t)(count_phases(plan) + cnn__plan_end_ops(model)), layers = (size_t)plan->layer_count;
  plan->buffer_count = 3 * plan->layer_count + 1;
  plan->ops = cnn__alloc_zero(context, ops * sizeof *plan->ops, "ops of a plan");
  plan->segments = cnn__alloc_zero(context, ops * sizeof *plan->segments, "segments of a plan");
  plan->buffers = cnn__alloc_zero(context, (3 * layers + 1) * sizeof *plan->buffers, "buffers of a plan");
  plan->kept_offset = cnn__alloc_zero(context, 4 * layers * sizeof *plan->kept_offset, "offsets of a plan");
  if (!plan->ops || !plan->segments || !plan->buffers || !plan->kept_offset)
    return CNN_ENOMEM;
  plan->slot_offset = plan->kept_offset + layers;
  plan->sum_offset = plan->slot_offset + layers;
  plan->state_offset = plan->sum_offset + layers;
  return CNN_OK;
}

static cnn_status build(cnn__plan *plan, const cnn_model *model, const cnn__objective *loss, int32_t whole) {
  CNN__TRY(cnn__plan_layers(plan, model));
  CNN__TRY(allocate(plan, model));
  int32_t last = plan->layer_count - 1, train = plan->mode == CNN__MODE_TRAIN;
  int32_t activation = plan->layers[last]->activation;
  int32_t taken = plan->mode != CNN__MODE_PREDICT && activation != CNN_ACTIVATION_LINEAR &&
                  loss->type->fuses == activation;
  plan->taken = taken ? last : -1;
  plan->output = last;
  plan->probabilities = taken ? 2 * plan->layer_count : last;
  maker make = {plan, train ? lowest_trainable(plan) : plan->layer_count};
  make_ops(&make);
  plan->scheduled = plan->op_count;
  if (train)
    CNN__TRY(cnn__plan_end(plan, model, whole));
  make_segments(plan);
  cnn__plan_fill(plan);
  return cnn__plan_memory(plan, make.lowest);
}

cnn_status cnn__plan_new(cnn__plan **out, const cnn_model *model, int32_t mode, const cnn__objective *loss,
                         int32_t whole) {
  cnn__plan *plan = cnn__alloc_zero(model->context, sizeof *plan, "plan");
  if (!plan)
    return CNN_ENOMEM;
  plan->context = model->context;
  plan->mode = mode;
  cnn_status status = build(plan, model, loss, whole);
  if (status < 0)
    cnn__plan_free(plan);
  else
    *out = plan;
  return status;
}

void cnn__plan_free(cnn__plan *plan) {
  if (!plan)
    return;
  cnn__plan_layers_free(plan);
  cnn__free(plan->context, plan->ops);
  cnn__free(plan->context, plan->segments);
  cnn__free(plan->context, plan->buffers);
  cnn__free(plan->context, plan->chunks);
  cnn__free(plan->context, plan->tails);
  cnn__free(plan->context, plan->links);
  cnn__free(plan->context, plan->kept_offset);
  cnn__free(plan->context, plan);
}
