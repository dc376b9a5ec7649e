/* binary_crossentropy: each output by itself a probability, or the logit of one; the mean over a row. */
#include "objective/crossentropy.h"

/* log(1 + exp(-|z|)) + max(z, 0) - z y: no step leaves the range of doubles. */
static double from_logit(double z, double y, double *slope) {
  double e = cnn__exp_f64(z < 0 ? z : -z);
  *slope = (z < 0 ? e : 1) / (1 + e) - y;
  return (z > 0 ? z : 0) - z * y + cnn__log_f64(1 + e);
}

static double from_probability(double p, double y, double *slope) {
  double c = cnn__clip(p);
  *slope = cnn__clipped(p) ? 0 : (1 - y) / (1 - c) - y / c;
  return -y * cnn__log_f64(c) - (1 - y) * cnn__log_f64(1 - c);
}

static void binary(const void *settings, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  const cnn__smoothing *set_to = settings;
  double e = cnn__attribute_decimal(set_to->label_smoothing), n = (double)rows->columns, slope;
  double (*term)(double, double, double *) = rows->from_logits || set_to->from_logits ? from_logit : from_probability;
  for (int64_t i = 0; i < rows->count; i++) {
    double sum = 0;
    for (int64_t j = 0; j < rows->columns; j++) {
      sum += term(rows->outputs[i * rows->columns + j], cnn__wanted(rows, i, j) * (1 - e) + e / 2, &slope);
      if (gradient)
        gradient[i * rows->columns + j] = (float)(scale * slope / n);
    }
    losses[i] = sum / n;
  }
}

static const cnn__attribute attributes[] = {
    CNN__REDUCTION_ROW,
    CNN__FROM_LOGITS_ROW(offsetof(cnn__smoothing, from_logits)),
    CNN__SMOOTHING_ROW,
    {0},
};

const cnn__objective_type cnn__binary_crossentropy_loss = {
    .name = "binary_crossentropy",
    .class_name = "BinaryCrossentropy",
    .aliases = {"bce", "BCE"},
    .help = "Cross-entropy of outputs that are probabilities of two classes each.",
    .attributes = attributes,
    .attributes_size = sizeof(cnn__smoothing),
    .fuses = CNN_ACTIVATION_SIGMOID,
    .rows = binary,
};

const cnn__objective_type cnn__binary_crossentropy_metric = {
    .name = "binary_crossentropy",
    .class_name = "BinaryCrossentropy",
    .aliases = {"bce", "BCE"},
    .help = "Mean cross-entropy of outputs that are probabilities of two classes each.",
    .attributes = attributes + 1,
    .attributes_size = sizeof(cnn__smoothing),
    .fuses = CNN_ACTIVATION_SIGMOID,
    .rows = binary,
};

cnn_status cnn_binary_crossentropy_new(cnn_loss **out, cnn_context *context, const cnn_binary_crossentropy_opts *options) {
  cnn_binary_crossentropy_opts given;
  size_t known = CNN__FIRST(cnn_binary_crossentropy_opts, label_smoothing);
  CNN__TRY(cnn__options(&given, known, known, options, "cnn_binary_crossentropy_opts"));
  const cnn__smoothing set_to = {given.reduction, given.from_logits != 0, cnn__option(given.label_smoothing, 0)};
  return cnn__loss_make(out, context, &cnn__binary_crossentropy_loss, &set_to);
}
