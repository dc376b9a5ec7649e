/* pool_ahead: what windows that overlap will read soon. */
#ifndef CNN_KERNELS_POOL_AHEAD_H
#define CNN_KERNELS_POOL_AHEAD_H

#include "kernels/vector.h"

/* Asks for what the windows of the next row of outputs read and those of row i do not, at column j. x: the image. */
CNN__INLINE void cnn__pool_ahead(const cnn__pool *g, int64_t i, int64_t j, const float *x) {
  const int64_t bytes = g->c * (int64_t)sizeof(float), rows = g->sh < g->kh ? g->sh : g->kh, columns = g->sw < g->kw ? g->sw : g->kw;
  const int64_t end = (i + 1) * g->sh - g->pt + g->kh;
  for (int64_t row = end - rows; row < end && row < g->h; row++) {
    const int64_t from = (row * g->w + j * g->sw - g->pl) * bytes;
    for (int64_t at = from; at < from + columns * bytes; at += 64) {
      cnn__fetch(x, at);
    }
  }
}

#endif
