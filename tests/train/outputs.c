/* outputs: models whose output is no row of classes: several rows a sample, single values, labels that are ignored. */
#include "compare.h"
#include "fitting.h"
#include "suite.h"

#include <math.h>
#include <string.h>

#define COUNT 20
#define SIDE 4
#define CLASSES 3

static cnn_context *context;

static cnn_tensor *tensor_of(int32_t type, int32_t rank, const int64_t *shape) {
  cnn_tensor *tensor;
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, type, rank, shape, NULL), CNN_OK);
  return tensor;
}

/* Images whose pixels' classes follow from their brightness; `targets` is what a pixel's target is. */
static cnn_dataset *pixels(int32_t rows, int32_t ignored) {
  cnn_tensor *x = tensor_of(CNN_F32, 4, (const int64_t[]){COUNT, SIDE, SIDE, 1});
  cnn_tensor *y = rows ? tensor_of(CNN_F32, 4, (const int64_t[]){COUNT, SIDE, SIDE, CLASSES})
                       : tensor_of(CNN_U8, 3, (const int64_t[]){COUNT, SIDE, SIDE});
  cnn_dataset *dataset;
  test_numbers(cnn_tensor_data(x), COUNT * SIDE * SIDE, 3, 1);
  for (int64_t i = 0; i < COUNT * SIDE * SIDE; i++) {
    float value = ((float *)cnn_tensor_data(x))[i];
    uint8_t label = value < -0.3f ? 0 : value < 0.3f ? 1 : 2;
    if (rows)
      ((float *)cnn_tensor_data(y))[i * CLASSES + label] = 1;
    else
      ((uint8_t *)cnn_tensor_data(y))[i] = ignored && i % 3 == 0 ? 255 : label;
  }
  ck_assert_msg(cnn_dataset_new(&dataset, context, 1, &x, 1, &y, NULL) == CNN_OK, "%s", cnn_error_text());
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  return dataset;
}

static cnn_model *compiled(cnn_model *m, const char *loss, const char *metric) {
  cnn_optimizer *adam;
  ck_assert_int_eq(cnn_adam_new(&adam, context, cnn_adam_opts(.learning_rate = 0.05f)), CNN_OK);
  ck_assert_msg(cnn_model_compile(m, adam, 1, &loss, cnn_compile_opts(.metrics = &metric, .metric_count = 1)) == CNN_OK, "%s",
                cnn_error_text());
  cnn_optimizer_free(adam);
  return m;
}

static cnn_model *pixel_model(const char *loss, const char *metric) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){SIDE, SIDE, 1}, NULL);
  cnn_conv2d(m, 8, 1, 1, cnn_conv2d_opts(.activation = CNN_ACTIVATION_RELU));
  cnn_conv2d(m, CLASSES, 1, 1, cnn_conv2d_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  return compiled(m, loss, metric);
}

static double trained(cnn_model *m, const cnn_dataset *dataset, const char *name, char hash[33]) {
  cnn_logs *logs;
  ck_assert_msg(cnn_model_fit(m, dataset, cnn_fit_opts(.epochs = 60, .batch_size = 8)) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_model_evaluate(&logs, m, dataset, NULL), CNN_OK);
  double value = training_value(logs, name);
  cnn_model_hash(m, hash);
  cnn_logs_free(logs);
  cnn_model_free(m);
  return value;
}

START_TEST(pixels_learn_their_classes) {
  char hash[4][33];
  for (int i = 0; i < 4; i++) {
    ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 3, .threads = 1 + i % 2)), CNN_OK);
    cnn_dataset *dataset = pixels(i / 2, 0);
    ck_assert_double_gt(trained(pixel_model("categorical_crossentropy", "accuracy"), dataset, "accuracy", hash[i]), 0.9);
    cnn_dataset_free(dataset);
    cnn_context_free(context);
    ck_assert_str_eq(hash[0], hash[i]); /* labels or rows, one thread or two */
  }
}
END_TEST

START_TEST(ignored_labels_change_nothing) {
  char hash[33];
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 3, .threads = 2)), CNN_OK);
  cnn_dataset *dataset = pixels(0, 1);
  cnn_model *m = pixel_model("sparse_categorical_crossentropy", "accuracy");
  ck_assert_int_eq(cnn_model_fit(m, dataset, NULL), CNN_ESHAPE);
  ck_assert_str_eq(cnn_error_text(), "fit: labels are of 256 classes, model 'sequential' gives 3 values");
  cnn_model_free(m);
  double loss = trained(pixel_model("sparse_categorical_crossentropy ignore_class=255", "accuracy"), dataset, "loss", hash);
  ck_assert(loss > 0 && loss < 0.5);
  cnn_dataset_free(dataset);
  cnn_context_free(context);
}
END_TEST

/* y = 2 a - b, of targets [N] or [N, 1]. */
static cnn_dataset *line(int32_t rank, int32_t columns) {
  const int64_t shape[] = {COUNT, columns};
  cnn_tensor *x = tensor_of(CNN_F32, 2, (const int64_t[]){COUNT, 2}), *y = tensor_of(CNN_F32, rank, shape);
  cnn_dataset *dataset;
  test_numbers(cnn_tensor_data(x), COUNT * 2, 8, 1);
  for (int i = 0; i < COUNT; i++) {
    const float *row = (const float *)cnn_tensor_read(x) + i * 2;
    ((float *)cnn_tensor_data(y))[i * columns] = 2 * row[0] - row[1];
  }
  ck_assert_msg(cnn_dataset_new(&dataset, context, 1, &x, 1, &y, NULL) == CNN_OK, "%s", cnn_error_text());
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  return dataset;
}

