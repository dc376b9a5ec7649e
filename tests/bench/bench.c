/* cnn_bench: the notebook's model, measured beside the machine's own limit in one run.
 *
 * Every figure is taken once a round, all of them in turn, so that a machine that changes its speed changes it for all. */
#include "peak.h"

#include "core/context_internal.h"
#include "data/batch.h"
#include "model/model_internal.h"

#include <cnn/cnn.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_ROUNDS 101
#define BATCH 128
#define IMAGES (BATCH * 20)
#define MOST_ROWS 80

typedef struct figure {
  double values[MOST_ROUNDS];
  int32_t count;
} figure;

typedef struct row { /* one step of a training step: a layer, forward, backward or late */
  char name[64];
  double flop;
  figure milliseconds;
} row;

enum { PEAK, CANARY, TRAIN, AUGMENTED, INFER, LATENCY, FIGURES };

typedef struct bench {
  cnn_context *context;
  cnn_dataset *data;
  cnn_augmenter *augmenter;
  cnn_model *model;
  cnn__batch *plain, *augmented, *single;
  cnn__run *train, *infer, *latency;
  float *outputs;
  int32_t threads, rounds, steps;
  figure figures[FIGURES];
  row rows[MOST_ROWS];
  int32_t row_count;
} bench;

static const char help_text[] =
    "Usage: cnn_bench [OPTION]...\n"
    "Measure training and inference of the MNIST notebook's model beside the FMA peak of this machine.\n"
    "\n"
    "  -t, --threads N  threads (default: CNN_NUM_THREADS, else all CPUs allowed)\n"
    "  -r, --rounds N   rounds, 1 to 101; every figure is their median, minimum and maximum (default 7)\n"
    "  -n, --steps N    training steps in a round, 1 to 1000 (default 20)\n"
    "      --json       one JSON object on stdout and nothing else\n"
    "  -h, --help       print this and exit\n";

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void note(figure *f, double value) { f->values[f->count++] = value; }

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(const figure *f) {
  double sorted[MOST_ROUNDS];
  memcpy(sorted, f->values, (size_t)f->count * sizeof *sorted);
  qsort(sorted, (size_t)f->count, sizeof *sorted, ascending);
  return f->count % 2 ? sorted[f->count / 2] : (sorted[f->count / 2 - 1] + sorted[f->count / 2]) / 2;
}

static double extreme(const figure *f, int largest) {
  double found = f->values[0];
  for (int32_t i = 1; i < f->count; i++)
    if (largest ? f->values[i] > found : f->values[i] < found)
      found = f->values[i];
  return found;
}

/* Grey images from a small generator: what they show makes no difference to the time. */
static cnn_status make_data(bench *b) {
  cnn_tensor *images = NULL, *labels = NULL;
  cnn_status status = cnn_tensor_new(&images, b->context, CNN_U8, 3, (const int64_t[]){IMAGES, 28, 28}, NULL);
  if (status >= 0)
    status = cnn_tensor_new(&labels, b->context, CNN_I32, 1, (const int64_t[]){IMAGES}, NULL);
  if (status >= 0) {
    uint8_t *pixels = cnn_tensor_data(images);
    int32_t *classes = cnn_tensor_data(labels);
    uint32_t state = 1;
    for (int64_t i = 0; i < IMAGES * 784; i++) {
      state = state * 1664525u + 1013904223u;
      pixels[i] = (uint8_t)(state >> 24 > 200 ? state >> 16 & 255 : 0);
    }
    for (int64_t i = 0; i < IMAGES; i++)
      classes[i] = (int32_t)(i % 10);
    status = cnn_dataset_new(&b->data, b->context, 1, &images, 1, &labels, NULL);
  }
  cnn_tensor_free(images);
  cnn_tensor_free(labels);
  return status;
}

