/* sgd: gradient descent, with momentum or Nesterov's form of it. */
#include "optim/optimizer_internal.h"

#include "core/options.h"

typedef struct settings {
  float learning_rate, momentum;
  int32_t nesterov;
} settings;

static const cnn__attribute attributes[] = {
    {"learning_rate", CNN_ATTRIBUTE_FLOAT, offsetof(settings, learning_rate), 0, "0.01", 0, CNN__UNBOUNDED, NULL,
     "size of a step"},
    {"momentum", CNN_ATTRIBUTE_FLOAT, offsetof(settings, momentum), 0, "0", 0, CNN__BELOW_1, NULL,
     "share of the last step that is made again"},
    {"nesterov", CNN_ATTRIBUTE_FLAG, offsetof(settings, nesterov), 0, "false", 0, 1, NULL,
     "take the gradient's step after that of the momentum"},
    {0},
};

enum { MOMENTUM, NESTEROV };

static int32_t slots(const void *settings_given) { return ((const settings *)settings_given)->momentum != 0; }

static void begin(const void *settings_given, int64_t iteration, float rate, cnn__update *update) {
  const settings *set = settings_given;
  (void)iteration;
  update->rate = rate;
  update->scalar[MOMENTUM] = set->momentum;
  update->scalar[NESTEROV] = set->nesterov ? 1.0f : 0.0f;
}

static void apply(const cnn__kernels *k, const cnn__update *update, int64_t n, float *w, const float *g,
                  float *const *state) {
  float momentum = update->scalar[MOMENTUM];
  if (momentum != 0)
    k->sgd_momentum(n, w, g, state[0], update->rate, momentum, update->scalar[NESTEROV] != 0);
  else
    k->sgd(n, w, g, update->rate);
}

const cnn__optimizer_type cnn__sgd_optimizer = {
    .name = "sgd",
    .class_name = "SGD",
    .help = "Steps against the gradient, with momentum where it is asked for.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .slot_names = {"momentum"},
    .slots = slots,
    .begin = begin,
    .apply = apply,
};

cnn_status cnn_sgd_new(cnn_optimizer **out, cnn_context *context, const cnn_sgd_opts *options) {
  cnn_sgd_opts given;
  CNN__TRY(cnn__options(&given, CNN__FIRST(cnn_sgd_opts, nesterov), CNN__FIRST(cnn_sgd_opts, nesterov), options,
                        "cnn_sgd_opts"));
  settings set;
  cnn__attributes_default(attributes, &set);
  set.learning_rate = cnn__option(given.learning_rate, set.learning_rate);
  set.momentum = cnn__option(given.momentum, 0.0f);
  set.nesterov = given.nesterov != 0;
  return cnn__optimizer_make(out, context, &cnn__sgd_optimizer, &set);
}
