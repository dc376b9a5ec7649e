/* plan_update: the end of a training step. A late part that completes the gradient of some elements of a weight is
 * followed at once, on the same worker, by their update and by the packs that are made of just these elements, while
 * all of it is in cache. What no late part completes is updated beside the late parts where its gradient is older, or
 * after them; packs that read more than one part made stand last. */
#include "core/memory.h"
#include "model/model_internal.h"
#include "model/plan.h"

#define UPDATE_CHUNK 16384 /* elements of a weight array that one item updates */

/* When a weight is updated: after the late part that completes its gradient, beside the late parts, or after them. */
enum { WITHIN, BESIDE, AFTER };

/* A pack phase of the model, and how many of its parts, from the first on, the late parts at hand have made possible. */
typedef struct packer {
  int32_t layer; /* of the model */
  const cnn__phase *phase;
  int64_t parts, ready;
  int32_t op; /* -1: it stands last */
} packer;

typedef struct maker {
  cnn__plan *plan;
  const cnn_model *model;
  int32_t *first_parameter; /* of each layer of the model */
  int32_t *first_packer;    /* likewise, and one more at the end */
  int32_t *when;            /* of each parameter */
  int64_t *covered;         /* of each parameter, elements that late parts complete */
  packer *packers;
  int64_t tails, links;
} maker;

static const cnn__phase *pack_phases(const cnn_layer *layer) {
  static const cnn__phase none[] = {{0}};
  const cnn__phase *phases = layer->type->phases[CNN__PHASE_PACK];
  return phases && !layer->frozen ? phases : none; /* of a frozen layer the packs stay as they are */
}

static int32_t is_late(const cnn__op *op) { return op->kind == CNN__OP_LAYER && op->phase->late; }

/* The layers of the model that layer `layer` of the plan stands for. */
static int32_t members_of(const cnn__plan *plan, int32_t layer) {
  int32_t count = plan->layers[layer]->member_count;
  return count ? count : 1;
}

static int32_t parameter_of(const maker *make, int32_t layer, const cnn__span *span) {
  return make->first_parameter[make->plan->first_member[layer] + span->member] + span->weight;
}

int32_t cnn__plan_end_ops(const cnn_model *model) {
  int32_t count = 7;
  for (int32_t i = 0; i < model->layer_count; i++)
    for (const cnn__phase *phase = pack_phases(model->layers[i]); phase->run; phase++)
      count++;
  return count;
}

/* ---- the table of what is there ---- */

static cnn_status open_tables(maker *make) {
  cnn_context *context = make->model->context;
  size_t layers = (size_t)make->model->layer_count, parameters = (size_t)make->model->parameter_count;
  make->covered = cnn__alloc_zero(context, parameters * sizeof *make->covered, "tables of a plan");
  make->first_parameter = cnn__alloc_zero(context, (2 * layers + 1 + parameters) * sizeof(int32_t), "tables of a plan");
  make->packers = cnn__alloc_zero(context, (size_t)cnn__plan_end_ops(make->model) * sizeof *make->packers,
                                  "tables of a plan");
  if (!make->covered || !make->first_parameter || !make->packers)
    return CNN_ENOMEM;
  make->first_packer = make->first_parameter + layers;
  make->when = make->first_packer + layers + 1;
  return CNN_OK;
}

static void close_tables(const maker *make) {
  cnn__free(make->model->context, make->covered);
  cnn__free(make->model->context, make->first_parameter);
  cnn__free(make->model->context, make->packers);
}

static void fill_tables(maker *make) {
  int32_t parameters = 0, packers = 0;
  for (int32_t i = 0; i < make->model->layer_count; i++) {
    const cnn_layer *layer = make->model->layers[i];
    make->first_parameter[i] = parameters;
    make->first_packer[i] = packers;
    parameters += layer->weight_count;
    for (const cnn__phase *phase = pack_phases(layer); phase->run; phase++)
      make->packers[packers++] = (packer){i, phase, phase->parts ? phase->parts(layer) : 1, 0, -1};
  }
  make->first_packer[make->model->layer_count] = packers;
}

/* ---- when each weight is updated ---- */

static void cover(maker *make, const cnn__op *op) {
  for (int64_t part = 0; part < op->parts; part++) {
    cnn__span span = op->phase->span(make->plan->layers[op->layer], part);
    if (span.count)
      make->covered[parameter_of(make, op->layer, &span)] += span.count;
  }
}

/* A late phase that does not say what it completes may complete any weight of its layer. */
static void decide(maker *make, int32_t whole) {
  const cnn__plan *plan = make->plan;
  for (int32_t i = 0; i < make->model->parameter_count; i++)
    make->when[i] = whole ? AFTER : BESIDE;
  for (int32_t i = 0; i < plan->op_count && !whole; i++) {
    const cnn__op *op = &plan->ops[i];
    if (is_late(op) && op->phase->span)
      cover(make, op);
  }
  for (int32_t i = 0; i < plan->op_count && !whole; i++) {
    const cnn__op *op = &plan->ops[i];
    if (!is_late(op))
      continue;
    int32_t first = plan->first_member[op->layer], last = first + members_of(plan, op->layer) - 1;
    int32_t end = make->first_parameter[last] + make->model->layers[last]->weight_count;
    for (int32_t p = make->first_parameter[first]; p < end; p++)
      if (make->covered[p] == cnn__model_weight(make->model, p)->count)
        make->when[p] = WITHIN;
      else if (!op->phase->span || make->covered[p])
        make->when[p] = AFTER;
  }
}

