/* adagrad: steps divided by the root of the sum of squared gradients (Duchi, Hazan, Singer 2011). */
#include "optim/optimizer_internal.h"

typedef struct settings {
  cnn__optimizer_common common;
  float initial_accumulator_value, epsilon;
} settings;

static const cnn__attribute attributes[] = {
    CNN__RATE_ROW("0.001"),
    {"initial_accumulator_value", CNN_ATTRIBUTE_FLOAT, offsetof(settings, initial_accumulator_value), 0, "0.1", 0,
     CNN__UNBOUNDED, NULL, "sum of squares before the first step"},
    {"epsilon", CNN_ATTRIBUTE_FLOAT, offsetof(settings, epsilon), 0, "1e-07", CNN__ABOVE_0, CNN__UNBOUNDED, NULL,
     "added to the sum of squares, under the root"},
    CNN__COMMON_ROWS("0"),
    {0},
};

static uint32_t slots(const void *settings_given) {
  (void)settings_given;
  return 1;
}

static float slot_start(const void *settings_given, int32_t slot) {
  (void)slot;
  return ((const settings *)settings_given)->initial_accumulator_value;
}

static void begin(const void *settings_given, int64_t iteration, cnn__update *update) {
  (void)iteration;
  update->scalar[0] = ((const settings *)settings_given)->epsilon;
}

static void apply(const cnn__kernels *k, const cnn__update *update, const cnn__piece *p) {
  k->adagrad(p->n, p->w, p->g, p->slots[0], update->rate, update->scalar[0]);
}

const cnn__optimizer_type cnn__adagrad_optimizer = {
    .name = "adagrad",
    .class_name = "Adagrad",
    .help = "Steps divided by the root of the sum of all squared gradients.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .slot_names = {"accumulator"},
    .slots = slots,
    .slot_start = slot_start,
    .begin = begin,
    .apply = apply,
};
