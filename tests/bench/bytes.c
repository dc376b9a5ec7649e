/* bytes: kernels that move more bytes than they compute, on one thread, as GB/s of what each has to read and write once, beside the C
 * library's memcpy of the same array: a batch that the last cache holds and one that it does not. */
#include "suite.h"

#include "core/context_internal.h"
#include "kernels/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 56
#define PIXELS (SIDE * SIDE)
#define CHANNELS 64
#define IMAGE ((int64_t)PIXELS * CHANNELS)
#define LEAST 4e-3 /* seconds of each measurement */

static const int64_t batches[] = {8, 64}; /* 6.4 MB and 51 MB an array */
#define BATCHES ((int)(sizeof batches / sizeof *batches))

/* Three arrays of the batch and what belongs to channels and windows. */
typedef struct arrays {
  const cnn__kernels *k;
  int64_t n;
  float *a, *b, *y;
  float *channel;
  double *sums;
  uint16_t *winner;
  cnn__pool pool;
} arrays;

typedef struct row {
  const char *name;
  void (*run)(const arrays *t);
  double moved; /* arrays of the batch that it reads and writes */
  int64_t window, stride; /* of a pooling: `moved` is that of its larger side; the smaller is added */
} row;

static void copy(const arrays *t) { memcpy(t->y, t->a, (size_t)(t->n * IMAGE) * sizeof(float)); }
static void add(const arrays *t) { t->k->add(t->n * IMAGE, t->a, t->b, t->y); }
static void relu(const arrays *t) { t->k->relu(t->n * IMAGE, t->a, t->y); }
static void relu_backward(const arrays *t) { t->k->relu_backward(t->n * IMAGE, t->a, t->b, t->y); }
static void sigmoid(const arrays *t) { t->k->sigmoid(t->n * IMAGE, t->a, t->y); }
static void gelu(const arrays *t) { t->k->gelu(t->n * IMAGE, t->a, t->y); }
static void moments(const arrays *t) { t->k->bn_moments(0, t->n, PIXELS, CHANNELS, t->a, t->sums, t->sums + CHANNELS); }
static void normalize(const arrays *t) {
  t->k->bn_normalize(t->n * PIXELS, CHANNELS, t->a, t->channel, t->channel, t->channel, t->y);
}
static void backward_sums(const arrays *t) {
  t->k->bn_backward_sums(t->n, PIXELS, CHANNELS, t->a, t->channel, t->b, t->sums, t->sums + CHANNELS);
}
static void backward_apply(const arrays *t) {
  t->k->bn_backward_apply(t->n * PIXELS, CHANNELS, t->a, t->channel, t->channel, t->channel, t->channel, t->b, t->y);
}
static void channel_sums(const arrays *t) { t->k->channel_sums(t->n, PIXELS, CHANNELS, t->a, t->sums); }
static void average_pooling(const arrays *t) { t->k->avgpool(&t->pool, t->n, t->a, t->y); }
static void average_backward(const arrays *t) { t->k->avgpool_backward(&t->pool, t->n, t->a, t->y); }
static void max_pooling(const arrays *t) { t->k->maxpool(&t->pool, t->n, t->a, t->y, t->winner); }
static void max_inference(const arrays *t) { t->k->maxpool(&t->pool, t->n, t->a, t->y, NULL); }
static void max_backward(const arrays *t) { t->k->maxpool_backward(&t->pool, t->n, t->a, t->winner, t->y); }

static void dropout(const arrays *t) {
  for (uint32_t i = 0; i < (uint32_t)t->n; i++)
    t->k->dropout(IMAGE, t->a + i * IMAGE, 64, 8, 4.0f / 3, (const uint32_t[2]){1, 2}, (const uint32_t[4]){0, i, 0, 0}, t->y + i * IMAGE);
}

static void channel_max(const arrays *t) {
  for (int64_t i = 0; i < t->n; i++)
    t->k->channel_max(PIXELS, CHANNELS, t->a + i * IMAGE, t->channel);
}

static void channel_max_backward(const arrays *t) {
  for (int64_t i = 0; i < t->n; i++)
    t->k->channel_max_backward(PIXELS, CHANNELS, t->a + i * IMAGE, t->channel, t->channel, t->y + i * IMAGE);
}

