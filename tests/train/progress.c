/* progress: what fit, evaluate and predict print, beside what Keras printed; figures are set to Keras's, times are
 * masked. */
#include "training.h"

#include "reference.h"
#include "sink.h"
#include "suite.h"
#include "toy_format.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cnn_context *context;
static training_data data;
static cnn_model *model;
static test_sink out;

static void open_context(void) {
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 3, .threads = 1)), CNN_OK);
  data = training_data_new(context, 256, 1);
  model = training_model_new(context);
  training_compile(model, context, 0.001f);
  test_sink_init(&out);
}

static void close_context(void) {
  test_sink_free(&out);
  cnn_model_free(model);
  training_data_free(&data);
  cnn_context_free(context);
}

/* ---- texts without what varies ---- */

static char *read_text(const char *name) {
  char path[512], *text = calloc(1, 16384);
  snprintf(path, sizeof path, "%s/text/keras/pipe_80/%s.txt", REFERENCE_DIR, name);
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "%s cannot be read", path);
  ck_assert_uint_lt(fread(text, 1, 16383, file), 16383);
  fclose(file);
  return text;
}

/* "30s", "70ms/step" become "#s", "#s/step"; in place. */
static void mask_times(char *text) {
  char *to = text;
  for (const char *at = text; *at;) {
    size_t digits = strspn(at, "0123456789");
    const char *unit = at + digits;
    int32_t time = digits && (*unit == 's' || !strncmp(unit, "ms/", 3) || !strncmp(unit, "us/", 3));
    if (time) {
      *to++ = '#';
      at = unit + (*unit != 's');
    } else if (digits) {
      memmove(to, at, digits);
      to += digits;
      at += digits;
    } else {
      *to++ = *at++;
    }
  }
  *to = 0;
}

/* Of each line only what is to be seen at its end: what stands behind the last return, without backspaces and
 * blanks; a bar that was left running becomes "<bar>". In place. */
static void settle(char *text) {
  char *to = text;
  for (char *line = text, *end; *line; line = end) {
    end = line + strcspn(line, "\n");
    end += *end == '\n';
    size_t length = (size_t)(end - line), first = 0;
    for (size_t i = 0; i < length; i++)
      if (line[i] == '\r')
        first = i + 1;
    long long current = 0, target = 0;
    if (sscanf(line + first, "\x1b[1m%lld/%lld", &current, &target) == 2 && current < target) {
      to += sprintf(to, "<bar>\n");
      continue;
    }
    memmove(to, line + first, length - first);
    to += length - first;
    while (to - text >= 2 && to[-1] == '\n' && to[-2] == ' ')
      *--to = 0, to[-1] = '\n';
  }
  *to = 0;
  mask_times(text);
}

static void ck_text(const char *name, const char *without) {
  char *expected = read_text(name), *cut = without ? strstr(expected, without) : NULL;
  if (cut)
    *cut = 0;
  settle(expected);
  settle(out.text);
  ck_assert_str_eq(out.text, expected);
  free(expected);
}

/* ---- figures of Keras ---- */

typedef struct figures {
  double accuracy, loss, val_accuracy, val_loss;
} figures;

static cnn_status set_figures(const cnn_event *event, void *user) {
  const figures *f = (const figures *)user + event->epoch;
  ck_assert_int_eq(cnn_logs_set(event->logs, "accuracy", f->accuracy), CNN_OK);
  ck_assert_int_eq(cnn_logs_set(event->logs, "loss", f->loss), CNN_OK);
  if (f->val_loss == 0)
    return CNN_OK;
  ck_assert_int_eq(cnn_logs_set(event->logs, "val_accuracy", f->val_accuracy), CNN_OK);
  return cnn_logs_set(event->logs, "val_loss", f->val_loss);
}

static training_log setter(const figures *f) {
  return (training_log){.act_at = "epoch_end", .act_epoch = -1, .act_step = -1, .act = set_figures, .user = (void *)(uintptr_t)f};
}

