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
#include "objective.h"
#include "optimizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- compile ---- */

typedef struct cnn_compile_opts {
  size_t size;
  const char *const *metrics; /**< by name, with attributes as text: "accuracy", "top_k_categorical_accuracy k=3 name=top3" */
  int32_t metric_count;
  int32_t weighted_metric_count;
  const char *const *weighted_metrics;   /**< the same, weighted by the samples' weights; in logs "weighted_NAME" where NAME is taken */
  cnn_loss *const *loss_handles;         /**< instead of names of losses */
  cnn_metric *const *metric_handles;     /**< besides those by name */
  cnn_metric *const *weighted_metric_handles;
  int32_t metric_handle_count;
  int32_t weighted_metric_handle_count;
  int32_t keep_state; /**< 1: the optimizer's state goes on: slots and count of steps, with the new optimizer's rate and settings */
  int32_t reserved;   /**< 0 */
} cnn_compile_opts;
#define cnn_compile_opts(...) (&(const struct cnn_compile_opts){.size = sizeof(struct cnn_compile_opts), __VA_ARGS__})

/** Make the model ready for training: order, memory plan, optimizer state (new). Weights stay as they are. Also reports the first error of
 * the layer constructors. May be called again, with `keep_state` to go on with the optimizer's state under another loss, other metrics,
 * rate or settings, or with some layers frozen (Keras: compile with the optimizer object that trained before).
 * @param loss_count 1   @param losses by name, with attributes as text: "categorical_crossentropy label_smoothing=0.1" (objective.h lists
 *        them); NULL: options.loss_handles. A cross-entropy is fused with the softmax or sigmoid that ends the model, as Keras does: loss and
 *        gradient then come from its logits. At most 8 metrics in all.
 * Errors: CNN_EINVAL counts, no layers, a name in logs twice (also with "val_" in front), keep_state with an optimizer of another type or other slots,
 * or with a weight that was not trained before; CNN_ENAME loss, metric or attribute unknown (nearest named); CNN_ENOMEM; CNN_ESTATE inside fit,
 * keep_state before the first compile. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_compile(cnn_model *model, cnn_optimizer *optimizer, int32_t loss_count,
                                                    const char *const *losses, const cnn_compile_opts *options);

/** The rate of the next step (f32, given as double; by the optimizer's schedule where it has one; 0 before compile), and the number of
 * training steps so far, each counted also where gradients of several make one update. Since 0.1. */
CNN_API double cnn_model_learning_rate(const cnn_model *model);
CNN_API int64_t cnn_model_iterations(const cnn_model *model);

/** Set the rate, from the next step on. Errors: CNN_ESTATE not compiled, or a schedule gives the rate; CNN_EINVAL negative or not
 * finite. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_set_learning_rate(cnn_model *model, double rate);

/* ---- batches of one's own ---- */

/** One batch of tensors, which stay the caller's.
 *  - inputs: f32, or u8 that are divided by 255: [N, ...input shape], N >= 1; images [N, H, W] get a channel axis where the model wants one
 *  - targets: class labels or f32 rows, as those of a data set; not looked at by predict, which needs none
 *  - sample_weights: f32 [N], or NULL */
typedef struct cnn_batch {
  size_t size;
  const cnn_tensor *inputs;
  const cnn_tensor *targets;
  const cnn_tensor *sample_weights;
} cnn_batch;
#define cnn_batch(...) (&(const struct cnn_batch){.size = sizeof(struct cnn_batch), __VA_ARGS__})

/** Which batch is wanted. */
typedef struct cnn_batch_request {
  size_t size;
  int64_t epoch;      /**< fit's, from 0; 0 in evaluate and predict */
  int64_t step;       /**< batches that this pass has had; at 0 a pass begins: start anew or, without end, go on */
  int64_t batch_size; /**< the option's, a wish: any number of samples will do, and batches may differ in it */
  uint32_t pass;      /**< epochs that the model has begun, this one not counted: with a seed a key for what the function draws itself */
  int32_t reserved;
} cnn_batch_request;

