/* augment_settings: what an augmenter is asked to do, with its attribute table. */
#ifndef CNN_DATA_AUGMENT_SETTINGS_H
#define CNN_DATA_AUGMENT_SETTINGS_H

#include "cnn/augment.h"
#include "core/status.h"
#include "tensor/attributes.h"

typedef struct cnn__augment_settings {
  float rotation_range, width_shift_range, height_shift_range, zoom_range, shear_range, channel_shift_range;
  float zoom_lower, zoom_upper, brightness_lower, brightness_upper, brightness_white, cval, rescale;
  int32_t brightness_8bit, fill_mode, whole_shifts, horizontal_flip, vertical_flip;
  int32_t samplewise_center, samplewise_std_normalization, featurewise_center, featurewise_std_normalization;
  int32_t zca_whitening;
  int64_t interpolation_order;
} cnn__augment_settings;

extern const cnn__attribute cnn__augment_attributes[];

/* Both check all that can be checked without data. */
cnn_status cnn__augment_options(cnn__augment_settings *out, const cnn_augmenter_opts *options);
cnn_status cnn__augment_text(cnn__augment_settings *out, const char *attributes);

/* Do they want more than the affine ranges: flips, channel shift, brightness, shifts by whole pixels? */
int32_t cnn__augment_draws_more(const cnn__augment_settings *set);

#endif
