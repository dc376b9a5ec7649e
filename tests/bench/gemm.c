/* gemm: the products of dense layers as the layers call their kernels, beside oneDNN and OpenBLAS.
 *
 * batch x units x inputs: forward is [batch, inputs] [inputs, units] and a bias, data [batch, units] [units, inputs],
 * weights [inputs, batch] [batch, units]. Packed weights are made once for many products, or once a training step, and
 * have a table of their own; others may lay out theirs beforehand, too. */
#include "gemm_peers.h"

#include "core/context_internal.h"
#include "core/cpu.h"
#include "model/model_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct extents {
  int64_t batch, units, inputs;
} extents;

static const extents cases[] = {{1, 10, 128},      {128, 10, 128},     {17, 33, 65},      {1, 128, 3136},
                                {128, 128, 3136},  {1, 1000, 2048},    {32, 1000, 2048},  {128, 512, 512},
                                {256, 1024, 1024}, {1, 4096, 4096},    {32, 4096, 4096},  {1000, 100, 300},
                                {2048, 2048, 2048}};
#define CASES ((int32_t)(sizeof cases / sizeof *cases))

enum { FORWARD, DATA, WEIGHTS, DIRECTIONS };
static const char *const directions[DIRECTIONS] = {"forward", "data", "weights"};

/* A model of one dense layer, and its phases. */
typedef struct dense {
  bench *b;
  extents e;
  int32_t direction;
  cnn_model *model;
  cnn__work work;
  const cnn__phase *phase; /* under way, */
  int32_t wide;            /* how it is cut */
  int64_t units, pieces;
} dense;

/* ---- the layer ---- */

static cnn_status dense_new(dense *d) {
  cnn_optimizer *sgd = NULL;
  const cnn__plan *plan;
  CNN__TRY(cnn_model_new(&d->model, d->b->context, NULL));
  cnn_input(d->model, 1, (const int64_t[]){d->e.inputs}, NULL);
  cnn_dense(d->model, d->e.units, cnn_dense_opts(.no_bias = d->direction != FORWARD));
  cnn_status status = cnn_sgd_new(&sgd, d->b->context, NULL);
  if (status >= 0)
    status = cnn_model_compile(d->model, sgd, 1, (const char *[]){"categorical_crossentropy"}, NULL);
  cnn_optimizer_free(sgd);
  CNN__TRY(status);
  CNN__TRY(cnn__model_plan(d->model, CNN__MODE_TRAIN, &plan));
  cnn__model_pack(d->model);
  const cnn_layer *layer = d->model->layers[1];
  cnn__arrays *arrays = &d->model->arrays[1];
  d->work = (cnn__work){.k = cnn__kernels_for(d->b->context->level, d->b->context->provider),
                        .layer = layer,
                        .training = 1,
                        .activation = layer->activation,
                        .activation_parameter = layer->activation_parameter,
                        .batch = d->e.batch,
                        .shards = (d->e.batch - 1) / CNN__SHARD + 1,
                        .packs = arrays->packs,
                        .weights = arrays->weights,
                        .grads = arrays->grads,
                        .arrays = arrays};
  return CNN_OK;
}

/* One item: of a parts phase the part; of a shard phase a shard, or a piece of one; of a wide layer's units some. */
static void item(void *user, int64_t number, int32_t worker) {
  const dense *d = user;
  cnn__work work = d->work;
  (void)worker;
  if (d->phase->domain == CNN__PARTS) {
    work.part = number;
  } else if (d->wide) {
    work.count = d->e.batch;
    work.begin = number * CNN__UNITS;
    work.end = work.begin + CNN__UNITS < d->units ? work.begin + CNN__UNITS : d->units;
  } else {
    int64_t piece = number % d->pieces, shard = number / d->pieces, left = d->e.batch - shard * CNN__SHARD;
    work.shard = shard;
    work.first = shard * CNN__SHARD;
    work.count = left < CNN__SHARD ? left : CNN__SHARD;
    work.begin = d->pieces > 1 ? d->units * piece / d->pieces : 0;
    work.end = d->pieces > 1 ? d->units * (piece + 1) / d->pieces : 0;
    work.x += work.first * d->e.inputs;
    work.y += work.first * d->e.units;
    work.dy += work.first * d->e.units;
    work.dx += work.first * d->e.inputs;
  }
  d->phase->run(&work);
}

/* As the executor cuts them. */
static int64_t items(dense *d) {
  const cnn_layer *layer = d->work.layer;
  d->units = d->phase->parts && (d->phase->domain == CNN__PARTS || layer->flops >= 200000) ? d->phase->parts(layer) : 1;
  d->wide = (layer->needs & (CNN__WIDE | CNN__WIDE_IN_TRAINING)) && d->units > 1 &&
            d->units > CNN__UNITS * (d->b->threads - 1) && d->b->context->provider != CNN__GEMM_BLAS;
  d->work.parts = d->units;
  if (d->phase->domain == CNN__PARTS)
    return d->units;
  if (d->wide)
    return (d->units - 1) / CNN__UNITS + 1;
  int64_t wanted = d->work.shards < d->b->threads ? (d->b->threads - 1) / d->work.shards + 1 : 1;
  d->pieces = d->units < wanted ? d->units : wanted;
  return d->work.shards * d->pieces;
}

static void run_layer(void *user) {
  dense *d = user;
  const cnn__phase *phases = d->work.layer->type->phases[d->direction == FORWARD ? CNN__PHASE_TRAIN : CNN__PHASE_BACKWARD];
  for (d->phase = phases; d->phase->run; d->phase++)
    if (d->phase->late == (d->direction == WEIGHTS) && (d->phase->parts || d->direction != DATA))
      cnn__pool_run(d->b->context->pool, items(d), item, d);
}

