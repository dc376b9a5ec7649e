/* plan: what a run will do, in which order, in which memory. Made from a graph and a mode; holds no pointers into
 * data, so that several run records (threads, batch sizes) share one plan.
 *
 * Phases of all layers, in order, fall into segments between barriers. In a shard segment each worker takes a
 * micro-shard of 8 samples through all of the segment's phases while its data are in cache; a parts segment does one
 * batch-wide phase (or all late ones). A tensor whose life lies within one shard segment lives in the worker's own
 * buffer, 8 samples large, or fewer where the samples of a shard go through some phases by turns; others lie in the arena,
 * a batch large, lifetimes overlapped. */
#ifndef CNN_MODEL_PLAN_H
#define CNN_MODEL_PLAN_H

#include "layers/layer_internal.h"
#include "objective/objective.h"

/* The model keeps a plan of each of the first three. GRADIENT, of an output value for the input, is inference with a
 * backward pass, and planned for one call. */
enum { CNN__MODE_TRAIN, CNN__MODE_TEST, CNN__MODE_PREDICT, CNN__MODES, CNN__MODE_GRADIENT = CNN__MODES };

/* What an op calls: the batch's source; a layer's phase; the objective; in PREDICT and GRADIENT the copy into the caller's
 * rows; the optimizer; a PACK phase; the addition of what one more reader gives to the gradient of a layer; in GRADIENT
 * the choice of the output value. */
enum {
  CNN__OP_FEED,
  CNN__OP_LAYER,
  CNN__OP_LOSS,
  CNN__OP_OUTPUT,
  CNN__OP_UPDATE,
  CNN__OP_PACK,
  CNN__OP_JOIN,
  CNN__OP_CHOOSE
};

/* A tensor of the plan: an output (value) or its gradient. */
typedef struct cnn__buffer {
  int64_t floats;        /* a sample */
  int32_t first, last;   /* segments of first write and last use; -1 where no op touches it */
  int32_t first_op, last_op; /* ops, numbered through the whole plan */
  int32_t local;         /* lives in the worker's buffer */
  int32_t samples;       /* that a worker's buffer has room for: a turn's where only its ops touch it, else CNN__SHARD */
  int32_t alias;         /* buffer whose memory this one shares; -1 none (always resolved to the root) */
  int64_t offset;        /* floats: from the start of the worker's buffer, or, a sample, of the arena */
} cnn__buffer;

#define CNN__UNITS 4 /* in a part of an op that has units */

typedef struct cnn__op {
  int32_t kind;
  int32_t layer;         /* index in the plan's layers; PACK: in the model's */
  int32_t list;          /* CNN__PHASE_*: which of the layer's lists the phase is of */
  const cnn__phase *phase;
  int64_t parts;         /* of a shard phase: units that pieces of a shard may be cut between, 1 where it is not worth it */
  int64_t units;         /* of a shard phase that goes through the batch at once: a part is CNN__UNITS of so many; else 0 */
  int32_t turn;          /* of a shard: so many samples go through the op and its neighbours of the same turn, then the next */
  int32_t x, y, dy, dx;  /* buffers that the op reads or writes; -1: none, or not touched by this phase. LOSS: logits
                          * or outputs in x, probabilities in y, their gradient in dx, as CHOOSE. JOIN: dy is added to dx */
  int32_t all_x, all_dx; /* x and dx are those of the layer's first input, and the other inputs' belong to them */
  int32_t stage;         /* UPDATE: CNN__STAGE_* */
  int32_t output;        /* OUTPUT: which of the caller's */
  int32_t beside;        /* UPDATE: of gradients that are there before the late phases, among these */
  int64_t first;         /* UPDATE: chunk of part 0. Late: tail of part 0, -1 where its parts have none */
} cnn__op;

/* What an UPDATE does. All of it to each chunk; or, for an optimizer that needs norms, in stages over all chunks: gradients
 * gathered and squared, norms (one part), then the rest; or directions, their norms and the step along them. */
enum {
  CNN__STAGE_ALL,
  CNN__STAGE_GATHER,
  CNN__STAGE_NORMS,
  CNN__STAGE_CHANGE,
  CNN__STAGE_DIRECT,
  CNN__STAGE_RATIOS,
  CNN__STAGE_MOVE,
  CNN__STAGES
};

/* A piece of the update: elements [first, first + count) of weight array `parameter`. */
typedef struct cnn__chunk {
  int32_t parameter;
  int64_t first, count;
} cnn__chunk;

/* A part of an op that stands in no segment. */
typedef struct cnn__link {
  int32_t op;
  int64_t part;
} cnn__link;

/* What follows a part of a late op on the same worker: the update of a chunk (-1: none), then packs of these weights. */
typedef struct cnn__tail {
  int64_t chunk;
  int64_t first, count; /* links */
} cnn__tail;

typedef struct cnn__segment {
  int32_t domain;        /* CNN__SHARDS or CNN__PARTS */
  int32_t first, count;  /* ops */
  int32_t back;          /* shards from the last to the first: those that the one before it touched last lie in cache */
  int64_t items;         /* parts in all, for CNN__PARTS */
  int64_t fill;          /* parts of the late segment, from its first on, that may be done while this one runs */
} cnn__segment;

/* Rows that a run leaves with its caller: in PREDICT a layer's outputs. */
typedef struct cnn__output {
  int32_t layer;         /* in the model; of an inspection of PREDICT alone */
  float *values;
} cnn__output;

/* What a plan for one call is asked for: outputs of layers (PREDICT) or the gradient (GRADIENT). Nothing is fused, and
 * layers behind the last one asked for do not run. */
typedef struct cnn__inspection {
  const cnn__output *outputs;
  int32_t count;
  int32_t last;          /* layer of the model that runs last, and */
  int32_t linear;        /*   goes without its activation */
} cnn__inspection;

