/** @file optimizer.h
 * Optimizers: how gradients become new weights.
 *
 *     cnn_optimizer *adam;
 *     cnn_adam_new(&adam, ctx, cnn_adam_opts(.learning_rate = 0.002f));
 *     cnn_model_compile(m, adam, 1, (const char *[]){"categorical_crossentropy"}, NULL);
 *     cnn_optimizer_free(adam);
 *
 * An optimizer is a recipe and may be given to several models; its state belongs to each compiled model, is saved in the
 * model's file and goes on from there with the same bits. Formulas are Keras 3's, in float32; w a weight, g its gradient, t
 * the number of the update from 1.
 *
 * What every optimizer takes besides its own options, in this order at each step:
 *   gradient_accumulation_steps k: gradients of k steps are added up, the mean of them makes the update of every k-th step. Each
 *     step counts in cnn_model_iterations; t above counts updates.
 *   clipnorm c: g *= c / max(|g|, c), |g| the norm of each weight array's gradient by itself (one that is NaN makes the whole
 *     array NaN); global_clipnorm: of all arrays together (a norm that is not finite makes all weights NaN); clipvalue: each g
 *     limited to [-c, c]. At most one of the three.
 *     Norms are summed in double, in an order that follows from the shapes alone.
 *   weight_decay d: w -= w * d * rate, in all trainable weights whose names ("conv1/bias") hold none of the texts of
 *     exclude_from_weight_decay (Loshchilov, Hutter 2019).
 *   The update itself, as below.
 *   use_ema: average = ema_momentum * average + (1 - ema_momentum) * w, at first w, in every step, also in those that only add a
 *     gradient up (as Keras); every ema_overwrite_frequency-th update, and when fit ends without an error, the average replaces the
 *     weights. Validation during training sees the weights. */
#ifndef CNN_OPTIMIZER_H
#define CNN_OPTIMIZER_H

#include "schedule.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_optimizer cnn_optimizer;

typedef struct cnn_adam_opts {
  size_t size;
  float learning_rate; /**< >= 0; 0: 0.001; CNN_ZERO: 0 */
  float beta_1;        /**< [0, 1); 0: 0.9; CNN_ZERO: 0 */
  float beta_2;        /**< [0, 1); 0: 0.999; CNN_ZERO: 0 */
  float epsilon;       /**< > 0; 0: 1e-7 */
  int32_t amsgrad;     /**< divide by the greatest v so far (Reddi, Kale, Kumar 2018) */
  int32_t use_ema;     /**< keep a moving average of the weights */
  float weight_decay;  /**< >= 0; 0: none */
  float clipnorm;      /**< > 0; 0: none */
  float global_clipnorm; /**< > 0; 0: none */
  float clipvalue;     /**< > 0; 0: none */
  float ema_momentum;  /**< [0, 1]; 0: 0.99; CNN_ZERO: 0 */
  int32_t ema_overwrite_frequency;     /**< >= 0; default 0: at the end of fit alone */
  int32_t gradient_accumulation_steps; /**< >= 0; 0 and 1: each step updates */
  int32_t reserved;
  const char *exclude_from_weight_decay; /**< NULL: none; else texts apart by commas, no blanks: "bias,gamma,beta" */
  const cnn_schedule *schedule;          /**< NULL: the rate stays; else it gives the rate in the place of learning_rate. Copied */
} cnn_adam_opts;
#define cnn_adam_opts(...) (&(const struct cnn_adam_opts){.size = sizeof(struct cnn_adam_opts), __VA_ARGS__})

