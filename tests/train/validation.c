/* validation: on what, when, and that its figures are those of evaluate. */
#include "fitting.h"

#include "suite.h"

static fitting f;

START_TEST(validation_split_is_the_last_part) {
  cnn_dataset *last;
  fitting_open(&f, 2);
  fitting_outcome by_split = fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 8, .validation_split = 0.25));
  fitting_anew(&f);
  ck_assert_int_eq(cnn_dataset_split(&last, f.data.labels, 0.25), CNN_OK);
  ck_assert_int_eq(cnn_dataset_count(f.data.labels), 37);
  fitting_outcome by_hand = fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 8, .validation = last));
  fitting_equal(by_split, by_hand);
  fitting_anew(&f); /* validation overrides the split */
  fitting_equal(by_hand, fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 8, .validation = last, .validation_split = 0.5)));
  cnn_dataset_free(last);
  fitting_close(&f);
}
END_TEST

START_TEST(validates_every_second_epoch) {
  cnn_history *history;
  double value = -1;
  fitting_open(&f, 1);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 5, .validation = f.other.labels, .validation_freq = 2, .history = &history));
  for (int64_t row = 0; row < 5; row++)
    ck_assert_int_eq(cnn_history_value(history, row, "val_loss", &value), row % 2 ? CNN_OK : CNN_ENAME);
  ck_assert_int_eq(cnn_history_value(history, 5, "loss", &value), CNN_EINVAL);
  cnn_history_free(history);
  fitting_close(&f);
}
END_TEST

static void validates_after(const int64_t *epochs, int64_t count, const char *wanted) {
  cnn_history *history;
  double value;
  fitting_open(&f, 1);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 5, .validation = f.other.labels, .validation_freq = 2, .validation_epochs = epochs,
                                               .validation_epoch_count = count, .history = &history));
  for (int64_t row = 0; row < 5; row++)
    ck_assert_int_eq(cnn_history_value(history, row, "val_loss", &value), wanted[row] == 'v' ? CNN_OK : CNN_ENAME);
  cnn_history_free(history);
  fitting_close(&f);
}

START_TEST(validates_after_listed_epochs) {
  validates_after((const int64_t[]){5, 1, 7, 1}, 4, "v---v");
  validates_after((const int64_t[]){1}, 0, "-----");
  validates_after(NULL, 0, "-v-v-");
}
END_TEST

/* The figures of the last epoch's validation are those of evaluate afterwards. */
START_TEST(validation_is_evaluate) {
  cnn_history *history;
  cnn_logs *logs;
  fitting_open(&f, 2);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 2, .validation = f.other.labels, .batch_size = 7, .history = &history));
  ck_assert_int_eq(cnn_model_evaluate(&logs, f.model, f.other.targets, cnn_evaluate_opts(.batch_size = 3)), CNN_OK);
  ck_assert_double_eq(training_history(history, 1, "val_loss"), training_value(logs, "loss"));
  ck_assert_double_eq(training_history(history, 1, "val_accuracy"), training_value(logs, "accuracy"));
  cnn_logs_free(logs);
  cnn_history_free(history);
  fitting_close(&f);
}
END_TEST

int main(void) {
  return RUN_SUITE("validation", 120, validation_split_is_the_last_part, validates_every_second_epoch,
                   validates_after_listed_epochs, validation_is_evaluate);
}
