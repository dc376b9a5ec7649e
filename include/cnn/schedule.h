/** @file schedule.h
 * Schedules: learning rates that follow from the number of steps.
 *
 *     cnn_schedule *cosine;
 *     cnn_cosine_decay_new(&cosine, ctx, 0, 9000, cnn_cosine_decay_opts(.warmup_target = 0.01f, .warmup_steps = 1000));
 *     cnn_adamw_new(&adamw, ctx, cnn_adamw_opts(.schedule = cosine));
 *     cnn_schedule_free(cosine);
 *
 * or as text, where the attributes stand in brackets, apart by commas:
 *
 *     cnn_optimizer_new(&sgd, ctx, "sgd",
 *                       "learning_rate_schedule=exponential_decay(initial_learning_rate=0.1,decay_steps=1000,decay_rate=0.5)");
 *
 * The optimizer copies what it needs; a model's file has it too.
 *
 * Formulas are Keras 3's, in float32. s is cnn_model_iterations before the step, so 0 at the first; with gradient_accumulation_steps
 * too it counts steps, not updates. Where a schedule gives the rate, cnn_model_learning_rate tells its value for the next step, and
 * setting it is an error. */
#ifndef CNN_SCHEDULE_H
#define CNN_SCHEDULE_H

#include "layer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_schedule cnn_schedule;

typedef struct cnn_exponential_decay_opts {
  size_t size;
  int32_t staircase; /**< s / decay_steps is rounded down */
  int32_t reserved;
} cnn_exponential_decay_opts;
#define cnn_exponential_decay_opts(...)                                                                                \
  (&(const struct cnn_exponential_decay_opts){.size = sizeof(struct cnn_exponential_decay_opts), __VA_ARGS__})

/** initial_learning_rate * decay_rate ^ (s / decay_steps).
 * @param initial_learning_rate >= 0   @param decay_steps >= 1   @param decay_rate >= 0
 * Errors: CNN_EINVAL a value out of range, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_exponential_decay_new(cnn_schedule **out, cnn_context *context,
                                                            float initial_learning_rate, int64_t decay_steps,
                                                            float decay_rate, const cnn_exponential_decay_opts *options);

typedef struct cnn_inverse_time_decay_opts {
  size_t size;
  int32_t staircase; /**< s / decay_steps is rounded down */
  int32_t reserved;
} cnn_inverse_time_decay_opts;
#define cnn_inverse_time_decay_opts(...)                                                                               \
  (&(const struct cnn_inverse_time_decay_opts){.size = sizeof(struct cnn_inverse_time_decay_opts), __VA_ARGS__})

/** initial_learning_rate / (1 + decay_rate * s / decay_steps). Ranges, errors, threads: as cnn_exponential_decay_new. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_inverse_time_decay_new(cnn_schedule **out, cnn_context *context,
                                                             float initial_learning_rate, int64_t decay_steps,
                                                             float decay_rate,
                                                             const cnn_inverse_time_decay_opts *options);

/** values[i] of the first i with s <= boundaries[i], after the last boundary values[boundary_count].
 * @param boundary_count 1 to 23   @param boundaries growing, >= 0   @param values boundary_count + 1 rates >= 0
 * Errors, threads: as cnn_exponential_decay_new. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_piecewise_constant_decay_new(cnn_schedule **out, cnn_context *context,
                                                                   int32_t boundary_count, const int64_t *boundaries,
                                                                   const float *values);

typedef struct cnn_polynomial_decay_opts {
  size_t size;
  float end_learning_rate; /**< >= 0; 0: 0.0001; CNN_ZERO: 0 */
  float power;             /**< >= 0; 0: 1; CNN_ZERO: 0 */
  int32_t cycle;           /**< d = decay_steps * max(1, ceil(s / decay_steps)) */
  int32_t reserved;
} cnn_polynomial_decay_opts;
#define cnn_polynomial_decay_opts(...)                                                                                 \
  (&(const struct cnn_polynomial_decay_opts){.size = sizeof(struct cnn_polynomial_decay_opts), __VA_ARGS__})

