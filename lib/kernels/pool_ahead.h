/* pool_ahead: what windows that overlap will read soon. */
#ifndef CNN_KERNELS_POOL_AHEAD_H
#define CNN_KERNELS_POOL_AHEAD_H

#include "kernels/vector.h"

/* Asks for what the windows of the next row of outputs read and those of row i do not, at column j. x: the image. */
CNN__INLINE void cnn__pool_ahead(const cnn__pool *g, int64_t i, int64_t j, const float *x) {
  const int64_t bytes = g->c * (int64_t)sizeof(float), first = i * g->sh - g->pt + g->kh;
  for (int64_t row = first; row < first + g->sh && row < g->h; row++) {
    const int64_t from = (row * g->w + j * g->sw - g->pl) * bytes;
    for (int64_t at = from; at < from + g->sw * bytes; at += 64) {
      cnn__fetch(x, at);
    }
  }
}

#endif
