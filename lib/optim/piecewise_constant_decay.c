/* piecewise_constant_decay: one rate up to each boundary, another after the last. */
#include "optim/decay.h"

#include <string.h>

typedef struct settings {
  cnn__list boundaries, values;
} settings;

static const cnn__attribute attributes[] = {
    {"boundaries", CNN_ATTRIBUTE_LIST, offsetof(settings, boundaries), 1, NULL, 0, CNN__MOST_STEPS, NULL,
     "last step of each rate but the last, growing"},
    {"values", CNN_ATTRIBUTE_LIST, offsetof(settings, values), 1, NULL, 0, CNN__UNBOUNDED, NULL,
     "the rates, one more than boundaries"},
    {0},
};

static cnn_status check(const void *settings_given) {
  const cnn__list *boundaries = &((const settings *)settings_given)->boundaries;
  const cnn__list *values = &((const settings *)settings_given)->values;
  if (values->count != boundaries->count + 1)
    return cnn__fail(CNN_EINVAL, "piecewise_constant_decay: %d values for %d boundaries, must be one more",
                     (int)values->count, (int)boundaries->count);
  for (int32_t i = 1; i < boundaries->count; i++)
    if (!(boundaries->values[i] > boundaries->values[i - 1]))
      return cnn__fail(CNN_EINVAL, "piecewise_constant_decay: boundary %g follows %g, boundaries must grow",
                       (double)boundaries->values[i], (double)boundaries->values[i - 1]);
  return CNN_OK;
}

static float rate(const void *settings_given, float step) {
  const settings *set = settings_given;
  int32_t i = 0;
  while (i < set->boundaries.count && step > set->boundaries.values[i])
    i++;
  return set->values.values[i];
}

const cnn__schedule_type cnn__piecewise_constant_decay_schedule = {
    .name = "piecewise_constant_decay",
    .class_name = "PiecewiseConstantDecay",
    .help = "One rate up to each boundary, another after the last.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .check = check,
    .rate = rate,
};

cnn_status cnn_piecewise_constant_decay_new(cnn_schedule **out, cnn_context *context, int32_t boundary_count,
                                            const int64_t *boundaries, const float *values) {
  settings set = {{0}, {0}};
  if (boundary_count < 1 || boundary_count >= CNN__MAX_LIST || !boundaries || !values)
    return cnn__fail(CNN_EINVAL, "piecewise_constant_decay: %d boundaries, must be 1 to %d", (int)boundary_count,
                     CNN__MAX_LIST - 1);
  for (int32_t i = 0; i < boundary_count; i++)
    set.boundaries.values[i] = (float)boundaries[i];
  set.boundaries.count = boundary_count;
  set.values.count = boundary_count + 1;
  memcpy(set.values.values, values, (size_t)set.values.count * sizeof *values);
  return cnn__schedule_make(out, context, &cnn__piecewise_constant_decay_schedule, &set);
}
