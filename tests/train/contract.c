/* contract: what a program may rely on while fit runs: on which thread its functions are called, what they may do there, what
 * fit keeps of what it was given, and that nothing is written where no sink was given. */
#include "stream.h"

#include "sink.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static fitting f;
static stream s;

static const char *const events[] = {"train_begin", "epoch_begin", "batch_begin", "batch_end",
                                     "test_begin",  "test_end",    "epoch_end",   "train_end"};
#define EVENTS (sizeof events / sizeof events[0])

/* ---- thread ---- */

static pthread_t of_fit;
static int32_t calls;

static cnn_status on_thread(const cnn_event *event, void *user) {
  (void)event, (void)user;
  ck_assert(pthread_equal(pthread_self(), of_fit));
  calls++;
  return CNN_OK;
}

static double rate_on_thread(void *user, int64_t epoch, double rate) {
  (void)epoch;
  (void)on_thread(NULL, user);
  return rate;
}

START_TEST(all_on_the_thread_of_fit) {
  for (size_t i = 0; i < EVENTS; i++) {
    training_log log = {.act_at = events[i], .act_epoch = -1, .act_step = -1, .act = on_thread};
    fitting_open(&f, 3);
    stream_open(&s, &f, f.data.labels, 10);
    of_fit = pthread_self();
    calls = 0;
    cnn_callback *callbacks[2] = {training_log_new(f.context, &log)};
    ck_assert_int_eq(cnn_learning_rate_scheduler_new(&callbacks[1], f.context, rate_on_thread, NULL), CNN_OK);
    const cnn_fit_opts *o = cnn_fit_opts(.epochs = 2, .callbacks = callbacks, .callback_count = 2, .validation = f.other.labels);
    ck_assert_msg(cnn_model_fit_source(f.model, &s.source, o) == CNN_OK, "%s", cnn_error_text());
    ck_assert_int_ge(calls, 3); /* two of them the schedule's */
    ck_assert(pthread_equal(s.thread, of_fit));
    cnn_callback_free(callbacks[0]);
    cnn_callback_free(callbacks[1]);
    stream_close(&s);
    fitting_close(&f);
  }
}
END_TEST

/* ---- inside ---- */

/* A file written inside holds the model as it is there, and gives its weights back there. */
static cnn_status saves_and_loads(const cnn_event *event, void *user) {
  const char *path = user;
  char here[33], loaded[33], after[33];
  cnn_model *copy;
  cnn_model_hash(event->model, here);
  ck_assert_int_eq(cnn_model_save(event->model, path, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_load(&copy, f.context, path, NULL), CNN_OK);
  ck_assert_str_eq(cnn_model_hash(copy, loaded), here);
  ck_assert_int_eq(cnn_model_iterations(copy), cnn_model_iterations(event->model));
  cnn_model_free(copy);
  ck_assert_int_eq(cnn_model_load_weights(event->model, path, NULL), CNN_OK);
  ck_assert_str_eq(cnn_model_hash(event->model, after), here);
  return CNN_OK;
}

START_TEST(may_save_and_load_at_each_hook) {
  char path[] = "/tmp/cnn-contract-XXXXXX", quiet[33], busy[33];
  close(mkstemp(path));
  fitting_open(&f, 2);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 2, .validation = f.other.labels));
  cnn_model_hash(f.model, quiet);
  fitting_close(&f);
  for (size_t i = 0; i < EVENTS; i++) {
    training_log log = {.act_at = events[i], .act_epoch = -1, .act_step = -1, .act = saves_and_loads, .user = path};
    fitting_open(&f, 2);
    cnn_callback *callback = training_log_new(f.context, &log);
    fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 2, .validation = f.other.labels, .callbacks = &callback, .callback_count = 1));
    ck_assert_str_eq(cnn_model_hash(f.model, busy), quiet);
    cnn_callback_free(callback);
    fitting_close(&f);
  }
  remove(path);
}
END_TEST

/* Weights that a callback sets are those that the next step is made of. */
static cnn_status clears_dense(const cnn_event *event, void *user) {
  cnn_tensor *zeros;
  const char *name = cnn_model_weight_name(event->model, cnn_model_weight_count(event->model) - 2);
  (void)user;
  ck_assert_int_eq(cnn_model_weight(&zeros, event->model, name), CNN_OK);
  memset(cnn_tensor_data(zeros), 0, cnn_tensor_bytes(zeros));
  ck_assert_int_eq(cnn_model_set_weight(event->model, name, zeros), CNN_OK);
  cnn_tensor_free(zeros);
  return CNN_OK;
}

