/* rmsprop: steps divided by the root of a running mean of squared gradients (Tieleman, Hinton 2012), epsilon inside the
 * root; centered by the variance instead (Graves 2013). */
#include "optim/optimizer_internal.h"

typedef struct settings {
  cnn__optimizer_common common;
  float rho, momentum, epsilon;
  int32_t centered;
} settings;

static const cnn__attribute attributes[] = {
    CNN__RATE_ROW("0.001"),
    {"rho", CNN_ATTRIBUTE_FLOAT, offsetof(settings, rho), 0, "0.9", 0, CNN__BELOW_1, NULL,
     "weight of the old mean of squared gradients"},
    {"momentum", CNN_ATTRIBUTE_FLOAT, offsetof(settings, momentum), 0, "0", 0, CNN__BELOW_1, NULL,
     "share of the last step that is made again"},
    {"epsilon", CNN_ATTRIBUTE_FLOAT, offsetof(settings, epsilon), 0, "1e-07", CNN__ABOVE_0, CNN__UNBOUNDED, NULL,
     "added to the mean of squares, under the root"},
    {"centered", CNN_ATTRIBUTE_FLAG, offsetof(settings, centered), 0, "false", 0, 1, NULL,
     "take the squared mean gradient off the mean of squares"},
    CNN__COMMON_ROWS("0"),
    {0},
};

enum { VELOCITY, MOMENTUM, AVERAGE_GRADIENT };

static uint32_t slots(const void *settings_given) {
  const settings *set = settings_given;
  return 1u << VELOCITY | (uint32_t)(set->momentum != 0) << MOMENTUM |
         (uint32_t)(set->centered != 0) << AVERAGE_GRADIENT;
}

static void begin(const void *settings_given, int64_t iteration, cnn__update *update) {
  const settings *set = settings_given;
  (void)iteration;
  update->scalar[0] = set->rho;
  update->scalar[1] = (float)(1 - cnn__attribute_decimal(set->rho));
  update->scalar[2] = set->momentum;
  update->scalar[3] = set->epsilon;
}

static void apply(const cnn__kernels *k, const cnn__update *update, const cnn__piece *p) {
  k->rmsprop(p->n, p->w, p->g, p->slots[VELOCITY], p->slots[MOMENTUM], p->slots[AVERAGE_GRADIENT], update->rate,
             update->scalar);
}

const cnn__optimizer_type cnn__rmsprop_optimizer = {
    .name = "rmsprop",
    .class_name = "RMSprop",
    .help = "Steps divided by the root of a running mean of squared gradients.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .slot_names = {"velocity", "momentum", "average_gradient"},
    .slots = slots,
    .begin = begin,
    .apply = apply,
};

cnn_status cnn_rmsprop_new(cnn_optimizer **out, cnn_context *context, const cnn_rmsprop_opts *options) {
  cnn_rmsprop_opts given;
  settings set;
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_rmsprop_opts"));
  cnn__attributes_default(attributes, &set);
  set.common.learning_rate = cnn__option(given.learning_rate, set.common.learning_rate);
  set.rho = cnn__option(given.rho, set.rho);
  set.momentum = cnn__option(given.momentum, 0.0f);
  set.epsilon = cnn__option(given.epsilon, set.epsilon);
  set.centered = given.centered != 0;
  CNN__TRY(CNN__COMMON_GIVEN(&set, &given));
  return cnn__optimizer_make(out, context, &cnn__rmsprop_optimizer, &set);
}
