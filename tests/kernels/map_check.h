/* map_check: kernels of one and of two arrays, element by element, against the reference. */
#ifndef CNN_TESTS_KERNELS_MAP_CHECK_H
#define CNN_TESTS_KERNELS_MAP_CHECK_H

#include "check.h"

/* (n, x, y): also in place. */
static inline void unary(cnn__relu_fn *want, cnn__relu_fn *got) {
  for (int64_t i = 0; lengths(i) >= 0; i++) {
    const int64_t n = at.extents[0] = lengths(i);
    EACH_PLACEMENT(1000 + (uint64_t)i) {
      for (int kind = 0; kind < KINDS; kind++) {
        const float *x = place_floats(0, n, kind);
        want(n, x, place_output(1, n));
        got(n, x, place_output(2, n));
        same_floats(2, 1);
        float *y = place_copy(2, 0);
        got(n, y, y);
        same_floats(2, 1);
      }
    }
  }
}

/* (n, a, b, y): also into a and into b. */
static inline void binary(cnn__add_fn *want, cnn__add_fn *got) {
  for (int64_t i = 0; lengths(i) >= 0; i++) {
    const int64_t n = at.extents[0] = lengths(i);
    EACH_PLACEMENT(2000 + (uint64_t)i) {
      for (int kind = 0; kind < KINDS; kind++) {
        const float *a = place_floats(0, n, kind);
        const float *b = place_floats(1, n, kind);
        want(n, a, b, place_output(2, n));
        got(n, a, b, place_output(3, n));
        same_floats(3, 2);
        float *y = place_copy(3, 1);
        got(n, a, y, y);
        same_floats(3, 2);
        y = place_copy(3, 0);
        got(n, y, b, y);
        same_floats(3, 2);
      }
    }
  }
}

#endif
