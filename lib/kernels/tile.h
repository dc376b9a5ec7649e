/* tile: the micro-kernel of forward convolution, of its input gradient and of the matrix product.
 *
 * A tile is a row of up to CNN__TILE pixels (or rows of a matrix) times sixteen output channels, one accumulator for
 * each pixel. Its terms come as kernel rows times columns: a column is a run of inputs that lie one after the other in
 * memory for each pixel, and of as many packed weight vectors. Every input is a broadcast operand, every weight vector
 * is loaded once for the whole row. Where a column leaves the image for the first or last pixels of the tile it is
 * given for the pixels lo..hi only: taps outside are skipped, never padded, which saves time and keeps the bits. */
#ifndef CNN_KERNELS_TILE_H
#define CNN_KERNELS_TILE_H

#include "kernels/vector.h"

/* Before a loop over accumulators: all of it unrolled, so that they stay in registers. */
#if defined(__clang__)
#define CNN__UNROLL _Pragma("clang loop unroll(full)")
#else
#define CNN__UNROLL _Pragma("GCC unroll 32")
#endif

/* The compiler must not see that a pointer moves with the loop counter: it would then address by index, which costs an
 * operation more for each multiply-add, or leave the accumulators in memory. */
#define CNN__HIDE(p) __asm__("" : "+r"(p))

/* A value is loaded by itself, once: the compiler would load it in each multiplication anew, which takes a tenth longer where it
 * comes from the second cache. */
#define CNN__LOADED(a) __asm__ volatile("" : "+v"(a))

/* As many accumulators as the registers hold beside the weights: 14 of 32, or 6 pairs of 16. */
#if CNN__VECTORS >= 16
#define CNN__TILE 14
#else
#define CNN__TILE 6
#endif

/* The first n lanes of at most `most`, which the compiler knows: 16, or 8, and then it drops what the upper half takes. */
CNN__INLINE void cnn__vput_most(const int most, float *p, int64_t n, cnn__vec a) {
#if CNN__VECTORS < 16
  if (most < CNN__LANES) {
    if (n == CNN__LANES / 2)
      _mm256_storeu_ps(p, a.lo);
    else
      cnn__vstore_n(p, n & (CNN__LANES / 2 - 1), a);
    return;
  }
  cnn__vput(p, n, a);
#else
  (void)most;
  cnn__vstore_n(p, n, a);
#endif
}

typedef struct cnn__column {
  int64_t x, w;  /* offset of the first input, of pixel lo, and of the first weight, in floats */
  int64_t count; /* inputs of each pixel, at least 1 */
  int32_t lo, hi;
  const void *ahead; /* cache lines used soon, one asked for with each weight; NULL: none */
} cnn__column;

typedef struct cnn__tile {
  const float *x, *w;
  int64_t x_row, w_row; /* from one kernel row to the next */
  int64_t x_pixel;      /* from one pixel to the next */
  const cnn__column *columns;
  int64_t rows, column_count;
  int64_t more, x_block, w_block; /* as many times again the same rows and columns, so far on */
  const float *init; /* where the sums start, NULL: at 0; init_pixel apart (0 for a bias) */
  int64_t init_pixel;
  float *y;
  int64_t y_pixel;
  int64_t lanes;  /* output channels, 1..16; of a pair those of the second tile, the first has 16 */
  int64_t second; /* from the weights of a pair's first tile to those of the second, in floats */
  int32_t relu;
} cnn__tile;

typedef void cnn__tile_fn(const cnn__tile *t);

/* The tile of each width, 1..CNN__TILE. */
extern cnn__tile_fn *const CNN__NAME(tiles)[CNN__TILE + 1];

/* Two tiles of the same pixels and of neighbouring output channels at once: each input is loaded once for both. Where a
 * processor multiplies as often as it loads, one vector of channels has to wait for its inputs. Registers for that has
 * AVX-512 only; a vector of AVX2 is a pair of registers anyway. */
#if CNN__VECTORS >= 16
#define CNN__PAIR 2
#define CNN__WIDEST CNN__TILE
extern cnn__tile_fn *const CNN__NAME(pairs)[CNN__TILE + 1];
#else
/* And wider tiles of at most eight output channels: a register each, of which six would be too few chains. */
#define CNN__PAIR 1
#define CNN__WIDEST 10
extern cnn__tile_fn *const CNN__NAME(halves)[CNN__WIDEST + 1];
#endif

/* How a row of n pixels is cut: into tiles as equal as possible, of at most so many. */
static inline int64_t cnn__tile_cut(int64_t n, int64_t at, int64_t most) {
  int64_t tiles = (n - at + most - 1) / most;
  return (n - at + tiles - 1) / tiles;
}

#endif
