/* conv: the convolutions that define the bits. Every sum is one chain of fused multiply-adds in the order that kernel.h
 * states; sixteen outputs that differ in their channel alone go side by side, each with an accumulator of its own. */
#include "kernels/conv_layout.h"
#include "kernels/winograd.h"
#include "kernels/winograd4.h"

#include <math.h>

/* The channels of a depthwise convolution go side by side as if they were the outputs of one group. */
static void pack_depthwise(const cnn__conv *g, const float *w, int32_t reverse, float *packed) {
  int64_t taps = g->kh * g->kw;
  for (int64_t q = 0; q < g->c; q += CNN__LANES)
    for (int64_t tap = 0; tap < taps; tap++)
      for (int64_t l = 0; l < CNN__LANES; l++)
        *packed++ = q + l < g->c ? w[(reverse ? taps - 1 - tap : tap) * g->c + q + l] : 0.0f;
}

static void pack(const cnn__conv *g, const float *w, float *packed) {
  if (g->algorithm == CNN__CONV_WINOGRAD) {
    CNN__NAME(winograd_pack)(g, w, packed);
    return;
  }
  if (g->algorithm == CNN__CONV_WINOGRAD4) {
    CNN__NAME(winograd4_pack)(g, w, packed);
    return;
  }
  if (cnn__conv_depthwise(g)) {
    pack_depthwise(g, w, 0, packed);
    return;
  }
  int64_t cg = g->c / g->groups, fg = g->f / g->groups;
  for (int64_t group = 0; group < g->groups; group++)
    for (int64_t q = 0; q < fg; q += CNN__LANES)
      for (int64_t p = 0; p < cg; p += CNN__CBLOCK)
        for (int64_t tap = 0; tap < g->kh * g->kw; tap++)
          for (int64_t i = p; i < p + cnn__at_most(cg - p, CNN__CBLOCK); i++)
            for (int64_t l = 0; l < CNN__LANES; l++)
              *packed++ = q + l < fg ? w[(tap * cg + i) * g->f + group * fg + q + l] : 0.0f;
}

static void pack_t(const cnn__conv *g, const float *w, float *packed) {
  if (g->algorithm == CNN__CONV_WINOGRAD) {
    CNN__NAME(winograd_pack_t)(g, w, packed);
    return;
  }
  if (g->algorithm == CNN__CONV_WINOGRAD4) {
    CNN__NAME(winograd4_pack_t)(g, w, packed);
    return;
  }
  if (cnn__conv_depthwise(g)) {
    pack_depthwise(g, w, 1, packed);
    return;
  }
  int64_t cg = g->c / g->groups, fg = g->f / g->groups;
  for (int64_t group = 0; group < g->groups; group++)
    for (int64_t p = 0; p < cg; p += CNN__LANES)
      for (int64_t q = 0; q < fg; q += CNN__CBLOCK)
        for (int64_t tap = g->kh * g->kw - 1; tap >= 0; tap--)
          for (int64_t j = q; j < q + cnn__at_most(fg - q, CNN__CBLOCK); j++)
            for (int64_t l = 0; l < CNN__LANES; l++)
              *packed++ = p + l < cg ? w[(tap * cg + p + l) * g->f + group * fg + j] : 0.0f;
}

/* `each`: lane l has an input of its own, for so many lanes; 0: the lanes share their inputs. */
static void chain(float *acc, const float *x, const float *w, int64_t count, int64_t each) {
  for (int64_t i = 0; i < count; i++)
    for (int64_t l = 0; l < (each ? each : CNN__LANES); l++)
      acc[l] = fmaf(x[each ? l : i], w[i * CNN__LANES + l], acc[l]);
}

/* What taps outside the image read where they are not skipped. */
static const float outside[CNN__FEW];

