/* model: files of libcnn, from memory, with the checksum as it is and made right; what loads must save again and hash. */
#include "fuzz.h"

#include <cnn/format.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  load(data, bytes);
  load(fuzz_checked(data, bytes), bytes);
  return 0;
}
