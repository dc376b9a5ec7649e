/* regression: losses that are a function of each output and its target, with the mean over a row. */
#include "objective/objective.h"

#include "kernels/math.h"

#define LEAST 1.00000001168609742e-7 /* 1e-7 as float32 */
#define LOG_2 0.693147180559945309417

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

/* log(cosh(e)), which is near |e| - log 2 where e is large. */
static double log_cosh(double p, double y, double delta, double *slope) {
  double e = p - y, size = e < 0 ? -e : e, shrunk = cnn__exp_f64(-2 * size), steep = (1 - shrunk) / (1 + shrunk);
  (void)delta;
  *slope = e < 0 ? -steep : steep;
  return size + cnn__log_f64(1 + shrunk) - LOG_2;
}

static double poisson(double p, double y, double delta, double *slope) {
  (void)delta;
  *slope = 1 - y / (p + LEAST);
  return p - y * cnn__log_f64(p + LEAST);
}

static double percentage(double p, double y, double delta, double *slope) {
  double size = y < 0 ? -y : y, of = 100 / (size < LEAST ? LEAST : size), value = absolute(p, y, delta, slope);
  *slope *= of;
  return of * value;
}

static double logarithmic(double p, double y, double delta, double *slope) {
  double e = cnn__log_f64((p < LEAST ? LEAST : p) + 1) - cnn__log_f64((y < LEAST ? LEAST : y) + 1);
  (void)delta;
  *slope = p < LEAST ? 0 : 2 * e / (p + 1);
  return e * e;
}

static void huber_rows(const void *set, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  mean_of(huber, cnn__attribute_decimal(((const settings *)set)->delta), rows, scale, losses, gradient);
}

#define ROWS(term)                                                                                                     \
  static void term##_rows(const void *set, const cnn__rows *rows, float scale, double *losses, float *gradient) {      \
    (void)set;                                                                                                         \
    mean_of(term, 0, rows, scale, losses, gradient);                                                                   \
  }
ROWS(squared)
ROWS(absolute)
ROWS(log_cosh)
ROWS(poisson)
ROWS(percentage)
ROWS(logarithmic)

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

/* ---- further ones, by name alone ---- */

const cnn__objective_type cnn__log_cosh_loss = {
    .name = "log_cosh",
    .class_name = "LogCosh",
    .aliases = {"logcosh"},
    .help = "Mean logarithm of the hyperbolic cosine of the errors.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .rows = log_cosh_rows,
};

const cnn__objective_type cnn__poisson_loss = {
    .name = "poisson",
    .class_name = "Poisson",
    .help = "Mean of p - y log(p + 1e-7): outputs are rates of counts.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .rows = poisson_rows,
};

const cnn__objective_type cnn__mean_absolute_percentage_error_loss = {
    .name = "mean_absolute_percentage_error",
    .class_name = "MeanAbsolutePercentageError",
    .aliases = {"mape", "MAPE"},
    .help = "Mean size of the errors in percent of the targets' sizes.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .rows = percentage_rows,
};

const cnn__objective_type cnn__mean_squared_logarithmic_error_loss = {
    .name = "mean_squared_logarithmic_error",
    .class_name = "MeanSquaredLogarithmicError",
    .aliases = {"msle", "MSLE"},
    .help = "Mean square of the differences between log(1 + p) and log(1 + y).",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .rows = logarithmic_rows,
};

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

const cnn__objective_type cnn__root_mean_squared_error_metric = {
    .name = "root_mean_squared_error",
    .class_name = "RootMeanSquaredError",
    .help = "Root of the mean square of the errors.",
    .attributes = none,
    .root = 1,
    .rows = squared_rows,
};

const cnn__objective_type cnn__poisson_metric = {
    .name = "poisson",
    .class_name = "Poisson",
    .help = "Mean of p - y log(p + 1e-7).",
    .attributes = none,
    .rows = poisson_rows,
};

const cnn__objective_type cnn__mean_absolute_percentage_error_metric = {
    .name = "mean_absolute_percentage_error",
    .class_name = "MeanAbsolutePercentageError",
    .aliases = {"mape", "MAPE"},
    .help = "Mean size of the errors in percent of the targets' sizes.",
    .attributes = none,
    .rows = percentage_rows,
};

const cnn__objective_type cnn__mean_squared_logarithmic_error_metric = {
    .name = "mean_squared_logarithmic_error",
    .class_name = "MeanSquaredLogarithmicError",
    .aliases = {"msle", "MSLE"},
    .help = "Mean square of the differences between log(1 + p) and log(1 + y).",
    .attributes = none,
    .rows = logarithmic_rows,
};
