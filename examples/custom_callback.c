/* A callback of one's own and a training loop of one's own, through public headers alone. The callback warms the learning
 * rate up and ends training as soon as a goal is reached; then the loop goes on with the same model, batch by batch. */
#include <cnn/cnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the callback ---- */

typedef struct goal {
  double accuracy, rate; /* to be validated; after the warm-up */
  int64_t warm_up, batches; /* batches that it takes; batches so far */
} goal;

/* Each of the first batches trains at a rate a little higher. */
static cnn_status batch_begin(void *user, const cnn_event *event) {
  goal *g = (goal *)user;
  if (g->batches == g->warm_up)
    return CNN_OK;
  g->batches++;
  return cnn_model_set_learning_rate(event->model, g->rate * (double)g->batches / (double)g->warm_up);
}

/* The figure "missing" is added: the progress line and the history have it. A negative status would end fit with it. */
static cnn_status epoch_end(void *user, const cnn_event *event) {
  const goal *g = (const goal *)user;
  double accuracy;
  cnn_status status = cnn_logs_value(event->logs, "val_accuracy", &accuracy);
  if (status < 0)
    return status;
  status = cnn_logs_set(event->logs, "missing", accuracy < g->accuracy ? g->accuracy - accuracy : 0);
  return status < 0 ? status : accuracy < g->accuracy ? CNN_OK : CNN_STOP;
}

static cnn_status goal_new(cnn_callback **out, cnn_context *ctx, double accuracy) {
  cnn_callback_functions functions = {.size = sizeof functions, .batch_begin = batch_begin, .epoch_end = epoch_end, .free = free};
  goal *g = (goal *)malloc(sizeof *g);
  if (!g)
    return cnn_error_set(CNN_ENOMEM, "no memory for the goal");
  *g = (goal){.accuracy = accuracy, .rate = 0.002, .warm_up = 40};
  functions.user = g;
  cnn_status status = cnn_callback_new(out, ctx, &functions);
  if (status < 0)
    free(g);
  return status;
}

/* ---- the loop ---- */

/* Images [first, first + count) and their labels, where they lie: no copy. */
static cnn_status slice(cnn_batch *batch, cnn_tensor *parts[2], cnn_context *ctx, cnn_tensor *images, cnn_tensor *labels,
                        int64_t first, int64_t count) {
  const int64_t *shape = cnn_tensor_shape(images);
  cnn_status status;
  if ((status = cnn_tensor_new(&parts[0], ctx, CNN_U8, 3, (const int64_t[]){count, shape[1], shape[2]},
                               cnn_tensor_opts(.data = (uint8_t *)cnn_tensor_data(images) + first * shape[1] * shape[2]))) < 0 ||
      (status = cnn_tensor_new(&parts[1], ctx, CNN_U8, 1, &count,
                               cnn_tensor_opts(.data = (uint8_t *)cnn_tensor_data(labels) + first))) < 0)
    return status;
  *batch = (cnn_batch){.size = sizeof *batch, .inputs = parts[0], .targets = parts[1]};
  return CNN_OK;
}

/* So many steps on batches of the first `count` images; logs: the figures of the last one. */
static cnn_status loop(cnn_logs *logs, cnn_model *m, cnn_context *ctx, cnn_tensor *images, cnn_tensor *labels, int64_t count,
                       int64_t steps) {
  cnn_status status = CNN_OK;
  for (int64_t step = 0; step < steps && status == CNN_OK; step++) {
    cnn_batch batch;
    cnn_tensor *parts[2] = {NULL, NULL};
    double rate = 0.001 / (1.0 + 0.01 * (double)step); /* whatever the loop likes */
    if ((status = cnn_model_set_learning_rate(m, rate)) == CNN_OK &&
        (status = slice(&batch, parts, ctx, images, labels, step * 64 % (count - 63), 64)) == CNN_OK)
      status = cnn_model_train_on_batch(logs, m, &batch);
    cnn_tensor_free(parts[0]);
    cnn_tensor_free(parts[1]);
  }
  return status;
}

