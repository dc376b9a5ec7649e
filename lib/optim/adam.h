/* adam: what the optimizers that keep running means of gradients and of their squares have in common. */
#ifndef CNN_OPTIM_ADAM_H
#define CNN_OPTIM_ADAM_H

#include "optim/optimizer_internal.h"

typedef struct cnn__adam_settings {
  cnn__optimizer_common common;
  float beta_1, beta_2, epsilon;
  int32_t amsgrad; /* of adam and adamw alone */
} cnn__adam_settings;

#define CNN__ADAM_ROWS                                                                                                \
  {"beta_1", CNN_ATTRIBUTE_FLOAT, offsetof(cnn__adam_settings, beta_1), 0, "0.9", 0, CNN__BELOW_1, NULL,               \
   "weight of the old mean of gradients"},                                                                            \
  {"beta_2", CNN_ATTRIBUTE_FLOAT, offsetof(cnn__adam_settings, beta_2), 0, "0.999", 0, CNN__BELOW_1, NULL,             \
   "weight of the old mean of squared gradients"},                                                                    \
  {"epsilon", CNN_ATTRIBUTE_FLOAT, offsetof(cnn__adam_settings, epsilon), 0, "1e-07", CNN__ABOVE_0, CNN__UNBOUNDED,    \
   NULL, "added to the root of the mean of squares"}
#define CNN__AMSGRAD_ROW                                                                                              \
  {"amsgrad", CNN_ATTRIBUTE_FLAG, offsetof(cnn__adam_settings, amsgrad), 0, "false", 0, 1, NULL,                       \
   "divide by the greatest mean of squares so far"}

/* The first two slots: momentum and velocity, as Keras names them. */
uint32_t cnn__adam_two_slots(const void *settings);

/* Keras takes powers of the float32 betas, but 1 - beta of the decimals that were written. */
float cnn__adam_rest(float beta);                           /* 1 - beta */
double cnn__adam_correction(float beta, int64_t iteration); /* 1 - beta^(iteration + 1) */

/* adam.c, for adamw too. */
uint32_t cnn__adam_slots(const void *settings);
void cnn__adam_begin(const void *settings, int64_t iteration, cnn__update *update);
void cnn__adam_apply(const cnn__kernels *k, const cnn__update *update, const cnn__piece *piece);

#endif
