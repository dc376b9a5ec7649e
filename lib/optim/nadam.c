/* nadam: adam with Nesterov's look ahead (Dozat 2016). */
#include "optim/adam.h"

#include "kernels/math.h"

static const cnn__attribute attributes[] = {CNN__RATE_ROW("0.001"), CNN__ADAM_ROWS, CNN__COMMON_ROWS("0"), {0}};

#define STEADY 1024 /* updates after which 0.96^t / 2 is nothing beside 1 */

/* Momentum of update t, counted from 1. */
static double momentum(double beta_1, int64_t t) { return beta_1 * (1 - 0.5 * cnn__pow_int_f64(0.96, t)); }

/* The product of the momenta of updates 1 to t: by the formula, so that it is no state. */
static double product(double beta_1, int64_t t) {
  double all = 1;
  for (int64_t i = 1; i <= t && i <= STEADY; i++)
    all *= momentum(beta_1, i);
  return t > STEADY ? all * cnn__pow_int_f64(beta_1, t - STEADY) : all;
}

static void begin(const void *settings, int64_t iteration, cnn__update *update) {
  const cnn__adam_settings *set = settings;
  double now = momentum(set->beta_1, iteration + 1), next = momentum(set->beta_1, iteration + 2);
  double so_far = product(set->beta_1, iteration + 1);
  update->scalar[0] = (float)(1 - (double)set->beta_1); /* of the float32 betas, as Keras, here and below */
  update->scalar[1] = (float)(1 - (double)set->beta_2);
  update->scalar[2] = (float)(next / (1 - so_far * next));
  update->scalar[3] = (float)((1 - now) / (1 - so_far));
  update->scalar[4] = (float)cnn__adam_correction(set->beta_2, iteration);
  update->scalar[5] = set->epsilon;
}

static void apply(const cnn__kernels *k, const cnn__update *update, const cnn__piece *p) {
  k->nadam(p->n, p->w, p->g, p->slots[0], p->slots[1], update->rate, update->scalar);
}

const cnn__optimizer_type cnn__nadam_optimizer = {
    .name = "nadam",
    .class_name = "Nadam",
    .help = "Adam that looks one step of the momentum ahead.",
    .attributes = attributes,
    .attributes_size = sizeof(cnn__adam_settings),
    .slot_names = {"momentum", "velocity"},
    .slots = cnn__adam_two_slots,
    .begin = begin,
    .apply = apply,
};