static void run_packs(void *user) {
  dense *d = user;
  d->model->packs_version = d->model->weights_version - 1;
  cnn__model_pack(d->model);
}

/* ---- a case ---- */

static gemm_product product_of(const dense *d) {
  const extents *e = &d->e;
  const cnn__work *w = &d->work;
  gemm_product p = {.threads = d->b->threads, .pool = d->b->context->pool, .b_packed = d->direction != WEIGHTS};
  if (d->direction == FORWARD) {
    p.m = e->batch, p.n = e->units, p.k = e->inputs, p.a = w->x, p.b = w->weights[0];
  } else if (d->direction == DATA) {
    p.m = e->batch, p.n = e->inputs, p.k = e->units, p.a = w->dy, p.b = w->weights[0], p.b_transposed = 1;
  } else {
    p.m = e->inputs, p.n = e->units, p.k = e->batch, p.a = w->x, p.b = w->dy, p.a_transposed = 1;
  }
  return p;
}

/* Others' threads spin for a while behind their work and must be asleep; ours, and theirs, must be awake at the start. */
static double measure(void (*run)(void *user), void *user) {
  nanosleep(&(struct timespec){.tv_nsec = 4000000}, NULL);
  double first = bench_time(run, user, 3e-4);
  return first > 0.02 ? first : bench_time(run, user, 2e-3);
}

/* A result that is another's by more than rounding is none. */
static int agree(const float *c, const float *with, const gemm_product *p) {
  for (int64_t i = 0; i < p->m * p->n; i++)
    if (!(fabsf(c[i] - with[i]) <= 1e-5f * (float)p->k))
      return 0;
  return 1;
}

/* Runs each once, which makes what is made at the first call, and forgets those whose result is wrong or who cannot. */
static void try_all(dense *d, const gemm_product *p, const char *row, void **prepared, const float *result) {
  run_layer(d);
  for (int32_t i = 0; i < gemm_peer_count; i++) {
    const gemm_peer *peer = &gemm_peers[i];
    prepared[i] = peer->missing ? NULL : peer->prepare(p);
    if (!prepared[i]) {
      bench_mark(d->b, "products", row, peer->name, peer->missing ? peer->missing : "cannot");
      continue;
    }
    peer->run(prepared[i]);
    if (!agree(p->c, result, p)) {
      bench_mark(d->b, "products", row, peer->name, "wrong");
      peer->release(prepared[i]);
      prepared[i] = NULL;
    }
  }
}

static void measure_round(dense *d, const gemm_product *p, const char *row, void *const *prepared) {
  double flop = 2.0 * (double)p->m * (double)p->n * (double)p->k, ours = flop / measure(run_layer, d) / 1e9, best = 0;
  bench_cell(d->b, "products", row, "libcnn", ours);
  for (int32_t i = 0; i < gemm_peer_count; i++) {
    if (!prepared[i])
      continue;
    double theirs = flop / measure(gemm_peers[i].run, prepared[i]) / 1e9;
    bench_cell(d->b, "products", row, gemm_peers[i].name, theirs);
    best = theirs > best ? theirs : best;
  }
  if (best > 0)
    bench_cell(d->b, "products", row, "of_best", ours / best);
  if (d->direction == FORWARD) {
    double pack = measure(run_packs, d);
    bench_cell(d->b, "packs", row, "us", pack * 1e6);
    bench_cell(d->b, "packs", row, "gb_per_second", 16e-9 * (double)(d->e.inputs * d->e.units) / pack);
  }
}

static cnn_status run_case(bench *b, extents e, int32_t direction, const char *row) {
  dense d = {.b = b, .e = e, .direction = direction};
  cnn_status status = dense_new(&d);
  if (status >= 0) {
    float *x = bench_floats(e.batch * e.inputs), *dy = bench_floats(e.batch * e.units);
    float *y = bench_floats(e.batch * e.units), *dx = bench_floats(e.batch * e.inputs);
    d.work.x = x, d.work.y = y, d.work.dy = dy, d.work.dx = dx;
    gemm_product p = product_of(&d);
    float *ours = direction == FORWARD ? y : direction == DATA ? dx : d.work.grads[0];
    p.c = bench_floats(p.m * p.n);
    void *prepared[8] = {0};
    try_all(&d, &p, row, prepared, ours);
    for (int32_t round = 0; round < b->rounds; round++)
      measure_round(&d, &p, row, prepared);
    for (int32_t i = 0; i < gemm_peer_count; i++)
      if (prepared[i])
        gemm_peers[i].release(prepared[i]);
    free(x), free(dy), free(y), free(dx), free(p.c);
  }
  cnn_model_free(d.model);
  return status;
}

cnn_status bench_gemm(bench *b) {
  double least = 0;
  CNN__TRY(gemm_peers_settings(b));
  for (int32_t i = 0; i < CASES; i++)
    for (int32_t direction = 0; direction < DIRECTIONS; direction++) {
      char row[64];
      snprintf(row, sizeof row, "%lldx%lldx%lld %s", (long long)cases[i].batch, (long long)cases[i].units,
               (long long)cases[i].inputs, directions[direction]);
      if (!bench_wanted(b, row))
        continue;
      bench_machine(b);
      CNN__TRY(run_case(b, cases[i], direction, row));
      double ratio = bench_cell_median(b, "products", row, "of_best");
      least = least == 0 || ratio < least ? ratio : least;
    }
  bench_value(b, "geometric_mean_of_best", bench_geometric_mean(b, "products", "of_best"));
  bench_value(b, "least_of_best", least);
  return CNN_OK;
}
