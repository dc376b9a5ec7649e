/* tile: the micro-kernel of tile.h for each width. */
#include "kernels/tile.h"

#include <math.h>

/* Addresses of the pixels p = 0..15 from two pointers and four distances, in bytes. */
typedef struct steps {
  int64_t s1, s3, s5, s7;
} steps;

CNN__INLINE steps steps_of(int64_t pixel) {
  int64_t s1 = pixel * (int64_t)sizeof(float);
  return (steps){s1, 3 * s1, 5 * s1, 7 * s1};
}

CNN__INLINE const float *at(const char *x, const char *x8, steps s, int p) {
  const int64_t distance[8] = {0, s.s1, 2 * s.s1, s.s3, 4 * s.s1, s.s5, 2 * s.s3, s.s7};
  return (const float *)(const void *)((p < 8 ? x : x8) + distance[p & 7]);
}

/* acc[lo..hi) += one column, of a pair of tiles also those of the second one; `fetch`: with each weight the next line from
 * `ahead` on is asked for. */
CNN__INLINE void run(const int lo, const int hi, const int pair, const int fetch, const float *inputs, const float *w, int64_t second,
                     int64_t count, const char *ahead, steps s, cnn__vec *acc, cnn__vec *acc2) {
  const char *x = (const char *)inputs, *x8 = x + 8 * s.s1;
  do {
    cnn__vec weights = cnn__vload(w), weights2 = pair ? cnn__vload(w + second) : weights;
    CNN__UNROLL
    for (int p = lo; p < hi; p++) {
      cnn__vec value = cnn__vset(*at(x, x8, s, p - lo));
      acc[p] = cnn__vfma(value, weights, acc[p]);
      if (pair)
        acc2[p] = cnn__vfma(value, weights2, acc2[p]);
    }
    if (fetch) {
      __builtin_prefetch(ahead);
      ahead += CNN__LANES * sizeof(float);
      CNN__HIDE(ahead);
    }
    x += sizeof(float);
    w += CNN__LANES;
    CNN__HIDE(x);
    if (hi - lo > 8) {
      x8 += sizeof(float);
      CNN__HIDE(x8);
    }
    CNN__HIDE(w);
  } while (--count);
}

#if CNN__PAIR > 1
#define EDGE 3       /* pixels at either end of a tile that a column may lack */
#define LEAST_WIDE 8 /* pixels of a tile for which that is worth its code */

/* The same where some of the first or last pixels lack the column: masks leave them as they are. */
CNN__INLINE void run_edges(const int width, const cnn__column *column, const float *inputs, const float *w, int64_t second,
                           steps s, cnn__vec *acc, cnn__vec *acc2) {
  const char *x = (const char *)inputs - column->lo * s.s1, *x8 = x + 8 * s.s1;
  cnn__mask inside[2 * EDGE];
  int64_t count = column->count;
  CNN__UNROLL
  for (int e = 0; e < EDGE; e++) {
    inside[e] = cnn__mask_of(e >= column->lo);
    inside[EDGE + e] = cnn__mask_of(width - EDGE + e < column->hi);
  }
  do {
    cnn__vec weights = cnn__vload(w), weights2 = cnn__vload(w + second);
    CNN__UNROLL
    for (int p = 0; p < width; p++) {
      const int e = p < EDGE ? p : p - (width - 2 * EDGE);
      if (p < EDGE || e >= EDGE) {
        cnn__vec value = cnn__vset_where(inside[e], at(x, x8, s, p));
        acc[p] = cnn__vfma_where(inside[e], value, weights, acc[p]);
        acc2[p] = cnn__vfma_where(inside[e], value, weights2, acc2[p]);
      } else {
        cnn__vec value = cnn__vset(*at(x, x8, s, p));
        acc[p] = cnn__vfma(value, weights, acc[p]);
        acc2[p] = cnn__vfma(value, weights2, acc2[p]);
      }
    }
    x += sizeof(float);
    x8 += sizeof(float);
    w += CNN__LANES;
    CNN__HIDE(x);
    CNN__HIDE(x8);
    CNN__HIDE(w);
  } while (--count);
}
#endif

/* A column that lacks several pixels is a narrower tile by itself: it starts from and ends in the sums in memory. */
static __attribute__((noinline)) void part(const cnn__tile *t, const cnn__column *column, const float *x,
                                           const float *w, int64_t lanes, float *sums) {
  cnn__column whole = {.count = column->count, .hi = column->hi - column->lo};
  float *from = sums + column->lo * CNN__LANES;
  cnn__tile narrow = {.x = x, .w = w, .x_pixel = t->x_pixel, .columns = &whole, .rows = 1, .column_count = 1,
                      .init = from, .init_pixel = CNN__LANES, .y = from, .y_pixel = CNN__LANES, .lanes = lanes};
#if CNN__PAIR == 1
  if (lanes < CNN__LANES) {
    CNN__NAME(halves)[whole.hi](&narrow);
    return;
  }
#endif
  CNN__NAME(tiles)[whole.hi](&narrow);
}

CNN__INLINE void run_part(const int width, const int most, const cnn__tile *t, const cnn__column *column, const float *x,
                          const float *w, cnn__vec *acc) {
  float sums[CNN__WIDEST * CNN__LANES];
  CNN__UNROLL
  for (int p = 0; p < width; p++)
    cnn__vput_most(most, sums + p * CNN__LANES, most, acc[p]);
  part(t, column, x + column->x, w + column->w, most, sums);
  CNN__UNROLL
  for (int p = 0; p < width; p++)
    acc[p] = cnn__vload(sums + p * CNN__LANES);
}

