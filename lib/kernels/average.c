/* average: average pooling on sixteen channels at a time. The reference defines the bits. */
#include "kernels/pool_ahead.h"
#include "kernels/pool_window.h"

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
  cnn__pool_ahead(g, i, j, x);
  for (; q + CNN__LANES <= g->c; q += CNN__LANES) {
    pool_lanes(g, &at, share, x + q, y + q, CNN__LANES);
  }
  if (q < g->c) {
    pool_lanes(g, &at, share, x + q, y + q, g->c - q);
  }
}

/* One row of outputs whose windows of 2 x 2, two apart, lie inside, of sixteens of channels: the rule. */
static void pool_2x2_row(const cnn__pool *g, const float *x, float *y) {
  const int64_t c = g->c;
  const cnn__vec quarter = cnn__vset(0.25f);
  for (int64_t j = 0; j < g->ow; j++, x += c) {
    for (int64_t q = 0; q < c; q += CNN__LANES, x += CNN__LANES, y += CNN__LANES) {
      const float *below = x + g->w * c;
      const cnn__vec two = cnn__vadd(cnn__vload(x), cnn__vload(x + c));
      const cnn__vec four = cnn__vadd(cnn__vadd(two, cnn__vload(below)), cnn__vload(below + c));
      cnn__vstore(y, cnn__vmul(four, quarter));
    }
  }
}

static int is_2x2(const cnn__pool *g) {
  return g->kh == 2 && g->kw == 2 && g->sh == 2 && g->sw == 2 && g->pt == 0 && g->pl == 0 && 2 * g->oh <= g->h &&
         2 * g->ow <= g->w && g->c % CNN__LANES == 0;
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

/* Do all of these windows lie inside, in this direction? */
static int inside(range r, int64_t taps, int64_t step, int64_t padding, int64_t extent) {
  return r.first * step >= padding && (r.end - 1) * step - padding + taps <= extent;
}

static float share_of(const cnn__pool *g, int64_t i, int64_t j) {
  const cnn__window at = cnn__window_at(g, i, j);
  return cnn__window_share(&at);
}

/* n channels of a pixel's gradient: `part` of each window's that holds it, or where that is 0 the window's own share. */
CNN__INLINE void gather_lanes(const cnn__pool *g, range rows, range columns, float part, const float *dy, float *dx,
                              int64_t n) {
  cnn__vec sum = cnn__vset(0.0f);
  for (int64_t i = rows.first; i < rows.end; i++) {
    for (int64_t j = columns.first; j < columns.end; j++) {
      const cnn__vec share = cnn__vset(part > 0.0f ? part : share_of(g, i, j));
      sum = cnn__vadd(sum, cnn__vmul(cnn__vget(dy + (i * g->ow + j) * g->c, n), share));
    }
  }
  cnn__vput(dx, n, sum);
}

static void gather_pixel(const cnn__pool *g, range rows, range columns, float part, const float *dy, float *dx) {
  int64_t q = 0;
  for (; q + CNN__LANES <= g->c; q += CNN__LANES) {
    gather_lanes(g, rows, columns, part, dy + q, dx + q, CNN__LANES);
  }
  if (q < g->c) {
    gather_lanes(g, rows, columns, part, dy + q, dx + q, g->c - q);
  }
}

/* Every element of the gradient is written once. */
static void gather(const cnn__pool *g, const float *dy, float *dx) {
  const float part = 1.0f / (float)(g->kh * g->kw);
  range rows = {0, 0};
  for (int64_t r = 0; r < g->h; r++) {
    range columns = {0, 0};
    follow(&rows, r, g->kh, g->sh, g->pt, g->oh);
    const int even = inside(rows, g->kh, g->sh, g->pt, g->h);
    for (int64_t s = 0; s < g->w; s++, dx += g->c) {
      follow(&columns, s, g->kw, g->sw, g->pl, g->ow);
      gather_pixel(g, rows, columns, even && inside(columns, g->kw, g->sw, g->pl, g->w) ? part : 0.0f, dy, dx);
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
