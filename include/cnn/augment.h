/** @file augment.h
 * Augmentation: images changed at random, the same way for the same (seed, pass, sample), and brought to one scale.
 *
 *     cnn_augmenter *augmenter;
 *     cnn_augmenter_new(&augmenter, ctx, cnn_augmenter_opts(.rotation_range = 10, .zoom_range = 0.1f));
 *     cnn_model_fit(m, train, cnn_fit_opts(.augmenter = augmenter));
 *     cnn_augmenter_free(augmenter); */
#ifndef CNN_AUGMENT_H
#define CNN_AUGMENT_H

#include "data.h"
#include "layer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_augmenter cnn_augmenter;

/** Fill modes: what a pixel shows that lies outside the image; of four values a b c d in a row. */
#define CNN_FILL_NEAREST 0  /**< a a a | a b c d | d d d */
#define CNN_FILL_CONSTANT 1 /**< cval, from the last pixel's middle on */
#define CNN_FILL_REFLECT 2  /**< c b a | a b c d | d c b */
#define CNN_FILL_WRAP 3     /**< b c | a b c d | b c: of period n - 1, as SciPy has it */

/** What is done to each image: ImageDataGenerator's arguments with the meaning that Keras >= 2.9 gives them. All random ranges are
 * uniform. First the image moves (rotation, shifts, shear, zoom), then channel shift, flips, brightness; then it is standardised: rescale,
 * samplewise, featurewise. Two of Keras's oddities are kept: height_shift_range, measured in heights, moves columns and width_shift_range
 * rows (with equal ranges and square images nobody can tell), and the centre of an image that is not square is (height/2 - 1/2 from the
 * left, width/2 - 1/2 from the top). Values are those of the model: bytes have been divided by the data set's divisor before anything
 * is done, so a `rescale=1/255` on bytes is the default and its ranges for channels and cval are to be divided too. Whatever is not a
 * range is a flag, 0 or not. Not done: zca_whitening, orders from 2 on, lists of shifts, preprocessing functions (change the data set). */
typedef struct cnn_augmenter_opts {
  size_t size;
  float rotation_range;      /**< degrees, [0, 180]: angle in [-r, r]; positive turns the content counter-clockwise */
  float width_shift_range;   /**< fraction of the width below 1, else pixels: shift ty (of rows) in [-w, w] */
  float height_shift_range;  /**< the same of the height: shift tx (of columns) */
  float zoom_range;          /**< [0, 1): factors in [1 - z, 1 + z], rows and columns apart; above 1 makes the content smaller */
  float shear_range;         /**< degrees, [0, 90]: angle in [-s, s] */
  float channel_shift_range; /**< one addend in [-c, c] for all channels; the sum stays within the image's own least and largest value */
  float zoom_lower;          /**< factors in [lower, upper] instead of zoom_range; above 0; 0: 1 */
  float zoom_upper;          /**< 0: 1 */
  float brightness_lower;    /**< factor in [lower, upper], 0 (CNN_ZERO: black) or more; 0: 1. With upper 1: none */
  float brightness_upper;    /**< 0: 1 */
  float brightness_white;    /**< products are held within [0, white]; 0: 1 */
  float cval;                /**< of CNN_FILL_CONSTANT */
  float rescale;             /**< factor of every value; 0: 1 */
  int32_t brightness_8bit;   /**< brightness as Keras does it, by way of 8-bit pixels: see cnn_transform */
  int32_t fill_mode;         /**< CNN_FILL_*; 0: nearest */
  int32_t interpolation_order; /**< 1 bilinear, CNN_ZERO_INT nearest pixel; 0: 1 */
  int32_t whole_shifts;      /**< shifts are drawn as Keras does for an int n: 0 .. n - 1 pixels, then a sign; ranges are whole numbers then */
  int32_t horizontal_flip;   /**< left and right change places in every second image */
  int32_t vertical_flip;
  int32_t samplewise_center; /**< from each image its own mean */
  int32_t samplewise_std_normalization;  /**< and by its own deviation + 1e-6; implies samplewise_center */
  int32_t featurewise_center;            /**< from each channel its mean over the data set: see cnn_augmenter_fit */
  int32_t featurewise_std_normalization; /**< and by its deviation + 1e-6; implies featurewise_center */
  int32_t zca_whitening;     /**< refused */
} cnn_augmenter_opts;
#define cnn_augmenter_opts(...) (&(const struct cnn_augmenter_opts){.size = sizeof(struct cnn_augmenter_opts), __VA_ARGS__})