START_TEST(weights_set_inside_are_used) {
  cnn_history *history;
  training_log log = {.act_at = "batch_begin", .act_epoch = -1, .act_step = -1, .act = clears_dense};
  fitting_open(&f, 2);
  cnn_callback *callback = training_log_new(f.context, &log);
  ck_assert_int_eq(cnn_model_set_learning_rate(f.model, 0), CNN_OK);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.history = &history, .callbacks = &callback, .callback_count = 1));
  ck_assert_double_eq_tol(training_history(history, 0, "loss"), 1.0986122886681098, 1e-6); /* ln 3: nothing is known */
  cnn_history_free(history);
  cnn_callback_free(callback);
  fitting_close(&f);
}
END_TEST

/* ---- other threads ---- */

static void *fits_too(void *user) {
  cnn_status *statuses = user;
  cnn_logs *logs;
  statuses[0] = cnn_model_fit(f.model, f.data.labels, NULL);
  statuses[1] = cnn_model_train_on_batch(NULL, f.model, cnn_batch(.inputs = s.all, .targets = s.labels));
  statuses[2] = cnn_model_evaluate(&logs, f.model, f.other.labels, NULL);
  if (statuses[2] == CNN_OK)
    cnn_logs_free(logs);
  cnn_model_free(f.model); /* the program's handle; fit has its own */
  return NULL;
}

static cnn_status lets_another_thread(const cnn_event *event, void *user) {
  pthread_t thread;
  (void)event;
  ck_assert_int_eq(pthread_create(&thread, NULL, fits_too, user), 0);
  ck_assert_int_eq(pthread_join(thread, NULL), 0);
  return CNN_OK;
}

START_TEST(another_thread_is_refused_and_may_free) {
  cnn_status statuses[3] = {CNN_OK, CNN_OK, CNN_EINTERNAL};
  training_log log = {.act_at = "batch_end", .act_epoch = 0, .act_step = 0, .act = lets_another_thread, .user = statuses};
  fitting_open(&f, 2);
  stream_open(&s, &f, f.data.labels, 10);
  cnn_callback *callback = training_log_new(f.context, &log);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 2, .callbacks = &callback, .callback_count = 1));
  ck_assert_int_eq(statuses[0], CNN_ESTATE);
  ck_assert_int_eq(statuses[1], CNN_ESTATE);
  ck_assert_int_eq(statuses[2], CNN_OK);
  ck_assert_ptr_nonnull(strstr(log.text, "train_end"));
  f.model = NULL;
  cnn_callback_free(callback);
  stream_close(&s);
  fitting_close(&f);
}
END_TEST

/* ---- what is kept ---- */

typedef struct given {
  cnn_fit_opts options;
  cnn_callback *callbacks[2];
  cnn_sink sink;
  cnn_batch_source source, validation;
} given;

/* The caller may do with his own structs what he likes once fit has begun. */
static cnn_status overwrites(const cnn_event *event, void *user) {
  given *g = user;
  (void)event;
  cnn_callback_free(g->callbacks[0]);
  cnn_callback_free(g->callbacks[1]);
  memset(g, 0xff, sizeof *g);
  return CNN_OK;
}

START_TEST(structs_are_copied) {
  given g;
  test_sink out;
  stream t;
  cnn_history *history;
  char monitor[] = "val_loss";
  training_log log = {.act_at = "train_begin", .act_epoch = -1, .act_step = -1, .act = overwrites, .user = &g};
  fitting_open(&f, 2);
  test_sink_init(&out);
  stream_open(&s, &f, f.data.labels, 10);
  stream_open(&t, &f, f.other.labels, 10);
  g.callbacks[0] = training_log_new(f.context, &log);
  ck_assert_int_eq(cnn_early_stopping_new(&g.callbacks[1], f.context, cnn_early_stopping_opts(.monitor = monitor)), CNN_OK);
  memset(monitor, 'x', strlen(monitor));
  g.sink = out.sink;
  g.source = s.source;
  g.validation = t.source;
  g.options = *cnn_fit_opts(.epochs = 3, .callbacks = g.callbacks, .callback_count = 2, .validation_source = &g.validation,
                            .sink = &g.sink, .verbose = 2, .history = &history);
  ck_assert_msg(cnn_model_fit_source(f.model, &g.source, &g.options) == CNN_OK, "%s", cnn_error_text());
  ck_assert_ptr_nonnull(strstr(log.text, "epoch_end 2 accuracy,loss,val_accuracy,val_loss;"));
  ck_assert_int_eq(log.freed, 1);
  ck_assert_int_eq(cnn_history_count(history), 3);
  ck_assert_ptr_nonnull(strstr(out.text, "Epoch 3/3"));
  cnn_history_free(history);
  test_sink_free(&out);
  stream_close(&s);
  stream_close(&t);
  fitting_close(&f);
}
END_TEST

