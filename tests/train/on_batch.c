/* on_batch: steps and figures of single batches, and the classes of single samples. */
#include "fitting.h"

#include "compare.h"
#include "suite.h"

#include <math.h>
#include <string.h>

static fitting f;
static cnn_logs *logs;
static cnn_tensor *x, *labels, *rows;

static void open_all(int32_t threads) {
  fitting_open(&f, threads);
  ck_assert_int_eq(cnn_logs_new(&logs, f.context), CNN_OK);
  ck_assert_int_eq(cnn_dataset_inputs(&x, f.data.labels, 0, FITTING_COUNT), CNN_OK);
  ck_assert_int_eq(cnn_dataset_labels(&labels, f.data.labels), CNN_OK);
  ck_assert_int_eq(cnn_to_categorical(&rows, labels, 3), CNN_OK);
}

static void close_all(void) {
  cnn_tensor_free(x);
  cnn_tensor_free(labels);
  cnn_tensor_free(rows);
  cnn_logs_free(logs);
  fitting_close(&f);
}

static void trains(const cnn_batch *batch) {
  ck_assert_msg(cnn_model_train_on_batch(logs, f.model, batch) == CNN_OK, "%s", cnn_error_text());
}

/* The whole data set is one batch, so that the count of epochs is that of updates: dropout and all are the same. */
START_TEST(steps_are_those_of_fit) {
  for (int32_t threads = 1; threads <= 3; threads++) {
    char hash[33];
    open_all(threads);
    fitting_outcome o = fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 6, .batch_size = FITTING_COUNT, .no_shuffle = 1));
    fitting_anew(&f);
    for (int i = 0; i < 6; i++)
      trains(cnn_batch(.inputs = x, .targets = i % 2 ? labels : rows));
    ck_assert_str_eq(cnn_model_hash(f.model, hash), o.hash);
    ck_assert_int_eq(cnn_logs_count(logs), 2);
    ck_assert_str_eq(cnn_logs_name(logs, 0), "accuracy");
    ck_assert_str_eq(cnn_logs_name(logs, 1), "loss");
    ck_assert_double_eq(training_value(logs, "loss"), o.loss);
    ck_assert_double_eq(training_value(logs, "accuracy"), o.accuracy);
    ck_assert_int_eq(cnn_model_iterations(f.model), 6);
    close_all();
  }
}
END_TEST

START_TEST(test_is_evaluate) {
  cnn_logs *all;
  char before[33], after[33];
  open_all(2);
  trains(cnn_batch(.inputs = x, .targets = labels));
  cnn_model_hash(f.model, before);
  ck_assert_int_eq(cnn_logs_set(logs, "mine", 1), CNN_OK); /* what was there goes */
  ck_assert_int_eq(cnn_model_test_on_batch(logs, f.model, cnn_batch(.inputs = x, .targets = labels)), CNN_OK);
  ck_assert_int_eq(cnn_model_evaluate(&all, f.model, f.data.labels, NULL), CNN_OK);
  ck_assert_int_eq(cnn_logs_count(logs), 2);
  ck_assert_double_eq(training_value(logs, "loss"), training_value(all, "loss"));
  ck_assert_double_eq(training_value(logs, "accuracy"), training_value(all, "accuracy"));
  ck_assert_str_eq(cnn_model_hash(f.model, after), before);
  ck_assert_int_eq(cnn_model_iterations(f.model), 1);
  ck_assert_int_eq(cnn_model_test_on_batch(NULL, f.model, cnn_batch(.inputs = x, .targets = labels)), CNN_OK);
  cnn_logs_free(all);
  close_all();
}
END_TEST

/* u8 and i64 labels, bytes for inputs; sizes in turn. */
START_TEST(takes_every_type) {
  static uint8_t bytes[8 * 16], small[8];
  static int64_t large[8];
  cnn_tensor *b, *s, *l;
  double loss[2];
  open_all(1);
  for (int i = 0; i < 8 * 16; i++)
    bytes[i] = (uint8_t)(i * 37);
  for (int i = 0; i < 8; i++)
    large[i] = small[i] = (uint8_t)(i % 3);
  ck_assert_int_eq(cnn_tensor_new(&b, f.context, CNN_U8, 3, (const int64_t[]){8, 4, 4}, cnn_tensor_opts(.data = bytes)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&s, f.context, CNN_U8, 2, (const int64_t[]){8, 1}, cnn_tensor_opts(.data = small)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&l, f.context, CNN_I64, 1, (const int64_t[]){8}, cnn_tensor_opts(.data = large)), CNN_OK);
  trains(cnn_batch(.inputs = b, .targets = s));
  loss[0] = training_value(logs, "loss");
  fitting_anew(&f);
  trains(cnn_batch(.inputs = b, .targets = l));
  loss[1] = training_value(logs, "loss");
  ck_assert_double_eq(loss[0], loss[1]);
  ck_assert(isfinite(loss[0]) && loss[0] > 0);
  trains(cnn_batch(.inputs = x, .targets = labels));
  trains(cnn_batch(.inputs = b, .targets = l));
  cnn_tensor_free(b);
  cnn_tensor_free(s);
  cnn_tensor_free(l);
  close_all();
}
END_TEST

