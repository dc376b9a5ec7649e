/* statistics: mean and deviation of the features of a data set, and an augmenter's from them.
 *
 * A sample at a time through the moments kernel of batch normalisation, which joins each to those before it in double. */
#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "data/augment.h"
#include "data/dataset_internal.h"
#include "data/transform.h"
#include "kernels/kernel.h"

#include <math.h>
#include <string.h>

typedef struct moments {
  const cnn_dataset *dataset;
  const cnn_augmenter *augmenter; /* whose scale, and transforms where `augment`; NULL: none */
  int32_t augment;
  uint32_t rounds;
  const cnn__kernels *k;
  int64_t values, features, seen; /* of a sample; its last extent; samples in the moments */
  double *mean, *m2;              /* of each feature; m2 becomes the deviation */
  float *sample;
} moments;

static void read_sample(const moments *m, uint32_t pass, int64_t index) {
  const cnn_dataset *dataset = m->dataset;
  const int64_t *extent = dataset->sample.extent, at = (dataset->first + index) * m->values;
  const int32_t bytes = dataset->inputs->type == CNN_U8;
  cnn__image image = {.bytes = bytes ? (const uint8_t *)dataset->inputs->data + at : NULL,
                      .floats = bytes ? NULL : (const float *)dataset->inputs->data + at,
                      .h = 1,
                      .w = m->values / m->features,
                      .c = m->features,
                      .divisor = dataset->divisor};
  if (m->augment) {
    cnn_transform transform;
    image.h = extent[0];
    image.w = extent[1];
    cnn__augmenter_draw(m->augmenter, &transform, image.h, image.w, pass, (uint32_t)index);
    cnn__transform_image(m->k, &transform, &image, m->sample);
  } else {
    cnn__copy_image(m->k, &image, m->sample);
  }
  if (m->augmenter)
    m->k->scale(m->values, m->sample, m->augmenter->set.rescale, m->sample);
}

static void measure(moments *m) {
  for (uint32_t pass = 0; pass < m->rounds; pass++)
    for (int64_t i = 0; i < m->dataset->count; i++) {
      read_sample(m, pass, i);
      m->k->bn_moments(m->seen++, 1, m->values / m->features, m->features, m->sample, m->mean, m->m2);
    }
  const int64_t positions = m->values / m->features;
  const double each = (double)m->seen * (double)positions;
  for (int64_t q = 0; q < m->features; q++)
    m->m2[q] = sqrt(m->m2[q] / each);
}

/* On success mean and deviation are in m->mean and m->m2, in memory of the context that m->mean begins. */
static cnn_status moments_new(moments *m) {
  cnn_context *context = m->dataset->context;
  int64_t bytes;
  m->k = cnn__kernels_for(context->level, context->provider);
  m->values = cnn__shape_count(&m->dataset->sample);
  m->features = m->dataset->sample.extent[m->dataset->sample.rank - 1];
  if (cnn__mul(m->features, 2 * (int64_t)sizeof(double), &bytes) ||
      cnn__sum(bytes, m->values * (int64_t)sizeof(float), &bytes))
    return cnn__fail(CNN_ENOMEM, "statistics of %lld features are too large", (long long)m->features);
  m->mean = cnn__alloc(context, (size_t)bytes, "statistics");
  if (!m->mean)
    return cnn__fail_code();
  m->m2 = m->mean + m->features;
  /* cppcheck-suppress invalidPointerCast ; one allocation holds arrays of different types, the widest first */
  m->sample = (float *)(m->m2 + m->features);
  cnn__fp saved = cnn__fp_enter();
  measure(m);
  cnn__fp_leave(saved);
  return CNN_OK;
}

cnn_status cnn_dataset_statistics(const cnn_dataset *dataset, int64_t features, double *mean, double *deviation) {
  if (!dataset)
    return cnn__fail(CNN_EINVAL, "statistics: data set is NULL");
  const int64_t there = dataset->sample.extent[dataset->sample.rank - 1];
  if (features != there)
    return cnn__fail(CNN_EINVAL, "statistics: room for %lld features, the data set has %lld", (long long)features,
                     (long long)there);
  moments m = {.dataset = dataset, .rounds = 1};
  CNN__TRY(moments_new(&m));
  if (mean)
    memcpy(mean, m.mean, (size_t)features * sizeof *mean);
  if (deviation)
    memcpy(deviation, m.m2, (size_t)features * sizeof *deviation);
  cnn__free(dataset->context, m.mean);
  return CNN_OK;
}

cnn_status cnn_augmenter_fit(cnn_augmenter *augmenter, const cnn_dataset *dataset, const cnn_augmenter_fit_opts *given) {
  char text[160];
  cnn_augmenter_fit_opts options;
  if (!augmenter || !dataset)
    return cnn__fail(CNN_EINVAL, "augmenter fit: augmenter or data set is NULL");
  CNN__TRY(cnn__options(&options, sizeof options, sizeof options, given, "cnn_augmenter_fit_opts"));
  if (options.rounds < 0)
    return cnn__fail(CNN_EINVAL, "augmenter fit: rounds is %d, must be 0 or more", (int)options.rounds);
  if (dataset->sample.rank != 3)
    return cnn__fail(CNN_ESHAPE, "augmenter fit: samples are %s, not images (height, width, channels)",
                     cnn__shape_text(text, &dataset->sample, 0));
  if (atomic_load(&augmenter->references) > 1)
    return cnn__fail(CNN_ESTATE, "augmenter fit: a fit, or another call, is using the augmenter");
  moments m = {.dataset = dataset, .augmenter = augmenter, .augment = options.augment != 0, .rounds = 1};
  if (m.augment && options.rounds)
    m.rounds = (uint32_t)options.rounds;
  CNN__TRY(moments_new(&m));
  cnn_status status = cnn_augmenter_set_statistics(augmenter, m.features, m.mean, m.m2);
  cnn__free(dataset->context, m.mean);
  return status;
}
