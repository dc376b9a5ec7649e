/* fit: what is trained on, how figures come about, what a call may ask for. */
#include "training.h"

#include "notebook.h"
#include "reference.h"
#include "sink.h"
#include "suite.h"

#include <math.h>
#include <string.h>

#define COUNT 50

static test_alloc a;
static cnn_context *context;
static training_data data, other;
static cnn_model *model;

static void open_context(int32_t threads) {
  test_alloc_init(&a);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 7, .threads = threads, .allocator = &a.allocator)), CNN_OK);
  data = training_data_new(context, COUNT, 1);
  other = training_data_new(context, 20, 5);
  model = training_model(context);
}

static void close_context(void) {
  cnn_model_free(model);
  training_data_free(&data);
  training_data_free(&other);
  cnn_context_free(context);
  test_alloc_check(&a);
}

static cnn_model *anew(void) {
  cnn_model_free(model);
  model = training_model(context);
  return model;
}

static void fits(const cnn_dataset *dataset, const cnn_fit_opts *options) {
  ck_assert_msg(cnn_model_fit(model, dataset, options) == CNN_OK, "%s", cnn_error_text());
}

START_TEST(learns) {
  cnn_history *history;
  open_context(2);
  fits(data.labels, cnn_fit_opts(.epochs = 30, .batch_size = 8, .validation = other.labels, .history = &history));
  const char *names[] = {"accuracy", "loss", "val_accuracy", "val_loss"};
  ck_assert_int_eq(cnn_history_count(history), 30);
  ck_assert_int_eq(cnn_history_name_count(history), 4);
  for (int32_t i = 0; i < 4; i++) {
    ck_assert_str_eq(cnn_history_name(history, i), names[i]);
    for (int64_t row = 0; row < 30; row++) {
      double value = training_history(history, row, names[i]);
      ck_assert(value == (double)(float)value);
    }
  }
  ck_assert_double_gt(training_history(history, 0, "loss"), 0.5);
  ck_assert_double_lt(training_history(history, 29, "loss"), 0.2);
  ck_assert_double_gt(training_history(history, 29, "accuracy"), 0.9);
  ck_assert_double_gt(training_history(history, 29, "val_accuracy"), 0.9);
  ck_assert_int_eq(cnn_history_epoch(history, 29), 29);
  ck_assert_double_ge(cnn_history_seconds(history, 29), 0);
  cnn_history_free(history);
  close_context();
}
END_TEST

/* One run, its history and hash: what must be equal where bits must be. */
typedef struct outcome {
  char hash[33];
  double loss, accuracy, val_loss;
} outcome;

static outcome run(const cnn_dataset *dataset, cnn_fit_opts options) {
  outcome o = {0};
  cnn_history *history;
  options.history = &history;
  fits(dataset, &options);
  int64_t last = cnn_history_count(history) - 1;
  cnn_model_hash(model, o.hash);
  o.loss = training_history(history, last, "loss");
  o.accuracy = training_history(history, last, "accuracy");
  if (cnn_history_name_count(history) == 4)
    o.val_loss = training_history(history, last, "val_loss");
  cnn_history_free(history);
  return o;
}

static void equal(outcome x, outcome y) {
  ck_assert_str_eq(x.hash, y.hash);
  ck_assert_double_eq(x.loss, y.loss);
  ck_assert_double_eq(x.accuracy, y.accuracy);
  ck_assert_double_eq(x.val_loss, y.val_loss);
}

START_TEST(labels_are_one_hot_targets) {
  open_context(2);
  const cnn_fit_opts o = *cnn_fit_opts(.epochs = 3, .batch_size = 12, .validation_split = 0.2);
  outcome labels = run(data.labels, o);
  anew();
  equal(labels, run(data.targets, o));
  close_context();
}
END_TEST

