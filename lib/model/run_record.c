/* run_record: making and freeing the memory of a run. The only place of a run that allocates. */
#include "model/run_record.h"

#include "core/cpu.h"
#include "core/memory.h"
#include "model/penalty.h"

/* Sizes of the blocks in bytes, checked: capacities come from the caller. */
typedef struct sizes {
  int64_t arena, kept, slots, sums, state, rows, workspaces, squares, norms, penalties, seconds;
} sizes;

static int32_t times(int64_t a, int64_t b, size_t unit, int64_t *out) {
  return cnn__mul(a, b, out) || cnn__mul(*out, (int64_t)unit, out);
}

static cnn_status measure(const cnn__run *run, int64_t norms, sizes *bytes) {
  const cnn__plan *plan = run->plan;
  if (times(plan->arena_floats, run->capacity, sizeof(float), &bytes->arena) ||
      times(plan->kept_bytes, run->capacity, 1, &bytes->kept) ||
      times(plan->slot_floats, run->shards, sizeof(float), &bytes->slots) ||
      times(plan->sum_doubles, run->shards, sizeof(double), &bytes->sums) ||
      times(plan->state_floats, 1, sizeof(float), &bytes->state) ||
      times(2 + run->metric_count + (plan->positions + 2) / 2, run->capacity, sizeof(double), &bytes->rows) ||
      times((int64_t)run->workspace_bytes, run->workers, 1, &bytes->workspaces) ||
      times(norms ? plan->chunk_count + norms : 0, 1, sizeof(cnn__squares), &bytes->squares) ||
      times(norms, 1, sizeof(float), &bytes->norms) ||
      times(plan->chunk_count, 1, sizeof(double), &bytes->penalties) ||
      times(plan->op_count, run->workers + 1, sizeof(double), &bytes->seconds)) /* segments are no more than ops */
    return cnn__fail(CNN_ENOMEM, "a run of %lld rows needs more memory than there are addresses",
                     (long long)run->capacity);
  return CNN_OK;
}

static cnn_status allocate(cnn__run *run, int64_t norms, int32_t penalized) {
  sizes bytes;
  cnn_context *context = run->context;
  run->local_bytes = (size_t)run->plan->local_floats * sizeof(float);
  run->workspace_bytes = run->local_bytes + run->plan->scratch_bytes;
  CNN__TRY(measure(run, norms, &bytes));
  run->arena = cnn__alloc(context, (size_t)bytes.arena, "tensors of a run");
  run->kept = cnn__alloc(context, (size_t)bytes.kept, "what forward keeps for backward");
  run->slots = cnn__alloc(context, (size_t)bytes.slots, "gradients of micro-shards");
  run->sums = cnn__alloc(context, (size_t)bytes.sums, "sums of micro-shards");
  run->state = cnn__alloc(context, (size_t)bytes.state, "state of a run");
  run->losses = cnn__alloc_zero(context, (size_t)bytes.rows, "losses and metrics of rows");
  run->workspaces = cnn__alloc(context, (size_t)bytes.workspaces, "workspaces of threads");
  run->squares = cnn__alloc(context, (size_t)bytes.squares, "squares of gradients");
  run->norms = cnn__alloc(context, (size_t)bytes.norms, "norms of gradients");
  if (penalized)
    run->penalties = cnn__alloc_zero(context, (size_t)bytes.penalties, "penalties of weights");
  run->seconds = cnn__alloc_zero(context, (size_t)bytes.seconds, "times of a run");
  if (!run->arena || !run->kept || !run->slots || !run->sums || !run->state || !run->losses || !run->workspaces ||
      !run->squares || !run->norms || (penalized && !run->penalties) || !run->seconds)
    return CNN_ENOMEM;
  run->metrics = run->losses + run->capacity;
  /* cppcheck-suppress invalidPointerCast ; one allocation holds arrays of different types, the widest first */
  run->samples = (int64_t *)(run->metrics + run->metric_count * run->capacity);
  run->labels = (int32_t *)(run->samples + run->capacity);
  /* cppcheck-suppress invalidPointerCast ; one allocation holds arrays of different types, the widest first */
  run->weights = (float *)(run->labels + run->plan->positions * run->capacity);
  run->spans = run->seconds + (size_t)run->workers * (size_t)run->plan->op_count;
  return CNN_OK;
}

cnn_status cnn__run_new(cnn__run **out, const cnn_model *model, const cnn__plan *plan, int64_t capacity) {
  cnn__run *run = cnn__alloc_zero(model->context, sizeof *run, "run record");
  if (!run)
    return CNN_ENOMEM;
  run->context = model->context;
  run->plan = plan;
  run->k = cnn__kernels_for(model->context->level, model->context->provider);
  run->capacity = capacity;
  run->shards = (capacity - 1) / CNN__SHARD + 1;
  run->workers = cnn__pool_size(model->context->pool);
  run->splits = model->context->provider != CNN__GEMM_BLAS && cnn__pool_spins(model->context->pool);
  run->op = -1;
  run->metric_count = plan->mode >= CNN__MODE_PREDICT ? 0 : model->metric_count;
  cnn_status status = allocate(run, plan->whole ? model->parameter_count : 0,
                               plan->mode == CNN__MODE_TRAIN && cnn__model_regularized(model));
  if (status < 0)
    cnn__run_free(run);
  else
    *out = run;
  return status;
}

void cnn__run_free(cnn__run *run) {
  if (!run)
    return;
  cnn__free(run->context, run->arena);
  cnn__free(run->context, run->kept);
  cnn__free(run->context, run->slots);
  cnn__free(run->context, run->sums);
  cnn__free(run->context, run->state);
  cnn__free(run->context, run->losses);
  cnn__free(run->context, run->workspaces);
  cnn__free(run->context, run->squares);
  cnn__free(run->context, run->norms);
  cnn__free(run->context, run->penalties);
  cnn__free(run->context, run->seconds);
  cnn__free(run->context, run);
}

int64_t cnn__run_capacity(const cnn__run *run) { return run->capacity; }

int64_t *cnn__run_samples(cnn__run *run) { return run->samples; }

int32_t *cnn__run_labels(cnn__run *run) { return run->labels; }

float *cnn__run_weights(cnn__run *run) { return run->weights; }
