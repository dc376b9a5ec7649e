/* conv: convolutions as real networks have them, beside oneDNN's direct algorithm and beside its own choice.
 *
 * libcnn runs as its layers do: micro-shards of eight images spread over the threads, their kernel gradients added up by
 * the tree; a single image is cut into bands of rows, but its kernel gradient is one thread's, on both sides.
 * Both sides keep activations in the layout they like best and have their kernels packed; each call
 * of both is timed on the same threads, in turn. */
#include "conv_onednn.h"
#include "suite.h"

#include "core/context_internal.h"
#include "core/parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define REST 15000000 /* nanoseconds before each contender */
#define WARM 3e-3  /* seconds before each measurement */
#define LEAST 4e-3 /* and of it */

typedef struct shape {
  const char *network;
  int64_t extent, c, f, k, stride, groups;
} shape;

static const shape shapes[] = {
    {"resnet", 224, 3, 64, 7, 2, 1},     {"resnet", 56, 64, 64, 1, 1, 1},     {"resnet", 56, 64, 64, 3, 1, 1},
    {"resnet", 56, 64, 256, 1, 1, 1},    {"resnet", 56, 256, 64, 1, 1, 1},    {"resnet", 56, 128, 128, 3, 2, 1},
    {"resnet", 56, 256, 512, 1, 2, 1},   {"resnet", 28, 128, 128, 3, 1, 1},   {"resnet", 28, 128, 512, 1, 1, 1},
    {"resnet", 28, 512, 128, 1, 1, 1},   {"resnet", 28, 256, 256, 3, 2, 1},   {"resnet", 14, 256, 256, 3, 1, 1},
    {"resnet", 14, 256, 512, 1, 1, 1},   {"resnet", 14, 512, 256, 1, 1, 1},   {"resnet", 14, 512, 512, 3, 2, 1},
    {"resnet", 7, 512, 512, 3, 1, 1},    {"resnet", 7, 512, 512, 1, 1, 1},    {"notebook", 28, 1, 32, 3, 1, 1},
    {"notebook", 14, 32, 64, 3, 1, 1},   {"depth", 56, 3, 64, 3, 1, 1},       {"depth", 28, 5, 64, 5, 1, 1},
    {"depth", 28, 17, 64, 3, 1, 1},      {"depth", 28, 17, 17, 3, 1, 1},      {"depth", 28, 64, 3, 3, 1, 1},
    {"depth", 28, 32, 64, 3, 1, 1},      {"depth", 28, 32, 32, 3, 1, 1},      {"groups", 56, 128, 128, 3, 1, 32},
    {"groups", 28, 128, 128, 3, 1, 2},   {"depthwise", 56, 128, 128, 3, 1, 128}, {"depthwise", 56, 128, 128, 3, 2, 128},
};
#define SHAPES ((int)(sizeof shapes / sizeof *shapes))

static const int64_t batches[] = {1, 32};
#define BATCHES ((int)(sizeof batches / sizeof *batches))

static const char *const directions[] = {"forward", "backward_data", "backward_weights"};

/* One convolution of libcnn with its arrays. */
typedef struct ours {
  const cnn__kernels *k;
  cnn__pool_threads *pool;
  int direction;
  cnn__conv g;
  int64_t n, items, kernel;
  float *x, *y, *bias, *packed, *slots, *dw;
  char *scratch;
  size_t scratch_bytes;
} ours;

static cnn__conv geometry(const shape *s) {
  cnn__conv g = {.h = s->extent, .w = s->extent, .c = s->c, .f = s->f, .kh = s->k, .kw = s->k, .sh = s->stride, .sw = s->stride,
                 .dh = 1, .dw = 1, .groups = s->groups};
  g.oh = g.ow = (s->extent + s->stride - 1) / s->stride;
  int64_t pad = (g.oh - 1) * s->stride + s->k - s->extent;
  g.pt = g.pl = pad > 0 ? pad / 2 : 0;
  return g;
}

/* The rows of item i of a single image, as a convolution of their own. */
static cnn__conv rows_of(const ours *o, int64_t i, int64_t rows, int64_t *first) {
  cnn__conv g = o->g;
  *first = rows * i / o->items;
  int64_t count = rows * (i + 1) / o->items - *first;
  if (o->direction == ONEDNN_FORWARD) {
    g.oh = count;
    g.pt -= *first * g.sh;
  } else {
    g.h = count;
    g.pt += *first;
  }
  return g;
}

static void run_item(void *user, int64_t i, int32_t worker) {
  const ours *o = user;
  void *scratch = o->scratch + (size_t)worker * o->scratch_bytes;
  cnn__conv g = o->g;
  int64_t first = 0, image = i * CNN__SHARD, n = o->n - image < CNN__SHARD ? o->n - image : CNN__SHARD;
  if (o->n == 1) {
    image = 0;
    n = 1;
    if (o->items > 1)
      g = rows_of(o, i, o->direction == ONEDNN_FORWARD ? g.oh : g.h, &first);
  }
  const float *x = o->x + image * o->g.h * g.w * g.c, *y = o->y + image * o->g.oh * g.ow * g.f;
  if (o->direction == ONEDNN_FORWARD)
    o->k->conv_forward(&g, n, x, o->packed, o->bias, 0, o->y + (image * o->g.oh + first) * g.ow * g.f, scratch);
  else if (o->direction == ONEDNN_BACKWARD_DATA)
    o->k->conv_backward_data(&g, n, y, o->packed, o->x + (image * o->g.h + first) * g.w * g.c, scratch);
  else
    o->k->conv_backward_weights(&g, n, x, y, 0, o->items > 1 ? o->slots + i * o->kernel : o->dw, scratch);
}