START_TEST(threads_change_no_bit) {
  cnn_augmenter *augmenter;
  outcome first = {0};
  for (int32_t threads = 1; threads <= 4; threads++) {
    open_context(threads);
    ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, cnn_augmenter_opts(.rotation_range = 10, .zoom_range = 0.1f)), CNN_OK);
    outcome o = run(data.labels,
                    *cnn_fit_opts(.epochs = 2, .batch_size = 20, .validation = other.targets, .augmenter = augmenter));
    if (threads == 1)
      first = o;
    equal(first, o);
    cnn_augmenter_free(augmenter);
    close_context();
  }
}
END_TEST

/* Passes are counted by the model: a second fit goes on as one long fit would have. */
START_TEST(second_fit_goes_on) {
  open_context(2);
  outcome whole = run(data.labels, *cnn_fit_opts(.epochs = 4, .batch_size = 8));
  anew();
  fits(data.labels, cnn_fit_opts(.epochs = 2, .batch_size = 8));
  equal(whole, run(data.labels, *cnn_fit_opts(.epochs = 4, .initial_epoch = 2, .batch_size = 8)));
  anew();
  fits(data.labels, cnn_fit_opts(.epochs = 2, .batch_size = 8));
  equal(whole, run(data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 8)));
  close_context();
}
END_TEST

START_TEST(runs_no_epoch) {
  char before[33], after[33];
  cnn_history *history;
  training_log log = {.act_epoch = -1, .act_step = -1};
  open_context(1);
  cnn_callback *callback = training_log_new(context, &log);
  cnn_model_hash(model, before);
  fits(data.labels, cnn_fit_opts(.epochs = 2, .initial_epoch = 2, .history = &history, .callbacks = &callback, .callback_count = 1));
  ck_assert_str_eq(cnn_model_hash(model, after), before);
  ck_assert_int_eq(cnn_history_count(history), 0);
  ck_assert_str_eq(log.text, "train_begin - ;train_end - ;");
  cnn_history_free(history);
  cnn_callback_free(callback);
  close_context();
}
END_TEST

static int64_t steps_of(int64_t batch_size, int64_t steps_per_epoch, int64_t epochs) {
  int64_t before = cnn_model_iterations(model);
  fits(data.labels, cnn_fit_opts(.batch_size = batch_size, .steps_per_epoch = steps_per_epoch, .epochs = epochs));
  return cnn_model_iterations(model) - before;
}

START_TEST(makes_all_steps) {
  open_context(1);
  ck_assert_int_eq(steps_of(0, 0, 0), 2); /* 32 and 18 */
  ck_assert_int_eq(steps_of(8, 0, 3), 21);
  ck_assert_int_eq(steps_of(8, 6, 4), 24); /* Keras would make 6, 1, 6, 1 */
  ck_assert_int_eq(steps_of(8, 1, 1), 1);
  ck_assert_int_eq(steps_of(8, 100, 1), 7);
  ck_assert_int_eq(steps_of(COUNT, 0, 2), 2);
  ck_assert_int_eq(steps_of((int64_t)1 << 40, 0, 1), 1);
  ck_assert_int_eq(steps_of(1, 0, 1), COUNT);
  close_context();
}
END_TEST

/* With steps_per_epoch each epoch takes its batches of an order of its own: five samples of fifty cannot be
 * learned by heart. */
START_TEST(order_is_fresh_each_epoch) {
  outcome o[2];
  for (int i = 0; i < 2; i++) {
    open_context(1);
    o[i] = run(data.labels, *cnn_fit_opts(.batch_size = 5, .steps_per_epoch = 1, .epochs = 30, .no_shuffle = i));
    close_context();
  }
  ck_assert_double_lt(o[1].loss, o[0].loss); /* the same five each time */
}
END_TEST

START_TEST(validation_split_is_the_last_part) {
  cnn_dataset *last;
  open_context(2);
  outcome by_split = run(data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 8, .validation_split = 0.25));
  anew();
  ck_assert_int_eq(cnn_dataset_split(&last, data.labels, 0.25), CNN_OK);
  ck_assert_int_eq(cnn_dataset_count(data.labels), 37);
  outcome by_hand = run(data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 8, .validation = last));
  equal(by_split, by_hand);
  anew(); /* validation overrides the split */
  equal(by_hand, run(data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 8, .validation = last, .validation_split = 0.5)));
  cnn_dataset_free(last);
  close_context();
}
END_TEST

