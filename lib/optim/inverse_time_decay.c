/* inverse_time_decay: the rate divided by a sum that grows with time. */
#include "optim/decay.h"

static const cnn__attribute attributes[] = {CNN__DECAY_ROWS, {0}};

static float rate(const void *settings_given, float step) {
  const cnn__decay_settings *set = settings_given;
  return set->initial / (1.0f + set->rate * cnn__decay_periods(set, step));
}

const cnn__schedule_type cnn__inverse_time_decay_schedule = {
    .name = "inverse_time_decay",
    .class_name = "InverseTimeDecay",
    .help = "The rate divided by 1 + decay_rate times the periods of decay_steps so far.",
    .attributes = attributes,
    .attributes_size = sizeof(cnn__decay_settings),
    .rate = rate,
};

cnn_status cnn_inverse_time_decay_new(cnn_schedule **out, cnn_context *context, float initial_learning_rate,
                                      int64_t decay_steps, float decay_rate,
                                      const cnn_inverse_time_decay_opts *options) {
  cnn_inverse_time_decay_opts given;
  CNN__TRY(cnn__options(&given, CNN__FIRST(cnn_inverse_time_decay_opts, staircase),
                        CNN__FIRST(cnn_inverse_time_decay_opts, staircase), options, "cnn_inverse_time_decay_opts"));
  cnn__decay_settings set = {.initial = initial_learning_rate,
                             .rate = decay_rate,
                             .steps = decay_steps,
                             .staircase = given.staircase != 0};
  return cnn__schedule_make(out, context, &cnn__inverse_time_decay_schedule, &set);
}
