/* conv_slide: the micro-kernel of conv_slide.h. It goes along the columns of an image row: each value is loaded once and
 * multiplied with all taps that see it, so that each position gets its taps from left to right. */
#include "kernels/conv_slide.h"
#include "kernels/tile.h"

#include <math.h>

/* Forms that are unrolled. */
#define MOST_STRIDE 2
#define MOST_TAPS 5

/* Where a register holds half a cache line, each kernel row gets load instructions of its own at stride 2: processors fetch
 * ahead of a load that moves on by equal steps, which is worth a fifth where images come from the third cache. */
#define APART (CNN__REGISTER < CNN__LANES)

/* One row of taps. */
CNN__INLINE void slide_row(const int taps, const int stride, const int64_t first, const int64_t last, const float *x,
                           const float *w, const cnn__slide *s, const int64_t lanes, cnn__reg *acc) {
  cnn__reg weights[MOST_TAPS];
  CNN__UNROLL
  for (int k = 0; k < taps; k++)
    weights[k] = cnn__rload(w + k * s->w_column);
  CNN__UNROLL
  for (int part = 0; part < CNN__SPAN - 1 + (taps + stride - 1) / stride; part++) {
    CNN__UNROLL
    for (int j = part * stride; j < (part + 1) * stride; j++) {
      if (j >= (CNN__SPAN - 1) * stride + taps || j < first || j >= last)
        continue;
      cnn__reg value = cnn__rget(x, lanes);
      CNN__LOADED(value);
      CNN__UNROLL
      for (int k = 0; k < taps; k++) {
        if (j >= k && (j - k) % stride == 0 && (j - k) / stride < CNN__SPAN)
          acc[(j - k) / stride] = cnn__rfma(value, weights[k], acc[(j - k) / stride]);
      }
      x += s->x_column;
      CNN__HIDE(x);
    }
  }
}

CNN__INLINE void begin(const cnn__slide *s, int64_t q, const int64_t lanes, cnn__reg *acc) {
  cnn__reg start = s->bias ? cnn__rget(s->bias + q, lanes) : cnn__rset(0.0f);
  CNN__UNROLL
  for (int p = 0; p < CNN__SPAN; p++)
    acc[p] = start;
}

CNN__INLINE void end(const cnn__slide *s, int64_t q, const int inside, const int64_t lanes, const cnn__reg *acc) {
  cnn__reg least = cnn__rset(s->relu ? 0.0f : -INFINITY);
  float *y = s->y + q;
  CNN__UNROLL
  for (int p = 0; p < CNN__SPAN; p++, y += s->y_pixel)
    if (inside || p < s->positions)
      cnn__rput(y, lanes, cnn__rcut(least, acc[p]));
}

/* Where the weights of the channels from q on stand. */
CNN__INLINE const float *weights_of(const cnn__slide *s, int64_t q) {
  return s->w + q / CNN__LANES * s->w_slice + q % CNN__LANES;
}

/* A register of channels, q.. */
CNN__INLINE void slide(const int taps, const int stride, const int inside, const cnn__slide *s, int64_t q, const int64_t lanes) {
  cnn__reg acc[CNN__SPAN];
  int64_t columns = (CNN__SPAN - 1) * stride + taps, first = 0, last = columns;
  if (!inside) {
    first = cnn__at_least(-s->column, 0);
    last = cnn__at_most(s->columns - s->column, columns);
  }
  begin(s, q, lanes, acc);
  const float *x = s->x + q + (s->column + first) * s->x_column, *w = weights_of(s, q);
  if (APART && inside && stride > 1 && s->rows == taps) {
    CNN__UNROLL
    for (int row = 0; row < taps; row++, x += s->x_row, w += s->w_row)
      slide_row(taps, stride, first, last, x, w, s, lanes, acc);
  } else {
    for (int64_t row = 0; row < s->rows; row++, x += s->x_row, w += s->w_row)
      slide_row(taps, stride, first, last, x, w, s, lanes, acc);
  }
  end(s, q, inside, lanes, acc);
}

/* Any number of taps, any distance between them and between positions: each value is loaded for each tap. */
CNN__INLINE void slide_any(const cnn__slide *s, int64_t q, const int64_t lanes) {
  cnn__reg acc[CNN__SPAN];
  begin(s, q, lanes, acc);
  for (int64_t tap = 0; tap < s->rows * s->taps; tap++) {
    int64_t row = tap / s->taps, k = tap % s->taps, column = s->column + k * s->apart;
    cnn__reg weights = cnn__rload(weights_of(s, q) + row * s->w_row + k * s->w_column);
    CNN__UNROLL
    for (int p = 0; p < CNN__SPAN; p++, column += s->stride)
      if (column >= 0 && column < s->columns)
        acc[p] = cnn__rfma(cnn__rget(s->x + q + row * s->x_row + column * s->x_column, lanes), weights, acc[p]);
  }
  end(s, q, 0, lanes, acc);
}

#if CNN__REGISTER == CNN__LANES /* masks cost nothing there */
#define ALONG(s, form, ...) \
  for (int64_t q = 0; q < s->channels; q += CNN__REGISTER) \
  form(__VA_ARGS__ s, q, cnn__at_most(s->channels - q, CNN__REGISTER))
#else
static __attribute__((noinline)) void rest(const cnn__slide *s, int64_t q) { slide_any(s, q, s->channels - q); }
#define ALONG(s, form, ...) \
  int64_t q = 0; \
  for (; q + CNN__REGISTER <= s->channels; q += CNN__REGISTER) \
    form(__VA_ARGS__ s, q, CNN__REGISTER); \
  if (q < s->channels) \
  rest(s, q)
#endif
#define TAPS(...) __VA_ARGS__,
#define FORM(taps, stride, inside) \
  static void slide_##taps##_##stride##_##inside(const cnn__slide *s) { ALONG(s, slide, TAPS(taps, stride, inside)); }
static void any_form(const cnn__slide *s) { ALONG(s, slide_any, ); }
#define FORMS(taps, stride) FORM(taps, stride, 0) FORM(taps, stride, 1)
FORM(1, 1, 0)
FORM(2, 1, 0)
FORMS(3, 1)
FORMS(5, 1)
FORMS(3, 2)

#define BOTH(taps, stride) {slide_##taps##_##stride##_0, slide_##taps##_##stride##_1}
#define ONE(taps, stride) {slide_##taps##_##stride##_0, slide_##taps##_##stride##_0}
static cnn__slide_fn *const forms[MOST_STRIDE][MOST_TAPS + 1][2] = {
  {{NULL}, ONE(1, 1), ONE(2, 1), BOTH(3, 1), {NULL}, BOTH(5, 1)},
  {{NULL}, {NULL}, {NULL}, BOTH(3, 2)},
};

cnn__slide_fn *CNN__NAME(slide)(const cnn__slide *s, int32_t inside) {
  int32_t listed = s->apart == 1 && s->stride <= MOST_STRIDE && s->taps <= MOST_TAPS;
  cnn__slide_fn *form = listed ? forms[s->stride - 1][s->taps][inside] : NULL;
  return form ? form : any_form;
}
