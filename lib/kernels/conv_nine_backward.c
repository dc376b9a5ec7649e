/* conv_nine_backward: the gradient of a block that begins with a convolution of one channel by a 3x3 kernel, without its
 * input's: the convolution again, what comes back through pooling and normalisation, and the kernel's gradient, all of it
 * in registers, sixteen output channels at a time. Where the registers do not hold weights and sums at once there is none.
 *
 * The kernel's gradient of some pixels goes in between the convolution of the next ones, because a processor does not
 * look far enough ahead to do so by itself. */
#include "kernels/conv_few.h"
#include "kernels/conv_nine.h"
#include "kernels/tile.h"

#if CNN__VECTORS >= 32

#define TAPS 9
#define STEP 4   /* pixels worked out together: two windows */
#define AHEAD 16 /* windows from what is read to what is asked for */

#if defined(__clang__)
#define UNROLL_ALL CNN__UNROLL
#else
#define UNROLL_ALL _Pragma("GCC unroll 36")
#endif

/* What stays for sixteen output channels. Masks are bits here, and words for the first n lanes take sixteen too: there
 * is one form of all this for whole vectors and others, since it is long. */
typedef struct channels {
  cnn__vec weights[TAPS];
  cnn__vec start, mean, a, b, d;
  int64_t f, lanes;
  cnn__mask kept; /* whose gradient passes an activation that gave 0: none behind relu */
} channels;

/* Pixels whose gradient is known, but not yet in the sums of the kernel; their first inputs in three rows, NULL where
 * none wait. */
typedef struct waiting {
  const float *x[3];
  cnn__vec dx[STEP];
} waiting;

CNN__INLINE cnn__vec held(const float *x) {
  cnn__vec input = cnn__vset(*x);
  CNN__HOLD(input);
  return input;
}

/* Each input is loaded once, for the three pixels of its row that see it. Input `at` of row i to the sums of the kernel: */
CNN__INLINE void settle_one(const int n, const waiting *old, int i, int at, cnn__vec *dw) {
  cnn__vec input = held(old->x[i] + at);
  CNN__UNROLL
  for (int j = 0; j < 3; j++)
    if (at >= j && at - j < n)
      dw[3 * i + j] = cnn__vfma(input, old->dx[at - j], dw[3 * i + j]);
}

/* And to those of the pixels. */
CNN__INLINE void convolve_one(const int n, const float *const x[3], const channels *c, int i, int at, cnn__vec *y) {
  cnn__vec input = held(x[i] + at);
  CNN__UNROLL
  for (int j = 0; j < 3; j++)
    if (at >= j && at - j < n)
      y[at - j] = cnn__vfma(input, c->weights[3 * i + j], y[at - j]);
}

CNN__INLINE void settle(const int n, const waiting *old, cnn__vec *dw) {
  UNROLL_ALL
  for (int e = 0; e < 3 * (n + 2); e++)
    settle_one(n, old, e / (n + 2), e % (n + 2), dw);
}

/* The convolution of n pixels; `also`: and in turn what waits. */
CNN__INLINE void convolve(const int n, const int also, const float *const x[3], const channels *c, cnn__vec *y,
                          const waiting *old, cnn__vec *dw) {
  CNN__UNROLL
  for (int p = 0; p < n; p++)
    y[p] = c->start;
  UNROLL_ALL
  for (int e = 0; e < 3 * (n + 2); e++) {
    convolve_one(n, x, c, e / (n + 2), e % (n + 2), y);
    if (also)
      settle_one(n, old, e / (n + 2), e % (n + 2), dw);
  }
}

