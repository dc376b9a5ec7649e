/* npz: NumPy's zip archive of arrays, and the data sets that Keras keeps in it. */
#include "cnn/data.h"

#include "core/options.h"
#include "core/text.h"
#include "data/npy.h"
#include "data/zip.h"

#include <string.h>

cnn_status cnn_npz_load(cnn_tensor **out, cnn_context *context, const char *path, const char *name) {
  cnn__source source;
  char member[256];
  if (!out || !context || !path || !name)
    return cnn__fail(CNN_EINVAL, "npz: out, context, path or name is NULL");
  *out = NULL;
  if (strlen(name) > sizeof member - sizeof ".npy")
    return cnn__fail(CNN_EINVAL, "npz: a name of %zu bytes, at most %zu", strlen(name), sizeof member - sizeof ".npy");
  cnn__format(member, sizeof member, "%s.npy", name);
  CNN__TRY(cnn__source_open_member(&source, context, path, member));
  cnn_status status = cnn__npy_read(out, &source);
  cnn__source_close(&source);
  return status;
}

static cnn_status load_pair(cnn_dataset **out, cnn_context *context, const char *path, const char *inputs_name,
                            const char *labels_name, const cnn_dataset_opts *options) {
  cnn_tensor *inputs = NULL, *labels = NULL;
  cnn_status status = cnn_npz_load(&inputs, context, path, inputs_name);
  if (status >= 0)
    status = cnn_npz_load(&labels, context, path, labels_name);
  if (status >= 0) {
    status = cnn_dataset_new(out, context, 1, &inputs, 1, &labels, options);
    if (status < 0)
      status = cnn__fail_in("'%s', %s, %s", path, inputs_name, labels_name);
  }
  cnn_tensor_free(inputs);
  cnn_tensor_free(labels);
  return status;
}

cnn_status cnn_dataset_load_npz(cnn_dataset **out_train, cnn_dataset **out_test, cnn_context *context, const char *path,
                                const cnn_dataset_opts *options) {
  cnn_dataset *train = NULL, *test = NULL;
  cnn_dataset_opts given;
  if (!out_train || !context || !path)
    return cnn__fail(CNN_EINVAL, "dataset: out, context or path is NULL");
  *out_train = NULL;
  if (out_test)
    *out_test = NULL;
  CNN__TRY(cnn__options(&given, sizeof given, CNN__FIRST(cnn_dataset_opts, divisor), options, "cnn_dataset_opts"));
  CNN__TRY(load_pair(&train, context, path, "x_train", "y_train", &given));
  given.sample_weights = NULL; /* they are the training samples' */
  cnn_status status = out_test ? load_pair(&test, context, path, "x_test", "y_test", &given) : CNN_OK;
  if (status < 0) {
    cnn_dataset_free(train);
    return status;
  }
  *out_train = train;
  if (out_test)
    *out_test = test;
  return CNN_OK;
}
