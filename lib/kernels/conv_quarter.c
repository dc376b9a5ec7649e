/* conv_quarter: the micro-kernel of conv_quarter.h. */
#include "kernels/conv_quarter.h"

#include <string.h>

#define QUARTERS (CNN__LANES / CNN__QUAD) /* pixels in a vector */
#define COUNT (CNN__QUARTER / QUARTERS)   /* vectors */

/* acc += one column, as if it counted for all pixels. */
CNN__INLINE void run(const cnn__tile *t, const float *x, const float *w, int64_t count, cnn__vec *acc) {
  int64_t s1 = t->x_pixel, step = QUARTERS * s1;
  do {
    cnn__vec weights[CNN__QUAD];
    const float *at = x;
    CNN__UNROLL
    for (int j = 0; j < CNN__QUAD; j++)
      weights[j] = cnn__vfour(w + j * CNN__LANES);
    CNN__UNROLL
    for (int v = 0; v < COUNT; v++) {
      const float *from[QUARTERS] = {at, at + s1, at + 2 * s1, at + 3 * s1};
      cnn__vec value = cnn__vquads(from, 0);
      CNN__UNROLL
      for (int j = 0; j < CNN__QUAD; j++)
        acc[v] = cnn__vfma(cnn__vspread(value, j), weights[j], acc[v]);
      at += step;
      CNN__HIDE(at);
    }
    x += CNN__QUAD;
    w += CNN__QUAD * CNN__LANES;
    CNN__HIDE(x);
    CNN__HIDE(w);
  } while ((count -= CNN__QUAD) > 0);
}

CNN__INLINE void load(const float *sums, cnn__vec *acc) {
  CNN__UNROLL
  for (int v = 0; v < COUNT; v++)
    acc[v] = cnn__vload(sums + v * CNN__LANES);
}
CNN__INLINE void store(float *sums, const cnn__vec *acc) {
  CNN__UNROLL
  for (int v = 0; v < COUNT; v++)
    cnn__vstore(sums + v * CNN__LANES, acc[v]);
}

/* Where a column lacks pixels they get back the sums that they had. */
CNN__INLINE void rows(const cnn__tile *t, int64_t width, cnn__vec *acc) {
  float before[CNN__QUAD * CNN__QUARTER], sums[CNN__QUAD * CNN__QUARTER];
  const float *x = t->x, *w = t->w;
  for (int64_t block = 0; block <= t->more; block++, x += t->x_block, w += t->w_block)
    for (int64_t row = 0; row < t->rows; row++)
      for (const cnn__column *c = t->columns; c < t->columns + t->column_count; c++) {
        int32_t part = c->hi - c->lo < width;
        if (part)
          store(before, acc);
        run(t, x + row * t->x_row + c->x - c->lo * t->x_pixel, w + row * t->w_row + c->w, c->count, acc);
        if (part) {
          store(sums, acc);
          memcpy(before + c->lo * CNN__QUAD, sums + c->lo * CNN__QUAD, (size_t)(c->hi - c->lo) * CNN__QUAD * sizeof *sums);
          load(before, acc);
        }
      }
}

void CNN__NAME(quarter)(const cnn__tile *t, int64_t width) {
  float sums[CNN__QUAD * CNN__QUARTER] = {0};
  cnn__vec acc[COUNT];
  for (int64_t p = 0; t->init && p < width; p++)
    for (int64_t lane = 0; lane < t->lanes; lane++)
      sums[p * CNN__QUAD + lane] = t->init[p * t->init_pixel + lane];
  load(sums, acc);
  rows(t, width, acc);
  store(sums, acc);
  for (int64_t p = 0; p < width; p++)
    for (int64_t lane = 0; lane < t->lanes; lane++) {
      float y = sums[p * CNN__QUAD + lane];
      t->y[p * t->y_pixel + lane] = t->relu && 0.0f > y ? 0.0f : y;
    }
}
