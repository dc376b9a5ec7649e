/* adamax: adam by the greatest gradient instead of the mean of squares (Kingma, Ba 2015, section 7). */
#include "optim/adam.h"

static const cnn__attribute attributes[] = {CNN__RATE_ROW("0.001"), CNN__ADAM_ROWS, CNN__COMMON_ROWS("0"), {0}};

enum { STEP, REST_1, BETA_2, EPSILON };

static void begin(const void *settings, int64_t iteration, cnn__update *update) {
  const cnn__adam_settings *set = settings;
  update->scalar[STEP] = (float)(update->rate / cnn__adam_correction(set->beta_1, iteration));
  update->scalar[REST_1] = cnn__adam_rest(set->beta_1);
  update->scalar[BETA_2] = set->beta_2;
  update->scalar[EPSILON] = set->epsilon;
}

static void apply(const cnn__kernels *k, const cnn__update *update, const cnn__piece *p) {
  const float *scalar = update->scalar;
  k->adamax(p->n, p->w, p->g, p->slots[0], p->slots[1], scalar[STEP], scalar[REST_1], scalar[BETA_2], scalar[EPSILON]);
}

const cnn__optimizer_type cnn__adamax_optimizer = {
    .name = "adamax",
    .class_name = "Adamax",
    .help = "Adam by the greatest gradient that fades with time.",
    .attributes = attributes,
    .attributes_size = sizeof(cnn__adam_settings),
    .slot_names = {"momentum", "norm"},
    .slots = cnn__adam_two_slots,
    .begin = begin,
    .apply = apply,
};