/** Adam (Kingma, Ba 2015; epsilon outside the bias correction, as Keras):
 *   alpha = rate * sqrt(1 - beta_2^t) / (1 - beta_1^t);  m += (g - m)(1 - beta_1);  v += (g^2 - v)(1 - beta_2);
 *   w -= alpha * m / (sqrt(v) + epsilon)
 * Slots: momentum, velocity; velocity_hat with amsgrad. Errors: CNN_EINVAL a value out of range, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_adam_new(cnn_optimizer **out, cnn_context *context, const cnn_adam_opts *options);

typedef struct cnn_adamw_opts {
  size_t size;
  float learning_rate; /**< >= 0; 0: 0.001; CNN_ZERO: 0 */
  float beta_1;        /**< [0, 1); 0: 0.9; CNN_ZERO: 0 */
  float beta_2;        /**< [0, 1); 0: 0.999; CNN_ZERO: 0 */
  float epsilon;       /**< > 0; 0: 1e-7 */
  int32_t amsgrad;     /**< divide by the greatest v so far (Reddi, Kale, Kumar 2018) */
  int32_t use_ema;     /**< keep a moving average of the weights */
  float weight_decay;  /**< >= 0; 0: 0.004; CNN_ZERO: 0 */
  float clipnorm;      /**< > 0; 0: none */
  float global_clipnorm; /**< > 0; 0: none */
  float clipvalue;     /**< > 0; 0: none */
  float ema_momentum;  /**< [0, 1]; 0: 0.99; CNN_ZERO: 0 */
  int32_t ema_overwrite_frequency;     /**< >= 0; default 0: at the end of fit alone */
  int32_t gradient_accumulation_steps; /**< >= 0; 0 and 1: each step updates */
  int32_t reserved;
  const char *exclude_from_weight_decay; /**< NULL: none; else texts apart by commas, no blanks: "bias,gamma,beta" */
  const cnn_schedule *schedule;          /**< NULL: the rate stays; else it gives the rate in the place of learning_rate. Copied */
} cnn_adamw_opts;
#define cnn_adamw_opts(...) (&(const struct cnn_adamw_opts){.size = sizeof(struct cnn_adamw_opts), __VA_ARGS__})

/** AdamW (Loshchilov, Hutter 2019): Adam with a weight decay of 0.004 unless told otherwise. Errors, threads: as cnn_adam_new. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_adamw_new(cnn_optimizer **out, cnn_context *context, const cnn_adamw_opts *options);

typedef struct cnn_sgd_opts {
  size_t size;
  float learning_rate; /**< >= 0; 0: 0.01; CNN_ZERO: 0 */
  float momentum;      /**< [0, 1); default 0 */
  int32_t nesterov;
  int32_t use_ema;     /**< keep a moving average of the weights */
  float weight_decay;  /**< >= 0; 0: none */
  float clipnorm;      /**< > 0; 0: none */
  float global_clipnorm; /**< > 0; 0: none */
  float clipvalue;     /**< > 0; 0: none */
  float ema_momentum;  /**< [0, 1]; 0: 0.99; CNN_ZERO: 0 */
  int32_t ema_overwrite_frequency;     /**< >= 0; default 0: at the end of fit alone */
  int32_t gradient_accumulation_steps; /**< >= 0; 0 and 1: each step updates */
  int32_t reserved;
  const char *exclude_from_weight_decay; /**< NULL: none; else texts apart by commas, no blanks: "bias,gamma,beta" */
  const cnn_schedule *schedule;          /**< NULL: the rate stays; else it gives the rate in the place of learning_rate. Copied */
} cnn_sgd_opts;
#define cnn_sgd_opts(...) (&(const struct cnn_sgd_opts){.size = sizeof(struct cnn_sgd_opts), __VA_ARGS__})

