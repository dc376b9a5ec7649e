/* norm: sums over the pixels of each channel and batch-norm's affine maps, on sixteen channels at a time. The reference
 * defines the bits, channel by channel, so that channels go side by side and nothing changes. */
#include "kernels/kernel.h"
#include "kernels/vector.h"

#define CHAINS 4 /* chains of float additions under way at once: what hides their latency */

/* What a pixel adds to a sum, for n <= 16 channels. */
typedef cnn__vec term(const float *x, const float *dy, cnn__vec mean, int64_t n);

CNN__INLINE cnn__vec value_term(const float *x, const float *dy, cnn__vec mean, int64_t n) {
  (void)dy;
  (void)mean;
  return cnn__vget(x, n);
}

CNN__INLINE cnn__vec square_term(const float *x, const float *dy, cnn__vec mean, int64_t n) {
  (void)dy;
  const cnn__vec d = cnn__vsub(cnn__vget(x, n), mean);
  return cnn__vmul(d, d);
}

CNN__INLINE cnn__vec gradient_term(const float *x, const float *dy, cnn__vec mean, int64_t n) {
  (void)x;
  (void)mean;
  return cnn__vget(dy, n);
}

CNN__INLINE cnn__vec product_term(const float *x, const float *dy, cnn__vec mean, int64_t n) {
  return cnn__vmul(cnn__vget(dy, n), cnn__vsub(cnn__vget(x, n), mean));
}

/* The tile of a sum: `vectors` of sixteen channels (the last of n lanes; n < 16 only where vectors is 1), c floats per
 * pixel. */
typedef struct tile {
  int64_t c;
  int vectors;
  int64_t n;
  const float *x, *dy;
} tile;

/* Of `arrays` arrays the lines that the next group of blocks finds at floats `at` of this one. */
CNN__INLINE void fetch_next(const tile *t, int64_t at, int blocks, const int arrays) {
  const int64_t group = blocks * CNN__PIXELS * t->c * (int64_t)sizeof(float);
  if (arrays > 0) {
    cnn__fetch(t->x + at, group);
  }
  if (arrays > 1) {
    cnn__fetch(t->dy + at, group);
  }
}

/* Adds to the doubles the float sums of `blocks` blocks that lie one behind the other, of `pixels` each. */
CNN__INLINE void add_blocks(term *f, const tile *t, int64_t at, int64_t pixels, int blocks, const int ahead,
                            const cnn__vec *mean, cnn__dvec *sums) {
  cnn__vec chains[CHAINS];
  for (int b = 0; b < blocks; b++) {
    for (int v = 0; v < t->vectors; v++) {
      const int64_t first = (at + b * CNN__PIXELS) * t->c + v * CNN__LANES;
      fetch_next(t, first, blocks, ahead);
      chains[b * t->vectors + v] = f(t->x + first, t->dy + first, mean[v], t->n);
    }
  }
  for (int64_t p = 1; p < pixels; p++) {
    for (int b = 0; b < blocks; b++) {
      for (int v = 0; v < t->vectors; v++) {
        const int64_t next = (at + b * CNN__PIXELS + p) * t->c + v * CNN__LANES;
        fetch_next(t, next, blocks, ahead);
        const cnn__vec value = f(t->x + next, t->dy + next, mean[v], t->n);
        chains[b * t->vectors + v] = cnn__vadd(chains[b * t->vectors + v], value);
      }
    }
  }
  for (int b = 0; b < blocks; b++) {
    for (int v = 0; v < t->vectors; v++) {
      sums[v] = cnn__dadd(sums[v], cnn__dfrom_v(chains[b * t->vectors + v]));
    }
  }
}

CNN__INLINE void put_sums(const cnn__dvec *from, const tile *t, double *to) {
  double all[CHAINS * CNN__LANES];
  for (int v = 0; v < t->vectors; v++) {
    cnn__dstore(all + v * CNN__LANES, from[v]);
  }
  const int64_t count = (t->vectors - 1) * CNN__LANES + t->n;
  for (int64_t i = 0; i < count; i++) {
    to[i] = all[i];
  }
}

/* The sums of one or two terms (g may be NULL) over all samples. The second walks a group of blocks while the first's
 * reads still lie in the nearest cache. */