START_TEST(validates_every_second_epoch) {
  cnn_history *history;
  double value = -1;
  open_context(1);
  fits(data.labels, cnn_fit_opts(.epochs = 5, .validation = other.labels, .validation_freq = 2, .history = &history));
  for (int64_t row = 0; row < 5; row++)
    ck_assert_int_eq(cnn_history_value(history, row, "val_loss", &value), row % 2 ? CNN_OK : CNN_ENAME);
  ck_assert_int_eq(cnn_history_value(history, 5, "loss", &value), CNN_EINVAL);
  cnn_history_free(history);
  close_context();
}
END_TEST

/* The figures of the last epoch's validation are those of evaluate afterwards. */
START_TEST(validation_is_evaluate) {
  cnn_history *history;
  cnn_logs *logs;
  open_context(2);
  fits(data.labels, cnn_fit_opts(.epochs = 2, .validation = other.labels, .batch_size = 7, .history = &history));
  ck_assert_int_eq(cnn_model_evaluate(&logs, model, other.targets, cnn_evaluate_opts(.batch_size = 3)), CNN_OK);
  ck_assert_double_eq(training_history(history, 1, "val_loss"), training_value(logs, "loss"));
  ck_assert_double_eq(training_history(history, 1, "val_accuracy"), training_value(logs, "accuracy"));
  cnn_logs_free(logs);
  cnn_history_free(history);
  close_context();
}
END_TEST

static void refuses(const cnn_dataset *dataset, cnn_fit_opts options, cnn_status code, const char *part) {
  char before[33], after[33];
  cnn_history *history = (cnn_history *)&a;
  training_log log = {.act_epoch = -1, .act_step = -1};
  cnn_callback *callback = training_log_new(context, &log);
  if (!options.callbacks && !options.callback_count) {
    options.callbacks = &callback;
    options.callback_count = 1;
  }
  options.history = &history;
  cnn_model_hash(model, before);
  cnn_status status = cnn_model_fit(model, dataset, &options);
  ck_assert_msg(status == code && strstr(cnn_error_text(), part), "%s: %s, not %s", cnn_status_name(status),
                cnn_error_text(), part);
  ck_assert_ptr_null(history);
  ck_assert_str_eq(log.text, "");
  ck_assert_str_eq(cnn_model_hash(model, after), before);
  ck_assert_int_eq(cnn_model_iterations(model), 0);
  cnn_callback_free(callback);
  ck_assert_int_eq(log.freed, 1);
}

