/* idx: files of images or labels, plain or compressed. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  cnn_tensor *tensor = NULL;
  fuzz_said(cnn_idx_load(&tensor, fuzz_context(), fuzz_file(data, bytes)));
  cnn_tensor_free(tensor);
  return 0;
}
