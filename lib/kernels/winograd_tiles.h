/* winograd_tiles: chunks of tiles in vectors, as outputs and kernel gradients take them. */
#ifndef CNN_KERNELS_WINOGRAD_TILES_H
#define CNN_KERNELS_WINOGRAD_TILES_H

#include "kernels/winograd.h"

#include "kernels/conv_layout.h"
#include "kernels/tile.h"

/* A chunk and its transformed inputs v [point][block of CNN__CBLOCK channels][tile][CNN__CBLOCK]. Floats from one to the
 * next; points lie an odd number of lines apart, so that they do not share the sets of a cache. */
typedef struct cnn__chunk {
  const cnn__winograd *s;
  int64_t first, tiles; /* the first one's number in all images, and how many */
  float *v;
  int64_t v_block, v_point;
} cnn__chunk;

static inline cnn__chunk cnn__chunk_of(const cnn__winograd *s, int64_t first, int64_t tiles, float *v) {
  int64_t block = tiles * CNN__CBLOCK, blocks = (s->c + CNN__CBLOCK - 1) / CNN__CBLOCK;
  return (cnn__chunk){s, first, tiles, v, block, blocks * block + CNN__LANES};
}

/* Neighbouring tiles of one row of tiles. */
typedef struct cnn__stretch {
  int64_t image, row, column, count; /* row and column of tiles */
  int64_t at;                        /* the first one's place in the chunk */
} cnn__stretch;

static inline cnn__stretch cnn__stretch_at(const cnn__chunk *p, int64_t at) {
  const cnn__winograd *s = p->s;
  int64_t tile = p->first + at, line = tile / s->across, column = tile % s->across;
  return (cnn__stretch){line / s->down, line % s->down, column, cnn__at_most(s->across - column, p->tiles - at), at};
}

/* Writes v. */
void CNN__NAME(winograd_inputs)(const cnn__chunk *p, const float *x);

#endif
