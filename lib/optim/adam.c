/* adam: steps scaled by running moments of the gradient (Kingma, Ba 2015), epsilon outside the bias correction. */
#include "optim/optimizer_internal.h"

#include "core/options.h"
#include "kernels/math.h"

#include <math.h>

typedef struct settings {
  float learning_rate, beta_1, beta_2, epsilon;
} settings;

static const cnn__attribute attributes[] = {
    {"learning_rate", CNN_ATTRIBUTE_FLOAT, offsetof(settings, learning_rate), 0, "0.001", 0, CNN__UNBOUNDED, NULL,
     "size of a step"},
    {"beta_1", CNN_ATTRIBUTE_FLOAT, offsetof(settings, beta_1), 0, "0.9", 0, CNN__BELOW_1, NULL,
     "weight of the old mean of gradients"},
    {"beta_2", CNN_ATTRIBUTE_FLOAT, offsetof(settings, beta_2), 0, "0.999", 0, CNN__BELOW_1, NULL,
     "weight of the old mean of squared gradients"},
    {"epsilon", CNN_ATTRIBUTE_FLOAT, offsetof(settings, epsilon), 0, "1e-07", CNN__ABOVE_0, CNN__UNBOUNDED, NULL,
     "added to the root of the mean of squares"},
    {0},
};

enum { ALPHA, ONE_MINUS_BETA_1, ONE_MINUS_BETA_2, EPSILON };

static int32_t slots(const void *settings_given) {
  (void)settings_given;
  return 2;
}

/* Keras takes powers of the float32 betas, but 1 - beta of the decimals that were written. */
static void begin(const void *settings_given, int64_t iteration, float rate, cnn__update *update) {
  const settings *set = settings_given;
  double correction_1 = 1 - cnn__pow_int_f64(set->beta_1, iteration + 1);
  double correction_2 = 1 - cnn__pow_int_f64(set->beta_2, iteration + 1);
  update->rate = rate;
  update->scalar[ALPHA] = (float)(rate * sqrt(correction_2) / correction_1);
  update->scalar[ONE_MINUS_BETA_1] = (float)(1 - cnn__attribute_decimal(set->beta_1));
  update->scalar[ONE_MINUS_BETA_2] = (float)(1 - cnn__attribute_decimal(set->beta_2));
  update->scalar[EPSILON] = set->epsilon;
}

static void apply(const cnn__kernels *k, const cnn__update *update, int64_t n, float *w, const float *g,
                  float *const *state) {
  k->adam(n, w, g, state[0], state[1], update->scalar[ALPHA], update->scalar[ONE_MINUS_BETA_1],
          update->scalar[ONE_MINUS_BETA_2], update->scalar[EPSILON]);
}

const cnn__optimizer_type cnn__adam_optimizer = {
    .name = "adam",
    .class_name = "Adam",
    .help = "Steps scaled by running means of the gradient and of its square.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .slot_names = {"momentum", "velocity"},
    .slots = slots,
    .begin = begin,
    .apply = apply,
};

cnn_status cnn_adam_new(cnn_optimizer **out, cnn_context *context, const cnn_adam_opts *options) {
  cnn_adam_opts given;
  CNN__TRY(cnn__options(&given, sizeof given, CNN__FIRST(cnn_adam_opts, epsilon), options, "cnn_adam_opts"));
  settings set;
  cnn__attributes_default(attributes, &set);
  set.learning_rate = cnn__option(given.learning_rate, set.learning_rate);
  set.beta_1 = cnn__option(given.beta_1, set.beta_1);
  set.beta_2 = cnn__option(given.beta_2, set.beta_2);
  set.epsilon = cnn__option(given.epsilon, set.epsilon);
  return cnn__optimizer_make(out, context, &cnn__adam_optimizer, &set);
}
