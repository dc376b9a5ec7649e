/* warp: bytes to floats and the affine sampling of images. The reference defines the bits.
 *
 * Gathers cost more than the arithmetic on most CPUs, so bytes are sampled in three passes over some hundred pixels:
 * coordinates by vectors, the neighbours fetched one pixel after the other, the blend by vectors. */
#include "kernels/affine.h"
#include "kernels/kernel.h"
#include "kernels/vector.h"

#include <string.h>

static void scale_u8(int64_t n, const uint8_t *src, float divisor, float *dst) {
  const cnn__vec by = cnn__vset(divisor);
  int64_t i = 0;
  for (; i + CNN__LANES <= n; i += CNN__LANES) {
    cnn__vstore(dst + i, cnn__vdiv(cnn__vfrom(cnn__iload_u8(src + i)), by));
  }
  if (i < n) {
    uint8_t rest[CNN__LANES] = {0};
    memcpy(rest, src + i, (size_t)(n - i));
    cnn__vstore_n(dst + i, n - i, cnn__vdiv(cnn__vfrom(cnn__iload_u8(rest)), by));
  }
}

/* ---- where pixels lie ---- */

#define BLOCKS CNN__LANES              /* begun together: of sixteen rows that are a block each, or of one row */
#define PIXELS (BLOCKS * CNN__COLUMNS) /* and what they hold at most */

/* One direction, and the steps of a block's columns in it. */
typedef struct track {
  cnn__track axis;
  double origin, descent; /* coordinate of row r's first column: descent * r + origin */
  cnn__ivec steps[2];
} track;

/* cnn__track_start of affine.h for sixteen blocks. */
typedef struct starts {
  uint32_t first[BLOCKS], offset[BLOCKS], most[BLOCKS];
} starts;

static track track_of(int64_t extent, const double m[3]) {
  track t = {.axis = cnn__track_of(extent, m[1]), .origin = m[2], .descent = m[0]};
  const cnn__dvec slope = cnn__dset(t.axis.slope * t.axis.one);
  for (int i = 0; i < 2; i++) {
    const cnn__ivec column = cnn__iadd(cnn__ilanes(), cnn__iset((uint32_t)(i * CNN__LANES)));
    t.steps[i] = cnn__ifrom_d(cnn__dmul(cnn__dfrom_i(column), slope));
  }
  return t;
}

CNN__INLINE cnn__dvec clamp(cnn__dvec a, double least, double most) {
  return cnn__dmin(cnn__dmax(a, cnn__dset(least)), cnn__dset(most));
}

static void start(const track *t, cnn__dvec row, cnn__dvec column, starts *out) {
  const cnn__track *a = &t->axis;
  const cnn__dvec base = cnn__dadd(cnn__dmul(cnn__dset(t->descent), row), cnn__dset(t->origin));
  const cnn__dvec at = cnn__dadd(base, cnn__dmul(cnn__dset(a->slope), column));
  const cnn__dvec lowest = a->slope < 0.0 ? cnn__dadd(at, cnn__dset((CNN__COLUMNS - 1) * a->slope)) : at;
  const cnn__ivec first = cnn__ifrom_d(clamp(lowest, 0.0, (double)(a->extent - 1)));
  const cnn__dvec ahead = clamp(cnn__dsub(at, cnn__dfrom_i(first)), -a->reach, a->reach);
  const cnn__ivec left = cnn__isub(cnn__iset((uint32_t)(a->extent - 1)), first);
  const cnn__ivec room = cnn__imin(left, cnn__iset((1u << (31 - a->bits)) - 1u));
  cnn__istore(out->first, first);
  cnn__istore(out->offset, cnn__ifrom_d(cnn__dmul(ahead, cnn__dset(a->one))));
  cnn__istore(out->most, cnn__ileft_by(room, cnn__iset((uint32_t)a->bits)));
}

/* Of sixteen columns of a block: the positions, counted from the block's first, and the fractions. */
CNN__INLINE cnn__ivec positions(const track *t, const starts *from, int block, int half, cnn__vec *fraction) {
  const cnn__ivec sum = cnn__iadd(cnn__iset(from->offset[block]), t->steps[half]);
  const cnn__ivec at = cnn__ilimit(sum, cnn__iset(from->most[block]));
  *fraction = cnn__vmul(cnn__vfrom(cnn__iand(at, cnn__iset((1u << t->axis.bits) - 1u))), cnn__vset(t->axis.unit));
  return cnn__iright_by(at, cnn__iset((uint32_t)t->axis.bits));
}

