/* run_update: the update of weights, a chunk at a time; for optimizers that need norms also what joins them. */
#include "model/penalty.h"
#include "model/run_record.h"

static cnn__piece piece_of(const cnn__run *run, const cnn__chunk *chunk) {
  const cnn__parameter *parameter = &run->model->parameters[chunk->parameter];
  cnn__piece piece = {.n = chunk->count,
                      .w = cnn__model_weight(run->model, chunk->parameter)->value + chunk->first,
                      .g = parameter->grad + chunk->first,
                      .decays = parameter->decays};
  for (int32_t s = 0; s < CNN__MAX_SLOTS; s++)
    piece.slots[s] = parameter->slots[s] ? parameter->slots[s] + chunk->first : NULL;
  return piece;
}

cnn__soon cnn__run_soon(const cnn__run *run, int64_t number) {
  cnn__piece piece = piece_of(run, &run->plan->chunks[number]);
  cnn__soon soon = {.at = {piece.w}, .floats = piece.n};
  for (int32_t s = 0, count = 1; s < CNN__MAX_SLOTS && count < CNN__SOON - 1; s++)
    if (piece.slots[s])
      soon.at[count++] = piece.slots[s];
  return soon;
}

/* The fixed tree over `count` of them, which are left undefined. */
static void join(const cnn__run *run, int64_t count, cnn__squares *squares, cnn__squares *out) {
  run->k->tree_sum_f64(2, count, 2, &squares->first, &out->first);
}

/* The squares of each weight array from those of its chunks, then how each is clipped, or how long its step is. */
static void join_norms(const cnn__run *run, int32_t stage) {
  const cnn__plan *plan = run->plan;
  const cnn_optimizer *optimizer = run->model->optimizer;
  cnn__squares *arrays = run->squares + plan->chunk_count, all;
  int64_t count = 0;
  for (int64_t c = 0, end; c < plan->chunk_count; c = end, count++) {
    int32_t parameter = plan->chunks[c].parameter;
    for (end = c + 1; end < plan->chunk_count && plan->chunks[end].parameter == parameter; end++)
      continue;
    join(run, end - c, run->squares + c, &arrays[count]);
    run->norms[parameter] =
        stage == CNN__STAGE_RATIOS ? cnn__update_ratio(&arrays[count]) : cnn__update_norm(&arrays[count]);
  }
  if (stage == CNN__STAGE_RATIOS || !cnn__update_clips_all(optimizer))
    return;
  join(run, count, arrays, &all);
  for (int32_t p = 0; p < run->model->parameter_count; p++)
    run->norms[p] = cnn__update_factor(optimizer, &all);
}

/* What the chunk's weights cost before they change, and its gradient: before anything looks at theirs. */
static void regularize(const cnn__run *run, int64_t number, const cnn__piece *piece) {
  const cnn__weight *weight = cnn__model_weight(run->model, run->plan->chunks[number].parameter);
  run->penalties[number] = cnn__penalty(weight, run->k, piece->n, piece->w);
  if (weight->l1 != 0 || weight->l2 != 0)
    run->k->regularize(piece->n, piece->w, weight->l1, 2 * weight->l2, piece->g);
}

void cnn__run_update(const cnn__run *run, int32_t stage, int64_t number) {
  const cnn__chunk *chunk = &run->plan->chunks[number];
  const cnn_optimizer *optimizer = run->model->optimizer;
  if (stage == CNN__STAGE_NORMS || stage == CNN__STAGE_RATIOS) {
    join_norms(run, stage);
    return;
  }
  cnn__piece piece = piece_of(run, chunk);
  if (run->penalties && (stage == CNN__STAGE_ALL || stage == CNN__STAGE_GATHER))
    regularize(run, number, &piece);
  float norm = run->plan->whole ? run->norms[chunk->parameter] : 0;
  if (stage == CNN__STAGE_ALL)
    cnn__update_piece(optimizer, run->k, &run->update, &piece);
  else if (stage == CNN__STAGE_GATHER)
    cnn__update_gather(optimizer, run->k, &run->update, &piece, &run->squares[number]);
  else if (stage == CNN__STAGE_CHANGE)
    cnn__update_change(optimizer, run->k, &run->update, &piece, norm);
  else if (stage == CNN__STAGE_DIRECT)
    cnn__update_direct(optimizer, run->k, &run->update, &piece, norm, &run->squares[number]);
  else
    cnn__update_move(optimizer, run->k, &run->update, &piece, norm);
}
