/* augment: random affine transforms of images, with the ranges of Keras's ImageDataGenerator (Keras 2.9 and later).
 *
 * One oddity is Keras's own and kept: the shift that is drawn from height_shift_range and measured in heights is tx, which
 * moves columns. What an image gets follows from the seed, the pass and the sample's index; there is no state. */
#include "data/augment.h"

#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/random.h"
#include "data/dataset_internal.h"
#include "data/transform.h"
#include "kernels/kernel.h"

#include <math.h>
#include <string.h>

#define MOST_DEGREES 1e6            /* beyond, doubles no longer hold an angle well */
#define TRANSFORM_FIRST (offsetof(cnn_transform, zy) + sizeof(double)) /* size in the first release */

static cnn_status check_options(const cnn_augmenter_opts *options) {
  if (!(options->rotation_range >= 0.0f && options->rotation_range <= 180.0f))
    return cnn__fail(CNN_EINVAL, "augmenter: rotation_range %g is not in [0, 180] degrees", (double)options->rotation_range);
  if (!(options->width_shift_range >= 0.0f) || !isfinite(options->width_shift_range))
    return cnn__fail(CNN_EINVAL, "augmenter: width_shift_range %g is not 0 or more", (double)options->width_shift_range);
  if (!(options->height_shift_range >= 0.0f) || !isfinite(options->height_shift_range))
    return cnn__fail(CNN_EINVAL, "augmenter: height_shift_range %g is not 0 or more", (double)options->height_shift_range);
  if (!(options->zoom_range >= 0.0f && options->zoom_range < 1.0f))
    return cnn__fail(CNN_EINVAL, "augmenter: zoom_range %g is not in [0, 1)", (double)options->zoom_range);
  return CNN_OK;
}

cnn_status cnn_augmenter_new(cnn_augmenter **out, cnn_context *context, const cnn_augmenter_opts *given) {
  cnn_augmenter_opts options;
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "augmenter: out or context is NULL");
  *out = NULL;
  CNN__TRY(cnn__options(&options, sizeof options, offsetof(cnn_augmenter_opts, zoom_range) + sizeof options.zoom_range,
                        given, "cnn_augmenter_opts"));
  CNN__TRY(check_options(&options));
  cnn_augmenter *augmenter = cnn__alloc_zero(context, sizeof *augmenter, "augmenter");
  if (!augmenter)
    return cnn__fail_code();
  atomic_init(&augmenter->references, 1);
  augmenter->context = cnn__context_hold(context);
  augmenter->seed = context->seed;
  augmenter->rotation = (double)cnn__option(options.rotation_range, 0.0f);
  augmenter->width_shift = (double)cnn__option(options.width_shift_range, 0.0f);
  augmenter->height_shift = (double)cnn__option(options.height_shift_range, 0.0f);
  augmenter->zoom = (double)cnn__option(options.zoom_range, 0.0f);
  *out = augmenter;
  return CNN_OK;
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
  cnn__free(context, augmenter);
  cnn__context_drop(context);
}

/* Uniform in [-range, range]; a range below 1 is a share of the extent where one is given. */
static double between(double unit, double range, int64_t extent) {
  double value = -range + 2.0 * range * unit;
  return extent && range < 1.0 ? value * (double)extent : value;
}

/* Every quantity has its own place in the random blocks, whether or not another one's range is 0. */
void cnn__augmenter_draw(const cnn_augmenter *augmenter, cnn_transform *out, int64_t height, int64_t width, uint32_t pass,
                         uint32_t sample) {
  uint32_t key[2], counter[4], words[12];
  cnn__key(key, augmenter->seed);
  for (uint32_t block = 0; block < 3; block++) {
    cnn__coordinates(counter, CNN__RANDOM_AUGMENT, 0, pass, sample, block);
    cnn__philox(counter, key, words + 4 * block);
  }
  double unit[5];
  for (int i = 0; i < 5; i++)
    unit[i] = cnn__unit_double(words[2 * i], words[2 * i + 1]);
  out->theta = between(unit[0], augmenter->rotation, 0);
  out->tx = between(unit[1], augmenter->height_shift, height);
  out->ty = between(unit[2], augmenter->width_shift, width);
  out->zx = 1.0 + between(unit[3], augmenter->zoom, 0);
  out->zy = 1.0 + between(unit[4], augmenter->zoom, 0);
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
  if (!augmenter || !out)
    return cnn__fail(CNN_EINVAL, "augmenter: augmenter or out is NULL");
  if (out->size < TRANSFORM_FIRST)
    return cnn__fail(CNN_EINVAL, "cnn_transform: size is %zu, less than the first version's %zu; set it to sizeof", out->size,
                     TRANSFORM_FIRST);
  CNN__TRY(check_place(height, width, sample));
  cnn__fp saved = cnn__fp_enter();
  cnn__augmenter_draw(augmenter, out, height, width, pass, (uint32_t)sample);
  cnn__fp_leave(saved);
  return CNN_OK;
}

