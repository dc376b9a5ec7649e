/* average: average pooling on sixteen channels at a time. The reference defines the bits. */
#include "kernels/pool_window.h"
#include "kernels/vector.h"

/* n channels of one window; x and y point at the first of them. */
CNN__INLINE void pool_lanes(const cnn__pool *g, const cnn__window *at, float share, const float *x, float *y,
                            int64_t n) {
  const int64_t c = g->c, line = g->w * c;
  const float *row = x + (at->top + at->y0) * line + (at->left + at->x0) * c;
  cnn__vec sum = cnn__vget(row, n);
  for (int64_t kx = 1; kx < at->x1 - at->x0; kx++) {
    sum = cnn__vadd(sum, cnn__vget(row + kx * c, n));
  }
  for (int64_t ky = at->y0 + 1; ky < at->y1; ky++) {
    row += line;
    for (int64_t kx = 0; kx < at->x1 - at->x0; kx++) {
      sum = cnn__vadd(sum, cnn__vget(row + kx * c, n));
    }
  }
  cnn__vput(y, n, cnn__vmul(sum, cnn__vset(share)));
}

static void pool_pixel(const cnn__pool *g, int64_t i, int64_t j, const float *x, float *y) {
  const cnn__window at = cnn__window_at(g, i, j);
  const float share = cnn__window_share(&at);
  int64_t q = 0;
  if (share == 0.0f) {
    for (; q < g->c; q++) {
      y[q] = 0.0f;
    }
    return;
  }
  for (; q + CNN__LANES <= g->c; q += CNN__LANES) {
    pool_lanes(g, &at, share, x + q, y + q, CNN__LANES);
  }
  if (q < g->c) {
    pool_lanes(g, &at, share, x + q, y + q, g->c - q);
  }
}

CNN__INLINE void pool_2x2_lanes(const float *a, const float *b, int64_t c, float *y, int64_t n) {
  const cnn__vec two = cnn__vadd(cnn__vget(a, n), cnn__vget(a + c, n));
  const cnn__vec four = cnn__vadd(cnn__vadd(two, cnn__vget(b, n)), cnn__vget(b + c, n));
  cnn__vput(y, n, cnn__vmul(four, cnn__vset(0.25f)));
}

/* One row of outputs whose windows of 2 x 2, two apart, lie inside. */
static void pool_2x2_row(const cnn__pool *g, const float *x, float *y) {
  const int64_t c = g->c;
  for (int64_t j = 0; j < g->ow; j++) {
    const float *a = x + 2 * j * c, *b = a + g->w * c;
    int64_t q = 0;
    for (; q + CNN__LANES <= c; q += CNN__LANES) {
      pool_2x2_lanes(a + q, b + q, c, y + j * c + q, CNN__LANES);
    }
    if (q < c) {
      pool_2x2_lanes(a + q, b + q, c, y + j * c + q, c - q);
    }
  }
}

static int is_2x2(const cnn__pool *g) {
  return g->kh == 2 && g->kw == 2 && g->sh == 2 && g->sw == 2 && g->pt == 0 && g->pl == 0 && 2 * g->oh <= g->h &&
         2 * g->ow <= g->w;
}

static void avgpool(const cnn__pool *g, int64_t n, const float *x, float *y) {
  const int fast = is_2x2(g);
  for (int64_t b = 0; b < n; b++, x += g->h * g->w * g->c) {
    for (int64_t i = 0; i < g->oh; i++) {
      float *row = y + (b * g->oh + i) * g->ow * g->c;
      if (fast) {
        pool_2x2_row(g, x + 2 * i * g->w * g->c, row);
      } else {
        for (int64_t j = 0; j < g->ow; j++) {
          pool_pixel(g, i, j, x, row + j * g->c);
        }
      }
    }
  }
}

#define GIVERS 64 /* outputs that are taken into a pixel's gradient at once */

/* An output whose window holds the pixel: where its gradient lies, and the pixel's share of it. */
typedef struct giver {
  int64_t at;
  float share;
} giver;

/* Outputs [first, end) of one direction are those whose windows hold the position at hand. */
typedef struct range {
  int64_t first, end;
} range;

/* On to position `at`, which does not go back. */
static void follow(range *r, int64_t at, int64_t taps, int64_t step, int64_t padding, int64_t outputs) {
  while (r->first < outputs && r->first * step - padding + taps <= at) {
    r->first++;
  }
  while (r->end < outputs && r->end * step - padding <= at) {
    r->end++;
  }
}

/* n channels of a pixel's gradient: from 0, or if `add` from what stands there, what the givers give. */
CNN__INLINE void take_lanes(const giver *from, int64_t count, int add, const float *dy, float *dx, int64_t n) {
  cnn__vec sum = add ? cnn__vget(dx, n) : cnn__vset(0.0f);
  for (int64_t k = 0; k < count; k++) {
    sum = cnn__vadd(sum, cnn__vmul(cnn__vget(dy + from[k].at, n), cnn__vset(from[k].share)));
  }
  cnn__vput(dx, n, sum);
}

static void take(const giver *from, int64_t count, int add, int64_t c, const float *dy, float *dx) {
  int64_t q = 0;
  for (; q + CNN__LANES <= c; q += CNN__LANES) {
    take_lanes(from, count, add, dy + q, dx + q, CNN__LANES);
  }
  if (q < c) {
    take_lanes(from, count, add, dy + q, dx + q, c - q);
  }
}

static void gather_pixel(const cnn__pool *g, range rows, range columns, const float *dy, float *dx) {
  giver from[GIVERS];
  int64_t count = 0;
  int add = 0;
  for (int64_t i = rows.first; i < rows.end; i++) {
    for (int64_t j = columns.first; j < columns.end; j++) {
      const cnn__window w = cnn__window_at(g, i, j);
      if (count == GIVERS) {
        take(from, count, add, g->c, dy, dx);
        add = 1;
        count = 0;
      }
      from[count++] = (giver){(i * g->ow + j) * g->c, cnn__window_share(&w)};
    }
  }
  take(from, count, add, g->c, dy, dx);
}

/* Every element of the gradient is written once, unless more windows hold it than are taken at once. */
static void gather(const cnn__pool *g, const float *dy, float *dx) {
  range rows = {0, 0};
  for (int64_t r = 0; r < g->h; r++) {
    range columns = {0, 0};
    follow(&rows, r, g->kh, g->sh, g->pt, g->oh);
    for (int64_t s = 0; s < g->w; s++, dx += g->c) {
      follow(&columns, s, g->kw, g->sw, g->pl, g->ow);
      gather_pixel(g, rows, columns, dy, dx);
    }
  }
}

static void avgpool_backward(const cnn__pool *g, int64_t n, const float *dy, float *dx) {
  for (int64_t b = 0; b < n; b++) {
    gather(g, dy, dx);
    dx += g->h * g->w * g->c;
    dy += g->oh * g->ow * g->c;
  }
}

void CNN__NAME(average_init)(cnn__kernels *t) {
  t->avgpool = avgpool;
  t->avgpool_backward = avgpool_backward;
}
