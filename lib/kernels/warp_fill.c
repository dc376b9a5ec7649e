/* warp_fill: sampling with any fill mode and order: one source for every level, the reference included. Plain loops over
 * doubles, the same operations in the same order however wide the compiler makes them, so the bits are the same.
 *
 * Coordinates are doubles here, not the tracks of affine.h: folding them back into the image would break a track. */
#include "kernels/kernel.h"

#include <math.h>
#include <string.h>

#define STRETCH 128      /* pixels that are placed at a time, rows joined */
#define ROOM 4096        /* bytes for the copy of a small image */
#define FAR 1073741824.0 /* coordinates beyond count as this */

/* Stretches are worked on in whole vectors, some pixels further than they go: a multiple of CNN__LANES, which the mask
 * tells the compiler. Only what belongs to the image is written. */
#define EACH(i, n) (int64_t i = 0, end_ = (n) & -CNN__LANES; i < end_; i++)

/* Where a stretch of pixels lies along one axis. */
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
  const double length = fabs(x), rest = length - whole(length / last) * last;
  const double from_end = last - rest, folded = length > last ? rest : length;
  return x < 0.0 ? from_end : folded;
}

/* Coordinates base + slope * column. NaN counts as 0. Several loops, because each of them becomes vectors. */
static void place(const cnn__fill *fill, int64_t extent, const double *base, double slope, const double *column, int64_t n,
                  places *out) {
  const double last = (double)(extent - 1), half = fill->order == 0 ? 0.5 : 0.0;
  const int32_t edges = fill->mode == CNN__FILL_CONSTANT;
  double at[STRETCH];
  for EACH(i, n) {
    const double x = base[i] + slope * column[i], number = x == x ? x : 0.0;
    at[i] = clamped(number, -FAR, FAR);
  }
  for EACH(i, n) {
    out->outside[i] = edges & ((at[i] < 0.0) | (at[i] > last));
  }
  if (fill->mode == CNN__FILL_REFLECT) {
    for EACH(i, n) {
      at[i] = reflected(at[i], (double)extent);
    }
  }
  if (fill->mode == CNN__FILL_WRAP && extent > 1) {
    for EACH(i, n) {
      at[i] = wrapped(at[i], last);
    }
  }
  for EACH(i, n) {
    const double x = clamped(at[i], 0.0, last) + half, first = whole(x);
    out->first[i] = (int32_t)first;
    out->fraction[i] = (float)(x - first);
  }
  if (fill->order == 0) {
    memset(out->fraction, 0, (size_t)n * sizeof out->fraction[0]);
  }
}

/* Neighbours of a stretch, counted in values of the image, channel 0. */
typedef struct offsets {
  int32_t here[STRETCH], right[STRETCH], below[STRETCH];
} offsets;

static void find(const places *y, const places *x, int64_t w, int64_t c, int64_t n, offsets *out) {
  const int32_t pixel = (int32_t)c, row = (int32_t)(w * c);
  for EACH(i, n) {
    out->here[i] = y->first[i] * row + x->first[i] * pixel;
    out->right[i] = x->fraction[i] > 0.0f ? pixel : 0;
    out->below[i] = y->fraction[i] > 0.0f ? row : 0;
  }
}

/* Writes n columns of one channel. */
static void put(const float *from, int64_t n, int64_t c, float *dst) {
  if (c == 1) {
    memcpy(dst, from, (size_t)n * sizeof *dst);
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    dst[i * c] = from[i];
  }
}

/* Blends one channel of a stretch; divisor 1 leaves every bit. */
static void finish(const places *y, const places *x, const corners *from, int64_t n, float divisor, float value,
                   float *blended) {
  for EACH(i, n) {
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): order 1, of which fetch filled all four */
    const float top = fmaf(from->right[i] - from->here[i], x->fraction[i], from->here[i]);
    const float bottom = fmaf(from->across[i] - from->below[i], x->fraction[i], from->below[i]);
    const float inside = fmaf(bottom - top, y->fraction[i], top) / divisor;
    blended[i] = (y->outside[i] | x->outside[i]) ? value : inside;
  }
}

/* The nearest pixels of one channel, in `here` alone. */
static void finish_nearest(const places *y, const places *x, const corners *from, int64_t n, float divisor, float value,
                           float *blended) {
  for EACH(i, n) {
    const float inside = from->here[i] / divisor;
    blended[i] = (y->outside[i] | x->outside[i]) ? value : inside;
  }
}

/* Some pixels one behind the other. */
typedef struct stretch {
  places y, x;
  offsets at;
  int64_t n, placed; /* pixels, and the same rounded up */
} stretch;

/* What the coordinates of the pixels start from, and their columns; as long as whole vectors of any row's end need. */
typedef struct origins {
  double y[STRETCH + CNN__LANES], x[STRETCH + CNN__LANES], column[STRETCH + CNN__LANES];
} origins;

