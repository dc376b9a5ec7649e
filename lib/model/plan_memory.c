/* plan_memory: where the tensors of a plan lie. Tensors that are the same memory become aliases; a life that lies
 * within one shard segment is laid into the worker's buffer, any other into the arena, each by first fit of the
 * largest first, so that no two that live at once overlap. */
#include "core/memory.h"
#include "model/model_internal.h"
#include "model/plan.h"

/* ---- aliases ---- */

static int32_t root_of(const cnn__plan *plan, int32_t buffer) {
  return plan->buffers[buffer].alias < 0 ? buffer : plan->buffers[buffer].alias;
}

static void share(cnn__plan *plan, int32_t buffer, int32_t with) { plan->buffers[buffer].alias = root_of(plan, with); }

/* May layer i write its output over that of `from`, which it reads? Not where another layer reads it or its own backward
 * does, nor where the layer that made it reads it as its output; between them may stand layers that move no data. */
static int32_t forward_in_place(const cnn__plan *plan, int32_t i, int32_t from) {
  const cnn_layer *layer = plan->layers[i];
  if (!(layer->needs & CNN__IN_PLACE) || plan->buffers[i].floats != plan->buffers[from].floats)
    return 0;
  if (plan->learns[i] && (cnn__layer_needs(layer) & (CNN__NEEDS_X | CNN__NEEDS_X_LATE)))
    return 0;
  while (from > 0 && plan->readers[from] == 1 && cnn__plan_same(plan, plan->layers[from]))
    from = cnn__plan_edge(plan, from, 0)->from;
  return plan->readers[from] == 1 && (!plan->learns[from] || !(cnn__layer_needs(plan->layers[from]) & CNN__NEEDS_Y));
}

static int32_t backward_in_place(const cnn__plan *plan, int32_t i, int32_t from) {
  const cnn_layer *layer = plan->layers[i];
  return (layer->needs & CNN__IN_PLACE) && !(cnn__layer_needs(layer) & CNN__NEEDS_DY_LATE) &&
         plan->buffers[i].floats == plan->buffers[from].floats;
}

/* The gradient that layer i's last backward phase reads: its output's, or that made a second time. */
static int32_t last_dy(const cnn__plan *plan, int32_t i) {
  for (int32_t op = 0; op < plan->op_count; op++)
    if (plan->ops[op].kind == CNN__OP_LAYER && plan->ops[op].layer == i && plan->ops[op].all_dx)
      return plan->ops[op].dy;
  return plan->layer_count + i;
}

/* Of several inputs one of the first two may give its place. */
static void alias_forward(cnn__plan *plan, int32_t i) {
  int32_t inputs = cnn__plan_inputs(plan, i), same = cnn__plan_same(plan, plan->layers[i]);
  for (int32_t k = 0; k < inputs && k < 2; k++) {
    int32_t from = cnn__plan_edge(plan, i, k)->from;
    if (!same && !forward_in_place(plan, i, from))
      continue;
    share(plan, i, from);
    return;
  }
}

/* One of the inputs' gradients may take the place of the output's; the others are copies. */
static void alias_backward(cnn__plan *plan, int32_t i) {
  int32_t same = cnn__plan_same(plan, plan->layers[i]);
  for (int32_t k = 0; k < cnn__plan_inputs(plan, i); k++) {
    const cnn__edge *edge = cnn__plan_edge(plan, i, k);
    if (edge->dx < 0 || (!same && !backward_in_place(plan, i, edge->from)))
      continue;
    share(plan, edge->dx, last_dy(plan, i));
    return;
  }
}

static void make_aliases(cnn__plan *plan) {
  for (int32_t i = 1; i < plan->layer_count; i++)
    alias_forward(plan, i);
  for (int32_t i = plan->layer_count - 1; i > 0; i--)
    if (plan->learns[i])
      alias_backward(plan, i);
}

/* ---- lives ---- */