#define CHUNK 8192 /* floats of a kernel joined at once, as the layer does */

static void join_item(void *user, int64_t i, int32_t worker) {
  const ours *o = user;
  int64_t first = i * CHUNK, count = o->kernel - first < CHUNK ? o->kernel - first : CHUNK;
  (void)worker;
  o->k->tree_sum(count, o->items, o->kernel, o->slots + first, o->dw + first);
}

static void run_ours(void *user) {
  ours *o = user;
  cnn__pool_run(o->pool, o->items, run_item, o);
  if (o->direction == ONEDNN_BACKWARD_WEIGHTS && o->items > 1)
    cnn__pool_run(o->pool, (o->kernel + CHUNK - 1) / CHUNK, join_item, o);
}

static void make_ours(const bench *b, const cnn__conv *g, int64_t n, int direction, ours *o) {
  *o = (ours){.k = cnn__kernels_for(b->context->level, b->context->provider), .pool = b->context->pool, .direction = direction,
              .g = *g, .n = n,
              .kernel = g->kh * g->kw * g->c / g->groups * g->f, .scratch_bytes = (cnn__conv_scratch_bytes(g) + 63) / 64 * 64};
  o->items = (n + CNN__SHARD - 1) / CNN__SHARD;
  if (n == 1 && direction != ONEDNN_BACKWARD_WEIGHTS)
    o->items = b->threads;
  int64_t packed = direction == ONEDNN_FORWARD ? cnn__conv_packed_floats(g) : cnn__conv_packed_t_floats(g);
  o->x = bench_floats(n * g->h * g->w * g->c);
  o->y = bench_floats(n * g->oh * g->ow * g->f);
  o->bias = bench_floats(g->f);
  o->dw = bench_floats(o->kernel);
  o->packed = bench_floats(packed);
  o->slots = bench_floats(direction == ONEDNN_BACKWARD_WEIGHTS ? o->items * o->kernel : 1);
  o->scratch = (char *)bench_floats((int64_t)(o->scratch_bytes / sizeof(float)) * b->threads);
  (direction == ONEDNN_FORWARD ? o->k->conv_pack : o->k->conv_pack_t)(g, o->dw, o->packed);
}

static void free_ours(ours *o) {
  free(o->x), free(o->y), free(o->bias), free(o->dw), free(o->packed), free(o->slots), free(o->scratch);
}

/* Seconds of a call, after some that wake the threads and fill the caches, and after a rest in which the threads of the
 * one before stop spinning: they would hold a processor. */
static double time_of(void (*function)(void *), void *user) {
  nanosleep(&(struct timespec){.tv_nsec = REST}, NULL);
  bench_time(function, user, WARM);
  return bench_time(function, user, LEAST);
}

static void measure(bench *b, const shape *s, int64_t n, int direction, const char *name, const char *table) {
  cnn__conv g = geometry(s);
  double flop = 2.0 * (double)(g.kh * g.kw * g.c / g.groups * g.f * g.oh * g.ow * n);
  ours o;
  make_ours(b, &g, n, direction, &o);
  int32_t threads = o.items < b->threads ? (int32_t)o.items : b->threads;
  onednn_conv *direct = onednn_conv_new(&g, n, direction, ONEDNN_DIRECT, threads);
  onednn_conv *automatic = onednn_conv_new(&g, n, direction, ONEDNN_AUTO, threads);
  for (int32_t round = 0; round < b->rounds; round++) {
    double seconds = time_of(run_ours, &o);
    bench_cell(b, table, name, "gflops", flop / seconds / 1e9);
    if (direct) {
      double other = time_of(onednn_conv_run, direct);
      bench_cell(b, table, name, "direct_gflops", flop / other / 1e9);
      bench_cell(b, table, name, "ratio", other / seconds);
    }
    if (automatic)
      bench_cell(b, table, name, "auto_ratio", time_of(onednn_conv_run, automatic) / seconds);
  }
  if (!direct)
    bench_mark(b, table, name, "ratio", onednn_version());
  free_ours(&o);
  onednn_conv_free(direct);
  onednn_conv_free(automatic);
}

cnn_status bench_conv(bench *b) {
  for (int i = 0; i < b->rounds; i++)
    bench_machine(b);
  for (int direction = 0; direction < 3; direction++) {
    for (int i = 0; i < SHAPES * BATCHES; i++) {
      const shape *s = &shapes[i / BATCHES];
      int64_t n = batches[i % BATCHES];
      char name[96];
      snprintf(name, sizeof name, "%s %lldx%lld/%lld %lld: %lld to %lld, n %lld", s->network, (long long)s->k, (long long)s->k,
               (long long)s->stride, (long long)s->extent, (long long)s->c, (long long)s->f, (long long)n);
      char full[128];
      snprintf(full, sizeof full, "%s %s", directions[direction], name);
      if (bench_wanted(b, full))
        measure(b, s, n, direction, name, directions[direction]);
    }
    char mean[64];
    snprintf(mean, sizeof mean, "%s_geometric_mean_ratio", directions[direction]);
    bench_value(b, mean, bench_geometric_mean(b, directions[direction], "ratio"));
  }
  return CNN_OK;
}
