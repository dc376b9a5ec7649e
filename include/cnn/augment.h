/** @file augment.h
 * Augmentation: images changed at random, the same way for the same (seed, pass, sample).
 *
 *     cnn_augmenter *augmenter;
 *     cnn_augmenter_new(&augmenter, ctx, cnn_augmenter_opts(.rotation_range = 10, .zoom_range = 0.1f));
 *     cnn_model_fit(m, train, cnn_fit_opts(.augmenter = augmenter));
 *     cnn_augmenter_free(augmenter); */
#ifndef CNN_AUGMENT_H
#define CNN_AUGMENT_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_augmenter cnn_augmenter;

/** What is drawn for each image, uniformly, with the meaning that Keras's ImageDataGenerator (Keras >= 2.9) gives each range. Two of its
 * oddities are kept: height_shift_range, measured in heights, moves columns and width_shift_range rows (with equal ranges and square
 * images nobody can tell), and the centre of an image that is not square is (height/2 - 1/2 from the left, width/2 - 1/2 from the top). */
typedef struct cnn_augmenter_opts {
  size_t size;
  float rotation_range;     /**< degrees, [0, 180]: angle in [-r, r]; positive turns the content counter-clockwise */
  float width_shift_range;  /**< fraction of the width below 1, else pixels: shift ty (of rows) in [-w, w] */
  float height_shift_range; /**< the same of the height: shift tx (of columns) */
  float zoom_range;         /**< [0, 1): factors in [1 - z, 1 + z], rows and columns apart; above 1 makes the content smaller */
} cnn_augmenter_opts;
#define cnn_augmenter_opts(...) (&(const struct cnn_augmenter_opts){.size = sizeof(struct cnn_augmenter_opts), __VA_ARGS__})

/** Random affine augmentation, bilinear, edges repeated (fill mode nearest). What an image gets is a function of (seed, pass, sample index):
 * batches, threads and order change nothing. Errors: CNN_EINVAL a range; CNN_ENOMEM. Threads: any; const use in any thread. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_new(cnn_augmenter **out, cnn_context *context,
                                                    const cnn_augmenter_opts *options);
CNN_API void cnn_augmenter_free(cnn_augmenter *augmenter);

/** The transform of one image: degrees, shifts in pixels of the source (x: columns, y: rows, as Keras applies them), zoom factors. */
typedef struct cnn_transform {
  size_t size;
  double theta;  /**< degrees, within +-1,000,000 */
  double tx, ty; /**< tx moves the sampled column, ty the sampled row; positive samples further right / down */
  double zx, zy; /**< column and row factor; 1: none. 0 counts as 1 */
} cnn_transform;

/** The transform that (pass, sample) gets. out->size set by the caller. Errors: CNN_EINVAL. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_transform(const cnn_augmenter *augmenter, cnn_transform *out,
                                                          int64_t height, int64_t width, uint32_t pass, int64_t sample);

/** One image [H, W, C] (or [1, H, W, C]), f32 or u8 (divided by 255), under a given transform: new f32 tensor of the same shape. Errors:
 * CNN_ESHAPE; CNN_EINVAL a value of the transform that is not finite or out of range; CNN_EDATA NaN or infinity in the image; CNN_ENOMEM.
 * Threads: any. Since 0.1. Output pixel (row r, column q) samples the source at
 *     x = zx * (q - ox) + tx     column: cos(theta) * x - sin(theta) * y + ox     ox = height / 2 - 1/2
 *     y = zy * (r - oy) + ty     row:    sin(theta) * x + cos(theta) * y + oy     oy = width / 2 - 1/2
 * (Keras: apply_affine_transform.) */
CNN_API CNN_MUST_CHECK cnn_status cnn_image_transform(cnn_tensor **out, const cnn_tensor *image,
                                                      const cnn_transform *transform);

/** One image augmented as (pass, sample) of training would be. Errors: as cnn_image_transform. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_augmenter_apply(cnn_tensor **out, const cnn_augmenter *augmenter,
                                                      const cnn_tensor *image, uint32_t pass, int64_t sample);

#ifdef __cplusplus
}
#endif
#endif