/* One pixel, sixteen output channels: slice is their packed kernel, x the image from the group's first channel on. */
static void forward_pixel(const cnn__conv *g, int64_t i, int64_t j, const float *x, const float *slice, int64_t each,
                          float *acc) {
  int64_t cg = g->c / g->groups;
  for (int64_t p = 0; p < cg; p += CNN__CBLOCK) {
    int64_t count = cnn__at_most(cg - p, CNN__CBLOCK);
    for (int64_t ky = 0; ky < g->kh; ky++)
      for (int64_t kx = 0; kx < g->kw; kx++, slice += count * CNN__LANES) {
        int64_t row = i * g->sh + ky * g->dh - g->pt, column = j * g->sw + kx * g->dw - g->pl;
        if (row >= 0 && row < g->h && column >= 0 && column < g->w)
          chain(acc, x + (row * g->w + column) * g->c + p, slice, count, each);
        else if (cnn__conv_few(g))
          chain(acc, outside, slice, count, each);
      }
  }
}

static void forward(const cnn__conv *g, int64_t n, const float *x, const float *packed, const float *bias, int32_t relu,
                    float *y, void *scratch) {
  if (g->algorithm == CNN__CONV_WINOGRAD) {
    cnn__winograd s = cnn__winograd_forward(g);
    CNN__NAME(winograd)(&s, n, x, packed, bias, relu, y, scratch);
    return;
  }
  if (cnn__conv_large(g)) {
    cnn__winograd s = cnn__winograd4_forward(g);
    CNN__NAME(winograd4)(&s, n, x, packed, bias, relu, y, scratch);
    return;
  }
  int32_t depthwise = cnn__conv_depthwise(g);
  int64_t groups = depthwise ? 1 : g->groups, cg = g->c / g->groups, fg = g->f / groups;
  for (int64_t pixel = 0; pixel < n * g->oh * g->ow; pixel++) {
    int64_t j = pixel % g->ow, i = pixel / g->ow % g->oh, image = pixel / g->ow / g->oh;
    const float *slice = packed;
    for (int64_t group = 0; group < groups; group++)
      for (int64_t q = 0; q < fg; q += CNN__LANES, slice += g->kh * g->kw * cg * CNN__LANES) {
        int64_t lanes = cnn__at_most(fg - q, CNN__LANES), at = group * fg + q;
        float acc[CNN__LANES] = {0};
        for (int64_t l = 0; l < lanes && bias; l++)
          acc[l] = bias[at + l];
        forward_pixel(g, i, j, x + image * g->h * g->w * g->c + (depthwise ? q : group * cg), slice,
                      depthwise ? lanes : 0, acc);
        for (int64_t l = 0; l < lanes; l++)
          y[pixel * g->f + at + l] = relu && 0.0f > acc[l] ? 0.0f : acc[l];
      }
  }
}

/* The output position that reads `at` through a tap, or -1. */
static int64_t reader(int64_t at, int64_t tap, int64_t dilation, int64_t pad, int64_t stride, int64_t positions) {
  int64_t distance = at + pad - tap * dilation;
  return distance >= 0 && distance % stride == 0 && distance / stride < positions ? distance / stride : -1;
}

static void backward_pixel(const cnn__conv *g, int64_t a, int64_t b, const float *dy, const float *slice, int64_t each,
                           float *acc) {
  int64_t fg = g->f / g->groups;
  for (int64_t q = 0; q < fg; q += CNN__CBLOCK) {
    int64_t count = cnn__at_most(fg - q, CNN__CBLOCK);
    for (int64_t ky = g->kh - 1; ky >= 0; ky--)
      for (int64_t kx = g->kw - 1; kx >= 0; kx--, slice += count * CNN__LANES) {
        int64_t i = reader(a, ky, g->dh, g->pt, g->sh, g->oh), j = reader(b, kx, g->dw, g->pl, g->sw, g->ow);
        if (i >= 0 && j >= 0)
          chain(acc, dy + (i * g->ow + j) * g->f + q, slice, count, each);
      }
  }
}

