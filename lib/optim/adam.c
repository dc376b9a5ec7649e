/* adam: steps scaled by running moments of the gradient (Kingma, Ba 2015), epsilon outside the bias correction; with
 * amsgrad by the greatest second moment so far (Reddi, Kale, Kumar 2018). */
#include "optim/adam.h"

#include "kernels/math.h"

#include <math.h>

static const cnn__attribute attributes[] = {
    CNN__RATE_ROW("0.001"), CNN__ADAM_ROWS, CNN__AMSGRAD_ROW, CNN__COMMON_ROWS("0"), {0},
};

enum { ALPHA, REST_1, REST_2, EPSILON };

uint32_t cnn__adam_two_slots(const void *settings) {
  (void)settings;
  return 3;
}

float cnn__adam_rest(float beta) { return (float)(1 - cnn__attribute_decimal(beta)); }

double cnn__adam_correction(float beta, int64_t iteration) { return 1 - cnn__pow_int_f64(beta, iteration + 1); }

uint32_t cnn__adam_slots(const void *settings) {
  return ((const cnn__adam_settings *)settings)->amsgrad ? 7 : 3;
}

void cnn__adam_begin(const void *settings, int64_t iteration, cnn__update *update) {
  const cnn__adam_settings *set = settings;
  double correction_1 = cnn__adam_correction(set->beta_1, iteration);
  double correction_2 = cnn__adam_correction(set->beta_2, iteration);
  update->scalar[ALPHA] = (float)(update->rate * sqrt(correction_2) / correction_1);
  update->scalar[REST_1] = cnn__adam_rest(set->beta_1);
  update->scalar[REST_2] = cnn__adam_rest(set->beta_2);
  update->scalar[EPSILON] = set->epsilon;
}

void cnn__adam_apply(const cnn__kernels *k, const cnn__update *update, const cnn__piece *p) {
  const float *scalar = update->scalar;
  if (p->slots[2])
    k->adam_amsgrad(p->n, p->w, p->g, p->slots[0], p->slots[1], p->slots[2], scalar[ALPHA], scalar[REST_1],
                    scalar[REST_2], scalar[EPSILON]);
  else
    k->adam(p->n, p->w, p->g, p->slots[0], p->slots[1], scalar[ALPHA], scalar[REST_1], scalar[REST_2],
            scalar[EPSILON]);
}

const cnn__optimizer_type cnn__adam_optimizer = {
    .name = "adam",
    .class_name = "Adam",
    .help = "Steps scaled by running means of the gradient and of its square.",
    .attributes = attributes,
    .attributes_size = sizeof(cnn__adam_settings),
    .slot_names = {"momentum", "velocity", "velocity_hat"},
    .slots = cnn__adam_slots,
    .begin = cnn__adam_begin,
    .apply = cnn__adam_apply,
};

cnn_status cnn_adam_new(cnn_optimizer **out, cnn_context *context, const cnn_adam_opts *options) {
  cnn_adam_opts given;
  cnn__adam_settings set;
  CNN__TRY(cnn__options(&given, sizeof given, CNN__FIRST(cnn_adam_opts, epsilon), options, "cnn_adam_opts"));
  cnn__attributes_default(attributes, &set);
  set.common.learning_rate = cnn__option(given.learning_rate, set.common.learning_rate);
  set.beta_1 = cnn__option(given.beta_1, set.beta_1);
  set.beta_2 = cnn__option(given.beta_2, set.beta_2);
  set.epsilon = cnn__option(given.epsilon, set.epsilon);
  set.amsgrad = given.amsgrad != 0;
  CNN__TRY(CNN__COMMON_GIVEN(&set, &given));
  return cnn__optimizer_make(out, context, &cnn__adam_optimizer, &set);
}
