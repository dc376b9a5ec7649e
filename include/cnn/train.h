/** @file train.h
 * Training: optimizers, compile, fit, evaluate, predict, callbacks, history.
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

#include "data.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- optimizers ---- */

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

/* ---- logs and history ---- */

typedef struct cnn_logs cnn_logs;
typedef struct cnn_history cnn_history;

/** Figures by name, in order: "accuracy", "loss", "val_accuracy", "val_loss", then what callbacks added. Since 0.1. */
CNN_API int32_t cnn_logs_count(const cnn_logs *logs);
CNN_API const char *cnn_logs_name(const cnn_logs *logs, int32_t index);

/** The figure's value into *out. @return CNN_ENAME (*out untouched) if there is none. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_logs_value(const cnn_logs *logs, const char *name, double *out);

/** Set or add a figure (a callback at epoch_end: later callbacks and the history see it). Errors: CNN_EINVAL name; CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_logs_set(cnn_logs *logs, const char *name, double value);
CNN_API void cnn_logs_free(cnn_logs *logs); /**< only for logs of cnn_model_evaluate; NULL does nothing */

/** Epochs kept; names of figures; the value of one in the epoch at `row` (CNN_ENAME where that epoch has none);
 * the 0-based epoch number and seconds of a row. Since 0.1. */
CNN_API int64_t cnn_history_count(const cnn_history *history);
CNN_API int32_t cnn_history_name_count(const cnn_history *history);
CNN_API const char *cnn_history_name(const cnn_history *history, int32_t index);
CNN_API CNN_MUST_CHECK cnn_status cnn_history_value(const cnn_history *history, int64_t row, const char *name,
                                                    double *out);
CNN_API int64_t cnn_history_epoch(const cnn_history *history, int64_t row);
CNN_API double cnn_history_seconds(const cnn_history *history, int64_t row);
CNN_API void cnn_history_free(cnn_history *history);

/* ---- callbacks ---- */

typedef struct cnn_callback cnn_callback;
typedef struct cnn_state cnn_state;

/** What happens, as a callback sees it. Valid during the call. */
typedef struct cnn_event {
  size_t size;
  cnn_model *model;      /**< may be read, evaluated, used to predict, saved; rate and weights may be set; fit and free are refused or wait */
  cnn_logs *logs;        /**< running figures at batch_end, the epoch's at epoch_end, the last epoch's at train_end */
  const cnn_sink *sink;  /**< where text goes; NULL: nowhere */
  int64_t epoch;         /**< from 0 */
  int64_t epochs;        /**< number of the last epoch, as given to fit */
  int64_t step;          /**< batch within the epoch, from 0 */
  int64_t steps;         /**< batches in an epoch */
  int32_t verbose;       /**< fit's */
  int32_t reserved;
} cnn_event;

/** A callback of one's own: functions may be NULL. They run only on the thread that called fit and return CNN_OK, CNN_STOP (end training
 * after this epoch's end has been told to all; from a batch function: after this batch, the epoch's validation and epoch_end still happen) or
 * a negative status, which fit returns (CNN_ECALLBACK with a text of fit's own if none was recorded). CNN_STOP from train_begin: no epoch is
 * run. After an error later callbacks hear nothing of the event; train_begin and train_end reach all of them in any case. */
typedef struct cnn_callback_functions {
  size_t size;
  void *user;
  cnn_status (*train_begin)(void *user, const cnn_event *event);
  cnn_status (*train_end)(void *user, const cnn_event *event);
  cnn_status (*epoch_begin)(void *user, const cnn_event *event);
  cnn_status (*epoch_end)(void *user, const cnn_event *event);
  cnn_status (*batch_begin)(void *user, const cnn_event *event);
  cnn_status (*batch_end)(void *user, const cnn_event *event);
  cnn_status (*test_begin)(void *user, const cnn_event *event);
  cnn_status (*test_end)(void *user, const cnn_event *event);
  cnn_status (*state_save)(void *user, cnn_state *state);       /**< put into state what a later run needs */
  cnn_status (*state_load)(void *user, const cnn_state *state); /**< take it back */
  void (*free)(void *user);                                     /**< called once, when the last owner lets go */
} cnn_callback_functions;

/** Make a callback of functions (copied). On an error free is not called. Errors: CNN_EINVAL, CNN_ETOONEW, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_callback_new(cnn_callback **out, cnn_context *context,
                                                   const cnn_callback_functions *functions);
CNN_API void cnn_callback_free(cnn_callback *callback);

/** State of a callback: numbers and f32 tensors by name. Errors: CNN_ENAME, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_state_new(cnn_state **out, cnn_context *context);
CNN_API void cnn_state_free(cnn_state *state);
CNN_API CNN_MUST_CHECK cnn_status cnn_state_set(cnn_state *state, const char *name, double value);
CNN_API CNN_MUST_CHECK cnn_status cnn_state_value(const cnn_state *state, const char *name, double *out);
CNN_API CNN_MUST_CHECK cnn_status cnn_state_set_tensor(cnn_state *state, const char *name, const cnn_tensor *value);
CNN_API const cnn_tensor *cnn_state_tensor(const cnn_state *state, const char *name); /**< borrowed; NULL if there is none */
CNN_API int32_t cnn_state_count(const cnn_state *state);
CNN_API const char *cnn_state_name(const cnn_state *state, int32_t index);

