/* conv_quarter: tiles of convolutions with up to four output channels, where a vector of channels would be three quarters
 * empty: it holds four channels of each of four pixels instead. */
#ifndef CNN_KERNELS_CONV_QUARTER_H
#define CNN_KERNELS_CONV_QUARTER_H

#include "kernels/tile.h"

#define CNN__QUAD 4 /* floats in a quarter of a vector */

/* Pixels of such a tile: as many vectors as there are chains to keep the processor busy. */
#if CNN__VECTORS >= 16
#define CNN__QUARTER 28
#else
#define CNN__QUARTER 16
#endif

/* The tile of tile.h with up to CNN__QUARTER pixels and t->lanes up to four; counts of columns are multiples of four. It
 * reads the inputs of CNN__QUARTER pixels wherever columns lie: what it makes of those that do not count is dropped. */
void CNN__NAME(quarter)(const cnn__tile *t, int64_t width);

#endif
