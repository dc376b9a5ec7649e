/* run: executing a plan on one batch. It decides nothing: pointers are worked out from the plan's offsets, phases
 * called in its order, and which worker takes which shard changes no bit. */
#include "model/run.h"

#include "core/fp.h"
#include "core/random.h"
#include "model/pack.h"
#include "model/penalty.h"
#include "model/run_record.h"

#include <string.h>
#include <time.h>

/* ---- where things lie ---- */

static char *workspace(const cnn__run *run, int32_t worker) {
  return run->workspaces + (size_t)worker * run->workspace_bytes;
}

/* The first of the share's rows of a buffer; in the worker's own one those of a shard, or of a turn, stand at its start. */
static float *rows_of(const cnn__run *run, int32_t buffer, const cnn__share *s) {
  if (buffer < 0)
    return NULL;
  const cnn__buffer *b = &run->plan->buffers[buffer];
  if (b->local)
    return (float *)(void *)workspace(run, s->home) + b->offset + s->within % b->samples * b->floats;
  return run->arena + b->offset * run->capacity + s->first * b->floats;
}

/* Of layers that are still. */
static float *const no_gradients[CNN__MAX_WEIGHTS];

static cnn__work work_of(const cnn__run *run, const cnn__op *op, const cnn__share *s, int64_t part, int32_t worker) {
  const cnn__plan *plan = run->plan;
  const cnn_layer *layer = plan->layers[op->layer];
  const cnn__arrays *arrays = &run->model->arrays[plan->first_member[op->layer]];
  int64_t batch = run->feed->count, shard = s->shard, first = s->first;
  int32_t i = op->layer;
  int64_t pieces = run->op < 0 ? 1 : run->pieces, units = part * CNN__UNITS, units_end = units + CNN__UNITS;
  return (cnn__work){
      .k = run->k,
      .layer = layer,
      .training = plan->mode == CNN__MODE_TRAIN && !cnn__layer_infers(layer),
      .keeps = cnn__plan_keeps(plan),
      .activation = plan->taken == i ? CNN_ACTIVATION_LINEAR : layer->activation,
      .activation_parameter = layer->activation_parameter,
      .batch = batch,
      .shards = (batch - 1) / CNN__SHARD + 1,
      .shard = shard,
      .first = first,
      .count = op->units ? batch : s->count,
      .part = part,
      .parts = op->parts,
      .key = {run->key[0], run->key[1]},
      .pass = run->pass,
      .samples = run->feed->samples,
      .begin = op->units ? units : pieces > 1 ? op->parts * part / pieces : 0,
      .end = op->units ? (units_end < op->units ? units_end : op->units) : pieces > 1 ? op->parts * (part + 1) / pieces : 0,
      .x = rows_of(run, op->x, s),
      .y = rows_of(run, op->y, s),
      .dy = rows_of(run, op->dy, s),
      .dx = rows_of(run, op->dx, s),
      .kept = run->kept + plan->kept_offset[i] * run->capacity + first * layer->kept_bytes,
      .slots = run->slots + plan->slot_offset[i] * run->shards + shard * layer->slot_floats,
      .sums = run->sums + plan->sum_offset[i] * run->shards + shard * layer->sum_doubles,
      .state = run->state + plan->state_offset[i],
      .packs = arrays->packs,
      .weights = arrays->weights,
      .grads = plan->stills ? no_gradients : arrays->grads,
      .arrays = arrays,
      .scratch = workspace(run, worker) + run->local_bytes,
  };
}

/* The inputs of a layer that reads several, and their gradients. */
typedef struct ends {
  const float *xs[CNN__MAX_INPUTS];
  float *dxs[CNN__MAX_INPUTS];
} ends;

static void find_ends(const cnn__run *run, const cnn__op *op, cnn__work *work, const cnn__share *s, ends *e) {
  int32_t inputs = cnn__plan_inputs(run->plan, op->layer);
  if (inputs < 2)
    return;
  for (int32_t k = 0; k < inputs; k++) {
    const cnn__edge *edge = cnn__plan_edge(run->plan, op->layer, k);
    e->xs[k] = op->all_x ? rows_of(run, edge->from, s) : NULL;
    e->dxs[k] = op->all_dx ? rows_of(run, edge->dx, s) : NULL;
  }
  work->xs = e->xs;
  work->dxs = e->dxs;
}

