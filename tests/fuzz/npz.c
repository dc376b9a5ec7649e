/* npz: NumPy's arrays, plain, compressed and in archives. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  const char *path = fuzz_file(data, bytes), *names[] = {"x_train", "y_test"};
  cnn_dataset *train = NULL, *test = NULL;
  cnn_tensor *array = NULL;
  fuzz_said(cnn_npy_load(&array, fuzz_context(), path));
  cnn_tensor_free(array);
  for (int32_t i = 0; i < 2; i++) {
    cnn_tensor *tensor = NULL;
    fuzz_said(cnn_npz_load(&tensor, fuzz_context(), path, names[i]));
    cnn_tensor_free(tensor);
  }
  fuzz_said(cnn_dataset_load_npz(&train, &test, fuzz_context(), path, NULL));
  cnn_dataset_free(train);
  cnn_dataset_free(test);
  return 0;
}