/* `count` pixels of row r from column q on. */
static void begin_row(const double m[6], int64_t r, int64_t q, int64_t count, double *y, double *x, double *column) {
  const double top = m[0] * (double)r + m[2], left = m[3] * (double)r + m[5];
  for EACH(i, count + CNN__LANES - 1) {
    y[i] = top;
    x[i] = left;
    column[i] = (double)(int32_t)(q + i);
  }
}

/* The pixels from `first` on, row by row. */
static void begin(stretch *s, int64_t h, int64_t w, int64_t c, const double m[6], const cnn__fill *fill, int64_t first) {
  origins from;
  s->n = h * w - first < STRETCH ? h * w - first : STRETCH;
  s->placed = (s->n + CNN__LANES - 1) & -CNN__LANES;
  for (int64_t i = 0, count, r = first / w, q = first % w; i < s->n; i += count, r++, q = 0) {
    count = w - q < s->n - i ? w - q : s->n - i;
    begin_row(m, r, q, count, from.y + i, from.x + i, from.column + i);
  }
  place(fill, h, from.y, m[1], from.column, s->placed, &s->y);
  place(fill, w, from.x, m[4], from.column, s->placed, &s->x);
  find(&s->y, &s->x, w, c, s->placed, &s->at);
}

/* An image of bytes. `near`: four bytes may be read from any pixel's neighbours on, inside the image or not. */
typedef struct picture {
  const uint8_t *bytes;
  int64_t w, c;
  int32_t near;
} picture;

/* A small image of few channels is read from a copy with room behind its end. */
static picture picture_of(int64_t h, int64_t w, int64_t c, const uint8_t *src, uint8_t copy[ROOM]) {
  const int64_t size = h * w * c, behind = (w + 1) * c + 4;
  if (c > 4 || size + behind > ROOM) {
    return (picture){src, w, c, 0};
  }
  memcpy(copy, src, (size_t)size);
  memset(copy + size, 0, (size_t)behind);
  return (picture){copy, w, c, 1};
}

/* All channels of each pixel's neighbours: top left, top right, left, right. Of one channel a pixel and its right
 * neighbour lie in one word. */
typedef struct words {
  uint32_t from[4][STRETCH];
} words;

static void fetch_words(const picture *p, const offsets *at, int64_t n, words *out) {
  const int64_t row = p->w * p->c, step = p->c;
  for (int64_t i = 0; i < n; i++) {
    memcpy(&out->from[0][i], p->bytes + at->here[i], 4);
    memcpy(&out->from[2][i], p->bytes + at->here[i] + row, 4);
  }
  for (int64_t i = 0; step > 1 && i < n; i++) {
    memcpy(&out->from[1][i], p->bytes + at->here[i] + step, 4);
    memcpy(&out->from[3][i], p->bytes + at->here[i] + row + step, 4);
  }
}

/* Neighbours that do not count are whatever lies there: blended with a fraction of 0 a byte changes nothing. */
static void split_words(const words *w, int64_t c, int64_t channel, int64_t n, corners *out) {
  const int right = c > 1, shift = 8 * (int)channel, beside = right ? shift : 8;
  for EACH(i, n) {
    out->here[i] = (float)(int32_t)(w->from[0][i] >> shift & 255);
    out->right[i] = (float)(int32_t)(w->from[right][i] >> beside & 255);
    out->below[i] = (float)(int32_t)(w->from[2][i] >> shift & 255);
    out->across[i] = (float)(int32_t)(w->from[2 + right][i] >> beside & 255);
  }
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
  uint8_t copy[ROOM];
  const picture p = picture_of(h, w, c, src, copy);
  stretch s;
  words all;
  corners from;
  float blended[STRETCH];
  for (int64_t first = 0; first < h * w; first += s.n, dst += s.n * c) {
    begin(&s, h, w, c, m, fill, first);
    if (p.near) {
      fetch_words(&p, &s.at, s.placed, &all);
    }
    for (int64_t k = 0; k < c; k++) {
      if (p.near) {
        split_words(&all, c, k, s.placed, &from);
      } else {
        fetch_u8(src + k, &s.at, fill->order, s.placed, &from);
      }
      (fill->order ? finish : finish_nearest)(&s.y, &s.x, &from, s.placed, divisor, fill->value, blended);
      put(blended, s.n, c, dst + k);
    }
  }
}

static void warp_fill_f32(int64_t h, int64_t w, int64_t c, const float *src, const double m[6], const cnn__fill *fill,
                          float *dst) {
  stretch s;
  corners from;
  float blended[STRETCH];
  for (int64_t first = 0; first < h * w; first += s.n, dst += s.n * c) {
    begin(&s, h, w, c, m, fill, first);
    for (int64_t k = 0; k < c; k++) {
      fetch_f32(src + k, &s.at, fill->order, s.placed, &from);
      (fill->order ? finish : finish_nearest)(&s.y, &s.x, &from, s.placed, 1.0f, fill->value, blended);
      put(blended, s.n, c, dst + k);
    }
  }
}

void CNN__NAME(warp_fill_init)(cnn__kernels *t) {
  t->warp_fill_u8 = warp_fill_u8;
  t->warp_fill_f32 = warp_fill_f32;
}
