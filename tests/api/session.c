#include "session.h"

#include <stdio.h>
#include <string.h>

enum { SAMPLES = 24, SIDE = 8, CLASSES = 3 };

#define TRY(call)                                                                                                      \
  do {                                                                                                                 \
    cnn_status try_status = (call);                                                                                    \
    if (try_status < 0)                                                                                                \
      return try_status;                                                                                               \
  } while (0)

typedef struct session {
  cnn_context *context;
  cnn_tensor *images, *labels, *outputs;
  cnn_dataset *data, *held_out;
  cnn_augmenter *augmenter;
  cnn_model *model, *loaded;
  cnn_optimizer *optimizer;
  cnn_callback *callbacks[4];
  cnn_history *history;
  cnn_logs *logs;
  cnn_report *report;
} session;

static void collect(void *user, const char *text, size_t length) {
  char *json = user;
  size_t used = strlen(json), left = sizeof((session_results *)NULL)->json - 1 - used;
  memcpy(json + used, text, length < left ? length : left);
  json[used + (length < left ? length : left)] = 0;
}

/* One of the rows of an image is bright: its class. */
static cnn_status make_data(session *s) {
  TRY(cnn_tensor_new(&s->images, s->context, CNN_U8, 3, (const int64_t[]){SAMPLES, SIDE, SIDE}, NULL));
  TRY(cnn_tensor_new(&s->labels, s->context, CNN_I32, 1, (const int64_t[]){SAMPLES}, NULL));
  uint8_t *pixel = cnn_tensor_data(s->images);
  int32_t *label = cnn_tensor_data(s->labels);
  for (int i = 0; i < SAMPLES; i++) {
    label[i] = i % CLASSES;
    for (int p = 0; p < SIDE * SIDE; p++)
      *pixel++ = (uint8_t)((p / SIDE / 2 == label[i] ? 200 : 20) + (i * 7 + p * 13) % 50);
  }
  TRY(cnn_dataset_new(&s->data, s->context, 1, &s->images, 1, &s->labels, NULL));
  TRY(cnn_dataset_split(&s->held_out, s->data, 0.25));
  return cnn_augmenter_new(&s->augmenter, s->context, cnn_augmenter_opts(.rotation_range = 5, .zoom_range = 0.1f));
}

static cnn_status make_model(session *s) {
  TRY(cnn_model_new(&s->model, s->context, NULL));
  cnn_input(s->model, 3, (const int64_t[]){SIDE, SIDE, 1}, NULL);
  cnn_conv2d(s->model, 4, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU));
  cnn_batch_normalization(s->model, NULL);
  cnn_max_pooling2d(s->model, 2, 2, NULL);
  cnn_dropout(s->model, 0.25f, NULL);
  cnn_flatten(s->model, NULL);
  cnn_dense(s->model, 5, cnn_dense_opts(.activation = CNN_ACTIVATION_TANH));
  cnn_dense(s->model, CLASSES, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  TRY(cnn_adam_new(&s->optimizer, s->context, cnn_adam_opts(.learning_rate = 0.01f)));
  return cnn_model_compile(s->model, s->optimizer, 1, (const char *[]){"sparse_categorical_crossentropy"},
                           cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1));
}

static cnn_status make_callbacks(session *s, const char *folder) {
  char csv[512], best[512];
  snprintf(csv, sizeof csv, "%s/log.csv", folder);
  snprintf(best, sizeof best, "%s/best.safetensors", folder);
  TRY(cnn_early_stopping_new(&s->callbacks[0], s->context, cnn_early_stopping_opts(.patience = 5, .restore_best_weights = 1)));
  TRY(cnn_reduce_lr_on_plateau_new(&s->callbacks[1], s->context, cnn_reduce_lr_on_plateau_opts(.patience = 1)));
  TRY(cnn_model_checkpoint_new(&s->callbacks[2], s->context, best, cnn_model_checkpoint_opts(.save_best_only = 1)));
  return cnn_csv_logger_new(&s->callbacks[3], s->context, csv, NULL);
}

static cnn_status train_and_look(session *s, int32_t epochs, session_results *results) {
  const cnn_sink sink = {.size = sizeof sink, .user = results->json, .write = collect};
  TRY(cnn_model_fit(s->model, s->data, cnn_fit_opts(.epochs = epochs, .batch_size = 7, .validation = s->held_out,
                                                    .augmenter = s->augmenter, .callbacks = s->callbacks, .callback_count = 4,
                                                    .history = &s->history)));
  cnn_model_hash(s->model, results->hash);
  TRY(cnn_model_evaluate(&s->logs, s->model, s->held_out, NULL));
  TRY(cnn_logs_value(s->logs, "loss", &results->loss));
  TRY(cnn_model_predict_dataset(&s->outputs, 1, s->model, s->held_out, NULL));
  cnn_tensor_free(s->labels);
  s->labels = NULL;
  TRY(cnn_dataset_labels(&s->labels, s->held_out));
  TRY(cnn_report_new(&s->report, s->context, s->labels, s->outputs, NULL));
  return cnn_report_json(s->report, &sink);
}

static cnn_status save_and_go_on(session *s, const char *folder, session_results *results) {
  char path[512];
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  TRY(cnn_model_save(s->model, path, NULL));
  TRY(cnn_model_load(&s->loaded, s->context, path, NULL));
  TRY(cnn_model_fit(s->loaded, s->data, cnn_fit_opts(.batch_size = 7)));
  cnn_model_hash(s->loaded, results->again);
  return CNN_OK;
}

static cnn_status run(session *s, const cnn_context_opts *options, const char *folder, int32_t epochs, session_results *results) {
  TRY(cnn_context_new(&s->context, options));
  TRY(make_data(s));
  TRY(make_model(s));
  TRY(make_callbacks(s, folder));
  TRY(train_and_look(s, epochs, results));
  return save_and_go_on(s, folder, results);
}

static void close(const session *s) {
  cnn_report_free(s->report);
  cnn_logs_free(s->logs);
  cnn_history_free(s->history);
  for (int i = 0; i < 4; i++)
    cnn_callback_free(s->callbacks[i]);
  cnn_optimizer_free(s->optimizer);
  cnn_model_free(s->loaded);
  cnn_model_free(s->model);
  cnn_augmenter_free(s->augmenter);
  cnn_dataset_free(s->held_out);
  cnn_dataset_free(s->data);
  cnn_tensor_free(s->outputs);
  cnn_tensor_free(s->labels);
  cnn_tensor_free(s->images);
  cnn_context_free(s->context);
}

static void read_csv(const char *folder, session_results *results) {
  char path[512];
  snprintf(path, sizeof path, "%s/log.csv", folder);
  FILE *file = fopen(path, "rb");
  if (!file)
    return;
  results->csv[fread(results->csv, 1, sizeof results->csv - 1, file)] = 0;
  fclose(file);
}

cnn_status session_run(const cnn_context_opts *options, const char *folder, int32_t epochs, session_results *results) {
  session s = {0};
  memset(results, 0, sizeof *results);
  cnn_status status = run(&s, options, folder, epochs, results);
  close(&s);
  read_csv(folder, results);
  return status;
}
