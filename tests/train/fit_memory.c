/* fit_memory: every allocation may fail, and steps make none. */
#include "fitting.h"

#include "sink.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static fitting f;

/* Of a training by half, from which a scenario goes on; count 0: it begins anew. */
static char checkpoint[] = "/tmp/cnn-fit-memory-XXXXXX", half[16384];
static size_t half_count;

static void file_of_half(void) {
  char previous[64];
  snprintf(previous, sizeof previous, "%s.prev", checkpoint);
  (void)unlink(previous);
  (void)unlink(checkpoint);
  FILE *file = half_count ? fopen(checkpoint, "wb") : NULL;
  if (file && (fwrite(half, 1, half_count, file) != half_count || fclose(file) != 0))
    ck_abort_msg("the file could not be written");
}

static cnn_status failing(const cnn_allocator *allocator, void *user) {
  const int64_t *epochs = user;
  cnn_context *ctx = NULL;
  cnn_tensor *x = NULL, *y = NULL;
  cnn_dataset *d = NULL;
  cnn_model *m = NULL;
  cnn_optimizer *adam = NULL;
  cnn_callback *callbacks[3] = {NULL, NULL, NULL};
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
  file_of_half();
  if (s == CNN_OK)
    s = cnn_checkpoint_new(&callbacks[2], ctx, checkpoint, cnn_checkpoint_opts(.resume = 1));
  test_sink out;
  test_sink_init(&out);
  if (s == CNN_OK)
    s = cnn_model_fit(m, d, cnn_fit_opts(.epochs = *epochs, .batch_size = 4, .validation_split = 0.3, .callbacks = callbacks,
                                         .callback_count = 3, .history = &history, .sink = &out.sink, .verbose = 1));
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
  cnn_callback_free(callbacks[2]);
  cnn_optimizer_free(adam);
  cnn_model_free(m);
  cnn_dataset_free(d);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  cnn_context_free(ctx);
  return s;
}

START_TEST(every_allocation_may_fail) {
  test_alloc a;
  int descriptor = mkstemp(checkpoint);
  ck_assert_int_ge(descriptor, 0);
  close(descriptor);
  ck_assert_int_gt(test_alloc_fail_each(failing, &(int64_t){2}), 60);
  test_alloc_init(&a);
  ck_assert_int_eq(failing(&a.allocator, &(int64_t){1}), CNN_OK);
  FILE *file = fopen(checkpoint, "rb");
  ck_assert_ptr_nonnull(file);
  half_count = fread(half, 1, sizeof half, file);
  fclose(file);
  ck_assert_uint_lt(half_count, sizeof half);
  ck_assert_int_gt(test_alloc_fail_each(failing, &(int64_t){2}), 60);
  half_count = 0;
  file_of_half();
}
END_TEST

/* After the first batch of a fit has begun, only callbacks at the end of epochs and the history ask for memory. */
static cnn_status count_calls(const cnn_event *event, void *user) {
  int64_t *calls = user;
  if (event->step == 0)
    calls[0] = f.alloc.calls;
  calls[1] = f.alloc.calls - calls[0];
  return CNN_OK;
}

START_TEST(steps_allocate_nothing) {
  int64_t calls[2] = {0, 0};
  training_log log = {.act_at = "batch_end", .act_epoch = -1, .act_step = -1, .act = count_calls, .user = calls};
  test_sink out;
  fitting_open(&f, 2);
  test_sink_init(&out);
  out.sink.is_terminal = 1;
  cnn_callback *callback = training_log_new(f.context, &log);
  fitting_fits(&f, f.data.labels, cnn_fit_opts(.epochs = 2, .batch_size = 8, .validation = f.other.labels, .callbacks = &callback,
                                 .callback_count = 1, .sink = &out.sink, .verbose = 1));
  ck_assert_int_gt(calls[0], 0);
  ck_assert_int_eq(calls[1], 0);
  cnn_callback_free(callback);
  test_sink_free(&out);
  fitting_close(&f);
}
END_TEST

int main(void) {
  return RUN_SUITE("fit_memory", 120, every_allocation_may_fail, steps_allocate_nothing);
}