/* Pixels one behind the other, rows joined: the top left one of the four neighbours of each, and the fractions. */
typedef struct samples {
  _Alignas(64) uint32_t index[PIXELS + CNN__COLUMNS];
  _Alignas(64) float fx[PIXELS + CNN__COLUMNS];
  _Alignas(64) float fy[PIXELS + CNN__COLUMNS];
  int64_t count;
} samples;

/* The stretch of an image that begins at row r, column q: what sixteen blocks hold of it. */
static void locate(const track *y, const track *x, int64_t r, int64_t q, samples *out) {
  const int64_t h = y->axis.extent, w = x->axis.extent, wide = w < CNN__COLUMNS ? w : CNN__COLUMNS;
  const int rows = w <= CNN__COLUMNS; /* a block is a row */
  const cnn__dvec lanes = cnn__dfrom_i(cnn__ilanes());
  const cnn__dvec row = cnn__dadd(cnn__dset((double)r), cnn__dmul(lanes, cnn__dset(rows ? 1.0 : 0.0)));
  const cnn__dvec column = cnn__dadd(cnn__dset((double)q), cnn__dmul(lanes, cnn__dset(rows ? 0.0 : CNN__COLUMNS)));
  const cnn__ivec pitch = cnn__iset((uint32_t)w);
  starts top, left;
  start(y, row, column, &top);
  start(x, row, column, &left);
  out->count = rows ? (h - r < BLOCKS ? h - r : BLOCKS) * w : w - q < PIXELS ? w - q : PIXELS;
  int64_t to = 0;
  for (int block = 0; to < out->count; block++, to += wide) {
    const cnn__ivec corner = cnn__iset(top.first[block] * (uint32_t)w + left.first[block]);
    for (int half = 0; half < 2; half++) {
      const int64_t at = to + half * CNN__LANES;
      cnn__vec fy, fx;
      const cnn__ivec down = positions(y, &top, block, half, &fy), right = positions(x, &left, block, half, &fx);
      cnn__istore(out->index + at, cnn__iadd(cnn__iadd(cnn__imul(down, pitch), right), corner));
      cnn__vstore(out->fx + at, fx);
      cnn__vstore(out->fy + at, fy);
    }
  }
}

CNN__INLINE cnn__vec between(cnn__vec a, cnn__vec b, cnn__vec fraction) {
  return cnn__vfma(cnn__vsub(b, a), fraction, a);
}

/* ---- bytes ---- */

#define ROOM 4096 /* bytes for the copy of a small image */
#define MOST 4    /* values that are fetched at once */

/* An image of bytes, and from which pixel on reading its neighbours may leave it. */
typedef struct picture {
  const uint8_t *bytes;
  int64_t h, w, c, safe;
} picture;

/* The four neighbours of values one behind the other, and their fractions where they differ from the pixels'. */
typedef struct neighbours {
  _Alignas(64) uint16_t top[PIXELS], bottom[PIXELS]; /* of one channel: left in the low byte, right in the high */
  _Alignas(64) uint8_t corners[4][PIXELS + CNN__LANES]; /* of several: top left, top right, left, right */
  _Alignas(64) float fx[PIXELS + CNN__LANES];
  _Alignas(64) float fy[PIXELS + CNN__LANES];
} neighbours;

/* Where an image is small it is read from a copy with room behind its end, so that every pixel is safe. */
static picture picture_of(int64_t h, int64_t w, int64_t c, const uint8_t *src, uint8_t copy[ROOM]) {
  picture p = {.bytes = src, .h = h, .w = w, .c = c, .safe = h * w - w - 2};
  const int64_t size = h * w * c, behind = (w + 2) * c + MOST;
  if (size + behind <= ROOM) {
    memcpy(copy, src, (size_t)size);
    memset(copy + size, 0, (size_t)behind);
    p.bytes = copy;
    p.safe = h * w;
  }
  return p;
}

/* The four neighbours of a value, those that count: one with a fraction of 0 is not looked at. */
static void corners_within(const picture *p, const samples *s, int64_t i, int64_t channel, uint8_t out[4]) {
  const int64_t right = s->fx[i] > 0.0f ? p->c : 0, below = s->fy[i] > 0.0f ? p->w * p->c : 0;
  const uint8_t *from = p->bytes + (int64_t)s->index[i] * p->c + channel;
  out[0] = from[0];
  out[1] = from[right];
  out[2] = from[below];
  out[3] = from[below + right];
}

static void fetch_careful(const picture *p, const samples *s, neighbours *out) {
  for (int64_t i = 0; i < s->count; i++) {
    uint8_t corners[4];
    corners_within(p, s, i, 0, corners);
    out->top[i] = (uint16_t)(corners[0] | corners[1] << 8);
    out->bottom[i] = (uint16_t)(corners[2] | corners[3] << 8);
  }
}