CNN__INLINE void sum_tile(term *f, term *g, tile t, int64_t n, int64_t pixels, const float *mean, double *sums_f,
                          double *sums_g) {
  const int together = CHAINS / t.vectors, ahead = g == NULL ? 1 : 2;
  cnn__vec means[CHAINS];
  cnn__dvec of_f[CHAINS], of_g[CHAINS];
  for (int v = 0; v < t.vectors; v++) {
    means[v] = mean == NULL ? cnn__vset(0.0f) : cnn__vget(mean + v * CNN__LANES, t.n);
    of_f[v] = of_g[v] = cnn__dset(0.0);
  }
  for (int64_t b = 0; b < n; b++) {
    int64_t p = 0;
    for (; together > 1 && p + together * CNN__PIXELS <= pixels; p += together * CNN__PIXELS) {
      add_blocks(f, &t, b * pixels + p, CNN__PIXELS, together, ahead, means, of_f);
      if (g != NULL) {
        add_blocks(g, &t, b * pixels + p, CNN__PIXELS, together, 0, means, of_g);
      }
    }
    for (; p < pixels; p += CNN__PIXELS) {
      const int64_t count = pixels - p < CNN__PIXELS ? pixels - p : CNN__PIXELS;
      add_blocks(f, &t, b * pixels + p, count, 1, together > 1 ? 0 : ahead, means, of_f);
      if (g != NULL) {
        add_blocks(g, &t, b * pixels + p, count, 1, 0, means, of_g);
      }
    }
  }
  put_sums(of_f, &t, sums_f);
  if (g != NULL) {
    put_sums(of_g, &t, sums_g);
  }
}

/* The first `channels` of c, in tiles of four vectors, two, one and the rest. */
CNN__INLINE void sum_channels(term *f, term *g, int64_t n, int64_t pixels, int64_t c, int64_t channels, const float *x,
                              const float *dy, const float *mean, double *sums_f, double *sums_g) {
  for (int64_t q = 0; q < channels;) {
    const float *means = mean == NULL ? NULL : mean + q;
    double *to_g = g == NULL ? NULL : sums_g + q;
    const int64_t left = channels - q;
    if (left >= 4 * CNN__LANES) {
      sum_tile(f, g, (tile){c, 4, CNN__LANES, x + q, dy + q}, n, pixels, means, sums_f + q, to_g);
      q += 4 * CNN__LANES;
    } else if (left >= 2 * CNN__LANES) {
      sum_tile(f, g, (tile){c, 2, CNN__LANES, x + q, dy + q}, n, pixels, means, sums_f + q, to_g);
      q += 2 * CNN__LANES;
    } else if (left >= CNN__LANES) {
      sum_tile(f, g, (tile){c, 1, CNN__LANES, x + q, dy + q}, n, pixels, means, sums_f + q, to_g);
      q += CNN__LANES;
    } else {
      sum_tile(f, g, (tile){c, 1, left, x + q, dy + q}, n, pixels, means, sums_f + q, to_g);
      q += left;
    }
  }
}

static void channel_sums(int64_t n, int64_t pixels, int64_t c, const float *x, double *sums) {
  sum_channels(value_term, NULL, n, pixels, c, c, x, x, NULL, sums, NULL);
}

/* Channels whose moments are worked out together. */
#define GROUP (4 * CNN__LANES)

/* Mean and sum of squared deviations of up to GROUP channels of one sample; c floats per pixel. */
static void sample_moments(int64_t pixels, int64_t c, int64_t channels, const float *x, double *mean, double *m2) {
  const double count = (double)pixels;
  float rounded[GROUP];
  sum_channels(value_term, NULL, 1, pixels, c, channels, x, x, NULL, mean, NULL);
  for (int64_t i = 0; i < channels; i++) {
    mean[i] = mean[i] / count;
    rounded[i] = (float)mean[i];
  }
  sum_channels(square_term, NULL, 1, pixels, c, channels, x, x, rounded, m2, NULL);
  for (int64_t i = 0; i < channels; i++) {
    const double d = mean[i] - (double)rounded[i];
    const double sum = m2[i] - count * d * d;
    m2[i] = 0.0 > sum ? 0.0 : sum;
  }
}