/* ---- packs that late parts can make ---- */

static int32_t holds(const cnn__span *outer, const cnn__span *inner) {
  return outer->weight == inner->weight && inner->first >= outer->first &&
         inner->first + inner->count <= outer->first + outer->count;
}

/* From `p` on, the parts that read nothing but `span`; where `tail` is given they become its links. */
static void make_ready(maker *make, packer *p, const cnn__span *span, cnn__tail *tail) {
  if (!p->phase->span || (tail && p->op < 0))
    return;
  for (; p->ready < p->parts; p->ready++) {
    cnn__span needed = p->phase->span(make->model->layers[p->layer], p->ready);
    if (!holds(span, &needed))
      return;
    if (tail) {
      make->plan->links[make->links++] = (cnn__link){p->op, p->ready};
      tail->count++;
    }
  }
}

/* All packers of the layer that `span` is of. */
static void each_ready(maker *make, int32_t layer, const cnn__span *span, cnn__tail *tail) {
  int32_t member = make->plan->first_member[layer] + span->member;
  for (int32_t i = make->first_packer[member]; i < make->first_packer[member + 1]; i++)
    make_ready(make, &make->packers[i], span, tail);
}

static void reset(maker *make) {
  for (int32_t i = 0; i < make->first_packer[make->model->layer_count]; i++)
    make->packers[i].ready = 0;
}

/* Packers whose parts all follow the parts of one late phase get their op, which stands in no segment. */
static void attach_packers(maker *make) {
  cnn__plan *plan = make->plan;
  int32_t count = make->first_packer[make->model->layer_count], detached = 0;
  for (int32_t i = 0; i < plan->op_count; i++) {
    const cnn__op *op = &plan->ops[i];
    if (!is_late(op) || !op->phase->span)
      continue;
    make->tails += op->parts;
    reset(make);
    for (int64_t part = 0; part < op->parts; part++) {
      cnn__span span = op->phase->span(plan->layers[op->layer], part);
      if (span.count && make->when[parameter_of(make, op->layer, &span)] == WITHIN)
        each_ready(make, op->layer, &span, NULL);
    }
    for (int32_t p = 0; p < count; p++)
      if (make->packers[p].ready == make->packers[p].parts && make->packers[p].op < 0) {
        make->packers[p].op = detached++;
        make->links += make->packers[p].parts;
      }
  }
}

/* ---- ops and chunks ---- */

static int64_t chunks_of(const maker *make, int32_t parameter, int32_t when) {
  const cnn__weight *weight = cnn__model_weight(make->model, parameter);
  return weight->trainable && make->when[parameter] == when ? (weight->count - 1) / UPDATE_CHUNK + 1 : 0;
}

static int64_t all_chunks(const maker *make, int32_t when) {
  int64_t count = 0;
  for (int32_t i = 0; i < make->model->parameter_count; i++)
    count += chunks_of(make, i, when);
  return count;
}

static cnn__op *add(cnn__plan *plan, int32_t kind, int32_t layer, int64_t parts) {
  cnn__op *op = &plan->ops[plan->op_count++];
  *op = (cnn__op){.kind = kind, .layer = layer, .parts = parts, .x = -1, .y = -1, .dy = -1, .dx = -1, .first = -1};
  return op;
}

static void add_chunks(maker *make, int32_t when) {
  cnn__plan *plan = make->plan;
  for (int32_t i = 0; i < make->model->parameter_count; i++)
    for (int64_t c = 0; c < chunks_of(make, i, when); c++) {
      int64_t first = c * UPDATE_CHUNK, left = cnn__model_weight(make->model, i)->count - first;
      plan->chunks[plan->chunk_count++] = (cnn__chunk){i, first, left < UPDATE_CHUNK ? left : UPDATE_CHUNK};
    }
}

static void add_update(maker *make, int32_t when) {
  int64_t first = make->plan->chunk_count, count = all_chunks(make, when);
  if (!count)
    return;
  cnn__op *op = add(make->plan, CNN__OP_UPDATE, -1, count);
  op->beside = when == BESIDE;
  op->first = first;
  add_chunks(make, when);
}

