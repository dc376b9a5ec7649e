/* penalty: what weights add to the loss by their regularizers. In training it is worked out beside the update of each chunk, while
 * the weights are in cache; for weights that stay, here. */
#include "model/penalty.h"

#define CHUNK 16384  /* elements in one sum, as in the update */
#define TOGETHER 64  /* sums that one tree joins */

static int32_t costs(const cnn__weight *weight) { return weight->trainable && (weight->l1 != 0 || weight->l2 != 0); }

int32_t cnn__model_regularized(const cnn_model *model) {
  for (int32_t i = 0; i < model->parameter_count; i++)
    if (costs(cnn__model_weight(model, i)))
      return 1;
  return 0;
}

double cnn__penalty(const cnn__weight *weight, const cnn__kernels *k, int64_t n, const float *w) {
  double magnitudes = 0, squares = 0;
  if (!costs(weight))
    return 0;
  if (weight->l1 != 0)
    k->magnitude_sum(n, w, &magnitudes);
  if (weight->l2 != 0)
    k->square_sum(n, w, &squares);
  return cnn__attribute_decimal(weight->l1) * magnitudes + cnn__attribute_decimal(weight->l2) * squares;
}

double cnn__penalty_sum(const cnn__kernels *k, int64_t count, double *penalties) {
  if (!count)
    return 0;
  k->tree_sum_f64(1, count, 1, penalties, penalties);
  return penalties[0];
}

static double of_weight(const cnn__weight *weight, const cnn__kernels *k) {
  double sum = 0, penalties[TOGETHER];
  int64_t count = 0;
  for (int64_t first = 0; first < weight->count; first += CHUNK) {
    int64_t left = weight->count - first;
    penalties[count++] = cnn__penalty(weight, k, left < CHUNK ? left : CHUNK, weight->value + first);
    if (count == TOGETHER || left <= CHUNK) {
      sum += cnn__penalty_sum(k, count, penalties);
      count = 0;
    }
  }
  return sum;
}

double cnn__model_penalty(const cnn_model *model, const cnn__kernels *k) {
  double sum = 0;
  for (int32_t i = 0; i < model->parameter_count; i++)
    if (costs(cnn__model_weight(model, i)))
      sum += of_weight(cnn__model_weight(model, i), k);
  return sum;
}