static void bn_moments(int64_t before, int64_t n, int64_t pixels, int64_t c, const float *x, double *mean, double *m2) {
  for (int64_t b = before; b < before + n; b++, x += pixels * c) {
    const double share = 1.0 / (double)(b + 1), weight = (double)b * share * (double)pixels;
    for (int64_t q = 0; q < c; q += GROUP) {
      const int64_t channels = c - q < GROUP ? c - q : GROUP;
      double its_mean[GROUP], its_m2[GROUP];
      sample_moments(pixels, c, channels, x + q, b == 0 ? mean + q : its_mean, b == 0 ? m2 + q : its_m2);
      for (int64_t i = 0; i < channels && b > 0; i++) {
        const double delta = its_mean[i] - mean[q + i];
        mean[q + i] += delta * share;
        m2[q + i] += its_m2[i] + delta * delta * weight;
      }
    }
  }
}

static void bn_backward_sums(int64_t n, int64_t pixels, int64_t c, const float *x, const float *mean, const float *dy,
                             double *sum_dy, double *sum_dy_xc) {
  sum_channels(gradient_term, product_term, n, pixels, c, c, x, dy, mean, sum_dy, sum_dy_xc);
}

#define WIDE (CNN__VECTORS >= 32 ? 4 : 2) /* vectors of channels whose factors stay in registers */

CNN__INLINE void normalize_lanes(const float *x, cnn__vec mean, cnn__vec scale, cnn__vec shift, float *y, int64_t n) {
  cnn__vput(y, n, cnn__vadd(cnn__vmul(cnn__vsub(cnn__vget(x, n), mean), scale), shift));
}

/* `vectors` of sixteen channels of every pixel, or one of n < 16. */
CNN__INLINE void normalize_tile(int64_t pixels, int64_t c, int vectors, int64_t n, const float *x, const float *mean,
                                const float *scale, const float *shift, float *y) {
  cnn__vec m[WIDE], s[WIDE], t[WIDE];
  for (int v = 0; v < vectors; v++) {
    m[v] = cnn__vget(mean + v * CNN__LANES, n);
    s[v] = cnn__vget(scale + v * CNN__LANES, n);
    t[v] = cnn__vget(shift + v * CNN__LANES, n);
  }
  for (int64_t p = 0; p < pixels; p++, x += c, y += c) {
    for (int v = 0; v < vectors; v++) {
      cnn__fetch(x + v * CNN__LANES, CNN__PIXELS * c * (int64_t)sizeof(float));
      normalize_lanes(x + v * CNN__LANES, m[v], s[v], t[v], y + v * CNN__LANES, n);
    }
  }
}

/* The factors of fewer than sixteen channels, repeated, so that sixteen elements from any channel on meet theirs. */
typedef struct cycle {
  float at[2 * CNN__LANES];
} cycle;

static cycle repeated(int64_t c, const float *factors) {
  cycle all;
  for (int64_t i = 0; i < 2 * CNN__LANES; i++) {
    all.at[i] = factors[i % c];
  }
  return all;
}

/* The channel sixteen elements further on; 16 % c < c, so that one subtraction does. */
static int64_t channel_after(int64_t channel, int64_t step, int64_t c) {
  const int64_t next = channel + step;
  return next < c ? next : next - c;
}

static void normalize_few(int64_t pixels, int64_t c, const float *x, const float *mean, const float *scale,
                          const float *shift, float *y) {
  const cycle m = repeated(c, mean), s = repeated(c, scale), t = repeated(c, shift);
  const int64_t all = pixels * c, step = CNN__LANES % c;
  for (int64_t i = 0, q = 0; i < all; i += CNN__LANES, q = channel_after(q, step, c)) {
    const cnn__vec mq = cnn__vload(m.at + q), sq = cnn__vload(s.at + q), tq = cnn__vload(t.at + q);
    if (all - i >= CNN__LANES) {
      normalize_lanes(x + i, mq, sq, tq, y + i, CNN__LANES);
    } else {
      normalize_lanes(x + i, mq, sq, tq, y + i, all - i);
    }
  }
}

