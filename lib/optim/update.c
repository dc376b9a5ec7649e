/* update: one step of an optimizer on elements of a weight array, in Keras's order: gradients gathered, clipped, weights
 * decayed, updated, averaged. */
#include "optim/optimizer_internal.h"

#include <math.h>
#include <string.h>

void cnn__update_begin(const cnn_optimizer *optimizer, int64_t calls, float rate, cnn__update *update) {
  const cnn__optimizer_common *common = cnn__optimizer_common_of(optimizer);
  int64_t steps = common->gradient_accumulation_steps > 1 ? common->gradient_accumulation_steps : 1;
  int64_t iteration = calls / steps, frequency = common->ema_overwrite_frequency;
  *update = (cnn__update){.rate = rate};
  update->gathers = (calls + 1) % steps != 0;
  update->starts = iteration == 0;
  update->overwrites = common->use_ema && frequency && (iteration + 1) % frequency == 0;
  update->share = (float)(1 - cnn__attribute_decimal(common->ema_momentum));
  if (!update->gathers)
    optimizer->type->begin(optimizer->attributes, iteration, update);
}

/* A norm that is NaN stays one: it is not at most the limit. */
static void clip(const cnn__optimizer_common *common, const cnn__kernels *k, const cnn__piece *piece, float norm) {
  if (common->clipnorm > 0)
    k->clip_norm(piece->n, piece->g, common->clipnorm, norm <= common->clipnorm ? common->clipnorm : norm);
  else if (common->global_clipnorm > 0)
    k->scale(piece->n, piece->g, norm, piece->g); /* the factor of all gradients */
  else if (common->clipvalue > 0)
    k->clip_value(piece->n, piece->g, common->clipvalue);
}

static void decay(const cnn__optimizer_common *common, const cnn__kernels *k, const cnn__update *update,
                  const cnn__piece *piece) {
  if (piece->decays)
    k->weight_decay(piece->n, piece->w, common->weight_decay, update->rate);
}

static void average(const cnn__optimizer_common *common, const cnn__kernels *k, const cnn__update *update,
                    const cnn__piece *piece) {
  float *mean = piece->slots[CNN__SLOT_AVERAGE];
  if (!common->use_ema)
    return;
  if (update->starts)
    memcpy(mean, piece->w, (size_t)piece->n * sizeof *mean);
  else
    k->average(piece->n, piece->w, update->share, mean);
  if (update->overwrites)
    memcpy(piece->w, mean, (size_t)piece->n * sizeof *mean);
}

static void gather(const cnn__optimizer_common *common, const cnn__kernels *k, const cnn__update *update,
                   const cnn__piece *piece) {
  float *sum = piece->slots[CNN__SLOT_ACCUMULATOR];
  if (update->gathers)
    k->add(piece->n, piece->g, sum, sum);
  else if (sum)
    k->mean_gradient(piece->n, piece->g, sum, (float)common->gradient_accumulation_steps);
}

void cnn__update_gather(const cnn_optimizer *optimizer, const cnn__kernels *k, const cnn__update *update,
                        const cnn__piece *piece, cnn__squares *squares) {
  gather(cnn__optimizer_common_of(optimizer), k, update, piece);
  k->square_sum(piece->n, piece->g, &squares->first);
  squares->second = 0;
}

void cnn__update_change(const cnn_optimizer *optimizer, const cnn__kernels *k, const cnn__update *update,
                        const cnn__piece *piece, float norm) {
  const cnn__optimizer_common *common = cnn__optimizer_common_of(optimizer);
  if (!update->gathers) {
    clip(common, k, piece, norm);
    decay(common, k, update, piece);
    optimizer->type->apply(k, update, piece);
  }
  average(common, k, update, piece);
}

void cnn__update_piece(const cnn_optimizer *optimizer, const cnn__kernels *k, const cnn__update *update,
                       const cnn__piece *piece) {
  gather(cnn__optimizer_common_of(optimizer), k, update, piece);
  cnn__update_change(optimizer, k, update, piece, 0);
}

void cnn__update_direct(const cnn_optimizer *optimizer, const cnn__kernels *k, const cnn__update *update,
                        const cnn__piece *piece, float norm, cnn__squares *squares) {
  const cnn__optimizer_common *common = cnn__optimizer_common_of(optimizer);
  *squares = (cnn__squares){0, 0};
  if (update->gathers)
    return;
  clip(common, k, piece, norm);
  decay(common, k, update, piece);
  optimizer->type->direct(k, update, piece);
  k->square_sum(piece->n, piece->w, &squares->first);
  k->square_sum(piece->n, piece->g, &squares->second);
}

void cnn__update_move(const cnn_optimizer *optimizer, const cnn__kernels *k, const cnn__update *update,
                      const cnn__piece *piece, float ratio) {
  if (!update->gathers) {
    cnn__update scaled = *update;
    scaled.rate = ratio * update->rate;
    optimizer->type->apply(k, &scaled, piece);
  }
  average(cnn__optimizer_common_of(optimizer), k, update, piece);
}

float cnn__update_norm(const cnn__squares *squares) { return (float)sqrt(squares->first); }

int32_t cnn__update_clips_all(const cnn_optimizer *optimizer) {
  return cnn__optimizer_common_of(optimizer)->global_clipnorm > 0;
}

float cnn__update_factor(const cnn_optimizer *optimizer, const cnn__squares *all) {
  double limit = cnn__optimizer_common_of(optimizer)->global_clipnorm, norm = sqrt(all->first);
  if (!isfinite(norm))
    return NAN;
  return norm > limit ? (float)(limit / norm) : 1.0f;
}

float cnn__update_ratio(const cnn__squares *squares) {
  return squares->first > 0 && squares->second > 0 ? (float)(sqrt(squares->first) / sqrt(squares->second)) : 1.0f;
}
