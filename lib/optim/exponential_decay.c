/* exponential_decay: the rate times a factor in each period. */
#include "optim/decay.h"

#include <math.h>

static const cnn__attribute attributes[] = {CNN__DECAY_ROWS, {0}};

float cnn__decay_periods(const cnn__decay_settings *settings, float step) {
  float periods = step / (float)settings->steps;
  return settings->staircase ? (float)(int64_t)periods : periods;
}

static float rate(const void *settings_given, float step) {
  const cnn__decay_settings *set = settings_given;
  return set->initial * cnn__power(set->rate, cnn__decay_periods(set, step));
}

const cnn__schedule_type cnn__exponential_decay_schedule = {
    .name = "exponential_decay",
    .class_name = "ExponentialDecay",
    .help = "The rate times decay_rate in each period of decay_steps.",
    .attributes = attributes,
    .attributes_size = sizeof(cnn__decay_settings),
    .rate = rate,
};

cnn_status cnn_exponential_decay_new(cnn_schedule **out, cnn_context *context, float initial_learning_rate,
                                     int64_t decay_steps, float decay_rate, const cnn_exponential_decay_opts *options) {
  cnn_exponential_decay_opts given;
  CNN__TRY(cnn__options(&given, CNN__FIRST(cnn_exponential_decay_opts, staircase),
                        CNN__FIRST(cnn_exponential_decay_opts, staircase), options, "cnn_exponential_decay_opts"));
  cnn__decay_settings set = {.initial = initial_learning_rate,
                             .rate = decay_rate,
                             .steps = decay_steps,
                             .staircase = given.staircase != 0};
  return cnn__schedule_make(out, context, &cnn__exponential_decay_schedule, &set);
}
