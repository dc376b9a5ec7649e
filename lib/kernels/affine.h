/* affine: where the pixels of a row lie along one axis of the source, in fixed point.
 *
 * Thirty-two columns share a start, worked out in double: the first source position that any of them needs (a whole
 * number, within the image) and how far from there the first column lies. From there on coordinates are 32-bit
 * integers of `bits` fractional bits: 24, or for slopes above 1.9 as many as they leave room for. Each of two addends
 * is cut at the last bit, so a coordinate is wrong by less than 2 units of it: 2^-23 pixels, 1.2e-7, or for steep
 * slopes (32 |slope| + 2) / 2^28. Coordinates are exact where slope and start are whole numbers. */
#ifndef CNN_KERNELS_AFFINE_H
#define CNN_KERNELS_AFFINE_H

#include <stdint.h>

#define CNN__COLUMNS 32         /* that share a start */
#define CNN__STEEPEST 1048576.0 /* slopes beyond count as this: no image shows the difference */

typedef struct cnn__track {
  int64_t extent;
  double slope;  /* source positions a column; NaN counts as 0 */
  double reach;  /* how far from its start a coordinate can lie, and more */
  double one;    /* 2^bits */
  float unit;    /* 2^-bits */
  int32_t bits;
} cnn__track;

/* Of one block of columns: coordinate = first + clamp(offset + step of the column, 0, most) / 2^bits. */
typedef struct cnn__start {
  int32_t first, offset, most;
} cnn__start;

static inline cnn__track cnn__track_of(int64_t extent, double slope) {
  cnn__track a = {.extent = extent, .slope = slope, .one = 16777216.0, .unit = 1.0f / 16777216.0f, .bits = 24};
  if (!(a.slope > -CNN__STEEPEST)) {
    a.slope = a.slope <= -CNN__STEEPEST ? -CNN__STEEPEST : 0.0;
  }
  a.slope = a.slope < CNN__STEEPEST ? a.slope : CNN__STEEPEST;
  a.reach = CNN__COLUMNS * (a.slope < 0.0 ? -a.slope : a.slope) + 2.0;
  for (; a.reach * a.one > 1073741824.0; a.bits--) {
    a.one *= 0.5;
    a.unit *= 2.0f;
  }
  return a;
}

/* at: the coordinate of the block's first column; NaN counts as 0. */
static inline cnn__start cnn__track_start(const cnn__track *a, double at) {
  const double lowest = a->slope < 0.0 ? at + (CNN__COLUMNS - 1) * a->slope : at, last = (double)(a->extent - 1);
  const int32_t first = lowest > 0.0 ? (int32_t)(lowest < last ? lowest : last) : 0;
  double ahead = at - (double)first;
  ahead = ahead > -a->reach ? ahead : -a->reach;
  ahead = ahead < a->reach ? ahead : a->reach;
  const int64_t left = a->extent - 1 - first, room = (INT64_C(1) << (31 - a->bits)) - 1;
  return (cnn__start){first, (int32_t)(ahead * a->one), (int32_t)((left < room ? left : room) << a->bits)};
}

/* How far column 0 to 31 of a block lies from the first. */
static inline int32_t cnn__track_step(const cnn__track *a, int64_t column) {
  return (int32_t)((double)column * (a->slope * a->one));
}

#endif
