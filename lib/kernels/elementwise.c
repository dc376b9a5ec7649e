/* elementwise: sums, softmax, dropout and their gradients on sixteen lanes. The reference defines the bits. */
#include "kernels/map.h"
#include "kernels/math_vector.h"
#include "kernels/philox.h"

CNN__INLINE cnn__vec add_step(cnn__vec a, cnn__vec b, cnn__vec s) {
  CNN__UNUSED(s);
  return cnn__vadd(a, b);
}
static void add(int64_t n, const float *a, const float *b, float *y) { cnn__map(n, a, b, 0.0f, y, add_step); }

CNN__INLINE cnn__vec scale_step(cnn__vec x, cnn__vec b, cnn__vec s) {
  CNN__UNUSED(b);
  return cnn__vmul(x, s);
}
static void scale(int64_t n, const float *x, float s, float *y) { cnn__map(n, x, x, s, y, scale_step); }

/* The maximum of a row, each lane apart. Where a row holds NaN every result is NaN, so it does not matter which of its
 * elements this finds then. */
static float row_maximum(int64_t n, const float *x) {
  cnn__vec most = cnn__vset(x[0]);
  int64_t i = 0;
  for (; i + CNN__LANES <= n; i += CNN__LANES) {
    most = cnn__vmax(cnn__vload(x + i), most);
  }
  if (i < n) {
    most = cnn__vselect(cnn__mask_first(n - i), cnn__vmax(cnn__vload_n(x + i, n - i), most), most);
  }
  return cnn__vtop(most);
}

/* y = e^(x - most) on n <= 16 elements; what is added to the sum of the row. */
CNN__INLINE cnn__vec exp_lanes(const float *x, cnn__vec most, float *y, int64_t n) {
  const cnn__vec e = cnn__vexp(cnn__vsub(cnn__vget(x, n), most));
  cnn__vput(y, n, e);
  return n == CNN__LANES ? e : cnn__vkeep(cnn__mask_first(n), e);
}

static void softmax(int64_t rows, int64_t n, const float *x, float *y) {
  for (int64_t row = 0; n > 0 && row < rows; row++, x += n, y += n) {
    const cnn__vec most = cnn__vset(row_maximum(n, x));
    cnn__vec sum = cnn__vset(0.0f);
    int64_t i = 0;
    for (; i + CNN__LANES <= n; i += CNN__LANES) {
      sum = cnn__vadd(sum, exp_lanes(x + i, most, y + i, CNN__LANES));
    }
    if (i < n) {
      sum = cnn__vadd(sum, exp_lanes(x + i, most, y + i, n - i));
    }
    scale(n, y, 1.0f / cnn__vsum(sum), y);
  }
}

CNN__INLINE cnn__vec products(const float *y, const float *dy, int64_t n) {
  return cnn__vmul(cnn__vget(dy, n), cnn__vget(y, n));
}

CNN__INLINE cnn__vec softmax_backward_step(cnn__vec y, cnn__vec dy, cnn__vec sum) {
  return cnn__vmul(cnn__vsub(dy, sum), y);
}

static void softmax_backward(int64_t rows, int64_t n, const float *y, const float *dy, float *dx) {
  for (int64_t row = 0; row < rows; row++, y += n, dy += n, dx += n) {
    cnn__vec lanes = cnn__vset(0.0f);
    int64_t i = 0;
    for (; i + CNN__LANES <= n; i += CNN__LANES) {
      lanes = cnn__vadd(lanes, products(y + i, dy + i, CNN__LANES));
    }
    if (i < n) {
      lanes = cnn__vadd(lanes, products(y + i, dy + i, n - i));
    }
    cnn__map(n, y, dy, cnn__vsum(lanes), dx, softmax_backward_step);
  }
}

/* Sixteen elements from i on, where the mask is true scaled and 0 elsewhere; the last ones of a sample are fewer. */
CNN__INLINE void keep_scaled(int64_t n, int64_t i, const float *x, cnn__mask keep, cnn__vec factor, float *y) {
  if (i + CNN__LANES <= n) {
    cnn__vstore(y + i, cnn__vkeep(keep, cnn__vmul(cnn__vload(x + i), factor)));
  } else if (i < n) {
    cnn__vstore_n(y + i, n - i, cnn__vkeep(keep, cnn__vmul(cnn__vload_n(x + i, n - i), factor)));
  }
}

/* Floats from what is computed to what is asked for: between them stand the rounds of a random number, so many operations that no load
 * of the next group begins before them. */
#define AHEAD 512

static void dropout(int64_t n, const float *x, uint32_t threshold, int32_t bits, float factor, const uint32_t key[2],
                    const uint32_t counter[4], float *y) {
  const cnn__vec scale_by = cnn__vset(factor);
  const cnn__ivec least = cnn__iset(threshold), byte = cnn__iset(255);
  uint32_t position = counter[0];
  for (int64_t i = 0; i < n; position += CNN__LANES) {
    cnn__ivec words[4];
    for (int64_t at = AHEAD; at < AHEAD + (bits == 8 ? 256 : 64); at += CNN__LANES) {
      cnn__fetch(x + i, at * (int64_t)sizeof(float));
      cnn__fetch(y + i, at * (int64_t)sizeof(float));
    }
    cnn__philox16(position, counter, key, words);
    for (int w = 0; w < 4; w++) {
      if (bits == 8) {
        keep_scaled(n, i, x, cnn__iat_least(cnn__iand(words[w], byte), least), scale_by, y);
        keep_scaled(n, i + 16, x, cnn__iat_least(cnn__iand(cnn__iright(words[w], 8), byte), least), scale_by, y);
        keep_scaled(n, i + 32, x, cnn__iat_least(cnn__iand(cnn__iright(words[w], 16), byte), least), scale_by, y);
        keep_scaled(n, i + 48, x, cnn__iat_least(cnn__iright(words[w], 24), least), scale_by, y);
        i += 64;
      } else {
        keep_scaled(n, i, x, cnn__iat_least(words[w], least), scale_by, y);
        i += 16;
      }
    }
  }
}

void CNN__NAME(elementwise_init)(cnn__kernels *t) {
  t->add = add;
  t->scale = scale;
  t->softmax = softmax;
  t->softmax_backward = softmax_backward;
  t->dropout = dropout;
}
