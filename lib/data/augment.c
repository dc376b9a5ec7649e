/* augment: the handle of an augmenter: settings, statistics, and what it draws for an image.
 *
 * One oddity is Keras's own and kept: the shift that is drawn from height_shift_range and measured in heights is tx, which
 * moves columns. What an image gets follows from the seed, the pass and the sample's index; there is no state. */
#include "data/augment.h"

#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/random.h"
#include "core/text.h"
#include "data/dataset_internal.h"

#include <math.h>
#include <string.h>

#define TRANSFORM_FIRST CNN__FIRST(cnn_transform, zy) /* size in the first release */
#define EPSILON 1e-6f                                 /* beside every deviation, as Keras has it */

/* ---- the handle ---- */

static cnn_status make(cnn_augmenter **out, cnn_context *context, const cnn__augment_settings *set) {
  cnn_augmenter *augmenter = cnn__alloc_zero(context, sizeof *augmenter, "augmenter");
  if (!augmenter)
    return cnn__fail_code();
  atomic_init(&augmenter->references, 1);
  augmenter->context = cnn__context_hold(context);
  augmenter->seed = context->seed;
  augmenter->set = *set;
  augmenter->draws_more = cnn__augment_draws_more(set);
  *out = augmenter;
  return CNN_OK;
}

cnn_status cnn_augmenter_new(cnn_augmenter **out, cnn_context *context, const cnn_augmenter_opts *given) {
  cnn__augment_settings set;
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "augmenter: out or context is NULL");
  *out = NULL;
  CNN__TRY(cnn__augment_options(&set, given));
  return make(out, context, &set);
}

cnn_status cnn_augmenter_new_text(cnn_augmenter **out, cnn_context *context, const char *attributes) {
  cnn__augment_settings set;
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "augmenter: out or context is NULL");
  *out = NULL;
  CNN__TRY(cnn__augment_text(&set, attributes));
  return make(out, context, &set);
}

cnn_augmenter *cnn__augmenter_hold(const cnn_augmenter *augmenter) {
  cnn_augmenter *counted = (cnn_augmenter *)augmenter;
  atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
  return counted;
}

void cnn_augmenter_free(cnn_augmenter *augmenter) {
  if (!augmenter || atomic_fetch_sub_explicit(&augmenter->references, 1, memory_order_acq_rel) > 1)
    return;
  cnn_context *context = augmenter->context;
  cnn__free(context, augmenter->mean);
  cnn__free(context, augmenter);
  cnn__context_drop(context);
}

/* ---- attributes ---- */

int32_t cnn_augmenter_attribute_count(void) { return cnn__attributes_count(cnn__augment_attributes); }

cnn_status cnn_augmenter_attribute_at(int32_t index, cnn_attribute *out) {
  cnn_status status = cnn__attribute_public(cnn__augment_attributes, index, out);
  return status < 0 ? cnn__fail_in("augmenter") : status;
}

static cnn_status unknown_key(const char *key) {
  const char *keys[64], *nearest;
  int32_t count = 0;
  for (const cnn__attribute *row = cnn__augment_attributes; row->key && count < 64; row++)
    keys[count++] = row->key;
  nearest = cnn__nearest(key, keys, count);
  if (nearest)
    return cnn__fail(CNN_ENAME, "augmenter: unknown attribute '%s'; did you mean '%s'?", key, nearest);
  return cnn__fail(CNN_ENAME, "augmenter: unknown attribute '%s'", key);
}

cnn_status cnn_augmenter_attribute_text(const cnn_augmenter *augmenter, const char *key, char *buffer, size_t bytes) {
  if (!augmenter || !key || (!buffer && bytes))
    return cnn__fail(CNN_EINVAL, "augmenter: augmenter, key or buffer is NULL");
  const cnn__attribute *row = cnn__attribute_find(cnn__augment_attributes, key);
  if (!row)
    return unknown_key(key);
  int32_t wanted = cnn__attribute_text(row, &augmenter->set, buffer, bytes);
  if (wanted < 0 || (size_t)wanted >= bytes)
    return cnn__fail(CNN_EINVAL, "augmenter: %s needs a buffer of %d bytes, got %zu", key, (int)wanted + 1, bytes);
  return CNN_OK;
}

/* ---- statistics ---- */

int64_t cnn_augmenter_channels(const cnn_augmenter *augmenter) { return augmenter ? augmenter->channels : 0; }

