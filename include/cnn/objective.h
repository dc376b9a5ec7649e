/** @file objective.h
 * Losses and metrics: what training makes smaller, and what it tells of the way.
 *
 *     cnn_loss *loss;
 *     cnn_categorical_crossentropy_new(&loss, ctx, cnn_categorical_crossentropy_opts(.label_smoothing = 0.1f));
 *     cnn_model_compile(m, adam, 1, NULL, cnn_compile_opts(.loss_handles = (cnn_loss *const[]){loss}));
 *     cnn_loss_free(loss);
 *
 * or by name, with attributes as text: {"categorical_crossentropy label_smoothing=0.1"}. Both are recipes: they may be given to
 * several models, and hold no state of a training.
 *
 * Outputs and targets are taken as rows of their last axis. A loss gives one number a row; a class label (an integer target) stands
 * for the row that is 1 in that column and 0 elsewhere, or, where a row has a single column, for the number itself. A sample's value is
 * the mean over its rows. */
#ifndef CNN_OBJECTIVE_H
#define CNN_OBJECTIVE_H

#include "layer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_loss cnn_loss;
typedef struct cnn_metric cnn_metric;

/* ---- losses ---- */

/** What the sum over a batch of (weight of the sample) x (loss of a row) is divided by: the number of rows; nothing; the sum of the
 * rows' weights. Rows whose label is ignored are not counted. */
#define CNN_REDUCTION_SUM_OVER_BATCH_SIZE 0
#define CNN_REDUCTION_SUM 1
#define CNN_REDUCTION_MEAN_WITH_SAMPLE_WEIGHT 2

typedef struct cnn_categorical_crossentropy_opts {
  size_t size;
  int32_t reduction;     /**< CNN_REDUCTION_* */
  int32_t from_logits;   /**< outputs are logits, not probabilities */
  float label_smoothing; /**< e in [0, 1]: targets become y (1 - e) + e / columns */
  int32_t reserved;
} cnn_categorical_crossentropy_opts;
#define cnn_categorical_crossentropy_opts(...)                                                                         \
  (&(const struct cnn_categorical_crossentropy_opts){.size = sizeof(struct cnn_categorical_crossentropy_opts), __VA_ARGS__})

/** -sum y log p over a row; targets are distributions (f32) or class labels. p is divided by its sum, then clipped to [1e-7, 1 - 1e-7].
 * Where the model ends in a softmax the loss takes its logits instead, as Keras does: log sum exp z - z, and the gradient softmax(z) - y
 * (right where a row of targets sums to 1). Errors: CNN_EINVAL, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_categorical_crossentropy_new(cnn_loss **out, cnn_context *context,
                                                                   const cnn_categorical_crossentropy_opts *options);

typedef struct cnn_sparse_categorical_crossentropy_opts {
  size_t size;
  int32_t reduction;    /**< CNN_REDUCTION_* */
  int32_t from_logits;  /**< outputs are logits, not probabilities */
  int32_t ignore_class; /**< a label whose rows have loss 0 and are not counted; 0 or -1: none; CNN_ZERO_INT: 0 */
  int32_t reserved;
} cnn_sparse_categorical_crossentropy_opts;
#define cnn_sparse_categorical_crossentropy_opts(...)                                                                  \
  (&(const struct cnn_sparse_categorical_crossentropy_opts){                                                           \
      .size = sizeof(struct cnn_sparse_categorical_crossentropy_opts), __VA_ARGS__})

/** -log p of the label's column; targets are class labels. p is clipped to [1e-7, 1 - 1e-7], then divided by its sum. With a softmax at the
 * end of the model as categorical cross-entropy. Errors: CNN_EINVAL, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_sparse_categorical_crossentropy_new(
    cnn_loss **out, cnn_context *context, const cnn_sparse_categorical_crossentropy_opts *options);

typedef struct cnn_binary_crossentropy_opts {
  size_t size;
  int32_t reduction;     /**< CNN_REDUCTION_* */
  int32_t from_logits;   /**< outputs are logits, not probabilities */
  float label_smoothing; /**< e in [0, 1]: targets become y (1 - e) + e / 2 */
  int32_t reserved;
} cnn_binary_crossentropy_opts;
#define cnn_binary_crossentropy_opts(...)                                                                              \
  (&(const struct cnn_binary_crossentropy_opts){.size = sizeof(struct cnn_binary_crossentropy_opts), __VA_ARGS__})