START_TEST(allocates_nothing_from_the_second_on) {
  open_all(2);
  const cnn_batch *batch = cnn_batch(.inputs = x, .targets = labels);
  trains(batch);
  ck_assert_int_eq(cnn_model_test_on_batch(logs, f.model, batch), CNN_OK);
  int64_t calls = f.alloc.calls;
  for (int i = 0; i < 3; i++) {
    trains(batch);
    ck_assert_int_eq(cnn_model_test_on_batch(logs, f.model, batch), CNN_OK);
  }
  ck_assert_int_eq(f.alloc.calls, calls);
  close_all();
}
END_TEST

static void refused(const cnn_batch *batch, cnn_status code, const char *part) {
  char before[33], after[33];
  cnn_model_hash(f.model, before);
  ck_assert_int_eq(cnn_logs_set(logs, "mine", 1), CNN_OK);
  cnn_status status = cnn_model_train_on_batch(logs, f.model, batch);
  ck_assert_msg(status == code && strstr(cnn_error_text(), part), "%s: %s, not %s", cnn_status_name(status), cnn_error_text(), part);
  ck_assert_int_eq(cnn_model_test_on_batch(logs, f.model, batch), code);
  ck_assert_str_eq(cnn_model_hash(f.model, after), before);
  ck_assert_int_eq(cnn_model_iterations(f.model), 0);
}

START_TEST(refuses) {
  cnn_tensor *few;
  cnn_batch newer = *cnn_batch(.inputs = x);
  open_all(1);
  ck_assert_int_eq(cnn_tensor_new(&few, f.context, CNN_I32, 1, (const int64_t[]){3}, NULL), CNN_OK);
  newer.size = 8;
  refused(NULL, CNN_EINVAL, "train_on_batch: batch is NULL");
  refused(&newer, CNN_EINVAL, "train_on_batch: ");
  refused(cnn_batch(.targets = labels), CNN_EINVAL, "train_on_batch: inputs is NULL");
  refused(cnn_batch(.inputs = x), CNN_ESHAPE, "train_on_batch: ");
  refused(cnn_batch(.inputs = x, .targets = few), CNN_ESHAPE, "train_on_batch: targets of shape (3,) for 50 samples");
  refused(cnn_batch(.inputs = rows, .targets = labels), CNN_ESHAPE, "train_on_batch: samples are (None, 3)");
  ((int32_t *)cnn_tensor_data(labels))[7] = -2;
  refused(cnn_batch(.inputs = x, .targets = labels), CNN_EDATA, "train_on_batch: label -2 of sample 7");
  ((float *)cnn_tensor_data(x))[16] = NAN;
  refused(cnn_batch(.inputs = x, .targets = rows), CNN_EDATA, "train_on_batch: inputs: sample 1");
  ck_assert_int_eq(cnn_model_train_on_batch(logs, NULL, &newer), CNN_EINVAL);
  cnn_model_free(f.model);
  f.model = training_model_new(f.context);
  refused(cnn_batch(.inputs = x, .targets = labels), CNN_ESTATE, "not compiled");
  ck_assert_int_eq(cnn_logs_new(NULL, f.context), CNN_EINVAL);
  ck_assert_int_eq(cnn_logs_new(&logs, NULL), CNN_EINVAL);
  cnn_tensor_free(few);
  close_all();
}
END_TEST

static cnn_status steps_inside(const cnn_event *event, void *user) {
  const cnn_batch *batch = user;
  ck_assert_int_eq(cnn_model_train_on_batch(logs, event->model, batch), CNN_ESTATE);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "in training already"));
  ck_assert_int_eq(cnn_model_test_on_batch(logs, event->model, batch), CNN_OK);
  return CNN_OK;
}

START_TEST(refused_inside_fit) {
  open_all(1);
  training_log log = {.act_at = "batch_end", .act_epoch = -1, .act_step = -1, .act = steps_inside};
  log.user = (void *)(uintptr_t)cnn_batch(.inputs = x, .targets = labels);
  cnn_callback *callback = training_log_new(f.context, &log);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.callbacks = &callback, .callback_count = 1));
  cnn_callback_free(callback);
  close_all();
}
END_TEST

START_TEST(classes_are_the_largest) {
  cnn_tensor *outputs, *classes, *wanted;
  open_all(1);
  const cnn_tensor *in = x;
  ck_assert_int_eq(cnn_model_predict(&outputs, 1, f.model, &in, 1, NULL), CNN_OK);
  ck_assert_int_eq(cnn_to_classes(&wanted, outputs), CNN_OK);
  ck_assert_int_eq(cnn_model_predict_classes(&classes, f.model, &in, 1, cnn_predict_opts(.batch_size = 7)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_rank(classes), 1);
  ck_assert_int_eq(cnn_tensor_count(classes), FITTING_COUNT);
  ck_assert_mem_eq(cnn_tensor_read(classes), cnn_tensor_read(wanted), cnn_tensor_bytes(wanted));
  cnn_tensor_free(classes);
  classes = NULL;
  ck_assert_int_eq(cnn_model_predict_classes(NULL, f.model, &in, 1, NULL), CNN_EINVAL);
  in = rows;
  ck_assert_int_eq(cnn_model_predict_classes(&classes, f.model, &in, 1, NULL), CNN_ESHAPE);
  ck_assert_ptr_null(classes);
  cnn_tensor_free(outputs);
  cnn_tensor_free(wanted);
  close_all();
}
END_TEST

int main(void) {
  return RUN_SUITE("on_batch", 60, steps_are_those_of_fit, test_is_evaluate, takes_every_type, allocates_nothing_from_the_second_on,
                   refuses, refused_inside_fit, classes_are_the_largest);
}