cnn_status cnn_augmenter_statistics(const cnn_augmenter *augmenter, int64_t channels, double *mean, double *deviation) {
  if (!augmenter)
    return cnn__fail(CNN_EINVAL, "augmenter: augmenter is NULL");
  if (!augmenter->channels)
    return cnn__fail(CNN_ESTATE, "augmenter: no statistics yet; cnn_augmenter_fit measures them");
  if (channels != augmenter->channels)
    return cnn__fail(CNN_EINVAL, "augmenter: room for statistics of %lld channels, there are %lld", (long long)channels,
                     (long long)augmenter->channels);
  if (mean)
    memcpy(mean, augmenter->mean, (size_t)channels * sizeof *mean);
  if (deviation)
    memcpy(deviation, augmenter->deviation, (size_t)channels * sizeof *deviation);
  return CNN_OK;
}

static cnn_status check_statistics(const cnn_augmenter *augmenter, int64_t channels, const double *mean,
                                   const double *deviation) {
  if (!augmenter || !mean)
    return cnn__fail(CNN_EINVAL, "augmenter: augmenter or mean is NULL");
  if (channels < 1)
    return cnn__fail(CNN_EINVAL, "augmenter: statistics of %lld channels", (long long)channels);
  for (int64_t q = 0; q < channels; q++)
    if (!isfinite(mean[q]) || (deviation && !(isfinite(deviation[q]) && deviation[q] >= 0)))
      return cnn__fail(CNN_EINVAL, "augmenter: mean %g and deviation %g of channel %lld must be finite, the deviation 0 or more",
                       mean[q], deviation ? deviation[q] : 1.0, (long long)q);
  if (atomic_load(&augmenter->references) > 1)
    return cnn__fail(CNN_ESTATE, "augmenter: a fit, or another call, is using it");
  return CNN_OK;
}

cnn_status cnn_augmenter_set_statistics(cnn_augmenter *augmenter, int64_t channels, const double *mean,
                                        const double *deviation) {
  int64_t bytes;
  CNN__TRY(check_statistics(augmenter, channels, mean, deviation));
  if (cnn__mul(channels, 2 * (int64_t)(sizeof(double) + sizeof(float)), &bytes))
    return cnn__fail(CNN_ENOMEM, "augmenter: statistics of %lld channels are too large", (long long)channels);
  double *both = cnn__alloc(augmenter->context, (size_t)bytes, "statistics");
  if (!both)
    return cnn__fail_code();
  cnn__free(augmenter->context, augmenter->mean);
  augmenter->channels = channels;
  augmenter->mean = both;
  augmenter->deviation = both + channels;
  /* cppcheck-suppress invalidPointerCast ; one allocation holds arrays of different types, the widest first */
  augmenter->subtract = (float *)(both + 2 * channels);
  augmenter->divide = augmenter->subtract + channels;
  cnn__fp saved = cnn__fp_enter();
  for (int64_t q = 0; q < channels; q++) {
    augmenter->mean[q] = mean[q];
    augmenter->deviation[q] = deviation ? deviation[q] : 1.0;
    augmenter->subtract[q] = (float)mean[q];
    augmenter->divide[q] = augmenter->set.featurewise_std_normalization ? (float)augmenter->deviation[q] + EPSILON : 1.0f;
  }
  cnn__fp_leave(saved);
  return CNN_OK;
}

cnn_status cnn__augmenter_ready(const cnn_augmenter *augmenter, const cnn__shape *sample) {
  char text[160];
  const cnn__augment_settings *set = &augmenter->set;
  if (sample->rank != 3)
    return cnn__fail(CNN_ESHAPE, "augmentation works on images (height, width, channels), the samples are %s",
                     cnn__shape_text(text, sample, 0));
  if (!set->featurewise_center && !set->featurewise_std_normalization)
    return CNN_OK;
  if (!augmenter->channels)
    return cnn__fail(CNN_ESTATE, "augmenter: %s needs statistics; call cnn_augmenter_fit or cnn_augmenter_set_statistics first",
                     set->featurewise_std_normalization ? "featurewise_std_normalization" : "featurewise_center");
  if (sample->extent[2] != augmenter->channels)
    return cnn__fail(CNN_ESHAPE, "augmenter: its statistics are of %lld channels, the images have %lld",
                     (long long)augmenter->channels, (long long)sample->extent[2]);
  return CNN_OK;
}

/* ---- draws ---- */

/* Every quantity has its own place in the random blocks, whether or not another one's range is 0. Places may be added,
 * never moved. */
enum { TURN, COLUMNS, ROWS, ZOOM_X, ZOOM_Y, SHEAR, /* the first three blocks */
       FLIP_X, FLIP_Y, CHANNELS, BRIGHTNESS, COLUMNS_SIGN, ROWS_SIGN, UNITS };

static void draw_units(const cnn_augmenter *augmenter, uint32_t pass, uint32_t sample, double unit[UNITS]) {
  uint32_t key[2], counter[4], words[2 * UNITS];
  const uint32_t blocks = augmenter->draws_more ? UNITS / 2 : 3;
  cnn__key(key, augmenter->seed);
  for (uint32_t block = 0; block < blocks; block++) {
    cnn__coordinates(counter, CNN__RANDOM_AUGMENT, 0, pass, sample, block);
    cnn__philox(counter, key, words + 4 * block);
  }
  for (uint32_t i = 0; i < 2 * blocks; i++)
    unit[i] = cnn__unit_double(words[2 * i], words[2 * i + 1]);
}