/** (initial_learning_rate - end_learning_rate) * (1 - min(s, d) / d) ^ power + end_learning_rate, d = decay_steps.
 * @param initial_learning_rate >= 0   @param decay_steps >= 1   Errors, threads: as cnn_exponential_decay_new. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_polynomial_decay_new(cnn_schedule **out, cnn_context *context,
                                                           float initial_learning_rate, int64_t decay_steps,
                                                           const cnn_polynomial_decay_opts *options);

typedef struct cnn_cosine_decay_opts {
  size_t size;
  float alpha;          /**< >= 0; default 0 */
  float warmup_target;  /**< > 0; 0: no way up */
  int64_t warmup_steps; /**< >= 0; w below */
} cnn_cosine_decay_opts;
#define cnn_cosine_decay_opts(...) (&(const struct cnn_cosine_decay_opts){.size = sizeof(struct cnn_cosine_decay_opts), __VA_ARGS__})

/** base * ((1 - alpha) * (1 + cos(pi * min(s - w, decay_steps) / decay_steps)) / 2 + alpha) (Loshchilov, Hutter 2017), base =
 * initial_learning_rate, w = 0; with a warmup_target that is the base, reached from initial_learning_rate in a straight line in the
 * first w steps (Goyal et al. 2017).
 * @param initial_learning_rate >= 0   @param decay_steps >= 1   Errors: CNN_EINVAL also warmup_steps without a target; else and threads as
 * cnn_exponential_decay_new. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_cosine_decay_new(cnn_schedule **out, cnn_context *context,
                                                       float initial_learning_rate, int64_t decay_steps,
                                                       const cnn_cosine_decay_opts *options);

typedef struct cnn_cosine_decay_restarts_opts {
  size_t size;
  float t_mul; /**< >= 1; 0: 2 */
  float m_mul; /**< >= 0; 0: 1; CNN_ZERO: 0 */
  float alpha; /**< >= 0; default 0 */
  int32_t reserved;
} cnn_cosine_decay_restarts_opts;
#define cnn_cosine_decay_restarts_opts(...)                                                                            \
  (&(const struct cnn_cosine_decay_restarts_opts){.size = sizeof(struct cnn_cosine_decay_restarts_opts), __VA_ARGS__})

/** initial_learning_rate * ((1 - alpha) * m_mul^i * (1 + cos(pi * f)) / 2 + alpha), f the share done of cosine i, which takes
 * first_decay_steps * t_mul^i steps (Loshchilov, Hutter 2017). Ranges, errors, threads: as cnn_polynomial_decay_new. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_cosine_decay_restarts_new(cnn_schedule **out, cnn_context *context,
                                                                float initial_learning_rate, int64_t first_decay_steps,
                                                                const cnn_cosine_decay_restarts_opts *options);

/** A schedule by the name of its type, attributes as text, 0 taken literally; lists apart by colons:
 *
 *     cnn_schedule_new(&steps, ctx, "piecewise_constant_decay", "boundaries=5000:10000 values=0.1:0.01:0.001");
 *
 * @param attributes  key=value pairs apart by blanks, keys and ranges as cnn_schedule_attribute_at lists them
 * Errors: CNN_ENAME (nearest named), CNN_EINVAL, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_schedule_new(cnn_schedule **out, cnn_context *context, const char *name,
                                                   const char *attributes);
CNN_API void cnn_schedule_free(cnn_schedule *schedule);

/** Name of its type ("cosine_decay"), static text. The rate at step s >= 0 (f32, given as double). Threads: any. Since 0.1. */
CNN_API const char *cnn_schedule_name(const cnn_schedule *schedule);
CNN_API double cnn_schedule_rate(const cnn_schedule *schedule, int64_t step);

/** An attribute of this schedule as text ("0.1", "0.1:0.01"). Errors: CNN_ENAME unknown key (nearest named), CNN_EINVAL the buffer is
 * too short (with the length wanted). Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_schedule_attribute_text(const cnn_schedule *schedule, const char *key, char *buffer,
                                                              size_t bytes);

/** The types of schedules: how many, their names, what each does in one sentence (NULL: no such type). Static text; threads: any.
 * Since 0.1. */
CNN_API int32_t cnn_schedule_type_count(void);
CNN_API const char *cnn_schedule_type_at(int32_t index);
CNN_API const char *cnn_schedule_type_help(const char *type);

/** Attributes of a type: how many (-1: no such type), and row `index` written to *out, whose `.size` the caller has set.
 * Errors: CNN_ENAME, CNN_EINVAL. Threads: any. Since 0.1. */
CNN_API int32_t cnn_schedule_attribute_count(const char *type);
CNN_API CNN_MUST_CHECK cnn_status cnn_schedule_attribute_at(const char *type, int32_t index, cnn_attribute *out);

#ifdef __cplusplus
}
#endif
#endif
