/* lion: steps of one size, by the sign of a mean of gradients (Chen et al. 2023). */
#include "optim/optimizer_internal.h"

typedef struct settings {
  cnn__optimizer_common common;
  float beta_1, beta_2;
} settings;

static const cnn__attribute attributes[] = {
    CNN__RATE_ROW("0.001"),
    {"beta_1", CNN_ATTRIBUTE_FLOAT, offsetof(settings, beta_1), 0, "0.9", CNN__ABOVE_0, 1, NULL,
     "weight of the old mean in the step"},
    {"beta_2", CNN_ATTRIBUTE_FLOAT, offsetof(settings, beta_2), 0, "0.99", 0, CNN__BELOW_1, NULL,
     "weight of the old mean in the new one"},
    CNN__COMMON_ROWS("0"),
    {0},
};

static uint32_t slots(const void *settings_given) {
  (void)settings_given;
  return 1;
}

static void begin(const void *settings_given, int64_t iteration, cnn__update *update) {
  const settings *set = settings_given;
  (void)iteration;
  update->scalar[0] = set->beta_1;
  update->scalar[1] = (float)(1 - (double)set->beta_1); /* of the float32 betas, as Keras */
  update->scalar[2] = set->beta_2;
  update->scalar[3] = (float)(1 - (double)set->beta_2);
}

static void apply(const cnn__kernels *k, const cnn__update *update, const cnn__piece *p) {
  k->lion(p->n, p->w, p->g, p->slots[0], update->rate, update->scalar);
}

const cnn__optimizer_type cnn__lion_optimizer = {
    .name = "lion",
    .class_name = "Lion",
    .help = "Steps of one size against the sign of a running mean of gradients.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .slot_names = {"momentum"},
    .slots = slots,
    .begin = begin,
    .apply = apply,
};
