/* fused: the passes that stand between two convolutions, where the plan has made one layer of several, on sixteen
 * channels at a time. The reference defines the bits, channel by channel. Rows of pixels are walked for one or two
 * vectors of channels at once, whose factors stay in registers. */
#include "kernels/conv_nine.h"
#include "kernels/vector.h"

/* Vectors of channels walked together. */
#define PAIR (CNN__VECTORS >= 32 ? 2 : 1)
#define REST(n) ((n) % CNN__LANES) /* which the compiler sees to be less than all */

#define AHEAD 32 /* pixels from what is read to what is asked for, where it may lie in the third cache */

CNN__INLINE void put_tags(uint8_t *to, int64_t n, cnn__tags tags) {
  if (CNN__ALL_LANES(n)) {
    cnn__tstore_u8(to, tags);
  } else {
    cnn__tstore_u8_n(to, n, tags);
  }
}

CNN__INLINE cnn__ivec get_tags(const uint8_t *from, int64_t n) {
  return CNN__ALL_LANES(n) ? cnn__iload_u8(from) : cnn__iload_u8_n(from, n);
}

/* ---- pooling by the sign of what comes after ---- */

/* How sixteen channels are pooled: as maxima of x times 1 or -1; where nothing `moves`, the first tap stays. */
typedef struct direction {
  cnn__vec turn;
  cnn__mask moves;
  int32_t plain; /* maxima all of them */
} direction;

static direction direction_of(const float *sign, int64_t n) {
  const cnn__vec zero = cnn__vset(0.0f), one = cnn__vset(1.0f);
  if (sign == NULL) {
    return (direction){one, cnn__vgreater(one, zero), 1};
  }
  int32_t plain = 1;
  for (int64_t i = 0; i < n; i++) {
    plain &= sign[i] > 0.0f;
  }
  const cnn__vec s = cnn__vget(sign, n), size = cnn__vmax(s, cnn__vsub(zero, s));
  return (direction){cnn__vselect(cnn__vgreater(zero, s), cnn__vset(-1.0f), one), cnn__vgreater(size, zero), plain};
}

CNN__INLINE cnn__vec tap_at(const float *x, int64_t n, const direction *to, const int plain) {
  return plain ? cnn__vget(x, n) : cnn__vmul(cnn__vget(x, n), to->turn);
}

/* n channels of one window; x, y and winner point at the first of them. */
CNN__INLINE void pool_window(const cnn__pool *g, const int64_t kh, const int64_t kw, const float *x,
                             const direction *to, const int plain, float *y, uint8_t *winner, int64_t n) {
  cnn__vec best = tap_at(x, n, to, plain);
  cnn__tags tags = cnn__tset(0);
  for (int64_t ky = 0; ky < kh; ky++) {
    for (int64_t kx = ky == 0; kx < kw; kx++) {
      const cnn__vec value = tap_at(x + (ky * g->w + kx) * g->c, n, to, plain);
      tags = cnn__tselect(cnn__vgreater(value, best), cnn__tset((uint16_t)(ky * kw + kx)), tags);
      best = cnn__vmax(value, best);
    }
  }
  if (!plain) {
    best = cnn__vselect(to->moves, cnn__vmul(best, to->turn), cnn__vget(x, n));
    tags = cnn__tselect(to->moves, tags, cnn__tset(0));
  }
  cnn__vput(y, n, best);
  if (winner != NULL) {
    put_tags(winner, n, tags);
  }
}

/* All windows of an output row, for `vectors` vectors of channels, n lanes of the last one. */
CNN__INLINE void pool_row(const cnn__pool *g, const int64_t kh, const int64_t kw, const float *x, const direction *to,
                          const int plain, float *y, uint8_t *winner, const int vectors, int64_t n) {
  for (int64_t j = 0; j < g->ow; j++, x += g->sw * g->c, y += g->c) {
    for (int v = 0; v < vectors; v++) {
      const int64_t q = v * CNN__LANES;
      pool_window(g, kh, kw, x + q, &to[v], plain, y + q, winner == NULL ? NULL : winner + j * g->c + q,
                  v + 1 == vectors ? n : CNN__LANES);
    }
  }
}

/* All rows of n images. */
CNN__INLINE void pool_rows(const cnn__pool *g, int64_t n, const float *x, const float *sign, float *y, uint8_t *winner,
                           const int vectors, int64_t lanes) {
  const int64_t line = g->ow * g->c;
  direction to[PAIR];
  int plain = g->kh == 2 && g->kw == 2;
  for (int v = 0; v < vectors; v++) {
    to[v] = direction_of(sign == NULL ? NULL : sign + v * CNN__LANES, v + 1 == vectors ? lanes : CNN__LANES);
    plain &= to[v].plain;
  }
  for (int64_t row = 0; row < n * g->oh; row++) {
    const float *from = x + ((row / g->oh * g->h + row % g->oh * g->sh) * g->w) * g->c;
    uint8_t *tags = winner == NULL ? NULL : winner + row * line;
    if (plain && tags != NULL) {
      pool_row(g, 2, 2, from, to, 1, y + row * line, tags, vectors, lanes);
    } else if (plain) {
      pool_row(g, 2, 2, from, to, 1, y + row * line, NULL, vectors, lanes);
    } else {
      pool_row(g, g->kh, g->kw, from, to, 0, y + row * line, tags, vectors, lanes);
    }
  }
}