static cnn_status make_model(bench *b) {
  cnn_optimizer *adam = NULL;
  cnn_status status = cnn_model_new(&b->model, b->context, NULL);
  if (status < 0)
    return status;
  cnn_input(b->model, 3, (const int64_t[]){28, 28, 1}, NULL);
  for (int i = 1; i <= 2; i++) {
    char name[16];
    snprintf(name, sizeof name, "conv%d", i);
    cnn_conv2d(b->model, 32 * i, 3, 3,
               cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU, .name = name));
    cnn_batch_normalization(b->model, NULL);
    cnn_max_pooling2d(b->model, 2, 2, NULL);
    cnn_dropout(b->model, 0.25f, NULL);
  }
  cnn_flatten(b->model, NULL);
  cnn_dense(b->model, 128, cnn_dense_opts(.activation = CNN_ACTIVATION_RELU, .name = "dense1"));
  cnn_dropout(b->model, 0.5f, NULL);
  cnn_dense(b->model, 10, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX, .name = "output"));
  if ((status = cnn_adam_new(&adam, b->context, NULL)) >= 0)
    status = cnn_model_compile(b->model, adam, 1, (const char *[]){"categorical_crossentropy"},
                               cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1));
  cnn_optimizer_free(adam);
  return status;
}

static cnn_status make_runs(bench *b) {
  const cnn__plan *train, *predict;
  CNN__TRY(cnn__model_plan(b->model, CNN__MODE_TRAIN, &train));
  CNN__TRY(cnn__model_plan(b->model, CNN__MODE_PREDICT, &predict));
  CNN__TRY(cnn__run_new(&b->train, b->model, train, BATCH));
  CNN__TRY(cnn__run_new(&b->infer, b->model, predict, BATCH));
  CNN__TRY(cnn__run_new(&b->latency, b->model, predict, 1));
  CNN__TRY(cnn__batch_new(&b->plain, b->data, NULL, BATCH));
  CNN__TRY(cnn__batch_new(&b->augmented, b->data, b->augmenter, BATCH));
  return cnn__batch_new(&b->single, b->data, NULL, 1);
}

static cnn__feed feed_of(const cnn__batch *batch) {
  return (cnn__feed){.count = batch->count, .fill = cnn__batch_fill, .user = batch, .samples = batch->samples,
                     .labels = batch->labels};
}

/* Images a second of `steps` training steps. */
static double measure_training(bench *b, cnn__batch *batch) {
  double start = now();
  for (int32_t i = 0; i < b->steps; i++) {
    cnn__batch_take(batch, 1, 0, 1, (int64_t)(i % (IMAGES / BATCH)) * BATCH, BATCH);
    cnn__feed feed = feed_of(batch);
    cnn__run_train(b->train, b->model, &feed, 0);
  }
  return b->steps * (double)BATCH / (now() - start);
}

static double measure_inference(bench *b) {
  int32_t batches = 2 * b->steps;
  double start = now();
  for (int32_t i = 0; i < batches; i++) {
    cnn__batch_take(b->plain, 1, 0, 0, (int64_t)(i % (IMAGES / BATCH)) * BATCH, BATCH);
    cnn__feed feed = feed_of(b->plain);
    cnn__run_predict(b->infer, b->model, &feed, b->outputs);
  }
  return batches * (double)BATCH / (now() - start);
}

/* Median microseconds of single predictions. */
static double measure_latency(bench *b) {
  figure times = {.count = 0};
  for (int32_t i = 0; i < MOST_ROUNDS; i++) {
    cnn__batch_take(b->single, 1, 0, 0, i, 1);
    cnn__feed feed = feed_of(b->single);
    double start = now();
    cnn__run_predict(b->latency, b->model, &feed, b->outputs);
    note(&times, (now() - start) * 1e6);
  }
  return median(&times);
}

/* Which of a layer's lists holds this phase. */
static int32_t phase_kind(const cnn__layer_type *type, const cnn__phase *phase) {
  for (int32_t kind = 0; kind < CNN__PHASE_KINDS; kind++)
    for (const cnn__phase *p = type->phases[kind]; p && p->run; p++)
      if (p == phase)
        return kind;
  return -1;
}

