/* targets: what belongs to the samples of a data set besides their inputs. */
#ifndef CNN_DATA_TARGETS_H
#define CNN_DATA_TARGETS_H

#include "data/dataset_internal.h"

#define CNN__MOST_CLASSES 2147483647 /* labels travel as int32_t */

/* For cnn__dataset_describe, of a data set whose count is known: target, target_values, classes. */
cnn_status cnn__targets_describe(cnn_dataset *dataset, const cnn_tensor *targets, int64_t classes);
cnn_status cnn__weights_check(const cnn_dataset *dataset, const cnn_tensor *weights);

/* Rows of a sample's targets: labels, or rows of values. */
int64_t cnn__targets_rows(const cnn_dataset *dataset);

/* Weights of classes 0 .. count - 1, of all further ones 1. */
typedef struct cnn__class_weights {
  const float *values;
  int64_t count;
} cnn__class_weights;

/* Of the sample in row `row` of the tensors: its own, or where the data set has none that of its class. */
float cnn__sample_weight(const cnn_dataset *dataset, const cnn__class_weights *by_class, int64_t row);

#endif