/** What an image gets is a function of (seed, pass, sample index): batches, threads and order change nothing, and each quantity has random
 * numbers of its own, so that another range leaves it alone.
 * Errors: CNN_EINVAL a range, whole_shifts with ranges that are not whole, zoom_range beside a lower or upper; CNN_EUNSUPPORTED
 * zca_whitening, an order from 2 on; CNN_ENOMEM. Threads: any; const use in any thread. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_new(cnn_augmenter **out, cnn_context *context,
                                                    const cnn_augmenter_opts *options);

/** The same from text: "rotation_range=10 fill_mode=reflect horizontal_flip=true", keys as cnn_augmenter_attribute_at lists them, 0 taken
 * literally; NULL or "": nothing is done. Errors: as cnn_augmenter_new; CNN_ENAME unknown key or choice (nearest named). Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_new_text(cnn_augmenter **out, cnn_context *context, const char *attributes);

/** NULL does nothing. Since 0.1. */
CNN_API void cnn_augmenter_free(cnn_augmenter *augmenter);

/** The attributes of augmenters: how many, and row `index` written to *out, whose `.size` the caller has set. Errors: CNN_EINVAL.
 * Threads: any. Since 0.1. */
CNN_API int32_t cnn_augmenter_attribute_count(void);
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_attribute_at(int32_t index, cnn_attribute *out);

/** An attribute of this augmenter as text that reads back. Errors: CNN_ENAME unknown key (nearest named); CNN_EINVAL the buffer is too
 * short (with the length wanted). Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_attribute_text(const cnn_augmenter *augmenter, const char *key, char *buffer,
                                                               size_t bytes);

/* ---- one image ---- */

/** The transform of one image: the affine part, then channel shift, flips, brightness. Degrees, shifts in pixels of the source (x:
 * columns, y: rows, as Keras applies them), factors. */
typedef struct cnn_transform {
  size_t size;
  double theta;  /**< degrees, within +-1,000,000 */
  double tx, ty; /**< tx moves the sampled column, ty the sampled row; positive samples further right / down */
  double zx, zy; /**< column and row factor; 1: none. 0 counts as 1 */
  double shear;  /**< degrees, within +-1,000,000 */
  double channel_shift;      /**< added to every value, which then stays within the image's least and largest (before the shift) */
  double brightness;         /**< factor, 0 or more; 0: none, CNN_ZERO: black */
  float brightness_white;    /**< products are held within [0, white]; 0: 1 */
  float cval;                /**< what CNN_FILL_CONSTANT shows, in the values of the output */
  int32_t flip_horizontal;   /**< not 0: columns in reverse */
  int32_t flip_vertical;     /**< not 0: rows in reverse */
  int32_t brightness_8bit;   /**< not 0: Keras's way, for images of 0 to 255: values are cut to whole numbers before and after the
                              *   multiplication and held within [0, 255]; an image that leaves that range is stretched to it for the while.
                              *   So an image of [0, 1] becomes one of 0 and 1: that is what Keras makes of it. White is not used */
  int32_t fill_mode;         /**< CNN_FILL_* */
  int32_t interpolation_order; /**< 1 bilinear, CNN_ZERO_INT nearest pixel (half way: the later one); 0: 1 */
  int32_t reserved;
} cnn_transform;

