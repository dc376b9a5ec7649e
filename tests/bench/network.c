/* network: the notebook's model and its images for the suites. */
#include "network.h"

#include "report.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

#define CLASSES 10

/* Grey images from a small generator: what they show makes no difference to the time. */
static cnn_status make_data(network *n, cnn_context *context, int64_t side) {
  cnn_tensor *images = NULL, *labels = NULL;
  cnn_status status = cnn_tensor_new(&images, context, CNN_U8, 3, (const int64_t[]){n->images, side, side}, NULL);
  if (status >= 0)
    status = cnn_tensor_new(&labels, context, CNN_I32, 1, (const int64_t[]){n->images}, NULL);
  if (status >= 0) {
    uint8_t *pixels = cnn_tensor_data(images);
    int32_t *classes = cnn_tensor_data(labels);
    uint32_t state = 1;
    for (int64_t i = 0; i < n->images * side * side; i++) {
      state = state * 1664525u + 1013904223u;
      pixels[i] = (uint8_t)(state >> 24 > 200 ? state >> 16 & 255 : 0);
    }
    for (int64_t i = 0; i < n->images; i++)
      classes[i] = (int32_t)(i % CLASSES);
    status = cnn_dataset_new(&n->data, context, 1, &images, 1, &labels, NULL);
  }
  cnn_tensor_free(images);
  cnn_tensor_free(labels);
  return status;
}

static cnn_status make_model(network *n, cnn_context *context, int64_t side, int64_t width) {
  cnn_optimizer *adam = NULL;
  cnn_status status = cnn_model_new(&n->model, context, NULL);
  if (status < 0)
    return status;
  cnn_input(n->model, 3, (const int64_t[]){side, side, 1}, NULL);
  for (int i = 1; i <= 2; i++) {
    char name[16];
    snprintf(name, sizeof name, "conv%d", i);
    cnn_conv2d(n->model, 32 * i * width, 3, 3,
               cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU, .name = name));
    cnn_batch_normalization(n->model, NULL);
    cnn_max_pooling2d(n->model, 2, 2, NULL);
    cnn_dropout(n->model, 0.25f, NULL);
  }
  cnn_flatten(n->model, NULL);
  cnn_dense(n->model, 128 * width, cnn_dense_opts(.activation = CNN_ACTIVATION_RELU, .name = "dense1"));
  cnn_dropout(n->model, 0.5f, NULL);
  cnn_dense(n->model, CLASSES, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX, .name = "output"));
  if ((status = cnn_adam_new(&adam, context, NULL)) >= 0)
    status = cnn_model_compile(n->model, adam, 1, (const char *[]){"categorical_crossentropy"},
                               cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1));
  cnn_optimizer_free(adam);
  return status;
}

cnn_status network_new(network *n, cnn_context *context, int64_t side, int64_t width, int64_t images) {
  *n = (network){.images = images};
  cnn_status status = make_data(n, context, side);
  if (status >= 0)
    status = cnn_augmenter_new(&n->augmenter, context,
                               cnn_augmenter_opts(.rotation_range = 10, .zoom_range = 0.1f, .width_shift_range = 0.1f,
                                                  .height_shift_range = 0.1f));
  return status < 0 ? status : make_model(n, context, side, width);
}

void network_free(network *n) {
  cnn_model_free(n->model);
  cnn_augmenter_free(n->augmenter);
  cnn_dataset_free(n->data);
  *n = (network){0};
}

cnn_status network_run_new(network_run *r, network *n, int64_t batch) {
  const cnn__plan *train, *predict;
  *r = (network_run){.network = n, .batch = batch};
  r->outputs = bench_memory(NULL, (size_t)(batch * CLASSES) * sizeof *r->outputs);
  CNN__TRY(cnn__model_plan(n->model, CNN__MODE_TRAIN, &train));
  CNN__TRY(cnn__model_plan(n->model, CNN__MODE_PREDICT, &predict));
  CNN__TRY(cnn__run_new(&r->train, n->model, train, batch));
  CNN__TRY(cnn__run_new(&r->infer, n->model, predict, batch));
  CNN__TRY(cnn__batch_new(&r->plain, n->data, NULL, batch));
  return cnn__batch_new(&r->augmented, n->data, n->augmenter, batch);
}

void network_run_free(network_run *r) {
  cnn__batch_free(r->plain);
  cnn__batch_free(r->augmented);
  cnn__run_free(r->train);
  cnn__run_free(r->infer);
  free(r->outputs);
  *r = (network_run){0};
}

static cnn__feed take(const network_run *r, cnn__batch *from, int32_t shuffle, int64_t step) {
  cnn__batch_take(from, 1, 0, shuffle, step % (r->network->images / r->batch) * r->batch, r->batch);
  return (cnn__feed){.count = from->count, .fill = cnn__batch_fill, .user = from, .samples = from->samples,
                     .labels = from->labels};
}

double network_train(network_run *r, cnn__batch *from, int64_t steps) {
  double start = bench_now();
  for (int64_t i = 0; i < steps; i++) {
    cnn__feed feed = take(r, from, 1, i);
    cnn__run_train(r->train, r->network->model, &feed, 0);
  }
  return (double)(steps * r->batch) / (bench_now() - start);
}

double network_infer(network_run *r, int64_t steps) {
  double start = bench_now();
  for (int64_t i = 0; i < steps; i++) {
    cnn__feed feed = take(r, r->plain, 0, i);
    cnn__run_predict(r->infer, r->network->model, &feed, r->outputs);
  }
  return (double)(steps * r->batch) / (bench_now() - start);
}
