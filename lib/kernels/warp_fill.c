/* warp_fill: sampling with any fill mode and order: one source for every level, the reference included. Plain loops over
 * doubles, the same operations in the same order however wide the compiler makes them, so the bits are the same.
 *
 * Coordinates are doubles here, not the tracks of affine.h: folding them back into the image would break a track. */
#include "kernels/kernel.h"

#include <math.h>

#define STRETCH 128      /* columns that are placed at a time */
#define FAR 1073741824.0 /* coordinates beyond count as this */

/* Where a stretch of columns lies along one axis. */
typedef struct places {
  int32_t first[STRETCH];
  int32_t outside[STRETCH];
  float fraction[STRETCH]; /* of the way to the next position; where it is 0 that one is not looked at */
} places;

/* A stretch of one channel: each pixel's neighbours, as floats. */
typedef struct corners {
  float here[STRETCH], right[STRETCH], below[STRETCH], across[STRETCH];
} corners;

static inline double whole(double x) { return (double)(int32_t)x; }

static inline double clamped(double x, double least, double most) {
  const double low = x > least ? x : least;
  return low < most ? low : most;
}

/* c b a | a b c d | d c b: the distance from the left edge, modulo two extents, runs there and back. */
static inline double reflected(double x, double extent) {
  const double period = 2.0 * extent, from_edge = x + 0.5;
  const double rest = from_edge - whole(from_edge / period) * period, once_more = rest + period;
  const double there = rest < 0.0 ? once_more : rest, back = period - there;
  return (there < extent ? there : back) - 0.5;
}

/* As SciPy wraps: an image's last pixel is the first one of the next copy, so the period is the last position. */
static inline double wrapped(double x, double last) {
  const double minus = -x, length = x < 0.0 ? minus : x, rest = length - whole(length / last) * last;
  const double from_end = last - rest, folded = length > last ? rest : length;
  return x < 0.0 ? from_end : folded;
}

/* Coordinates base + slope * column of columns [q, q + n). NaN counts as 0. */
static void place(const cnn__fill *fill, int64_t extent, double base, double slope, int64_t q, int64_t n, places *out) {
  const double last = (double)(extent - 1), half = fill->order == 0 ? 0.5 : 0.0;
  const int32_t edges = fill->mode == CNN__FILL_CONSTANT;
  double at[STRETCH];
  for (int64_t i = 0; i < n; i++) {
    const double x = base + slope * (double)(int32_t)(q + i), number = x == x ? x : 0.0;
    at[i] = clamped(number, -FAR, FAR);
  }
  for (int64_t i = 0; i < n; i++) {
    out->outside[i] = edges & ((at[i] < 0.0) | (at[i] > last));
  }
  if (fill->mode == CNN__FILL_REFLECT) {
    for (int64_t i = 0; i < n; i++) {
      at[i] = reflected(at[i], (double)extent);
    }
  }
  if (fill->mode == CNN__FILL_WRAP && extent > 1) {
    for (int64_t i = 0; i < n; i++) {
      at[i] = wrapped(at[i], last);
    }
  }
  for (int64_t i = 0; i < n; i++) {
    const double x = clamped(at[i], 0.0, last) + half, first = whole(x);
    out->first[i] = (int32_t)first;
    out->fraction[i] = (float)(x - first);
  }
  for (int64_t i = 0; fill->order == 0 && i < n; i++) {
    out->fraction[i] = 0.0f;
  }
}

/* Neighbours of a stretch, counted in values of the image, channel 0. */
typedef struct offsets {
  int32_t here[STRETCH], right[STRETCH], below[STRETCH];
} offsets;

static void find(const places *y, const places *x, int64_t w, int64_t c, int64_t n, offsets *out) {
  const int32_t pixel = (int32_t)c, row = (int32_t)(w * c);
  for (int64_t i = 0; i < n; i++) {
    out->here[i] = y->first[i] * row + x->first[i] * pixel;
    out->right[i] = x->fraction[i] > 0.0f ? pixel : 0;
    out->below[i] = y->fraction[i] > 0.0f ? row : 0;
  }
}