START_TEST(refuses_options) {
  open_context(1);
  const cnn_sink bad_sink = {.size = sizeof bad_sink, .columns = -1};
  refuses(data.labels, *cnn_fit_opts(.batch_size = -1), CNN_EINVAL, "batch_size is -1");
  refuses(data.labels, *cnn_fit_opts(.epochs = -1), CNN_EINVAL, "epochs is -1");
  refuses(data.labels, *cnn_fit_opts(.initial_epoch = -3), CNN_EINVAL, "initial_epoch is -3");
  refuses(data.labels, *cnn_fit_opts(.steps_per_epoch = -1), CNN_EINVAL, "steps_per_epoch is -1");
  refuses(data.labels, *cnn_fit_opts(.validation_freq = -1), CNN_EINVAL, "validation_freq is -1");
  refuses(data.labels, *cnn_fit_opts(.verbose = 3), CNN_EINVAL, "verbose is 3");
  refuses(data.labels, *cnn_fit_opts(.verbose = -1), CNN_EINVAL, "verbose is -1");
  refuses(data.labels, *cnn_fit_opts(.callback_count = -1), CNN_EINVAL, "callback_count is -1");
  refuses(data.labels, *cnn_fit_opts(.callback_count = 2), CNN_EINVAL, "callbacks is NULL");
  refuses(data.labels, *cnn_fit_opts(.callback_count = 1, .callbacks = (cnn_callback *const[]){NULL}), CNN_EINVAL, "callback 0");
  refuses(data.labels, *cnn_fit_opts(.validation_split = 1), CNN_EINVAL, "validation_split is 1.0");
  refuses(data.labels, *cnn_fit_opts(.validation_split = -0.1), CNN_EINVAL, "validation_split is -0.1");
  refuses(data.labels, *cnn_fit_opts(.validation_split = (double)NAN), CNN_EINVAL, "validation_split is nan");
  refuses(data.labels, *cnn_fit_opts(.validation_split = 0.999), CNN_EINVAL, "leaves 0 for training and 50");
  refuses(data.labels, *cnn_fit_opts(.validation_split = 1e-300), CNN_EINVAL, "leaves 50 for training and 0");
  refuses(data.labels, *cnn_fit_opts(.sink = &bad_sink), CNN_EINVAL, "columns is -1");
  cnn_fit_opts small = *cnn_fit_opts(.epochs = 1);
  small.size = 8;
  ck_assert_int_eq(cnn_model_fit(model, data.labels, &small), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_fit(NULL, data.labels, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_fit(model, NULL, NULL), CNN_EINVAL);
  close_context();
}
END_TEST

static cnn_dataset *dataset_of(int32_t rank, const int64_t *shape, int32_t columns, int64_t classes) {
  cnn_tensor *x, *y = NULL;
  cnn_dataset *dataset;
  ck_assert_int_eq(cnn_tensor_new(&x, context, CNN_F32, rank, shape, NULL), CNN_OK);
  if (columns)
    ck_assert_int_eq(cnn_tensor_new(&y, context, CNN_F32, 2, (const int64_t[]){shape[0], columns}, NULL), CNN_OK);
  else if (classes)
    ck_assert_int_eq(cnn_tensor_new(&y, context, CNN_U8, 1, shape, NULL), CNN_OK);
  ck_assert_msg(cnn_dataset_new(&dataset, context, 1, &x, y ? 1 : 0, &y, cnn_dataset_opts(.classes = columns ? 0 : classes)) == CNN_OK,
                "%s", cnn_error_text());
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  return dataset;
}

START_TEST(refuses_data_that_do_not_fit) {
  open_context(1);
  cnn_dataset *wrong[] = {dataset_of(3, (const int64_t[]){5, 4, 5}, 3, 0), dataset_of(2, (const int64_t[]){5, 16}, 3, 0),
                          dataset_of(3, (const int64_t[]){5, 4, 4}, 4, 0), dataset_of(3, (const int64_t[]){5, 4, 4}, 0, 4),
                          dataset_of(3, (const int64_t[]){5, 4, 4}, 0, 0)};
  const char *texts[] = {"samples are (None, 4, 5, 1), model 'sequential' takes (None, 4, 4, 1)", "samples are (None, 16)",
                         "targets have 4 columns, model 'sequential' gives 3 values", "labels are of 4 classes",
                         "no targets"};
  for (int i = 0; i < 5; i++) {
    refuses(wrong[i], *cnn_fit_opts(.epochs = 1), CNN_ESHAPE, texts[i]);
    refuses(data.labels, *cnn_fit_opts(.validation = wrong[i]), CNN_ESHAPE, texts[i]);
    cnn_logs *logs = NULL;
    ck_assert_int_eq(cnn_model_evaluate(&logs, model, wrong[i], NULL), CNN_ESHAPE);
    ck_assert_ptr_null(logs);
    cnn_dataset_free(wrong[i]);
  }
  cnn_model_free(model);
  model = training_model_new(context);
  refuses(data.labels, *cnn_fit_opts(.epochs = 1), CNN_ESTATE, "not compiled");
  close_context();
}
END_TEST

/* A loss that is no number any more is no error. */
START_TEST(nan_goes_on) {
  cnn_history *history;
  cnn_callback *stopper;
  open_context(1);
  ck_assert_int_eq(cnn_model_set_learning_rate(model, 1e38), CNN_OK);
  fits(data.labels, cnn_fit_opts(.epochs = 3, .batch_size = 8, .history = &history));
  ck_assert_int_eq(cnn_history_count(history), 3);
  ck_assert(isnan(training_history(history, 2, "loss")));
  cnn_history_free(history);
  anew();
  ck_assert_int_eq(cnn_model_set_learning_rate(model, 1e38), CNN_OK);
  ck_assert_int_eq(cnn_terminate_on_nan_new(&stopper, context), CNN_OK);
  fits(data.labels, cnn_fit_opts(.epochs = 3, .batch_size = 8, .history = &history, .callbacks = &stopper, .callback_count = 1));
  ck_assert_int_eq(cnn_history_count(history), 1);
  ck_assert_int_lt(cnn_model_iterations(model), 7);
  cnn_history_free(history);
  cnn_callback_free(stopper);
  close_context();
}
END_TEST

/* ---- memory ---- */

static cnn_status failing(const cnn_allocator *allocator, void *user) {
  (void)user;
  cnn_context *ctx = NULL;
  cnn_tensor *x = NULL, *y = NULL;
  cnn_dataset *d = NULL;
  cnn_model *m = NULL;
  cnn_optimizer *adam = NULL;
  cnn_callback *callbacks[2] = {NULL, NULL};
  cnn_history *history = NULL;
  cnn_logs *logs = NULL;
  cnn_tensor *outputs = NULL;
  cnn_status s = cnn_context_new(&ctx, cnn_context_opts(.threads = 1, .allocator = allocator));
  if (s == CNN_OK)
    s = cnn_tensor_new(&x, ctx, CNN_F32, 2, (const int64_t[]){6, 2}, NULL);
  if (s == CNN_OK)
    s = cnn_tensor_new(&y, ctx, CNN_U8, 1, (const int64_t[]){6}, NULL);
  if (s == CNN_OK)
    s = cnn_dataset_new(&d, ctx, 1, &x, 1, &y, NULL);
  if (s == CNN_OK)
    s = cnn_model_new(&m, ctx, NULL);
  if (s == CNN_OK) {
    cnn_input(m, 1, (const int64_t[]){2}, NULL);
    cnn_dense(m, 2, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
    s = cnn_adam_new(&adam, ctx, NULL);
  }
  if (s == CNN_OK)
    s = cnn_model_compile(m, adam, 1, (const char *[]){"categorical_crossentropy"}, NULL);
  if (s == CNN_OK)
    s = cnn_early_stopping_new(&callbacks[0], ctx, cnn_early_stopping_opts(.monitor = "loss", .restore_best_weights = 1));
  if (s == CNN_OK)
    s = cnn_csv_logger_new(&callbacks[1], ctx, "/dev/null", NULL);
  test_sink out;
  test_sink_init(&out);
  if (s == CNN_OK)
    s = cnn_model_fit(m, d, cnn_fit_opts(.epochs = 2, .batch_size = 4, .validation_split = 0.3, .callbacks = callbacks,
                                         .callback_count = 2, .history = &history, .sink = &out.sink, .verbose = 1));
  if (s == CNN_OK)
    s = cnn_model_evaluate(&logs, m, d, NULL);
  if (s == CNN_OK)
    s = cnn_model_predict_dataset(&outputs, 1, m, d, NULL);
  test_sink_free(&out);
  cnn_tensor_free(outputs);
  cnn_logs_free(logs);
  cnn_history_free(history);
  cnn_callback_free(callbacks[0]);
  cnn_callback_free(callbacks[1]);
  cnn_optimizer_free(adam);
  cnn_model_free(m);
  cnn_dataset_free(d);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  cnn_context_free(ctx);
  return s;
}

START_TEST(every_allocation_may_fail) { ck_assert_int_gt(test_alloc_fail_each(failing, NULL), 60); }
END_TEST

/* After the first batch of a fit has begun, only callbacks at the end of epochs and the history ask for memory. */
static cnn_status count_calls(const cnn_event *event, void *user) {
  int64_t *calls = user;
  if (event->step == 0)
    calls[0] = a.calls;
  calls[1] = a.calls - calls[0];
  return CNN_OK;
}

START_TEST(steps_allocate_nothing) {
  int64_t calls[2] = {0, 0};
  training_log log = {.act_at = "batch_end", .act_epoch = -1, .act_step = -1, .act = count_calls, .user = calls};
  test_sink out;
  open_context(2);
  test_sink_init(&out);
  out.sink.is_terminal = 1;
  cnn_callback *callback = training_log_new(context, &log);
  fits(data.labels, cnn_fit_opts(.epochs = 2, .batch_size = 8, .validation = other.labels, .callbacks = &callback,
                                 .callback_count = 1, .sink = &out.sink, .verbose = 1));
  ck_assert_int_gt(calls[0], 0);
  ck_assert_int_eq(calls[1], 0);
  cnn_callback_free(callback);
  test_sink_free(&out);
  close_context();
}
END_TEST

/* ---- Keras ---- */

static cnn_dataset *notebook_data(const notebook_images *images, int64_t first, int64_t count) {
  cnn_tensor *x, *y;
  cnn_dataset *dataset;
  ck_assert_int_eq(cnn_tensor_new(&x, context, CNN_F32, 4, (const int64_t[]){count, 28, 28, 1},
                                  cnn_tensor_opts(.data = images->pixels + first * NOTEBOOK_PIXELS)),
                   CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&y, context, CNN_F32, 2, (const int64_t[]){count, NOTEBOOK_CLASSES},
                                  cnn_tensor_opts(.data = images->targets + first * NOTEBOOK_CLASSES)),
                   CNN_OK);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, &x, 1, &y, NULL), CNN_OK);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  return dataset;
}