/** The transform that (pass, sample) gets. out->size set by the caller; as much is written as it says. Errors: CNN_EINVAL. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_transform(const cnn_augmenter *augmenter, cnn_transform *out,
                                                          int64_t height, int64_t width, uint32_t pass, int64_t sample);

/** One image [H, W, C] (or [1, H, W, C]), f32 or u8 (divided by 255), under a given transform: new f32 tensor of the same shape. Errors:
 * CNN_ESHAPE; CNN_EINVAL a value of the transform that is not finite or out of range; CNN_EUNSUPPORTED an order from 2 on; CNN_EDATA NaN or
 * infinity in the image; CNN_ENOMEM. Threads: any. Since 0.1. Output pixel (row r, column q) samples the source at
 *     u = zx * (q - ox) - sin(shear) * zy * (r - oy) + tx     column: cos(theta) * u - sin(theta) * v + ox     ox = height / 2 - 1/2
 *     v = cos(shear) * zy * (r - oy) + ty                     row:    sin(theta) * u + cos(theta) * v + oy     oy = width / 2 - 1/2
 * (Keras: apply_affine_transform; the rest: ImageDataGenerator.apply_transform.) */
CNN_API CNN_MUST_CHECK cnn_status cnn_image_transform(cnn_tensor **out, const cnn_tensor *image,
                                                      const cnn_transform *transform);

/** One image transformed and standardised as (pass, sample) of training would be. Errors: as cnn_image_transform; those of
 * cnn_augmenter_standardize. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_apply(cnn_tensor **out, const cnn_augmenter *augmenter,
                                                      const cnn_tensor *image, uint32_t pass, int64_t sample);

/* ---- standardisation ---- */

/** Images standardised and nothing else, for validation and prediction: x * rescale; minus the image's mean; by its deviation + 1e-6;
 * minus each channel's mean over the data set; by its deviation + 1e-6, each where it is asked for. (Keras: ImageDataGenerator.standardize.)
 * @param images  [N, H, W, C] or one [H, W, C], f32 or u8 (divided by 255)   @return new f32 tensor of the same shape
 * Errors: CNN_ESHAPE; CNN_ESTATE featurewise without statistics (Keras only warns and leaves it out); CNN_EDATA NaN or infinity; CNN_ENOMEM.
 * Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_standardize(cnn_tensor **out, const cnn_augmenter *augmenter,
                                                            const cnn_tensor *images);

typedef struct cnn_augmenter_fit_opts {
  size_t size;
  int32_t augment;  /**< not 0: statistics of transformed images instead of the images as they are */
  int32_t rounds;   /**< then so many of each: those of passes 0 .. rounds - 1; 0: 1 */
} cnn_augmenter_fit_opts;
#define cnn_augmenter_fit_opts(...) (&(const struct cnn_augmenter_fit_opts){.size = sizeof(struct cnn_augmenter_fit_opts), __VA_ARGS__})

/** Measure the mean and deviation of each channel over a data set, rescaled, as Keras's fit does, for the featurewise settings. The
 * augmenter keeps them in place of those it had. Without a featurewise setting they are kept and not used.
 * Errors: CNN_ESHAPE samples are no images; CNN_EINVAL options; CNN_ESTATE a running fit uses the augmenter; CNN_ENOMEM. After an error the
 * statistics are what they were. Threads: one per augmenter. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_fit(cnn_augmenter *augmenter, const cnn_dataset *dataset,
                                                    const cnn_augmenter_fit_opts *options);

/** Channels of the statistics (0: none yet), and the statistics into mean[0 .. channels - 1] and deviation[...], either may be NULL.
 * Errors: CNN_ESTATE none yet; CNN_EINVAL another count of channels. Threads: const. Since 0.1. */
CNN_API int64_t cnn_augmenter_channels(const cnn_augmenter *augmenter);
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_statistics(const cnn_augmenter *augmenter, int64_t channels, double *mean,
                                                           double *deviation);

/** Set the statistics, as where a model is used that was trained with them. @param deviation  may be NULL: 1 each
 * Errors: CNN_EINVAL no channels, a value not finite, a deviation below 0; CNN_ESTATE a running fit uses the augmenter; CNN_ENOMEM. Threads:
 * one per augmenter. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_set_statistics(cnn_augmenter *augmenter, int64_t channels, const double *mean,
                                                               const double *deviation);

#ifdef __cplusplus
}
#endif
#endif