/* Uniform in [-range, range]; a range below 1 is a share of the extent where one is given. */
static double between(double unit, float most, int64_t extent) {
  const double range = (double)most, value = -range + 2.0 * range * unit;
  return extent && range < 1.0 ? value * (double)extent : value;
}

/* 0 to range - 1, up or down. */
static double whole_shift(double unit, double sign, float range) {
  const double pixels = (double)(int64_t)(unit * (double)range);
  return sign < 0.5 ? -pixels : pixels;
}

static double within(double unit, float lower, float upper) {
  return (double)lower + ((double)upper - (double)lower) * unit;
}

static void draw_more(const cnn__augment_settings *set, const double unit[UNITS], cnn_transform *out) {
  if (set->whole_shifts) {
    out->tx = whole_shift(unit[COLUMNS], unit[COLUMNS_SIGN], set->height_shift_range);
    out->ty = whole_shift(unit[ROWS], unit[ROWS_SIGN], set->width_shift_range);
  }
  out->flip_horizontal = set->horizontal_flip && unit[FLIP_X] < 0.5;
  out->flip_vertical = set->vertical_flip && unit[FLIP_Y] < 0.5;
  out->channel_shift = between(unit[CHANNELS], set->channel_shift_range, 0);
  if (set->brightness_lower != 1 || set->brightness_upper != 1) {
    const double factor = within(unit[BRIGHTNESS], set->brightness_lower, set->brightness_upper);
    out->brightness = factor == 0.0 ? (double)CNN_ZERO : factor;
  }
}

void cnn__augmenter_draw(const cnn_augmenter *augmenter, cnn_transform *out, int64_t height, int64_t width, uint32_t pass,
                         uint32_t sample) {
  const cnn__augment_settings *set = &augmenter->set;
  const int32_t pair = set->zoom_lower != 1 || set->zoom_upper != 1;
  double unit[UNITS];
  draw_units(augmenter, pass, sample, unit);
  *out = (cnn_transform){.size = sizeof *out,
                         .theta = between(unit[TURN], set->rotation_range, 0),
                         .tx = between(unit[COLUMNS], set->height_shift_range, height),
                         .ty = between(unit[ROWS], set->width_shift_range, width),
                         .zx = pair ? within(unit[ZOOM_X], set->zoom_lower, set->zoom_upper)
                                    : 1.0 + between(unit[ZOOM_X], set->zoom_range, 0),
                         .zy = pair ? within(unit[ZOOM_Y], set->zoom_lower, set->zoom_upper)
                                    : 1.0 + between(unit[ZOOM_Y], set->zoom_range, 0),
                         .shear = between(unit[SHEAR], set->shear_range, 0),
                         .brightness_white = set->brightness_white,
                         .cval = set->cval,
                         .brightness_8bit = set->brightness_8bit,
                         .fill_mode = set->fill_mode,
                         .interpolation_order = set->interpolation_order ? 1 : CNN_ZERO_INT};
  if (augmenter->draws_more)
    draw_more(set, unit, out);
}

static cnn_status check_place(int64_t height, int64_t width, int64_t sample) {
  if (height < 1 || width < 1)
    return cnn__fail(CNN_EINVAL, "augmenter: image of height %lld and width %lld", (long long)height, (long long)width);
  if (sample < 0 || sample > UINT32_MAX)
    return cnn__fail(CNN_EINVAL, "augmenter: sample %lld is not in [0, 4294967295]", (long long)sample);
  return CNN_OK;
}

cnn_status cnn_augmenter_transform(const cnn_augmenter *augmenter, cnn_transform *out, int64_t height, int64_t width,
                                   uint32_t pass, int64_t sample) {
  cnn_transform drawn;
  if (!augmenter || !out)
    return cnn__fail(CNN_EINVAL, "augmenter: augmenter or out is NULL");
  if (out->size < TRANSFORM_FIRST)
    return cnn__fail(CNN_EINVAL, "cnn_transform: size is %zu, less than the first version's %zu; set it to sizeof", out->size,
                     TRANSFORM_FIRST);
  CNN__TRY(check_place(height, width, sample));
  cnn__fp saved = cnn__fp_enter();
  cnn__augmenter_draw(augmenter, &drawn, height, width, pass, (uint32_t)sample);
  cnn__fp_leave(saved);
  drawn.size = out->size;
  memcpy(out, &drawn, out->size < sizeof drawn ? out->size : sizeof drawn);
  return CNN_OK;
}