/** Stochastic gradient descent: w -= rate * g; with momentum v = momentum * v - rate * g, w += v (nesterov: w += momentum * v - rate * g).
 * Slots: momentum, where it is not 0. Errors, threads: as cnn_adam_new. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_sgd_new(cnn_optimizer **out, cnn_context *context, const cnn_sgd_opts *options);

typedef struct cnn_rmsprop_opts {
  size_t size;
  float learning_rate; /**< >= 0; 0: 0.001; CNN_ZERO: 0 */
  float rho;           /**< [0, 1); 0: 0.9; CNN_ZERO: 0 */
  float momentum;      /**< [0, 1); default 0 */
  float epsilon;       /**< > 0; 0: 1e-7 */
  int32_t centered;    /**< divide by the root of the variance instead of the mean of squares */
  int32_t use_ema;     /**< keep a moving average of the weights */
  float weight_decay;  /**< >= 0; 0: none */
  float clipnorm;      /**< > 0; 0: none */
  float global_clipnorm; /**< > 0; 0: none */
  float clipvalue;     /**< > 0; 0: none */
  float ema_momentum;  /**< [0, 1]; 0: 0.99; CNN_ZERO: 0 */
  int32_t ema_overwrite_frequency;     /**< >= 0; default 0: at the end of fit alone */
  int32_t gradient_accumulation_steps; /**< >= 0; 0 and 1: each step updates */
  int32_t reserved;
  const char *exclude_from_weight_decay; /**< NULL: none; else texts apart by commas, no blanks: "bias,gamma,beta" */
  const cnn_schedule *schedule;          /**< NULL: the rate stays; else it gives the rate in the place of learning_rate. Copied */
} cnn_rmsprop_opts;
#define cnn_rmsprop_opts(...) (&(const struct cnn_rmsprop_opts){.size = sizeof(struct cnn_rmsprop_opts), __VA_ARGS__})

/** RMSprop (Tieleman, Hinton 2012; centered: Graves 2013; epsilon under the root, as Keras):
 *   v = rho * v + (1 - rho) g^2;  d = v, or centered a = rho * a + (1 - rho) g, d = v - a^2;  step = rate * g / sqrt(d + epsilon);
 *   w -= step, or with momentum M = momentum * M + step, w -= M
 * Where rounding makes v - a^2 negative it counts as 0 (in Keras the weight becomes NaN). Slots: velocity; momentum and
 * average_gradient where they are used. Errors, threads: as cnn_adam_new. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_rmsprop_new(cnn_optimizer **out, cnn_context *context,
                                                  const cnn_rmsprop_opts *options);

/** An optimizer by the name of its type, attributes as text, 0 taken literally:
 *
 *     cnn_optimizer_new(&lion, ctx, "lion", "learning_rate=0.0003 weight_decay=0.1 exclude_from_weight_decay=bias,gamma,beta");
 *
 * Besides those that have constructors of their own: adadelta (Zeiler 2012), adagrad (Duchi, Hazan, Singer 2011), adamax (Kingma, Ba
 * 2015), ftrl (McMahan et al. 2013), lamb (You et al. 2020), lion (Chen et al. 2023), nadam (Dozat 2016).
 * @param attributes  key=value pairs apart by blanks, keys and ranges as cnn_optimizer_attribute_at lists them; NULL or "": defaults
 * Errors: CNN_ENAME (nearest named), CNN_EINVAL, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_optimizer_new(cnn_optimizer **out, cnn_context *context, const char *name,
                                                    const char *attributes);
CNN_API void cnn_optimizer_free(cnn_optimizer *optimizer);

/** Name of its type ("adam"). Static text. Since 0.1. */
CNN_API const char *cnn_optimizer_name(const cnn_optimizer *optimizer);

/** An attribute of this optimizer as text ("0.001", "true"). Errors: CNN_ENAME unknown key (nearest named), CNN_EINVAL the buffer is
 * too short (with the length wanted). Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_optimizer_attribute_text(const cnn_optimizer *optimizer, const char *key, char *buffer,
                                                               size_t bytes);

/** The types of optimizers: how many, their names, what each does in one sentence (NULL: no such type). Static text; threads: any.
 * Since 0.1. */
CNN_API int32_t cnn_optimizer_type_count(void);
CNN_API const char *cnn_optimizer_type_at(int32_t index);
CNN_API const char *cnn_optimizer_type_help(const char *type);

/** Attributes of a type: how many (-1: no such type), and row `index` written to *out, whose `.size` the caller has set.
 * Errors: CNN_ENAME, CNN_EINVAL. Threads: any. Since 0.1. */
CNN_API int32_t cnn_optimizer_attribute_count(const char *type);
CNN_API CNN_MUST_CHECK cnn_status cnn_optimizer_attribute_at(const char *type, int32_t index, cnn_attribute *out);

#ifdef __cplusplus
}
#endif
#endif
