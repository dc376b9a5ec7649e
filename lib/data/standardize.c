/* standardize: Keras's ImageDataGenerator.standardize: rescale, samplewise, featurewise, in this order.
 *
 * Sums are doubles in eight lanes, folded by halves: the same on every machine. */
#include "data/standardize.h"

#include <math.h>

#define LANES 8
#define EPSILON 1e-6f

static double fold(double lanes[LANES]) {
  for (int d = LANES / 2; d > 0; d /= 2)
    for (int j = 0; j < d; j++)
      lanes[j] += lanes[j + d];
  return lanes[0];
}

static double mean_of(int64_t n, const float *x) {
  double lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int j = 0; j < LANES; j++)
      lanes[j] += (double)x[i + j];
  for (int j = 0; i < n; i++, j++)
    lanes[j] += (double)x[i];
  return fold(lanes) / (double)n;
}

static double deviation_of(int64_t n, const float *x, double mean) {
  double lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int j = 0; j < LANES; j++) {
      const double from_mean = (double)x[i + j] - mean;
      lanes[j] += from_mean * from_mean;
    }
  for (int j = 0; i < n; i++, j++)
    lanes[j] += ((double)x[i] - mean) * ((double)x[i] - mean);
  return sqrt(fold(lanes) / (double)n);
}

static void rescale(int64_t n, float by, float *x) {
  for (int64_t i = 0; i < n; i++)
    x[i] *= by;
}

static void samplewise(int64_t n, int32_t with_deviation, float *x) {
  const float mean = (float)mean_of(n, x);
  for (int64_t i = 0; i < n; i++)
    x[i] -= mean;
  if (!with_deviation)
    return;
  const float by = (float)deviation_of(n, x, mean_of(n, x)) + EPSILON;
  for (int64_t i = 0; i < n; i++)
    x[i] /= by;
}

static void featurewise(const cnn_augmenter *augmenter, int64_t pixels, int64_t channels, float *x) {
  const float *subtract = augmenter->subtract, *divide = augmenter->divide;
  if (channels == 1) {
    const float mean = subtract[0], by = divide[0];
    for (int64_t i = 0; i < pixels; i++)
      x[i] = (x[i] - mean) / by;
    return;
  }
  for (int64_t p = 0; p < pixels; p++, x += channels)
    for (int64_t q = 0; q < channels; q++)
      x[q] = (x[q] - subtract[q]) / divide[q];
}

void cnn__standardize(const cnn_augmenter *augmenter, int64_t pixels, int64_t channels, float *x) {
  const cnn__augment_settings *set = &augmenter->set;
  const int64_t n = pixels * channels;
  if (set->rescale != 1)
    rescale(n, set->rescale, x);
  if (set->samplewise_center || set->samplewise_std_normalization)
    samplewise(n, set->samplewise_std_normalization, x);
  if (set->featurewise_center || set->featurewise_std_normalization)
    featurewise(augmenter, pixels, channels, x);
}