/* Blends one channel of a stretch; divisor 1 leaves every bit. */
static void finish(const places *y, const places *x, const corners *from, int64_t n, float divisor, float value, int64_t c,
                   float *dst) {
  float blended[STRETCH];
  for (int64_t i = 0; i < n; i++) {
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): order 1, of which fetch filled all four */
    const float top = fmaf(from->right[i] - from->here[i], x->fraction[i], from->here[i]);
    const float bottom = fmaf(from->across[i] - from->below[i], x->fraction[i], from->below[i]);
    const float inside = fmaf(bottom - top, y->fraction[i], top) / divisor;
    blended[i] = (y->outside[i] | x->outside[i]) ? value : inside;
  }
  for (int64_t i = 0; i < n; i++) {
    dst[i * c] = blended[i];
  }
}

/* The nearest pixels of one channel, in `here` alone. */
static void finish_nearest(const places *y, const places *x, const corners *from, int64_t n, float divisor, float value,
                           int64_t c, float *dst) {
  for (int64_t i = 0; i < n; i++) {
    const float inside = from->here[i] / divisor;
    dst[i * c] = (y->outside[i] | x->outside[i]) ? value : inside;
  }
}

/* The columns of a row, or of a wide one as many as are placed together. */
typedef struct stretch {
  places y, x;
  offsets at;
  int64_t n;
} stretch;

static void begin(stretch *s, int64_t h, int64_t w, int64_t c, const double m[6], const cnn__fill *fill, int64_t r,
                  int64_t q) {
  s->n = w - q < STRETCH ? w - q : STRETCH;
  place(fill, h, m[0] * (double)r + m[2], m[1], q, s->n, &s->y);
  place(fill, w, m[3] * (double)r + m[5], m[4], q, s->n, &s->x);
  find(&s->y, &s->x, w, c, s->n, &s->at);
}

/* The neighbours that the order asks for. */
static void fetch_u8(const uint8_t *src, const offsets *at, int32_t order, int64_t n, corners *out) {
  for (int64_t i = 0; order == 0 && i < n; i++) {
    out->here[i] = (float)src[at->here[i]];
  }
  for (int64_t i = 0; order == 1 && i < n; i++) {
    const uint8_t *from = src + at->here[i];
    out->here[i] = (float)from[0];
    out->right[i] = (float)from[at->right[i]];
    out->below[i] = (float)from[at->below[i]];
    out->across[i] = (float)from[at->below[i] + at->right[i]];
  }
}

static void fetch_f32(const float *src, const offsets *at, int32_t order, int64_t n, corners *out) {
  for (int64_t i = 0; order == 0 && i < n; i++) {
    out->here[i] = src[at->here[i]];
  }
  for (int64_t i = 0; order == 1 && i < n; i++) {
    const float *from = src + at->here[i];
    out->here[i] = from[0];
    out->right[i] = from[at->right[i]];
    out->below[i] = from[at->below[i]];
    out->across[i] = from[at->below[i] + at->right[i]];
  }
}

static void warp_fill_u8(int64_t h, int64_t w, int64_t c, const uint8_t *src, const double m[6], const cnn__fill *fill,
                         float divisor, float *dst) {
  stretch s;
  corners from;
  for (int64_t r = 0; r < h; r++) {
    for (int64_t q = 0; q < w; q += STRETCH, dst += s.n * c) {
      begin(&s, h, w, c, m, fill, r, q);
      for (int64_t k = 0; k < c; k++) {
        fetch_u8(src + k, &s.at, fill->order, s.n, &from);
        (fill->order ? finish : finish_nearest)(&s.y, &s.x, &from, s.n, divisor, fill->value, c, dst + k);
      }
    }
  }
}

static void warp_fill_f32(int64_t h, int64_t w, int64_t c, const float *src, const double m[6], const cnn__fill *fill,
                          float *dst) {
  stretch s;
  corners from;
  for (int64_t r = 0; r < h; r++) {
    for (int64_t q = 0; q < w; q += STRETCH, dst += s.n * c) {
      begin(&s, h, w, c, m, fill, r, q);
      for (int64_t k = 0; k < c; k++) {
        fetch_f32(src + k, &s.at, fill->order, s.n, &from);
        (fill->order ? finish : finish_nearest)(&s.y, &s.x, &from, s.n, 1.0f, fill->value, c, dst + k);
      }
    }
  }
}

void CNN__NAME(warp_fill_init)(cnn__kernels *t) {
  t->warp_fill_u8 = warp_fill_u8;
  t->warp_fill_f32 = warp_fill_f32;
}
