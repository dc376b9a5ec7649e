/* register: the forms of files that this library brings, made known to a context. */
#include <cnn/keras.h>

cnn_status cnn_keras_register(cnn_context *context) {
  if (!context)
    return cnn_error_set(CNN_EINVAL, "cnn_keras_register: context is NULL");
  return CNN_OK;
}
