/* winograd: the convolutions of 3x3 taps that go by F(2x2, 3x3), as every level sees them.
 *
 * A direction is what one sweep reads and writes: forward as the geometry says; backward the gradient of the output is
 * read, that of the input is written, and the padding is what is left of the kernel. */
#ifndef CNN_KERNELS_WINOGRAD_H
#define CNN_KERNELS_WINOGRAD_H

#include "kernels/kernel.h"

#define CNN__POINTS 16 /* products of a tile: its 4 x 4 transformed values, row by row */
#define CNN__CENTRE 5  /* the point (1, 1), which all four outputs of a tile take with factor 1: the bias starts there */

typedef struct cnn__winograd {
  int64_t h, w, c;    /* read */
  int64_t oh, ow, f;  /* written */
  int64_t pt, pl;
  int64_t down, across; /* tiles of an image */
  int32_t wide;         /* CNN__CONV_WIDE4: the kernel comes as direct sums have it */
} cnn__winograd;

static inline cnn__winograd cnn__winograd_forward(const cnn__conv *g) {
  return (cnn__winograd){g->h, g->w, g->c, g->oh, g->ow, g->f, g->pt, g->pl, (g->oh + 1) / 2, (g->ow + 1) / 2, 0};
}

static inline cnn__winograd cnn__winograd_backward(const cnn__conv *g) {
  return (cnn__winograd){g->oh, g->ow, g->f, g->h, g->w, g->c, 2 - g->pt, 2 - g->pl, (g->h + 1) / 2, (g->w + 1) / 2, 0};
}

/* The size of the next chunk, of `left` tiles cut as evenly as the limit allows. */
static inline int64_t cnn__next_chunk(int64_t left, int64_t most) {
  int64_t chunks = (left + most - 1) / most;
  return (left + chunks - 1) / chunks;
}

/* Tiles that go through all points together. */
int64_t cnn__winograd_chunk(const cnn__winograd *s);

/* The taps of a kernel for sixteen of its output channels from q on, zero beyond them, and the input channel p. */
static inline void cnn__kernel_taps(float taps[9][CNN__LANES], const cnn__conv *g, const float *w, int64_t p, int64_t q) {
  for (int64_t tap = 0; tap < 9; tap++)
    for (int64_t l = 0; l < CNN__LANES; l++)
      taps[tap][l] = l < g->f - q ? w[(tap * g->c + p) * g->f + q + l] : 0;
}

/* The same backward: turned round, for sixteen input channels from p on and the output channel q. */
static inline void cnn__kernel_taps_t(float taps[9][CNN__LANES], const cnn__conv *g, const float *w, int64_t p, int64_t q) {
  for (int64_t tap = 0; tap < 9; tap++)
    for (int64_t l = 0; l < CNN__LANES; l++)
      taps[8 - tap][l] = l < g->c - p ? w[(tap * g->c + p + l) * g->f + q] : 0;
}

/* Where the rows of a tile's inputs start, and what a pixel is worth there: 0 outside the image. */
typedef struct cnn__rows {
  const float *at[6];
  int64_t pixel[6];
} cnn__rows;

static inline cnn__rows cnn__rows_of(const cnn__winograd *s, const float *image, int64_t row, int64_t count) {
  static const float zeros[CNN__LANES];
  cnn__rows r;
  for (int64_t i = 0; i < count; i++) {
    int32_t inside = row + i >= 0 && row + i < s->h;
    r.at[i] = inside ? image + (row + i) * s->w * s->c : zeros;
    r.pixel[i] = inside ? s->c : 0;
  }
  return r;
}

#ifdef CNN__LEVEL
/* conv_pack and conv_pack_t of such a geometry; written by the reference alone. */
void CNN__NAME(winograd_pack)(const cnn__conv *g, const float *w, float *packed);
void CNN__NAME(winograd_pack_t)(const cnn__conv *g, const float *w, float *packed);

/* conv_forward and conv_backward_data of such a geometry. */
void CNN__NAME(winograd)(const cnn__winograd *s, int64_t n, const float *x, const float *packed, const float *bias,
                         int32_t relu, float *y, void *scratch);
#endif

#endif
