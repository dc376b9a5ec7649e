/* source_plan: see source_plan.h. */
#include "companion/export/source_plan.h"

#include <stdlib.h>

#define MOST (((int64_t)1 << 29) - 1) /* floats whose bytes a 32-bit number counts */

typedef struct planner {
  const cnn__walk *walk;
  cnn__source_plan *plan;
} planner;

int32_t cnn__source_used(const cnn__walk *walk, int32_t op) { return walk->ops[op].readers > 0 || op == walk->output; }

/* ---- what runs together ---- */

static int32_t works_in_place(const cnn__op *op) { return op->kind == CNN__OP_AFFINE || op->kind == CNN__OP_ACTIVATION; }

/* The convolution that the pool reads, through nothing but operations in place, none of which anyone else reads; -1: none. */
static int32_t head_of(const cnn__walk *walk, int32_t pool) {
  const cnn__op *ops = walk->ops, *op = &ops[pool];
  if ((op->kind != CNN__OP_MAX_POOL && op->kind != CNN__OP_AVERAGE_POOL) || op->strides[0] < op->size[0])
    return -1;
  int32_t at = op->inputs[0];
  for (int32_t i = 0; i < CNN__SOURCE_CHAIN && works_in_place(&ops[at]) && ops[at].readers == 1; i++)
    at = ops[at].inputs[0];
  return ops[at].kind == CNN__OP_CONV && ops[at].readers == 1 ? at : -1;
}

static void join(const planner *p) {
  cnn__source_place *places = p->plan->places;
  for (int32_t i = 0; i < p->walk->count; i++)
    places[i] = (cnn__source_place){-1, -1, -1};
  for (int32_t i = 0; i < p->walk->count; i++) {
    places[i].head = cnn__source_used(p->walk, i) ? head_of(p->walk, i) : -1;
    for (int32_t at = p->walk->ops[i].inputs[0]; places[i].head >= 0; at = p->walk->ops[at].inputs[0]) {
      places[at].pool = i;
      if (at == places[i].head)
        break;
    }
  }
}

/* ---- buffers ---- */

/* When an operation runs: where the pool stands that it runs within. */
static int32_t when(const planner *p, int32_t op) {
  return p->plan->places[op].pool >= 0 ? p->plan->places[op].pool : op;
}

/* Does anything that runs after `op` read the buffer as it is before `op`? */
static int32_t read_later(const planner *p, int32_t buffer, int32_t op) {
  for (int32_t i = 0; i < p->walk->count; i++)
    for (int32_t k = 0; k < p->walk->ops[i].input_count; k++) {
      int32_t from = p->walk->ops[i].inputs[k];
      if (from < op && p->plan->places[from].buffer == buffer && i != op && cnn__source_used(p->walk, i) && when(p, i) > when(p, op))
        return 1;
    }
  return 0;
}

/* May the output lie where the first input does? */
static int32_t fits_in_place(const planner *p, int32_t i) {
  const cnn__op *op = &p->walk->ops[i];
  const int32_t buffer = op->input_count ? p->plan->places[op->inputs[0]].buffer : -1;
  if (op->kind == CNN__OP_FLATTEN)
    return 1;
  if (!(works_in_place(op) || op->kind == CNN__OP_ADD) || p->plan->buffers[buffer].offset == CNN__SOURCE_INPUT || read_later(p, buffer, i))
    return 0;
  for (int32_t k = 2; k < op->input_count; k++) /* the sum of the first two has replaced it by then */
    if (p->plan->places[op->inputs[k]].buffer == buffer)
      return 0;
  return 1;
}

/* Floats of an operation's own buffer: of a convolution within a pool the rows of one window. */
static int64_t floats_of(const planner *p, int32_t i) {
  const cnn__op *op = &p->walk->ops[i];
  const int32_t pool = p->plan->places[i].pool;
  if (pool < 0)
    return op->count;
  const int64_t rows = p->walk->ops[pool].size[0];
  return op->count / op->shape[0] * (rows < op->shape[0] ? rows : op->shape[0]);
}

