/* accuracy: 1 for each row whose class was hit, 0 for the others. */
#include "objective/objective.h"

#include "core/options.h"

typedef struct settings {
  float threshold; /* of binary accuracy */
  int64_t k;       /* of top k */
} settings;

/* The first of the greatest. */
static int64_t argmax(const float *row, int64_t columns) {
  int64_t best = 0;
  for (int64_t j = 1; j < columns; j++)
    if (row[j] > row[best])
      best = j;
  return best;
}

static int64_t wanted_class(const cnn__rows *rows, int64_t i) {
  return rows->labels ? rows->labels[i] : argmax(rows->targets + i * rows->columns, rows->columns);
}

/* Targets as rows or as labels, whichever there are. */
static void class_hit(const void *set, const cnn__rows *rows, float scale, double *values, float *gradient) {
  (void)set, (void)scale, (void)gradient;
  for (int64_t i = 0; i < rows->count; i++)
    values[i] = argmax(rows->outputs + i * rows->columns, rows->columns) == wanted_class(rows, i);
}

/* Share of a row's outputs that lie on the target's side of the threshold. */
static void binary_hit(const void *set, const cnn__rows *rows, float scale, double *values, float *gradient) {
  float threshold = ((const settings *)set)->threshold;
  (void)scale, (void)gradient;
  for (int64_t i = 0; i < rows->count; i++) {
    int64_t hits = 0;
    for (int64_t j = 0; j < rows->columns; j++)
      hits += cnn__wanted(rows, i, j) == (rows->outputs[i * rows->columns + j] > threshold ? 1 : 0);
    values[i] = (double)hits / (double)rows->columns;
  }
}

/* Which accuracy is meant follows from the shapes, as in Keras. */
static void hit(const void *set, const cnn__rows *rows, float scale, double *values, float *gradient) {
  static const settings half = {.threshold = 0.5f};
  (void)set;
  (rows->columns == 1 ? binary_hit : class_hit)(&half, rows, scale, values, gradient);
}

/* Fewer than k outputs are greater than the right one, which is a number. */
static void top_k_hit(const void *set, const cnn__rows *rows, float scale, double *values, float *gradient) {
  (void)scale, (void)gradient;
  for (int64_t i = 0; i < rows->count; i++) {
    const float *row = rows->outputs + i * rows->columns;
    int64_t wanted = wanted_class(rows, i), greater = 0;
    values[i] = 0;
    if (wanted < 0 || wanted >= rows->columns || row[wanted] != row[wanted])
      continue;
    for (int64_t j = 0; j < rows->columns; j++)
      greater += row[j] > row[wanted];
    values[i] = greater < ((const settings *)set)->k;
  }
}

static const cnn__attribute none[] = {{0}};

static const cnn__attribute binary_attributes[] = {
    {"threshold", CNN_ATTRIBUTE_FLOAT, offsetof(settings, threshold), 0, "0.5", -CNN__UNBOUNDED, CNN__UNBOUNDED, NULL,
     "output above which the second class is meant"},
    {0},
};

static const cnn__attribute top_k_attributes[] = {
    {"k", CNN_ATTRIBUTE_INT, offsetof(settings, k), 0, "5", 1, 2147483647, NULL,
     "how many of the greatest outputs are looked at"},
    {0},
};

const cnn__objective_type cnn__accuracy_metric = {
    .name = "accuracy",
    .class_name = "Accuracy",
    .aliases = {"acc"},
    .help = "Binary accuracy where a row has one column, else categorical accuracy.",
    .attributes = none,
    .rows = hit,
};

const cnn__objective_type cnn__categorical_accuracy_metric = {
    .name = "categorical_accuracy",
    .class_name = "CategoricalAccuracy",
    .help = "Share of samples whose greatest output stands where the greatest target stands.",
    .attributes = none,
    .rows = class_hit,
};

const cnn__objective_type cnn__sparse_categorical_accuracy_metric = {
    .name = "sparse_categorical_accuracy",
    .class_name = "SparseCategoricalAccuracy",
    .help = "Share of samples whose greatest output stands at the class label.",
    .attributes = none,
    .rows = class_hit,
};

const cnn__objective_type cnn__binary_accuracy_metric = {
    .name = "binary_accuracy",
    .class_name = "BinaryAccuracy",
    .help = "Share of outputs that lie on the target's side of a threshold.",
    .attributes = binary_attributes,
    .attributes_size = sizeof(settings),
    .rows = binary_hit,
};

const cnn__objective_type cnn__top_k_categorical_accuracy_metric = {
    .name = "top_k_categorical_accuracy",
    .class_name = "TopKCategoricalAccuracy",
    .help = "Share of samples whose right class is among the k greatest outputs.",
    .attributes = top_k_attributes,
    .attributes_size = sizeof(settings),
    .rows = top_k_hit,
};

const cnn__objective_type cnn__sparse_top_k_categorical_accuracy_metric = {
    .name = "sparse_top_k_categorical_accuracy",
    .class_name = "SparseTopKCategoricalAccuracy",
    .help = "Share of samples whose class label is among the k greatest outputs.",
    .attributes = top_k_attributes,
    .attributes_size = sizeof(settings),
    .labels_only = 1,
    .rows = top_k_hit,
};

cnn_status cnn_binary_accuracy_new(cnn_metric **out, cnn_context *context, const cnn_binary_accuracy_opts *options) {
  cnn_binary_accuracy_opts given;
  size_t known = CNN__FIRST(cnn_binary_accuracy_opts, threshold);
  CNN__TRY(cnn__options(&given, known, known, options, "cnn_binary_accuracy_opts"));
  const settings set = {.threshold = cnn__option(given.threshold, 0.5f)};
  return cnn__metric_make(out, context, &cnn__binary_accuracy_metric, &set, given.name);
}

cnn_status cnn_top_k_categorical_accuracy_new(cnn_metric **out, cnn_context *context,
                                              const cnn_top_k_categorical_accuracy_opts *options) {
  cnn_top_k_categorical_accuracy_opts given;
  size_t known = CNN__FIRST(cnn_top_k_categorical_accuracy_opts, k);
  CNN__TRY(cnn__options(&given, known, known, options, "cnn_top_k_categorical_accuracy_opts"));
  const settings set = {.k = cnn__option_int(given.k, 5)};
  return cnn__metric_make(out, context, &cnn__top_k_categorical_accuracy_metric, &set, given.name);
}

cnn_status cnn_sparse_top_k_categorical_accuracy_new(cnn_metric **out, cnn_context *context,
                                                     const cnn_sparse_top_k_categorical_accuracy_opts *options) {
  cnn_sparse_top_k_categorical_accuracy_opts given;
  size_t known = CNN__FIRST(cnn_sparse_top_k_categorical_accuracy_opts, k);
  CNN__TRY(cnn__options(&given, known, known, options, "cnn_sparse_top_k_categorical_accuracy_opts"));
  const settings set = {.k = cnn__option_int(given.k, 5)};
  return cnn__metric_make(out, context, &cnn__sparse_top_k_categorical_accuracy_metric, &set, given.name);
}
