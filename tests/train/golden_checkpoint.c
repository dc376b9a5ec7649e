/* golden_checkpoint: a file of the first version of checkpoints is read for ever. It was written half-way through the second of four
 * epochs; a training goes on from it with the figures and the state that it holds. `golden_checkpoint --write FILE` makes such
 * a file, for a later version of the format. */
#include "fitting.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the run that wrote the file: the first epoch, and the model at the save. */
#define FIRST_LOSS 0.81580162048339844
#define FIRST_VAL_LOSS 0.86509257555007935
#define SAVED_HASH "ec7a4db985d7e8b0ebc1c3512a6de557"
enum { BATCH = 12, EPOCHS = 4, SAVED_EPOCH = 1, SAVED_STEP = 2, SAVED_ITERATIONS = 7 };

static fitting f;
static cnn_callback *callbacks[3];

/* Each kind of state is in it: numbers, tensors, history, sums of an epoch in hand. */
static void open_run(const char *path, int32_t resume) {
  fitting_open(&f, 1);
  ck_assert_int_eq(cnn_early_stopping_new(&callbacks[0], f.context, cnn_early_stopping_opts(.patience = 3, .restore_best_weights = 1)),
                   CNN_OK);
  ck_assert_int_eq(cnn_reduce_lr_on_plateau_new(&callbacks[1], f.context, cnn_reduce_lr_on_plateau_opts(.patience = 1)), CNN_OK);
  ck_assert_int_eq(cnn_checkpoint_new(&callbacks[2], f.context, path,
                                      cnn_checkpoint_opts(.every_steps = SAVED_ITERATIONS, .not_at_epochs = 1, .resume = resume)),
                   CNN_OK);
}

static cnn_history *fit(int32_t steps) {
  cnn_history *history = NULL;
  ck_assert_msg(cnn_model_fit(f.model, f.data.labels,
                              cnn_fit_opts(.batch_size = BATCH, .epochs = EPOCHS, .validation = f.other.labels, .callbacks = callbacks,
                                           .callback_count = steps, .history = &history)) == CNN_OK,
                "%s", cnn_error_text());
  return history;
}

static void close_run(void) {
  for (int32_t i = 0; i < 3; i++)
    cnn_callback_free(callbacks[i]);
  fitting_close(&f);
}

static void copy_golden(const char *to) {
  static char bytes[1 << 18];
  FILE *from = fopen(GOLDEN, "rb"), *out = fopen(to, "wb");
  ck_assert(from && out);
  const size_t count = fread(bytes, 1, sizeof bytes, from);
  ck_assert_uint_eq(fwrite(bytes, 1, count, out), count);
  fclose(from);
  ck_assert_int_eq(fclose(out), 0);
}

START_TEST(it_loads_as_a_model) {
  char hash[33];
  cnn_model *model;
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  ck_assert_msg(cnn_model_load(&model, context, GOLDEN, NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_str_eq(cnn_model_hash(model, hash), SAVED_HASH);
  ck_assert_int_eq(cnn_model_iterations(model), SAVED_ITERATIONS);
  cnn_model_free(model);
  cnn_context_free(context);
}
END_TEST

START_TEST(a_training_goes_on_from_it) {
  char folder[] = "/tmp/cnn-golden-XXXXXX", path[64], previous[64];
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/run", folder);
  snprintf(previous, sizeof previous, "%s/run.prev", folder);
  copy_golden(path);
  open_run(path, 1);
  cnn_history *history = fit(3);
  ck_assert_int_eq(cnn_checkpoint_resumed_epoch(callbacks[2]), SAVED_EPOCH);
  ck_assert_int_eq(cnn_history_count(history), EPOCHS);
  ck_assert_double_eq(training_history(history, 0, "loss"), FIRST_LOSS);
  ck_assert_double_eq(training_history(history, 0, "val_loss"), FIRST_VAL_LOSS);
  ck_assert_int_eq(cnn_model_iterations(f.model), EPOCHS * 5);
  /* where this machine's kernels have the bits of the ones then, so has the whole run; it is near them in any case */
  fitting_anew(&f);
  cnn_history *whole = fit(2);
  for (int64_t row = 0; row < EPOCHS; row++)
    ck_assert_double_eq_tol(training_history(history, row, "val_loss"), training_history(whole, row, "val_loss"), 1e-4);
  cnn_history_free(history);
  cnn_history_free(whole);
  close_run();
  (void)unlink(path);
  (void)unlink(previous);
  ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static cnn_status leave(void *user, const cnn_event *event) {
  (void)user;
  return event->epoch == SAVED_EPOCH && event->step == SAVED_STEP ? CNN_ECALLBACK : CNN_OK;
}

/* Stops at the step after the one that is saved, and prints what the tests hold against it. */
static const char *written;

START_TEST(write_golden) {
  char hash[33];
  cnn_history *history;
  cnn_callback *stopped[4];
  cnn_model *model;
  open_run(written, 0);
  memcpy(stopped, callbacks, sizeof callbacks);
  ck_assert_int_eq(cnn_callback_new(&stopped[3], f.context,
                                    &(cnn_callback_functions){.size = sizeof(cnn_callback_functions), .batch_end = leave}), CNN_OK);
  ck_assert_int_eq(cnn_model_fit(f.model, f.data.labels,
                                 cnn_fit_opts(.batch_size = BATCH, .epochs = EPOCHS, .validation = f.other.labels,
                                              .callbacks = stopped, .callback_count = 4, .history = &history)), CNN_ECALLBACK);
  ck_assert_msg(cnn_model_load(&model, f.context, written, NULL) == CNN_OK, "%s", cnn_error_text());
  printf("FIRST_LOSS %.17g FIRST_VAL_LOSS %.17g SAVED_HASH %s iterations %lld\n", training_history(history, 0, "loss"),
         training_history(history, 0, "val_loss"), cnn_model_hash(model, hash), (long long)cnn_model_iterations(model));
  cnn_model_free(model);
  cnn_history_free(history);
  cnn_callback_free(stopped[3]);
  close_run();
}
END_TEST

int main(int count, char **words) {
  if (count == 3 && !strcmp(words[1], "--write")) {
    written = words[2];
    return RUN_SUITE("write_golden", 60, write_golden);
  }
  return RUN_SUITE("golden_checkpoint", 60, it_loads_as_a_model, a_training_goes_on_from_it);
}