static void fit(int64_t epochs, int32_t verbose, const figures *f, int32_t count, cnn_callback *const *more) {
  cnn_callback *callbacks[8];
  training_log log = setter(f);
  callbacks[0] = training_log_new(context, &log);
  for (int32_t i = 0; i < count; i++)
    callbacks[1 + i] = more[i];
  ck_assert_msg(cnn_model_fit(model, data.labels,
                              cnn_fit_opts(.epochs = epochs, .batch_size = 64, .verbose = verbose, .callbacks = callbacks,
                                           .callback_count = 1 + count, .validation = f->val_loss != 0 ? data.targets : NULL,
                                           .sink = &out.sink)) == CNN_OK,
                "%s", cnn_error_text());
  cnn_callback_free(callbacks[0]);
}

START_TEST(fit_bar) {
  const figures f[] = {{0.1289, 4.2470, 0.5000, 2.2243}, {0.4258, 1.8277, 0.6094, 2.1872}};
  open_context();
  out.sink.is_terminal = 1;
  fit(2, 1, f, 0, NULL);
  ck_text("fit_verbose_1", NULL);
  const figures one = {0.7148, 0.8745, 0, 0};
  test_sink_clear(&out);
  fit(1, 1, &one, 0, NULL);
  ck_text("fit_1_epoch_no_validation", NULL);
  close_context();
}
END_TEST

/* One line an epoch by wish, or where no line can be drawn again. */
START_TEST(fit_lines) {
  const figures f[] = {{0.5430, 1.3978, 0.7812, 2.1575}, {0.6211, 1.0839, 0.7656, 2.0888}};
  open_context();
  for (int32_t i = 0; i < 3; i++) {
    out.sink.is_terminal = i == 2;
    test_sink_clear(&out);
    fit(2, i ? 2 : 1, f, 0, NULL);
    ck_text("fit_verbose_2", NULL);
  }
  close_context();
}
END_TEST

START_TEST(fit_with_callbacks) {
  const figures f[] = {{0.7461, 0.7881, 0.703125, 1.9534}, {0.7617, 0.7921, 0.6719, 1.9067}};
  char folder[] = "/tmp/cnn-progress-XXXXXX";
  cnn_callback *more[3];
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(chdir(folder), 0);
  open_context();
  out.sink.is_terminal = 1;
  ck_assert_int_eq(cnn_early_stopping_new(&more[0], context,
                                          cnn_early_stopping_opts(.patience = 1, .min_delta = 10, .restore_best_weights = 1,
                                                                  .verbose = 1)), CNN_OK);
  ck_assert_int_eq(cnn_reduce_lr_on_plateau_new(&more[1], context,
                                                cnn_reduce_lr_on_plateau_opts(.factor = 0.5f, .patience = 1, .min_delta = 10,
                                                                              .min_lr = 1e-7f, .verbose = 1)), CNN_OK);
  toy_register(context, "toy", ".keras");
  ck_assert_int_eq(cnn_model_checkpoint_new(&more[2], context, "models/mnist_model.keras",
                                            cnn_model_checkpoint_opts(.monitor = "val_accuracy", .save_best_only = 1,
                                                                      .verbose = 1)), CNN_OK);
  fit(4, 1, f, 3, more);
  ck_text("fit_with_notebook_callbacks", "['accuracy'");
  ck_assert_int_eq(cnn_early_stopping_stopped_epoch(more[0]), 1);
  ck_assert_int_eq(cnn_early_stopping_best_epoch(more[0]), 0);
  for (int32_t i = 0; i < 3; i++)
    cnn_callback_free(more[i]);
  close_context();
  ck_assert_int_eq(remove("models/mnist_model.keras") | rmdir("models") | chdir("/") | rmdir(folder), 0);
}
END_TEST

