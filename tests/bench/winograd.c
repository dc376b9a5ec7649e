/* winograd: 3x3 convolutions by F(2x2, 3x3) and F(4x4, 3x3) beside direct sums, on one thread: the time of each, the gains, and the errors of
 * each against sums in double, as shares of the result's root mean square. */
#include "suite.h"

#include "core/context_internal.h"
#include "kernels/kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LEAST 4e-3 /* seconds of each measurement */
#define MOST_PRODUCTS 1.2e8 /* of an image whose errors are found */

enum { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, DIRECTIONS };

static const char *const directions[DIRECTIONS] = {"forward", "backward_data", "backward_weights"};
#define WAYS 3
static const char *const ways[WAYS] = {"direct", "winograd2", "winograd4"};

/* side, input channels, output channels, images */
static const int64_t shapes[][4] = {
    {14, 32, 64, 8}, {14, 32, 64, 1}, {28, 16, 16, 8}, {28, 32, 32, 8}, {14, 64, 64, 8},
    {7, 64, 64, 8}, {56, 64, 64, 1}, {28, 128, 128, 1}, {14, 256, 256, 1}, {7, 512, 512, 1},
    {14, 192, 384, 8}, {28, 256, 512, 1}, {28, 256, 512, 8}, {14, 512, 512, 1}, {14, 512, 512, 8}, {7, 512, 512, 8}, {4, 512, 512, 8},
};
#define SHAPES ((int)(sizeof shapes / sizeof *shapes))

typedef struct product {
  const cnn__kernels *k;
  cnn__conv g;
  int direction;
  int64_t n;
  float *x, *dy, *w, *bias, *packed, *result;
  void *scratch;
} product;

static void run(void *user) {
  const product *p = user;
  if (p->direction == FORWARD)
    p->k->conv_forward(&p->g, p->n, p->x, p->packed, p->bias, 0, p->result, p->scratch);
  else if (p->direction == BACKWARD_DATA)
    p->k->conv_backward_data(&p->g, p->n, p->dy, p->packed, p->result, p->scratch);
  else
    p->k->conv_backward_weights(&p->g, p->n, p->x, p->dy, 0, p->result, p->scratch);
}

static int64_t result_floats(const product *p) {
  return p->direction == FORWARD         ? p->n * p->g.oh * p->g.ow * p->g.f
         : p->direction == BACKWARD_DATA ? p->n * p->g.h * p->g.w * p->g.c
                                         : 9 * p->g.c * p->g.f;
}

static product make(const bench *b, const int64_t shape[4], int direction, int32_t algorithm) {
  product p = {.k = cnn__kernels_for(b->context->level, b->context->provider), .direction = direction, .n = shape[3],
               .g = {.h = shape[0], .w = shape[0], .c = shape[1], .oh = shape[0], .ow = shape[0], .f = shape[2], .kh = 3, .kw = 3,
                     .sh = 1, .sw = 1, .dh = 1, .dw = 1, .pt = 1, .pl = 1, .groups = 1, .algorithm = algorithm}};
  if (algorithm == CNN__CONV_WINOGRAD4 && cnn__conv_algorithm(&p.g) == CNN__CONV_WIDE4)
    p.g.algorithm = CNN__CONV_WIDE4;
  p.x = bench_floats(p.n * p.g.h * p.g.w * p.g.c);
  p.dy = bench_floats(p.n * p.g.oh * p.g.ow * p.g.f);
  p.w = bench_floats(9 * p.g.c * p.g.f);
  p.bias = bench_floats(p.g.f);
  p.result = bench_floats(result_floats(&p));
  p.scratch = bench_floats((int64_t)(cnn__conv_scratch_bytes(&p.g) / sizeof(float)));
  p.packed = bench_floats(direction == FORWARD ? cnn__conv_packed_floats(&p.g) : cnn__conv_packed_t_floats(&p.g));
  (direction == FORWARD ? p.k->conv_pack : p.k->conv_pack_t)(&p.g, p.w, p.packed);
  return p;
}

static void release(product *p) {
  free(p->x), free(p->dy), free(p->w), free(p->bias), free(p->result), free(p->scratch), free(p->packed);
}

