/* penalty: what weights add to the loss by their regularizers. */
#ifndef CNN_MODEL_PENALTY_H
#define CNN_MODEL_PENALTY_H

#include "model/model_internal.h"

/* Does any weight that is trained have a regularizer? */
int32_t cnn__model_regularized(const cnn_model *model);

/* Of n elements of one weight array. */
double cnn__penalty(const cnn__weight *weight, const cnn__kernels *k, int64_t n, const float *w);

/* The sum of `count` of them by the fixed tree; they are left undefined. */
double cnn__penalty_sum(const cnn__kernels *k, int64_t count, double *penalties);

/* Of all weights as they stand. */
double cnn__model_penalty(const cnn_model *model, const cnn__kernels *k);

#endif
