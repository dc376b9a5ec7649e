/* fit_refusals: what fit refuses, before anything is changed or any callback called. */
#include "fitting.h"

#include "suite.h"

#include <math.h>
#include <string.h>

static fitting f;

static void refuses(const cnn_dataset *dataset, cnn_fit_opts options, cnn_status code, const char *part) {
  char before[33], after[33];
  cnn_history *history = (cnn_history *)&f.alloc;
  training_log log = {.act_epoch = -1, .act_step = -1};
  cnn_callback *callback = training_log_new(f.context, &log);
  if (!options.callbacks && !options.callback_count) {
    options.callbacks = &callback;
    options.callback_count = 1;
  }
  options.history = &history;
  cnn_model_hash(f.model, before);
  cnn_status status = cnn_model_fit(f.model, dataset, &options);
  ck_assert_msg(status == code && strstr(cnn_error_text(), part), "%s: %s, not %s", cnn_status_name(status),
                cnn_error_text(), part);
  ck_assert_ptr_null(history);
  ck_assert_str_eq(log.text, "");
  ck_assert_str_eq(cnn_model_hash(f.model, after), before);
  ck_assert_int_eq(cnn_model_iterations(f.model), 0);
  cnn_callback_free(callback);
  ck_assert_int_eq(log.freed, 1);
}

START_TEST(refuses_options) {
  fitting_open(&f, 1);
  const cnn_sink bad_sink = {.size = sizeof bad_sink, .columns = -1};
  refuses(f.data.labels, *cnn_fit_opts(.batch_size = -1), CNN_EINVAL, "batch_size is -1");
  refuses(f.data.labels, *cnn_fit_opts(.epochs = -1), CNN_EINVAL, "epochs is -1");
  refuses(f.data.labels, *cnn_fit_opts(.initial_epoch = -3), CNN_EINVAL, "initial_epoch is -3");
  refuses(f.data.labels, *cnn_fit_opts(.steps_per_epoch = -1), CNN_EINVAL, "steps_per_epoch is -1");
  refuses(f.data.labels, *cnn_fit_opts(.validation_freq = -1), CNN_EINVAL, "validation_freq is -1");
  refuses(f.data.labels, *cnn_fit_opts(.validation_epoch_count = -1), CNN_EINVAL, "validation_epoch_count is -1");
  refuses(f.data.labels, *cnn_fit_opts(.validation_epoch_count = 2), CNN_EINVAL, "validation_epoch_count is 2, validation_epochs is NULL");
  refuses(f.data.labels, *cnn_fit_opts(.validation_epochs = (int64_t[]){2, 0}, .validation_epoch_count = 2), CNN_EINVAL, "validation_epochs[1] is 0");
  refuses(f.data.labels, *cnn_fit_opts(.verbose = 3), CNN_EINVAL, "verbose is 3");
  refuses(f.data.labels, *cnn_fit_opts(.verbose = -1), CNN_EINVAL, "verbose is -1");
  refuses(f.data.labels, *cnn_fit_opts(.callback_count = -1), CNN_EINVAL, "callback_count is -1");
  refuses(f.data.labels, *cnn_fit_opts(.callback_count = 2), CNN_EINVAL, "callbacks is NULL");
  refuses(f.data.labels, *cnn_fit_opts(.callback_count = 1, .callbacks = (cnn_callback *const[]){NULL}), CNN_EINVAL, "callback 0");
  refuses(f.data.labels, *cnn_fit_opts(.validation_split = 1), CNN_EINVAL, "validation_split is 1.0");
  refuses(f.data.labels, *cnn_fit_opts(.validation_split = -0.1), CNN_EINVAL, "validation_split is -0.1");
  refuses(f.data.labels, *cnn_fit_opts(.validation_split = (double)NAN), CNN_EINVAL, "validation_split is nan");
  refuses(f.data.labels, *cnn_fit_opts(.validation_split = 0.999), CNN_EINVAL, "leaves 0 for training and 50");
  refuses(f.data.labels, *cnn_fit_opts(.validation_split = 1e-300), CNN_EINVAL, "leaves 50 for training and 0");
  refuses(f.data.labels, *cnn_fit_opts(.sink = &bad_sink), CNN_EINVAL, "columns is -1");
  cnn_fit_opts small = *cnn_fit_opts(.epochs = 1);
  small.size = 8;
  ck_assert_int_eq(cnn_model_fit(f.model, f.data.labels, &small), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_fit(NULL, f.data.labels, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_fit(f.model, NULL, NULL), CNN_EINVAL);
  fitting_close(&f);
}
END_TEST

static cnn_dataset *dataset_of(int32_t rank, const int64_t *shape, int32_t columns, int64_t classes) {
  cnn_tensor *x, *y = NULL;
  cnn_dataset *dataset;
  ck_assert_int_eq(cnn_tensor_new(&x, f.context, CNN_F32, rank, shape, NULL), CNN_OK);
  if (columns)
    ck_assert_int_eq(cnn_tensor_new(&y, f.context, CNN_F32, 2, (const int64_t[]){shape[0], columns}, NULL), CNN_OK);
  else if (classes)
    ck_assert_int_eq(cnn_tensor_new(&y, f.context, CNN_U8, 1, shape, NULL), CNN_OK);
  ck_assert_msg(cnn_dataset_new(&dataset, f.context, 1, &x, y ? 1 : 0, &y, cnn_dataset_opts(.classes = columns ? 0 : classes)) == CNN_OK,
                "%s", cnn_error_text());
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  return dataset;
}

START_TEST(refuses_data_that_do_not_fit) {
  fitting_open(&f, 1);
  cnn_dataset *wrong[] = {dataset_of(3, (const int64_t[]){5, 4, 5}, 3, 0), dataset_of(2, (const int64_t[]){5, 16}, 3, 0),
                          dataset_of(3, (const int64_t[]){5, 4, 4}, 4, 0), dataset_of(3, (const int64_t[]){5, 4, 4}, 0, 4),
                          dataset_of(3, (const int64_t[]){5, 4, 4}, 0, 0)};
  const char *texts[] = {"samples are (None, 4, 5, 1), model 'sequential' takes (None, 4, 4, 1)", "samples are (None, 16)",
                         "targets have 4 columns, model 'sequential' gives 3 values", "labels are of 4 classes",
                         "no targets"};
  for (int i = 0; i < 5; i++) {
    refuses(wrong[i], *cnn_fit_opts(.epochs = 1), CNN_ESHAPE, texts[i]);
    refuses(f.data.labels, *cnn_fit_opts(.validation = wrong[i]), CNN_ESHAPE, texts[i]);
    cnn_logs *logs = NULL;
    ck_assert_int_eq(cnn_model_evaluate(&logs, f.model, wrong[i], NULL), CNN_ESHAPE);
    ck_assert_ptr_null(logs);
    cnn_dataset_free(wrong[i]);
  }
  cnn_model_free(f.model);
  f.model = training_model_new(f.context);
  refuses(f.data.labels, *cnn_fit_opts(.epochs = 1), CNN_ESTATE, "not compiled");
  fitting_close(&f);
}
END_TEST

int main(void) {
  return RUN_SUITE("fit_refusals", 60, refuses_options, refuses_data_that_do_not_fit);
}