static void touch(cnn__plan *plan, int32_t buffer, int32_t op, int32_t segment) {
  int32_t root = root_of(plan, buffer);
  for (int32_t each = buffer;; each = root) {
    cnn__buffer *b = &plan->buffers[each];
    if (b->first < 0) {
      b->first = segment;
      b->first_op = op;
    }
    b->last = segment;
    b->last_op = op;
    if (each == root)
      return;
  }
}

/* From `op` on, as far as the ops of its segment go by turns with it. */
static int32_t edge_of(const cnn__plan *plan, const cnn__segment *segment, int32_t op, int32_t step) {
  int32_t turn = plan->ops[op].turn, next = op + step;
  while (turn < CNN__SHARD && next >= segment->first && next < segment->first + segment->count && plan->ops[next].turn == turn)
    next += step;
  return next - step;
}

/* Samples of a worker's buffer that live at once: a turn's, where only ops that go by turns together touch it. Any other lives
 * through all turns of the ops that do. */
static int32_t settle(const cnn__plan *plan, cnn__buffer *b) {
  const cnn__segment *segment = &plan->segments[b->first];
  if (b->last_op <= edge_of(plan, segment, b->first_op, 1))
    return plan->ops[b->first_op].turn;
  b->first_op = edge_of(plan, segment, b->first_op, -1);
  b->last_op = edge_of(plan, segment, b->last_op, 1);
  return CNN__SHARD;
}

static void find_lives(cnn__plan *plan) {
  for (int32_t s = 0; s < plan->segment_count; s++)
    for (int32_t i = 0; i < plan->segments[s].count; i++) {
      int32_t op = plan->segments[s].first + i, touched[CNN__OP_BUFFERS];
      int32_t count = cnn__op_buffers(plan, &plan->ops[op], touched);
      for (int32_t b = 0; b < count; b++)
        touch(plan, touched[b], op, s);
    }
  for (int32_t i = 0; i < plan->buffer_count; i++) {
    cnn__buffer *b = &plan->buffers[i];
    b->local = b->first >= 0 && b->first == b->last && plan->segments[b->first].domain == CNN__SHARDS;
  }
  for (int32_t i = 0; i < plan->buffer_count; i++) {
    cnn__buffer *root = &plan->buffers[root_of(plan, i)];
    plan->buffers[i].local = root->local;
    plan->buffers[i].samples = root->local ? settle(plan, root) : 1;
  }
}

/* In the arena workers are anywhere within a segment; in his own buffer a worker does one op after the other. */
static int32_t live_together(const cnn__buffer *a, const cnn__buffer *b) {
  if (a->local != b->local)
    return 0;
  if (a->local)
    return a->first_op <= b->last_op && b->first_op <= a->last_op;
  return a->first <= b->last && b->first <= a->last;
}

/* ---- places ---- */

/* Floats of its place: in the arena a sample's. */
static int64_t size_of(const cnn__buffer *b) { return cnn__round_floats(b->floats * b->samples); }

static int32_t larger(const cnn__plan *plan, int32_t a, int32_t b) {
  int64_t fa = size_of(&plan->buffers[a]), fb = size_of(&plan->buffers[b]);
  return fa != fb ? fa > fb : a < b;
}

/* The roots that live, largest first; how many. */
static int32_t sort_roots(const cnn__plan *plan, int32_t *order) {
  int32_t count = 0;
  for (int32_t i = 0; i < plan->buffer_count; i++) {
    if (plan->buffers[i].alias >= 0 || plan->buffers[i].first < 0)
      continue;
    int32_t at = count++;
    for (; at > 0 && larger(plan, i, order[at - 1]); at--)
      order[at] = order[at - 1];
    order[at] = i;
  }
  return count;
}

