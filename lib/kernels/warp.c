/* warp: bytes to floats and the affine sampling of images, sixteen pixels of a row at a time. The reference defines the
 * bits. */
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

/* Where sixteen samples lie along one direction: between position `first` and the next, `fraction` behind the first. */
typedef struct places {
  cnn__ivec first, second;
  cnn__vec fraction;
} places;

/* at = base + slope * column, clamped to [0, extent - 1]; what is not finite counts as 0. */
CNN__INLINE places place(double base, double slope, cnn__dvec column, int64_t extent) {
  cnn__dvec at = cnn__dadd(cnn__dset(base), cnn__dmul(cnn__dset(slope), column));
  at = cnn__dmin(cnn__dkeep(at, 1.7976931348623157e308), cnn__dset((double)(extent - 1)));
  const cnn__ivec first = cnn__ifrom_d(at);
  const cnn__ivec second = cnn__imin(cnn__iadd(first, cnn__iset(1)), cnn__iset((uint32_t)(extent - 1)));
  return (places){first, second, cnn__vfrom_d(cnn__dsub(at, cnn__dfrom_i(first)))};
}

CNN__INLINE cnn__vec between(cnn__vec a, cnn__vec b, cnn__vec fraction) {
  return cnn__vadd(a, cnn__vmul(cnn__vsub(b, a), fraction));
}

/* The indices of the four neighbours of sixteen pixels, in units of pixels, and the fractions. */
typedef struct corners {
  cnn__ivec top_left, top_right, left, right;
  cnn__vec fx, fy;
} corners;

CNN__INLINE corners corners_of(int64_t h, int64_t w, const double m[6], int64_t row, int64_t column) {
  const cnn__dvec q = cnn__dfrom_i(cnn__iadd(cnn__ilanes(), cnn__iset((uint32_t)column)));
  const places y = place(m[0] * (double)row + m[2], m[1], q, h);
  const places x = place(m[3] * (double)row + m[5], m[4], q, w);
  const cnn__ivec width = cnn__iset((uint32_t)w);
  const cnn__ivec top = cnn__imul(y.first, width), bottom = cnn__imul(y.second, width);
  return (corners){cnn__iadd(top, x.first), cnn__iadd(top, x.second), cnn__iadd(bottom, x.first),
                   cnn__iadd(bottom, x.second), x.fraction, y.fraction};
}

/* The bytes src[at], src[at + 1], ... in the low bits: read so that nothing behind the last of `size` >= 4 bytes is
 * touched; what would lie there reads as 0. */
CNN__INLINE cnn__ivec bytes_at(const uint8_t *src, int64_t size, cnn__ivec at) {
  const cnn__ivec from = cnn__imin(at, cnn__iset((uint32_t)(size - 4)));
  return cnn__iright_by(cnn__igather_bytes(src, from), cnn__ileft(cnn__isub(at, from), 3));
}

CNN__INLINE cnn__vec low_byte(cnn__ivec bytes) { return cnn__vfrom(cnn__iand(bytes, cnn__iset(255))); }

/* One channel: a pixel and its right neighbour lie side by side, so that one read fetches both. At the right edge the
 * second byte is some other pixel, but there the fraction is 0. */
CNN__INLINE cnn__vec sample_gray(const uint8_t *src, int64_t size, const corners *at) {
  const cnn__ivec top = bytes_at(src, size, at->top_left), bottom = bytes_at(src, size, at->left);
  return between(between(low_byte(top), low_byte(cnn__iright(top, 8)), at->fx),
                 between(low_byte(bottom), low_byte(cnn__iright(bottom, 8)), at->fx), at->fy);
}

CNN__INLINE cnn__ivec element(cnn__ivec pixel, int64_t c, int64_t channel) {
  return cnn__iadd(cnn__imul(pixel, cnn__iset((uint32_t)c)), cnn__iset((uint32_t)channel));
}

CNN__INLINE cnn__vec sample_u8(const uint8_t *src, int64_t size, const corners *at, int64_t c, int64_t k) {
  const cnn__vec top_left = low_byte(bytes_at(src, size, element(at->top_left, c, k)));
  const cnn__vec top_right = low_byte(bytes_at(src, size, element(at->top_right, c, k)));
  const cnn__vec left = low_byte(bytes_at(src, size, element(at->left, c, k)));
  const cnn__vec right = low_byte(bytes_at(src, size, element(at->right, c, k)));
  return between(between(top_left, top_right, at->fx), between(left, right, at->fx), at->fy);
}

CNN__INLINE cnn__vec sample_f32(const float *src, const corners *at, int64_t c, int64_t k) {
  const cnn__vec top_left = cnn__vgather(src, element(at->top_left, c, k));
  const cnn__vec top_right = cnn__vgather(src, element(at->top_right, c, k));
  const cnn__vec left = cnn__vgather(src, element(at->left, c, k));
  const cnn__vec right = cnn__vgather(src, element(at->right, c, k));
  return between(between(top_left, top_right, at->fx), between(left, right, at->fx), at->fy);
}

/* n pixels of one channel, c floats apart. */
CNN__INLINE void put_pixels(float *dst, int64_t c, int64_t n, cnn__vec value) {
  if (c == 1 && n == CNN__LANES) {
    cnn__vstore(dst, value);
    return;
  }
  if (c == 1) {
    cnn__vstore_n(dst, n, value);
    return;
  }
  float all[CNN__LANES];
  cnn__vstore(all, value);
  for (int64_t i = 0; i < n; i++) {
    dst[i * c] = all[i];
  }
}

static void warp_u8(int64_t h, int64_t w, int64_t c, const uint8_t *src, const double m[6], float divisor, float *dst) {
  const cnn__vec by = cnn__vset(divisor);
  int64_t size = h * w * c;
  uint8_t few[4] = {0};
  if (size > 0 && size < 4) {
    memcpy(few, src, (size_t)size);
    src = few;
    size = 4;
  }
  for (int64_t r = 0; r < h; r++) {
    for (int64_t q = 0; q < w; q += CNN__LANES) {
      const int64_t n = w - q < CNN__LANES ? w - q : CNN__LANES;
      const corners at = corners_of(h, w, m, r, q);
      float *to = dst + (r * w + q) * c;
      if (c == 1) {
        put_pixels(to, 1, n, cnn__vdiv(sample_gray(src, size, &at), by));
        continue;
      }
      for (int64_t k = 0; k < c; k++) {
        put_pixels(to + k, c, n, cnn__vdiv(sample_u8(src, size, &at, c, k), by));
      }
    }
  }
}

static void warp_f32(int64_t h, int64_t w, int64_t c, const float *src, const double m[6], float *dst) {
  for (int64_t r = 0; r < h; r++) {
    for (int64_t q = 0; q < w; q += CNN__LANES) {
      const int64_t n = w - q < CNN__LANES ? w - q : CNN__LANES;
      const corners at = corners_of(h, w, m, r, q);
      for (int64_t k = 0; k < c; k++) {
        put_pixels(dst + (r * w + q) * c + k, c, n, sample_f32(src, &at, c, k));
      }
    }
  }
}

void CNN__NAME(warp_init)(cnn__kernels *t) {
  t->scale_u8 = scale_u8;
  t->warp_u8 = warp_u8;
  t->warp_f32 = warp_f32;
}
