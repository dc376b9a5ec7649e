/* notebook: the model that the project began with, and batches of MNIST. */
#include "notebook.h"

#include "model/model_internal.h"
#include "reference.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

cnn_model *notebook_new(cnn_context *context, int32_t dropout) {
  cnn_model *m;
  float quarter = dropout ? 0.25f : 0.0f, half = dropout ? 0.5f : 0.0f;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){28, 28, 1}, NULL);
  cnn_conv2d(m, 32, 3, 3,
             cnn_conv2d_opts(.name = "conv1", .padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "bn1"));
  cnn_max_pooling2d(m, 2, 2, cnn_max_pooling2d_opts(.name = "pool1"));
  cnn_dropout(m, quarter, cnn_dropout_opts(.name = "dropout1"));
  cnn_conv2d(m, 64, 3, 3,
             cnn_conv2d_opts(.name = "conv2", .padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "bn2"));
  cnn_max_pooling2d(m, 2, 2, cnn_max_pooling2d_opts(.name = "pool2"));
  cnn_dropout(m, quarter, cnn_dropout_opts(.name = "dropout2"));
  cnn_flatten(m, NULL);
  cnn_dense(m, 128, cnn_dense_opts(.name = "dense1", .activation = CNN_ACTIVATION_RELU));
  cnn_dropout(m, half, cnn_dropout_opts(.name = "dropout3"));
  cnn_dense(m, NOTEBOOK_CLASSES, cnn_dense_opts(.name = "output", .activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  return m;
}

void notebook_compile(cnn_model *model, const char *optimizer, const char *attributes) {
  cnn_optimizer *o;
  const char *loss = "categorical_crossentropy", *metric = "accuracy";
  ck_assert_msg(cnn_optimizer_new(&o, model->context, optimizer, attributes) == CNN_OK, "%s", cnn_error_text());
  cnn_status status = cnn_model_compile(model, o, 1, &loss, cnn_compile_opts(.metrics = &metric, .metric_count = 1));
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  cnn_optimizer_free(o);
}

void notebook_set(cnn_model *model, const char *name) {
  reference *r = reference_open("model", name);
  for (int32_t i = 0; i < cnn_model_weight_count(model); i++) {
    cnn_tensor *value;
    const char *weight = cnn_model_weight_name(model, i);
    const reference_tensor *source = reference_get(r, weight);
    ck_assert_int_eq(cnn_tensor_new(&value, model->context, CNN_F32, source->rank, source->shape, NULL), CNN_OK);
    reference_floats(source, cnn_tensor_data(value));
    ck_assert_msg(cnn_model_set_weight(model, weight, value) == CNN_OK, "%s", cnn_error_text());
    cnn_tensor_free(value);
  }
  reference_close(r);
}

static unsigned char *read_gz(const char *file, const char *kind, size_t skip, size_t bytes) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s-%s.gz", MNIST_DIR, file, kind);
  gzFile gz = gzopen(path, "rb");
  ck_assert_msg(gz != NULL, "cannot open %s", path);
  unsigned char *data = malloc(skip + bytes);
  ck_assert_int_eq(gzread(gz, data, (unsigned)(skip + bytes)), (int)(skip + bytes));
  gzclose(gz);
  memmove(data, data + skip, bytes);
  return data;
}

notebook_images notebook_load(const char *file, int64_t count) {
  notebook_images images = {.count = count};
  size_t n = (size_t)count;
  unsigned char *pixels = read_gz(file, "images-idx3-ubyte", 16, n * NOTEBOOK_PIXELS);
  unsigned char *labels = read_gz(file, "labels-idx1-ubyte", 8, n);
  images.pixels = malloc(n * NOTEBOOK_PIXELS * sizeof(float));
  images.targets = calloc(n * NOTEBOOK_CLASSES, sizeof(float));
  images.labels = malloc(n * sizeof(int32_t));
  for (size_t i = 0; i < n * NOTEBOOK_PIXELS; i++)
    images.pixels[i] = (float)pixels[i] / 255.0f;
  for (size_t i = 0; i < n; i++) {
    images.labels[i] = labels[i];
    images.targets[i * NOTEBOOK_CLASSES + labels[i]] = 1.0f;
  }
  free(pixels);
  free(labels);
  return images;
}

void notebook_unload(notebook_images *images) {
  free(images->pixels);
  free(images->targets);
  free(images->labels);
}

static void fill(const void *user, int64_t first, int64_t count, float *x) {
  const test_batch *batch = user;
  memcpy(x, batch->x + first * batch->row, (size_t)(count * batch->row) * sizeof(float));
}

void test_batch_set(test_batch *batch, const float *x, int64_t row, const float *targets, int64_t count) {
  *batch = (test_batch){.feed = {.count = count, .fill = fill, .user = batch, .targets = targets}, .x = x, .row = row};
}

void notebook_take(test_batch *batch, const notebook_images *images, int64_t first, int64_t count) {
  ck_assert_int_le(first + count, images->count);
  test_batch_set(batch, images->pixels + first * NOTEBOOK_PIXELS, NOTEBOOK_PIXELS,
                 images->targets + first * NOTEBOOK_CLASSES, count);
}
