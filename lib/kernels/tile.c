/* tile: the micro-kernel of tile.h for each width. */
#include "kernels/tile.h"

/* Addresses of the pixels p = 0..15 from two pointers and four distances, in bytes. A distance that the compiler knows is
 * part of the operation's address and costs nothing: wide tiles have a form of their own for two of them. */
typedef struct steps {
  int64_t s1, s3, s5, s7;
} steps;

CNN__INLINE steps steps_of(int64_t pixel) {
  int64_t s1 = pixel * (int64_t)sizeof(float);
  return (steps){s1, 3 * s1, 5 * s1, 7 * s1};
}

CNN__INLINE cnn__vec input(const char *x, const char *x8, steps s, int p) {
  const int64_t distance[8] = {0, s.s1, 2 * s.s1, s.s3, 4 * s.s1, s.s5, 2 * s.s3, s.s7};
  if (__builtin_constant_p(s.s1))
    return cnn__vset(*(const float *)(const void *)(x + p * s.s1));
  return cnn__vset(*(const float *)(const void *)((p < 8 ? x : x8) + distance[p & 7]));
}

/* acc[lo..hi) += one column. */
CNN__INLINE void run(const int lo, const int hi, const float *inputs, const float *w, int64_t count, steps s,
                     cnn__vec *acc) {
  const char *x = (const char *)inputs, *x8 = x + 8 * s.s1;
  do {
    cnn__vec weights = cnn__vload(w);
    CNN__UNROLL
    for (int p = lo; p < hi; p++)
      acc[p] = cnn__vfma(input(x, x8, s, p - lo), weights, acc[p]);
    x += sizeof(float);
    w += CNN__LANES;
    CNN__HIDE(x);
    if (hi - lo > 8 && !__builtin_constant_p(s.s1)) {
      x8 += sizeof(float);
      CNN__HIDE(x8);
    }
    CNN__HIDE(w);
  } while (--count);
}

/* A column that lacks several pixels is a narrower tile by itself: it starts from and ends in the sums in memory. */
static __attribute__((noinline)) void run_part(const cnn__tile *t, const cnn__column *column, const float *x,
                                               const float *w, int64_t lanes, float *sums) {
  cnn__column whole = {0, 0, column->count, 0, column->hi - column->lo};
  float *from = sums + column->lo * CNN__LANES;
  cnn__tile part = {.x = x, .w = w, .x_pixel = t->x_pixel, .columns = &whole, .rows = 1, .column_count = 1,
                    .init = from, .init_pixel = CNN__LANES, .y = from, .y_pixel = CNN__LANES, .lanes = lanes};
  CNN__NAME(tiles)[whole.hi](&part);
}

CNN__INLINE void columns(const int width, const int most, const cnn__tile *t, const float *x, const float *w, steps s,
                         cnn__vec *acc) {
  const cnn__column *end = t->columns + t->column_count;
  for (const cnn__column *column = t->columns; column < end; column++) {
    if (column->hi - column->lo == width) {
      run(0, width, x + column->x, w + column->w, column->count, s, acc);
    } else if (width > 1 && column->lo == 1 && column->hi == width) {
      run(1, width, x + column->x, w + column->w, column->count, s, acc);
    } else if (width > 1 && column->lo == 0 && column->hi == width - 1) {
      run(0, width - 1, x + column->x, w + column->w, column->count, s, acc);
    } else {
      float sums[CNN__TILE * CNN__LANES];
      CNN__UNROLL
      for (int p = 0; p < width; p++)
        cnn__vput_most(most, sums + p * CNN__LANES, most, acc[p]);
      run_part(t, column, x + column->x, w + column->w, most, sums);
      CNN__UNROLL
      for (int p = 0; p < width; p++)
        acc[p] = cnn__vload(sums + p * CNN__LANES);
    }
  }
}

CNN__INLINE void rows(const int width, const int most, const cnn__tile *t, steps s, cnn__vec *acc) {
  const float *x = t->x, *w = t->w;
  for (int64_t block = 0; block <= t->more; block++, x += t->x_block, w += t->w_block)
    for (int64_t row = 0; row < t->rows; row++)
      columns(width, most, t, x + row * t->x_row, w + row * t->w_row, s, acc);
}

/* `most` of the lanes count: what is computed for others is nothing where a vector is made of halves. */
CNN__INLINE void tile(const int width, const int most, const cnn__tile *t) {
  cnn__vec acc[CNN__TILE];
  CNN__UNROLL
  for (int p = 0; p < width; p++)
    acc[p] = t->init ? cnn__vget(t->init + p * t->init_pixel, t->lanes) : cnn__vset(0.0f);
  if (width > CNN__TILE / 2 - 1 && t->x_pixel == 32)
    rows(width, most, t, steps_of(32), acc);
  else if (width > CNN__TILE / 2 - 1 && t->x_pixel == 64)
    rows(width, most, t, steps_of(64), acc);
  else
    rows(width, most, t, steps_of(t->x_pixel), acc);
  cnn__vec zero = cnn__vset(0.0f);
  CNN__UNROLL
  for (int p = 0; p < width; p++) {
    if (t->relu)
      acc[p] = cnn__vselect(cnn__vgreater(zero, acc[p]), zero, acc[p]);
    cnn__vput_most(most, t->y + p * t->y_pixel, t->lanes, acc[p]);
  }
}

#if CNN__VECTORS >= 16
#define TILE(width) \
  static void tile_##width(const cnn__tile *t) { tile(width, CNN__LANES, t); }
#else
#define TILE(width) \
  static __attribute__((noinline)) void half_##width(const cnn__tile *t) { tile(width, CNN__LANES / 2, t); } \
  static void tile_##width(const cnn__tile *t) { \
    if (t->lanes <= CNN__LANES / 2) \
      half_##width(t); \
    else \
      tile(width, CNN__LANES, t); \
  }
#endif
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
#if CNN__TILE > 6
TILE(7)
TILE(8)
TILE(9)
TILE(10)
TILE(11)
TILE(12)
TILE(13)
TILE(14)
#endif

cnn__tile_fn *const CNN__NAME(tiles)[CNN__TILE + 1] = {
  NULL, tile_1, tile_2, tile_3, tile_4, tile_5, tile_6,
#if CNN__TILE > 6
  tile_7, tile_8, tile_9, tile_10, tile_11, tile_12, tile_13, tile_14,
#endif
};