/* ---- the program ---- */

static void print(void *user, const char *text, size_t length) { fwrite(text, 1, length, (FILE *)user); }

static cnn_status network(cnn_model **out, cnn_context *ctx) {
  cnn_optimizer *adam;
  cnn_status status = cnn_model_new(out, ctx, NULL);
  if (status < 0 || (status = cnn_adam_new(&adam, ctx, NULL)) < 0)
    return status;
  cnn_input(*out, 3, (const int64_t[]){28, 28, 1}, NULL);
  cnn_conv2d(*out, 8, 3, 3, cnn_conv2d_opts(.activation = CNN_ACTIVATION_RELU));
  cnn_max_pooling2d(*out, 2, 2, NULL);
  cnn_flatten(*out, NULL);
  cnn_dense(*out, 10, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  status = cnn_model_compile(*out, adam, 1, (const char *[]){"categorical_crossentropy"},
                             cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1));
  cnn_optimizer_free(adam);
  return status;
}

static cnn_status say(const char *what, const cnn_logs *logs) {
  double loss, accuracy;
  cnn_status status;
  if ((status = cnn_logs_value(logs, "loss", &loss)) < 0 || (status = cnn_logs_value(logs, "accuracy", &accuracy)) < 0)
    return status;
  printf("%s: loss %.6f, accuracy %.4f\n", what, loss, accuracy);
  return CNN_OK;
}

static int fail(void) {
  fprintf(stderr, "custom_callback: %s\n", cnn_error_text());
  return 1;
}

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : "examples/data/mnist";
  if (strcmp(folder, "--help") == 0)
    return puts("Usage: custom_callback [FOLDER]\nTrain on the MNIST files in FOLDER (default: examples/data/mnist) until 0.95 of the\n"
                "validation images are told right, by a callback; then go on by a loop of the program's own."), 0;
  char path[2][512];
  cnn_context *ctx;
  cnn_tensor *images, *labels;
  cnn_dataset *train, *validation;
  cnn_model *m;
  cnn_callback *callback;
  cnn_logs *logs, *tested;
  const cnn_sink out = {.size = sizeof out, .user = stdout, .write = print};

  snprintf(path[0], sizeof path[0], "%s/train-images-idx3-ubyte.gz", folder);
  snprintf(path[1], sizeof path[1], "%s/train-labels-idx1-ubyte.gz", folder);
  if (cnn_context_new(&ctx, cnn_context_opts(.seed = 42, .sink = &out)) < 0 || cnn_idx_load(&images, ctx, path[0]) < 0 ||
      cnn_idx_load(&labels, ctx, path[1]) < 0 || cnn_dataset_new(&train, ctx, 1, &images, 1, &labels, NULL) < 0 ||
      cnn_dataset_split(&validation, train, 0.1) < 0 || network(&m, ctx) < 0 || goal_new(&callback, ctx, 0.95) < 0)
    return fail();

  if (cnn_model_fit(m, train, cnn_fit_opts(.epochs = 20, .batch_size = 64, .steps_per_epoch = 100, .validation = validation,
                                           .callbacks = &callback, .callback_count = 1, .verbose = 2)) < 0)
    return fail();

  if (cnn_logs_new(&logs, ctx) < 0 || loop(logs, m, ctx, images, labels, cnn_dataset_count(train), 200) < 0 || say("last batch", logs) < 0 ||
      cnn_model_evaluate(&tested, m, validation, NULL) < 0 || say("validation", tested) < 0)
    return fail();

  cnn_logs_free(tested);
  cnn_logs_free(logs);
  cnn_callback_free(callback);
  cnn_model_free(m);
  cnn_dataset_free(validation);
  cnn_dataset_free(train);
  cnn_tensor_free(labels);
  cnn_tensor_free(images);
  cnn_context_free(ctx);
  return 0;
}
