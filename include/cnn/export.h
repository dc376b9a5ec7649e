/** @file export.h
 * Models for other programs, by the companion library libcnn-export. Not in cnn.h: link -lcnn-export, and register it in a context.
 *
 *     #include <cnn/cnn.h>
 *     #include <cnn/export.h>
 *     ...
 *     cnn_export_register(ctx);
 *     cnn_model_save(m, "digits.onnx", NULL);   // by the name's ending
 *     cnn_model_save_onnx(m, "digits.onnx", cnn_onnx_opts(.nchw = 1));
 *
 * docs/export.md tells what each form of file holds. */
#ifndef CNN_EXPORT_H
#define CNN_EXPORT_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Make known to a context the forms of files that this library writes: from then on saving takes the paths that end like them, for any model
 * of the context. Registering twice is the same as once. Errors: CNN_EINVAL; CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_export_register(cnn_context *context);

typedef struct cnn_onnx_opts {
  size_t size;
  int64_t batch_size; /**< samples of a call; 0: any number, as the axis "N" */
  int32_t nchw;       /**< 1: images come in (and go out) as [N, C, H, W], and nothing is transposed; 0: as [N, H, W, C] */
  int32_t reserved;
} cnn_onnx_opts;
#define cnn_onnx_opts(...) (&(const struct cnn_onnx_opts){.size = sizeof(struct cnn_onnx_opts), __VA_ARGS__})

/** Write a model as an ONNX file (opset 17) for inference: ONNX Runtime, OpenCV and others run it. f32 in, f32 out, the outputs those of cnn_model_predict
 * up to rounding. The input and each layer's output have the layer's name, weights theirs ("conv1/kernel"); kernels are [F, C, H, W] as ONNX
 * has them, those of dense layers over rows [units, inputs]. With nchw the inputs of a dense layer behind a flattened image stand in the order [C, H, W].
 * Dropout is left out. At any moment, a crash included, path holds the old file or the new one. No registering is needed.
 * Errors: CNN_EINVAL; CNN_EUNSUPPORTED a layer of a type of one's own (named), more than 2,147,483,647 bytes; CNN_EDATA a weight that is NaN or
 * infinite; CNN_ESTATE a model that cannot be saved; CNN_EIO; CNN_ENOMEM. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_save_onnx(const cnn_model *model, const char *path, const cnn_onnx_opts *options);

typedef struct cnn_c_opts {
  size_t size;
  const char *name;        /**< what every name in the file begins with: a letter, then letters, digits and single '_', 48 at most; NULL: made of
                                the model's name */
  int32_t int8;            /**< kernels of convolutions and dense layers as int8 with a scale for each output channel, a quarter of the size;
                                what is computed stays float */
  int32_t reserved;
} cnn_c_opts;
#define cnn_c_opts(...) (&(const struct cnn_c_opts){.size = sizeof(struct cnn_c_opts), __VA_ARGS__})

/** Write the model as one C99 file that predicts, for microcontrollers and wherever no library is wanted: it includes nothing but stddef.h and
 * stdint.h, allocates nothing, and holds the weights as constants. Of a model called "mnist" the function is
 *
 *     int32_t mnist_predict(const float *input, float *output, float *work);
 *
 * with MNIST_INPUT_COUNT, MNIST_OUTPUT_COUNT and MNIST_WORK_COUNT floats. Its probabilities are within 1e-5 of those of cnn_model_predict;
 * with int8 they are not: measure what that costs.
 * Errors: CNN_EINVAL path NULL, name no identifier; CNN_EUNSUPPORTED a layer of a type of one's own, more than 2^29 - 1 values in a layer, a kernel
 * or the working memory; CNN_EDATA a weight that is NaN or infinite; CNN_ESTATE no layers, or one that failed; CNN_EIO with errno's text;
 * CNN_ENOMEM. After an error the file is as it was. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_save_c(const cnn_model *model, const char *path, const cnn_c_opts *options);

/** Write the weights of a model as a NumPy archive: numpy.load gives each by its name ("conv1/kernel"), f32, in libcnn's shapes, and so does
 * cnn_npz_load. Paths that end in .npz do the same for cnn_model_save once registered. Equal weights give equal files.
 * Errors: CNN_EINVAL; CNN_EUNSUPPORTED more than 4,294,967,295 bytes; CNN_ESTATE; CNN_EIO; CNN_ENOMEM. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_save_npz(const cnn_model *model, const char *path);

typedef struct cnn_tflite_opts {
  size_t size;
  int32_t int8;     /**< kernels of convolutions and dense layers of 1,024 weights and more as int8 with a scale for each output ("dynamic range": what is
                         computed stays float); not those of groups or of dilated convolutions */
  int32_t reserved;
} cnn_tflite_opts;
#define cnn_tflite_opts(...) (&(const struct cnn_tflite_opts){.size = sizeof(struct cnn_tflite_opts), __VA_ARGS__})

/** Write the model as a file of TensorFlow Lite (LiteRT): schema version 3, float32, images NHWC, any batch size, one signature
 * "serving_default" whose input and output have the names of the first and last layer. Its probabilities are within 1e-5 of those of
 * cnn_model_predict; with int8 they are not: measure what that costs. Errors: CNN_EINVAL; CNN_EUNSUPPORTED a layer of a type of one's own, a file beyond 2
 * GiB; CNN_EDATA a weight that is NaN or infinite; CNN_ESTATE no layers, or one that failed; CNN_EIO with errno's text; CNN_ENOMEM. After an
 * error the file is as it was. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_save_tflite(const cnn_model *model, const char *path, const cnn_tflite_opts *options);

#ifdef __cplusplus
}
#endif
#endif
