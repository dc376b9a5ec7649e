/* shaken: see shaken.h. */
#include "shaken.h"

#include "compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void shake(cnn_tensor *tensor, uint64_t seed) {
  const int32_t rank = cnn_tensor_rank(tensor);
  const int64_t count = cnn_tensor_count(tensor), last = rank ? cnn_tensor_shape(tensor)[rank - 1] : 1;
  const float scale = rank == 1 ? 0.5f : 1.5f / sqrtf((float)(count / last));
  float *values = cnn_tensor_data(tensor);
  for (int64_t i = 0; i < count; i++)
    values[i] = (rank == 1 ? 1.0f : 0.0f) + scale * test_number(seed, i);
}

void shaken(cnn_model *model) {
  for (int32_t i = 0; i < cnn_model_weight_count(model); i++) {
    const char *name = cnn_model_weight_name(model, i);
    cnn_tensor *weight;
    if (cnn_model_weight(&weight, model, name) < 0)
      exit(1);
    shake(weight, (uint64_t)i + 1);
    if (cnn_model_set_weight(model, name, weight) < 0) {
      fprintf(stderr, "%s: %s\n", name, cnn_error_text());
      exit(1);
    }
    cnn_tensor_free(weight);
  }
}
