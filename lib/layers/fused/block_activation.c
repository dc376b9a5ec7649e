/* block_activation: the activation behind a block's normalisation. It goes strip by strip, so that what is normalised is
 * activated while it lies in the first caches. Nothing is kept for its gradient: backward normalises again, which is sooner
 * than reading the outputs from memory. */
#include "layers/fused/block.h"

#include "layers/batch_normalization.h"

#define STRIP_FLOATS 8192
#define LEAST_STRIP (CNN__PIXELS / 2)

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Pixels of a strip, of so many in an image: a normalisation behind a dense layer has one. */
static int64_t strip_of(int64_t pixels, int64_t c) {
  return least(STRIP_FLOATS / c > LEAST_STRIP ? STRIP_FLOATS / c : LEAST_STRIP, pixels);
}

/* NULL: none. */
static const cnn_layer *activation_of(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  return b->act < 0 ? NULL : work->layer->members[b->act];
}

void cnn__block_activate(const cnn__work *work, int64_t pixels, int64_t c, const float *x, const float *const map[3], float *y) {
  const cnn_layer *act = activation_of(work);
  int64_t strip = act ? strip_of(pixels, c) : pixels;
  for (int64_t p = 0, n; p < pixels; p += n, x += n * c, y += n * c) {
    n = least(strip, pixels - p);
    work->k->bn_normalize(n, c, x, map[0], map[1], map[2], y);
    if (act)
      cnn__activate(work->k, act->activation, act->activation_parameter, n * c, c, y, y);
  }
}

size_t cnn__block_activation_scratch(const cnn_layer *layer) {
  const cnn__block *b = layer->data;
  return (size_t)b->g.c * (2 * sizeof(double) + (size_t)strip_of(b->g.oh * b->g.ow, b->g.c) * sizeof(float));
}

/* What the activation's gradient reads: what it was given or gave; of relu either does, by their sign. */
static void make_kept(const cnn__work *work, int64_t pixels, const float *x, const float *const map[3], float *kept) {
  const cnn__block *b = work->layer->data;
  int32_t activation = activation_of(work)->activation;
  if (activation == CNN_ACTIVATION_RELU || cnn__activation_of_input(activation))
    work->k->bn_normalize(pixels, b->g.c, x, map[0], map[1], map[2], kept);
  else
    cnn__block_activate(work, pixels, b->g.c, x, map, kept);
}

/* A strip: its dy, and what it adds to the sums. */
static void backward_strip(const cnn__work *work, int64_t pixels, const float *x, float *dy, double *sums) {
  const cnn__block *b = work->layer->data;
  const cnn_layer *act = activation_of(work);
  const float *const map[3] = {cnn__block_row(work, CNN__BN_MEAN), cnn__block_row(work, CNN__BN_SCALE),
                               cnn__block_row(work, CNN__BN_SHIFT)};
  int64_t c = b->g.c;
  double *more = work->scratch;
  float *kept = (float *)(void *)(more + 2 * c);
  make_kept(work, pixels, x, map, kept);
  cnn__activate_backward(work->k, act->activation, act->activation_parameter, pixels * c, c, kept, dy, dy);
  work->k->bn_backward_sums(1, pixels, c, x, map[0], dy, more, more + c);
  for (int64_t q = 0; q < 2 * c; q++)
    sums[q] += more[q];
}

void cnn__block_backward_activation(const cnn__work *work, const float *x, double *sums) {
  const cnn__block *b = work->layer->data;
  int64_t pixels = b->g.oh * b->g.ow, c = b->g.c, strip = strip_of(pixels, c);
  float *dy = work->dy;
  for (int64_t q = 0; q < 2 * c; q++)
    sums[q] = 0.0;
  for (int64_t i = 0; i < work->count; i++) {
    if (b->dropout >= 0)
      cnn__block_drop(work, CNN__PHASE_BACKWARD, i, 1, dy);
    for (int64_t p = 0, n; p < pixels; p += n, x += n * c, dy += n * c) {
      n = least(strip, pixels - p);
      backward_strip(work, n, x, dy, sums);
    }
  }
}