CNN__INLINE void columns(const int width, const int pair, const int most, const cnn__tile *t, const float *x,
                         const float *w, steps s, cnn__vec *acc, cnn__vec *acc2) {
  const cnn__column *end = t->columns + t->column_count;
  for (const cnn__column *column = t->columns; column < end; column++) {
    if (column->hi - column->lo == width) {
      const char *ahead = column->ahead ? column->ahead : (const void *)(w + column->w);
      run(0, width, pair, 1, x + column->x, w + column->w, t->second, column->count, ahead, s, acc, acc2);
    } else if (width > 1 && column->lo == 1 && column->hi == width) {
      run(1, width, pair, 0, x + column->x, w + column->w, t->second, column->count, NULL, s, acc, acc2);
    } else if (width > 1 && column->lo == 0 && column->hi == width - 1) {
      run(0, width - 1, pair, 0, x + column->x, w + column->w, t->second, column->count, NULL, s, acc, acc2);
#if CNN__PAIR > 1
    } else if (pair && width >= LEAST_WIDE && column->lo <= EDGE && column->hi >= width - EDGE) {
      run_edges(width, column, x + column->x, w + column->w, t->second, s, acc, acc2);
#endif
    } else {
      run_part(width, most, t, column, x, w, acc);
      if (pair)
        run_part(width, most, t, column, x, w + t->second, acc2);
    }
  }
}

CNN__INLINE void rows(const int width, const int pair, const int most, const cnn__tile *t, cnn__vec *acc,
                      cnn__vec *acc2) {
  const float *x = t->x, *w = t->w;
  for (int64_t block = 0; block <= t->more; block++, x += t->x_block, w += t->w_block)
    for (int64_t row = 0; row < t->rows; row++)
      columns(width, pair, most, t, x + row * t->x_row, w + row * t->w_row, steps_of(t->x_pixel), acc, acc2);
}

/* Both ends are made without branches, for the code's size: there are twenty tiles and more. */
CNN__INLINE void begin(const int width, const cnn__tile *t, int64_t channel, int64_t lanes, cnn__vec *acc) {
  static const float zeros[CNN__LANES];
  const float *init = t->init ? t->init + channel : zeros;
  int64_t step = t->init ? t->init_pixel : 0;
  CNN__UNROLL
  for (int p = 0; p < width; p++)
    acc[p] = cnn__vload_n(init + p * step, lanes);
}

#if CNN__PAIR == 1
/* Where not all lanes count. */
static __attribute__((noinline)) void put(const cnn__tile *t, int width, const float *sums) {
  for (int p = 0; p < width; p++)
    cnn__vstore_n(t->y + p * t->y_pixel, t->lanes, cnn__vload(sums + p * CNN__LANES));
}
#endif

CNN__INLINE void end(const int width, const int most, const cnn__tile *t, int64_t channel, int64_t lanes, cnn__vec *acc) {
  cnn__vec zero = cnn__vset(0.0f), least = cnn__vset(t->relu ? 0.0f : -INFINITY);
  CNN__UNROLL
  for (int p = 0; p < width; p++)
    acc[p] = cnn__vselect(cnn__vgreater(least, acc[p]), zero, acc[p]);
#if CNN__PAIR == 1
  if (lanes < most) {
    float sums[CNN__WIDEST * CNN__LANES];
    CNN__UNROLL
    for (int p = 0; p < width; p++)
      cnn__vput_most(most, sums + p * CNN__LANES, most, acc[p]);
    put(t, width, sums);
    return;
  }
  lanes = most;
#endif
  CNN__UNROLL
  for (int p = 0; p < width; p++)
    cnn__vput_most(most, t->y + p * t->y_pixel + channel, lanes, acc[p]);
}

/* `most` of the lanes count: what is computed for others is nothing where a vector is made of halves. */
CNN__INLINE void tile(const int width, const int pair, const int most, const cnn__tile *t) {
  cnn__vec acc[CNN__WIDEST], acc2[CNN__TILE];
  begin(width, t, 0, pair ? CNN__LANES : t->lanes, acc);
  if (pair)
    begin(width, t, CNN__LANES, t->lanes, acc2);
  rows(width, pair, most, t, acc, acc2);
  end(width, most, t, 0, pair ? CNN__LANES : t->lanes, acc);
  if (pair)
    end(width, most, t, CNN__LANES, t->lanes, acc2);
}

#if CNN__VECTORS >= 16
#define TILE(width) \
  static void tile_##width(const cnn__tile *t) { tile(width, 0, CNN__LANES, t); } \
  static void pair_##width(const cnn__tile *t) { tile(width, 1, CNN__LANES, t); }
#else
#define HALF(width) \
  static __attribute__((noinline)) void half_##width(const cnn__tile *t) { tile(width, 0, CNN__LANES / 2, t); }
#define TILE(width) \
  HALF(width) \
  static void tile_##width(const cnn__tile *t) { \
    if (t->lanes <= CNN__LANES / 2) \
      half_##width(t); \
    else \
      tile(width, 0, CNN__LANES, t); \
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

#if CNN__VECTORS >= 16
cnn__tile_fn *const CNN__NAME(pairs)[CNN__TILE + 1] = {
  NULL, pair_1, pair_2, pair_3, pair_4, pair_5, pair_6, pair_7, pair_8, pair_9, pair_10, pair_11, pair_12, pair_13, pair_14,
};
#else
HALF(7)
HALF(8)
HALF(9)
HALF(10)

cnn__tile_fn *const CNN__NAME(halves)[CNN__WIDEST + 1] = {
  NULL, half_1, half_2, half_3, half_4, half_5, half_6, half_7, half_8, half_9, half_10,
};
#endif
