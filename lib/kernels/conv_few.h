/* conv_few: images of few channels, whose outside reads as zeros. A band of their rows is copied into scratch with the
 * zeros around it; the convolution of the copy has no edges, and all taps of a kernel row lie one after the other. */
#ifndef CNN_KERNELS_CONV_FEW_H
#define CNN_KERNELS_CONV_FEW_H

#include "kernels/conv_layout.h"

#include <string.h>

/* Output rows [row, row + rows) of an image as a convolution of the copy that is made in `padded`. */
static inline cnn__conv cnn__conv_pad(const cnn__conv *g, const float *image, int64_t row, int64_t rows, float *padded) {
  cnn__conv band = *g;
  band.oh = rows;
  band.pt = band.pl = 0;
  band.h = (rows - 1) * g->sh + (g->kh - 1) * g->dh + 1;
  band.w = (g->ow - 1) * g->sw + (g->kw - 1) * g->dw + 1;
  int64_t left = cnn__at_most(cnn__at_least(g->pl, 0), band.w), first = cnn__at_most(cnn__at_least(-g->pl, 0), g->w);
  int64_t inside = cnn__at_most(g->w - first, band.w - left), right = band.w - left - inside;
  for (int64_t i = 0; i < band.h; i++, padded += band.w * g->c) {
    int64_t at = row * g->sh - g->pt + i;
    if (at < 0 || at >= g->h) {
      memset(padded, 0, (size_t)(band.w * g->c) * sizeof(float));
      continue;
    }
    memset(padded, 0, (size_t)(left * g->c) * sizeof(float));
    memcpy(padded + left * g->c, image + (at * g->w + first) * g->c, (size_t)(inside * g->c) * sizeof(float));
    memset(padded + (left + inside) * g->c, 0, (size_t)(right * g->c) * sizeof(float));
  }
  return band;
}

#endif
