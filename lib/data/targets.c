/* targets: what belongs to the samples of a data set besides their inputs: class labels or rows of values, and weights. */
#include "data/targets.h"

#include "core/status.h"

#include <string.h>

int32_t cnn__labels_are(const cnn_tensor *tensor) {
  return tensor->type == CNN_U8 || tensor->type == CNN_I32 || tensor->type == CNN_I64;
}

int64_t cnn__label_at(const cnn_tensor *tensor, int64_t index) {
  if (tensor->type == CNN_U8)
    return ((const uint8_t *)tensor->data)[index];
  if (tensor->type == CNN_I32)
    return ((const int32_t *)tensor->data)[index];
  return tensor->type == CNN_I64 ? ((const int64_t *)tensor->data)[index] : -1;
}

/* ---- checks ---- */

/* The shape of one target; a last axis of 1 is none where `column` says so. */
static void shape_of(cnn_dataset *dataset, const cnn__shape *shape, int32_t column) {
  cnn__shape *target = &dataset->target;
  target->rank = shape->rank - 1;
  memcpy(target->extent, shape->extent + 1, sizeof shape->extent - sizeof shape->extent[0]);
  if (column && target->rank && target->extent[target->rank - 1] == 1)
    target->rank--;
}

static cnn_status take_labels(cnn_dataset *dataset, const cnn_tensor *targets, int64_t classes) {
  int64_t limit = classes ? classes : CNN__MOST_CLASSES, largest = 0;
  for (int64_t i = 0; i < targets->count; i++) {
    int64_t label = cnn__label_at(targets, i);
    if (label < 0 || label >= limit)
      return cnn__fail(CNN_EDATA, "label %lld of sample %lld is not in [0, %lld)", (long long)label,
                       (long long)(i / dataset->target_values), (long long)limit);
    largest = label > largest ? label : largest;
  }
  shape_of(dataset, &targets->shape, 1);
  dataset->classes = classes ? classes : largest + 1;
  return CNN_OK;
}

cnn_status cnn__targets_describe(cnn_dataset *dataset, const cnn_tensor *targets, int64_t classes) {
  char text[160];
  const cnn__shape *shape = &targets->shape;
  if (shape->rank < 1 || shape->extent[0] != dataset->count)
    return cnn__fail(CNN_ESHAPE, "targets of shape %s for %lld samples", cnn__shape_text(text, shape, 0),
                     (long long)dataset->count);
  if (targets->count < 1)
    return cnn__fail(CNN_ESHAPE, "targets of shape %s have no values", cnn__shape_text(text, shape, 0));
  dataset->target_values = targets->count / dataset->count;
  if (cnn__labels_are(targets))
    return take_labels(dataset, targets, classes);
  int64_t columns = shape->rank == 1 ? 1 : shape->extent[shape->rank - 1];
  if (classes && classes != columns)
    return cnn__fail(CNN_ESHAPE, "%lld classes, but targets of %lld columns", (long long)classes, (long long)columns);
  shape_of(dataset, shape, 0);
  dataset->classes = columns;
  return cnn__tensor_finite(targets, "targets");
}

cnn_status cnn__weights_check(const cnn_dataset *dataset, const cnn_tensor *weights) {
  char text[160];
  const cnn__shape *shape = &weights->shape;
  if (weights->type != CNN_F32 || shape->rank < 1 || shape->extent[0] != dataset->count || weights->count != dataset->count)
    return cnn__fail(CNN_ESHAPE, "sample weights are %s of shape %s, expected one float32 for each of %lld samples",
                     cnn_type_name(weights->type), cnn__shape_text(text, shape, 0), (long long)dataset->count);
  return cnn__tensor_finite(weights, "sample weights");
}

/* ---- labels ---- */

int64_t cnn__targets_rows(const cnn_dataset *dataset) {
  return cnn__labels_are(dataset->targets) ? dataset->target_values : dataset->target_values / dataset->classes;
}

