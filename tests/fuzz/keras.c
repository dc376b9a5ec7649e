/* keras: files of Keras, HDF5 and archives, as models and as weights of a model that is there; what loads must save again. */
#include "fuzz.h"

#include <cnn/format.h>
#include <cnn/keras.h>

#include <stdlib.h>

static cnn_context *keras_context(void) {
  static int32_t registered;
  if (!registered && cnn_keras_register(fuzz_context()) < 0)
    abort();
  registered = 1;
  return fuzz_context();
}

static void as_model(const uint8_t *data, size_t bytes) {
  cnn_model *model = NULL;
  cnn_container *container = NULL;
  cnn_status status = cnn_model_load_memory(&model, keras_context(), data, bytes, cnn_load_opts(.max_bytes = FUZZ_MOST_BYTES));
  fuzz_said(status);
  if (status < 0)
    return;
  fuzz_said(cnn_model_to_container(&container, model, NULL));
  cnn_container_free(container);
  cnn_model_free(model);
}

/* Of the shape of the corpus's models. */
static void as_weights(const uint8_t *data, size_t bytes) {
  cnn_model *model;
  if (cnn_model_new(&model, keras_context(), NULL) < 0)
    return;
  cnn_input(model, 3, (const int64_t[]){6, 6, 2}, NULL);
  cnn_conv2d(model, 3, 3, 3, NULL);
  cnn_batch_normalization(model, NULL);
  cnn_flatten(model, NULL);
  cnn_dense(model, 3, NULL);
  fuzz_said(cnn_model_load_weights_memory(model, data, bytes, cnn_load_opts(.max_bytes = FUZZ_MOST_BYTES)));
  cnn_model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  as_model(data, bytes);
  as_weights(data, bytes);
  return 0;
}