/* The gradient of n pixels before the activation. Where relu made 0 of a sum, x itself is not asked for. */
CNN__INLINE void form(const int n, const channels *c, const cnn__vec *x, const cnn__vec *share, cnn__vec *chain,
                      cnn__vec *dx) {
  CNN__UNROLL
  for (int p = 0; p < n; p++) {
    cnn__vec value = cnn__vadd(cnn__vadd(share[p], cnn__vmul(cnn__vsub(x[p], c->mean), c->b)), c->d);
    dx[p] = cnn__vkeep((cnn__mask)(cnn__vgreater(x[p], cnn__vset(0.0f)) | c->kept), value);
    *chain = cnn__vadd(*chain, dx[p]);
  }
}

/* A row of the image. */
typedef struct line {
  const float *x[3];
  const float *dy; /* of the windows over it, the first `covered` pixels */
  const uint8_t *winner;
  int64_t pixels, covered;
  uint32_t tap; /* of its first pixel in its window */
} line;

CNN__INLINE void two_windows(const line *l, const channels *c, cnn__vec *share) {
  CNN__UNROLL
  for (int k = 0; k < STEP / 2; k++) {
    const float *dy = l->dy + k * c->f;
    const uint8_t *winner = l->winner + k * c->f;
    cnn__fetch(dy, AHEAD * c->f * (int64_t)sizeof(float));
    cnn__fetch(winner, AHEAD * c->f);
    cnn__vec gives = cnn__vmul(cnn__vload_n(dy, c->lanes), c->a);
    cnn__ivec won = cnn__iload_u8_n(winner, c->lanes);
    share[2 * k] = cnn__vkeep(cnn__iequal(won, cnn__iset(l->tap)), gives);
    share[2 * k + 1] = cnn__vkeep(cnn__iequal(won, cnn__iset(l->tap + 1)), gives);
  }
}

/* Pixels [j, end) by fours while windows cover them; returns how far it came. */
CNN__INLINE int64_t fours(line *l, const channels *c, int64_t j, int64_t end,
                          waiting *old, cnn__vec *chain, cnn__vec *dw) {
  for (; j + STEP <= end && j + STEP <= l->covered; j += STEP) {
    cnn__vec share[STEP], y[STEP];
    two_windows(l, c, share);
    if (old->x[0])
      convolve(STEP, 1, l->x, c, y, old, dw);
    else
      convolve(STEP, 0, l->x, c, y, old, dw);
    form(STEP, c, y, share, chain, old->dx);
    for (int i = 0; i < 3; i++) {
      old->x[i] = l->x[i];
      l->x[i] += STEP;
      CNN__HIDE(old->x[i]);
      CNN__HIDE(l->x[i]);
    }
    l->dy += STEP / 2 * c->f;
    l->winner += STEP / 2 * c->f;
    CNN__HIDE(l->dy);
    CNN__HIDE(l->winner);
  }
  return j;
}

/* The pixels up to `end` one by one. */
CNN__INLINE void ones(line *l, const channels *c, int64_t j, int64_t end,
                      waiting *old, cnn__vec *chain, cnn__vec *dw) {
  if (j < end && old->x[0]) {
    settle(STEP, old, dw);
    old->x[0] = NULL;
  }
  for (; j < end; j++) {
    cnn__vec share = cnn__vset(0.0f), y;
    if (j < l->covered) {
      cnn__ivec won = cnn__iload_u8_n(l->winner, c->lanes), tap = cnn__iset(l->tap + (uint32_t)(j % 2));
      share = cnn__vkeep(cnn__iequal(won, tap), cnn__vmul(cnn__vload_n(l->dy, c->lanes), c->a));
      l->dy += j % 2 * c->f;
      l->winner += j % 2 * c->f;
    }
    waiting one = {.x = {l->x[0]++, l->x[1]++, l->x[2]++}};
    convolve(1, 0, one.x, c, &y, old, dw);
    form(1, c, &y, &share, chain, one.dx);
    settle(1, &one, dw);
  }
}

