/* fold: kernels that Keras lays out otherwise. */
#include "companion/keras/fold.h"

#include <string.h>

cnn_status keras__fold(cnn_tensor **value, cnn_context *context, const char *class_name) {
  if (strcmp(class_name, "DepthwiseConv2D") != 0 || cnn_tensor_rank(*value) != 4)
    return CNN_OK;
  cnn_tensor *made = NULL;
  const int64_t *from = cnn_tensor_shape(*value), shape[] = {from[0], from[1], 1, from[2] * from[3]};
  cnn_status status = cnn_tensor_new(&made, context, CNN_F32, 4, shape, NULL);
  if (status < 0)
    return status;
  memcpy(cnn_tensor_data(made), cnn_tensor_read(*value), (size_t)cnn_tensor_count(made) * sizeof(float));
  cnn_tensor_free(*value);
  *value = made;
  return CNN_OK;
}
