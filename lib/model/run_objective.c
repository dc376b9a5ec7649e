/* run_objective: what a run tells of its batch, the loss and the metrics of each sample, and where backward begins. A
 * sample's output may have several rows of columns; they are gone through in their order. */
#include "layers/layer_internal.h"
#include "model/run_record.h"
#include "tensor/tensor_internal.h"

#include <string.h>

enum { CHUNK = 64 }; /* rows at a time where a sample has several */

/* ---- the batch ---- */

/* What the sum of the batch's weighted losses is divided by. */
static double divisor(const cnn__objective *loss, const cnn__feed *feed, int64_t positions) {
  int32_t weighted = loss->reduction == CNN_REDUCTION_MEAN_WITH_SAMPLE_WEIGHT && feed->weights;
  int32_t ignoring = loss->ignored >= 0 && feed->labels;
  double sum = 0;
  if (loss->reduction == CNN_REDUCTION_SUM)
    return 1;
  if (!weighted && !ignoring)
    return (double)(feed->count * positions);
  for (int64_t row = 0; row < feed->count * positions; row++)
    if (!ignoring || feed->labels[row] != loss->ignored)
      sum += weighted ? feed->weights[row / positions] : 1;
  return sum;
}

void cnn__run_goal(cnn__run *run) {
  if (run->plan->mode >= CNN__MODE_PREDICT)
    return;
  double by = divisor(run->model->loss, run->feed, run->plan->positions);
  run->scale = by != 0 ? 1 / by : 0;
  run->share = by != 0 ? (double)run->feed->count / by : 0;
}

double cnn__run_weight(const cnn__run *run, int64_t sample) {
  return run->feed->weights ? run->feed->weights[sample] : 1;
}

/* ---- a shard ---- */

/* Sums over the rows of each of `samples` samples, of which rows are the first. */
static void each_sample(const cnn__objective *objective, const cnn__rows *rows, int64_t samples, int64_t positions,
                        float scale, double *sums, float *gradient) {
  cnn__rows part = *rows;
  part.own = objective->type->own;
  double values[CHUNK];
  if (positions == 1) {
    part.count = samples;
    objective->type->rows(objective->attributes, &part, scale, sums, gradient);
    return;
  }
  for (int64_t i = 0; i < samples; i++) {
    sums[i] = 0;
    for (int64_t done = 0; done < positions; done += CHUNK) {
      int64_t first = i * positions + done, at = first * rows->columns;
      part.count = positions - done < CHUNK ? positions - done : CHUNK;
      part.outputs = rows->outputs + at;
      part.labels = rows->labels ? rows->labels + first : NULL;
      part.targets = rows->targets ? rows->targets + at : NULL;
      objective->type->rows(objective->attributes, &part, scale, values, gradient ? gradient + at : NULL);
      for (int64_t j = 0; j < part.count; j++)
        sums[i] += values[j];
    }
  }
}

/* Each sample's share of the batch's loss, and its gradient. */
static void loss_of(const cnn__run *run, const cnn__rows *rows, int64_t first, int64_t count, float *gradient) {
  const float *weights = run->feed->weights;
  int64_t positions = run->plan->positions, values = positions * rows->columns;
  double *losses = run->losses + first;
  if (!weights)
    each_sample(run->model->loss, rows, count, positions, (float)run->scale, losses, gradient);
  for (int64_t i = 0; weights && i < count; i++) {
    cnn__rows sample = *rows;
    sample.outputs += i * values;
    sample.labels = rows->labels ? rows->labels + i * positions : NULL;
    sample.targets = rows->targets ? rows->targets + i * values : NULL;
    each_sample(run->model->loss, &sample, 1, positions, (float)(run->scale * weights[first + i]), &losses[i],
                gradient ? gradient + i * values : NULL);
    losses[i] *= weights[first + i];
  }
  for (int64_t i = 0; i < count; i++)
    losses[i] *= run->share;
}

static void metric_of(const cnn__run *run, int32_t m, const cnn__rows *rows, int64_t first, int64_t count) {
  int64_t positions = run->plan->positions;
  double *values = run->metrics + m * run->capacity + first;
  each_sample(run->model->metrics[m], rows, count, positions, 0, values, NULL);
  for (int64_t i = 0; i < count; i++) {
    values[i] /= (double)positions;
    if (run->model->weighted[m])
      values[i] *= cnn__run_weight(run, first + i);
  }
}

void cnn__run_objective(const cnn__run *run, int64_t first, int64_t count, const float *outputs, float *probabilities,
                        float *gradient) {
  const cnn__feed *feed = run->feed;
  int64_t columns = run->plan->columns, positions = run->plan->positions, values = columns * positions;
  int32_t taken = run->plan->taken >= 0 ? run->plan->layers[run->plan->taken]->activation : CNN_ACTIVATION_LINEAR;
  const cnn__rows rows = {.columns = columns,
                          .outputs = outputs,
                          .from_logits = taken != CNN_ACTIVATION_LINEAR,
                          .labels = feed->labels ? feed->labels + first * positions : NULL,
                          .targets = feed->targets ? feed->targets + first * values : NULL};
  cnn__rows finished = rows;
  if (probabilities) {
    finished.outputs = probabilities;
    finished.from_logits = 0;
    if (run->metric_count)
      cnn__activate(run->k, taken, 0, count * values, columns, outputs, probabilities);
  }
  loss_of(run, &rows, first, count, gradient);
  for (int32_t m = 0; m < run->metric_count; m++)
    metric_of(run, m, rows.from_logits && run->model->metrics[m]->type->fuses == taken ? &rows : &finished, first, count);
}

/* ---- of an output value ---- */

void cnn__run_choose(const cnn__run *run, int64_t first, const float *outputs, float *gradient) {
  int64_t values = run->plan->columns * run->plan->positions, left = run->feed->count - first;
  int64_t count = left < CNN__SHARD ? left : CNN__SHARD;
  memset(gradient, 0, (size_t)(count * values) * sizeof *gradient);
  for (int64_t i = 0; i < count; i++) {
    const int32_t *labels = run->feed->labels;
    gradient[i * values + (labels ? labels[first + i] : cnn__first_largest(outputs + i * values, values))] = 1.0f;
  }
}