CNN__INLINE void one_line(line l, const channels *c, waiting *old, cnn__vec *dw,
                          double *sums) {
  for (int64_t j = 0, end; j < l.pixels; j = end) {
    end = l.pixels - j < CNN__PIXELS ? l.pixels : j + CNN__PIXELS;
    cnn__vec chain = cnn__vset(0.0f);
    j = fours(&l, c, j, end, old, &chain, dw);
    ones(&l, c, j, end, old, &chain, dw);
    float all[CNN__LANES];
    cnn__vstore(all, chain);
    for (int64_t i = 0; sums && i < c->lanes; i++)
      sums[i] += (double)all[i];
  }
}

/* A band of an image from row row0 on, whose input stands in a copy with zeros around it. */
typedef struct band {
  const cnn__conv *g;
  const cnn__pool *pool;
  const float *x;
  int64_t row0;
} band;

static void lines(const band *b, const channels *c, const float *dy,
                       const uint8_t *winner, int32_t add, float *to, double *sums) {
  waiting old = {{NULL, NULL, NULL}, {cnn__vset(0.0f)}};
  cnn__vec dw[TAPS];
  CNN__UNROLL
  for (int tap = 0; tap < TAPS; tap++)
    dw[tap] = add ? cnn__vload_n(to + tap * c->f, c->lanes) : cnn__vset(0.0f);
  for (int64_t i = 0; i < b->g->oh; i++) {
    const float *x = b->x + i * b->g->w;
    int64_t row = b->row0 + i, window = row / 2, at = window * b->pool->ow * c->f;
    line l = {.x = {x, x + b->g->w, x + 2 * b->g->w}, .dy = dy, .winner = winner, .pixels = b->g->ow,
              .tap = (uint32_t)(row % 2 * 2)};
    if (window < b->pool->oh) {
      l.dy += at;
      l.winner += at;
      l.covered = 2 * b->pool->ow;
    }
    one_line(l, c, &old, dw, sums);
  }
  if (old.x[0])
    settle(STEP, &old, dw);
  CNN__UNROLL
  for (int tap = 0; tap < TAPS; tap++)
    cnn__vstore_n(to + tap * c->f, c->lanes, dw[tap]);
}

static channels channels_at(const cnn__conv *g, int64_t q, const float *packed, const float *bias, int32_t relu,
                            const float *const factors[4]) {
  channels c = {.f = g->f, .lanes = cnn__at_most(g->f - q, CNN__LANES),
                .kept = relu ? 0 : 0xffff};
  for (int tap = 0; tap < TAPS; tap++)
    c.weights[tap] = cnn__vload(packed + q * TAPS + tap * CNN__LANES);
  c.start = bias ? cnn__vget(bias + q, c.lanes) : cnn__vset(0.0f);
  c.mean = cnn__vget(factors[0] + q, c.lanes);
  c.a = cnn__vget(factors[1] + q, c.lanes);
  c.b = cnn__vget(factors[2] + q, c.lanes);
  c.d = cnn__vget(factors[3] + q, c.lanes);
  return c;
}

void CNN__NAME(nine_backward)(const cnn__conv *g, const cnn__pool *pool, const float *x, const float *packed,
                              const float *bias, int32_t relu, const float *const factors[4], const float *dy,
                              const uint8_t *winner, int32_t add, float *dw, double *sums, void *scratch) {
  for (int64_t q = 0; sums && !add && q < g->f; q++)
    sums[q] = 0.0;
  for (int64_t row = 0, rows; row < g->oh; row += rows) {
    rows = cnn__at_most(cnn__conv_few_rows(g), g->oh - row);
    cnn__conv part = cnn__conv_pad(g, x, row, rows, scratch);
    band b = {&part, pool, scratch, row};
    for (int64_t q = 0; q < g->f; q += CNN__LANES) {
      channels c = channels_at(g, q, packed, bias, relu, factors);
      lines(&b, &c, dy + q, winner + q, add || row > 0, dw + q, sums ? sums + q : NULL);
    }
  }
}

#endif
