/* pool: max-pooling on sixteen channels at a time. The reference defines the bits. */
#include "kernels/pool_ahead.h"
#include "kernels/pool_window.h"

#include <string.h>

CNN__INLINE void put_tags(uint16_t *to, int64_t n, cnn__tags tags) {
  if (CNN__ALL_LANES(n)) {
    cnn__tstore(to, tags);
  } else {
    uint16_t all[CNN__LANES];
    cnn__tstore(all, tags);
    memcpy(to, all, (size_t)n * sizeof *to);
  }
}

CNN__INLINE cnn__ivec get_tags(const uint16_t *from, int64_t n) {
  if (CNN__ALL_LANES(n)) {
    return cnn__iload_u16(from);
  }
  uint16_t all[CNN__LANES] = {0};
  memcpy(all, from, (size_t)n * sizeof *from);
  return cnn__iload_u16(all);
}

/* n channels of one window; x and y point at the first of them. */
CNN__INLINE void pool_lanes(const cnn__pool *g, const cnn__window *at, const float *x, float *y, uint16_t *winner,
                            int64_t n) {
  cnn__vec best = cnn__vset(0.0f);
  cnn__tags tags = cnn__tset(0);
  int started = 0;
  for (int64_t ky = at->y0; ky < at->y1; ky++) {
    for (int64_t kx = at->x0; kx < at->x1; kx++) {
      const cnn__vec value = cnn__vget(x + ((at->top + ky) * g->w + at->left + kx) * g->c, n);
      const cnn__tags tap = cnn__tset((uint16_t)(ky * g->kw + kx));
      tags = started ? cnn__tselect(cnn__vgreater(value, best), tap, tags) : tap;
      best = started ? cnn__vmax(value, best) : value;
      started = 1;
    }
  }
  cnn__vput(y, n, best);
  if (winner != NULL) {
    put_tags(winner, n, tags);
  }
}

static void pool_pixel(const cnn__pool *g, int64_t i, int64_t j, const float *x, float *y, uint16_t *winner) {
  const cnn__window at = cnn__window_at(g, i, j);
  int64_t q = 0;
  cnn__pool_ahead(g, i, j, x);
  for (; q + CNN__LANES <= g->c; q += CNN__LANES) {
    pool_lanes(g, &at, x + q, y + q, winner == NULL ? NULL : winner + q, CNN__LANES);
  }
  if (q < g->c) {
    pool_lanes(g, &at, x + q, y + q, winner == NULL ? NULL : winner + q, g->c - q);
  }
}

/* n channels of a window of 2 x 2 that lies inside: a and b are its rows. */
CNN__INLINE void pool_2x2_lanes(const float *a, const float *b, int64_t c, float *y, uint16_t *winner, int64_t n) {
  const cnn__vec v0 = cnn__vget(a, n), v1 = cnn__vget(a + c, n), v2 = cnn__vget(b, n), v3 = cnn__vget(b + c, n);
  const cnn__vec two = cnn__vmax(v1, v0), three = cnn__vmax(v2, two);
  cnn__vput(y, n, cnn__vmax(v3, three));
  if (winner != NULL) {
    cnn__tags tags = cnn__tselect(cnn__vgreater(v1, v0), cnn__tset(1), cnn__tset(0));
    tags = cnn__tselect(cnn__vgreater(v2, two), cnn__tset(2), tags);
    put_tags(winner, n, cnn__tselect(cnn__vgreater(v3, three), cnn__tset(3), tags));
  }
}

/* One row of outputs whose windows of 2 x 2, two apart, lie inside. Channels that are a multiple of sixteen are the
 * rule: then the two rows of input and the row of output are walked without a break. */
CNN__INLINE void pool_2x2_row(const cnn__pool *g, const float *x, float *y, uint16_t *winner) {
  const int64_t c = g->c;
  for (int64_t j = 0; j < g->ow; j++) {
    const float *a = x + 2 * j * c, *b = a + g->w * c;
    int64_t q = 0;
    for (; q + CNN__LANES <= c; q += CNN__LANES) {
      pool_2x2_lanes(a + q, b + q, c, y + j * c + q, winner == NULL ? NULL : winner + j * c + q, CNN__LANES);
    }
    if (q < c) {
      pool_2x2_lanes(a + q, b + q, c, y + j * c + q, winner == NULL ? NULL : winner + j * c + q, c - q);
    }
  }
}

/* Windows of 2 x 2, two apart, all of them inside: nearly every network has these. */
static int is_2x2(const cnn__pool *g) {
  return g->kh == 2 && g->kw == 2 && g->sh == 2 && g->sw == 2 && g->pt == 0 && g->pl == 0 && 2 * g->oh <= g->h &&
         2 * g->ow <= g->w;
}

