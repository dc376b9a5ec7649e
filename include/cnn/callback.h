/** @file callback.h
 * Figures of training (logs, history) and callbacks: who is told what happens, and may end it.
 *
 *     cnn_callback *stop;
 *     cnn_early_stopping_new(&stop, ctx, cnn_early_stopping_opts(.patience = 3, .restore_best_weights = 1));
 *     cnn_model_fit(m, train, cnn_fit_opts(.epochs = 30, .callbacks = &stop, .callback_count = 1));
 *     cnn_callback_free(stop);
 *
 * Built-in callbacks are made of what this header offers to anyone. */
#ifndef CNN_CALLBACK_H
#define CNN_CALLBACK_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- logs and history ---- */

typedef struct cnn_logs cnn_logs;
typedef struct cnn_history cnn_history;

/** Figures by name, in order: "accuracy", "loss", "val_accuracy", "val_loss", then what callbacks added. Since 0.1. */
CNN_API int32_t cnn_logs_count(const cnn_logs *logs);
CNN_API const char *cnn_logs_name(const cnn_logs *logs, int32_t index);

/** The figure's value into *out. @return CNN_ENAME (*out untouched) if there is none. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_logs_value(const cnn_logs *logs, const char *name, double *out);

/** Figures of one's own, none yet: for cnn_model_train_on_batch, which fills them anew each time. Errors: CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_logs_new(cnn_logs **out, cnn_context *context);

/** Set or add a figure (a callback at epoch_end: later callbacks and the history see it). Errors: CNN_EINVAL name; CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_logs_set(cnn_logs *logs, const char *name, double value);
CNN_API void cnn_logs_free(cnn_logs *logs); /**< of cnn_logs_new and cnn_model_evaluate; those of an event are fit's and stay; NULL does nothing */

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

/** The history as one JSON object, to the sink (NULL: the context's): {"epoch": [0, 1], "seconds": [2.5, 2.25], "history":
 * {"loss": [0.5, 0.25], "val_loss": [null, 0.375]}}, a list for each figure with null for an epoch that has none. Numbers are the shortest decimals that read
 * back the same; NaN and infinities are the strings "nan", "inf", "-inf". Errors: CNN_EINVAL; CNN_ENOMEM. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_history_to_json(const cnn_history *history, const cnn_sink *sink);

/** The way back: a new history with the same numbers. Text is taken as hostile. @param json `bytes` bytes, which need not end in 0
 * Errors: CNN_EFORMAT what is wrong and where; CNN_EINVAL; CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_history_from_json(cnn_history **out, cnn_context *context, const char *json,
                                                        size_t bytes);

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
 * run. No exception and no longjmp may leave one. After an error later callbacks hear nothing of the event; train_begin and train_end reach
 * all of them in any case. */
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
  float min_delta;              /**< an improvement must be larger than its size; default 0 */
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
 * messages. fit returns CNN_ESTATE at its begin where a schedule gives the rate (Keras: when the rate would first be lowered).
 * Errors: CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_reduce_lr_on_plateau_new(cnn_callback **out, cnn_context *context,
                                                               const cnn_reduce_lr_on_plateau_opts *options);

typedef struct cnn_model_checkpoint_opts {
  size_t size;
  const char *monitor; /**< NULL: "val_loss" */
  int32_t verbose;
  int32_t mode;
  int32_t save_best_only;
  int32_t save_weights_only;
  int64_t save_freq;             /**< save after so many batches, counted on from epoch to epoch; the monitored figure is then a running one.
                                      0: at the end of epochs */
  float initial_value_threshold; /**< used when has_initial_value_threshold: save only what is better from the start */
  int32_t has_initial_value_threshold;
} cnn_model_checkpoint_opts;
#define cnn_model_checkpoint_opts(...)                                                                                 \
  (&(const struct cnn_model_checkpoint_opts){.size = sizeof(struct cnn_model_checkpoint_opts), __VA_ARGS__})

/** Save the model at the end of epochs or every so many batches, always or only where it is the best so far; Keras 3's rules and messages.
 * The best value lives on from one fit to the next.
 * @param path {epoch} (from 1) and {NAME} of a figure are replaced, with an optional format as in {epoch:02d} or {val_loss:.4f}; with save_freq
 *        also {batch} (from 1). Folders that are missing are made. Any ending will do, the file is in the library's own form
 * Errors: CNN_EINVAL, CNN_ENOMEM; from fit CNN_EIO, and CNN_ENAME for a figure that there is not. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_checkpoint_new(cnn_callback **out, cnn_context *context, const char *path,
                                                           const cnn_model_checkpoint_opts *options);

typedef struct cnn_checkpoint_opts {
  size_t size;
  int64_t every_steps;    /**< save after so many batches; 0: not by batches */
  double every_seconds;   /**< save when so many seconds have gone by since the last save, after the batch in hand; 0: not by time */
  int32_t not_at_epochs;  /**< leave out the save at the end of each epoch; that at the end of the last one is always made */
  int32_t resume;         /**< go on where the file stands, if there is one; 0: begin anew, the file is replaced */
  int32_t verbose;        /**< say each save */
  int32_t foreground;     /**< training waits for the disk; 0: a thread writes a copy while it goes on */
} cnn_checkpoint_opts;
#define cnn_checkpoint_opts(...)                                                                                       \
  (&(const struct cnn_checkpoint_opts){.size = sizeof(struct cnn_checkpoint_opts), __VA_ARGS__})

