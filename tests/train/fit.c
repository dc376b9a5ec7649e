/* fit: what is trained on, in which steps, and how figures come about. */
#include "fitting.h"

#include "suite.h"

#include <math.h>

static fitting f;

START_TEST(learns) {
  cnn_history *history;
  fitting_open(&f, 2);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 30, .batch_size = 8, .validation = f.other.labels, .history = &history));
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
  fitting_close(&f);
}
END_TEST

START_TEST(labels_are_one_hot_targets) {
  fitting_open(&f, 2);
  const cnn_fit_opts o = *cnn_fit_opts(.epochs = 3, .batch_size = 12, .validation_split = 0.2);
  fitting_outcome labels = fitting_run(&f, f.data.labels, o);
  fitting_anew(&f);
  fitting_equal(labels, fitting_run(&f, f.data.targets, o));
  fitting_close(&f);
}
END_TEST

START_TEST(threads_change_no_bit) {
  cnn_augmenter *augmenter;
  fitting_outcome first = {0};
  for (int32_t threads = 1; threads <= 4; threads++) {
    fitting_open(&f, threads);
    ck_assert_int_eq(cnn_augmenter_new(&augmenter, f.context, cnn_augmenter_opts(.rotation_range = 10, .zoom_range = 0.1f)), CNN_OK);
    fitting_outcome o = fitting_run(&f, f.data.labels,
                    *cnn_fit_opts(.epochs = 2, .batch_size = 20, .validation = f.other.targets, .augmenter = augmenter));
    if (threads == 1)
      first = o;
    fitting_equal(first, o);
    cnn_augmenter_free(augmenter);
    fitting_close(&f);
  }
}
END_TEST

/* Passes are counted by the model: a second fit goes on as one long fit would have. */
START_TEST(second_fit_goes_on) {
  fitting_open(&f, 2);
  fitting_outcome whole = fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 4, .batch_size = 8));
  fitting_anew(&f);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 2, .batch_size = 8));
  fitting_equal(whole, fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 4, .initial_epoch = 2, .batch_size = 8)));
  fitting_anew(&f);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 2, .batch_size = 8));
  fitting_equal(whole, fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 8)));
  fitting_close(&f);
}
END_TEST

START_TEST(runs_no_epoch) {
  char before[33], after[33];
  cnn_history *history;
  training_log log = {.act_epoch = -1, .act_step = -1};
  fitting_open(&f, 1);
  cnn_callback *callback = training_log_new(f.context, &log);
  cnn_model_hash(f.model, before);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 2, .initial_epoch = 2, .history = &history, .callbacks = &callback, .callback_count = 1));
  ck_assert_str_eq(cnn_model_hash(f.model, after), before);
  ck_assert_int_eq(cnn_history_count(history), 0);
  ck_assert_str_eq(log.text, "train_begin - ;train_end - ;");
  cnn_history_free(history);
  cnn_callback_free(callback);
  fitting_close(&f);
}
END_TEST

static int64_t steps_of(int64_t batch_size, int64_t steps_per_epoch, int64_t epochs) {
  int64_t before = cnn_model_iterations(f.model);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.batch_size = batch_size, .steps_per_epoch = steps_per_epoch, .epochs = epochs));
  return cnn_model_iterations(f.model) - before;
}

START_TEST(makes_all_steps) {
  fitting_open(&f, 1);
  ck_assert_int_eq(steps_of(0, 0, 0), 2); /* 32 and 18 */
  ck_assert_int_eq(steps_of(8, 0, 3), 21);
  ck_assert_int_eq(steps_of(8, 6, 4), 24); /* Keras would make 6, 1, 6, 1 */
  ck_assert_int_eq(steps_of(8, 1, 1), 1);
  ck_assert_int_eq(steps_of(8, 100, 1), 7);
  ck_assert_int_eq(steps_of(FITTING_COUNT, 0, 2), 2);
  ck_assert_int_eq(steps_of((int64_t)1 << 40, 0, 1), 1);
  ck_assert_int_eq(steps_of(1, 0, 1), FITTING_COUNT);
  fitting_close(&f);
}
END_TEST

/* With steps_per_epoch each epoch takes its batches of an order of its own: five samples of fifty cannot be
 * learned by heart. */
START_TEST(order_is_fresh_each_epoch) {
  fitting_outcome o[2];
  for (int i = 0; i < 2; i++) {
    fitting_open(&f, 1);
    o[i] = fitting_run(&f, f.data.labels, *cnn_fit_opts(.batch_size = 5, .steps_per_epoch = 1, .epochs = 30, .no_shuffle = i));
    fitting_close(&f);
  }
  ck_assert_double_lt(o[1].loss, o[0].loss); /* the same five each time */
}
END_TEST

/* A loss that is no number any more is no error. */
START_TEST(nan_goes_on) {
  cnn_history *history;
  cnn_callback *stopper;
  fitting_open(&f, 1);
  ck_assert_int_eq(cnn_model_set_learning_rate(f.model, 1e38), CNN_OK);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 3, .batch_size = 8, .history = &history));
  ck_assert_int_eq(cnn_history_count(history), 3);
  ck_assert(isnan(training_history(history, 2, "loss")));
  cnn_history_free(history);
  fitting_anew(&f);
  ck_assert_int_eq(cnn_model_set_learning_rate(f.model, 1e38), CNN_OK);
  ck_assert_int_eq(cnn_terminate_on_nan_new(&stopper, f.context, NULL), CNN_OK);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 3, .batch_size = 8, .history = &history, .callbacks = &stopper, .callback_count = 1));
  ck_assert_int_eq(cnn_history_count(history), 1);
  ck_assert_int_lt(cnn_model_iterations(f.model), 7);
  cnn_history_free(history);
  cnn_callback_free(stopper);
  fitting_close(&f);
}
END_TEST

int main(void) {
  return RUN_SUITE("fit", 120, learns, labels_are_one_hot_targets, threads_change_no_bit, second_fit_goes_on,
                   runs_no_epoch, makes_all_steps, order_is_fresh_each_epoch, nan_goes_on);
}
