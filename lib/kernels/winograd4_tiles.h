/* winograd4_tiles: chunks of tiles of F(4x4, 3x3) in vectors, as outputs and kernel gradients take them. */
#ifndef CNN_KERNELS_WINOGRAD4_TILES_H
#define CNN_KERNELS_WINOGRAD4_TILES_H

#include "kernels/winograd4.h"

#include "kernels/conv_layout.h"
#include "kernels/tile.h"

/* Tiles of two outputs have no points 4 and 5 along their axis. So the points fall into four kinds: below 4 in both
 * axes, across from 4 on, down from 4 on, both; each kind has its own row of the tiles that have these points. */
#define CNN__KINDS 4
CNN__INLINE int cnn__kind(int i, int j) { return 2 * (i >= 4) + (j >= 4); }

/* Neighbouring tiles of one row of tiles. */
typedef struct cnn__stretch4 {
  int64_t image, row, column, count; /* row and column of tiles */
  int32_t small_row, small_column;   /* all of them, or the last one, are of two outputs along that axis */
  int64_t at[CNN__KINDS];            /* the first one's place in the rows of each kind */
} cnn__stretch4;

/* A chunk and its transformed inputs v [point][block of CNN__CBLOCK channels][tile][CNN__CBLOCK]. Floats from one to the
 * next; points lie an odd number of lines apart, so that they do not share the sets of a cache. */
typedef struct cnn__chunk4 {
  const cnn__winograd *s;
  cnn__stretch4 part[CNN__MOST4];
  int64_t parts;
  int64_t tiles[CNN__KINDS];
  float *v, *room; /* room for a stretch transformed one way */
  int64_t v_block, v_point;
} cnn__chunk4;

/* Tiles [first, first + tiles) of all images. */
void CNN__NAME(winograd4_chunk)(const cnn__winograd *s, int64_t first, int64_t tiles, cnn__chunk4 *c);

/* Writes v. */
void CNN__NAME(winograd4_inputs)(const cnn__chunk4 *c, const float *x);

#endif
