/* update_check: an update kernel of every level against the reference. All of its arrays go in, all are compared, also
 * those that it may only read. */
#ifndef CNN_TESTS_KERNELS_UPDATE_CHECK_H
#define CNN_TESTS_KERNELS_UPDATE_CHECK_H

#include "check.h"

#define UPDATE_ARRAYS 5

/* The call stands behind: of table t, on n elements of a[0] to a[arrays - 1], in one of the variants 0 .. variants - 1. */
#define UPDATE_CASE(slot, arrays, variants, ...)                                            \
  static void update_##slot(const cnn__kernels *t, int64_t n, float *const *a, int variant) { \
    (void)variant;                                                                          \
    __VA_ARGS__;                                                                            \
  }                                                                                         \
  CASE(slot) {                                                                              \
    EACH_LEVEL(slot) {                                                                      \
      for (int64_t i = 0; lengths(i) >= 0; i++) {                                           \
        EACH_PLACEMENT(50 + (uint64_t)i) {                                                  \
          for (int turn = 0; turn < (variants) * KINDS; turn++) {                           \
            NOTE(slot, lengths(i), turn % (variants));                                      \
            update_both(t, update_##slot, lengths(i), arrays, turn / (variants), turn % (variants)); \
          }                                                                                 \
        }                                                                                   \
      }                                                                                     \
    }                                                                                       \
  }                                                                                         \
  END_CASE

typedef void update_call(const cnn__kernels *t, int64_t n, float *const *a, int variant);

static inline void update_both(const cnn__kernels *t, update_call *call, int64_t n, int arrays, int kind, int variant) {
  float *want[UPDATE_ARRAYS], *got[UPDATE_ARRAYS];
  for (int k = 0; k < arrays; k++) {
    want[k] = place_floats(k, n, kind);
    got[k] = place_copy(UPDATE_ARRAYS + k, k);
  }
  call(reference(), n, want, variant);
  call(t, n, got, variant);
  for (int k = 0; k < arrays; k++) {
    same_floats(UPDATE_ARRAYS + k, k);
  }
}

#endif