/** Mean over a row of -y log p - (1 - y) log(1 - p), p clipped to [1e-7, 1 - 1e-7]. Where the model ends in a sigmoid the loss takes its
 * logits instead, as Keras does. Errors: CNN_EINVAL, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_binary_crossentropy_new(cnn_loss **out, cnn_context *context,
                                                              const cnn_binary_crossentropy_opts *options);

typedef struct cnn_mean_squared_error_opts {
  size_t size;
  int32_t reduction; /**< CNN_REDUCTION_* */
  int32_t reserved;
} cnn_mean_squared_error_opts;
#define cnn_mean_squared_error_opts(...)                                                                               \
  (&(const struct cnn_mean_squared_error_opts){.size = sizeof(struct cnn_mean_squared_error_opts), __VA_ARGS__})

/** Mean over a row of (p - y)^2. Errors: CNN_EINVAL, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_mean_squared_error_new(cnn_loss **out, cnn_context *context,
                                                             const cnn_mean_squared_error_opts *options);

typedef struct cnn_mean_absolute_error_opts {
  size_t size;
  int32_t reduction; /**< CNN_REDUCTION_* */
  int32_t reserved;
} cnn_mean_absolute_error_opts;
#define cnn_mean_absolute_error_opts(...)                                                                              \
  (&(const struct cnn_mean_absolute_error_opts){.size = sizeof(struct cnn_mean_absolute_error_opts), __VA_ARGS__})

/** Mean over a row of |p - y|; the gradient at 0 is 0. Errors: CNN_EINVAL, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_mean_absolute_error_new(cnn_loss **out, cnn_context *context,
                                                              const cnn_mean_absolute_error_opts *options);

typedef struct cnn_huber_opts {
  size_t size;
  int32_t reduction; /**< CNN_REDUCTION_* */
  float delta;       /**< > 0; 0: 1 */
} cnn_huber_opts;
#define cnn_huber_opts(...) (&(const struct cnn_huber_opts){.size = sizeof(struct cnn_huber_opts), __VA_ARGS__})

/** Mean over a row of e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2, with e = p - y (Huber 1964). Errors: CNN_EINVAL,
 * CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_huber_new(cnn_loss **out, cnn_context *context, const cnn_huber_opts *options);

/** A loss by the name of its type (those above, and log_cosh, poisson, mean_absolute_percentage_error, mean_squared_logarithmic_error,
 * kl_divergence, cosine_similarity, hinge, squared_hinge, categorical_hinge, which have no attribute but reduction), attributes as text ("reduction=sum label_smoothing=0.1"), 0 taken literally; NULL: defaults. Also
 * Keras's short names (mse, mae, bce) and class names. Errors: CNN_ENAME (nearest named), CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_loss_new(cnn_loss **out, cnn_context *context, const char *name,
                                               const char *attributes);

/** NULL does nothing. Since 0.1. */
CNN_API void cnn_loss_free(cnn_loss *loss);

/** Its type, "huber". Since 0.1. */
CNN_API const char *cnn_loss_type(const cnn_loss *loss);

/** An attribute as text ("sum", "0.1"). @return CNN_ENAME for an unknown key (nearest named), CNN_EINVAL where the buffer is too short (with
 * the length wanted). Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_loss_attribute_text(const cnn_loss *loss, const char *key, char *buffer, size_t bytes);

/** The built-in losses: how many, their names, what each does in one sentence (NULL: no such type); attributes of one: how many (-1: no such
 * type), and row `index` written to *out, whose `.size` the caller has set. Static text. Errors: CNN_ENAME, CNN_EINVAL. Threads: any. Since 0.1. */