/** Keep a training from being lost (Keras: BackupAndRestore): everything it needs to go on in one file, and fit with the same arguments and
 * `resume` goes on there. A run that was stopped anywhere and resumed, as often as you like and with any number of threads, ends with
 * the bits, the history and the decisions of callbacks of the run that never was: weights, optimizer state, rate, the place in the epoch and
 * its figures so far, and the state of every callback that has one (cnn_callback_functions) come back; what a callback does to the
 * model at a train_begin or epoch_begin that it hears for the second time is undone. Callbacks without state begin anew.
 *
 * The file is never absent nor half written, the one before it stays as PATH.prev (where PATH is a symbolic link, beside the
 * file it leads to); where PATH is damaged, that one is used, and the log and
 * the sink say so. A checkpoint of another model, compilation, seed, data set or recipe (batch size, augmenter, weights, steps, kernels) is
 * CNN_ESTATE with the difference named; epochs, threads, verbosity and callbacks that were added may differ. Of a batch function the batches
 * that were trained on are asked for again and left out. It can be loaded as a model, too (cnn_model_load).
 * @param path in a folder that is there; its name has 250 bytes at most
 * Errors: CNN_EINVAL, CNN_ENOMEM; from fit CNN_EIO where a save failed (training ends; the file before it stays), CNN_ESTATE,
 * CNN_EFORMAT where both files are damaged (nothing is changed), CNN_EINVAL two of these in one fit. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_checkpoint_new(cnn_callback **out, cnn_context *context, const char *path,
                                                     const cnn_checkpoint_opts *options);

/** Ask for a save after the batch in hand; with `stop` training then ends there, the epoch unfinished: validation and epoch_end belong to
 * the run that resumes. Only sets a flag: safe in a signal handler and from any thread. Nothing where it is no checkpoint. Since 0.1. */
CNN_API void cnn_checkpoint_request(cnn_callback *callback, int32_t stop);

/** The epoch (0-based) in or before which the last fit went on, -1 where it began anew. CNN_EINVAL text and -1 for another kind. Since 0.1. */
CNN_API int64_t cnn_checkpoint_resumed_epoch(const cnn_callback *callback);

typedef struct cnn_csv_logger_opts {
  size_t size;
  const char *separator; /**< NULL: "," */
  int32_t append;
  int32_t reserved;
} cnn_csv_logger_opts;
#define cnn_csv_logger_opts(...) (&(const struct cnn_csv_logger_opts){.size = sizeof(struct cnn_csv_logger_opts), __VA_ARGS__})

/** Write a row of figures for each epoch, flushed at once; byte for byte Keras 3's file (epochs from 0, lines ended by CR LF). Errors: CNN_EINVAL, CNN_ENOMEM;
 * CNN_EIO from fit. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_csv_logger_new(cnn_callback **out, cnn_context *context, const char *path,
                                                     const cnn_csv_logger_opts *options);

typedef struct cnn_json_logger_opts {
  size_t size;
  int64_t every_batches; /**< a line also after every so many batches of an epoch, with running figures; 0: none */
  int32_t append;        /**< go on behind what stands in the file; 0: it is begun anew */
  int32_t reserved;
} cnn_json_logger_opts;
#define cnn_json_logger_opts(...)                                                                                      \
  (&(const struct cnn_json_logger_opts){.size = sizeof(struct cnn_json_logger_opts), __VA_ARGS__})

/** Write a JSON object for each epoch, one a line (JSON Lines), flushed at once: "epoch" (from 0), for a batch "batch" (from 0, within its epoch),
 * the figures, "learning_rate" (with which it was trained), "seconds" (since the epoch began) and "time" (of the day, seconds since
 * 1970). Numbers are the shortest decimals that read back the same; NaN and infinities are the strings "nan", "inf", "-inf". A figure of one of those five names is
 * left out. A training that goes on from a checkpoint cuts off the lines that will come again, as csv_logger does.
 * Errors: CNN_EINVAL, CNN_ENOMEM; CNN_EIO from fit. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_json_logger_new(cnn_callback **out, cnn_context *context, const char *path,
                                                      const cnn_json_logger_opts *options);

typedef struct cnn_terminate_on_nan_opts {
  size_t size;
  int32_t raise_error; /**< fit fails with CNN_EDATA instead of ending as if it were done */
  int32_t reserved;
} cnn_terminate_on_nan_opts;
#define cnn_terminate_on_nan_opts(...)                                                                                 \
  (&(const struct cnn_terminate_on_nan_opts){.size = sizeof(struct cnn_terminate_on_nan_opts), __VA_ARGS__})

/** Stop training at the first batch whose running loss is NaN or infinite. Keras 3's message. Errors: CNN_EINVAL, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_terminate_on_nan_new(cnn_callback **out, cnn_context *context,
                                                           const cnn_terminate_on_nan_opts *options);

typedef struct cnn_learning_rate_scheduler_opts {
  size_t size;
  void *user;               /**< the schedule's first argument */
  void (*free)(void *user); /**< called once, when the last owner of the callback lets go; not where making it fails. NULL: nothing */
  int32_t verbose;
  int32_t reserved;
} cnn_learning_rate_scheduler_opts;
#define cnn_learning_rate_scheduler_opts(...)                                                                          \
  (&(const struct cnn_learning_rate_scheduler_opts){.size = sizeof(struct cnn_learning_rate_scheduler_opts), __VA_ARGS__})

/** Ask a function for the rate of each epoch as it begins; adds "learning_rate" to the logs. Keras 3's rules and messages.
 * @param schedule gets the epoch (from 0) and the rate as it stands, returns the new one; on the thread of fit
 * Errors: CNN_EINVAL, CNN_ENOMEM; from fit CNN_EINVAL where the rate is negative or not finite. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_learning_rate_scheduler_new(cnn_callback **out, cnn_context *context,
                                                                  double (*schedule)(void *user, int64_t epoch, double rate),
                                                                  const cnn_learning_rate_scheduler_opts *options);

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

#ifdef __cplusplus
}
#endif
#endif
