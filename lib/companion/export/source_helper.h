/* source_helper: the functions that a file of C source may need, each written once and only where something calls it. */
#ifndef CNN_COMPANION_EXPORT_SOURCE_HELPER_H
#define CNN_COMPANION_EXPORT_SOURCE_HELPER_H

#include "companion/export/source_text.h"

/* Bits of a set. */
typedef enum cnn__source_helper {
  CNN__HELPER_EXP,
  CNN__HELPER_SIGMOID,
  CNN__HELPER_TANH,
  CNN__HELPER_NORMAL,
  CNN__HELPER_WINDOW,
  CNN__HELPER_RELU,
  CNN__HELPER_SIGMOID_ALL,
  CNN__HELPER_TANH_ALL,
  CNN__HELPER_SOFTMAX,
  CNN__HELPER_LEAKY_RELU,
  CNN__HELPER_ELU,
  CNN__HELPER_GELU,
  CNN__HELPER_GELU_BY_TANH,
  CNN__HELPER_SOFTPLUS,
  CNN__HELPER_SILU,
  CNN__HELPER_COPY,
  CNN__HELPER_ADD,
  CNN__HELPER_AFFINE,
  CNN__HELPER_START,
  CNN__HELPER_MULTIPLY,
  CNN__HELPER_MULTIPLY_EACH,
  CNN__HELPER_CONVOLVE,
  CNN__HELPER_CONVOLVE_EACH,
  CNN__HELPER_DENSE,
  CNN__HELPER_ROWS,
  CNN__HELPER_MAX_POOL,
  CNN__HELPER_AVERAGE_POOL,
  CNN__HELPER_GLOBAL_AVERAGE,
  CNN__HELPER_GLOBAL_MAX,
  CNN__HELPER_COUNT
} cnn__source_helper;

/* Into the set, with what it calls. */
void cnn__source_need(uint32_t *set, cnn__source_helper helper);

/* All of the set, in an order in which each stands before those that call it. */
void cnn__source_put_helpers(cnn__source_text *to, uint32_t set);

#endif
