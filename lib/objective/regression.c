/* regression: losses that are a function of each output and its target, with the mean over a row. */
#include "objective/objective.h"

#include "kernels/math.h"

typedef struct settings {
  int32_t reduction;
  float delta; /* of huber */
} settings;

/* The loss of output p with target y, and its derivative by p. */
typedef double term_fn(double p, double y, double delta, double *slope);

static inline void mean_of(term_fn *term, double delta, const cnn__rows *rows, float scale, double *losses,
                           float *gradient) {
  double n = (double)rows->columns, slope;
  for (int64_t i = 0; i < rows->count; i++) {
    double sum = 0;
    for (int64_t j = 0; j < rows->columns; j++) {
      sum += term(rows->outputs[i * rows->columns + j], cnn__wanted(rows, i, j), delta, &slope);
      if (gradient)
        gradient[i * rows->columns + j] = (float)(scale * slope / n);
    }
    losses[i] = sum / n;
  }
}

static double squared(double p, double y, double delta, double *slope) {
  (void)delta;
  *slope = 2 * (p - y);
  return (p - y) * (p - y);
}

/* The derivative at 0 is 0; of NaN it is NaN. */
static double absolute(double p, double y, double delta, double *slope) {
  double e = p - y;
  (void)delta;
  *slope = e > 0 ? 1 : e < 0 ? -1 : e;
  return e < 0 ? -e : e;
}

static double huber(double p, double y, double delta, double *slope) {
  double e = p - y, size = e < 0 ? -e : e;
  if (size <= delta) {
    *slope = e;
    return e * e / 2;
  }
  *slope = e > 0 ? delta : e < 0 ? -delta : e;
  return delta * size - delta * delta / 2;
}

static void squared_rows(const void *set, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  (void)set;
  mean_of(squared, 0, rows, scale, losses, gradient);
}

static void absolute_rows(const void *set, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  (void)set;
  mean_of(absolute, 0, rows, scale, losses, gradient);
}

static void huber_rows(const void *set, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  mean_of(huber, cnn__attribute_decimal(((const settings *)set)->delta), rows, scale, losses, gradient);
}

static const cnn__attribute attributes[] = {CNN__REDUCTION_ROW, {0}};

static const cnn__attribute huber_attributes[] = {
    CNN__REDUCTION_ROW,
    {"delta", CNN_ATTRIBUTE_FLOAT, offsetof(settings, delta), 0, "1", CNN__ABOVE_0, CNN__UNBOUNDED, NULL,
     "error from which on the loss grows in a straight line"},
    {0},
};

const cnn__objective_type cnn__mean_squared_error_loss = {
    .name = "mean_squared_error",
    .class_name = "MeanSquaredError",
    .aliases = {"mse", "MSE"},
    .help = "Mean square of the errors.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .rows = squared_rows,
};

const cnn__objective_type cnn__mean_absolute_error_loss = {
    .name = "mean_absolute_error",
    .class_name = "MeanAbsoluteError",
    .aliases = {"mae", "MAE"},
    .help = "Mean size of the errors.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .rows = absolute_rows,
};

const cnn__objective_type cnn__huber_loss = {
    .name = "huber",
    .class_name = "Huber",
    .help = "Mean of the errors, squared where they are small, in a straight line where they are not.",
    .attributes = huber_attributes,
    .attributes_size = sizeof(settings),
    .rows = huber_rows,
};

cnn_status cnn_mean_squared_error_new(cnn_loss **out, cnn_context *context, const cnn_mean_squared_error_opts *options) {
  cnn_mean_squared_error_opts given;
  size_t known = CNN__FIRST(cnn_mean_squared_error_opts, reduction);
  CNN__TRY(cnn__options(&given, known, known, options, "cnn_mean_squared_error_opts"));
  const settings set = {.reduction = given.reduction};
  return cnn__loss_make(out, context, &cnn__mean_squared_error_loss, &set);
}

cnn_status cnn_mean_absolute_error_new(cnn_loss **out, cnn_context *context,
                                       const cnn_mean_absolute_error_opts *options) {
  cnn_mean_absolute_error_opts given;
  size_t known = CNN__FIRST(cnn_mean_absolute_error_opts, reduction);
  CNN__TRY(cnn__options(&given, known, known, options, "cnn_mean_absolute_error_opts"));
  const settings set = {.reduction = given.reduction};
  return cnn__loss_make(out, context, &cnn__mean_absolute_error_loss, &set);
}

cnn_status cnn_huber_new(cnn_loss **out, cnn_context *context, const cnn_huber_opts *options) {
  cnn_huber_opts given;
  CNN__TRY(cnn__options(&given, sizeof given, CNN__FIRST(cnn_huber_opts, delta), options, "cnn_huber_opts"));
  const settings set = {given.reduction, cnn__option(given.delta, 1)};
  return cnn__loss_make(out, context, &cnn__huber_loss, &set);
}

/* ---- as metrics ---- */

static const cnn__attribute none[] = {{0}};

const cnn__objective_type cnn__mean_squared_error_metric = {
    .name = "mean_squared_error",
    .class_name = "MeanSquaredError",
    .aliases = {"mse", "MSE"},
    .help = "Mean square of the errors.",
    .attributes = none,
    .rows = squared_rows,
};

const cnn__objective_type cnn__mean_absolute_error_metric = {
    .name = "mean_absolute_error",
    .class_name = "MeanAbsoluteError",
    .aliases = {"mae", "MAE"},
    .help = "Mean size of the errors.",
    .attributes = none,
    .rows = absolute_rows,
};
