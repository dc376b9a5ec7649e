/** @file optimizer.h
 * Optimizers: how gradients become new weights.
 *
 *     cnn_optimizer *adam;
 *     cnn_adam_new(&adam, ctx, cnn_adam_opts(.learning_rate = 0.002f));
 *     cnn_model_compile(m, adam, 1, (const char *[]){"categorical_crossentropy"}, NULL);
 *     cnn_optimizer_free(adam);
 *
 * An optimizer is a recipe and may be given to several models; its state belongs to each compiled model. */
#ifndef CNN_OPTIMIZER_H
#define CNN_OPTIMIZER_H

#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_optimizer cnn_optimizer;

typedef struct cnn_adam_opts {
  size_t size;
  float learning_rate; /**< > 0; 0: 0.001; CNN_ZERO: 0 */
  float beta_1;        /**< [0, 1); 0: 0.9; CNN_ZERO: 0 */
  float beta_2;        /**< [0, 1); 0: 0.999; CNN_ZERO: 0 */
  float epsilon;       /**< > 0; 0: 1e-7 */
} cnn_adam_opts;
#define cnn_adam_opts(...) (&(const struct cnn_adam_opts){.size = sizeof(struct cnn_adam_opts), __VA_ARGS__})

/** Adam (Kingma, Ba 2015; epsilon outside the bias correction, as Keras):
 *   alpha = rate * sqrt(1 - beta_2^t) / (1 - beta_1^t);  m += (g - m)(1 - beta_1);  v += (g^2 - v)(1 - beta_2);
 *   w -= alpha * m / (sqrt(v) + epsilon)
 * Errors: CNN_EINVAL, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_adam_new(cnn_optimizer **out, cnn_context *context, const cnn_adam_opts *options);

typedef struct cnn_sgd_opts {
  size_t size;
  float learning_rate; /**< > 0; 0: 0.01; CNN_ZERO: 0 */
  float momentum;      /**< [0, 1); default 0 */
  int32_t nesterov;
  int32_t reserved;
} cnn_sgd_opts;
#define cnn_sgd_opts(...) (&(const struct cnn_sgd_opts){.size = sizeof(struct cnn_sgd_opts), __VA_ARGS__})

/** Stochastic gradient descent: w -= rate * g; with momentum v = momentum * v - rate * g, w += v (nesterov: w += momentum * v - rate * g).
 * Errors: CNN_EINVAL, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_sgd_new(cnn_optimizer **out, cnn_context *context, const cnn_sgd_opts *options);

/** An optimizer by name ("adam", "sgd"), attributes as text ("learning_rate=0.01 momentum=0.9"), 0 taken literally; NULL: defaults.
 * Errors: CNN_ENAME (nearest named), CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_optimizer_new(cnn_optimizer **out, cnn_context *context, const char *name,
                                                    const char *attributes);
CNN_API void cnn_optimizer_free(cnn_optimizer *optimizer);
CNN_API const char *cnn_optimizer_name(const cnn_optimizer *optimizer);

#ifdef __cplusplus
}
#endif
#endif