/* Of an optimizer that needs norms: its stages one after the other, over the same chunks. */
static void add_stages(maker *make, int32_t whole) {
  static const int32_t stages[][6] = {
      [CNN__WHOLE_GRADIENTS] = {CNN__STAGE_GATHER, CNN__STAGE_NORMS, CNN__STAGE_CHANGE},
      [CNN__WHOLE_DIRECTIONS] = {CNN__STAGE_GATHER, CNN__STAGE_NORMS, CNN__STAGE_DIRECT, CNN__STAGE_RATIOS,
                                 CNN__STAGE_MOVE}};
  int64_t first = make->plan->chunk_count, count = all_chunks(make, AFTER);
  for (const int32_t *stage = stages[whole]; *stage && count; stage++) {
    int32_t joins = *stage == CNN__STAGE_NORMS || *stage == CNN__STAGE_RATIOS;
    cnn__op *op = add(make->plan, CNN__OP_UPDATE, -1, joins ? 1 : count);
    op->stage = *stage;
    op->first = first;
  }
  add_chunks(make, AFTER);
}

static void add_packers(maker *make, int32_t attached) {
  for (int32_t i = 0; i < make->first_packer[make->model->layer_count]; i++) {
    packer *p = &make->packers[i];
    if ((p->op >= 0) != attached)
      continue;
    cnn__op *op = add(make->plan, CNN__OP_PACK, p->layer, p->parts);
    op->list = CNN__PHASE_PACK;
    op->phase = p->phase;
    if (attached)
      p->op = make->plan->op_count - 1;
  }
}

/* What each part of the late op `op` is followed by. */
static void add_tails(maker *make, cnn__op *op) {
  cnn__plan *plan = make->plan;
  op->first = make->tails;
  reset(make);
  for (int64_t part = 0; part < op->parts; part++) {
    cnn__tail *tail = &plan->tails[make->tails++];
    cnn__span span = op->phase->span(plan->layers[op->layer], part);
    int32_t parameter = span.count ? parameter_of(make, op->layer, &span) : -1;
    *tail = (cnn__tail){.chunk = -1, .first = make->links};
    if (parameter < 0 || make->when[parameter] != WITHIN)
      continue;
    tail->chunk = plan->chunk_count;
    plan->chunks[plan->chunk_count++] = (cnn__chunk){parameter, span.first, span.count};
    each_ready(make, op->layer, &span, tail);
  }
}

static cnn_status allocate(maker *make) {
  cnn_context *context = make->model->context;
  cnn__plan *plan = make->plan;
  size_t chunks = (size_t)(all_chunks(make, BESIDE) + all_chunks(make, AFTER) + make->tails);
  plan->chunks = cnn__alloc(context, chunks * sizeof *plan->chunks, "pieces of the update");
  plan->tails = cnn__alloc(context, (size_t)make->tails * sizeof *plan->tails, "pieces of the update");
  plan->links = cnn__alloc(context, (size_t)make->links * sizeof *plan->links, "pieces of the update");
  return plan->chunks && plan->tails && plan->links ? CNN_OK : CNN_ENOMEM;
}

static cnn_status make_end(maker *make, int32_t whole) {
  cnn__plan *plan = make->plan;
  int32_t late_end = plan->op_count;
  plan->whole = whole;
  fill_tables(make);
  decide(make, whole);
  attach_packers(make);
  CNN__TRY(allocate(make));
  if (whole) {
    add_stages(make, whole);
  } else {
    add_update(make, BESIDE);
    add_update(make, AFTER);
  }
  add_packers(make, 0);
  plan->scheduled = plan->op_count;
  plan->update = plan->op_count;
  add(plan, CNN__OP_UPDATE, -1, 0);
  add_packers(make, 1);
  make->tails = make->links = 0;
  for (int32_t i = 0; i < late_end; i++)
    if (is_late(&plan->ops[i]) && plan->ops[i].phase->span)
      add_tails(make, &plan->ops[i]);
  return CNN_OK;
}

cnn_status cnn__plan_end(cnn__plan *plan, const cnn_model *model, int32_t whole) {
  maker make = {.plan = plan, .model = model};
  cnn_status status = open_tables(&make);
  if (status >= 0)
    status = make_end(&make, whole);
  close_tables(&make);
  return status;
}

/* ---- late phases as filling ---- */

/* The last segment in which the op's layer does anything else: from there on nobody reads its weights, and what its
 * late phase reads is complete. */
static int32_t ready_after(const cnn__plan *plan, const cnn__op *late) {
  int32_t last = -1;
  for (int32_t s = 0; s < plan->segment_count; s++)
    for (int32_t i = plan->segments[s].first; i < plan->segments[s].first + plan->segments[s].count; i++) {
      const cnn__op *op = &plan->ops[i];
      if (op->kind == CNN__OP_LAYER && op->layer == late->layer && !op->phase->late)
        last = s;
    }
  return last;
}

void cnn__plan_fill(cnn__plan *plan) {
  plan->late = -1;
  for (int32_t s = 0; s < plan->segment_count; s++)
    if (is_late(&plan->ops[plan->segments[s].first]))
      plan->late = s;
  if (plan->late < 0)
    return;
  const cnn__segment *late = &plan->segments[plan->late];
  int32_t from = 0;
  for (int32_t i = late->first; i < late->first + late->count && is_late(&plan->ops[i]); i++) {
    int32_t ready = ready_after(plan, &plan->ops[i]) + 1;
    from = ready > from ? ready : from;
    for (int32_t s = from; s < plan->late; s++)
      plan->segments[s].fill += plan->ops[i].parts;
  }
}