/** Ask a callback for its state, and give it one back. A callback without these functions has none: nothing happens. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_callback_save(const cnn_callback *callback, cnn_state *state);
CNN_API CNN_MUST_CHECK cnn_status cnn_callback_load(cnn_callback *callback, const cnn_state *state);

/** Which way a monitored figure is better: auto is max for names that contain "acc" or end in "auc", min for the rest. */
#define CNN_MODE_AUTO 0
#define CNN_MODE_MIN 1
#define CNN_MODE_MAX 2

typedef struct cnn_early_stopping_opts {
  size_t size;
  const char *monitor;          /**< NULL: "val_loss" */
  float min_delta;              /**< >= 0; an improvement must be larger; default 0 */
  int32_t patience;             /**< epochs without improvement before stopping; default 0 */
  int32_t verbose;
  int32_t mode;
  int32_t restore_best_weights;
  int32_t start_from_epoch;
  float baseline;               /**< used when has_baseline */
  int32_t has_baseline;
} cnn_early_stopping_opts;
#define cnn_early_stopping_opts(...)                                                                                   \
  (&(const struct cnn_early_stopping_opts){.size = sizeof(struct cnn_early_stopping_opts), __VA_ARGS__})

/** Stop when the monitored figure no longer improves; Keras 3's rules and messages. Errors: CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_early_stopping_new(cnn_callback **out, cnn_context *context,
                                                         const cnn_early_stopping_opts *options);

/** The epoch (0-based) at which it stopped training, -1 if it did not; its best epoch so far, -1 if none. CNN_EINVAL text and -1 for another kind. */
CNN_API int64_t cnn_early_stopping_stopped_epoch(const cnn_callback *callback);
CNN_API int64_t cnn_early_stopping_best_epoch(const cnn_callback *callback);

typedef struct cnn_reduce_lr_on_plateau_opts {
  size_t size;
  const char *monitor; /**< NULL: "val_loss" */
  float factor;        /**< (0, 1); 0: 0.1 */
  int32_t patience;    /**< 0: 10; CNN_ZERO_INT: 0 */
  int32_t verbose;
  int32_t mode;
  float min_delta;     /**< 0: 1e-4; CNN_ZERO: 0 */
  int32_t cooldown;
  float min_lr;
  int32_t reserved;
} cnn_reduce_lr_on_plateau_opts;
#define cnn_reduce_lr_on_plateau_opts(...)                                                                             \
  (&(const struct cnn_reduce_lr_on_plateau_opts){.size = sizeof(struct cnn_reduce_lr_on_plateau_opts), __VA_ARGS__})

/** Multiply the rate by a factor when the monitored figure no longer improves; adds "learning_rate" to the logs. Keras 3's rules and
 * messages. Errors: CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_reduce_lr_on_plateau_new(cnn_callback **out, cnn_context *context,
                                                               const cnn_reduce_lr_on_plateau_opts *options);

typedef struct cnn_model_checkpoint_opts {
  size_t size;
  const char *monitor; /**< NULL: "val_loss" */
  int32_t verbose;
  int32_t mode;
  int32_t save_best_only;
  int32_t save_weights_only;
} cnn_model_checkpoint_opts;
#define cnn_model_checkpoint_opts(...)                                                                                 \
  (&(const struct cnn_model_checkpoint_opts){.size = sizeof(struct cnn_model_checkpoint_opts), __VA_ARGS__})

/** Save the model at the end of epochs, all or only the best ones; Keras 3's rules and messages.
 * @param path {epoch} and {NAME} of a figure are replaced, with an optional format as in {epoch:02d} or {val_loss:.4f}
 * Errors: CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_checkpoint_new(cnn_callback **out, cnn_context *context, const char *path,
                                                           const cnn_model_checkpoint_opts *options);

typedef struct cnn_csv_logger_opts {
  size_t size;
  const char *separator; /**< NULL: "," */
  int32_t append;
  int32_t reserved;
} cnn_csv_logger_opts;
#define cnn_csv_logger_opts(...) (&(const struct cnn_csv_logger_opts){.size = sizeof(struct cnn_csv_logger_opts), __VA_ARGS__})

/** Write a row of figures for each epoch, flushed at once; byte for byte Keras 3's file (epochs from 0, \r\n). Errors: CNN_EINVAL, CNN_ENOMEM;
 * CNN_EIO from fit. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_csv_logger_new(cnn_callback **out, cnn_context *context, const char *path,
                                                     const cnn_csv_logger_opts *options);

/** Stop training at the first batch whose running loss is NaN or infinite. Keras 3's message. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_terminate_on_nan_new(cnn_callback **out, cnn_context *context);

typedef struct cnn_progress_opts {
  size_t size;
  int32_t color; /**< 0: where the sink is a terminal; 1: always; -1: never */
  int32_t reserved;
} cnn_progress_opts;
#define cnn_progress_opts(...) (&(const struct cnn_progress_opts){.size = sizeof(struct cnn_progress_opts), __VA_ARGS__})

/** Keras 3's progress bar (verbose 1 on a terminal) or one line an epoch (verbose 2, or no terminal). fit adds one by itself when verbose
 * is not 0 and none is in the list. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_progress_new(cnn_callback **out, cnn_context *context,
                                                   const cnn_progress_opts *options);

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

/** The same into the caller's f32 tensors [N, ...]; allocates nothing once the model has a free run record. Since 0.1. */
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
