/* worker_cnn: libcnn's part in the comparison, through its public API alone; beside it the machine's own limit.
 *
 * It answers one line of JSON for each line "TASK STEPS" on its standard input, as the other workers do (README.md). */
#include "../peak.h"

#include "core/cpu.h"

#include <cnn/cnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define BATCH 128
#define CHECKED 256
#define MOST_SINGLES 100000

typedef struct worker {
  cnn_context *context;
  cnn_dataset *train, *test;
  cnn_augmenter *augmenter;
  cnn_callback *watch;
  cnn_model *model;
  cnn_tensor *batch, *batch_outputs, *image, *image_outputs;
  int32_t threads;
  double epoch_began, epoch_seconds, loss;
} worker;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* An epoch is timed from its begin to its end, as for the other contenders: what fit does once for all epochs is left out. */
static cnn_status epoch_begin(void *user, const cnn_event *event) {
  (void)event;
  ((worker *)user)->epoch_began = now();
  return CNN_OK;
}

static cnn_status epoch_end(void *user, const cnn_event *event) {
  worker *w = user;
  w->epoch_seconds = now() - w->epoch_began;
  return cnn_logs_value(event->logs, "loss", &w->loss);
}

static void block(cnn_model *m, int64_t filters, const char *conv, const char *normalization) {
  cnn_conv2d(m, filters, 3, 3,
             cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU, .name = conv));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = normalization));
  cnn_max_pooling2d(m, 2, 2, NULL);
  cnn_dropout(m, 0.25f, NULL);
}

static cnn_status make_model(worker *w) {
  cnn_optimizer *adam = NULL;
  cnn_status status = cnn_model_new(&w->model, w->context, NULL);
  if (status < 0)
    return status;
  cnn_input(w->model, 3, (const int64_t[]){28, 28, 1}, NULL);
  block(w->model, 32, "conv1", "bn1");
  block(w->model, 64, "conv2", "bn2");
  cnn_flatten(w->model, NULL);
  cnn_dense(w->model, 128, cnn_dense_opts(.activation = CNN_ACTIVATION_RELU, .name = "dense1"));
  cnn_dropout(w->model, 0.5f, NULL);
  cnn_dense(w->model, 10, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX, .name = "output"));
  if ((status = cnn_adam_new(&adam, w->context, NULL)) >= 0)
    status = cnn_model_compile(w->model, adam, 1, (const char *[]){"categorical_crossentropy"},
                               cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1));
  cnn_optimizer_free(adam);
  return status;
}

static cnn_status load_data(cnn_dataset **out, cnn_context *context, const char *folder, const char *part) {
  char images[4200], labels[4200];
  snprintf(images, sizeof images, "%s/%s-images-idx3-ubyte.gz", folder, part);
  snprintf(labels, sizeof labels, "%s/%s-labels-idx1-ubyte.gz", folder, part);
  return cnn_dataset_load_idx(out, context, images, labels, NULL);
}

static cnn_status start(worker *w, const char *folder) {
  cnn_dataset *validation = NULL;
  cnn_status status = cnn_context_new(&w->context, cnn_context_opts(.seed = 1, .threads = w->threads));
  if (status < 0 || (status = load_data(&w->train, w->context, folder, "train")) < 0 ||
      (status = load_data(&w->test, w->context, folder, "t10k")) < 0 ||
      (status = cnn_dataset_split(&validation, w->train, 0.1)) < 0)
    return status;
  cnn_dataset_free(validation);
  if ((status = cnn_augmenter_new(&w->augmenter, w->context,
                                  cnn_augmenter_opts(.rotation_range = 10, .zoom_range = 0.1f, .width_shift_range = 0.1f,
                                                     .height_shift_range = 0.1f))) < 0 ||
      (status = cnn_callback_new(&w->watch, w->context,
                                 &(cnn_callback_functions){.size = sizeof(cnn_callback_functions),
                                                           .user = w,
                                                           .epoch_begin = epoch_begin,
                                                           .epoch_end = epoch_end})) < 0 ||
      (status = cnn_dataset_inputs(&w->batch, w->test, 0, BATCH)) < 0 ||
      (status = cnn_dataset_inputs(&w->image, w->test, 0, 1)) < 0 ||
      (status = cnn_tensor_new(&w->batch_outputs, w->context, CNN_F32, 2, (const int64_t[]){BATCH, 10}, NULL)) < 0)
    return status;
  return cnn_tensor_new(&w->image_outputs, w->context, CNN_F32, 2, (const int64_t[]){1, 10}, NULL);
}

static cnn_status fit(worker *w, int64_t steps, const cnn_augmenter *augmenter) {
  return cnn_model_fit(w->model, w->train,
                       cnn_fit_opts(.batch_size = BATCH, .epochs = 1, .steps_per_epoch = steps, .augmenter = augmenter,
                                    .callbacks = &w->watch, .callback_count = 1));
}

static cnn_status train(worker *w, int64_t steps, const cnn_augmenter *augmenter) {
  cnn_status status = fit(w, steps, augmenter);
  if (status >= 0)
    printf("{\"images\": %lld, \"seconds\": %.9f, \"loss\": %.6f}\n", (long long)steps * BATCH, w->epoch_seconds, w->loss);
  return status;
}

