/* steps: an optimizer's steps on arrays that belong to no model. */
#ifndef CNN_TESTS_OPTIM_STEPS_H
#define CNN_TESTS_OPTIM_STEPS_H

#include "optim/optimizer_internal.h"

#define STEPS_ARRAYS 2
#define STEPS_ELEMENTS 32 /* at most, in each array */

typedef struct steps_array {
  int64_t n;
  float w[STEPS_ELEMENTS], g[STEPS_ELEMENTS], slots[CNN__MAX_SLOTS][STEPS_ELEMENTS];
} steps_array;

/* Slots as they are before the first update. */
void steps_begin(const cnn_optimizer *optimizer, steps_array *array, int64_t n);

/* One step of all arrays, whose g have been set; `call` counts from 0. */
void steps_take(const cnn_optimizer *optimizer, const cnn__kernels *k, int64_t call, float rate, steps_array *arrays,
                int32_t count);

#endif