static void backward_data(const cnn__conv *g, int64_t n, const float *dy, const float *packed_t, float *dx,
                          void *scratch) {
  if (g->algorithm == CNN__CONV_WINOGRAD) {
    cnn__winograd s = cnn__winograd_backward(g);
    CNN__NAME(winograd)(&s, n, dy, packed_t, NULL, 0, dx, scratch);
    return;
  }
  if (cnn__conv_large(g)) {
    cnn__winograd s = cnn__winograd4_backward(g);
    CNN__NAME(winograd4)(&s, n, dy, packed_t, NULL, 0, dx, scratch);
    return;
  }
  int32_t depthwise = cnn__conv_depthwise(g);
  int64_t groups = depthwise ? 1 : g->groups, cg = g->c / groups, fg = g->f / g->groups;
  for (int64_t pixel = 0; pixel < n * g->h * g->w; pixel++) {
    int64_t b = pixel % g->w, a = pixel / g->w % g->h, image = pixel / g->w / g->h;
    const float *slice = packed_t;
    for (int64_t group = 0; group < groups; group++)
      for (int64_t p = 0; p < cg; p += CNN__LANES, slice += g->kh * g->kw * fg * CNN__LANES) {
        float acc[CNN__LANES] = {0};
        int64_t lanes = cnn__at_most(cg - p, CNN__LANES);
        backward_pixel(g, a, b, dy + image * g->oh * g->ow * g->f + (depthwise ? p : group * fg), slice,
                       depthwise ? lanes : 0, acc);
        for (int64_t l = 0; l < lanes; l++)
          dx[pixel * g->c + group * cg + p + l] = acc[l];
      }
  }
}

/* One image's part of the chains for sixteen output channels q.. of kernel row (ky, kx, p). */
static void weight_row(const cnn__conv *g, int64_t ky, int64_t kx, const float *x, const float *dy, int64_t lanes,
                       float *acc) {
  for (int64_t i = 0; i < g->oh; i++)
    for (int64_t j = 0; j < g->ow; j++) {
      int64_t row = i * g->sh + ky * g->dh - g->pt, column = j * g->sw + kx * g->dw - g->pl;
      int32_t inside = row >= 0 && row < g->h && column >= 0 && column < g->w;
      if (!inside && !cnn__conv_few(g))
        continue;
      for (int64_t l = 0; l < lanes; l++)
        acc[l] = fmaf(inside ? x[(row * g->w + column) * g->c] : 0.0f, dy[(i * g->ow + j) * g->f + l], acc[l]);
    }
}

static void backward_weights(const cnn__conv *g, int64_t n, const float *x, const float *dy, int32_t add, float *dw,
                             void *scratch) {
  int64_t cg = g->c / g->groups, fg = g->f / g->groups;
  for (int64_t e = 0; !add && e < g->kh * g->kw * cg * g->f; e++)
    dw[e] = 0.0f;
  if (cnn__conv_large_weights(g, n)) {
    cnn__winograd s = cnn__winograd4_forward(g);
    CNN__NAME(winograd4_weights)(&s, n, x, dy, add, dw, scratch);
    return;
  }
  for (int64_t image = 0; image < n; image++, x += g->h * g->w * g->c, dy += g->oh * g->ow * g->f)
    for (int64_t row = 0; row < g->kh * g->kw * cg; row++)
      for (int64_t group = 0; group < g->groups; group++)
        for (int64_t q = 0; q < fg; q += CNN__LANES) {
          int64_t lanes = cnn__at_most(fg - q, CNN__LANES), at = group * fg + q, tap = row / cg;
          weight_row(g, tap / g->kw, tap % g->kw, x + group * cg + row % cg, dy + at, lanes, dw + row * g->f + at);
        }
}

void CNN__NAME(conv_init)(cnn__kernels *t) {
  t->conv_pack = pack;
  t->conv_pack_t = pack_t;
  t->conv_forward = forward;
  t->conv_backward_data = backward_data;
  t->conv_backward_weights = backward_weights;
}