static cnn_status infer(worker *w, int64_t steps) {
  cnn_status status = CNN_OK;
  double began = now();
  for (int64_t i = 0; i < steps && status >= 0; i++)
    status = cnn_model_predict_into(&w->batch_outputs, 1, w->model, (const cnn_tensor *const *)&w->batch, 1,
                                    cnn_predict_opts(.batch_size = BATCH));
  if (status >= 0)
    printf("{\"images\": %lld, \"seconds\": %.9f}\n", (long long)steps * BATCH, now() - began);
  return status;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static cnn_status singles(worker *w, int64_t steps) {
  static double times[MOST_SINGLES];
  cnn_status status = CNN_OK;
  double sum = 0;
  steps = steps > MOST_SINGLES ? MOST_SINGLES : steps;
  for (int64_t i = 0; i < steps && status >= 0; i++) {
    double began = now();
    status = cnn_model_predict_into(&w->image_outputs, 1, w->model, (const cnn_tensor *const *)&w->image, 1,
                                    cnn_predict_opts(.batch_size = 1));
    sum += times[i] = now() - began;
  }
  if (status < 0)
    return status;
  qsort(times, (size_t)steps, sizeof *times, ascending);
  printf("{\"images\": %lld, \"seconds\": %.9f, \"median_us\": %.3f}\n", (long long)steps, sum, times[steps / 2] * 1e6);
  return CNN_OK;
}

/* GFLOP/s of multiply-adds in registers; with nops between them for the canary. */
static void peak(const worker *w, int32_t nops) {
  int32_t level = strcmp(cnn_context_cpu(w->context), "avx512") == 0 ? CNN__CPU_AVX512
                  : strcmp(cnn_context_cpu(w->context), "avx2") == 0 ? CNN__CPU_AVX2
                                                                      : CNN__CPU_REF;
  printf("{\"gflops\": %.3f}\n", bench_fma(level, w->threads, nops));
}

static cnn_status answer(worker *w, const char *task, int64_t steps) {
  if (strcmp(task, "train") == 0)
    return train(w, steps, NULL);
  if (strcmp(task, "augment") == 0)
    return train(w, steps, w->augmenter);
  if (strcmp(task, "infer") == 0)
    return infer(w, steps);
  if (strcmp(task, "single") == 0)
    return singles(w, steps);
  if (strcmp(task, "peak") == 0 || strcmp(task, "canary") == 0) {
    peak(w, strcmp(task, "canary") == 0 ? 2 : 0);
    return CNN_OK;
  }
  return cnn_error_set(CNN_ENAME, "unknown task");
}

static int serve(worker *w) {
  char line[400], task[40];
  struct rusage usage;
  printf("{\"ready\": \"%s\", \"train_flop\": %lld, \"infer_flop\": %lld}\n", cnn_build_info(),
         (long long)cnn_model_training_flops(w->model), (long long)cnn_model_flops(w->model));
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    long long steps = 0;
    if (sscanf(line, "%39s %lld", task, &steps) < 1)
      continue;
    if (strcmp(task, "memory") == 0 && getrusage(RUSAGE_SELF, &usage) == 0)
      printf("{\"peak_mib\": %.1f}\n", (double)usage.ru_maxrss / 1024);
    else if (answer(w, task, steps) < 0)
      printf("{\"error\": \"a libcnn call did not succeed; its log tells\"}\n"), fprintf(stderr, "%s\n", cnn_error_text());
    fflush(stdout);
  }
  return 0;
}

/* A model trained for two hundred steps, and what it says of the first test images: the measure of all other contenders. */
static cnn_status prepare(worker *w, const char *weights, const char *outputs) {
  cnn_tensor *inputs = NULL, *predictions = NULL;
  cnn_status status = make_model(w);
  if (status >= 0)
    status = fit(w, 200, NULL);
  if (status >= 0)
    status = cnn_model_save(w->model, weights, NULL);
  if (status >= 0)
    status = cnn_dataset_inputs(&inputs, w->test, 0, CHECKED);
  if (status >= 0)
    status = cnn_model_predict(&predictions, 1, w->model, (const cnn_tensor *const *)&inputs, 1, NULL);
  FILE *file = status >= 0 ? fopen(outputs, "wb") : NULL;
  if (status >= 0 && (!file || fwrite(cnn_tensor_read(predictions), cnn_tensor_bytes(predictions), 1, file) != 1))
    status = cnn_error_set(CNN_EIO, "the predictions could not be written");
  if (file && fclose(file) != 0 && status >= 0)
    status = cnn_error_set(CNN_EIO, "the predictions could not be written");
  cnn_tensor_free(inputs);
  cnn_tensor_free(predictions);
  return status;
}

int main(int count, char **arguments) {
  static worker w;
  int code = 1;
  if (count < 4) {
    fputs("Usage: worker_cnn THREADS DATA WEIGHTS [PREDICTIONS]\n", stderr);
    return 2;
  }
  w.threads = (int32_t)atoi(arguments[1]);
  cnn_status status = start(&w, arguments[2]);
  if (status >= 0 && count > 4)
    status = prepare(&w, arguments[3], arguments[4]);
  else if (status >= 0)
    status = cnn_model_load(&w.model, w.context, arguments[3], NULL);
  if (status < 0)
    fprintf(stderr, "worker_cnn: %s\n", cnn_error_text());
  else
    code = count > 4 ? 0 : serve(&w);
  cnn_tensor_free(w.batch);
  cnn_tensor_free(w.batch_outputs);
  cnn_tensor_free(w.image);
  cnn_tensor_free(w.image_outputs);
  cnn_callback_free(w.watch);
  cnn_augmenter_free(w.augmenter);
  cnn_model_free(w.model);
  cnn_dataset_free(w.train);
  cnn_dataset_free(w.test);
  cnn_context_free(w.context);
  return code;
}
