/* crossentropy: minus the logarithm of the probability given to the right class, Keras 3's forms.
 *
 * From logits it is log(sum exp(z - max)) - (z_k - max), which never leaves the range of doubles. From
 * probabilities both forms clip, outside of which the gradient is 0: the categorical form divides by the row's sum
 * before, the sparse form after (it takes the clipped row's logarithms for logits). */
#include "objective/crossentropy.h"

typedef struct sparse_settings {
  int32_t reduction, from_logits;
  int64_t ignore_class;
} sparse_settings;

/* Targets y (1 - e) + e / columns. */
typedef struct softened {
  const cnn__rows *rows;
  double kept, added;
} softened;

static double target(const softened *y, int64_t i, int64_t j) {
  return cnn__wanted(y->rows, i, j) * y->kept + y->added;
}

static void set(float *gradient, int64_t j, double value) {
  if (gradient)
    gradient[j] = (float)value;
}

/* One row from logits. The gradient softmax - y is Keras's and right where the targets sum to 1. */
static double logits_row(const softened *y, int64_t i, double scale, float *gradient) {
  int64_t n = y->rows->columns;
  const float *z = y->rows->outputs + i * n;
  double max = z[0], sum = 0, loss = 0;
  for (int64_t j = 1; j < n; j++)
    max = z[j] > max ? z[j] : max;
  for (int64_t j = 0; j < n; j++)
    sum += cnn__exp_f64(z[j] - max);
  double log_sum = cnn__log_f64(sum), inverse = 1 / sum;
  for (int64_t j = 0; j < n; j++) {
    double wanted = target(y, i, j);
    if (wanted != 0)
      loss += wanted * (log_sum - (z[j] - max));
    if (gradient)
      gradient[j] = (float)(scale * (cnn__exp_f64(z[j] - max) * inverse - wanted));
  }
  return loss;
}

static double row_sum(const float *p, int64_t n) {
  double sum = 0;
  for (int64_t j = 0; j < n; j++)
    sum += p[j];
  return sum;
}

/* q = p / sum p, loss = -sum y log clip(q). d loss / d p_j = (g_j - sum g q) / sum p with g = -y / q where q is not
 * clipped, else 0. */
static double categorical_row(const softened *y, int64_t i, double scale, float *gradient) {
  int64_t n = y->rows->columns;
  const float *p = y->rows->outputs + i * n;
  double sum = row_sum(p, n), loss = 0, inner = 0;
  for (int64_t j = 0; j < n; j++) {
    double q = p[j] / sum, wanted = target(y, i, j);
    loss -= wanted * cnn__log_f64(cnn__clip(q));
    inner -= cnn__clipped(q) ? 0 : wanted; /* g q */
  }
  for (int64_t j = 0; j < n; j++) {
    double q = p[j] / sum, g = cnn__clipped(q) ? 0 : -target(y, i, j) / q;
    set(gradient, j, scale * (g - inner) / sum);
  }
  return loss;
}

/* c = clip(p), loss = sum y (log sum c - log c). */
static double sparse_row(const softened *y, int64_t i, double scale, float *gradient) {
  int64_t n = y->rows->columns;
  const float *p = y->rows->outputs + i * n;
  double sum = 0, loss = 0;
  for (int64_t j = 0; j < n; j++)
    sum += cnn__clip(p[j]);
  double log_sum = cnn__log_f64(sum);
  for (int64_t j = 0; j < n; j++) {
    double c = cnn__clip(p[j]), wanted = target(y, i, j);
    if (wanted != 0)
      loss += wanted * (log_sum - cnn__log_f64(c));
    set(gradient, j, cnn__clipped(p[j]) ? 0 : scale * (1 / sum - wanted / c));
  }
  return loss;
}

static void categorical(const void *settings, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  const cnn__smoothing *set_to = settings;
  double e = cnn__attribute_decimal(set_to->label_smoothing);
  softened y = {rows, 1 - e, e / (double)rows->columns};
  int32_t logits = rows->from_logits || set_to->from_logits;
  for (int64_t i = 0; i < rows->count; i++)
    losses[i] = (logits ? logits_row : categorical_row)(&y, i, scale, gradient ? gradient + i * rows->columns : NULL);
}

static void sparse(const void *settings, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  const sparse_settings *set_to = settings;
  softened y = {rows, 1, 0};
  int32_t logits = rows->from_logits || set_to->from_logits;
  for (int64_t i = 0; i < rows->count; i++) {
    float *row = gradient ? gradient + i * rows->columns : NULL;
    if (set_to->ignore_class >= 0 && rows->labels[i] == set_to->ignore_class) {
      losses[i] = 0;
      for (int64_t j = 0; j < rows->columns; j++)
        set(row, j, 0);
    } else {
      losses[i] = (logits ? logits_row : sparse_row)(&y, i, scale, row);
    }
  }
}