static void describe(const bench *b, const cnn__op *op, char *name, size_t bytes, double *flop) {
  *flop = 0;
  if (op->kind != CNN__OP_LAYER) {
    snprintf(name, bytes, "%s", op->kind == CNN__OP_FEED ? "feed" : op->kind == CNN__OP_LOSS ? "loss" : "update");
    return;
  }
  const cnn_layer *layer = b->model->layers[op->layer];
  int32_t kind = phase_kind(layer->type, op->phase);
  double forward = (double)layer->flops * BATCH;
  const char *what = kind == CNN__PHASE_PACK ? "pack" : kind == CNN__PHASE_TRAIN || kind == CNN__PHASE_INFER ? "forward"
                     : op->phase->late                                                                  ? "late"
                                                                                                        : "backward";
  snprintf(name, bytes, "%s %s", layer->name, what);
  int32_t late_products = (layer->needs & CNN__NEEDS_X_LATE) != 0;
  if (strcmp(what, "forward") == 0)
    *flop = forward;
  else if (strcmp(what, "backward") == 0)
    *flop = forward * ((op->dx >= 0) + !late_products);
  else if (strcmp(what, "late") == 0)
    *flop = late_products ? forward : 0;
}

static row *row_named(bench *b, const char *name, double flop) {
  for (int32_t i = 0; i < b->row_count; i++)
    if (strcmp(b->rows[i].name, name) == 0)
      return &b->rows[i];
  if (b->row_count == MOST_ROWS)
    return NULL;
  row *r = &b->rows[b->row_count++];
  snprintf(r->name, sizeof r->name, "%s", name);
  r->flop = flop;
  return r;
}

/* Time of every op of a training step, as if the workers shared it evenly. */
static void measure_layers(bench *b) {
  const cnn__plan *plan = b->model->plans[CNN__MODE_TRAIN];
  double sums[MOST_ROWS] = {0};
  cnn__run_profile(b->train, 1);
  measure_training(b, b->augmented);
  const double *seconds = cnn__run_profile_seconds(b->train);
  for (int32_t i = 0; i < plan->op_count; i++) {
    char name[64];
    double flop;
    describe(b, &plan->ops[i], name, sizeof name, &flop);
    row *r = row_named(b, name, flop);
    if (r)
      sums[r - b->rows] += seconds[i] * 1e3 / b->steps / b->threads;
  }
  cnn__run_profile(b->train, 0);
  for (int32_t i = 0; i < b->row_count; i++)
    note(&b->rows[i].milliseconds, sums[i]);
}

static void measure(bench *b) {
  measure_training(b, b->plain); /* warm: threads, pages, packed weights */
  for (int32_t i = 0; i < b->rounds; i++) {
    note(&b->figures[PEAK], bench_fma(b->context->level, b->threads, 0));
    note(&b->figures[TRAIN], measure_training(b, b->plain));
    note(&b->figures[AUGMENTED], measure_training(b, b->augmented));
    note(&b->figures[CANARY], bench_fma(b->context->level, b->threads, 2));
    note(&b->figures[INFER], measure_inference(b));
    note(&b->figures[LATENCY], measure_latency(b));
    measure_layers(b);
  }
}

/* images/s x FLOP an image / peak of the same round. */
static figure utilisation(const bench *b, int32_t which, double flop) {
  figure f = {.count = 0};
  for (int32_t i = 0; i < b->rounds; i++) {
    double peak = b->figures[PEAK].values[i] * 1e9;
    note(&f, peak > 0 ? b->figures[which].values[i] * flop / peak : 0);
  }
  return f;
}

/* GFLOP/s of a step that took this long. */
static double rate(const row *r, double milliseconds) { return milliseconds > 0 ? r->flop / milliseconds / 1e6 : 0; }

static void print_json(const char *name, const figure *f, const char *end) {
  printf("  \"%s\": {\"median\": %.6g, \"min\": %.6g, \"max\": %.6g}%s\n", name, median(f), extreme(f, 0), extreme(f, 1), end);
}

static void print_text(const char *name, const figure *f) {
  printf("%-34s %12.5g  (%.5g to %.5g)\n", name, median(f), extreme(f, 0), extreme(f, 1));
}

