/* cosine_decay_restarts: half cosines one after the other, each longer and from another height (Loshchilov, Hutter 2017). */
#include "optim/decay.h"

typedef struct settings {
  float initial, t_mul, m_mul, alpha;
  int64_t steps;
} settings;

static const cnn__attribute attributes[] = {
    CNN__INITIAL_ROW(settings),
    CNN__STEPS_ROW(settings, "first_decay_steps", "steps of the first cosine"),
    {"t_mul", CNN_ATTRIBUTE_FLOAT, offsetof(settings, t_mul), 0, "2", 1, CNN__UNBOUNDED, NULL,
     "length of each cosine in those of the one before"},
    {"m_mul", CNN_ATTRIBUTE_FLOAT, offsetof(settings, m_mul), 0, "1", 0, CNN__UNBOUNDED, NULL,
     "greatest rate of each cosine in those of the one before"},
    CNN__ALPHA_ROW(settings),
    {0},
};

/* Where cosine i begins, in lengths of the first: 1 + t + t^2 + ... */
static double start_of(double t_mul, int64_t i) {
  return t_mul == 1 ? (double)i : (cnn__pow_int_f64(t_mul, i) - 1) / (t_mul - 1);
}

/* The cosine that `at` is in: by the formula, then the neighbour where rounding missed it. */
static int64_t cosine_at(double t_mul, double at) {
  int64_t i = (int64_t)(t_mul == 1 ? at : cnn__log_f64(1 + at * (t_mul - 1)) / cnn__log_f64(t_mul));
  if (i > 0 && start_of(t_mul, i) > at)
    i--;
  return start_of(t_mul, i + 1) <= at ? i + 1 : i;
}

static float rate(const void *settings_given, float step) {
  const settings *set = settings_given;
  double t_mul = set->t_mul;
  int64_t i = cosine_at(t_mul, (double)step / (double)set->steps);
  float done = step / (float)set->steps - (float)start_of(t_mul, i);
  float fraction = (done > 0 ? done : 0) / (float)cnn__pow_int_f64(t_mul, i);
  float height = (float)cnn__pow_int_f64(set->m_mul, i);
  float cosine = (0.5f * height) * (1.0f + cnn__cosine_of(fraction));
  return set->initial * ((1.0f - set->alpha) * cosine + set->alpha);
}

const cnn__schedule_type cnn__cosine_decay_restarts_schedule = {
    .name = "cosine_decay_restarts",
    .class_name = "CosineDecayRestarts",
    .help = "Half cosines one after the other, each t_mul times as long and m_mul times as high as the last.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .rate = rate,
};

cnn_status cnn_cosine_decay_restarts_new(cnn_schedule **out, cnn_context *context, float initial_learning_rate,
                                         int64_t first_decay_steps, const cnn_cosine_decay_restarts_opts *options) {
  cnn_cosine_decay_restarts_opts given;
  settings set;
  CNN__TRY(cnn__options(&given, CNN__FIRST(cnn_cosine_decay_restarts_opts, alpha),
                        CNN__FIRST(cnn_cosine_decay_restarts_opts, alpha), options, "cnn_cosine_decay_restarts_opts"));
  cnn__attributes_default(attributes, &set);
  set.initial = initial_learning_rate;
  set.steps = first_decay_steps;
  set.t_mul = cnn__option(given.t_mul, set.t_mul);
  set.m_mul = cnn__option(given.m_mul, set.m_mul);
  set.alpha = cnn__option(given.alpha, 0);
  return cnn__schedule_make(out, context, &cnn__cosine_decay_restarts_schedule, &set);
}