static const row rows[] = {
    {"add", add, 3, 0, 0},
    {"relu", relu, 2, 0, 0},
    {"relu backward", relu_backward, 3, 0, 0},
    {"sigmoid", sigmoid, 2, 0, 0},
    {"gelu", gelu, 2, 0, 0},
    {"dropout", dropout, 2, 0, 0},
    {"moments", moments, 1, 0, 0},
    {"normalize", normalize, 2, 0, 0},
    {"normalization's sums backward", backward_sums, 2, 0, 0},
    {"normalization's gradient", backward_apply, 3, 0, 0},
    {"average pooling 2x2", average_pooling, 1, 2, 2},
    {"average pooling 3x3/2", average_pooling, 1, 3, 2},
    {"average pooling 3x3/1", average_pooling, 1, 3, 1},
    {"average pooling 2x2 backward", average_backward, 1, 2, 2},
    {"average pooling 3x3/2 backward", average_backward, 1, 3, 2},
    {"max pooling 2x2, inference", max_inference, 1, 2, 2},
    {"max pooling 3x3/2, inference", max_inference, 1, 3, 2},
    {"max pooling 2x2", max_pooling, 1, 2, 2},
    {"max pooling 3x3/2", max_pooling, 1, 3, 2},
    {"max pooling 3x3/1", max_pooling, 1, 3, 1},
    {"max pooling 2x2 backward", max_backward, 1, 2, 2},
    {"max pooling 3x3/2 backward", max_backward, 1, 3, 2},
    {"channel sums", channel_sums, 1, 0, 0},
    {"channel maximum", channel_max, 1, 0, 0},
    {"channel maximum backward", channel_max_backward, 2, 0, 0},
};
#define ROWS ((int)(sizeof rows / sizeof *rows))

static arrays arrays_new(const bench *b, int64_t n) {
  arrays t = {.k = cnn__kernels_for(b->context->level, b->context->provider), .n = n, .a = bench_floats(n * IMAGE), .b = bench_floats(n * IMAGE),
              .y = bench_floats(n * IMAGE), .channel = bench_floats(CHANNELS)};
  t.sums = (double *)bench_floats(4 * CHANNELS);
  t.winner = (uint16_t *)bench_floats(n * IMAGE / 2);
  return t;
}

static void arrays_free(arrays *t) { free(t->a), free(t->b), free(t->y), free(t->channel), free(t->sums), free(t->winner); }

/* Windows as with padding "same" around an odd window's middle; max pooling's winners are those of this very geometry. */
static double prepare(arrays *t, const row *r) {
  if (!r->window)
    return r->moved;
  const int64_t before = r->window == 3 && r->stride == 1, outputs = (SIDE + 2 * before - r->window) / r->stride + 1;
  t->pool = (cnn__pool){.h = SIDE, .w = SIDE, .c = CHANNELS, .oh = outputs, .ow = outputs, .kh = r->window, .kw = r->window,
                        .sh = r->stride, .sw = r->stride, .pt = before, .pl = before};
  if (r->run == max_backward)
    t->k->maxpool(&t->pool, t->n, t->a, t->y, t->winner);
  const double share = (double)(outputs * outputs) / PIXELS; /* a winner has half a float's bytes */
  return r->moved + share * (r->run == max_pooling || r->run == max_backward ? 1.5 : 1);
}

typedef struct timed {
  const arrays *t;
  void (*run)(const arrays *t);
} timed;

static void call(void *user) {
  const timed *c = user;
  c->run(c->t);
}

static double rate(const arrays *t, void (*run)(const arrays *t), double moved) {
  return moved * (double)(t->n * IMAGE) * sizeof(float) / bench_time(call, &(timed){t, run}, LEAST) / 1e9;
}

static void measure(bench *b, arrays *t) {
  char table[32];
  snprintf(table, sizeof table, "batch_%d", (int)t->n);
  const double limit = rate(t, copy, 2);
  bench_cell(b, table, "memcpy", "gb_s", limit);
  for (int i = 0; i < ROWS; i++)
    if (bench_wanted(b, rows[i].name)) {
      const double moved = prepare(t, &rows[i]), reached = rate(t, rows[i].run, moved);
      bench_cell(b, table, rows[i].name, "gb_s", reached);
      bench_cell(b, table, rows[i].name, "of_memcpy", reached / limit);
    }
}

cnn_status bench_bytes(bench *b) {
  arrays all[BATCHES];
  for (int i = 0; i < BATCHES; i++)
    all[i] = arrays_new(b, batches[i]);
  for (int32_t round = 0; round < b->rounds; round++) {
    bench_machine(b);
    for (int i = 0; i < BATCHES; i++)
      measure(b, &all[i]);
  }
  for (int i = 0; i < BATCHES; i++)
    arrays_free(&all[i]);
  return CNN_OK;
}