/* The lowest offset that is free of all placed buffers which live together with this one; they are given by rising offset. */
static int64_t first_fit(const cnn__plan *plan, const int32_t *placed, int32_t count, const cnn__buffer *buffer) {
  int64_t offset = 0, size = size_of(buffer);
  for (int32_t i = 0; i < count; i++) {
    const cnn__buffer *other = &plan->buffers[placed[i]];
    int64_t end = other->offset + size_of(other);
    if (other->offset >= offset + size)
      break;
    if (live_together(other, buffer) && offset < end)
      offset = end;
  }
  return offset;
}

static void insert_by_offset(const cnn__plan *plan, int32_t *placed, int32_t count, int32_t buffer) {
  for (; count > 0 && plan->buffers[placed[count - 1]].offset > plan->buffers[buffer].offset; count--)
    placed[count] = placed[count - 1];
  placed[count] = buffer;
}

static cnn_status place(cnn__plan *plan) {
  int32_t *order = cnn__alloc(plan->context, 2 * (size_t)plan->buffer_count * sizeof *order, "order of buffers");
  if (!order)
    return CNN_ENOMEM;
  int32_t *placed = order + plan->buffer_count;
  int32_t count = sort_roots(plan, order);
  for (int32_t i = 0; i < count; i++) {
    cnn__buffer *buffer = &plan->buffers[order[i]];
    buffer->offset = first_fit(plan, placed, i, buffer);
    insert_by_offset(plan, placed, i, order[i]);
    int64_t end = buffer->offset + size_of(buffer);
    int64_t *total = buffer->local ? &plan->local_floats : &plan->arena_floats;
    *total = end > *total ? end : *total;
  }
  for (int32_t i = 0; i < plan->buffer_count; i++)
    plan->buffers[i].offset = plan->buffers[root_of(plan, i)].offset;
  cnn__free(plan->context, order);
  return CNN_OK;
}

/* ---- what layers keep beside their tensors ---- */

static size_t round_bytes(size_t bytes) { return (bytes + 63) / 64 * 64; }

static void place_layers(cnn__plan *plan) {
  int32_t keeps = cnn__plan_keeps(plan);
  for (int32_t i = 0; i < plan->layer_count; i++) {
    const cnn_layer *layer = plan->layers[i];
    size_t scratch = round_bytes(layer->scratch_bytes);
    plan->scratch_bytes = scratch > plan->scratch_bytes ? scratch : plan->scratch_bytes;
    plan->kept_offset[i] = plan->kept_bytes;
    plan->slot_offset[i] = plan->slot_floats;
    plan->sum_offset[i] = plan->sum_doubles;
    plan->state_offset[i] = plan->state_floats;
    if (!keeps || cnn__layer_infers(layer))
      continue;
    plan->kept_bytes += (int64_t)round_bytes((size_t)layer->kept_bytes);
    plan->slot_floats += cnn__layer_learns(layer) ? cnn__round_floats(layer->slot_floats) : 0;
    plan->sum_doubles += (layer->sum_doubles + 7) / 8 * 8;
    plan->state_floats += cnn__round_floats(layer->state_floats);
  }
}

/* The layer whose output a buffer holds, or the gradient of. */
static int32_t layer_of(const cnn__plan *plan, int32_t buffer) {
  int32_t layers = plan->layer_count;
  if (buffer > 3 * layers)
    return plan->edges[buffer - 3 * layers - 1].from;
  return buffer == 2 * layers ? layers - 1 : buffer < 2 * layers ? buffer % layers : buffer - 2 * layers - 1;
}

cnn_status cnn__plan_memory(cnn__plan *plan) {
  for (int32_t i = 0; i < plan->buffer_count; i++)
    plan->buffers[i] = (cnn__buffer){.floats = cnn__shape_count(&plan->layers[layer_of(plan, i)]->out), .first = -1,
                                     .last = -1, .first_op = -1, .last_op = -1, .alias = -1};
  make_aliases(plan);
  cnn__plan_turns(plan);
  find_lives(plan);
  place_layers(plan);
  return place(plan);
}
