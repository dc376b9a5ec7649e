/* schedule: a rate that follows from the number of steps. */
#ifndef CNN_OPTIM_SCHEDULE_INTERNAL_H
#define CNN_OPTIM_SCHEDULE_INTERNAL_H

#include "cnn/schedule.h"
#include "core/context_internal.h"
#include "tensor/attributes.h"

typedef struct cnn__schedule_type {
  const char *name;
  const char *class_name; /* "ExponentialDecay" */
  const char *help;
  const cnn__attribute *attributes;
  size_t attributes_size;
  cnn_status (*check)(const void *attributes); /* what the ranges of the table cannot say; may be NULL */
  /* In float32 in Keras's order, powers and cosines by functions of our own; step as a float32 too. */
  float (*rate)(const void *attributes, float step);
} cnn__schedule_type;

struct cnn_schedule {
  atomic_int references;
  cnn_context *context;
  const cnn__schedule_type *type;
  void *attributes;
};

#define SCHEDULE(name) extern const cnn__schedule_type cnn__##name##_schedule;
#include "optim/schedules.def"
#undef SCHEDULE

/* From attributes by value: checks them, copies them. */
cnn_status cnn__schedule_make(cnn_schedule **out, cnn_context *context, const cnn__schedule_type *type,
                              const void *attributes);

/* As the attribute of an optimizer: "exponential_decay(initial_learning_rate=0.1,decay_steps=10,decay_rate=0.5)". Writing
 * fails with CNN_EINVAL where the buffer is too short. */
cnn_status cnn__schedule_text(const cnn_schedule *schedule, char *buffer, size_t bytes);
cnn_status cnn__schedule_read(cnn_schedule **out, cnn_context *context, const char *text);

const cnn__schedule_type *cnn__schedule_type_at(int32_t index);

#endif