CNN_API int32_t cnn_loss_type_count(void);
CNN_API const char *cnn_loss_type_at(int32_t index);
CNN_API const char *cnn_loss_type_help(const char *type);
CNN_API int32_t cnn_loss_attribute_count(const char *type);
CNN_API CNN_MUST_CHECK cnn_status cnn_loss_attribute_at(const char *type, int32_t index, cnn_attribute *out);

/* ---- metrics ---- */

typedef struct cnn_binary_accuracy_opts {
  size_t size;
  const char *name; /**< in logs; NULL: "binary_accuracy" */
  float threshold;  /**< 0: 0.5; CNN_ZERO: 0 */
  int32_t reserved;
} cnn_binary_accuracy_opts;
#define cnn_binary_accuracy_opts(...)                                                                                  \
  (&(const struct cnn_binary_accuracy_opts){.size = sizeof(struct cnn_binary_accuracy_opts), __VA_ARGS__})

/** Share of a row's outputs that lie on the target's side of the threshold (above it: 1). Errors: CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_binary_accuracy_new(cnn_metric **out, cnn_context *context,
                                                          const cnn_binary_accuracy_opts *options);

typedef struct cnn_top_k_categorical_accuracy_opts {
  size_t size;
  const char *name; /**< in logs; NULL: "top_k_categorical_accuracy" */
  int32_t k;        /**< >= 1; 0: 5 */
  int32_t reserved;
} cnn_top_k_categorical_accuracy_opts;
#define cnn_top_k_categorical_accuracy_opts(...)                                                                       \
  (&(const struct cnn_top_k_categorical_accuracy_opts){.size = sizeof(struct cnn_top_k_categorical_accuracy_opts), __VA_ARGS__})

/** 1 where fewer than k outputs of the row are greater than that of the right class, else 0. Errors: CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_top_k_categorical_accuracy_new(cnn_metric **out, cnn_context *context,
                                                                     const cnn_top_k_categorical_accuracy_opts *options);

typedef struct cnn_sparse_top_k_categorical_accuracy_opts {
  size_t size;
  const char *name; /**< in logs; NULL: "sparse_top_k_categorical_accuracy" */
  int32_t k;        /**< >= 1; 0: 5 */
  int32_t reserved;
} cnn_sparse_top_k_categorical_accuracy_opts;
#define cnn_sparse_top_k_categorical_accuracy_opts(...)                                                                \
  (&(const struct cnn_sparse_top_k_categorical_accuracy_opts){                                                         \
      .size = sizeof(struct cnn_sparse_top_k_categorical_accuracy_opts), __VA_ARGS__})

/** The same for class labels alone. Errors: CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_sparse_top_k_categorical_accuracy_new(
    cnn_metric **out, cnn_context *context, const cnn_sparse_top_k_categorical_accuracy_opts *options);

/** A metric by the name of its type, attributes as text ("k=3 name=top3"), 0 taken literally; NULL: defaults. "accuracy" ("acc") is binary
 * accuracy where a row has one column, else categorical accuracy. In logs it has the name that it was asked for by, unless one is given.
 * Errors: CNN_ENAME (nearest named), CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_metric_new(cnn_metric **out, cnn_context *context, const char *name,
                                                 const char *attributes);

/** NULL does nothing. Since 0.1. */
CNN_API void cnn_metric_free(cnn_metric *metric);

/** Its type, "top_k_categorical_accuracy"; its name in logs. Since 0.1. */
CNN_API const char *cnn_metric_type(const cnn_metric *metric);
CNN_API const char *cnn_metric_name(const cnn_metric *metric);

/** As cnn_loss_attribute_text. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_metric_attribute_text(const cnn_metric *metric, const char *key, char *buffer,
                                                            size_t bytes);

/** The built-in metrics and their attributes, as those of losses. Since 0.1. */
CNN_API int32_t cnn_metric_type_count(void);
CNN_API const char *cnn_metric_type_at(int32_t index);
CNN_API const char *cnn_metric_type_help(const char *type);
CNN_API int32_t cnn_metric_attribute_count(const char *type);
CNN_API CNN_MUST_CHECK cnn_status cnn_metric_attribute_at(const char *type, int32_t index, cnn_attribute *out);

#ifdef __cplusplus
}
#endif
#endif
