/* ftrl: follow the regularised leader (McMahan et al. 2013), for sparse weights. */
#include "optim/optimizer_internal.h"

typedef struct settings {
  cnn__optimizer_common common;
  float learning_rate_power, initial_accumulator_value, l1, l2, l2_shrinkage, beta;
} settings;

#define STRENGTH(key, field, help)                                                                                    \
  {key, CNN_ATTRIBUTE_FLOAT, offsetof(settings, field), 0, "0", 0, CNN__UNBOUNDED, NULL, help}

static const cnn__attribute attributes[] = {
    CNN__RATE_ROW("0.001"),
    {"learning_rate_power", CNN_ATTRIBUTE_FLOAT, offsetof(settings, learning_rate_power), 0, "-0.5", -CNN__UNBOUNDED, 0,
     NULL, "power of the sum of squares that divides steps"},
    {"initial_accumulator_value", CNN_ATTRIBUTE_FLOAT, offsetof(settings, initial_accumulator_value), 0, "0.1", 0,
     CNN__UNBOUNDED, NULL, "sum of squares before the first step"},
    STRENGTH("l1_regularization_strength", l1, "sets small weights to 0"),
    STRENGTH("l2_regularization_strength", l2, "draws weights to 0"),
    STRENGTH("l2_shrinkage_regularization_strength", l2_shrinkage, "draws weights to 0 by the gradient alone"),
    STRENGTH("beta", beta, "adds to l2 by the rate"),
    CNN__COMMON_ROWS("0"),
    {0},
};

enum { ACCUMULATOR, LINEAR };

static uint32_t slots(const void *settings_given) {
  (void)settings_given;
  return 1u << ACCUMULATOR | 1u << LINEAR;
}

static float slot_start(const void *settings_given, int32_t slot) {
  return slot == ACCUMULATOR ? ((const settings *)settings_given)->initial_accumulator_value : 0;
}

static void begin(const void *settings_given, int64_t iteration, cnn__update *update) {
  const settings *set = settings_given;
  (void)iteration;
  update->scalar[0] = -set->learning_rate_power;
  update->scalar[1] = set->l1;
  update->scalar[2] = 2 * set->l2 + (update->rate > 0 ? set->beta / update->rate : 0);
  update->scalar[3] = 2 * set->l2_shrinkage;
}

/* A rate of 0 would divide by it: nothing is learned. */
static void apply(const cnn__kernels *k, const cnn__update *update, const cnn__piece *p) {
  if (update->rate > 0)
    k->ftrl(p->n, p->w, p->g, p->slots[ACCUMULATOR], p->slots[LINEAR], update->rate, update->scalar);
}

const cnn__optimizer_type cnn__ftrl_optimizer = {
    .name = "ftrl",
    .class_name = "Ftrl",
    .help = "Follow the regularised leader: steps that leave small weights at 0.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .slot_names = {"accumulator", "linear"},
    .slots = slots,
    .slot_start = slot_start,
    .begin = begin,
    .apply = apply,
};
