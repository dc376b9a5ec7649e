/* lamb: adam whose step in each weight array is as long as the array's norm says (You et al. 2020). */
#include "optim/adam.h"

static const cnn__attribute attributes[] = {CNN__RATE_ROW("0.001"), CNN__ADAM_ROWS, CNN__COMMON_ROWS("0"), {0}};

static void begin(const void *settings, int64_t iteration, cnn__update *update) {
  const cnn__adam_settings *set = settings;
  update->scalar[0] = cnn__adam_rest(set->beta_1);
  update->scalar[1] = cnn__adam_rest(set->beta_2);
  update->scalar[2] = (float)cnn__adam_correction(set->beta_1, iteration);
  update->scalar[3] = (float)cnn__adam_correction(set->beta_2, iteration);
  update->scalar[4] = set->epsilon;
}

static void direct(const cnn__kernels *k, const cnn__update *update, const cnn__piece *p) {
  k->lamb_direction(p->n, p->g, p->slots[0], p->slots[1], update->scalar);
}

static void apply(const cnn__kernels *k, const cnn__update *update, const cnn__piece *p) {
  k->sgd(p->n, p->w, p->g, update->rate);
}

const cnn__optimizer_type cnn__lamb_optimizer = {
    .name = "lamb",
    .class_name = "Lamb",
    .help = "Adam with steps in proportion to the norm of each weight array, for large batches.",
    .attributes = attributes,
    .attributes_size = sizeof(cnn__adam_settings),
    .slot_names = {"momentum", "velocity"},
    .slots = cnn__adam_two_slots,
    .begin = begin,
    .apply = apply,
    .direct = direct,
};
