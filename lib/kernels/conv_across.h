/* conv_across: the input gradient of images of up to four channels, pixels in the lanes. A vector of channels would be three
 * quarters empty; the gradients are laid out anew instead, channel by channel with the pixels of a row side by side. */
#ifndef CNN_KERNELS_CONV_ACROSS_H
#define CNN_KERNELS_CONV_ACROSS_H

#include "kernels/conv_layout.h"

#define CNN__ACROSS 24      /* least pixels of a row, between strides */
#define CNN__ACROSS_TAPS 16 /* least taps: fewer do not repay the layout */
#define CNN__BESIDE 64      /* floats beside a row that is laid out, which are read and do not count */
#define CNN__ACROSS_ROWS 12 /* of an image that go through at once, between strides */

static inline int32_t cnn__conv_across(const cnn__conv *g) {
  return cnn__conv_few(g) && g->c > 1 && g->kh * g->kw >= CNN__ACROSS_TAPS && g->w >= CNN__ACROSS * g->sw && g->kh >= g->sh &&
         g->kw >= g->sw;
}
static inline int64_t cnn__across_rows(const cnn__conv *g) {
  return cnn__at_most(CNN__ACROSS_ROWS + (g->kh + g->sh - 1) / g->sh, g->oh);
}
static inline int64_t cnn__across_line(const cnn__conv *g) { return g->ow + 2 * CNN__BESIDE; }
static inline int64_t cnn__across_floats(const cnn__conv *g) { return cnn__across_rows(g) * CNN__CBLOCK * cnn__across_line(g); }

void CNN__NAME(across)(const cnn__conv *g, int64_t n, const float *dy, const float *packed_t, float *dx, float *scratch);

#endif