/* Row `row` of all targets of the tensor. */
static int64_t label_of_row(const cnn_dataset *dataset, int64_t row) {
  if (cnn__labels_are(dataset->targets))
    return cnn__label_at(dataset->targets, row);
  return cnn__first_largest((const float *)dataset->targets->data + row * dataset->classes, dataset->classes);
}

int64_t cnn_dataset_label(const cnn_dataset *dataset, int64_t index) {
  if (!dataset || !dataset->targets || index < 0 || index >= dataset->count || cnn__targets_rows(dataset) != 1)
    return -1;
  return label_of_row(dataset, dataset->first + index);
}

cnn_status cnn_dataset_class_counts(const cnn_dataset *dataset, int64_t classes, int64_t *counts) {
  if (!dataset || (!counts && classes))
    return cnn__fail(CNN_EINVAL, "class counts: data set or counts is NULL");
  if (classes != dataset->classes)
    return cnn__fail(CNN_EINVAL, "class counts: room for %lld classes, the data set has %lld", (long long)classes,
                     (long long)dataset->classes);
  if (!classes)
    return CNN_OK;
  memset(counts, 0, (size_t)classes * sizeof *counts);
  int64_t rows = cnn__targets_rows(dataset);
  for (int64_t i = 0; i < dataset->count * rows; i++)
    counts[label_of_row(dataset, dataset->first * rows + i)]++;
  return CNN_OK;
}

cnn_status cnn_dataset_labels(cnn_tensor **out, const cnn_dataset *dataset) {
  if (!out || !dataset)
    return cnn__fail(CNN_EINVAL, "labels: out or data set is NULL");
  *out = NULL;
  if (!dataset->targets)
    return cnn__fail(CNN_ESTATE, "labels: the data set has no targets");
  if (cnn__targets_rows(dataset) != 1)
    return cnn__fail(CNN_ESHAPE, "labels: a sample has %lld of them", (long long)cnn__targets_rows(dataset));
  CNN__TRY(cnn_tensor_new(out, dataset->context, CNN_I32, 1, &dataset->count, NULL));
  int32_t *labels = (*out)->data;
  for (int64_t i = 0; i < dataset->count; i++)
    labels[i] = (int32_t)cnn_dataset_label(dataset, i);
  return CNN_OK;
}

/* ---- weights ---- */

cnn_status cnn_dataset_sample_weights(cnn_tensor **out, const cnn_dataset *dataset) {
  if (!out || !dataset)
    return cnn__fail(CNN_EINVAL, "sample weights: out or data set is NULL");
  *out = NULL;
  if (!dataset->weights)
    return cnn__fail(CNN_ESTATE, "sample weights: the data set has none");
  CNN__TRY(cnn_tensor_new(out, dataset->context, CNN_F32, 1, &dataset->count, NULL));
  memcpy((*out)->data, (const float *)dataset->weights->data + dataset->first, (size_t)dataset->count * sizeof(float));
  return CNN_OK;
}

/* The class that weighs a sample: of a single value the whole number nearest to it, an even one between two, as Keras. */
static int64_t class_of(const cnn_dataset *dataset, int64_t row) {
  if (cnn__labels_are(dataset->targets) || dataset->classes > 1)
    return label_of_row(dataset, row);
  double value = ((const float *)dataset->targets->data)[row];
  const double round = 6755399441055744.0; /* 1.5 * 2^52 */
  return value > -1 && value < CNN__MOST_CLASSES ? (int64_t)((value + round) - round) : -1;
}

float cnn__sample_weight(const cnn_dataset *dataset, const cnn__class_weights *by_class, int64_t row) {
  if (dataset->weights)
    return ((const float *)dataset->weights->data)[row];
  int64_t class_index = by_class->count ? class_of(dataset, row) : -1;
  return class_index >= 0 && class_index < by_class->count ? by_class->values[class_index] : 1.0f;
}