/** Batches made by a function of the program: in place of a data set where samples come from elsewhere, are made on the way or have no
 * end. (Keras: a generator, or a PyDataset where `batches` is given.)
 *
 *     static cnn_status next(void *user, const cnn_batch_request *request, cnn_batch *batch) {
 *       reader *r = user;
 *       if (request->step == r->count)
 *         return CNN_STOP;                   // the pass is over
 *       read_into(r, request->step);         // fills r->x and r->y, tensors made once
 *       batch->inputs = r->x;
 *       batch->targets = r->y;
 *       return CNN_OK;
 *     } */
typedef struct cnn_batch_source {
  size_t size;
  void *user;
  /** Fill *batch and return CNN_OK; or CNN_STOP: this pass has no more; or a negative status, which the call returns as it does that of a
   * callback. Called on the thread of the call alone, one batch at a time, and not ahead. The tensors are held, and their values must
   * stay, until the function is called again or the call returns. A pass without any batch is an error (CNN_EDATA). */
  cnn_status (*next)(void *user, const cnn_batch_request *request, cnn_batch *batch);
  int64_t batches; /**< of a pass: it ends after so many (steps of the call count instead, where given); 0: at CNN_STOP, and the progress bar learns the number from the first pass */
} cnn_batch_source;

/* ---- fit, evaluate, predict ---- */

typedef struct cnn_fit_opts {
  size_t size;
  int64_t batch_size;             /**< 0: 32, or with steps_per_epoch what makes one pass of all samples (rounded up), as Keras */
  int64_t epochs;                 /**< number of the last epoch: epochs initial_epoch .. epochs - 1 are run; 0: 1 */
  int64_t initial_epoch;
  int64_t steps_per_epoch;        /**< 0: all batches, the last one short; else at most that many of a fresh order each epoch. Fewer are made, with
                                       a warning in the log, where there are no more */
  double validation_split;        /**< keep the last part of the samples for validation, before any shuffling; 0: none */
  const cnn_dataset *validation;  /**< overrides validation_split */
  const cnn_augmenter *augmenter; /**< of training images, and for its standardisation alone of validation images; NULL: none */
  cnn_callback *const *callbacks; /**< called in this order, then the progress */
  int32_t callback_count;
  int32_t verbose;                /**< 0 silent, 1 bar on a terminal else one line an epoch, 2 one line an epoch */
  int32_t no_shuffle;
  int32_t validation_freq;        /**< 0: 1; validate when (epoch + 1) is a multiple */
  const cnn_sink *sink;           /**< NULL: the context's */
  cnn_history **history;          /**< NULL: not wanted; else a new handle, also when fit fails after its first epoch (NULL before) */
  const cnn_batch_source *validation_source; /**< validate on batches of one's own; not with `validation` */
  int64_t validation_batch_size;  /**< 0: batch_size */
  int64_t validation_steps;       /**< at most so many batches of each validation, the same ones of a data set every time; 0: all */
  const float *class_weights;     /**< of classes 0 .. class_weight_count - 1, taken literally; further ones weigh 1. They make the sample weights of
                                       training, not of validation; CNN_EINVAL where the samples have weights of their own, as Keras */
  int64_t class_weight_count;
  const int64_t *validation_epochs; /**< validate after these epochs alone, the first of all being 1, whatever validation_freq; NULL: by validation_freq */
  int64_t validation_epoch_count;
} cnn_fit_opts;
#define cnn_fit_opts(...) (&(const struct cnn_fit_opts){.size = sizeof(struct cnn_fit_opts), __VA_ARGS__})

