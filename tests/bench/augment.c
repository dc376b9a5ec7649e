/* augment: microseconds to make one image ready on one thread, from bytes, by what an augmenter does to it. */
#include "suite.h"

#include "data/batch.h"

#include <stdlib.h>

#define BATCH 128
#define LEAST 4e-3 /* seconds of each measurement */

static const struct {
  const char *name, *text; /* NULL: no augmenter */
} settings[] = {
    {"none", NULL},
    {"notebook", "rotation_range=10 zoom_range=0.1 width_shift_range=0.1 height_shift_range=0.1"},
    {"notebook, flips, shear", "rotation_range=10 zoom_range=0.1 width_shift_range=0.1 height_shift_range=0.1 horizontal_flip=true "
                               "vertical_flip=true shear_range=10"},
    {"flip alone", "horizontal_flip=true"},
    {"constant", "rotation_range=10 fill_mode=constant"},
    {"reflect", "rotation_range=10 fill_mode=reflect"},
    {"wrap", "rotation_range=10 fill_mode=wrap"},
    {"order 0", "rotation_range=10 interpolation_order=0"},
    {"channel shift", "channel_shift_range=0.1"},
    {"brightness", "brightness_lower=0.5 brightness_upper=1.5"},
    {"samplewise", "samplewise_std_normalization=true"},
    {"featurewise", "featurewise_std_normalization=true"},
};
#define SETTINGS ((int)(sizeof settings / sizeof *settings))

typedef struct filling {
  cnn__batch *batch;
  float *x;
} filling;

static void fill(void *user) {
  const filling *f = user;
  cnn__batch_fill(f->batch, 0, BATCH, f->x);
}

static cnn_status images_new(cnn_dataset **out, cnn_context *context, int64_t side, int64_t channels) {
  cnn_tensor *images;
  CNN__TRY(cnn_tensor_new(&images, context, CNN_U8, 4, (const int64_t[]){BATCH, side, side, channels}, NULL));
  for (int64_t i = 0; i < cnn_tensor_count(images); i++)
    ((uint8_t *)cnn_tensor_data(images))[i] = (uint8_t)(i * i >> 3);
  cnn_status status = cnn_dataset_new(out, context, 1, &images, 0, NULL, NULL);
  cnn_tensor_free(images);
  return status;
}

static cnn_status batch_new(cnn__batch **out, cnn_context *context, const cnn_dataset *images, const char *text) {
  cnn_augmenter *augmenter = NULL;
  cnn_status status = text ? cnn_augmenter_new_text(&augmenter, context, text) : CNN_OK;
  if (status >= 0 && text)
    status = cnn_augmenter_fit(augmenter, images, NULL);
  if (status >= 0)
    status = cnn__batch_new(out, images, augmenter, BATCH);
  cnn_augmenter_free(augmenter);
  return status;
}

static cnn_status measure(bench *b, const char *table, int64_t side, int64_t channels) {
  cnn_dataset *images;
  CNN__TRY(images_new(&images, b->context, side, channels));
  filling f = {.x = bench_floats(BATCH * side * side * channels)};
  cnn_status status = CNN_OK;
  for (int i = 0; i < SETTINGS && status >= 0; i++) {
    if (!bench_wanted(b, settings[i].name))
      continue;
    status = batch_new(&f.batch, b->context, images, settings[i].text);
    if (status < 0)
      break;
    cnn__batch_take(f.batch, 1, 0, 1, 0, BATCH);
    bench_cell(b, table, settings[i].name, "us", bench_time(fill, &f, LEAST) * 1e6 / BATCH);
    cnn__batch_free(f.batch);
  }
  free(f.x);
  cnn_dataset_free(images);
  return status;
}

cnn_status bench_augment(bench *b) {
  for (int32_t round = 0; round < b->rounds; round++) {
    bench_machine(b);
    CNN__TRY(measure(b, "grey_28", 28, 1));
    CNN__TRY(measure(b, "color_32", 32, 3));
  }
  return CNN_OK;
}