static void maxpool_signed(const cnn__pool *g, int64_t n, const float *x, const float *sign, float *y,
                           uint8_t *winner) {
  for (int64_t q = 0, step; q < g->c; q += step) {
    const int64_t left = g->c - q;
    const float *signs = sign == NULL ? NULL : sign + q;
    uint8_t *tags = winner == NULL ? NULL : winner + q;
    step = left >= PAIR * CNN__LANES ? PAIR * CNN__LANES : left >= CNN__LANES ? CNN__LANES : left;
    if (step == PAIR * CNN__LANES) {
      pool_rows(g, n, x + q, signs, y + q, tags, PAIR, CNN__LANES);
    } else if (step == CNN__LANES) {
      pool_rows(g, n, x + q, signs, y + q, tags, 1, CNN__LANES);
    } else {
      pool_rows(g, n, x + q, signs, y + q, tags, 1, REST(left));
    }
  }
}

/* ---- the gradient before batch normalisation and pooling ---- */

/* A row of pixels of one or two vectors of channels; n lanes of the last one. dy is NULL where no window covers the
 * row. */
typedef struct row {
  const float *x, *dy;
  const uint8_t *winner;
  float *dx;
  double *sums; /* NULL: nobody wants them */
  int64_t c, w, ow, kw, first_tap; /* first_tap: of the row in its windows */
  int64_t n;
} row;

typedef struct factors {
  cnn__vec mean[PAIR], a[PAIR], b[PAIR], d[PAIR];
} factors;

/* What a window gives: dy * a, and to which tap. */
typedef struct given {
  cnn__vec dy;
  cnn__ivec winner;
} given;

CNN__INLINE int64_t lanes_of(const row *r, const int vectors, int v) { return v + 1 == vectors ? r->n : CNN__LANES; }

CNN__INLINE given window_gives(const row *r, const factors *f, const int vectors, int v, const int tags, int64_t j) {
  given from = {cnn__vset(0.0f), cnn__iset(0)};
  if (r->dy != NULL && j < r->ow) {
    const int64_t at = j * r->c + v * CNN__LANES, n = lanes_of(r, vectors, v);
    cnn__fetch(r->dy + at, AHEAD / 2 * r->c * (int64_t)sizeof(float));
    from.dy = cnn__vmul(cnn__vget(r->dy + at, n), f->a[v]);
    if (tags) {
      cnn__fetch(r->winner + at, AHEAD / 2 * r->c);
      from.winner = get_tags(r->winner + at, n);
    }
  }
  return from;
}

CNN__INLINE void pixel(const row *r, const factors *f, const int vectors, int v, const int tags, const int relu,
                       const given *from, int64_t tap, int64_t p, cnn__vec *chain) {
  const int64_t at = p * r->c + v * CNN__LANES, n = lanes_of(r, vectors, v);
  cnn__fetch(r->x + at, AHEAD * r->c * (int64_t)sizeof(float));
  const cnn__vec x = cnn__vget(r->x + at, n);
  const cnn__vec share = tags ? cnn__vkeep(cnn__iequal(from->winner, cnn__iset((uint32_t)tap)), from->dy) : from->dy;
  cnn__vec dx = cnn__vadd(cnn__vadd(share, cnn__vmul(cnn__vsub(x, f->mean[v]), f->b[v])), f->d[v]);
  if (relu) {
    dx = cnn__vkeep(cnn__vgreater(x, cnn__vset(0.0f)), dx);
  }
  cnn__vput(r->dx + at, n, dx);
  *chain = cnn__vadd(*chain, dx);
}

CNN__INLINE void add_chains(const row *r, const int vectors, const cnn__vec *chain) {
  for (int v = 0; r->sums != NULL && v < vectors; v++) {
    float all[CNN__LANES];
    cnn__vstore(all, chain[v]);
    for (int64_t i = 0; i < lanes_of(r, vectors, v); i++) {
      r->sums[v * CNN__LANES + i] += (double)all[i];
    }
  }
}

