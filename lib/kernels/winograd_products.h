/* winograd_products: what the transformed convolutions of every tile size do at one point. */
#ifndef CNN_KERNELS_WINOGRAD_PRODUCTS_H
#define CNN_KERNELS_WINOGRAD_PRODUCTS_H

#include "kernels/vector.h"

/* m [tile][16] = the chains of each tile over the input channels c, from init [16] or, to go on, from what stands there, of v
 * [block of CNN__CBLOCK channels, v_block apart][tile][CNN__CBLOCK] times u [channel][16]; of one vector of outputs or of two, whose
 * u, m and init lie so far apart. */
typedef struct cnn__point {
  int64_t c, tiles;
  const float *v, *u;
  int64_t v_block;
  float *m;
  int64_t u_slice, m_slice;
  const float *init;
  int64_t init_slice;
  int32_t go_on;
} cnn__point;

#define CNN__PRODUCT_SLICES (CNN__VECTORS >= 32 ? 2 : 1) /* most of them: each input is loaded once for two */

void CNN__NAME(winograd_products)(const cnn__point *p, int64_t slices);

#if CNN__VECTORS >= 16
#define CNN__SUM_INPUTS 8 /* most of a tile of sums, times two vectors of outputs */
#define CNN__SUM_SLICES 2
#else
#define CNN__SUM_INPUTS 6
#define CNN__SUM_SLICES 1
#endif

/* m [slice, m_slice apart][input][16] = the chains over all tiles of v [tile][CNN__CBLOCK] times d [slice, d_slice
 * apart][tile][16], from 0 or, to go on, from what stands there. */
typedef struct cnn__sums {
  int64_t tiles;
  const float *v, *d;
  int64_t d_slice;
  float *m;
  int64_t m_slice;
  int32_t go_on;
} cnn__sums;

void CNN__NAME(winograd_sums)(const cnn__sums *s, int64_t inputs, int64_t slices);

#endif
