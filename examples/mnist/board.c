/* board: the callback of --tensorboard, with samples and the confusion matrix of validation images. */
#include "mnist.h"

#ifdef WITH_EXPORT
#include <cnn/export.h>

#include <string.h>

#define LOOKED_AT 1000 /* images of the matrix, so that drawing it takes no time to speak of */

static cnn_status make(cnn_callback **out, const run *r, const cnn_tensor *images, const cnn_tensor *all_labels, int64_t count) {
  cnn_tensor *labels;
  cnn_status status = cnn_tensor_new(&labels, r->context, cnn_tensor_type(all_labels), 1, &count, NULL);
  if (status < 0)
    return status;
  memcpy(cnn_tensor_data(labels), cnn_tensor_read(all_labels), cnn_tensor_bytes(labels));
  const int32_t drawn = cnn_tensor_rank(images) == 3 || cnn_tensor_shape(images)[3] == 1 || cnn_tensor_shape(images)[3] == 3;
  status = cnn_tensorboard_new(out, r->context, r->options.tensorboard,
                               cnn_tensorboard_opts(.update_freq = 100, .histogram_freq = 1, .write_steps_per_second = 1, .write_graph = 1,
                                                    .images = drawn ? images : NULL, .labels = drawn ? labels : NULL));
  cnn_tensor_free(labels);
  return status;
}

cnn_status board_new(cnn_callback **out, const run *r) {
  cnn_tensor *images, *labels;
  int64_t count = cnn_dataset_count(r->validation);
  count = count < LOOKED_AT ? count : LOOKED_AT;
  cnn_status status = cnn_dataset_inputs(&images, r->validation, 0, count);
  if (status < 0)
    return status;
  status = cnn_dataset_labels(&labels, r->validation);
  if (status >= 0) {
    status = make(out, r, images, labels, count);
    cnn_tensor_free(labels);
  }
  cnn_tensor_free(images);
  return status;
}
#else
cnn_status board_new(cnn_callback **out, const run *r) {
  (void)out;
  return cnn_error_set(CNN_EUNSUPPORTED, "--tensorboard %s: " NO_BOARD, r->options.tensorboard);
}
#endif
