/* texts: attributes as text, of a thing of some kind and type, which the first two bytes choose; and names of files with figures in them. */
#include "fuzz.h"

#include "train/file_name.h"

#include <stdlib.h>
#include <string.h>

static void layer(uint8_t type, const char *text) {
  cnn_model *model;
  if (cnn_model_new(&model, fuzz_context(), NULL) < 0)
    return;
  cnn_input(model, 3, (const int64_t[]){8, 8, 4}, NULL);
  cnn_layer_add(model, cnn_layer_type_at(type % cnn_layer_type_count()), text);
  fuzz_said(cnn_model_status(model));
  cnn_model_free(model);
}

static void optimizer(uint8_t type, const char *text) {
  cnn_optimizer *made = NULL;
  fuzz_said(cnn_optimizer_new(&made, fuzz_context(), cnn_optimizer_type_at(type % cnn_optimizer_type_count()), text));
  cnn_optimizer_free(made);
}

static void loss(uint8_t type, const char *text) {
  cnn_loss *made = NULL;
  fuzz_said(cnn_loss_new(&made, fuzz_context(), cnn_loss_type_at(type % cnn_loss_type_count()), text));
  cnn_loss_free(made);
}

static void metric(uint8_t type, const char *text) {
  cnn_metric *made = NULL;
  fuzz_said(cnn_metric_new(&made, fuzz_context(), cnn_metric_type_at(type % cnn_metric_type_count()), text));
  cnn_metric_free(made);
}

static void augmenter(uint8_t type, const char *text) {
  (void)type;
  cnn_augmenter *made = NULL;
  fuzz_said(cnn_augmenter_new_text(&made, fuzz_context(), text));
  cnn_augmenter_free(made);
}

static void schedule(uint8_t type, const char *text) {
  cnn_schedule *made = NULL;
  fuzz_said(cnn_schedule_new(&made, fuzz_context(), cnn_schedule_type_at(type % cnn_schedule_type_count()), text));
  cnn_schedule_free(made);
}

/* What can be read by itself can fail for nothing but figures. */
static void file_name(uint8_t type, const char *text) {
  char out[CNN__PATH_BYTES];
  cnn_logs *logs = NULL;
  cnn_status status = cnn__file_name(out, text, 3, type, NULL);
  fuzz_said(status);
  if (cnn_logs_new(&logs, fuzz_context()) < 0 || cnn_logs_set(logs, "val_loss", type / 7.0) < 0)
    abort();
  cnn_status with_figures = cnn__file_name(out, text, 3, type, logs);
  fuzz_said(with_figures);
  if (status < 0 && with_figures >= 0)
    abort();
  cnn_logs_free(logs);
}

static void (*const kinds[])(uint8_t type, const char *text) = {layer, optimizer, loss, metric, augmenter, schedule, file_name};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  if (bytes < 2)
    return 0;
  char *text = malloc(bytes - 1);
  if (!text)
    return 0;
  memcpy(text, data + 2, bytes - 2);
  text[bytes - 2] = 0;
  kinds[data[0] % (sizeof kinds / sizeof *kinds)](data[1], text);
  free(text);
  return 0;
}
