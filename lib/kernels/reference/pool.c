/* pool, in plain C: the definition of max-pooling. A window that lies wholly outside the image gives 0. */
#include "kernels/kernel.h"

#include <string.h>

/* The first and the end of the taps of a window that lie inside an extent. */
static int64_t first_tap(int64_t at) { return at < 0 ? -at : 0; }
static int64_t end_tap(int64_t at, int64_t taps, int64_t extent) {
  const int64_t inside = extent - at;
  return inside < taps ? inside : taps;
}

static void pixel_pool(const cnn__pool *g, int64_t i, int64_t j, const float *x, float *y, uint16_t *winner) {
  const int64_t top = i * g->sh - g->pt, left = j * g->sw - g->pl;
  for (int64_t q = 0; q < g->c; q++) {
    float best = 0.0f;
    int64_t tap = -1;
    for (int64_t ky = first_tap(top); ky < end_tap(top, g->kh, g->h); ky++) {
      for (int64_t kx = first_tap(left); kx < end_tap(left, g->kw, g->w); kx++) {
        const float value = x[((top + ky) * g->w + left + kx) * g->c + q];
        if (tap < 0 || value > best) {
          best = value;
          tap = ky * g->kw + kx;
        }
      }
    }
    y[q] = best;
    if (winner != NULL) {
      winner[q] = (uint16_t)(tap < 0 ? 0 : tap);
    }
  }
}

static void maxpool(const cnn__pool *g, int64_t n, const float *x, float *y, uint16_t *winner) {
  for (int64_t b = 0; b < n; b++) {
    for (int64_t i = 0; i < g->oh; i++) {
      for (int64_t j = 0; j < g->ow; j++) {
        const int64_t at = ((b * g->oh + i) * g->ow + j) * g->c;
        pixel_pool(g, i, j, x + b * g->h * g->w * g->c, y + at, winner == NULL ? NULL : winner + at);
      }
    }
  }
}

static void maxpool_backward(const cnn__pool *g, int64_t n, const float *dy, const uint16_t *winner, float *dx) {
  memset(dx, 0, (size_t)(n * g->h * g->w * g->c) * sizeof *dx);
  for (int64_t b = 0; b < n; b++, dx += g->h * g->w * g->c) {
    for (int64_t i = 0; i < g->oh; i++) {
      for (int64_t j = 0; j < g->ow; j++) {
        for (int64_t q = 0; q < g->c; q++, dy++, winner++) {
          const int64_t row = i * g->sh - g->pt + *winner / g->kw, column = j * g->sw - g->pl + *winner % g->kw;
          if (row >= 0 && row < g->h && column >= 0 && column < g->w) {
            dx[(row * g->w + column) * g->c + q] += *dy;
          }
        }
      }
    }
  }
}

void CNN__NAME(pool_init)(cnn__kernels *t) {
  t->maxpool = maxpool;
  t->maxpool_backward = maxpool_backward;
}