/* Height, width and channels of one image, with or without a batch axis of one. */
static cnn_status check_image(const cnn_tensor *image, const int64_t **extents) {
  char text[160];
  const cnn__shape *shape = &image->shape;
  *extents = shape->extent + (shape->rank == 4);
  if (shape->rank != 3 && !(shape->rank == 4 && shape->extent[0] == 1))
    return cnn__fail(CNN_ESHAPE, "image of shape %s, expected (height, width, channels) or (1, height, width, channels)",
                     cnn__shape_text(text, shape, 0));
  if (image->count == 0)
    return cnn__fail(CNN_ESHAPE, "image without pixels, shape %s", cnn__shape_text(text, shape, 0));
  if (image->type != CNN_F32 && image->type != CNN_U8)
    return cnn__fail(CNN_ESHAPE, "image of %s, expected float32 or uint8", cnn_type_name(image->type));
  return cnn__tensor_finite(image, "image");
}

static void warp(const cnn_tensor *image, const int64_t *extents, const cnn_transform *transform, float *to) {
  const cnn__kernels *kernels = cnn__kernels_for(image->context->level, image->context->provider);
  int64_t height = extents[0], width = extents[1], channels = extents[2];
  double matrix[6];
  int32_t moved = cnn__transform_matrix(transform, height, width, matrix);
  if (moved && image->type == CNN_U8)
    kernels->warp_u8(height, width, channels, image->data, matrix, 255.0f, to);
  else if (moved)
    kernels->warp_f32(height, width, channels, image->data, matrix, to);
  else if (image->type == CNN_U8)
    kernels->scale_u8(image->count, image->data, 255.0f, to);
  else
    memcpy(to, image->data, (size_t)image->count * sizeof *to);
}

static cnn_status transformed(cnn_tensor **out, const cnn_tensor *image, const int64_t *extents,
                              const cnn_transform *transform) {
  CNN__TRY(cnn_tensor_new(out, image->context, CNN_F32, image->shape.rank, image->shape.extent, NULL));
  cnn__fp saved = cnn__fp_enter();
  warp(image, extents, transform, (*out)->data);
  cnn__fp_leave(saved);
  return CNN_OK;
}

cnn_status cnn_image_transform(cnn_tensor **out, const cnn_tensor *image, const cnn_transform *given) {
  const int64_t *extents;
  cnn_transform transform;
  if (!out || !image || !given)
    return cnn__fail(CNN_EINVAL, "image transform: out, image or transform is NULL");
  *out = NULL;
  CNN__TRY(cnn__options(&transform, sizeof transform, TRANSFORM_FIRST, given, "cnn_transform"));
  if (!isfinite(transform.theta) || !isfinite(transform.tx) || !isfinite(transform.ty) || !isfinite(transform.zx) ||
      !isfinite(transform.zy))
    return cnn__fail(CNN_EINVAL, "image transform: theta %g, tx %g, ty %g, zx %g, zy %g must be finite", transform.theta,
                     transform.tx, transform.ty, transform.zx, transform.zy);
  if (fabs(transform.theta) > MOST_DEGREES)
    return cnn__fail(CNN_EINVAL, "image transform: theta %g is not within %g degrees", transform.theta, MOST_DEGREES);
  CNN__TRY(check_image(image, &extents));
  return transformed(out, image, extents, &transform);
}

cnn_status cnn_augmenter_apply(cnn_tensor **out, const cnn_augmenter *augmenter, const cnn_tensor *image, uint32_t pass,
                               int64_t sample) {
  const int64_t *extents;
  cnn_transform transform = {.size = sizeof transform};
  if (!out || !augmenter || !image)
    return cnn__fail(CNN_EINVAL, "augmenter: out, augmenter or image is NULL");
  *out = NULL;
  CNN__TRY(check_image(image, &extents));
  CNN__TRY(cnn_augmenter_transform(augmenter, &transform, extents[0], extents[1], pass, sample));
  return transformed(out, image, extents, &transform);
}