/** Train on a data set. "loss" is the mean over the epoch's samples of each sample's loss when its batch was trained, times its weight where it
 * has one; metrics likewise, without weights, and weighted metrics divided by the sum of the weights. A negative weight is taken as it is.
 * The order of each pass is a keyed permutation; same seed, same bits, for any number of threads.
 * Errors: CNN_ESTATE not compiled, or called from a callback of the same model; CNN_ESHAPE data and model do not fit; CNN_EINVAL an option, an empty
 * part; what a callback returned; CNN_ENOMEM. After an error the model holds the weights of the last complete step, or what a callback
 * makes of them at train_end, as early stopping does that restores the best ones. A loss that becomes NaN is no error (see
 * cnn_terminate_on_nan_new). Threads: one per model. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_fit(cnn_model *model, const cnn_dataset *dataset, const cnn_fit_opts *options);

/** Train on batches of one's own. What their samples draw (dropout, the augmenter) is keyed by the pass and their place in it. No order is
 * drawn; validation_split is CNN_EINVAL; steps_per_epoch is needed where a pass has no end.
 * Errors: as fit; what the function returned; CNN_EINVAL, CNN_ESHAPE, CNN_EDATA (NaN, infinity, a wrong label) of a batch, named by its
 * step and epoch. Threads: one per model. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_fit_source(cnn_model *model, const cnn_batch_source *source,
                                                       const cnn_fit_opts *options);

/** One training step on one batch: for loops of one's own. The batch's figures, loss and metrics in inference's names and order
 * ("accuracy", "loss"), replace what logs holds; NULL: not wanted. They are of this batch alone, where Keras 3 goes on adding up until
 * reset_metrics. What the batch's samples draw (dropout) is keyed by the model's count of updates and their row.
 * From the second call of a size on nothing is allocated. Errors: CNN_ESTATE not compiled, or inside fit; CNN_EINVAL, CNN_ESHAPE, CNN_EDATA of the
 * batch, before anything is changed; CNN_ENOMEM. Threads: one per model. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_train_on_batch(cnn_logs *logs, cnn_model *model, const cnn_batch *batch);

/** What fit does at its end: where the optimizer keeps an average of the weights (use_ema), it takes their place. For loops of
 * cnn_model_train_on_batch; without an average, or before the first step, nothing happens.
 * Errors: CNN_EINVAL NULL; CNN_ESTATE not compiled. Threads: one per model. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_finalize(cnn_model *model);

/** The figures of one batch in inference mode, as cnn_model_evaluate would have them, into logs. Errors: as above. Threads: const. Since 0.1.
 * (Outputs of one batch: cnn_model_predict_into.) */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_test_on_batch(cnn_logs *logs, const cnn_model *model, const cnn_batch *batch);

typedef struct cnn_evaluate_opts {
  size_t size;
  int64_t batch_size;    /**< 0: 32; the figures do not depend on it, unless the loss has another reduction than sum_over_batch_size or ignores a class */
  int32_t verbose;       /**< as in fit */
  int32_t reserved;
  const cnn_sink *sink;  /**< NULL: the context's */
  int64_t steps;         /**< at most so many batches; 0: all. With batch_size 0 that is chosen so that they are all samples, as Keras */
  const cnn_augmenter *augmenter; /**< its standardisation, without transforms; NULL: none */
} cnn_evaluate_opts;
#define cnn_evaluate_opts(...) (&(const struct cnn_evaluate_opts){.size = sizeof(struct cnn_evaluate_opts), __VA_ARGS__})

/** "loss" and the metrics over a data set, in inference mode. Errors: as fit. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_evaluate(cnn_logs **out, const cnn_model *model, const cnn_dataset *dataset,
                                                     const cnn_evaluate_opts *options);

/** The same over batches of one's own. Errors: as cnn_model_fit_source. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_evaluate_source(cnn_logs **out, const cnn_model *model,
                                                            const cnn_batch_source *source,
                                                            const cnn_evaluate_opts *options);

typedef struct cnn_predict_opts {
  size_t size;
  int64_t batch_size;    /**< 0: 32; the results do not depend on it */
  int32_t verbose;
  int32_t reserved;
  const cnn_sink *sink;
  int64_t steps;         /**< of data sets and sources, as in evaluate */
  const cnn_augmenter *augmenter; /**< its standardisation, without transforms; NULL: none */
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

/** The class of each sample: cnn_model_predict, then cnn_to_classes: a new i32 tensor, [N] where the model ends in a row of values. Of a data set
 * or source: cnn_to_classes of what cnn_model_predict_dataset gives. Errors: of both. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_predict_classes(cnn_tensor **out, const cnn_model *model,
                                                            const cnn_tensor *const *inputs, int32_t input_count,
                                                            const cnn_predict_opts *options);

/** Outputs for all samples of a data set, scaled as in training. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_predict_dataset(cnn_tensor **outputs, int32_t output_count,
                                                            const cnn_model *model, const cnn_dataset *dataset,
                                                            const cnn_predict_opts *options);

/** Outputs for the samples of batches of one's own, in their order. Errors: as cnn_model_fit_source. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_predict_source(cnn_tensor **outputs, int32_t output_count,
                                                           const cnn_model *model, const cnn_batch_source *source,
                                                           const cnn_predict_opts *options);

#ifdef __cplusplus
}
#endif
#endif