/* Silent by wish, or where there is no sink; and a progress of the caller's is the only one. */
START_TEST(one_progress) {
  const figures f = {0.5, 0.5, 0, 0};
  cnn_callback *progress;
  open_context();
  fit(1, 0, &f, 0, NULL);
  ck_assert_str_eq(out.text, "");
  ck_assert_int_eq(cnn_model_fit(model, data.labels, cnn_fit_opts(.verbose = 1)), CNN_OK); /* to nowhere */
  ck_assert_int_eq(cnn_progress_new(&progress, context, NULL), CNN_OK);
  fit(1, 2, &f, 1, &progress);
  settle(out.text);
  ck_assert_str_eq(out.text, "4/4 - #s - #s/step - accuracy: 0.5000 - loss: 0.5000\n");
  cnn_callback_free(progress);
  progress = NULL;
  ck_assert_int_eq(cnn_progress_new(&progress, context, cnn_progress_opts(.color = 2)), CNN_EINVAL);
  ck_assert_int_eq(cnn_progress_new(&progress, context, cnn_progress_opts(.reserved = 1)), CNN_ETOONEW);
  ck_assert_ptr_null(progress);
  ck_assert_int_eq(cnn_progress_new(&progress, context, cnn_progress_opts(.color = -1)), CNN_OK);
  out.sink.is_terminal = out.sink.ascii = 1;
  test_sink_clear(&out);
  fit(1, 1, &f, 1, &progress);
  settle(out.text);
  ck_assert_str_eq(out.text, "4/4 #################### #s #s/step - accuracy: 0.5000 - loss: 0.5000\n");
  cnn_callback_free(progress);
  close_context();
}
END_TEST

/* Steps that were not made are not claimed, and a line that is open is ended. */
START_TEST(early_ends) {
  training_log log = {.act_at = "batch_end", .act_epoch = -1, .act_step = 1, .returns = CNN_STOP};
  open_context();
  cnn_callback *callback = training_log_new(context, &log);
  const cnn_fit_opts o = *cnn_fit_opts(.batch_size = 64, .verbose = 1, .callbacks = &callback, .callback_count = 1, .sink = &out.sink);
  ck_assert_int_eq(cnn_model_fit(model, data.labels, &o), CNN_OK);
  ck_assert_int_eq(strncmp(out.text, "2/4 - ", 6), 0);
  log.returns = CNN_EIO;
  out.sink.is_terminal = 1;
  test_sink_clear(&out);
  ck_assert_int_eq(cnn_model_fit(model, data.labels, &o), CNN_ECALLBACK);
  ck_assert_ptr_nonnull(strstr(out.text, "1/4"));
  ck_assert_int_eq(out.text[out.length - 1], '\n');
  cnn_callback_free(callback);
  close_context();
}
END_TEST

/* 256 samples in batches of 26 are 10 steps; Keras's 10 were of 32. */
START_TEST(evaluate_and_predict) {
  cnn_logs *logs;
  cnn_tensor *outputs;
  char expected[256];
  open_context();
  for (int32_t terminal = 0; terminal < 2; terminal++) {
    out.sink.is_terminal = terminal;
    test_sink_clear(&out);
    ck_assert_int_eq(cnn_model_predict_dataset(&outputs, 1, model, data.labels,
                                               cnn_predict_opts(.batch_size = 26, .verbose = 1, .sink = &out.sink)), CNN_OK);
    cnn_tensor_free(outputs);
    ck_text(terminal ? "predict_verbose_1" : "predict_verbose_2", "(320");
    test_sink_clear(&out);
    ck_assert_int_eq(cnn_model_evaluate(&logs, model, data.labels,
                                        cnn_evaluate_opts(.batch_size = 26, .verbose = 2, .sink = &out.sink)), CNN_OK);
    mask_times(out.text);
    snprintf(expected, sizeof expected, " - accuracy: %.4f - loss: %.4f\n", training_value(logs, "accuracy"),
             training_value(logs, "loss"));
    ck_assert_int_eq(strncmp(out.text, "10/10 - #s - #s/step", 20), 0);
    ck_assert_ptr_nonnull(strstr(out.text, expected));
    cnn_logs_free(logs);
  }
  close_context();
}
END_TEST

int main(void) {
  return RUN_SUITE("progress", 60, fit_bar, fit_lines, fit_with_callbacks, one_progress, early_ends, evaluate_and_predict);
}
