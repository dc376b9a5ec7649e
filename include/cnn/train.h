/** @file train.h
 * Training: compile, fit, evaluate, predict.
 *
 *     cnn_optimizer *adam;
 *     cnn_adam_new(&adam, ctx, NULL);
 *     cnn_model_compile(m, adam, 1, (const char *[]){"categorical_crossentropy"},
 *                       cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1));
 *     cnn_model_fit(m, train, cnn_fit_opts(.epochs = 5, .batch_size = 128, .validation = validation, .verbose = 1));
 *
 * What is passed to compile or fit is retained: the caller may free his handle at once. */
#ifndef CNN_TRAIN_H
#define CNN_TRAIN_H

#include "augment.h"
#include "callback.h"
#include "data.h"
#include "optimizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- compile ---- */

typedef struct cnn_compile_opts {
  size_t size;
  const char *const *metrics; /**< names: "accuracy" ("acc"); binary, sparse or categorical by the shapes, as Keras */
  int32_t metric_count;
  int32_t reserved;
} cnn_compile_opts;
#define cnn_compile_opts(...) (&(const struct cnn_compile_opts){.size = sizeof(struct cnn_compile_opts), __VA_ARGS__})

/** Make the model ready for training: order, memory plan, optimizer state (new). Weights stay as they are. Also reports the first error of
 * the layer constructors. May be called again.
 * @param loss_count 1   @param losses "categorical_crossentropy" (f32 rows or class labels) or "sparse_categorical_crossentropy"
 *        (class labels); fused with a softmax that ends the model, as Keras does: loss and gradient then come from its logits
 * Errors: CNN_EINVAL counts, no layers; CNN_ENAME loss or metric unknown (nearest named); CNN_ESHAPE output and loss do not fit; CNN_ENOMEM;
 * CNN_ESTATE inside fit. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_compile(cnn_model *model, cnn_optimizer *optimizer, int32_t loss_count,
                                                    const char *const *losses, const cnn_compile_opts *options);

/** The optimizer's rate as it stands (f32, given as double; 0 before compile) and its number of updates so far. Since 0.1. */
CNN_API double cnn_model_learning_rate(const cnn_model *model);
CNN_API int64_t cnn_model_iterations(const cnn_model *model);

/** Set the rate, from the next step on. Errors: CNN_ESTATE not compiled; CNN_EINVAL negative or not finite. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_set_learning_rate(cnn_model *model, double rate);

/* ---- fit, evaluate, predict ---- */

typedef struct cnn_fit_opts {
  size_t size;
  int64_t batch_size;             /**< 0: 32 */
  int64_t epochs;                 /**< number of the last epoch: epochs initial_epoch .. epochs - 1 are run; 0: 1 */
  int64_t initial_epoch;
  int64_t steps_per_epoch;        /**< 0: all batches, the last one short; else at most that many of a fresh order each epoch */
  double validation_split;        /**< keep the last part of the samples for validation, before any shuffling; 0: none */
  const cnn_dataset *validation;  /**< overrides validation_split */
  const cnn_augmenter *augmenter; /**< of training images; NULL: none */
  cnn_callback *const *callbacks; /**< called in this order, then the progress */
  int32_t callback_count;
  int32_t verbose;                /**< 0 silent, 1 bar on a terminal else one line an epoch, 2 one line an epoch */
  int32_t no_shuffle;
  int32_t validation_freq;        /**< 0: 1; validate when (epoch + 1) is a multiple */
  const cnn_sink *sink;           /**< NULL: the context's */
  cnn_history **history;          /**< NULL: not wanted; else a new handle, also when fit fails after its first epoch (NULL before) */
} cnn_fit_opts;
#define cnn_fit_opts(...) (&(const struct cnn_fit_opts){.size = sizeof(struct cnn_fit_opts), __VA_ARGS__})

/** Train on a data set. "loss" is the mean over the epoch's samples of each sample's loss when its batch was trained, "accuracy" likewise.
 * The order of each pass is a keyed permutation; same seed, same bits, for any number of threads.
 * Errors: CNN_ESTATE not compiled, or called from a callback of the same model; CNN_ESHAPE data and model do not fit; CNN_EINVAL an option, an empty
 * part; what a callback returned; CNN_ENOMEM. After an error the model holds the weights of the last complete step, or what a callback
 * makes of them at train_end, as early stopping does that restores the best ones. A loss that becomes NaN is no error (see
 * cnn_terminate_on_nan_new). Threads: one per model. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_fit(cnn_model *model, const cnn_dataset *dataset, const cnn_fit_opts *options);

typedef struct cnn_evaluate_opts {
  size_t size;
  int64_t batch_size;    /**< 0: 32; the figures do not depend on it */
  int32_t verbose;       /**< as in fit */
  int32_t reserved;
  const cnn_sink *sink;  /**< NULL: the context's */
} cnn_evaluate_opts;
#define cnn_evaluate_opts(...) (&(const struct cnn_evaluate_opts){.size = sizeof(struct cnn_evaluate_opts), __VA_ARGS__})

/** "loss" and the metrics over a data set, in inference mode. Errors: as fit. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_evaluate(cnn_logs **out, const cnn_model *model, const cnn_dataset *dataset,
                                                     const cnn_evaluate_opts *options);

typedef struct cnn_predict_opts {
  size_t size;
  int64_t batch_size;    /**< 0: 32; the results do not depend on it */
  int32_t verbose;
  int32_t reserved;
  const cnn_sink *sink;
} cnn_predict_opts;
#define cnn_predict_opts(...) (&(const struct cnn_predict_opts){.size = sizeof(struct cnn_predict_opts), __VA_ARGS__})

/** Outputs of the model in inference mode, f32 [N, ...]: new tensors into outputs[0 .. output_count - 1].
 * @param output_count, input_count 1   @param inputs f32 [N, ...input shape] (rank 3 images get a channel axis)
 * One image alone gives the bits of its row in any batch. Errors: CNN_EINVAL counts; CNN_ESHAPE; CNN_EDATA NaN or infinity (sample and position); CNN_ENOMEM.
 * Threads: const: several threads may predict on one model. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_predict(cnn_tensor **outputs, int32_t output_count, const cnn_model *model,
                                                    const cnn_tensor *const *inputs, int32_t input_count,
                                                    const cnn_predict_opts *options);

/** The same into the caller's f32 tensors [N, ...], whose memory is none of the inputs' (else CNN_EINVAL); allocates nothing once the model
 * has a free run record. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_predict_into(cnn_tensor *const *outputs, int32_t output_count,
                                                         const cnn_model *model, const cnn_tensor *const *inputs,
                                                         int32_t input_count, const cnn_predict_opts *options);

/** Outputs for all samples of a data set, scaled as in training. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_predict_dataset(cnn_tensor **outputs, int32_t output_count,
                                                            const cnn_model *model, const cnn_dataset *dataset,
                                                            const cnn_predict_opts *options);

#ifdef __cplusplus
}
#endif
#endif
