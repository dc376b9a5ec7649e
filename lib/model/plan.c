/* plan: the ops of a mode in their order, cut into segments. Memory is plan_memory.c's.
 *
 * What a phase may touch follows from its place: x in every shard phase forward, y from the last shard phase of the
 * list on; backward dy in every shard phase, x and y where the layer needs them, dx from the last one on. Late phases
 * see what the layer asked to keep for them; other parts phases join sums and see no tensor. */
#include "model/plan.h"

#include "core/cpu.h"
#include "core/memory.h"
#include "model/model_internal.h"

/* Of a sample, from which on pieces of it pay for their barrier: operations; floats that only move. */
#define LEAST_SPLIT 200000
#define LEAST_MOVED 65536

int32_t cnn__plan_same(const cnn__plan *plan, const cnn_layer *layer) {
  int32_t inference = plan->mode != CNN__MODE_TRAIN || cnn__layer_infers(layer);
  return (layer->needs & CNN__SAME) || (inference && (layer->needs & CNN__SAME_IN_INFERENCE));
}

static int32_t forward_list(const cnn__plan *plan, const cnn_layer *layer) {
  return cnn__plan_keeps(plan) && !cnn__layer_infers(layer) ? CNN__PHASE_TRAIN : CNN__PHASE_INFER;
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

static cnn__op *add(cnn__plan *plan, int32_t kind, int32_t layer) {
  cnn__op *op = &plan->ops[plan->op_count++];
  *op = (cnn__op){.kind = kind, .layer = layer, .parts = 1, .x = -1, .y = -1, .dy = -1, .dx = -1,
                  .first = -1};
  return op;
}

/* Whether a phase of so many units goes through the batch at once: where that leaves each thread a part. Matrices that a
 * BLAS has packed cannot be read by columns. */
static int32_t wide(const cnn__plan *plan, const cnn_layer *layer, int64_t units) {
  int32_t flags = CNN__WIDE | (plan->mode == CNN__MODE_TRAIN ? CNN__WIDE_IN_TRAINING : 0);
  return (layer->needs & flags) && units > CNN__UNITS * (cnn__pool_size(plan->context->pool) - 1) &&
         plan->context->provider != CNN__GEMM_BLAS;
}

static int32_t splits(const cnn_layer *layer) { return layer->flops >= LEAST_SPLIT || layer->moved >= LEAST_MOVED; }

static cnn__op *add_phase(cnn__plan *plan, int32_t i, int32_t list, const cnn__phase *phase) {
  cnn__op *op = add(plan, CNN__OP_LAYER, i);
  op->list = list;
  op->phase = phase;
  const cnn_layer *layer = plan->layers[i];
  if (phase->parts && (phase->domain == CNN__PARTS || splits(layer)))
    op->parts = phase->parts(layer);
  if (phase->domain == CNN__SHARDS && op->parts > 1 && wide(plan, layer, op->parts)) {
    op->units = op->parts;
    op->parts = (op->units - 1) / CNN__UNITS + 1;
  }
  return op;
}

static void read_inputs(const cnn__plan *plan, cnn__op *op) {
  op->x = cnn__plan_edge(plan, op->layer, 0)->from;
  op->all_x = 1;
}

static void forward(cnn__plan *plan, int32_t i) {
  const cnn_layer *layer = plan->layers[i];
  if (cnn__plan_same(plan, layer))
    return;
  int32_t list = forward_list(plan, layer), count = list_length(layer, list);
  const cnn__phase *phases = layer->type->phases[list];
  int32_t writes = last_shard_phase(phases, count);
  for (int32_t p = 0; p < count; p++) {
    cnn__op *op = add_phase(plan, i, list, &phases[p]);
    if (phases[p].domain == CNN__PARTS)
      continue;
    read_inputs(plan, op);
    if (p == writes)
      op->y = i;
  }
}

static int32_t gradient(const cnn__plan *plan, int32_t i) { return plan->layer_count + i; }

/* The layer that alone reads layer i, and nothing else; -1: none does. */
static int32_t only_reader(const cnn__plan *plan, int32_t i) {
  int32_t reader = i + 1;
  if (plan->readers[i] != 1)
    return -1;
  while (cnn__plan_inputs(plan, reader) > 1 || cnn__plan_edge(plan, reader, 0)->from != i)
    if (++reader == plan->layer_count)
      return -1;
  return reader;
}

/* Layer i sums over the batch before its last phase, so its dy would have to lie in memory for the whole batch
 * meanwhile. Where the layer above makes it from a much smaller gradient, it is made again instead, in the worker's
 * cache; the buffer of that second dy, or the first one's. */
static int32_t dy_after_barrier(cnn__plan *plan, int32_t i) {
  const cnn_layer *layer = plan->layers[i];
  int32_t reader = only_reader(plan, i);
  if (reader < 0 || (layer->needs & (CNN__NEEDS_DY_LATE | CNN__CHANGES_DY)))
    return gradient(plan, i);
  const cnn_layer *above = plan->layers[reader];
  if (!(above->needs & CNN__BACKWARD_AGAIN) || cnn__shape_count(&above->out) * 2 > cnn__shape_count(&layer->out))
    return gradient(plan, i);
  cnn__op *again = add_phase(plan, reader, backward_list(above), above->type->phases[backward_list(above)]);
  again->x = cnn__layer_needs(above) & CNN__NEEDS_X ? i : -1;
  again->y = cnn__layer_needs(above) & CNN__NEEDS_Y ? reader : -1;
  again->dy = gradient(plan, reader);
  again->dx = 2 * plan->layer_count + 1 + i;
  return again->dx;
}

/* Does anybody want a gradient of what layer i reads? */
static int32_t gives(const cnn__plan *plan, int32_t i) {
  for (int32_t k = 0; k < cnn__plan_inputs(plan, i); k++)
    if (cnn__plan_edge(plan, i, k)->dx >= 0)
      return 1;
  return 0;
}

/* What layer i gives to gradients that others have begun is added to them. */
static void join(cnn__plan *plan, int32_t i) {
  for (int32_t k = 0; k < cnn__plan_inputs(plan, i); k++) {
    const cnn__edge *edge = cnn__plan_edge(plan, i, k);
    int32_t whole = gradient(plan, edge->from);
    if (edge->dx < 0 || edge->dx == whole)
      continue;
    cnn__op *op = add(plan, CNN__OP_JOIN, i);
    op->dy = edge->dx;
    op->dx = whole;
  }
}

static void backward(cnn__plan *plan, int32_t i) {
  const cnn_layer *layer = plan->layers[i];
  if (cnn__plan_same(plan, layer)) {
    join(plan, i);
    return;
  }
  int32_t list = backward_list(layer), count = list_length(layer, list);
  const cnn__phase *phases = layer->type->phases[list];
  int32_t writes = last_shard_phase(phases, count), dy = gradient(plan, i);
  for (int32_t p = 0; p < count; p++) {
    if (phases[p].late)
      continue;
    if (p == writes && p > 0 && phases[p - 1].domain == CNN__PARTS && gives(plan, i))
      dy = dy_after_barrier(plan, i);
    cnn__op *op = add_phase(plan, i, list, &phases[p]);
    if (phases[p].domain == CNN__PARTS)
      continue;
    if (cnn__layer_needs(layer) & CNN__NEEDS_X)
      read_inputs(plan, op);
    op->y = cnn__layer_needs(layer) & CNN__NEEDS_Y ? i : -1;
    op->dy = dy;
    if (p != writes)
      continue;
    op->dx = cnn__plan_edge(plan, i, 0)->dx;
    op->all_dx = 1;
    join(plan, i);
  }
}

static void late(cnn__plan *plan, int32_t i) {
  const cnn_layer *layer = plan->layers[i];
  if (!cnn__layer_learns(layer))
    return;
  int32_t list = backward_list(layer), count = list_length(layer, list);
  for (int32_t p = 0; p < count; p++) {
    const cnn__phase *phase = &layer->type->phases[list][p];
    if (!phase->late)
      continue;
    cnn__op *op = add_phase(plan, i, list, phase);
    if (layer->needs & CNN__NEEDS_X_LATE)
      read_inputs(plan, op);
    op->dy = layer->needs & CNN__NEEDS_DY_LATE ? gradient(plan, i) : -1;
  }
}

/* Where the forward pass ends in each mode. */
static const int32_t ends[] = {[CNN__MODE_TRAIN] = CNN__OP_LOSS,
                               [CNN__MODE_TEST] = CNN__OP_LOSS,
                               [CNN__MODE_PREDICT] = CNN__OP_OUTPUT,
                               [CNN__MODE_GRADIENT] = CNN__OP_CHOOSE};

static void objective(cnn__plan *plan) {
  int32_t last = plan->layer_count - 1;
  cnn__op *op = add(plan, ends[plan->mode], last);
  op->x = plan->output;
  if (plan->mode == CNN__MODE_PREDICT)
    return;
  if (plan->probabilities != plan->output)
    op->y = plan->probabilities;
  if (plan->learns[last])
    op->dx = gradient(plan, last);
}

/* Outputs of layer i that an inspection asks for, before a layer that works in place writes over them. */
static void hand_out(cnn__plan *plan, int32_t i) {
  for (int32_t k = 0; plan->inspection && k < plan->inspection->count; k++)
    if (plan->mode == CNN__MODE_PREDICT && plan->inspection->outputs[k].layer == i) {
      cnn__op *op = add(plan, CNN__OP_OUTPUT, i);
      op->x = i;
      op->output = k;
    }
}

static void make_ops(cnn__plan *plan) {
  int32_t last = plan->layer_count - 1;
  add(plan, CNN__OP_FEED, 0)->y = 0;
  hand_out(plan, 0);
  for (int32_t i = 1; i <= last; i++) {
    forward(plan, i);
    hand_out(plan, i);
  }
  if (plan->mode != CNN__MODE_PREDICT || !plan->inspection)
    objective(plan);
  for (int32_t i = last; i > 0; i--)
    if (plan->learns[i])
      backward(plan, i);
  for (int32_t i = last; i > 0; i--)
    if (plan->learns[i])
      late(plan, i);
  if (plan->mode == CNN__MODE_GRADIENT)
    add(plan, CNN__OP_OUTPUT, 0)->x = gradient(plan, 0);
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
  /* feed, objective; for each layer its backward again, for each edge an addition; outputs */
  int32_t count = 2 + plan->layer_count + plan->first_edge[plan->layer_count] +
                  (plan->inspection ? plan->inspection->count : 0);
  for (int32_t i = 0; i < plan->layer_count; i++)
    for (int32_t list = 0; list < CNN__PHASE_PACK; list++)
      count += list_length(plan->layers[i], list);
  return count;
}

static cnn_status allocate(cnn__plan *plan, const cnn_model *model) {
  cnn_context *context = model->context;
  size_t ops = (size_t)(count_phases(plan) + cnn__plan_end_ops(model)), layers = (size_t)plan->layer_count;
  plan->buffer_count = 3 * plan->layer_count + 1 + plan->first_edge[plan->layer_count];
  plan->ops = cnn__alloc_zero(context, ops * sizeof *plan->ops, "ops of a plan");
  plan->segments = cnn__alloc_zero(context, ops * sizeof *plan->segments, "segments of a plan");
  plan->buffers = cnn__alloc_zero(context, (size_t)plan->buffer_count * sizeof *plan->buffers, "buffers of a plan");
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
  int32_t taken = plan->inspection ? plan->inspection->linear
                                   : plan->mode != CNN__MODE_PREDICT && activation != CNN_ACTIVATION_LINEAR &&
                                         loss->type->fuses == activation;
  plan->taken = taken ? last : -1;
  plan->columns = plan->layers[last]->out.extent[plan->layers[last]->out.rank - 1];
  plan->positions = cnn__shape_count(&plan->layers[last]->out) / plan->columns;
  plan->output = last;
  plan->probabilities = taken && !plan->inspection ? 2 * plan->layer_count : last;
  make_ops(plan);
  plan->scheduled = plan->op_count;
  if (train)
    CNN__TRY(cnn__plan_end(plan, model, whole));
  make_segments(plan);
  cnn__plan_fill(plan);
  return cnn__plan_memory(plan);
}

static cnn_status make(cnn__plan **out, const cnn_model *model, int32_t mode, const cnn__inspection *inspection,
                       const cnn__objective *loss, int32_t whole) {
  cnn__plan *plan = cnn__alloc_zero(model->context, sizeof *plan, "plan");
  if (!plan)
    return CNN_ENOMEM;
  plan->context = model->context;
  plan->mode = mode;
  plan->inspection = inspection;
  cnn_status status = build(plan, model, loss, whole);
  plan->inspection = NULL;
  if (status < 0)
    cnn__plan_free(plan);
  else
    *out = plan;
  return status;
}

cnn_status cnn__plan_new(cnn__plan **out, const cnn_model *model, int32_t mode, const cnn__objective *loss,
                         int32_t whole) {
  return make(out, model, mode, NULL, loss, whole);
}

cnn_status cnn__plan_inspect(cnn__plan **out, const cnn_model *model, int32_t mode, const cnn__inspection *inspection) {
  return make(out, model, mode, inspection, NULL, CNN__WHOLE_NOTHING);
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
