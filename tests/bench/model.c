/* model: the notebook's model, batch 128: training plain and augmented, inference, single images, callers side by side,
 * and where the time of a step and the memory of the plan go. */
#include "network.h"
#include "profile.h"
#include "suite.h"

#include "core/context_internal.h"

#include <pthread.h>
#include <stdlib.h>

#define BATCH 128
#define IMAGES (BATCH * 20)
#define PREDICTIONS 400 /* of single images in a round and caller */

/* One image and the row of its prediction, by the public call. */
typedef struct single {
  const cnn_model *model;
  cnn_tensor *input, *output;
  double seconds[PREDICTIONS];
} single;

static cnn_status single_new(single *s, const network *n, cnn_context *context) {
  s->model = n->model;
  CNN__TRY(cnn_tensor_new(&s->input, context, CNN_F32, 4, (const int64_t[]){1, 28, 28, 1}, NULL));
  float *pixels = cnn_tensor_data(s->input);
  for (int32_t i = 0; i < 784; i++)
    pixels[i] = (float)(i % 7) / 7;
  return cnn_tensor_new(&s->output, context, CNN_F32, 2, (const int64_t[]){1, 10}, NULL);
}

static void single_free(single *s) {
  cnn_tensor_free(s->input);
  cnn_tensor_free(s->output);
}

static void *predict_all(void *user) {
  single *s = user;
  for (int32_t i = 0; i < PREDICTIONS; i++) {
    double start = bench_now();
    if (cnn_model_predict_into(&s->output, 1, s->model, (const cnn_tensor *const[]){s->input}, 1, NULL) < 0)
      return NULL;
    s->seconds[i] = bench_now() - start;
  }
  return s;
}

/* Microseconds of the prediction in the middle. */
static double latency(single *s) {
  predict_all(s);
  for (int32_t i = 1; i < PREDICTIONS; i++) { /* insertion: nearly sorted or short enough */
    double value = s->seconds[i];
    int32_t at = i;
    for (; at > 0 && s->seconds[at - 1] > value; at--)
      s->seconds[at] = s->seconds[at - 1];
    s->seconds[at] = value;
  }
  return s->seconds[PREDICTIONS / 2] * 1e6;
}

/* Images a second of one caller, or of two at once. */
static double callers(single *s, int32_t count) {
  pthread_t other;
  double start = bench_now();
  int32_t both = count == 2 && pthread_create(&other, NULL, predict_all, &s[1]) == 0;
  predict_all(&s[0]);
  if (both)
    pthread_join(other, NULL);
  return (double)(PREDICTIONS * (1 + both)) / (bench_now() - start);
}

/* Microseconds in which one thread makes an image's floats from its bytes. */
static double fill(network_run *r, cnn__batch *from) {
  float *x = bench_floats(BATCH * 784);
  cnn__batch_take(from, 1, 0, 1, 0, BATCH);
  cnn__batch_fill(from, 0, BATCH, x);
  double start = bench_now();
  for (int32_t i = 0; i < 20; i++)
    cnn__batch_fill(from, 0, BATCH, x);
  double seconds = bench_now() - start;
  free(x);
  return seconds * 1e6 / 20 / (double)r->batch;
}

typedef struct state {
  cnn_context *alone; /* of one thread */
  network shared, own;
  network_run run;
  single many, one[2]; /* on all threads; on the model of the context of one thread */
} state;

static cnn_status state_new(state *s, bench *b) {
  *s = (state){0};
  CNN__TRY(network_new(&s->shared, b->context, 28, 1, IMAGES));
  CNN__TRY(network_run_new(&s->run, &s->shared, BATCH));
  CNN__TRY(cnn_context_new(&s->alone, cnn_context_opts(.seed = 1, .threads = 1)));
  CNN__TRY(network_new(&s->own, s->alone, 28, 1, 1));
  CNN__TRY(single_new(&s->many, &s->shared, b->context));
  CNN__TRY(single_new(&s->one[0], &s->own, s->alone));
  return single_new(&s->one[1], &s->own, s->alone);
}

static void state_free(state *s) {
  single_free(&s->many);
  single_free(&s->one[0]);
  single_free(&s->one[1]);
  network_run_free(&s->run);
  network_free(&s->shared);
  network_free(&s->own);
  cnn_context_free(s->alone);
}