CNN__INLINE void fetch_pair(const picture *p, const uint32_t *index, int64_t i, neighbours *out) {
  const uint8_t *from = p->bytes + index[i];
  memcpy(&out->top[i], from, 2);
  memcpy(&out->bottom[i], from + p->w, 2);
}

/* One channel: a pixel and its right neighbour lie side by side. */
static void fetch_gray(const picture *p, const samples *s, neighbours *out) {
  const picture from = *p;
  int64_t i = 0;
  for (; i + 4 <= s->count; i += 4) {
    fetch_pair(&from, s->index, i, out);
    fetch_pair(&from, s->index, i + 1, out);
    fetch_pair(&from, s->index, i + 2, out);
    fetch_pair(&from, s->index, i + 3, out);
  }
  for (; i < s->count; i++) {
    fetch_pair(&from, s->index, i, out);
  }
}

static int all_safe(const picture *p, const uint32_t *index, int64_t n) {
  uint32_t most = 0;
  if (p->safe == p->h * p->w) {
    return 1;
  }
  for (int64_t i = 0; i < n; i++) {
    most = index[i] > most ? index[i] : most;
  }
  return most < p->safe;
}

/* Channels [k, k + count) of pixel i at value e; may write MOST - 1 values more. */
CNN__INLINE void fetch_pixel(const picture *p, const samples *s, int64_t i, int64_t k, int64_t count, int64_t e,
                             neighbours *out) {
  const uint8_t *from = p->bytes + (int64_t)s->index[i] * p->c + k;
  const int64_t below = p->w * p->c;
  if (s->index[i] < p->safe) {
    for (int64_t j = 0; j < count; j += MOST) {
      memcpy(out->corners[0] + e + j, from + j, MOST);
      memcpy(out->corners[1] + e + j, from + p->c + j, MOST);
      memcpy(out->corners[2] + e + j, from + below + j, MOST);
      memcpy(out->corners[3] + e + j, from + below + p->c + j, MOST);
    }
    return;
  }
  for (int64_t j = 0; j < count; j++) {
    uint8_t corners[4];
    corners_within(p, s, i, k + j, corners);
    for (int side = 0; side < 4; side++) {
      out->corners[side][e + j] = corners[side];
    }
  }
}

CNN__INLINE void spread(float *to, int64_t count, float value) {
  for (int64_t j = 0; j < count; j += MOST) {
    const float all[MOST] = {value, value, value, value};
    memcpy(to + j, all, sizeof all);
  }
}

CNN__INLINE cnn__vec blend(const cnn__vec corners[4], cnn__vec fx, cnn__vec fy) {
  return between(between(corners[0], corners[1], fx), between(corners[2], corners[3], fx), fy);
}

static void blend_gray(int64_t n, const neighbours *from, const samples *s, float divisor, float *dst) {
  const cnn__vec by = cnn__vset(divisor);
  const cnn__ivec low = cnn__iset(255);
  for (int64_t i = 0; i < n; i += CNN__LANES) {
    const cnn__ivec top = cnn__iload_u16(from->top + i), bottom = cnn__iload_u16(from->bottom + i);
    const cnn__vec corners[4] = {cnn__vfrom(cnn__iand(top, low)), cnn__vfrom(cnn__iright(top, 8)),
                                 cnn__vfrom(cnn__iand(bottom, low)), cnn__vfrom(cnn__iright(bottom, 8))};
    const cnn__vec value = cnn__vdiv(blend(corners, cnn__vload(s->fx + i), cnn__vload(s->fy + i)), by);
    cnn__vput(dst + i, n - i < CNN__LANES ? n - i : CNN__LANES, value);
  }
}

static void blend_values(int64_t n, const neighbours *from, float divisor, float *dst) {
  const cnn__vec by = cnn__vset(divisor);
  for (int64_t i = 0; i < n; i += CNN__LANES) {
    cnn__vec corners[4];
    for (int j = 0; j < 4; j++) {
      corners[j] = cnn__vfrom(cnn__iload_u8(from->corners[j] + i));
    }
    const cnn__vec value = cnn__vdiv(blend(corners, cnn__vload(from->fx + i), cnn__vload(from->fy + i)), by);
    cnn__vput(dst + i, n - i < CNN__LANES ? n - i : CNN__LANES, value);
  }
}

static void sample_gray(const picture *p, const samples *s, neighbours *scratch, float divisor, float *dst) {
  (all_safe(p, s->index, s->count) ? fetch_gray : fetch_careful)(p, s, scratch);
  blend_gray(s->count, scratch, s, divisor, dst);
}