/* A layer of the plan reads another one. */
typedef struct cnn__edge {
  int32_t from; /* the layer that is read, and its value's buffer */
  int32_t dx;   /* where the reader leaves what it gives to the gradient of `from`: in that itself, if it is the first to
                 * do so, else in a buffer of its own, from which it is added; -1: nobody wants it */
} cnn__edge;

typedef struct cnn__plan {
  cnn_context *context;  /* borrowed from the model */
  int32_t mode;
  const cnn__inspection *inspection; /* while the plan is made; NULL: the model keeps it */
  cnn_layer **layers; /* what runs, in order: the model's layers, neighbours made into one where a rule says so */
  cnn_layer *stills;     /* GRADIENT: these, the model's layers as if all were frozen; else NULL */
  int32_t *first_member; /* of each, the index of its first layer in the model */
  cnn__edge *edges;      /* what each layer reads, in the order of its inputs, one layer's after the other's */
  int32_t *first_edge;   /* of each layer, and of one more at the end */
  int32_t *readers;      /* of each layer: how many edges come from it */
  int32_t *learns;       /* of each layer: its backward runs; in TRAIN since it or one below has something to learn */
  int32_t layer_count;
  int32_t taken;         /* layer whose activation the loss took over; -1 none */
  int32_t output;        /* buffer of the model's output (logits where taken) */
  int64_t columns, positions; /* of the output: its last axis; rows of so many values in a sample */
  int32_t probabilities; /* buffer of what that activation gives; without one == output */
  cnn__op *ops;
  cnn__segment *segments;
  cnn__buffer *buffers;  /* value of layer i: i; its gradient: layers + i; the probabilities: 2 * layers; a
                          * gradient of layer i worked out a second time: 2 * layers + 1 + i; what a further reader
                          * gives to a gradient, by edge e: 3 * layers + 1 + e */
  cnn__chunk *chunks;
  cnn__tail *tails;
  cnn__link *links;
  int32_t op_count, segment_count, buffer_count;
  int32_t late;          /* the segment of the late phases; -1 none */
  int32_t scheduled;     /* ops that segments hold; those after them are reached by tails */
  int32_t whole;         /* CNN__WHOLE_*: what an update needs; of TRAIN */
  int32_t update;        /* the op that stands for the tails' updates: none of its parts is ever called */
  int64_t chunk_count;
  int64_t arena_floats;  /* a sample */
  int64_t local_floats;  /* of a worker's buffer */
  /* per layer: offsets into the run's blocks */
  int64_t *kept_offset;  /* bytes a sample */
  int64_t *slot_offset;  /* floats a shard */
  int64_t *sum_offset;   /* doubles a shard */
  int64_t *state_offset; /* floats */
  int64_t kept_bytes, slot_floats, sum_doubles, state_floats;
  size_t scratch_bytes;  /* a worker: the largest of all layers */
} cnn__plan;

/* Plan `mode` for the model's layers. loss may be NULL for PREDICT. whole: CNN__WHOLE_*, what the
 * optimizer needs before it updates anything. */
cnn_status cnn__plan_new(cnn__plan **out, const cnn_model *model, int32_t mode, const cnn__objective *loss,
                         int32_t whole);
/* The plan for one call; the inspection is not looked at later. mode: PREDICT or GRADIENT. */
cnn_status cnn__plan_inspect(cnn__plan **out, const cnn_model *model, int32_t mode, const cnn__inspection *inspection);
void cnn__plan_free(cnn__plan *plan);

/* All buffers that an op touches: how many. */
enum { CNN__OP_BUFFERS = 2 + 2 * CNN__MAX_INPUTS };
int32_t cnn__op_buffers(const cnn__plan *plan, const cnn__op *op, int32_t buffers[CNN__OP_BUFFERS]);

static inline int32_t cnn__plan_inputs(const cnn__plan *plan, int32_t layer) {
  return plan->first_edge[layer + 1] - plan->first_edge[layer];
}
/* What layer `layer` reads as its input k. */
static inline const cnn__edge *cnn__plan_edge(const cnn__plan *plan, int32_t layer, int32_t k) {
  return &plan->edges[plan->first_edge[layer] + k];
}

/* For plan.c: the layers of `plan` and what they read, and their end: of fused ones themselves too. */
cnn_status cnn__plan_layers(cnn__plan *plan, const cnn_model *model);
void cnn__plan_layers_free(cnn__plan *plan);

/* For plan.c: from the ops of `plan` the memory of its buffers. */
cnn_status cnn__plan_memory(cnn__plan *plan);

/* For plan_memory.c: the turns of all ops, from the sizes of their buffers. */
void cnn__plan_turns(cnn__plan *plan);

/* For plan.c: at the end of the ops of TRAIN the update and the packs, with what they need; how many ops at most. */
cnn_status cnn__plan_end(cnn__plan *plan, const cnn_model *model, int32_t whole);
int32_t cnn__plan_end_ops(const cnn_model *model);

/* For plan.c: of each segment, what of the late phases a worker may do in it instead of waiting for others. */
void cnn__plan_fill(cnn__plan *plan);

/* Does forward keep what backward needs? */
static inline int32_t cnn__plan_keeps(const cnn__plan *plan) {
  return plan->mode == CNN__MODE_TRAIN || plan->mode == CNN__MODE_GRADIENT;
}

/* Where layer i's output is its input, in this mode: no phase runs. */
int32_t cnn__plan_same(const cnn__plan *plan, const cnn_layer *layer);

/* Rounded up so that 64 bytes of alignment hold for any number of samples. */
static inline int64_t cnn__round_floats(int64_t floats) { return (floats + 15) / 16 * 16; }

#endif
