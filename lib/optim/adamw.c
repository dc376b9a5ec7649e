/* adamw: adam whose weights decay by default (Loshchilov, Hutter 2019). */
#include "optim/adam.h"

static const cnn__attribute attributes[] = {
    CNN__RATE_ROW("0.001"), CNN__ADAM_ROWS, CNN__AMSGRAD_ROW, CNN__COMMON_ROWS("0.004"), {0},
};

const cnn__optimizer_type cnn__adamw_optimizer = {
    .name = "adamw",
    .class_name = "AdamW",
    .help = "Adam with weights that decay by 0.004 of the rate.",
    .attributes = attributes,
    .attributes_size = sizeof(cnn__adam_settings),
    .slot_names = {"momentum", "velocity", "velocity_hat"},
    .slots = cnn__adam_slots,
    .begin = cnn__adam_begin,
    .apply = cnn__adam_apply,
};

cnn_status cnn_adamw_new(cnn_optimizer **out, cnn_context *context, const cnn_adamw_opts *options) {
  cnn_adamw_opts given;
  cnn__adam_settings set;
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, options, "cnn_adamw_opts"));
  cnn__attributes_default(attributes, &set);
  set.common.learning_rate = cnn__option(given.learning_rate, set.common.learning_rate);
  set.beta_1 = cnn__option(given.beta_1, set.beta_1);
  set.beta_2 = cnn__option(given.beta_2, set.beta_2);
  set.epsilon = cnn__option(given.epsilon, set.epsilon);
  set.amsgrad = given.amsgrad != 0;
  CNN__TRY(CNN__COMMON_GIVEN(&set, &given));
  return cnn__optimizer_make(out, context, &cnn__adamw_optimizer, &set);
}
