/* conv_layout: what the convolutions of every level and provider share about the layout of their arrays. */
#ifndef CNN_KERNELS_CONV_LAYOUT_H
#define CNN_KERNELS_CONV_LAYOUT_H

#include "kernels/kernel.h"

#define CNN__FAR ((int64_t)1 << 20) /* floats of a call's arrays that the third cache may not hold */

static inline int64_t cnn__at_most(int64_t value, int64_t limit) { return value < limit ? value : limit; }

static inline int64_t cnn__at_least(int64_t value, int64_t limit) { return value > limit ? value : limit; }

/* Each channel has a filter of its own: sixteen channels then go side by side where else outputs of one group do. */
static inline int32_t cnn__conv_depthwise(const cnn__conv *g) { return g->groups == g->c && g->groups == g->f && g->c > 1; }

/* Groups of four channels, in and out: four groups then go side by side. */
static inline int32_t cnn__conv_quads(const cnn__conv *g) {
  return g->groups > 1 && g->c == 4 * g->groups && g->f == 4 * g->groups;
}

/* The arrays of n images come from memory: what is read and written soon is then worth asking for, unless strides beyond the
 * kernel leave most of it unread. */
static inline int32_t cnn__conv_far(const cnn__conv *g, int64_t n) {
  return g->sh <= g->kh && g->sw <= g->kw && n * (g->h * g->w * g->c + g->oh * g->ow * g->f) > CNN__FAR;
}

/* Few input channels, and an outside: see the geometry in kernel.h. Taps that lie apart could reach so far outside that
 * the zeros would fill the memory. */
static inline int32_t cnn__conv_few(const cnn__conv *g) {
  return g->c <= CNN__FEW && g->groups == 1 && g->kh * g->kw > 1 && g->dh * g->dw == 1;
}

/* Output rows whose input, zeros around it, fills the scratch of such a convolution. */
int64_t cnn__conv_few_rows(const cnn__conv *g);

/* One tap, at each pixel of the image itself: the pixels of all images are one row, which may be cut as one likes. */
static inline int32_t cnn__conv_pointwise(const cnn__conv *g) {
  return g->kh * g->kw == 1 && g->sh * g->sw == 1 && g->pt == 0 && g->pl == 0 && g->oh == g->h && g->ow == g->w;
}

#define CNN__SHEET_OUTPUTS 256 /* positions of images whose channels are laid out together, and pixels that they see */
#define CNN__SHEET_INPUTS 1024
#define CNN__SHEET_FLOATS ((int64_t)56 << 10) /* of both: 32 output channels, 48 input channels or up to as many floats */

/* Kernel gradients of small images of many channels, where a tile's inputs lie a power of two from one pixel to the next, in
 * few sets of the caches: some channels are laid out first, pixel by pixel. */
static inline int32_t cnn__conv_sheets(const cnn__conv *g) {
  return g->oh * g->ow <= CNN__SHEET_OUTPUTS && g->h * g->w <= CNN__SHEET_INPUTS &&
         g->c / g->groups * (g->f / g->groups) >= 1 << 14;
}

/* Output rows whose taps, laid out as [pixel][ky][kx][channel of one group], fill the scratch of the blas provider. */
int64_t cnn__conv_band_rows(const cnn__conv *g);

#endif