static void maxpool(const cnn__pool *g, int64_t n, const float *x, float *y, uint16_t *winner) {
  const int fast = is_2x2(g);
  for (int64_t b = 0; b < n; b++, x += g->h * g->w * g->c) {
    for (int64_t i = 0; i < g->oh; i++) {
      const int64_t row = (b * g->oh + i) * g->ow * g->c;
      uint16_t *tags = winner == NULL ? NULL : winner + row;
      if (fast && tags == NULL) {
        pool_2x2_row(g, x + 2 * i * g->w * g->c, y + row, NULL);
      } else if (fast) {
        pool_2x2_row(g, x + 2 * i * g->w * g->c, y + row, tags);
      } else {
        for (int64_t j = 0; j < g->ow; j++) {
          pool_pixel(g, i, j, x, y + row + j * g->c, tags == NULL ? NULL : tags + j * g->c);
        }
      }
    }
  }
}

/* What n channels of one output give to a tap: dy where that tap won, else 0; + 0 as the sum from 0 makes it. */
CNN__INLINE cnn__vec share(cnn__ivec winner, uint32_t tap, cnn__vec dy) {
  return cnn__vkeep(cnn__iequal(winner, cnn__iset(tap)), dy);
}

CNN__INLINE void unpool_2x2_lanes(float *a, float *b, int64_t c, const float *dy, const uint16_t *winner, int64_t n) {
  const cnn__vec d = cnn__vadd(cnn__vget(dy, n), cnn__vset(0.0f));
  const cnn__ivec tags = get_tags(winner, n);
  cnn__vput(a, n, share(tags, 0, d));
  cnn__vput(a + c, n, share(tags, 1, d));
  cnn__vput(b, n, share(tags, 2, d));
  cnn__vput(b + c, n, share(tags, 3, d));
}

/* Every element of the gradient is written once; rows and columns that no window covers are cleared. */
static void unpool_2x2(const cnn__pool *g, const float *dy, const uint16_t *winner, float *dx) {
  const int64_t c = g->c, line = g->w * c, covered = 2 * g->ow * c;
  for (int64_t i = 0; i < g->oh; i++, dx += 2 * line) {
    for (int64_t j = 0; j < g->ow; j++, dy += c, winner += c) {
      float *a = dx + 2 * j * c, *b = a + line;
      int64_t q = 0;
      for (; q + CNN__LANES <= c; q += CNN__LANES) {
        unpool_2x2_lanes(a + q, b + q, c, dy + q, winner + q, CNN__LANES);
      }
      if (q < c) {
        unpool_2x2_lanes(a + q, b + q, c, dy + q, winner + q, c - q);
      }
    }
    memset(dx + covered, 0, (size_t)(line - covered) * sizeof *dx);
    memset(dx + line + covered, 0, (size_t)(line - covered) * sizeof *dx);
  }
  memset(dx, 0, (size_t)((g->h - 2 * g->oh) * line) * sizeof *dx);
}

/* Adding 0 to the taps that did not win changes no bit: a sum that starts at +0 never is -0. */
CNN__INLINE void unpool_lanes(const cnn__pool *g, const cnn__window *at, const float *dy, const uint16_t *winner, float *dx,
                              int64_t n) {
  const cnn__vec d = cnn__vget(dy, n);
  const cnn__ivec tags = get_tags(winner, n);
  for (int64_t ky = at->y0; ky < at->y1; ky++) {
    for (int64_t kx = at->x0; kx < at->x1; kx++) {
      float *to = dx + ((at->top + ky) * g->w + at->left + kx) * g->c;
      cnn__vput(to, n, cnn__vadd(cnn__vget(to, n), share(tags, (uint32_t)(ky * g->kw + kx), d)));
    }
  }
}

static void unpool(const cnn__pool *g, const float *dy, const uint16_t *winner, float *dx) {
  memset(dx, 0, (size_t)(g->h * g->w * g->c) * sizeof *dx);
  for (int64_t i = 0; i < g->oh; i++) {
    for (int64_t j = 0; j < g->ow; j++, dy += g->c, winner += g->c) {
      const cnn__window at = cnn__window_at(g, i, j);
      int64_t q = 0;
      for (; q + CNN__LANES <= g->c; q += CNN__LANES) {
        unpool_lanes(g, &at, dy + q, winner + q, dx + q, CNN__LANES);
      }
      if (q < g->c) {
        unpool_lanes(g, &at, dy + q, winner + q, dx + q, g->c - q);
      }
    }
  }
}

static void maxpool_backward(const cnn__pool *g, int64_t n, const float *dy, const uint16_t *winner, float *dx) {
  const int fast = is_2x2(g);
  for (int64_t b = 0; b < n; b++) {
    if (fast) {
      unpool_2x2(g, dy, winner, dx);
    } else {
      unpool(g, dy, winner, dx);
    }
    dx += g->h * g->w * g->c;
    dy += g->oh * g->ow * g->c;
    winner += g->oh * g->ow * g->c;
  }
}

void CNN__NAME(pool_init)(cnn__kernels *t) {
  t->maxpool = maxpool;
  t->maxpool_backward = maxpool_backward;
}
