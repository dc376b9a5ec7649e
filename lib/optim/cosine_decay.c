/* cosine_decay: along half a cosine to a share of the rate, after a straight way up to it (Loshchilov, Hutter 2017; Goyal
 * et al. 2017). */
#include "optim/decay.h"

typedef struct settings {
  float initial, alpha, warmup_target;
  int64_t steps, warmup_steps;
} settings;

static const cnn__attribute attributes[] = {
    CNN__INITIAL_ROW(settings),
    CNN__STEPS_ROW(settings, "decay_steps", "steps to the end, not counting those of the way up"),
    CNN__ALPHA_ROW(settings),
    {"warmup_target", CNN_ATTRIBUTE_FLOAT, offsetof(settings, warmup_target), 0, "0", 0, CNN__UNBOUNDED, NULL,
     "rate at the end of the way up; 0: there is none"},
    {"warmup_steps", CNN_ATTRIBUTE_INT, offsetof(settings, warmup_steps), 0, "0", 0, CNN__MOST_STEPS, NULL,
     "steps of the way up"},
    {0},
};

static float decayed(const settings *set, float from, float step) {
  float cosine = 0.5f * (1.0f + cnn__cosine_of(step / (float)set->steps));
  return from * ((float)(1 - cnn__attribute_decimal(set->alpha)) * cosine + set->alpha);
}

static float rate(const void *settings_given, float step) {
  const settings *set = settings_given;
  float steps = (float)set->steps, warmup = (float)set->warmup_steps;
  if (set->warmup_target == 0)
    return decayed(set, set->initial, step < steps ? step : steps);
  step = step < steps + warmup ? step : steps + warmup;
  if (step < warmup)
    return (set->warmup_target - set->initial) * (step / warmup) + set->initial;
  return decayed(set, set->warmup_target, step - warmup);
}

static cnn_status check(const void *settings_given) {
  const settings *set = settings_given;
  if (set->warmup_steps && set->warmup_target == 0)
    return cnn__fail(CNN_EINVAL, "cosine_decay: warmup_steps is %lld, but there is no warmup_target to reach by then",
                     (long long)set->warmup_steps);
  return CNN_OK;
}

const cnn__schedule_type cnn__cosine_decay_schedule = {
    .name = "cosine_decay",
    .class_name = "CosineDecay",
    .help = "Along half a cosine down to alpha of the rate, after a straight way up where there is a warmup_target.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .check = check,
    .rate = rate,
};

cnn_status cnn_cosine_decay_new(cnn_schedule **out, cnn_context *context, float initial_learning_rate,
                                int64_t decay_steps, const cnn_cosine_decay_opts *options) {
  cnn_cosine_decay_opts given;
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_cosine_decay_opts"));
  settings set = {.initial = initial_learning_rate,
                  .alpha = cnn__option(given.alpha, 0),
                  .warmup_target = cnn__option(given.warmup_target, 0),
                  .steps = decay_steps,
                  .warmup_steps = given.warmup_steps};
  return cnn__schedule_make(out, context, &cnn__cosine_decay_schedule, &set);
}