static void bn_normalize(int64_t pixels, int64_t c, const float *x, const float *mean, const float *scale,
                         const float *shift, float *y) {
  if (c < CNN__LANES) {
    normalize_few(pixels, c, x, mean, scale, shift, y);
    return;
  }
  int64_t q = 0;
  for (; q + WIDE * CNN__LANES <= c; q += WIDE * CNN__LANES) {
    normalize_tile(pixels, c, WIDE, CNN__LANES, x + q, mean + q, scale + q, shift + q, y + q);
  }
  for (; q + 2 * CNN__LANES <= c; q += 2 * CNN__LANES) {
    normalize_tile(pixels, c, 2, CNN__LANES, x + q, mean + q, scale + q, shift + q, y + q);
  }
  for (; q + CNN__LANES <= c; q += CNN__LANES) {
    normalize_tile(pixels, c, 1, CNN__LANES, x + q, mean + q, scale + q, shift + q, y + q);
  }
  if (q < c) {
    normalize_tile(pixels, c, 1, c - q, x + q, mean + q, scale + q, shift + q, y + q);
  }
}

/* Per channel: mean, a, b, d. */
typedef struct factors {
  cnn__vec mean, a, b, d;
} factors;

CNN__INLINE void apply_lanes(const float *x, const factors *f, const float *dy, float *dx, int64_t n) {
  const cnn__vec centred = cnn__vsub(cnn__vget(x, n), f->mean);
  const cnn__vec sum = cnn__vadd(cnn__vmul(cnn__vget(dy, n), f->a), cnn__vmul(centred, f->b));
  cnn__vput(dx, n, cnn__vadd(sum, f->d));
}

CNN__INLINE void apply_tile(int64_t pixels, int64_t c, int vectors, int64_t n, const float *x, const float *mean,
                            const float *a, const float *b, const float *d, const float *dy, float *dx) {
  factors f[WIDE];
  for (int v = 0; v < vectors; v++) {
    const int64_t q = v * CNN__LANES;
    f[v] = (factors){cnn__vget(mean + q, n), cnn__vget(a + q, n), cnn__vget(b + q, n), cnn__vget(d + q, n)};
  }
  for (int64_t p = 0; p < pixels; p++, x += c, dy += c, dx += c) {
    for (int v = 0; v < vectors; v++) {
      apply_lanes(x + v * CNN__LANES, &f[v], dy + v * CNN__LANES, dx + v * CNN__LANES, n);
    }
  }
}

static void apply_few(int64_t pixels, int64_t c, const float *x, const float *mean, const float *a, const float *b,
                      const float *d, const float *dy, float *dx) {
  const cycle cm = repeated(c, mean), ca = repeated(c, a), cb = repeated(c, b), cd = repeated(c, d);
  const int64_t all = pixels * c, step = CNN__LANES % c;
  for (int64_t i = 0, q = 0; i < all; i += CNN__LANES, q = channel_after(q, step, c)) {
    const factors f = {cnn__vload(cm.at + q), cnn__vload(ca.at + q), cnn__vload(cb.at + q), cnn__vload(cd.at + q)};
    if (all - i >= CNN__LANES) {
      apply_lanes(x + i, &f, dy + i, dx + i, CNN__LANES);
    } else {
      apply_lanes(x + i, &f, dy + i, dx + i, all - i);
    }
  }
}

static void bn_backward_apply(int64_t pixels, int64_t c, const float *x, const float *mean, const float *a,
                              const float *b, const float *d, const float *dy, float *dx) {
  if (c < CNN__LANES) {
    apply_few(pixels, c, x, mean, a, b, d, dy, dx);
    return;
  }
  int64_t q = 0;
  for (; q + WIDE * CNN__LANES <= c; q += WIDE * CNN__LANES) {
    apply_tile(pixels, c, WIDE, CNN__LANES, x + q, mean + q, a + q, b + q, d + q, dy + q, dx + q);
  }
  for (; q + CNN__LANES <= c; q += CNN__LANES) {
    apply_tile(pixels, c, 1, CNN__LANES, x + q, mean + q, a + q, b + q, d + q, dy + q, dx + q);
  }
  if (q < c) {
    apply_tile(pixels, c, 1, c - q, x + q, mean + q, a + q, b + q, d + q, dy + q, dx + q);
  }
}

void CNN__NAME(norm_init)(cnn__kernels *t) {
  t->channel_sums = channel_sums;
  t->bn_moments = bn_moments;
  t->bn_backward_sums = bn_backward_sums;
  t->bn_normalize = bn_normalize;
  t->bn_backward_apply = bn_backward_apply;
}
