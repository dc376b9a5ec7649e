/* tensorboard: what the callback writes of trainings: the tags, steps and order of Keras's own, the values of the history. */
#include "events.h"
#include "fitting.h"
#include "suite.h"

#include <cnn/export.h>

#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EPOCHS 3
#define STEPS 5 /* of 12 samples, the last one of 2 */

static char folder[64];
static fitting f;
static cnn_history *history;

static void open_all(void) {
  strcpy(folder, "/tmp/cnn-tensorboard-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  fitting_open(&f, 2);
}

static void close_all(void) {
  char command[128];
  cnn_history_free(history);
  history = NULL;
  fitting_close(&f);
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  ck_assert_int_eq(system(command), 0);
}

static void train(const cnn_tensorboard_opts *options, const char *log) {
  cnn_callback *board;
  ck_assert_msg(cnn_tensorboard_new(&board, f.context, log, options) == CNN_OK, "%s", cnn_error_text());
  cnn_history_free(history);
  cnn_status status = cnn_model_fit(f.model, f.data.labels,
                                    cnn_fit_opts(.epochs = EPOCHS, .batch_size = 12, .callbacks = &board, .callback_count = 1,
                                                 .validation = f.other.labels, .history = &history));
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  cnn_callback_free(board);
}

static events read_run(const char *log, const char *run) {
  char path[256];
  events all = {0};
  snprintf(path, sizeof path, "%s/%s", log, run);
  events_of(&all, path);
  ck_assert_uint_eq(all.torn, 0);
  return all;
}

static void expect(const events *all, size_t at, const char *tag, int64_t step, double value) {
  ck_assert_uint_lt(at, all->count);
  ck_assert_str_eq(all->list[at].tag, tag);
  ck_assert_int_eq(all->list[at].step, step);
  ck_assert_double_eq(events_scalar(&all->list[at]), (double)(float)value);
}

START_TEST(figures_of_epochs) {
  char log[128];
  size_t t = 1, v = 1;
  open_all();
  snprintf(log, sizeof log, "%s/not/there/yet", folder);
  train(NULL, log);
  events run = read_run(log, "train"), validation = read_run(log, "validation");
  ck_assert_int_eq(run.file_count, 1);
  ck_assert_ptr_nonnull(strstr(run.list[0].writer, "libcnn tensorboard"));
  for (int64_t epoch = 0; epoch < EPOCHS; epoch++) {
    expect(&run, t++, "epoch_accuracy", epoch, training_history(history, epoch, "accuracy"));
    expect(&run, t++, "epoch_loss", epoch, training_history(history, epoch, "loss"));
    expect(&run, t++, "epoch_learning_rate", epoch, cnn_model_learning_rate(f.model));
    expect(&validation, v++, "evaluation_accuracy_vs_iterations", (epoch + 1) * STEPS, training_history(history, epoch, "val_accuracy"));
    expect(&validation, v++, "evaluation_loss_vs_iterations", (epoch + 1) * STEPS, training_history(history, epoch, "val_loss"));
    expect(&validation, v++, "epoch_accuracy", epoch, training_history(history, epoch, "val_accuracy"));
    expect(&validation, v++, "epoch_loss", epoch, training_history(history, epoch, "val_loss"));
  }
  ck_assert_uint_eq(run.count, t);
  ck_assert_uint_eq(validation.count, v);
  for (size_t i = 1; i < run.count; i++)
    ck_assert(run.list[i].wall_time >= run.list[i - 1].wall_time && run.list[i].wall_time > 1.7e9);
  events_free(&run);
  events_free(&validation);
  close_all();
}
END_TEST

START_TEST(figures_of_batches) {
  open_all();
  train(cnn_tensorboard_opts(.update_freq = 2, .write_steps_per_second = 1), folder);
  events run = read_run(folder, "train");
  for (int64_t batch = 1; batch <= EPOCHS * STEPS; batch++) {
    const event *loss = events_find(&run, "batch_loss", batch), *speed = events_find(&run, "batch_steps_per_second", batch);
    ck_assert_int_eq(batch % 2 == 0, loss != NULL && speed != NULL && speed < loss && events_find(&run, "batch_accuracy", batch) < loss);
    ck_assert_int_eq(batch % 2 == 0, loss || speed);
    if (speed)
      ck_assert(events_scalar(speed) > 0 && isfinite(events_scalar(speed)));
  }
  ck_assert_double_eq(events_scalar(events_find(&run, "batch_loss", 2 * STEPS)), (double)(float)training_history(history, 1, "loss"));
  for (int64_t epoch = 0; epoch < EPOCHS; epoch++)
    ck_assert(events_scalar(events_find(&run, "epoch_steps_per_second", epoch)) > 0);
  ck_assert_uint_eq(run.count, 1 + 7 * 3 + EPOCHS * 4);
  events_free(&run);
  close_all();
}
END_TEST

/* ---- weights ---- */

static void check_histogram(const event *e, const cnn_tensor *weight) {
  const float *values = cnn_tensor_read(weight);
  double sum = 0;
  float least = values[0], greatest = values[0];
  for (int64_t i = 0; i < cnn_tensor_count(weight); i++) {
    least = values[i] < least ? values[i] : least;
    greatest = values[i] > greatest ? values[i] : greatest;
  }
  ck_assert_str_eq(e->plugin, "histograms");
  ck_assert(e->rank == 2 && e->shape[0] == 30 && e->shape[1] == 3);
  for (size_t i = 0; i < 30; i++)
    sum += events_double(e, 3 * i + 2);
  ck_assert_double_eq(sum, (double)cnn_tensor_count(weight));
  ck_assert_double_eq(events_double(e, 0), (double)least);
  ck_assert_double_eq(events_double(e, 88), (double)greatest);
}

START_TEST(histograms_of_weights) {
  char tag[160];
  open_all();
  train(cnn_tensorboard_opts(.histogram_freq = 2, .write_images = 1), folder);
  events run = read_run(folder, "train");
  for (int32_t i = 0; i < cnn_model_weight_count(f.model); i++) {
    cnn_tensor *weight;
    const char *name = cnn_model_weight_name(f.model, i);
    ck_assert_int_eq(cnn_model_weight(&weight, f.model, name), CNN_OK);
    snprintf(tag, sizeof tag, "sequential/%s/histogram", name);
    ck_assert_ptr_nonnull(events_find(&run, tag, 0));
    ck_assert_ptr_null(events_find(&run, tag, 1));
    ck_assert_msg(events_find(&run, tag, 2) != NULL, "%s", tag); /* the weights as they ended: it is the last epoch */
    check_histogram(events_find(&run, tag, 2), weight);
    snprintf(tag, sizeof tag, "sequential/%s/image", name);
    ck_assert_str_eq(events_find(&run, tag, 2)->plugin, "images");
    cnn_tensor_free(weight);
  }
  const event *kernel = events_find(&run, "sequential/conv2d/kernel/image", 0); /* 3x3 to 4: three of four pictures */
  ck_assert(kernel->string_count == 5 && kernel->string_bytes[0] == 1 && *kernel->strings[0] == '3' && *kernel->strings[1] == '3');
  const event *bias = events_find(&run, "sequential/conv2d/bias/image", 0); /* a column, as Keras has it: width 1, height 4 */
  ck_assert(bias->string_count == 3 && bias->string_bytes[0] == 1 && *bias->strings[0] == '1' && *bias->strings[1] == '4');
  events_free(&run);
  close_all();
}
END_TEST

/* The one string of the event that holds the model, as Keras's callback writes it. */
static void check_graph(const events *run, const char *wanted) {
  const event *e = events_find(run, "keras", 0);
  ck_assert_ptr_nonnull(e);
  ck_assert_str_eq(e->plugin, "graph_keras_model");
  ck_assert_str_eq(e->content, "1");
  ck_assert(e->type == 7 && e->rank == 0 && e->string_count == 1);
  ck_assert_msg(e->string_bytes[0] == strlen(wanted) && !memcmp(e->strings[0], wanted, strlen(wanted)), "%.*s\nis not\n%s",
                (int)e->string_bytes[0], (const char *)e->strings[0], wanted);
}

#define LAYER(class, name) "{\"class_name\":\"" class "\",\"name\":\"" name "\",\"config\":{\"name\":\"" name "\",\"dtype\":\"float32\"}"
#define TENSOR(name) "{\"class_name\":\"__keras_tensor__\",\"config\":{\"keras_history\":[\"" name "\",0,0]}}"
#define READS(tensors) ",\"inbound_nodes\":[{\"args\":[[" tensors "]],\"kwargs\":{}}]}"

START_TEST(graph_of_a_row) {
  open_all();
  train(cnn_tensorboard_opts(.write_graph = 1), folder);
  events run = read_run(folder, "train");
  ck_assert_ptr_eq(events_find(&run, "keras", 0), &run.list[1]); /* before anything of the training */
  check_graph(&run, "{\"class_name\":\"Sequential\",\"config\":{\"name\":\"sequential\",\"layers\":[" LAYER("InputLayer", "input") "}," LAYER(
                        "Conv2D", "conv2d") "}," LAYER("BatchNormalization", "batch_normalization") "}," LAYER("Dropout", "dropout") "}," LAYER("Flatten", "flatten") "},"
                        LAYER("Dense", "dense") "}]}}");
  events_free(&run);
  close_all();
}
END_TEST

/* In a model with branches names are the layers' alone, as Keras's functional models have them. */
START_TEST(branches) {
  cnn_model *model;
  cnn_callback *board;
  open_all();
  ck_assert_int_eq(cnn_model_new(&model, f.context, NULL), CNN_OK);
  cnn_input(model, 3, (const int64_t[]){4, 4, 1}, cnn_input_opts(.name = "\"x\\"));
  cnn_flatten(model, cnn_flatten_opts(.name = "flat"));
  cnn_dense(model, 3, cnn_dense_opts(.name = "a"));
  cnn_layer_add(model, "dense", "units=3 name=b input=flat");
  cnn_layer_add(model, "add", "inputs=a,b");
  cnn_layer_add(model, "activation", "activation=softmax");
  training_compile(model, f.context, 0.01f);
  ck_assert_int_eq(cnn_tensorboard_new(&board, f.context, folder, cnn_tensorboard_opts(.histogram_freq = 1, .write_graph = 1)), CNN_OK);
  ck_assert_int_eq(cnn_model_fit(model, f.data.targets, cnn_fit_opts(.callbacks = &board, .callback_count = 1)), CNN_OK);
  events run = read_run(folder, "train");
  ck_assert_ptr_nonnull(events_find(&run, "a/kernel/histogram", 0));
  ck_assert_ptr_nonnull(events_find(&run, "b/bias/histogram", 0));
  check_graph(&run, "{\"class_name\":\"Functional\",\"config\":{\"name\":\"sequential\",\"layers\":[" LAYER("InputLayer", "\\\"x\\\\") ",\"inbound_nodes\":[]},"
                    LAYER("Flatten", "flat") READS(TENSOR("\\\"x\\\\")) "," LAYER("Dense", "a") READS(TENSOR("flat")) ","
                    LAYER("Dense", "b") READS(TENSOR("flat")) "," LAYER("Add", "add") READS(TENSOR("a") "," TENSOR("b")) ","
                    LAYER("Activation", "activation") READS(TENSOR("add")) "],\"input_layers\":[[\"\\\"x\\\\\",0,0]],"
                    "\"output_layers\":[[\"activation\",0,0]]}}");
  events_free(&run);
  cnn_callback_free(board);
  cnn_model_free(model);
  close_all();
}
END_TEST

/* ---- pictures ---- */

/* Decoded by libpng into RGB: the caller frees. */
static unsigned char *decode(const event *e, int index, int64_t *width, int64_t *height) {
  char number[16] = "";
  png_image image = {.version = PNG_IMAGE_VERSION};
  ck_assert_int_ne(png_image_begin_read_from_memory(&image, e->strings[2 + index], e->string_bytes[2 + index]), 0);
  image.format = PNG_FORMAT_RGB;
  unsigned char *pixels = malloc(PNG_IMAGE_SIZE(image));
  ck_assert_int_ne(png_image_finish_read(&image, NULL, pixels, 0, NULL), 0);
  memcpy(number, e->strings[0], e->string_bytes[0]);
  ck_assert_int_eq(atoi(number), (int)image.width);
  *width = image.width;
  *height = image.height;
  return pixels;
}

static int64_t count_colour(const unsigned char *pixels, int64_t count, int red, int green, int blue) {
  int64_t found = 0;
  for (int64_t i = 0; i < count; i++)
    found += pixels[3 * i] == red && pixels[3 * i + 1] == green && pixels[3 * i + 2] == blue;
  return found;
}

static cnn_tensor *predicted(const cnn_tensor *images) {
  cnn_tensor *classes;
  ck_assert_int_eq(cnn_model_predict_classes(&classes, f.model, &images, 1, NULL), CNN_OK);
  return classes;
}

/* A sample stands there enlarged; its line is red where it is predicted wrong. */
static void check_samples(const event *e, const cnn_tensor *images, const int32_t *labels) {
  cnn_tensor *classes = predicted(images);
  const int32_t *said = cnn_tensor_read(classes);
  const float *values = cnn_tensor_read(images);
  ck_assert(e->string_count == 2 + 5 && e->rank == 1 && e->shape[0] == 7);
  for (int i = 0; i < 5; i++) {
    int64_t width, height;
    unsigned char *pixels = decode(e, i, &width, &height);
    ck_assert(width == 112 && height == 112 + 20);
    for (int y = 0; y < 4; y++)
      for (int x = 0; x < 4; x++) {
        const double wanted = (double)values[(i * 4 + y) * 4 + x] * 255.5;
        const int byte = wanted >= 255 ? 255 : wanted > 0 ? (int)wanted : 0;
        const unsigned char *corner = pixels + 3 * (y * 28 * width + x * 28), *end = pixels + 3 * ((y * 28 + 27) * width + x * 28 + 27);
        ck_assert(corner[0] == byte && corner[1] == byte && corner[2] == byte && end[0] == byte && end[2] == byte);
      }
    const unsigned char *line = pixels + 3 * 112 * width;
    ck_assert_int_eq(count_colour(line, 20 * width, 200, 0, 0) > 0, said[i] != labels[i]);
    ck_assert_int_eq(count_colour(line, 20 * width, 0, 0, 0) > 0, said[i] == labels[i]);
    free(pixels);
  }
  cnn_tensor_free(classes);
}

START_TEST(samples_and_matrix) {
  int64_t width, height;
  cnn_tensor *images, *labels;
  open_all();
  ck_assert_int_eq(cnn_tensor_new(&images, f.context, CNN_F32, 3, (const int64_t[]){9, 4, 4}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&labels, f.context, CNN_I32, 1, (const int64_t[]){9}, NULL), CNN_OK);
  float *values = cnn_tensor_data(images);
  int32_t *classes = cnn_tensor_data(labels);
  for (int i = 0; i < 9; i++) {
    classes[i] = i % 3;
    for (int k = 0; k < 16; k++)
      values[i * 16 + k] = (float)((i * 16 + k) * 7 % 31) / 31 + (k / 4 == i % 3 && i != 1 ? 0.9f : -0.1f);
  }
  train(cnn_tensorboard_opts(.images = images, .labels = labels, .image_count = 5, .image_freq = 2,
                             .class_names = (const char *const[]){"top", "Mid", "low"}, .classes = 3),
        folder);
  events validation = read_run(folder, "validation");
  ck_assert_ptr_null(events_find(&validation, "samples", 1));
  check_samples(events_find(&validation, "samples", 2), images, classes);
  const event *matrix = events_find(&validation, "confusion_matrix", 2);
  ck_assert(matrix && matrix->string_count == 3 && matrix->shape[0] == 3 && !strcmp(matrix->plugin, "images"));
  unsigned char *pixels = decode(matrix, 0, &width, &height);
  ck_assert_int_gt(count_colour(pixels, width * height, 255, 255, 255), 100);
  ck_assert_int_gt(count_colour(pixels, width * height, 0, 0, 0), 100); /* the title */
  free(pixels);
  events_free(&validation);
  cnn_tensor_free(images);
  cnn_tensor_free(labels);
  close_all();
}
END_TEST

int main(void) {
  return RUN_SUITE("tensorboard", 120, figures_of_epochs, figures_of_batches, histograms_of_weights, graph_of_a_row, branches, samples_and_matrix);
}
