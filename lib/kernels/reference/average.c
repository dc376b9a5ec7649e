/* average, in plain C: the definition of average pooling. A window that lies wholly outside the image gives 0. */
#include "kernels/pool_window.h"

#include <string.h>

static void pixel_pool(const cnn__pool *g, int64_t i, int64_t j, const float *x, float *y) {
  const cnn__window at = cnn__window_at(g, i, j);
  const float share = cnn__window_share(&at);
  for (int64_t q = 0; q < g->c; q++) {
    float sum = 0.0f;
    int started = 0;
    for (int64_t ky = at.y0; ky < at.y1; ky++) {
      for (int64_t kx = at.x0; kx < at.x1; kx++) {
        const float value = x[((at.top + ky) * g->w + at.left + kx) * g->c + q];
        sum = started ? sum + value : value;
        started = 1;
      }
    }
    y[q] = sum * share;
  }
}

static void avgpool(const cnn__pool *g, int64_t n, const float *x, float *y) {
  for (int64_t b = 0; b < n; b++) {
    for (int64_t i = 0; i < g->oh; i++) {
      for (int64_t j = 0; j < g->ow; j++) {
        pixel_pool(g, i, j, x + b * g->h * g->w * g->c, y + ((b * g->oh + i) * g->ow + j) * g->c);
      }
    }
  }
}

static void pixel_backward(const cnn__pool *g, int64_t i, int64_t j, const float *dy, float *dx) {
  const cnn__window at = cnn__window_at(g, i, j);
  const float share = cnn__window_share(&at);
  for (int64_t ky = at.y0; ky < at.y1; ky++) {
    for (int64_t kx = at.x0; kx < at.x1; kx++) {
      float *to = dx + ((at.top + ky) * g->w + at.left + kx) * g->c;
      for (int64_t q = 0; q < g->c; q++) {
        const float given = dy[q] * share;
        to[q] += given;
      }
    }
  }
}

static void avgpool_backward(const cnn__pool *g, int64_t n, const float *dy, float *dx) {
  memset(dx, 0, (size_t)(n * g->h * g->w * g->c) * sizeof *dx);
  for (int64_t b = 0; b < n; b++, dx += g->h * g->w * g->c) {
    for (int64_t i = 0; i < g->oh; i++) {
      for (int64_t j = 0; j < g->ow; j++, dy += g->c) {
        pixel_backward(g, i, j, dy, dx);
      }
    }
  }
}

void CNN__NAME(average_init)(cnn__kernels *t) {
  t->avgpool = avgpool;
  t->avgpool_backward = avgpool_backward;
}
