/* checkpoint: a training that is to go on from the input, its checksum made right. Refused, or it goes on. */
#include "fuzz.h"

#include <stdio.h>
#include <unistd.h>

enum { COUNT = 8, PIXELS = 16, CLASSES = 3 };

static cnn_dataset *data_of(void) {
  static cnn_dataset *made;
  const int64_t images[] = {COUNT, 4, 4, 1}, labels[] = {COUNT};
  cnn_tensor *x, *y;
  if (made)
    return made;
  if (cnn_tensor_new(&x, fuzz_context(), CNN_U8, 4, images, NULL) < 0 || cnn_tensor_new(&y, fuzz_context(), CNN_I32, 1, labels, NULL) < 0)
    return NULL;
  for (int32_t i = 0; i < COUNT * PIXELS; i++)
    ((uint8_t *)cnn_tensor_data(x))[i] = (uint8_t)(i * 37);
  for (int32_t i = 0; i < COUNT; i++)
    ((int32_t *)cnn_tensor_data(y))[i] = i % CLASSES;
  if (cnn_dataset_new(&made, fuzz_context(), 1, &x, 1, &y, NULL) < 0)
    fprintf(stderr, "%s\n", cnn_error_text());
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  return made;
}

static cnn_model *model_of(void) {
  cnn_model *model;
  cnn_optimizer *adam;
  if (cnn_model_new(&model, fuzz_context(), NULL) < 0)
    return NULL;
  cnn_input(model, 3, (const int64_t[]){4, 4, 1}, NULL);
  cnn_flatten(model, NULL);
  cnn_dense(model, CLASSES, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  if (cnn_adam_new(&adam, fuzz_context(), NULL) < 0 ||
      cnn_model_compile(model, adam, 1, (const char *[]){"sparse_categorical_crossentropy"},
                        cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1)) < 0)
    fprintf(stderr, "%s\n", cnn_error_text());
  cnn_optimizer_free(adam);
  return model;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  char previous[128];
  const char *path = fuzz_file(fuzz_checked(data, bytes), bytes);
  cnn_callback *callbacks[3];
  cnn_model *model = model_of();
  if (cnn_early_stopping_new(&callbacks[0], fuzz_context(), cnn_early_stopping_opts(.monitor = "loss", .restore_best_weights = 1)) < 0 ||
      cnn_reduce_lr_on_plateau_new(&callbacks[1], fuzz_context(), cnn_reduce_lr_on_plateau_opts(.monitor = "loss")) < 0 ||
      cnn_checkpoint_new(&callbacks[2], fuzz_context(), path, cnn_checkpoint_opts(.resume = 1, .not_at_epochs = 1, .foreground = 1)) < 0)
    return 0;
  fuzz_said(cnn_model_fit(model, data_of(), cnn_fit_opts(.batch_size = 4, .epochs = 2, .callbacks = callbacks, .callback_count = 3)));
  for (int32_t i = 0; i < 3; i++)
    cnn_callback_free(callbacks[i]);
  cnn_model_free(model);
  snprintf(previous, sizeof previous, "%s.prev", path);
  (void)unlink(previous);
  return 0;
}
