/* run_share: the shards of a batch, and the turns in which their samples go through the ops of a segment. */
#include "model/run_record.h"

#define LEAST_SAMPLES 2 /* of a shard: single ones would read all weights for themselves, pieces each read their own */
#define PIECES_SHARE 80 /* of a hundred: what pieces of shards make of as many workers, their barriers counted */

int64_t cnn__run_items(const cnn__run *run) {
  int64_t batch = run->feed->count, workers = run->workers, shards = (batch - 1) / CNN__SHARD + 1;
  int64_t rounds = (shards - 1) / workers + 1, items = rounds * workers; /* NOLINT(clang-analyzer-core.DivideZero) */
  if (cnn__plan_keeps(run->plan) || items > batch)
    return shards;
  int64_t longest = rounds * ((batch - 1) / items + 1);
  int32_t few = batch < LEAST_SAMPLES * items || PIECES_SHARE * longest * workers > 100 * batch;
  return shards < workers && run->splits && few ? shards : items;
}

int32_t cnn__run_share(const cnn__run *run, int32_t op, int64_t within, cnn__share *s) {
  int64_t batch = run->feed->count, turn = run->plan->ops[op].turn, first = s->shard * CNN__SHARD, end = first + CNN__SHARD;
  if (!cnn__plan_keeps(run->plan)) { /* nothing is summed: they may be as large as each other */
    first = batch * s->shard / run->items;
    end = batch * (s->shard + 1) / run->items;
  }
  int64_t left = (end < batch ? end : batch) - first - within;
  s->first = first + within;
  s->count = left < turn ? left : turn;
  s->within = within;
  return left > 0;
}

int32_t cnn__run_turn(const cnn__run *run, int32_t *op, int64_t *within) {
  const cnn__op *ops = run->plan->ops;
  int32_t first = run->segment->first, end = first + run->segment->count, turn = ops[*op].turn;
  if (*op + 1 < end && ops[*op + 1].turn == turn) {
    ++*op;
  } else if (*within + turn < (run->feed->count - 1) / run->items + 1) { /* of the largest */
    *within += turn;
    while (*op > first && ops[*op - 1].turn == turn)
      --*op;
  } else {
    *within = 0;
    ++*op;
  }
  return *op < end;
}
