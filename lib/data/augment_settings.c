/* augment_settings: an augmenter's options and text become settings, checked by one table and a few rules beside it. */
#include "data/augment_settings.h"

#include "core/options.h"

#define MOST_SHIFT 1e9 /* pixels; no image is as wide */
#define MOST_VALUE 1e30 /* of factors and addends: squares and sums of such values are still finite doubles */
#define HIGHEST_ORDER 5 /* that Keras has */

static const char *const fill_modes[] = {"nearest", "constant", "reflect", "wrap", NULL}; /* index is CNN_FILL_* */

#define NUMBER(field, standard, least, most, help) \
  {#field, CNN_ATTRIBUTE_FLOAT, offsetof(cnn__augment_settings, field), 0, standard, least, most, NULL, help}
#define FLAG(field, help) \
  {#field, CNN_ATTRIBUTE_FLAG, offsetof(cnn__augment_settings, field), 0, "false", 0, 1, NULL, help}

const cnn__attribute cnn__augment_attributes[] = {
    NUMBER(rotation_range, "0", 0, 180, "Degrees to either side."),
    NUMBER(width_shift_range, "0", 0, MOST_SHIFT, "Share of the width below 1, else pixels, to either side; of rows, as Keras does."),
    NUMBER(height_shift_range, "0", 0, MOST_SHIFT, "Share of the height below 1, else pixels; of columns, as Keras does."),
    NUMBER(zoom_range, "0", 0, CNN__BELOW_1, "Factors of rows and columns lie within 1 - it and 1 + it."),
    NUMBER(shear_range, "0", 0, 90, "Degrees to either side."),
    NUMBER(channel_shift_range, "0", 0, MOST_VALUE, "Addend of all values, to either side, within the image's own range."),
    NUMBER(zoom_lower, "1", CNN__ABOVE_0, MOST_VALUE, "Least zoom factor, instead of zoom_range."),
    NUMBER(zoom_upper, "1", CNN__ABOVE_0, MOST_VALUE, "Greatest zoom factor."),
    NUMBER(brightness_lower, "1", 0, MOST_VALUE, "Least factor of all values."),
    NUMBER(brightness_upper, "1", 0, MOST_VALUE, "Greatest factor of all values."),
    NUMBER(brightness_white, "1", CNN__ABOVE_0, MOST_VALUE, "The value that brightness does not pass."),
    NUMBER(cval, "0", -MOST_VALUE, MOST_VALUE, "What fill mode constant shows outside the image."),
    NUMBER(rescale, "1", -MOST_VALUE, MOST_VALUE, "Factor of every value, after all transforms."),
    FLAG(brightness_8bit, "Brightness by way of 8-bit pixels, as Keras does it."),
    {"fill_mode", CNN_ATTRIBUTE_CHOICE, offsetof(cnn__augment_settings, fill_mode), 0, "nearest", 0, 0, fill_modes,
     "What lies outside the image."},
    {"interpolation_order", CNN_ATTRIBUTE_INT, offsetof(cnn__augment_settings, interpolation_order), 0, "1", 0, HIGHEST_ORDER,
     NULL, "0 nearest pixel, 1 bilinear."},
    FLAG(whole_shifts, "Shifts by whole pixels, fewer than the ranges say, as Keras draws them for an int."),
    FLAG(horizontal_flip, "Left and right change places in every second image."),
    FLAG(vertical_flip, "Top and bottom change places in every second image."),
    FLAG(samplewise_center, "From each image its own mean."),
    FLAG(samplewise_std_normalization, "And by its own deviation."),
    FLAG(featurewise_center, "From each channel its mean over the data set."),
    FLAG(featurewise_std_normalization, "And by its deviation over the data set."),
    FLAG(zca_whitening, "Refused."),
    {0},
};

static int32_t is_whole(float x) { return (double)x == (double)(int64_t)x; }

static cnn_status check_shifts(const cnn__augment_settings *set) {
  if (set->whole_shifts && (!is_whole(set->width_shift_range) || !is_whole(set->height_shift_range)))
    return cnn__fail(CNN_EINVAL, "augmenter: whole_shifts with width_shift_range %g and height_shift_range %g, which must be "
                     "whole numbers of pixels", (double)set->width_shift_range, (double)set->height_shift_range);
  return CNN_OK;
}

static cnn_status check_pairs(const cnn__augment_settings *set) {
  if (set->zoom_lower > set->zoom_upper)
    return cnn__fail(CNN_EINVAL, "augmenter: zoom_lower %g is above zoom_upper %g", (double)set->zoom_lower,
                     (double)set->zoom_upper);
  if (set->zoom_range != 0 && (set->zoom_lower != 1 || set->zoom_upper != 1))
    return cnn__fail(CNN_EINVAL, "augmenter: zoom_range %g beside zoom_lower %g and zoom_upper %g; give one or the other",
                     (double)set->zoom_range, (double)set->zoom_lower, (double)set->zoom_upper);
  if (set->brightness_lower > set->brightness_upper)
    return cnn__fail(CNN_EINVAL, "augmenter: brightness_lower %g is above brightness_upper %g", (double)set->brightness_lower,
                     (double)set->brightness_upper);
  return CNN_OK;
}

static cnn_status check(const cnn__augment_settings *set) {
  CNN__TRY(cnn__attributes_check(cnn__augment_attributes, set, "augmenter"));
  CNN__TRY(check_shifts(set));
  CNN__TRY(check_pairs(set));
  if (set->interpolation_order > 1)
    return cnn__fail(CNN_EUNSUPPORTED, "augmenter: interpolation_order %d is not done, only 0 (nearest pixel) and 1 (bilinear)",
                     (int)set->interpolation_order);
  if (set->zca_whitening)
    return cnn__fail(CNN_EUNSUPPORTED, "augmenter: zca_whitening is not done; whiten the data set before it is made, or use "
                     "featurewise_center and featurewise_std_normalization");
  return CNN_OK;
}

cnn_status cnn__augment_options(cnn__augment_settings *out, const cnn_augmenter_opts *options) {
  cnn_augmenter_opts o;
  CNN__TRY(cnn__options(&o, sizeof o, CNN__FIRST(cnn_augmenter_opts, zoom_range), options, "cnn_augmenter_opts"));
  *out = (cnn__augment_settings){
      .rotation_range = cnn__option(o.rotation_range, 0),
      .width_shift_range = cnn__option(o.width_shift_range, 0),
      .height_shift_range = cnn__option(o.height_shift_range, 0),
      .zoom_range = cnn__option(o.zoom_range, 0),
      .shear_range = cnn__option(o.shear_range, 0),
      .channel_shift_range = cnn__option(o.channel_shift_range, 0),
      .zoom_lower = cnn__option(o.zoom_lower, 1),
      .zoom_upper = cnn__option(o.zoom_upper, 1),
      .brightness_lower = cnn__option(o.brightness_lower, 1),
      .brightness_upper = cnn__option(o.brightness_upper, 1),
      .brightness_white = cnn__option(o.brightness_white, 1),
      .cval = cnn__option(o.cval, 0),
      .rescale = cnn__option(o.rescale, 1),
      .brightness_8bit = o.brightness_8bit != 0,
      .fill_mode = o.fill_mode,
      .interpolation_order = cnn__option_int(o.interpolation_order, 1),
      .whole_shifts = o.whole_shifts != 0,
      .horizontal_flip = o.horizontal_flip != 0,
      .vertical_flip = o.vertical_flip != 0,
      .samplewise_center = o.samplewise_center != 0,
      .samplewise_std_normalization = o.samplewise_std_normalization != 0,
      .featurewise_center = o.featurewise_center != 0,
      .featurewise_std_normalization = o.featurewise_std_normalization != 0,
      .zca_whitening = o.zca_whitening != 0,
  };
  return check(out);
}

cnn_status cnn__augment_text(cnn__augment_settings *out, const char *attributes) {
  CNN__TRY(cnn__attributes_parse(cnn__augment_attributes, out, attributes, "augmenter", NULL, NULL));
  return check(out);
}

int32_t cnn__augment_draws_more(const cnn__augment_settings *set) {
  return set->whole_shifts || set->horizontal_flip || set->vertical_flip || set->channel_shift_range != 0 ||
         set->brightness_lower != 1 || set->brightness_upper != 1;
}
