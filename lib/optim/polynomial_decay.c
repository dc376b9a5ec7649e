/* polynomial_decay: down to an end by a power of the steps that are left; again and again where it cycles. */
#include "optim/decay.h"

#include <math.h>

typedef struct settings {
  float initial, end, power;
  int64_t steps;
  int32_t cycle;
} settings;

static const cnn__attribute attributes[] = {
    CNN__INITIAL_ROW(settings),
    CNN__STEPS_ROW(settings, "decay_steps", "steps to the end"),
    {"end_learning_rate", CNN_ATTRIBUTE_FLOAT, offsetof(settings, end), 0, "0.0001", 0, CNN__UNBOUNDED, NULL,
     "rate at the end"},
    {"power", CNN_ATTRIBUTE_FLOAT, offsetof(settings, power), 0, "1", 0, CNN__UNBOUNDED, NULL,
     "power of the share of steps left"},
    {"cycle", CNN_ATTRIBUTE_FLAG, offsetof(settings, cycle), 0, "false", 0, 1, NULL,
     "go up and down again, to an end that is decay_steps further each time"},
    {0},
};

/* Of steps so many that float32 rounds them, the last one of a cycle may lie behind its end: nothing is left then. */
static float rate(const void *settings_given, float step) {
  const settings *set = settings_given;
  float end = (float)set->steps;
  if (!set->cycle)
    step = step < end ? step : end;
  else if (step > 0)
    end *= ceilf(step / end);
  float left = 1.0f - step / end;
  return (set->initial - set->end) * cnn__power(left > 0 ? left : 0, set->power) + set->end;
}

const cnn__schedule_type cnn__polynomial_decay_schedule = {
    .name = "polynomial_decay",
    .class_name = "PolynomialDecay",
    .help = "Down to end_learning_rate in decay_steps, by a power of the share of steps left.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .rate = rate,
};

cnn_status cnn_polynomial_decay_new(cnn_schedule **out, cnn_context *context, float initial_learning_rate,
                                    int64_t decay_steps, const cnn_polynomial_decay_opts *options) {
  cnn_polynomial_decay_opts given;
  settings set;
  CNN__TRY(cnn__options(&given, CNN__FIRST(cnn_polynomial_decay_opts, cycle),
                        CNN__FIRST(cnn_polynomial_decay_opts, cycle), options, "cnn_polynomial_decay_opts"));
  cnn__attributes_default(attributes, &set);
  set.initial = initial_learning_rate;
  set.steps = decay_steps;
  set.end = cnn__option(given.end_learning_rate, set.end);
  set.power = cnn__option(given.power, set.power);
  set.cycle = given.cycle != 0;
  return cnn__schedule_make(out, context, &cnn__polynomial_decay_schedule, &set);
}
