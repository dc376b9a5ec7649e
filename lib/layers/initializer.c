/* initializer: the first values of a weight array, a function of (seed, layer, weight, position) alone. */
#include "layers/layer_internal.h"

#include "core/random.h"

#include <math.h>

const char *const cnn__initializer_names[] = {"zeros", "ones", "glorot_uniform", "he_uniform", NULL};

int32_t cnn__initializer_index(int32_t option, int32_t standard) {
  int32_t chosen = option == CNN_INITIALIZER_DEFAULT ? standard : option;
  return chosen >= CNN_INITIALIZER_ZEROS && chosen <= CNN_INITIALIZER_HE_UNIFORM ? chosen - 1 : chosen;
}

/* How many inputs feed an element and how many outputs it feeds, counted from the shape as Keras does: the last two
 * axes are inputs and outputs, the axes before them positions; a vector is both. */
static void fans(const cnn__shape *shape, double *in, double *out) {
  double positions = 1;
  for (int32_t i = 0; i < shape->rank - 2; i++)
    positions *= (double)shape->extent[i];
  double last = shape->rank > 0 ? (double)shape->extent[shape->rank - 1] : 1;
  *out = last * positions;
  *in = shape->rank > 1 ? (double)shape->extent[shape->rank - 2] * positions : last;
}

/* limit * (2 u - 1) with u of 24 bits in [0, 1): 2 u - 1 is exact. */
static void uniform(float *value, int64_t count, float limit, uint64_t seed, int32_t layer, int32_t weight) {
  uint32_t key[2], counter[4], words[4];
  cnn__key(key, seed);
  for (int64_t i = 0; i < count; i += 4) {
    uint64_t block = (uint64_t)i / 4;
    cnn__coordinates(counter, CNN__RANDOM_INIT, (uint32_t)layer, (uint32_t)weight, (uint32_t)(block >> 32),
                     (uint32_t)block);
    cnn__philox(counter, key, words);
    for (int64_t j = 0; j < 4 && i + j < count; j++)
      value[i + j] = limit * (2.0f * cnn__unit_float(words[j]) - 1.0f);
  }
}

void cnn__initialize(float *value, const cnn__shape *shape, int32_t initializer, uint64_t seed, int32_t layer,
                     int32_t weight) {
  int64_t count = cnn__shape_count(shape);
  double in, out;
  fans(shape, &in, &out);
  if (initializer == CNN_INITIALIZER_GLOROT_UNIFORM || initializer == CNN_INITIALIZER_HE_UNIFORM) {
    double scale = initializer == CNN_INITIALIZER_HE_UNIFORM ? in : in + out;
    uniform(value, count, (float)sqrt(6.0 / (scale > 1 ? scale : 1)), seed, layer, weight);
    return;
  }
  float constant = initializer == CNN_INITIALIZER_ONES ? 1.0f : 0.0f;
  for (int64_t i = 0; i < count; i++)
    value[i] = constant;
}
