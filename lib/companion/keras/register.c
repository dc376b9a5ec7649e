/* register: the forms of files that this library brings, made known to a context. */
#include "companion/keras/archive.h"
#include "companion/keras/archive_model.h"
#include "companion/keras/h5.h"
#include "companion/keras/model_read.h"
#include "companion/keras/model_write.h"

#include <cnn/keras.h>

static const cnn_file_format formats[] = {
    {.size = sizeof(cnn_file_format), .name = "Keras HDF5", .sniff = keras__h5_sniff, .load = keras__h5_load, .endings = ".h5 .hdf5", .save = keras__h5_save},
    {.size = sizeof(cnn_file_format), .name = "Keras weights", .endings = ".weights.h5", .save = keras__weights_save},
    {.size = sizeof(cnn_file_format), .name = "Keras archive", .sniff = keras__archive_sniff, .load = keras__archive_load, .endings = ".keras", .save = keras__archive_save},
};

cnn_status cnn_keras_register(cnn_context *context) {
  if (!context)
    return cnn_error_set(CNN_EINVAL, "cnn_keras_register: context is NULL");
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    cnn_status status = cnn_format_register(context, &formats[i]);
    if (status < 0 && status != CNN_ENAME)
      return status;
  }
  return CNN_OK;
}
