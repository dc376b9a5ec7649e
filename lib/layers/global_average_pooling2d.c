/* global_average_pooling2d: the average of each channel over the whole image, its sum in double. */
#include "layers/pooling2d.h"

#include "core/options.h"

#include <string.h>

static int64_t channels_of(const cnn_layer *layer) { return layer->in.extent[2]; }

static int64_t pixels_of(const cnn_layer *layer) { return layer->in.extent[0] * layer->in.extent[1]; }

static cnn_status setup(cnn_layer *layer) {
  CNN__TRY(cnn__global_pooling2d_setup(layer));
  layer->needs = CNN__BACKWARD_AGAIN;
  layer->scratch_bytes = (size_t)channels_of(layer) * sizeof(double);
  return CNN_OK;
}

static void forward(const cnn__work *work) {
  int64_t c = channels_of(work->layer), pixels = pixels_of(work->layer);
  double *sums = work->scratch;
  for (int64_t i = 0; i < work->count; i++) {
    work->k->channel_sums(1, pixels, c, work->x + i * pixels * c, sums);
    for (int64_t q = 0; q < c; q++)
      work->y[i * c + q] = (float)(sums[q] / (double)pixels);
  }
}

/* The first pixel's gradient, then what stands there twice, and so on. */
static void spread(int64_t pixels, int64_t c, const float *dy, float *dx) {
  for (int64_t q = 0; q < c; q++)
    dx[q] = dy[q] / (float)pixels;
  for (int64_t done = 1, more; done < pixels; done += more) {
    more = done < pixels - done ? done : pixels - done;
    memcpy(dx + done * c, dx, (size_t)(more * c) * sizeof *dx);
  }
}

static void backward(const cnn__work *work) {
  int64_t c = channels_of(work->layer), pixels = pixels_of(work->layer);
  for (int64_t i = 0; work->dx && i < work->count; i++)
    spread(pixels, c, work->dy + i * c, work->dx + i * pixels * c);
}

static const cnn__phase forward_phases[] = {{.domain = CNN__SHARDS, .run = forward}, {0}};
static const cnn__phase backward_phases[] = {{.domain = CNN__SHARDS, .run = backward}, {0}};

const cnn__layer_type cnn__global_average_pooling2d_layer = {
    .name = "global_average_pooling2d",
    .class_name = "GlobalAveragePooling2D",
    .help = "Average of each channel over the whole image.",
    .attributes = cnn__global_pooling2d_attributes,
    .attributes_size = sizeof(cnn__global_pooling2d),
    .inputs = 1,
    .setup = setup,
    .phases = {[CNN__PHASE_TRAIN] = forward_phases,
               [CNN__PHASE_INFER] = forward_phases,
               [CNN__PHASE_BACKWARD] = backward_phases},
};

cnn_layer *cnn_global_average_pooling2d(cnn_model *model, const cnn_global_average_pooling2d_opts *options) {
  cnn_global_average_pooling2d_opts given;
  const size_t known = CNN__FIRST(cnn_global_average_pooling2d_opts, keepdims);
  if (cnn__options(&given, known, known, options, "cnn_global_average_pooling2d_opts") < 0)
    return cnn__model_refuse(model);
  const cnn__global_pooling2d set = {.keepdims = given.keepdims != 0};
  return cnn__model_append(model, &cnn__global_average_pooling2d_layer, &set, given.name, given.input);
}
