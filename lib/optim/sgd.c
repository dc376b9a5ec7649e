/* sgd: gradient descent, with momentum or Nesterov's form of it. */
#include "optim/optimizer_internal.h"

typedef struct settings {
  cnn__optimizer_common common;
  float momentum;
  int32_t nesterov;
} settings;

static const cnn__attribute attributes[] = {
    CNN__RATE_ROW("0.01"),
    {"momentum", CNN_ATTRIBUTE_FLOAT, offsetof(settings, momentum), 0, "0", 0, CNN__BELOW_1, NULL,
     "share of the last step that is made again"},
    {"nesterov", CNN_ATTRIBUTE_FLAG, offsetof(settings, nesterov), 0, "false", 0, 1, NULL,
     "take the gradient's step after that of the momentum"},
    CNN__COMMON_ROWS("0"),
    {0},
};

enum { MOMENTUM, NESTEROV };

static uint32_t slots(const void *settings_given) { return ((const settings *)settings_given)->momentum != 0; }

static void begin(const void *settings_given, int64_t iteration, cnn__update *update) {
  const settings *set = settings_given;
  (void)iteration;
  update->scalar[MOMENTUM] = set->momentum;
  update->scalar[NESTEROV] = set->nesterov ? 1.0f : 0.0f;
}

static void apply(const cnn__kernels *k, const cnn__update *update, const cnn__piece *p) {
  if (p->slots[0])
    k->sgd_momentum(p->n, p->w, p->g, p->slots[0], update->rate, update->scalar[MOMENTUM],
                    update->scalar[NESTEROV] != 0);
  else
    k->sgd(p->n, p->w, p->g, update->rate);
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
  settings set;
  CNN__TRY(cnn__options(&given, sizeof given, CNN__FIRST(cnn_sgd_opts, nesterov), options, "cnn_sgd_opts"));
  cnn__attributes_default(attributes, &set);
  set.common.learning_rate = cnn__option(given.learning_rate, set.common.learning_rate);
  set.momentum = cnn__option(given.momentum, 0.0f);
  set.nesterov = given.nesterov != 0;
  CNN__TRY(CNN__COMMON_GIVEN(&set, &given));
  return cnn__optimizer_make(out, context, &cnn__sgd_optimizer, &set);
}