/* Tensors made into a data set in passing: training keeps what it needs of them. */
START_TEST(fits_tensors) {
  cnn_tensor *x, *y;
  cnn_dataset *passing;
  fitting_open(&f, 2);
  fitting_outcome expected = fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 2, .validation_split = 0.2));
  fitting_anew(&f);
  ck_assert_int_eq(cnn_dataset_inputs(&x, f.data.labels, 0, FITTING_COUNT), CNN_OK);
  ck_assert_int_eq(cnn_dataset_labels(&y, f.data.labels), CNN_OK);
  ck_assert_int_eq(cnn_dataset_new(&passing, f.context, 1, &x, 1, &y, NULL), CNN_OK);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  fitting_equal(fitting_run(&f, passing, *cnn_fit_opts(.epochs = 2, .validation_split = 0.2)), expected);
  cnn_dataset_free(passing);
  fitting_close(&f);
}
END_TEST

/* ---- silence ---- */

/* All that has something to say, at its loudest. */
static void says_all(const cnn_sink *sink) {
  cnn_callback *callbacks[6];
  cnn_logs *logs;
  cnn_tensor *outputs;
  char path[] = "/tmp/cnn-contract-XXXXXX";
  close(mkstemp(path));
  ck_assert_int_eq(cnn_early_stopping_new(&callbacks[0], f.context, cnn_early_stopping_opts(.verbose = 1, .min_delta = 100, .restore_best_weights = 1)), CNN_OK);
  ck_assert_int_eq(cnn_reduce_lr_on_plateau_new(&callbacks[1], f.context, cnn_reduce_lr_on_plateau_opts(.verbose = 1, .patience = 1, .min_delta = 100)), CNN_OK);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callbacks[2], f.context, path, cnn_model_checkpoint_opts(.verbose = 1)), CNN_OK);
  ck_assert_int_eq(cnn_learning_rate_scheduler_new(&callbacks[3], f.context, rate_on_thread, cnn_learning_rate_scheduler_opts(.verbose = 1)), CNN_OK);
  ck_assert_int_eq(cnn_terminate_on_nan_new(&callbacks[4], f.context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_progress_new(&callbacks[5], f.context, NULL), CNN_OK);
  of_fit = pthread_self();
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 4, .verbose = 1, .sink = sink, .validation = f.other.labels, .callbacks = callbacks,
                                               .callback_count = 6));
  ck_assert_int_eq(cnn_model_set_learning_rate(f.model, 1e38), CNN_OK);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 4, .verbose = 2, .batch_size = 8, .sink = sink, .callbacks = callbacks + 4, .callback_count = 1));
  ck_assert_int_eq(cnn_model_evaluate(&logs, f.model, f.other.labels, cnn_evaluate_opts(.verbose = 1, .sink = sink)), CNN_OK);
  ck_assert_int_eq(cnn_model_predict_dataset(&outputs, 1, f.model, f.other.labels, cnn_predict_opts(.verbose = 1, .sink = sink)), CNN_OK);
  ck_assert_int_eq(cnn_model_summary(f.model, sink, NULL), CNN_OK);
  cnn_logs_free(logs);
  cnn_tensor_free(outputs);
  for (int i = 0; i < 6; i++)
    cnn_callback_free(callbacks[i]);
  remove(path);
}

/* With a sink all of it is there; without, not a byte comes out of the process. */
START_TEST(nothing_is_printed_without_a_sink) {
  static const char *const parts[] = {": early stopping",      "Restoring model weights", "ReduceLROnPlateau reducing", "finished saving model",
                                      "LearningRateScheduler", "Invalid loss",            "Epoch 1/4",                  "Total params"};
  test_sink out;
  FILE *written = tmpfile();
  ck_assert_ptr_nonnull(written);
  test_sink_init(&out);
  fitting_open(&f, 2);
  says_all(&out.sink);
  fitting_close(&f);
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    ck_assert_msg(strstr(out.text, parts[i]) != NULL, "no '%s' in %s", parts[i], out.text);
  test_sink_free(&out);
  fflush(NULL);
  int kept[2] = {dup(1), dup(2)};
  ck_assert_int_eq(dup2(fileno(written), 1), 1);
  ck_assert_int_eq(dup2(fileno(written), 2), 2);
  fitting_open(&f, 2);
  says_all(NULL);
  fitting_close(&f);
  fflush(NULL);
  dup2(kept[0], 1);
  dup2(kept[1], 2);
  ck_assert_int_eq(lseek(fileno(written), 0, SEEK_END), 0);
  fclose(written);
}
END_TEST

int main(void) {
  return RUN_SUITE("contract", 60, all_on_the_thread_of_fit, may_save_and_load_at_each_hook, weights_set_inside_are_used,
                   another_thread_is_refused_and_may_free, structs_are_copied, fits_tensors, nothing_is_printed_without_a_sink);
}
