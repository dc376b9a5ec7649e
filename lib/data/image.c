/* image: the calls that make tensors of images: transformed, augmented as in training, standardised. */
#include "core/fp.h"
#include "core/options.h"
#include "data/standardize.h"
#include "data/transform.h"
#include "tensor/tensor_internal.h"

#include <math.h>

#define MOST_DEGREES 1e6 /* beyond, doubles no longer hold an angle well */

/* A tensor of images, with or without an axis that counts them. */
typedef struct images {
  const cnn_tensor *tensor;
  int64_t count, h, w, c;
} images;

static cnn_status images_of(const cnn_tensor *tensor, int32_t single, images *out) {
  char text[160];
  const cnn__shape *shape = &tensor->shape;
  const int64_t *extents = shape->extent + (shape->rank == 4);
  if (shape->rank != 3 && !(shape->rank == 4 && (!single || shape->extent[0] == 1)))
    return cnn__fail(CNN_ESHAPE, "image of shape %s, expected (height, width, channels) or (%s, height, width, channels)",
                     cnn__shape_text(text, shape, 0), single ? "1" : "images");
  if (tensor->count == 0)
    return cnn__fail(CNN_ESHAPE, "image without pixels, shape %s", cnn__shape_text(text, shape, 0));
  if (tensor->type != CNN_F32 && tensor->type != CNN_U8)
    return cnn__fail(CNN_ESHAPE, "image of %s, expected float32 or uint8", cnn_type_name(tensor->type));
  *out = (images){tensor, shape->rank == 4 ? shape->extent[0] : 1, extents[0], extents[1], extents[2]};
  return cnn__tensor_finite(tensor, "image");
}

static cnn__image image_at(const images *all, int64_t index) {
  const int64_t first = index * all->h * all->w * all->c;
  const int32_t bytes = all->tensor->type == CNN_U8;
  return (cnn__image){.bytes = bytes ? (const uint8_t *)all->tensor->data + first : NULL,
                      .floats = bytes ? NULL : (const float *)all->tensor->data + first,
                      .h = all->h,
                      .w = all->w,
                      .c = all->c,
                      .divisor = 255.0f};
}

/* A tensor like the images, each under the transform (NULL: as it is), then standardised (NULL: not). */
static cnn_status make(cnn_tensor **out, const images *all, const cnn_transform *transform, const cnn_augmenter *augmenter) {
  const cnn_tensor *from = all->tensor;
  const cnn__kernels *k = cnn__kernels_for(from->context->level, from->context->provider);
  CNN__TRY(cnn_tensor_new(out, from->context, CNN_F32, from->shape.rank, from->shape.extent, NULL));
  cnn__fp saved = cnn__fp_enter();
  for (int64_t i = 0; i < all->count; i++) {
    const cnn__image image = image_at(all, i);
    float *to = (float *)(*out)->data + i * all->h * all->w * all->c;
    if (transform)
      cnn__transform_image(k, transform, &image, to);
    else
      cnn__copy_image(k, &image, to);
    if (augmenter)
      cnn__standardize(augmenter, all->h * all->w, all->c, to);
  }
  cnn__fp_leave(saved);
  return CNN_OK;
}

/* ---- a given transform ---- */

static cnn_status check_numbers(const cnn_transform *t) {
  const struct {
    const char *name;
    double value, most;
  } numbers[] = {{"theta", t->theta, MOST_DEGREES}, {"tx", t->tx, INFINITY},
                 {"ty", t->ty, INFINITY},           {"zx", t->zx, INFINITY},
                 {"zy", t->zy, INFINITY},           {"shear", t->shear, MOST_DEGREES},
                 {"channel_shift", t->channel_shift, 1e30}, {"brightness", t->brightness, 1e30},
                 {"brightness_white", (double)t->brightness_white, 1e30}, {"cval", (double)t->cval, 1e30}};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    if (!isfinite(numbers[i].value))
      return cnn__fail(CNN_EINVAL, "image transform: %s %g must be finite", numbers[i].name, numbers[i].value);
    if (fabs(numbers[i].value) > numbers[i].most)
      return cnn__fail(CNN_EINVAL, "image transform: %s %g is not within %g", numbers[i].name, numbers[i].value,
                       numbers[i].most);
  }
  if (t->brightness < 0 || t->brightness_white < 0)
    return cnn__fail(CNN_EINVAL, "image transform: brightness %g and brightness_white %g must be 0 or more", t->brightness,
                     (double)t->brightness_white);
  return CNN_OK;
}

static cnn_status check_sampling(const cnn_transform *t) {
  if (t->fill_mode < CNN_FILL_NEAREST || t->fill_mode > CNN_FILL_WRAP)
    return cnn__fail(CNN_EINVAL, "image transform: fill_mode %d is none of CNN_FILL_*, 0 to 3", (int)t->fill_mode);
  const int32_t order = cnn__option_int(t->interpolation_order, 1);
  if (order < 0 || order > 1)
    return cnn__fail(order < 0 ? CNN_EINVAL : CNN_EUNSUPPORTED,
                     "image transform: interpolation_order %d is not done, only CNN_ZERO_INT (nearest pixel) and 1 (bilinear)",
                     (int)order);
  return CNN_OK;
}

cnn_status cnn_image_transform(cnn_tensor **out, const cnn_tensor *image, const cnn_transform *given) {
  const size_t known = CNN__FIRST(cnn_transform, interpolation_order); /* what is reserved must be zero */
  cnn_transform transform = {0};
  images all;
  if (!out || !image || !given)
    return cnn__fail(CNN_EINVAL, "image transform: out, image or transform is NULL");
  *out = NULL;
  CNN__TRY(cnn__options(&transform, known, CNN__FIRST(cnn_transform, zy), given, "cnn_transform"));
  CNN__TRY(check_numbers(&transform));
  CNN__TRY(check_sampling(&transform));
  CNN__TRY(images_of(image, 1, &all));
  return make(out, &all, &transform, NULL);
}

/* ---- an augmenter ---- */

cnn_status cnn_augmenter_apply(cnn_tensor **out, const cnn_augmenter *augmenter, const cnn_tensor *image, uint32_t pass,
                               int64_t sample) {
  cnn_transform transform = {.size = sizeof transform};
  images all;
  if (!out || !augmenter || !image)
    return cnn__fail(CNN_EINVAL, "augmenter: out, augmenter or image is NULL");
  *out = NULL;
  CNN__TRY(images_of(image, 1, &all));
  CNN__TRY(cnn__augmenter_ready(augmenter, &(cnn__shape){3, {all.h, all.w, all.c}}));
  CNN__TRY(cnn_augmenter_transform(augmenter, &transform, all.h, all.w, pass, sample));
  return make(out, &all, &transform, augmenter);
}

cnn_status cnn_augmenter_standardize(cnn_tensor **out, const cnn_augmenter *augmenter, const cnn_tensor *given) {
  images all;
  if (!out || !augmenter || !given)
    return cnn__fail(CNN_EINVAL, "augmenter: out, augmenter or images is NULL");
  *out = NULL;
  CNN__TRY(images_of(given, 0, &all));
  CNN__TRY(cnn__augmenter_ready(augmenter, &(cnn__shape){3, {all.h, all.w, all.c}}));
  return make(out, &all, NULL, augmenter);
}