static void place(const planner *p, int32_t i) {
  cnn__source_plan *plan = p->plan;
  const cnn__op *op = &p->walk->ops[i];
  cnn__source_place *at = &plan->places[i];
  if (fits_in_place(p, i)) {
    at->buffer = plan->places[op->inputs[0]].buffer;
  } else {
    at->buffer = plan->buffer_count++;
    plan->buffers[at->buffer] = (cnn__source_buffer){floats_of(p, i), op->kind == CNN__OP_INPUT ? CNN__SOURCE_INPUT : 0, when(p, i), when(p, i)};
  }
  for (int32_t k = 0; k < op->input_count; k++) {
    cnn__source_buffer *read = &plan->buffers[plan->places[op->inputs[k]].buffer];
    if (read->last < when(p, i))
      read->last = when(p, i);
  }
}

/* ---- offsets ---- */

static int32_t in_memory(const cnn__source_buffer *buffer) { return buffer->offset >= 0; }

/* The lowest offset at which the buffer meets none of those that are placed already and in use at the same time. */
static int64_t lowest(const cnn__source_plan *plan, const cnn__source_buffer *buffer, const int32_t *placed) {
  int64_t offset = 0;
  for (int32_t again = 1; again;) {
    again = 0;
    for (int32_t i = 0; i < plan->buffer_count; i++) {
      const cnn__source_buffer *other = &plan->buffers[i];
      if (placed[i] && other->first <= buffer->last && buffer->first <= other->last && other->offset < offset + buffer->floats &&
          offset < other->offset + other->floats) {
        offset = other->offset + other->floats;
        again = 1;
      }
    }
  }
  return offset;
}

/* The largest first. */
static cnn_status lay_out(cnn__source_plan *plan) {
  int32_t *placed = calloc((size_t)plan->buffer_count, sizeof *placed);
  if (!placed)
    return cnn_error_set(CNN_ENOMEM, "no memory for the plan of %d buffers", (int)plan->buffer_count);
  for (;;) {
    int32_t next = -1;
    for (int32_t i = 0; i < plan->buffer_count; i++)
      if (in_memory(&plan->buffers[i]) && !placed[i] && (next < 0 || plan->buffers[i].floats > plan->buffers[next].floats))
        next = i;
    if (next < 0)
      break;
    cnn__source_buffer *buffer = &plan->buffers[next];
    buffer->offset = lowest(plan, buffer, placed);
    placed[next] = 1;
    if (plan->work < buffer->offset + buffer->floats)
      plan->work = buffer->offset + buffer->floats;
  }
  free(placed);
  return CNN_OK;
}

/* ---- the whole ---- */

static cnn_status check(const cnn__walk *walk) {
  for (int32_t i = 0; i < walk->count; i++) {
    const cnn__op *op = &walk->ops[i];
    const int64_t kernel = op->kernel ? cnn_tensor_count(op->kernel) : 0;
    if (op->count > MOST || kernel > MOST)
      return cnn_error_set(CNN_EUNSUPPORTED, "C source: layer '%s' has %lld values and a kernel of %lld; %lld of each are the most", op->name,
                           (long long)op->count, (long long)kernel, (long long)MOST);
  }
  return CNN_OK;
}

cnn_status cnn__source_plan_new(cnn__source_plan *out, const cnn__walk *walk) {
  const size_t count = (size_t)walk->count;
  *out = (cnn__source_plan){.places = malloc(count * sizeof *out->places), .buffers = malloc(count * sizeof *out->buffers)};
  const planner p = {walk, out};
  cnn_status status = check(walk);
  if (status == CNN_OK && (!out->places || !out->buffers))
    status = cnn_error_set(CNN_ENOMEM, "no memory for the plan of %zu operations", count);
  if (status == CNN_OK) {
    join(&p);
    for (int32_t i = 0; i < walk->count; i++)
      if (cnn__source_used(walk, i) || walk->ops[i].kind == CNN__OP_INPUT)
        place(&p, i);
    cnn__source_buffer *last = &out->buffers[out->places[walk->output].buffer];
    if (in_memory(last))
      last->offset = CNN__SOURCE_OUTPUT;
    status = lay_out(out);
  }
  if (status == CNN_OK && out->work > MOST)
    status = cnn_error_set(CNN_EUNSUPPORTED, "C source: model '%s' needs %lld values of working memory, %lld are the most", walk->name,
                           (long long)out->work, (long long)MOST);
  if (status < 0)
    cnn__source_plan_free(out);
  return status;
}

void cnn__source_plan_free(cnn__source_plan *plan) {
  free(plan->places);
  free(plan->buffers);
  *plan = (cnn__source_plan){0};
}