static const cnn__attribute categorical_attributes[] = {
    CNN__REDUCTION_ROW,
    CNN__FROM_LOGITS_ROW(offsetof(cnn__smoothing, from_logits)),
    CNN__SMOOTHING_ROW,
    {0},
};

static const cnn__attribute sparse_attributes[] = {
    CNN__REDUCTION_ROW,
    CNN__FROM_LOGITS_ROW(offsetof(sparse_settings, from_logits)),
    {"ignore_class", CNN_ATTRIBUTE_INT, offsetof(sparse_settings, ignore_class), 0, "-1", -1, 2147483647, NULL,
     "label whose rows count for nothing; -1: none"},
    {0},
};

const cnn__objective_type cnn__categorical_crossentropy_loss = {
    .name = "categorical_crossentropy",
    .class_name = "CategoricalCrossentropy",
    .help = "Cross-entropy between outputs and targets that are distributions, or class labels.",
    .attributes = categorical_attributes,
    .attributes_size = sizeof(cnn__smoothing),
    .classes = 1,
    .fuses = CNN_ACTIVATION_SOFTMAX,
    .rows = categorical,
};

const cnn__objective_type cnn__sparse_categorical_crossentropy_loss = {
    .name = "sparse_categorical_crossentropy",
    .class_name = "SparseCategoricalCrossentropy",
    .help = "Cross-entropy between outputs and class labels.",
    .attributes = sparse_attributes,
    .attributes_size = sizeof(sparse_settings),
    .labels_only = 1,
    .classes = 1,
    .fuses = CNN_ACTIVATION_SOFTMAX,
    .rows = sparse,
};

cnn_status cnn_categorical_crossentropy_new(cnn_loss **out, cnn_context *context,
                                            const cnn_categorical_crossentropy_opts *options) {
  cnn_categorical_crossentropy_opts given;
  size_t known = CNN__FIRST(cnn_categorical_crossentropy_opts, label_smoothing);
  CNN__TRY(cnn__options(&given, known, known, options, "cnn_categorical_crossentropy_opts"));
  const cnn__smoothing set_to = {given.reduction, given.from_logits != 0, cnn__option(given.label_smoothing, 0)};
  return cnn__loss_make(out, context, &cnn__categorical_crossentropy_loss, &set_to);
}

cnn_status cnn_sparse_categorical_crossentropy_new(cnn_loss **out, cnn_context *context,
                                                   const cnn_sparse_categorical_crossentropy_opts *options) {
  cnn_sparse_categorical_crossentropy_opts given;
  size_t known = CNN__FIRST(cnn_sparse_categorical_crossentropy_opts, ignore_class);
  CNN__TRY(cnn__options(&given, known, known, options, "cnn_sparse_categorical_crossentropy_opts"));
  const sparse_settings set_to = {given.reduction, given.from_logits != 0, cnn__option_int(given.ignore_class, -1)};
  return cnn__loss_make(out, context, &cnn__sparse_categorical_crossentropy_loss, &set_to);
}

/* ---- as metrics ---- */

const cnn__objective_type cnn__categorical_crossentropy_metric = {
    .name = "categorical_crossentropy",
    .class_name = "CategoricalCrossentropy",
    .help = "Mean cross-entropy between outputs and targets that are distributions, or class labels.",
    .attributes = categorical_attributes + 1,
    .attributes_size = sizeof(cnn__smoothing),
    .fuses = CNN_ACTIVATION_SOFTMAX,
    .rows = categorical,
};

/* Its settings are those of the smoothing ones, without any: no label is ignored. */
static const cnn__attribute sparse_metric_attributes[] = {CNN__FROM_LOGITS_ROW(offsetof(cnn__smoothing, from_logits)), {0}};

static void sparse_metric(const void *settings, const cnn__rows *rows, float scale, double *values, float *gradient) {
  const sparse_settings set_to = {.from_logits = ((const cnn__smoothing *)settings)->from_logits, .ignore_class = -1};
  sparse(&set_to, rows, scale, values, gradient);
}

const cnn__objective_type cnn__sparse_categorical_crossentropy_metric = {
    .name = "sparse_categorical_crossentropy",
    .class_name = "SparseCategoricalCrossentropy",
    .help = "Mean cross-entropy between outputs and class labels.",
    .attributes = sparse_metric_attributes,
    .attributes_size = sizeof(cnn__smoothing),
    .labels_only = 1,
    .fuses = CNN_ACTIVATION_SOFTMAX,
    .rows = sparse_metric,
};