/* What the plan's tensors take, and what they would if each had its own place for a whole batch. */
static void note_memory(bench *b, const char *mode, const cnn__plan *plan) {
  double floats = 0;
  for (int32_t i = 0; i < plan->buffer_count; i++)
    if (plan->buffers[i].first >= 0)
      floats += (double)plan->buffers[i].floats;
  double arena = (double)plan->arena_floats * BATCH * 4;
  double workers = (double)plan->local_floats * 4 * b->threads;
  bench_cell(b, "memory_kib", mode, "arena", arena / 1024);
  bench_cell(b, "memory_kib", mode, "workers", workers / 1024);
  bench_cell(b, "memory_kib", mode, "kept", (double)plan->kept_bytes * BATCH / 1024);
  bench_cell(b, "memory_kib", mode, "scratch", (double)plan->scratch_bytes * b->threads / 1024);
  bench_cell(b, "memory_kib", mode, "own_places", floats * BATCH * 4 / 1024);
  bench_cell(b, "memory_kib", mode, "saved", (floats * BATCH * 4 - arena - workers) / 1024);
}

/* Plain and augmented training in short turns, since their ratio is what counts. */
static void measure_training(bench *b, state *s, double peak) {
  enum { TURNS = 5 };
  int64_t steps = (b->steps + TURNS - 1) / TURNS;
  double plain = 0, augmented = 0; /* seconds an image at first */
  for (int32_t i = 0; i < TURNS; i++) {
    plain += 1 / network_train(&s->run, s->run.plain, steps) / TURNS;
    augmented += 1 / network_train(&s->run, s->run.augmented, steps) / TURNS;
  }
  plain = 1 / plain;
  augmented = 1 / augmented;
  bench_value(b, "train_images_per_second", plain);
  bench_value(b, "train_augmented_images_per_second", augmented);
  bench_value(b, "augmented_of_plain", augmented / plain);
  bench_value(b, "fill_us", fill(&s->run, s->run.plain));
  bench_value(b, "fill_augmented_us", fill(&s->run, s->run.augmented));
  if (peak > 0)
    bench_value(b, "train_mfu", plain * (double)cnn_model_training_flops(s->shared.model) / peak);
}

static void measure_inference(bench *b, state *s, double peak) {
  double infer = network_infer(&s->run, 2 * b->steps);
  bench_value(b, "infer_images_per_second", infer);
  if (peak > 0)
    bench_value(b, "infer_mfu", infer * (double)cnn_model_flops(s->shared.model) / peak);
}

static void measure_callers(bench *b, state *s) {
  double alone = callers(s->one, 1), together = callers(s->one, 2);
  bench_value(b, "one_caller_images_per_second", alone);
  bench_value(b, "two_callers_images_per_second", together);
  bench_value(b, "two_callers_of_one", together / alone);
}

/* The groups that --only may choose: training, inference, latency, callers, layers, memory. */
static void measure_round(bench *b, state *s) {
  double peak = bench_machine(b) * 1e9;
  if (bench_wanted(b, "training"))
    measure_training(b, s, peak);
  if (bench_wanted(b, "inference"))
    measure_inference(b, s, peak);
  if (bench_wanted(b, "latency")) {
    bench_value(b, "infer_latency_us", latency(&s->many));
    bench_value(b, "infer_latency_1_thread_us", latency(&s->one[0]));
  }
  if (bench_wanted(b, "callers"))
    measure_callers(b, s);
  if (bench_wanted(b, "layers")) {
    profile_training(b, &s->run, b->steps);
    profile_inference(b, &s->run, 2 * b->steps);
  }
}

cnn_status bench_model(bench *b) {
  state s;
  cnn_status status = state_new(&s, b);
  if (status >= 0) {
    network_train(&s.run, s.run.plain, b->steps); /* warm: threads, pages, packed weights */
    for (int32_t i = 0; i < b->rounds; i++)
      measure_round(b, &s);
    if (bench_wanted(b, "memory")) {
      note_memory(b, "training", s.shared.model->plans[CNN__MODE_TRAIN]);
      note_memory(b, "inference", s.shared.model->plans[CNN__MODE_PREDICT]);
    }
  }
  state_free(&s);
  return status;
}
