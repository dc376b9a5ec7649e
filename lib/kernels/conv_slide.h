/* conv_slide: some positions of one row of a depthwise convolution, one register of channels after the other. */
#ifndef CNN_KERNELS_CONV_SLIDE_H
#define CNN_KERNELS_CONV_SLIDE_H

#include "kernels/conv_layout.h"

#define CNN__SPAN 8 /* positions, or less where the row ends */

typedef struct cnn__slide {
  const float *x;          /* column 0 of the first tap's row */
  int64_t column, columns; /* the first position's first tap, which may lie outside; of the image */
  int64_t stride, apart;   /* columns from position to position, from tap to tap */
  const float *w, *bias;   /* bias may be NULL */
  float *y;
  int64_t rows, taps;      /* taps of the kernel: down, across */
  int64_t x_row, w_row, w_column; /* from tap to tap */
  int64_t w_slice;         /* from sixteen channels to the next */
  int64_t x_column, y_pixel; /* from column to column, from position to position */
  int64_t positions, channels; /* positions: 1..CNN__SPAN */
  int32_t relu;
} cnn__slide;

typedef void cnn__slide_fn(const cnn__slide *s);

/* The form that suits taps and distances; `inside`: for CNN__SPAN positions that see all taps. */
cnn__slide_fn *CNN__NAME(slide)(const cnn__slide *s, int32_t inside);

#endif