/* Several channels: as many whole pixels at a time as there is room for, or of one pixel as many channels. */
static void sample_channels(const picture *p, const samples *s, neighbours *scratch, float divisor, float *dst) {
  const int64_t channels = p->c < PIXELS ? p->c : PIXELS, pixels = PIXELS / channels;
  for (int64_t i = 0; i < s->count; i += pixels) {
    const int64_t end = s->count - i < pixels ? s->count : i + pixels;
    for (int64_t k = 0; k < p->c; k += channels) {
      const int64_t count = p->c - k < channels ? p->c - k : channels;
      int64_t e = 0;
      for (int64_t j = i; j < end; j++, e += count) {
        fetch_pixel(p, s, j, k, count, e, scratch);
        spread(scratch->fx + e, count, s->fx[j]);
        spread(scratch->fy + e, count, s->fy[j]);
      }
      blend_values(e, scratch, divisor, dst);
      dst += e;
    }
  }
}

static void warp_u8(int64_t h, int64_t w, int64_t c, const uint8_t *src, const double m[6], float divisor, float *dst) {
  uint8_t copy[ROOM];
  const picture p = picture_of(h, w, c, src, copy);
  const track y = track_of(h, m), x = track_of(w, m + 3);
  const int64_t down = w <= CNN__COLUMNS ? BLOCKS : 1;
  samples s;
  neighbours scratch;
  for (int64_t r = 0; r < h; r += down) {
    for (int64_t q = 0; q < w; q += PIXELS) {
      locate(&y, &x, r, q, &s);
      (c == 1 ? sample_gray : sample_channels)(&p, &s, &scratch, divisor, dst);
      dst += s.count * c;
    }
  }
}

/* ---- floats ---- */

/* The value at a pixel's place in a channel, for sixteen pixels. */
CNN__INLINE cnn__vec value_at(const float *src, cnn__ivec pixel, int64_t c, int64_t channel) {
  const cnn__ivec first = c == 1 ? pixel : cnn__imul(pixel, cnn__iset((uint32_t)c));
  return cnn__vgather(src, cnn__iadd(first, cnn__iset((uint32_t)channel)));
}

/* n pixels of one channel, c floats apart. */
CNN__INLINE void put_pixels(float *dst, int64_t c, int64_t n, cnn__vec value) {
  float all[CNN__LANES];
  if (c == 1) {
    cnn__vput(dst, n, value);
    return;
  }
  cnn__vstore(all, value);
  for (int64_t i = 0; i < n; i++) {
    dst[i * c] = all[i];
  }
}

/* As far behind as `step` pixels where the fraction asks for a neighbour, else nowhere. */
CNN__INLINE cnn__ivec behind(cnn__vec fraction, int64_t step) {
  return cnn__vbits(cnn__vkeep(cnn__vgreater(fraction, cnn__vset(0.0f)), cnn__ifloat(cnn__iset((uint32_t)step))));
}

static void sample_floats(const float *src, const samples *s, int64_t w, int64_t c, float *dst) {
  for (int64_t i = 0; i < s->count; i += CNN__LANES) {
    const int64_t n = s->count - i < CNN__LANES ? s->count - i : CNN__LANES;
    const cnn__vec fx = cnn__vload(s->fx + i), fy = cnn__vload(s->fy + i);
    const cnn__ivec here = cnn__iload_n(s->index + i, n), right = behind(fx, 1), below = cnn__iadd(here, behind(fy, w));
    for (int64_t k = 0; k < c; k++) {
      const cnn__vec corners[4] = {value_at(src, here, c, k), value_at(src, cnn__iadd(here, right), c, k),
                                   value_at(src, below, c, k), value_at(src, cnn__iadd(below, right), c, k)};
      put_pixels(dst + i * c + k, c, n, blend(corners, fx, fy));
    }
  }
}

static void warp_f32(int64_t h, int64_t w, int64_t c, const float *src, const double m[6], float *dst) {
  const track y = track_of(h, m), x = track_of(w, m + 3);
  const int64_t down = w <= CNN__COLUMNS ? BLOCKS : 1;
  samples s;
  for (int64_t r = 0; r < h; r += down) {
    for (int64_t q = 0; q < w; q += PIXELS) {
      locate(&y, &x, r, q, &s);
      sample_floats(src, &s, w, c, dst);
      dst += s.count * c;
    }
  }
}

void CNN__NAME(warp_init)(cnn__kernels *t) {
  t->scale_u8 = scale_u8;
  t->warp_u8 = warp_u8;
  t->warp_f32 = warp_f32;
}