/* ---- ops ---- */

static void output(const cnn__run *run, const cnn__op *op, const cnn__share *s) {
  int64_t columns = run->plan->buffers[op->x].floats;
  const float *rows = rows_of(run, op->x, s);
  if (run->outputs && rows) /* both are there for every plan with such an op */
    memcpy(run->outputs[op->output].values + (run->row + s->first) * columns, rows,
           (size_t)(s->count * columns) * sizeof(float));
}

static void join(const cnn__run *run, const cnn__op *op, const cnn__share *s) {
  float *sum = rows_of(run, op->dx, s);
  run->k->add(s->count * run->plan->buffers[op->dx].floats, sum, rows_of(run, op->dy, s), sum);
}

/* Of a late part that an update follows, what that touches. */
static cnn__soon soon_of(const cnn__run *run, const cnn__op *op, int64_t part) {
  int32_t follows = op->phase->late && op->first >= 0 && run->updating;
  int64_t chunk = follows ? run->plan->tails[op->first + part].chunk : -1;
  return chunk < 0 ? (cnn__soon){.floats = 0} : cnn__run_soon(run, chunk);
}

/* part: of UPDATE the chunk; of a shard in pieces the piece. */
static void execute(const cnn__run *run, const cnn__op *op, const cnn__share *s, int64_t part, int32_t worker) {
  if (op->kind == CNN__OP_LAYER) {
    ends e;
    cnn__work work = work_of(run, op, s, part, worker);
    find_ends(run, op, &work, s, &e);
    work.soon = soon_of(run, op, part);
    op->phase->run(&work);
  } else if (op->kind == CNN__OP_FEED) {
    run->feed->fill(run->feed->user, s->first, s->count, rows_of(run, op->y, s));
  } else if (op->kind == CNN__OP_LOSS) {
    cnn__run_objective(run, s->first, s->count, rows_of(run, op->x, s), rows_of(run, op->y, s), rows_of(run, op->dx, s));
  } else if (op->kind == CNN__OP_JOIN) {
    join(run, op, s);
  } else if (op->kind == CNN__OP_OUTPUT) {
    output(run, op, s);
  } else if (op->kind == CNN__OP_CHOOSE) {
    cnn__run_choose(run, s->first, rows_of(run, op->x, s), rows_of(run, op->dx, s));
  } else if (op->kind == CNN__OP_PACK) {
    cnn__pack_part(run->model, run->k, op->layer, op->phase, part, op->parts);
  } else {
    cnn__run_update(run, op->stage, part);
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void step(cnn__run *run, int32_t op, const cnn__share *s, int64_t part, int32_t worker) {
  double start = run->measuring ? now() : 0;
  execute(run, &run->plan->ops[op], s, part, worker);
  if (run->measuring)
    run->seconds[worker * run->plan->op_count + op] += now() - start;
}

/* ---- segments ---- */

static void shard_item(cnn__run *run, int64_t item, int32_t worker) {
  int64_t within = 0;
  int32_t op = run->segment->first;
  cnn__share s = {.shard = item, .home = worker};
  do
    if (cnn__run_share(run, op, within, &s))
      step(run, op, &s, 0, worker);
  while (cnn__run_turn(run, &op, &within));
}

/* Matrices that a BLAS has packed cannot be read by columns. */
static int32_t goes_in_pieces(const cnn__run *run, const cnn__segment *segment, int64_t shards) {
  if (segment->domain != CNN__SHARDS || shards >= run->workers || !run->splits)
    return 0;
  for (int32_t i = segment->first; i < segment->first + segment->count; i++)
    if (run->plan->ops[i].parts > 1)
      return 1;
  return 0;
}

static void part(cnn__run *run, int32_t op, int64_t number, int32_t worker) {
  cnn__share s = {.count = run->feed->count < CNN__SHARD ? run->feed->count : CNN__SHARD, .home = worker};
  step(run, op, &s, number, worker);
}

static void tail_of(cnn__run *run, const cnn__tail *tail, int32_t worker) {
  const cnn__plan *plan = run->plan;
  if (tail->chunk >= 0)
    part(run, plan->update, tail->chunk, worker);
  for (const cnn__link *link = plan->links + tail->first, *end = link + tail->count; link < end; link++)
    part(run, link->op, link->part, worker);
}

static void part_of(cnn__run *run, const cnn__segment *segment, int64_t item, int32_t worker) {
  int32_t i = segment->first;
  while (item >= run->plan->ops[i].parts)
    item -= run->plan->ops[i++].parts;
  const cnn__op *op = &run->plan->ops[i];
  int32_t updates = op->kind == CNN__OP_UPDATE;
  if (updates && !run->updating)
    return;
  part(run, i, updates ? op->first + item : item, worker);
  if (!updates && op->first >= 0 && run->updating)
    tail_of(run, &run->plan->tails[op->first + item], worker);
}

/* The next part of the late segment, where the segment at hand allows it. */
static int32_t fill_in(void *user, int32_t worker) {
  cnn__run *run = user;
  int64_t part = atomic_load_explicit(&run->late_done, memory_order_relaxed);
  do
    if (part >= run->segment->fill)
      return 0;
  while (!atomic_compare_exchange_weak_explicit(&run->late_done, &part, part + 1, memory_order_relaxed,
                                                memory_order_relaxed));
  part_of(run, &run->plan->segments[run->plan->late], part, worker);
  return 1;
}

/* ---- the row of stages: segments, or in pieces the ops of one ---- */

static void piece(cnn__run *run, int64_t shard, int64_t number, int32_t worker) {
  cnn__share s = {.shard = shard, .home = (int32_t)shard};
  if (cnn__run_share(run, run->op, run->within, &s))
    step(run, run->op, &s, number, worker);
}

static void item_of(void *user, int64_t item, int32_t worker) {
  cnn__run *run = user;
  if (run->op >= 0)
    piece(run, item / run->pieces, item % run->pieces, worker);
  else if (run->segment->domain == CNN__SHARDS)
    shard_item(run, item, worker);
  else
    part_of(run, run->segment, run->first_part + item, worker);
}

/* An op of a segment that runs op by op, each shard in pieces. */
static int64_t open_op(cnn__run *run) {
  int64_t shards = run->items, units = run->plan->ops[run->op].parts;
  int64_t wanted = (run->workers - 1) / shards + 1; /* NOLINT(clang-analyzer-core.DivideZero): a batch has rows */
  run->pieces = units < wanted ? units : wanted;
  return shards * run->pieces;
}

/* The next of them; 0 after the last, and in segments that do not. */
static int64_t next_op(cnn__run *run) {
  if (run->op >= 0 && cnn__run_turn(run, &run->op, &run->within))
    return open_op(run);
  run->op = -1;
  return 0;
}

/* Of weights that have changed: nothing to do where they stay. */
static int32_t follows_update(const cnn__op *op) {
  return op->kind == CNN__OP_PACK || (op->kind == CNN__OP_UPDATE && !op->beside);
}

static int64_t open_segment(cnn__run *run) {
  const cnn__segment *segment = run->segment;
  run->first_part = run->at == run->plan->late ? atomic_load_explicit(&run->late_done, memory_order_relaxed) : 0;
  if (segment->domain == CNN__PARTS)
    return segment->items - run->first_part;
  if (!goes_in_pieces(run, segment, run->items))
    return run->items;
  run->op = segment->first;
  run->within = 0;
  return open_op(run);
}

static void note_span(cnn__run *run) {
  double time = now();
  if (run->at >= 0)
    run->spans[run->at] += time - run->opened;
  run->opened = time;
}

static int64_t next_stage(void *user, int32_t worker, int32_t *back) {
  (void)worker;
  cnn__run *run = user;
  const cnn__plan *plan = run->plan;
  int64_t items = next_op(run);
  while (!items) {
    if (run->measuring)
      note_span(run);
    do
      if (++run->at == plan->segment_count)
        return 0;
    while (follows_update(&plan->ops[plan->segments[run->at].first]) && !run->updating);
    run->segment = &plan->segments[run->at];
    items = open_segment(run);
    *back = run->segment->back;
  }
  return items;
}

static void run_segments(cnn__run *run) {
  static const cnn__stages stages = {next_stage, item_of, fill_in};
  atomic_store_explicit(&run->late_done, 0, memory_order_relaxed);
  run->at = -1;
  cnn__pool_run_stages(run->context->pool, &stages, run);
}

/* One batch from the first segment to the last, under the floating-point environment that the numbers are defined in.
 * The update happens where trained is not NULL. */
static void run_batch(cnn__run *run, const cnn_model *model, cnn_model *trained, const cnn__feed *feed, uint32_t pass) {
  cnn__fp saved = cnn__fp_enter();
  cnn__model_pack(model);
  run->model = model;
  run->feed = feed;
  run->pass = pass;
  cnn__key(run->key, model->seed);
  run->updating = trained != NULL;
  run->items = cnn__run_items(run);
  cnn__run_goal(run);
  if (trained)
    cnn__update_begin(trained->optimizer, trained->iterations, cnn__model_rate(trained), &run->update);
  run_segments(run);
  cnn__fp_leave(saved);
}

/* ---- the kinds of run ---- */

void cnn__run_train(cnn__run *run, cnn_model *model, const cnn__feed *feed, uint32_t pass) {
  run_batch(run, model, model, feed, pass);
  run->penalty = run->penalties ? cnn__penalty_sum(run->k, run->plan->chunk_count, run->penalties) : 0;
  model->iterations++;
  cnn__model_touch(model);
  cnn__model_packed(model);
}

void cnn__run_gradients(cnn__run *run, cnn_model *model, const cnn__feed *feed, uint32_t pass) {
  run_batch(run, model, NULL, feed, pass);
  cnn__model_touch(model); /* moving statistics have moved */
}

/* Weights that stay between batches are looked at once. */
static void penalize(cnn__run *run, const cnn_model *model) {
  if (run->penalty_version == model->weights_version + 1)
    return;
  cnn__fp saved = cnn__fp_enter();
  run->penalty = cnn__model_penalty(model, run->k);
  run->penalty_version = model->weights_version + 1;
  cnn__fp_leave(saved);
}

void cnn__run_test(cnn__run *run, const cnn_model *model, const cnn__feed *feed) {
  run_batch(run, model, NULL, feed, 0);
  penalize(run, model);
}

void cnn__run_inspect(cnn__run *run, const cnn_model *model, const cnn__feed *feed, const cnn__output *outputs, int64_t row) {
  run->outputs = outputs;
  run->row = row;
  run_batch(run, model, NULL, feed, 0);
  run->outputs = NULL;
}

void cnn__run_predict(cnn__run *run, const cnn_model *model, const cnn__feed *feed, float *outputs) {
  const cnn__output output = {.values = outputs};
  cnn__run_inspect(run, model, feed, &output, 0);
}

/* ---- what it leaves ---- */

const double *cnn__run_losses(const cnn__run *run) { return run->losses; }

double cnn__run_penalty(const cnn__run *run) { return run->penalty; }

const double *cnn__run_metric(const cnn__run *run, int32_t metric) { return run->metrics + metric * run->capacity; }

void cnn__run_profile(cnn__run *run, int32_t enable) {
  size_t times = (size_t)run->workers * (size_t)run->plan->op_count + (size_t)run->plan->segment_count;
  memset(run->seconds, 0, times * sizeof *run->seconds);
  run->measuring = enable;
}

const double *cnn__run_profile_seconds(const cnn__run *run) {
  int32_t count = run->plan->op_count;
  for (int32_t worker = 1; worker < run->workers; worker++)
    for (int32_t op = 0; op < count; op++) {
      run->seconds[op] += run->seconds[worker * count + op];
      run->seconds[worker * count + op] = 0;
    }
  return run->seconds;
}

const double *cnn__run_profile_spans(const cnn__run *run) { return run->spans; }