static void report(const bench *b, int json) {
  static const char *const names[FIGURES] = {"fma_peak_gflops", "canary_gflops", "train_images_per_second",
                                             "train_augmented_images_per_second", "infer_images_per_second",
                                             "infer_latency_us"};
  figure train = utilisation(b, TRAIN, (double)cnn_model_training_flops(b->model));
  figure infer = utilisation(b, INFER, (double)cnn_model_flops(b->model));
  if (json)
    printf("{\n  \"version\": \"%s\",\n  \"build\": \"%s\",\n  \"threads\": %d,\n  \"rounds\": %d,\n", cnn_version(),
           cnn_build_info(), b->threads, b->rounds);
  else
    printf("%s\n%d threads, %d rounds: median (minimum to maximum)\n\n", cnn_build_info(), b->threads, b->rounds);
  for (int32_t i = 0; i < FIGURES; i++)
    json ? print_json(names[i], &b->figures[i], ",") : print_text(names[i], &b->figures[i]);
  json ? print_json("train_mfu", &train, ",") : print_text("train_mfu", &train);
  json ? print_json("infer_mfu", &infer, ",") : print_text("infer_mfu", &infer);
  printf(json ? "  \"layers\": [\n" : "\nstep of an augmented training step        ms    GFLOP/s\n");
  for (int32_t i = 0; i < b->row_count; i++) {
    const row *r = &b->rows[i];
    double ms = median(&r->milliseconds), least = extreme(&r->milliseconds, 0), most = extreme(&r->milliseconds, 1);
    if (json)
      printf("    {\"name\": \"%s\", \"ms\": {\"median\": %.6g, \"min\": %.6g, \"max\": %.6g}, "
             "\"gflops\": {\"median\": %.6g, \"min\": %.6g, \"max\": %.6g}}%s\n",
             r->name, ms, least, most, rate(r, ms), rate(r, most), rate(r, least), i + 1 < b->row_count ? "," : "");
    else
      printf("%-36s %9.4f %10.2f\n", r->name, ms, rate(r, ms));
  }
  if (json)
    printf("  ]\n}\n");
}

static void free_bench(bench *b) {
  cnn__batch_free(b->plain);
  cnn__batch_free(b->augmented);
  cnn__batch_free(b->single);
  cnn__run_free(b->train);
  cnn__run_free(b->infer);
  cnn__run_free(b->latency);
  cnn_model_free(b->model);
  cnn_augmenter_free(b->augmenter);
  cnn_dataset_free(b->data);
  cnn_context_free(b->context);
  free(b->outputs);
}

static int read_count(const char *text, const char *name, long most, int32_t *out) {
  char *end;
  long value = strtol(text, &end, 10);
  if (*text == 0 || *end || value < 1 || value > most) {
    fprintf(stderr, "cnn_bench: %s '%s': a whole number from 1 to %ld is needed\n", name, text, most);
    return 2;
  }
  *out = (int32_t)value;
  return 0;
}

int main(int count, char **arguments) {
  static const struct option options[] = {{"threads", required_argument, NULL, 't'}, {"rounds", required_argument, NULL, 'r'},
                                          {"steps", required_argument, NULL, 'n'},   {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
  static bench b = {.rounds = 7, .steps = 20};
  int option, json = 0, code = 0;
  while ((option = getopt_long(count, arguments, "t:r:n:h", options, NULL)) != -1 && !code)
    switch (option) {
    case 't': code = read_count(optarg, "--threads", 1024, &b.threads); break;
    case 'r': code = read_count(optarg, "--rounds", MOST_ROUNDS, &b.rounds); break;
    case 'n': code = read_count(optarg, "--steps", 1000, &b.steps); break;
    case 'j': json = 1; break;
    case 'h': fputs(help_text, stdout); return 0;
    default: return 2;
    }
  if (code)
    return code;
  b.outputs = calloc(BATCH * 10, sizeof *b.outputs);
  cnn_status status = b.outputs ? cnn_context_new(&b.context, cnn_context_opts(.seed = 1, .threads = b.threads)) : CNN_ENOMEM;
  if (status >= 0) {
    b.threads = cnn_context_threads(b.context);
    status = make_data(&b);
  }
  if (status >= 0)
    status = cnn_augmenter_new(&b.augmenter, b.context,
                               cnn_augmenter_opts(.rotation_range = 10, .zoom_range = 0.1f, .width_shift_range = 0.1f,
                                                  .height_shift_range = 0.1f));
  if (status >= 0)
    status = make_model(&b);
  if (status >= 0)
    status = make_runs(&b);
  if (status >= 0) {
    measure(&b);
    report(&b, json);
  } else
    fprintf(stderr, "cnn_bench: %s\n", cnn_error_text());
  free_bench(&b);
  return status < 0;
}
