/* run: executing a plan on one batch. A run record owns the memory that the plan asks for; making it is the only place
 * that allocates. */
#ifndef CNN_MODEL_RUN_H
#define CNN_MODEL_RUN_H

#include "model/plan.h"

typedef struct cnn__run cnn__run;

/* Where a batch comes from. fill is called by workers, for the rows of one micro-shard or, in inference, some of them; x is f32
 * rows of the model's input. */
typedef struct cnn__feed {
  int64_t count;                 /* rows, 1 to the run's capacity */
  void (*fill)(const void *user, int64_t first, int64_t count, float *x);
  const void *user;
  const int64_t *samples;        /* data-set index of each row; NULL: row numbers */
  const int32_t *labels;         /* of each sample a class for each row of its output (in GRADIENT one output value), or */
  const float *targets;          /* values as many as the model's outputs; both NULL for predict */
  const float *weights;          /* of each sample; NULL: 1 */
} cnn__feed;

/* A record for batches of up to `capacity` rows, at least 1. */
cnn_status cnn__run_new(cnn__run **out, const cnn_model *model, const cnn__plan *plan, int64_t capacity);
void cnn__run_free(cnn__run *run);
int64_t cnn__run_capacity(const cnn__run *run);
int64_t *cnn__run_samples(cnn__run *run); /* `capacity` of each: room for a feed that has none of its own */
int32_t *cnn__run_labels(cnn__run *run);  /* of these one for each row of a sample's output */
float *cnn__run_weights(cnn__run *run);
cnn__run *cnn__run_next(const cnn__run *run); /* in the model's list of idle records */

/* One training step: forward, loss, backward, update of weights, moving statistics, slots and iteration count.
 * Allocates nothing. */
void cnn__run_train(cnn__run *run, cnn_model *model, const cnn__feed *feed, uint32_t pass);

/* The same without the update: gradients stay in the model's grads. For tests of gradients. */
void cnn__run_gradients(cnn__run *run, cnn_model *model, const cnn__feed *feed, uint32_t pass);

/* Forward in inference mode with loss and metrics (TEST), or the outputs only (PREDICT; probabilities into `outputs`,
 * rows of the model's output). */
void cnn__run_test(cnn__run *run, const cnn_model *model, const cnn__feed *feed);
void cnn__run_predict(cnn__run *run, const cnn_model *model, const cnn__feed *feed, float *outputs);

/* By a plan for one call: into the rows of `outputs` from `row` on, as many as the plan was asked for. */
void cnn__run_inspect(cnn__run *run, const cnn_model *model, const cnn__feed *feed, const cnn__output *outputs, int64_t row);

/* Of the last TRAIN or TEST run, while its feed is there: each sample's loss, whose mean is the batch's loss; its value of metric
 * m, times its weight where the metric is weighted; and its weight. */
double cnn__run_weight(const cnn__run *run, int64_t sample);
const double *cnn__run_losses(const cnn__run *run);
const double *cnn__run_metric(const cnn__run *run, int32_t metric);

/* What regularizers add to the loss of that run's batch: of the weights before its update. */
double cnn__run_penalty(const cnn__run *run);

/* Seconds spent in each op of the plan since the last call with reset, summed over workers; for the benchmark. enable
 * 0 stops measuring. */
void cnn__run_profile(cnn__run *run, int32_t enable);
const double *cnn__run_profile_seconds(const cnn__run *run); /* plan->op_count entries */
const double *cnn__run_profile_spans(const cnn__run *run);   /* of each segment, from its start to its end */

#endif