static cnn_model *line_model(const char *loss) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){2}, NULL);
  cnn_dense(m, 1, NULL);
  return compiled(m, loss, "mae");
}

START_TEST(single_values_are_learned) {
  static const char *const losses[] = {"mse", "mae", "huber delta=0.5"};
  char hash[2][33];
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 3, .threads = 2)), CNN_OK);
  for (int i = 0; i < 3; i++) {
    for (int32_t rank = 1; rank < 3; rank++) {
      cnn_dataset *dataset = line(rank, 1);
      ck_assert_double_lt(trained(line_model(losses[i]), dataset, "mae", hash[rank - 1]), 0.1);
      cnn_dataset_free(dataset);
    }
    ck_assert_str_eq(hash[0], hash[1]);
  }
  cnn_context_free(context);
}
END_TEST

START_TEST(shapes_that_do_not_fit) {
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 3, .threads = 2)), CNN_OK);
  cnn_dataset *images = pixels(0, 0), *rows = pixels(1, 0), *wide = line(2, 3);
  cnn_model *m = line_model("mse"), *classes;
  ck_assert_int_eq(cnn_model_fit(m, wide, NULL), CNN_ESHAPE);
  ck_assert_str_eq(cnn_error_text(), "fit: targets are (None, 3), for the output of model 'sequential' they must be (None, 1)");
  cnn_model_free(m);
  ck_assert_int_eq(cnn_model_new(&classes, context, NULL), CNN_OK);
  cnn_input(classes, 3, (const int64_t[]){SIDE, SIDE, 1}, NULL);
  cnn_flatten(classes, NULL);
  cnn_dense(classes, CLASSES, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  compiled(classes, "categorical_crossentropy", "accuracy");
  ck_assert_int_eq(cnn_model_fit(classes, images, NULL), CNN_ESHAPE);
  ck_assert_str_eq(cnn_error_text(), "fit: labels are (None, 4, 4), for the output of model 'sequential' they must be (None,)");
  ck_assert_int_eq(cnn_model_fit(classes, rows, NULL), CNN_ESHAPE);
  ck_assert_str_eq(cnn_error_text(), "fit: targets are (None, 4, 4, 3), for the output of model 'sequential' they must be (None, 3)");
  cnn_model_free(classes);
  m = pixel_model("categorical_crossentropy", "accuracy");
  ck_assert_int_eq(cnn_model_fit(m, rows, cnn_fit_opts(.class_weights = (const float[]){1}, .class_weight_count = 1)), CNN_ESHAPE);
  ck_assert_str_eq(cnn_error_text(), "fit: class weights go by the class of a sample, and a sample has 16 of them");
  cnn_model_free(m);
  cnn_dataset_free(images);
  cnn_dataset_free(rows);
  cnn_dataset_free(wide);
  cnn_context_free(context);
}
END_TEST

/* Samples of two axes are images for a model that wants a channel axis, and themselves for one that does not. */
START_TEST(samples_of_two_axes) {
  cnn_tensor *x, *y, *outputs[2];
  cnn_dataset *dataset;
  cnn_logs *logs;
  cnn_model *m;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 3, .threads = 2)), CNN_OK);
  x = tensor_of(CNN_F32, 3, (const int64_t[]){COUNT, SIDE, 2});
  y = tensor_of(CNN_F32, 3, (const int64_t[]){COUNT, SIDE, 1});
  test_numbers(cnn_tensor_data(x), COUNT * SIDE * 2, 8, 1);
  for (int64_t i = 0; i < COUNT * SIDE; i++)
    ((float *)cnn_tensor_data(y))[i] = 2 * ((const float *)cnn_tensor_read(x))[i * 2] - ((const float *)cnn_tensor_read(x))[i * 2 + 1];
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, &x, 1, &y, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 2, (const int64_t[]){SIDE, 2}, NULL);
  cnn_dense(m, 1, NULL);
  compiled(m, "mse", "mae");
  ck_assert_msg(cnn_model_fit(m, dataset, cnn_fit_opts(.epochs = 60, .batch_size = 8)) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_model_evaluate(&logs, m, dataset, NULL), CNN_OK);
  ck_assert_double_lt(training_value(logs, "mae"), 0.1);
  ck_assert_int_eq(cnn_model_train_on_batch(logs, m, cnn_batch(.inputs = x, .targets = y)), CNN_OK);
  ck_assert_int_eq(cnn_model_predict(&outputs[0], 1, m, (const cnn_tensor *const[]){x}, 1, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_predict_dataset(&outputs[1], 1, m, dataset, NULL), CNN_OK);
  ck_assert_mem_eq(cnn_tensor_read(outputs[0]), cnn_tensor_read(outputs[1]), COUNT * SIDE * sizeof(float));
  cnn_model_free(m);
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 2, (const int64_t[]){2, SIDE}, NULL);
  cnn_dense(m, 1, NULL);
  compiled(m, "mse", "mae");
  ck_assert_int_eq(cnn_model_fit(m, dataset, NULL), CNN_ESHAPE);
  ck_assert_str_eq(cnn_error_text(), "fit: samples are (None, 4, 2, 1), model 'sequential' takes (None, 2, 4)");
  cnn_model_free(m);
  cnn_logs_free(logs);
  cnn_dataset_free(dataset);
  for (int i = 0; i < 2; i++)
    cnn_tensor_free(outputs[i]);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  return RUN_SUITE("outputs", 60, pixels_learn_their_classes, ignored_labels_change_nothing, single_values_are_learned,
                   shapes_that_do_not_fit, samples_of_two_axes);
}
