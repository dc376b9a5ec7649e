/* decay: what schedules have in common. */
#ifndef CNN_OPTIM_DECAY_H
#define CNN_OPTIM_DECAY_H

#include "kernels/math.h"
#include "optim/schedule_internal.h"

#define CNN__MOST_STEPS 9007199254740992.0 /* 2^53 */

#define CNN__INITIAL_ROW(settings)                                                                                    \
  {"initial_learning_rate", CNN_ATTRIBUTE_FLOAT, offsetof(settings, initial), 1, NULL, 0, CNN__UNBOUNDED, NULL,        \
   "rate of the first step"}
#define CNN__STEPS_ROW(settings, key, help)                                                                           \
  {key, CNN_ATTRIBUTE_INT, offsetof(settings, steps), 1, NULL, 1, CNN__MOST_STEPS, NULL, help}
#define CNN__ALPHA_ROW(settings)                                                                                      \
  {"alpha", CNN_ATTRIBUTE_FLOAT, offsetof(settings, alpha), 0, "0", 0, CNN__UNBOUNDED, NULL,                           \
   "least rate, as a share of the greatest"}

/* exponential_decay.c, for inverse_time_decay too: by how many periods of decay_steps the rate has gone down. */
typedef struct cnn__decay_settings {
  float initial, rate;
  int64_t steps;
  int32_t staircase;
} cnn__decay_settings;
#define CNN__DECAY_ROWS                                                                                               \
  CNN__INITIAL_ROW(cnn__decay_settings), CNN__STEPS_ROW(cnn__decay_settings, "decay_steps", "steps of one period"),    \
      {"decay_rate", CNN_ATTRIBUTE_FLOAT, offsetof(cnn__decay_settings, rate), 1, NULL, 0, CNN__UNBOUNDED, NULL,       \
       "how much the rate goes down in one period"},                                                                  \
  {"staircase", CNN_ATTRIBUTE_FLAG, offsetof(cnn__decay_settings, staircase), 0, "false", 0, 1, NULL,                  \
   "go down at the end of each period alone"}
float cnn__decay_periods(const cnn__decay_settings *settings, float step);

static inline float cnn__power(float base, float exponent) {
  return (float)cnn__pow_f64((double)base, (double)exponent);
}

/* Cosine of pi times a fraction of [0, 1]. */
static inline float cnn__cosine_of(float fraction) {
  double sine, cosine;
  cnn__sin_cos_f64((double)(3.14159274f * fraction), &sine, &cosine);
  return (float)cosine;
}

#endif
