/* scaling: how the cost grows: images a second of the notebook's model, trained and run, over batch, image side, width and
 * threads, each with the share of the FMA peak that its products reach, so that a cliff is seen as a step in a flat curve.
 *
 * Each curve is a table of its own and changes one thing; a case is named "CURVE VALUE", for --only. */
#include "network.h"
#include "peak.h"
#include "report.h"
#include "suite.h"

#include "core/context_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_POINTS 64
#define STEP 5e-3 /* seconds that count as one of --steps */

typedef struct point {
  const char *curve;
  char name[24];
  int64_t side, width, batch;
  int32_t threads;
  int32_t owns; /* the network and the context; else the network is an earlier point's */
  cnn_context *context;
  network *network;
  network_run run;
} point;

typedef struct scaling {
  point points[MOST_POINTS];
  int32_t count;
} scaling;

/* ---- the points ---- */

static void add(bench *b, scaling *s, const char *curve, int64_t value, point p) {
  char name[64];
  snprintf(name, sizeof name, "%s %lld", curve, (long long)value);
  if (!bench_wanted(b, name) || s->count == MOST_POINTS)
    return;
  p.curve = curve;
  snprintf(p.name, sizeof p.name, "%lld", (long long)value);
  s->points[s->count++] = p;
}

static void add_all(bench *b, scaling *s) {
  static const int64_t sides[] = {28, 56, 112, 224}, widths[] = {1, 2, 3, 4, 6, 8};
  for (int64_t batch = 1; batch <= 1024; batch *= 2)
    add(b, s, "batch", batch, (point){.side = 28, .width = 1, .batch = batch, .threads = b->threads});
  for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
    add(b, s, "side", sides[i], (point){.side = sides[i], .width = 1, .batch = 32, .threads = b->threads});
  for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
    add(b, s, "width", widths[i], (point){.side = 28, .width = widths[i], .batch = 32, .threads = b->threads});
  for (int32_t threads = 1; threads < b->threads; threads *= 2)
    add(b, s, "threads", threads, (point){.side = 28, .width = 1, .batch = 128, .threads = threads});
  add(b, s, "threads", b->threads, (point){.side = 28, .width = 1, .batch = 128, .threads = b->threads});
}

/* Points that differ in their batch alone share a network, made with images for the largest. */
static cnn_status prepare(scaling *s, int32_t index) {
  point *p = &s->points[index];
  for (int32_t i = 0; i < index && !p->network; i++) {
    const point *q = &s->points[i];
    if (q->side == p->side && q->width == p->width && q->threads == p->threads &&
        q->network->images >= p->batch)
      p->network = q->network;
  }
  if (!p->network) {
    p->owns = 1;
    p->network = bench_memory(NULL, sizeof *p->network);
    memset(p->network, 0, sizeof *p->network);
    CNN__TRY(cnn_context_new(&p->context, cnn_context_opts(.seed = 1, .threads = p->threads)));
    int64_t images = strcmp(p->curve, "batch") == 0 ? 1024 : 2 * p->batch;
    CNN__TRY(network_new(p->network, p->context, p->side, p->width, images));
  }
  return network_run_new(&p->run, p->network, p->batch);
}

static void free_all(scaling *s) {
  for (int32_t i = s->count - 1; i >= 0; i--) {
    point *p = &s->points[i];
    network_run_free(&p->run);
    if (!p->owns)
      continue;
    network_free(p->network);
    free(p->network);
    cnn_context_free(p->context);
  }
}

/* ---- measuring ---- */

static double steps_of(point *p, int32_t train, int64_t steps) {
  return train ? network_train(&p->run, p->run.plain, steps) : network_infer(&p->run, steps);
}

/* Images a second over at least `least` seconds, after a step that brings the point's data back into the caches. */
static double rate(point *p, int32_t train, double least) {
  int64_t steps = 1;
  steps_of(p, train, 1);
  for (;;) {
    double images = steps_of(p, train, steps);
    double seconds = (double)(steps * p->batch) / images;
    if (seconds >= least)
      return images;
    steps = (int64_t)((double)steps * 1.2 * least / seconds) + 1;
  }
}

static void measure(bench *b, point *p, double peak) {
  const cnn_model *model = p->network->model;
  double least = b->steps * STEP;
  double training_flop = (double)cnn_model_training_flops(model), flop = (double)cnn_model_flops(model);
  double train = rate(p, 1, least), infer = rate(p, 0, least);
  if (p->threads != b->threads)
    peak = bench_fma(b->context->level, p->threads, 0);
  bench_cell(b, p->curve, p->name, "training_mflop", training_flop / 1e6);
  bench_cell(b, p->curve, p->name, "train_images_per_second", train);
  bench_cell(b, p->curve, p->name, "train_gflops", train * training_flop / 1e9);
  if (peak > 0)
    bench_cell(b, p->curve, p->name, "train_mfu", train * training_flop / 1e9 / peak);
  bench_cell(b, p->curve, p->name, "infer_images_per_second", infer);
  bench_cell(b, p->curve, p->name, "infer_gflops", infer * flop / 1e9);
  if (peak > 0)
    bench_cell(b, p->curve, p->name, "infer_mfu", infer * flop / 1e9 / peak);
}

cnn_status bench_scaling(bench *b) {
  static scaling s;
  cnn_status status = CNN_OK;
  add_all(b, &s);
  for (int32_t i = 0; i < s.count && status >= 0; i++)
    status = prepare(&s, i);
  for (int32_t i = 0; i < s.count && status >= 0; i++) { /* warm: threads, pages, packed weights */
    network_train(&s.points[i].run, s.points[i].run.plain, 1);
    network_infer(&s.points[i].run, 1);
  }
  for (int32_t round = 0; round < b->rounds && status >= 0; round++) {
    double peak = bench_machine(b);
    for (int32_t i = 0; i < s.count; i++)
      measure(b, &s.points[i], peak);
  }
  free_all(&s);
  return status;
}