/* Pixels in pieces of CNN__PIXELS, each a chain of its own; kw is a constant where windows are two wide. */
CNN__INLINE void walk(const row *r, const factors *f, const int vectors, const int tags, const int relu,
                      const int64_t kw) {
  for (int64_t p = 0; p < r->w;) {
    const int64_t end = r->w - p < CNN__PIXELS ? r->w : p + CNN__PIXELS;
    cnn__vec chain[PAIR];
    for (int v = 0; v < vectors; v++) {
      chain[v] = cnn__vset(0.0f);
    }
    for (int64_t j = p / kw, kx = p % kw; p < end; j++, kx = 0) {
      const int64_t most = end - p < kw - kx ? end - p : kw - kx;
      given from[PAIR];
      for (int v = 0; v < vectors; v++) {
        from[v] = window_gives(r, f, vectors, v, tags, j);
      }
      if (most == kw && kw == 2) {
        for (int v = 0; v < vectors; v++) {
          pixel(r, f, vectors, v, tags, relu, &from[v], r->first_tap, p, &chain[v]);
          pixel(r, f, vectors, v, tags, relu, &from[v], r->first_tap + 1, p + 1, &chain[v]);
        }
        p += 2;
        continue;
      }
      for (int64_t last = p + most; p < last; p++, kx++) {
        for (int v = 0; v < vectors; v++) {
          pixel(r, f, vectors, v, tags, relu, &from[v], r->first_tap + kx, p, &chain[v]);
        }
      }
    }
    add_chains(r, vectors, chain);
  }
}

CNN__INLINE void walk_kind(const row *r, const factors *f, const int vectors, const int relu) {
  if (r->winner == NULL) {
    walk(r, f, vectors, 0, relu, 1);
  } else if (r->kw == 2) {
    walk(r, f, vectors, 1, relu, 2);
  } else {
    walk(r, f, vectors, 1, relu, r->kw);
  }
}

CNN__INLINE factors factors_at(const float *mean, const float *a, const float *b, const float *d, const int vectors,
                               int64_t n) {
  factors f;
  for (int v = 0; v < vectors; v++) {
    const int64_t q = v * CNN__LANES, lanes = v + 1 == vectors ? n : CNN__LANES;
    f.mean[v] = cnn__vget(mean + q, lanes);
    f.a[v] = cnn__vget(a + q, lanes);
    f.b[v] = cnn__vget(b + q, lanes);
    f.d[v] = cnn__vget(d + q, lanes);
  }
  return f;
}

/* The rows of an image; first stands at the first of them. */
CNN__INLINE void image_rows(const cnn__pool *g, row first, const factors *f, const int vectors, const int relu) {
  const float *dy = first.dy;
  const uint8_t *winner = first.winner;
  for (int64_t i = 0; i < g->h; i++) {
    const int64_t window = i / g->kh, at = window * g->ow * g->c;
    first.dy = window < g->oh ? dy + at : NULL;
    first.winner = winner == NULL ? NULL : winner + at;
    first.first_tap = i % g->kh * g->kw;
    walk_kind(&first, f, vectors, relu);
    first.x += g->w * g->c;
    first.dx += g->w * g->c;
  }
}

#define IMAGE(name, vectors, lanes, relu)                                              \
  static void name(const cnn__pool *g, const row *first, const float *const factor[4]) { \
    row r = *first;                                                                    \
    r.n = lanes;                                                                       \
    const factors f = factors_at(factor[0], factor[1], factor[2], factor[3], vectors, lanes); \
    image_rows(g, r, &f, vectors, relu);                                               \
  }
IMAGE(pair, PAIR, CNN__LANES, 0)
IMAGE(pair_relu, PAIR, CNN__LANES, 1)
IMAGE(single, 1, CNN__LANES, 0)
IMAGE(single_relu, 1, CNN__LANES, 1)
IMAGE(some, 1, REST(first->n), 0)
IMAGE(some_relu, 1, REST(first->n), 1)

static void maxpool_bn_backward(const cnn__pool *g, int64_t n, const float *x, const float *mean, const float *a,
                                const float *b, const float *d, const float *dy, const uint8_t *winner, int32_t relu,
                                float *dx, int32_t add, double *sums) {
  const int64_t c = g->c, in = g->h * g->w * c, out = g->oh * g->ow * c;
  for (int64_t q = 0; q < c && sums != NULL && !add; q++) {
    sums[q] = 0.0;
  }
  for (int64_t image = 0; image < n; image++) {
    for (int64_t q = 0, step; q < c; q += step) {
      const int64_t left = c - q;
      step = left >= PAIR * CNN__LANES ? PAIR * CNN__LANES : left >= CNN__LANES ? CNN__LANES : left;
      const row first = {.x = x + image * in + q, .dy = dy + image * out + q,
                         .winner = winner == NULL ? NULL : winner + image * out + q, .dx = dx + image * in + q,
                         .sums = sums == NULL ? NULL : sums + q, .c = c, .w = g->w, .ow = g->ow, .kw = g->kw,
                         .n = step};
      const float *const factor[4] = {mean + q, a + q, b + q, d + q};
      if (step == PAIR * CNN__LANES) {
        (relu ? pair_relu : pair)(g, &first, factor);
      } else if (step == CNN__LANES) {
        (relu ? single_relu : single)(g, &first, factor);
      } else {
        (relu ? some_relu : some)(g, &first, factor);
      }
    }
  }
}

void CNN__NAME(fused_init)(cnn__kernels *t) {
  t->maxpool_signed = maxpool_signed;
  t->maxpool_bn_backward = maxpool_bn_backward;
#if CNN__VECTORS >= 32
  t->nine_backward = CNN__NAME(nine_backward);
  t->nine_pays = 1;
#endif
}
