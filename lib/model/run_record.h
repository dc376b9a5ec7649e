/* run_record: the memory of a run, and what the batch in hand is. For run.c and the model's list of idle records. */
#ifndef CNN_MODEL_RUN_RECORD_H
#define CNN_MODEL_RUN_RECORD_H

#include "model/model_internal.h"

struct cnn__run {
  cnn_context *context;      /* the model's, which outlives the record */
  const cnn__plan *plan;
  const cnn__kernels *k;
  int64_t capacity, shards;  /* rows and micro-shards that there is room for */
  int32_t workers, metric_count;
  int32_t splits;            /* a shard may be cut in pieces */
  cnn__run *next;            /* in the model's list of idle records */

  float *arena;              /* plan->arena_floats a row */
  char *kept;                /* plan->kept_bytes a row */
  float *slots;              /* plan->slot_floats a shard */
  double *sums;              /* plan->sum_doubles a shard */
  float *state;
  double *losses, *metrics;  /* a row; metric m from m * capacity on */
  int64_t *samples;          /* a row: room for the feed of whoever has the run */
  int32_t *labels;           /* likewise, for each row of its output */
  float *weights;            /* likewise, one a row */
  char *workspaces;          /* for each worker its local buffer, then its scratch */
  size_t workspace_bytes, local_bytes;
  cnn__squares *squares;     /* where the optimizer needs norms: of each chunk of the update, then of each weight array */
  float *norms;              /* likewise, of each weight array */
  double *penalties;         /* of training, where the model is regularized: of each chunk of the update; else NULL */
  double penalty;            /* of the last batch, before its update */
  uint64_t penalty_version;  /* of TEST: the weights' that it was worked out for, and one more; 0: none yet */
  double *seconds;           /* a worker and op; the first op_count entries are the answer */
  double *spans;             /* a segment: from its start to its end */
  int32_t measuring;
  int64_t items;             /* shards of the batch; in inference some are smaller, so that each worker gets as much */

  /* the batch in hand; set before each segment by the worker that opens it */
  const cnn_model *model;
  const cnn__feed *feed;
  const cnn__segment *segment;
  int32_t at;                /* its number */
  int64_t first_part;        /* of a parts segment: what filling has left of it begins here */
  double opened;             /* when it began, where times are measured */
  _Atomic int64_t late_done; /* parts of the late segment that are claimed */
  int32_t op;                /* a segment that runs op by op: which one; -1 else */
  int64_t pieces;            /* and in how many pieces each shard */
  int64_t within;            /* and for which turn: samples of each shard that are through its ops */
  int32_t updating;          /* the update and what follows it happen */
  const cnn__output *outputs; /* the caller's rows, */
  int64_t row;               /*   of which the batch's begin here */
  uint32_t key[2];
  uint32_t pass;
  cnn__update update;
  double scale;              /* of gradients: what a row of weight 1 has in the batch's loss; weights may be so small that no float holds it */
  double share;              /* of a sample's sum of losses: makes the mean over samples the batch's loss */
};

/* What an op works on: samples of a shard. */
typedef struct cnn__share {
  int64_t shard, first, count; /* first: in the batch */
  int64_t within;              /* samples of the shard before it: those of earlier turns */
  int32_t home;                /* whose buffer its tensors are in: of the worker who has the shard, or, where it is in pieces,
                                * its own number's */
} cnn__share;

/* run_share.c: how many shards the batch at hand falls into. In inference as many for each worker, unless pieces of fewer
 * share the work better. */
int64_t cnn__run_items(const cnn__run *run);

/* run_share.c: what of s->shard goes through `op` in the turn behind `within` samples; 0: there is nothing left. */
int32_t cnn__run_share(const cnn__run *run, int32_t op, int64_t within, cnn__share *s);

/* run_share.c: the op and the turn of a shard after those at hand; 0: it is through the segment. */
int32_t cnn__run_turn(const cnn__run *run, int32_t *op, int64_t *within);

/* run_update.c: what an UPDATE of that stage does with a chunk (with all of them, where it joins norms). */
void cnn__run_update(const cnn__run *run, int32_t stage, int64_t number);

/* run_update.c: what the update of chunk `number` touches besides its gradient. */
cnn__soon cnn__run_soon(const cnn__run *run, int64_t number);

/* run_objective.c: scale and share of the batch in hand. */
void cnn__run_goal(cnn__run *run);

/* run_objective.c: in GRADIENT, of the samples of a shard from `first` on, where backward begins: 1 at the output value that
 * the feed's label names or, where there are none, at the largest. */
void cnn__run_choose(const cnn__run *run, int64_t first, const float *outputs, float *gradient);

/* run_objective.c: losses and metrics of `count` samples, from `first` on, and the gradient of the batch's loss. gradient and
 * probabilities may be NULL. */
void cnn__run_objective(const cnn__run *run, int64_t first, int64_t count, const float *outputs, float *probabilities,
                        float *gradient);

#endif
