/* adadelta: steps in proportion to the root mean square of past steps (Zeiler 2012). */
#include "optim/optimizer_internal.h"

typedef struct settings {
  cnn__optimizer_common common;
  float rho, epsilon;
} settings;

static const cnn__attribute attributes[] = {
    CNN__RATE_ROW("0.001"),
    {"rho", CNN_ATTRIBUTE_FLOAT, offsetof(settings, rho), 0, "0.95", 0, CNN__BELOW_1, NULL,
     "weight of the old means of squares"},
    {"epsilon", CNN_ATTRIBUTE_FLOAT, offsetof(settings, epsilon), 0, "1e-07", CNN__ABOVE_0, CNN__UNBOUNDED, NULL,
     "added to the means of squares, under the roots"},
    CNN__COMMON_ROWS("0"),
    {0},
};

static uint32_t slots(const void *settings_given) {
  (void)settings_given;
  return 3;
}

static void begin(const void *settings_given, int64_t iteration, cnn__update *update) {
  const settings *set = settings_given;
  (void)iteration;
  update->scalar[0] = set->rho;
  update->scalar[1] = (float)(1 - cnn__attribute_decimal(set->rho));
  update->scalar[2] = set->epsilon;
}

static void apply(const cnn__kernels *k, const cnn__update *update, const cnn__piece *p) {
  k->adadelta(p->n, p->w, p->g, p->slots[0], p->slots[1], update->rate, update->scalar[0], update->scalar[1],
              update->scalar[2]);
}

const cnn__optimizer_type cnn__adadelta_optimizer = {
    .name = "adadelta",
    .class_name = "Adadelta",
    .help = "Steps in proportion to the root mean square of past steps.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .slot_names = {"accumulated_grad", "accumulated_delta_var"},
    .slots = slots,
    .begin = begin,
    .apply = apply,
};