/* One tap of one output position in double. */
static void add_tap(const product *p, int64_t from, int64_t to, int64_t tap, double *sums) {
  for (int64_t c = 0; c < p->g.c; c++)
    for (int64_t q = 0; q < p->g.f; q++) {
      int64_t k = (tap * p->g.c + c) * p->g.f + q, in = from * p->g.c + c, out = to * p->g.f + q;
      double x = p->x[in], dy = p->dy[out], w = p->w[k];
      sums[p->direction == FORWARD ? out : p->direction == BACKWARD_DATA ? in : k] +=
          p->direction == FORWARD ? x * w : p->direction == BACKWARD_DATA ? dy * w : x * dy;
    }
}

static void compute(const product *p, double *sums) {
  for (int64_t e = 0; e < result_floats(p); e++)
    sums[e] = p->direction == FORWARD ? (double)p->bias[e % p->g.f] : 0;
  for (int64_t i = 0; i < p->n * p->g.oh * p->g.ow * 9; i++) {
    int64_t to = i / 9, tap = i % 9, image = to / p->g.ow / p->g.oh;
    int64_t row = to / p->g.ow % p->g.oh + tap / 3 - 1, column = to % p->g.ow + tap % 3 - 1;
    if (row >= 0 && row < p->g.h && column >= 0 && column < p->g.w)
      add_tap(p, (image * p->g.h + row) * p->g.w + column, to, tap, sums);
  }
}

static void note_errors(bench *b, const product *p, const char *row, const char *way, const double *sums) {
  double most = 0, squares = 0, size = 0;
  int64_t n = result_floats(p);
  for (int64_t e = 0; e < n; e++) {
    double error = fabs((double)p->result[e] - sums[e]);
    most = error > most ? error : most;
    squares += error * error;
    size += sums[e] * sums[e];
  }
  char name[64];
  snprintf(name, sizeof name, "%s_rms_error", way);
  bench_cell(b, "errors", row, name, sqrt(squares / size));
  snprintf(name, sizeof name, "%s_most_error", way);
  bench_cell(b, "errors", row, name, most / sqrt(size / (double)n));
}

static void measure(bench *b, const int64_t shape[4], int direction, const char *row) {
  static const int32_t algorithms[WAYS] = {CNN__CONV_DIRECT, CNN__CONV_WINOGRAD, CNN__CONV_WINOGRAD4};
  product all[WAYS];
  for (int i = 0; i < WAYS; i++)
    all[i] = make(b, shape, direction, algorithms[i]);
  double flop = 18.0 * (double)(shape[0] * shape[0] * shape[1] * shape[2] * shape[3]);
  for (int32_t round = 0; round < b->rounds; round++) {
    double seconds[WAYS];
    for (int i = 0; i < WAYS; i++) {
      char name[32];
      seconds[i] = bench_time(run, &all[i], LEAST);
      snprintf(name, sizeof name, "%s_gflops", ways[i]);
      bench_cell(b, "times", row, name, flop / seconds[i] / 1e9);
    }
    bench_cell(b, "times", row, "gain2", seconds[0] / seconds[1]);
    bench_cell(b, "times", row, "gain4", seconds[0] / seconds[2]);
  }
  double *sums = flop <= 2 * MOST_PRODUCTS ? malloc((size_t)result_floats(&all[0]) * sizeof *sums) : NULL;
  if (sums) {
    compute(&all[0], sums);
    for (int i = 0; i < WAYS; i++)
      note_errors(b, &all[i], row, ways[i], sums);
  }
  free(sums);
  for (int i = 0; i < WAYS; i++)
    release(&all[i]);
}

cnn_status bench_winograd(bench *b) {
  for (int i = 0; i < b->rounds; i++)
    bench_machine(b);
  for (int direction = 0; direction < DIRECTIONS; direction++)
    for (int i = 0; i < SHAPES; i++) {
      char row[96];
      snprintf(row, sizeof row, "%s %lld: %lld to %lld, n %lld", directions[direction], (long long)shapes[i][0],
               (long long)shapes[i][1], (long long)shapes[i][2], (long long)shapes[i][3]);
      if (bench_wanted(b, row))
        measure(b, shapes[i], direction, row);
    }
  bench_value(b, "geometric_mean_gain2", bench_geometric_mean(b, "times", "gain2"));
  bench_value(b, "geometric_mean_gain4", bench_geometric_mean(b, "times", "gain4"));
  return CNN_OK;
}
