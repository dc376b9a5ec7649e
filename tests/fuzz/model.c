/* model: files of libcnn, from memory, as models and as weights of a model that is there, with the checksum as it is and made right; what
 * loads must save again and hash. */
#include "fuzz.h"

#include <cnn/format.h>

#include <stdlib.h>
#include <string.h>

static void load(const uint8_t *data, size_t bytes) {
  char hash[33];
  size_t size;
  cnn_model *model = NULL;
  cnn_status status = cnn_model_load_memory(&model, fuzz_context(), data, bytes, cnn_load_opts(.max_bytes = FUZZ_MOST_BYTES));
  fuzz_said(status);
  if (status < 0)
    return;
  (void)cnn_model_hash(model, hash);
  fuzz_said(cnn_model_summary(model, NULL, NULL));
  fuzz_said(cnn_model_save_memory(model, NULL, 0, &size, NULL));
  cnn_model_free(model);
}

/* Into a model with the weights of the corpus's second one. What is refused changes nothing. */
static void load_weights(const uint8_t *data, size_t bytes) {
  char before[33], after[33];
  cnn_model *model;
  if (cnn_model_new(&model, fuzz_context(), NULL) < 0)
    return;
  cnn_input(model, 3, (const int64_t[]){6, 6, 2}, NULL);
  cnn_conv2d(model, 4, 1, 3, cnn_conv2d_opts(.strides = {2, 1}, .groups = 2, .no_bias = 1));
  cnn_global_average_pooling2d(model, NULL);
  cnn_dense(model, 2, NULL);
  (void)cnn_model_hash(model, before);
  cnn_status status = cnn_model_load_weights_memory(model, data, bytes, cnn_load_opts(.max_bytes = FUZZ_MOST_BYTES));
  fuzz_said(status);
  if (status < 0 && strcmp(before, cnn_model_hash(model, after)) != 0)
    abort();
  cnn_model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  load(data, bytes);
  load(fuzz_checked(data, bytes), bytes);
  load_weights(fuzz_checked(data, bytes), bytes);
  return 0;
}
