/* pool_window: the part of a pooling's window that lies inside the image. */
#ifndef CNN_KERNELS_POOL_WINDOW_H
#define CNN_KERNELS_POOL_WINDOW_H

#include "kernels/kernel.h"

typedef struct cnn__window {
  int64_t top, left;        /* position of tap (0, 0), which may lie outside */
  int64_t y0, y1, x0, x1;   /* first and end tap inside, per direction */
} cnn__window;

static inline cnn__window cnn__window_at(const cnn__pool *g, int64_t i, int64_t j) {
  cnn__window w = {.top = i * g->sh - g->pt, .left = j * g->sw - g->pl};
  w.y0 = w.top < 0 ? -w.top : 0;
  w.x0 = w.left < 0 ? -w.left : 0;
  w.y1 = g->h - w.top < g->kh ? g->h - w.top : g->kh;
  w.x1 = g->w - w.left < g->kw ? g->w - w.left : g->kw;
  return w;
}

/* One over the number of its taps; 0 where it has none. */
static inline float cnn__window_share(const cnn__window *w) {
  return w->y0 < w->y1 && w->x0 < w->x1 ? 1.0f / (float)((w->y1 - w->y0) * (w->x1 - w->x0)) : 0.0f;
}

#endif
