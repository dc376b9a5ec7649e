/* batch: which samples a batch holds, and how a worker makes its rows.
 *
 * Taking a batch is one thread's work and gathers what is small: indices and targets. Rows are made by the workers that
 * need them, each reading the batch and writing its own rows alone. */
#include "data/batch.h"

#include "core/memory.h"
#include "core/random.h"
#include "data/augment.h"
#include "data/dataset_internal.h"
#include "data/standardize.h"
#include "data/transform.h"

#include <string.h>

static cnn_status allocate(cnn__batch *batch, cnn_context *context) {
  const cnn_dataset *dataset = batch->dataset;
  int64_t values, bytes;
  batch->samples = cnn__alloc_zero(context, (size_t)batch->capacity * sizeof *batch->samples, "batch's samples");
  if (!batch->samples)
    return cnn__fail_code();
  if (!dataset->targets)
    return CNN_OK;
  if (cnn__mul(batch->capacity, dataset->target_values, &values) || cnn__mul(values, (int64_t)sizeof(float), &bytes))
    return cnn__fail(CNN_ENOMEM, "batch of %lld rows of %lld targets is too large", (long long)batch->capacity,
                     (long long)dataset->target_values);
  if (cnn__labels_are(dataset->targets))
    batch->labels = cnn__alloc_zero(context, (size_t)values * sizeof *batch->labels, "batch's labels");
  else
    batch->targets = cnn__alloc_zero(context, (size_t)bytes, "batch's targets");
  return batch->labels || batch->targets ? CNN_OK : cnn__fail_code();
}

cnn_status cnn__batch_weigh(cnn__batch *batch, const cnn__class_weights *class_weights) {
  batch->class_weights = *class_weights;
  if (!batch->dataset->weights && !class_weights->count)
    return CNN_OK;
  batch->weights = cnn__alloc_zero(batch->dataset->context, (size_t)batch->capacity * sizeof *batch->weights,
                                   "batch's weights");
  return batch->weights ? CNN_OK : cnn__fail_code();
}

cnn_status cnn__batch_new(cnn__batch **out, const cnn_dataset *dataset, const cnn_augmenter *augmenter, int64_t capacity) {
  cnn_context *context = dataset->context;
  *out = NULL;
  if (capacity < 1 || capacity > INT32_MAX)
    return cnn__fail(CNN_EINVAL, "batch of %lld samples, expected 1 to %d", (long long)capacity, INT32_MAX);
  if (augmenter)
    CNN__TRY(cnn__augmenter_ready(augmenter, &dataset->sample));
  cnn__batch *batch = cnn__alloc_zero(context, sizeof *batch, "batch");
  if (!batch)
    return cnn__fail_code();
  batch->dataset = cnn__dataset_hold(dataset);
  batch->augmenter = augmenter ? cnn__augmenter_hold(augmenter) : NULL;
  batch->k = cnn__kernels_for(context->level, context->provider);
  batch->capacity = capacity;
  cnn_status status = allocate(batch, context);
  if (status < 0)
    cnn__batch_free(batch);
  else
    *out = batch;
  return status;
}

void cnn__batch_free(cnn__batch *batch) {
  if (!batch)
    return;
  cnn_context *context = cnn__context_hold(batch->dataset->context);
  cnn__free(context, batch->samples);
  cnn__free(context, batch->labels);
  cnn__free(context, batch->targets);
  cnn__free(context, batch->weights);
  cnn_augmenter_free((cnn_augmenter *)batch->augmenter);
  cnn_dataset_free((cnn_dataset *)batch->dataset);
  cnn__free(context, batch);
  cnn__context_drop(context);
}

static void gather(cnn__batch *batch) {
  const cnn_dataset *dataset = batch->dataset;
  int64_t values = dataset->target_values;
  for (int64_t i = 0; i < batch->count; i++) {
    int64_t row = dataset->first + batch->samples[i];
    for (int64_t j = 0; batch->labels && j < values; j++)
      batch->labels[i * values + j] = (int32_t)cnn__label_at(dataset->targets, row * values + j);
    if (batch->targets)
      memcpy(batch->targets + i * values, (const float *)dataset->targets->data + row * values,
             (size_t)values * sizeof *batch->targets);
    if (batch->weights)
      batch->weights[i] = cnn__sample_weight(dataset, &batch->class_weights, row);
  }
}

void cnn__batch_take(cnn__batch *batch, uint64_t seed, uint32_t pass, int32_t shuffle, int64_t position, int64_t count) {
  batch->pass = pass;
  batch->count = count;
  for (int64_t i = 0; i < count; i++)
    batch->samples[i] = shuffle ? cnn__permute(seed, pass, batch->dataset->count, position + i) : position + i;
  gather(batch);
}

static void fill_row(const cnn__batch *batch, int64_t row, int64_t values, float *to) {
  const cnn_dataset *dataset = batch->dataset;
  const int64_t *extent = dataset->sample.extent, at = (dataset->first + batch->samples[row]) * values;
  const int32_t bytes = dataset->inputs->type == CNN_U8;
  cnn__image image = {.bytes = bytes ? (const uint8_t *)dataset->inputs->data + at : NULL,
                      .floats = bytes ? NULL : (const float *)dataset->inputs->data + at,
                      .h = 1,
                      .w = 1,
                      .c = values,
                      .divisor = dataset->divisor};
  if (!batch->augmenter || batch->still) {
    cnn__copy_image(batch->k, &image, to);
  } else {
    cnn_transform transform;
    image.h = extent[0];
    image.w = extent[1];
    image.c = extent[2];
    cnn__augmenter_draw(batch->augmenter, &transform, image.h, image.w, batch->pass, (uint32_t)batch->samples[row]);
    cnn__transform_image(batch->k, &transform, &image, to);
  }
  if (batch->augmenter)
    cnn__standardize(batch->augmenter, extent[0] * extent[1], extent[2], to);
}

void cnn__batch_fill(const void *user, int64_t first, int64_t count, float *x) {
  const cnn__batch *batch = user;
  int64_t values = cnn__shape_count(&batch->dataset->sample);
  for (int64_t i = 0; i < count; i++)
    fill_row(batch, first + i, values, x + i * values);
}
