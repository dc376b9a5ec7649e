/* block_infer: the block in inference. A sample may be cut in pieces that run side by side: bands of pooled rows, or,
 * where rows are few and a convolution stands before, vectors of output channels. */
#include "layers/fused/block.h"

#include "layers/batch_normalization.h"
#include "layers/conv2d.h"

#include <string.h>

#define FEW_ROWS 12
#define UNIT 4096 /* elements, about, that one piece is made of where no convolution stands before */

/* Pooled, where the block pools, normalised and activated, channels from `first` on; `from` may be y. */
static void finish(const cnn__work *work, const cnn__pool *g, int64_t first, int64_t n, const float *from, float *y) {
  const cnn__block *b = work->layer->data;
  if (b->norm < 0) {
    work->k->maxpool(g, n, from, y, NULL);
    return;
  }
  const float *packed = work->arrays[b->norm].packs[0] + first;
  const float *const map[3] = {packed + CNN__BN_PACK_MEAN * b->g.c, packed + CNN__BN_PACK_SCALE * b->g.c,
                               packed + CNN__BN_PACK_SHIFT * b->g.c};
  if (b->pool >= 0)
    work->k->maxpool_signed(g, n, from, map[1], y, NULL);
  cnn__block_activate(work, n * g->oh * g->ow, g->c, b->pool >= 0 ? y : from, map, y);
}

/* ---- pieces ---- */

/* The pooling with rows and columns of the image: geometries without pooling have all positions in one row. Without a
 * convolution each is a row then. */
static cnn__pool image_of(const cnn_layer *layer) {
  const cnn__block *b = layer->data;
  const cnn__conv *conv = b->conv < 0 ? NULL : layer->members[b->conv]->data;
  cnn__pool g = b->g;
  if (b->pool < 0) {
    g.h = g.oh = conv ? conv->oh : g.ow;
    g.w = g.ow = conv ? conv->ow : 1;
  }
  return g;
}

static int32_t by_channels(const cnn_layer *layer) {
  const cnn__block *b = layer->data;
  return b->conv >= 0 && image_of(layer).oh < FEW_ROWS && cnn__conv2d_has_channels(layer->members[b->conv]);
}

/* Pooled rows of a unit: as many as whole bands of the convolution give, or as UNIT elements are. */
static int64_t unit_rows(const cnn_layer *layer) {
  const cnn__block *b = layer->data;
  if (b->conv < 0) {
    cnn__pool g = image_of(layer);
    return UNIT / (g.kh * g.w * g.c) + 1;
  }
  int64_t step = cnn__conv2d_step(layer->members[b->conv]->data), rows = 1;
  while (rows * b->g.kh % step)
    rows++;
  return rows;
}

static int64_t row_units(const cnn_layer *layer) { return (image_of(layer).oh - 1) / unit_rows(layer) + 1; }

static int64_t units(const cnn_layer *layer) {
  const cnn__block *b = layer->data;
  return by_channels(layer) ? cnn__gemm_panels(b->g.c) : row_units(layer);
}

/* Units of rows that go through the passes at once. */
static int64_t units_together(const cnn_layer *layer) {
  const cnn__block *b = layer->data;
  cnn__pool g = image_of(layer);
  int64_t most = b->bytes / (unit_rows(layer) * g.kh * g.w * g.c * (int64_t)sizeof(float));
  return most ? most : 1;
}

/* The pooled rows of units [first, last) of one sample. Where the image ends the convolution may have rows that no window
 * reads: they belong to its band all the same. */
static void band(const cnn__work *work, const cnn__work *conv, int64_t first, int64_t last, const float *x, float *y) {
  cnn__pool g = image_of(work->layer);
  const cnn__block *b = work->layer->data;
  int64_t rows = unit_rows(work->layer), begin = first * rows, end = last * rows;
  float *to = y + begin * g.ow * g.c, *image = b->pool < 0 ? to : cnn__block_scratch(work);
  const float *from = x + begin * g.kh * g.w * g.c;
  if (b->conv >= 0) {
    cnn__conv2d_rows(conv, x, begin * g.kh, end < g.oh ? end * g.kh : g.h, image);
    from = image;
  }
  g.oh = (end < g.oh ? end : g.oh) - begin;
  g.h = g.oh * g.kh;
  finish(work, &g, 0, 1, from, to);
}

/* The same, as many units at once as stay in the second cache until they are normalised. */
static void strips(const cnn__work *work, const cnn__work *conv, int64_t first, int64_t last, const float *x, float *y) {
  int64_t strip = units_together(work->layer);
  for (int64_t end; first < last; first = end) {
    end = last - first < strip ? last : first + strip;
    band(work, conv, first, end, x, y);
  }
}

/* Vectors [begin, end) of the channels of one sample: dense in scratch, then to their places. */
static void channels(const cnn__work *work, const cnn__work *conv, const float *x, float *y) {
  const cnn__block *b = work->layer->data;
  cnn__pool g = b->g;
  int64_t first = work->begin * CNN__LANES, end = work->end * CNN__LANES < g.c ? work->end * CNN__LANES : g.c;
  float *image = cnn__block_scratch(work), *made = image;
  cnn__conv2d_channels(conv, x, first, end, image);
  g.c = end - first;
  if (b->pool >= 0)
    made += b->together * b->floats;
  finish(work, &g, first, 1, image, made);
  for (int64_t i = 0; i < g.oh * g.ow; i++)
    memcpy(y + i * b->g.c + first, made + i * g.c, (size_t)g.c * sizeof *y);
}

/* Whole samples, as many at once as stay there. */
static void all(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  for (int64_t i = 0, n; i < work->count; i += n) {
    n = cnn__block_taken(work, i);
    const float *x = work->x + i * b->floats;
    float *y = work->y + i * b->pooled;
    if (b->conv >= 0) {
      float *image = b->pool < 0 ? y : cnn__block_scratch(work);
      cnn__block_convolve(work, i, n, image);
      x = image;
    }
    finish(work, &b->g, 0, n, x, y);
  }
}

static void infer(const cnn__work *work) {
  const cnn__block *b = work->layer->data;
  int32_t whole = !work->end;
  if (whole && (b->conv < 0 || b->together > 1 || units_together(work->layer) >= row_units(work->layer))) {
    all(work);
    return;
  }
  cnn__work conv = b->conv < 0 ? *work : cnn__block_conv(work);
  int64_t in = cnn__shape_count(&work->layer->in), end = whole ? row_units(work->layer) : work->end;
  int32_t apart = !whole && by_channels(work->layer);
  for (int64_t i = 0; i < work->count; i++) {
    const float *x = work->x + i * in;
    float *y = work->y + i * b->pooled;
    if (apart)
      channels(work, &conv, x, y);
    else
      strips(work, &conv, work->begin, end, x, y);
  }
}

const cnn__phase cnn__block_infer_phases[] = {{.domain = CNN__SHARDS, .run = infer, .parts = units}, {0}};