/* 300 images in batches of 128, the last of 44, in their order; figures of Keras in float64. */
START_TEST(does_as_keras_in_float64) {
  notebook_images images = notebook_load("train", 350);
  json_t *file = reference_json("model/fit_300.json");
  const json_t *history64 = json_object_get(
      json_object_get(json_object_get(json_object_get(file, "runs"), "validation"), "float64"), "history");
  cnn_history *history;
  open_context(2);
  cnn_model_free(model);
  model = notebook_new(context, 0);
  notebook_compile(model, "adam", NULL);
  notebook_set(model, "notebook_initial");
  cnn_dataset *train = notebook_data(&images, 0, 300), *validation = notebook_data(&images, 300, 50);
  fits(train, cnn_fit_opts(.batch_size = 128, .epochs = 2, .no_shuffle = 1, .validation = validation, .history = &history));
  const char *names[] = {"accuracy", "loss", "val_accuracy", "val_loss"};
  for (int i = 0; i < 4; i++)
    for (int64_t row = 0; row < 2; row++) {
      double expected = json_number_value(json_array_get(json_object_get(history64, names[i]), (size_t)row));
      double value = training_history(history, row, names[i]);
      ck_assert_msg(fabs(value - expected) <= 2e-5 * fabs(expected), "%s of epoch %d: %.9g, not %.9g", names[i], (int)row,
                    value, expected);
    }
  cnn_history_free(history);
  cnn_dataset_free(train);
  cnn_dataset_free(validation);
  json_decref(file);
  close_context();
  notebook_unload(&images);
}
END_TEST

int main(void) {
  return RUN_SUITE("fit", 120, learns, labels_are_one_hot_targets, threads_change_no_bit, second_fit_goes_on, runs_no_epoch,
                   makes_all_steps, order_is_fresh_each_epoch, validation_split_is_the_last_part,
                   validates_every_second_epoch, validation_is_evaluate, refuses_options, refuses_data_that_do_not_fit,
                   nan_goes_on, every_allocation_may_fail, steps_allocate_nothing, does_as_keras_in_float64);
}
