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

#include "augment.h"
#include "callback.h"
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
 * Dropout and linear activations are left out, and the output has the name of the last layer that is not.
 * At any moment, a crash included, path holds the old file or the new one. No registering is needed.
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
 * "serving_default" whose input and output have the names of the first and last layer (one at the end that does nothing, dropout or a linear
 * activation, is left out: then the one before it). Its probabilities are within 1e-5 of those of cnn_model_predict;
 * with int8 they are not: measure what that costs. Errors: CNN_EINVAL; CNN_EUNSUPPORTED a layer of a type of one's own, a file beyond 2
 * GiB; CNN_EDATA a weight that is NaN or infinite; CNN_ESTATE no layers, or one that failed; CNN_EIO with errno's text; CNN_ENOMEM. After an
 * error the file is as it was. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_save_tflite(const cnn_model *model, const char *path, const cnn_tflite_opts *options);

typedef struct cnn_tensorboard_opts {
  size_t size;
  int64_t update_freq;            /**< write the running figures also after every so many batches, counted on from epoch to epoch; 0: epochs alone */
  int64_t histogram_freq;         /**< write histograms of all weights every so many epochs, the first one included; 0: none */
  int32_t write_images;           /**< with histograms also the weights as pictures (values in [0, 1], at most three of an array) */
  int32_t write_steps_per_second; /**< of epochs, and of batches where those are written */
  const cnn_tensor *images;       /**< samples to be shown: [N, H, W] or [N, H, W, 1 or 3], f32 in [0, 1] or u8, as the model takes them (u8 divided
                                       by 255); a copy is kept. NULL: none */
  const cnn_tensor *labels;       /**< their classes, integers [N]: then a confusion matrix of all of them is drawn too; a copy is kept. NULL: none */
  const char *const *class_names; /**< `classes` names (copied); NULL: the numbers */
  int64_t classes;                /**< of the matrix, at most 256; 0: as many as the model has outputs */
  int64_t image_freq;             /**< draw every so many epochs, the first one included; 0: 1 */
  int64_t image_count;            /**< how many of the images are shown, the first ones; 0: 10 */
  const cnn_augmenter *augmenter; /**< the model's standardisation of the images, borrowed until the callback is freed; NULL: none */
  int32_t write_graph;            /**< 1: write the model too, for the page of graphs: its layers and what each of them reads */
  int32_t reserved;
} cnn_tensorboard_opts;
#define cnn_tensorboard_opts(...)                                                                                      \
  (&(const struct cnn_tensorboard_opts){.size = sizeof(struct cnn_tensorboard_opts), __VA_ARGS__})

/** A callback that writes event files for TensorBoard, with the tags and steps of Keras 3's own callback: in folder/train and
 * folder/validation "epoch_loss", "epoch_accuracy" ... by epoch (from 0), in train "epoch_learning_rate", "batch_loss" ... by batch, "MODEL/LAYER/WEIGHT/histogram" (of a model
 * whose layers are no row "LAYER/WEIGHT/histogram"), "keras" (the model), in validation "evaluation_loss_vs_iterations" ... by training step, at each validation; and of `images`
 * "samples" and "confusion_matrix" in validation, by epoch. (Keras leaves out evaluations whose count of batches is no multiple of update_freq.)
 *
 * Files are only added to, at the end of each epoch and every two seconds within it: what a killed run has written can be read. A training that goes on
 * from a checkpoint goes on in a new file, which leaves out the events that files of that run have already: TensorBoard shows each once.
 * (One that was killed before its first checkpoint begins anew, as a run of its own beside what is there; Keras does so always.)
 * @param folder made where it is missing, with those above it
 * Errors: CNN_EINVAL, CNN_ESHAPE images or labels; CNN_ENOMEM; from fit CNN_EIO with the file and the system's words (a folder that
 * cannot be written is found before training begins), the file then ends with a whole event. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_tensorboard_new(cnn_callback **out, cnn_context *context, const char *folder,
                                                      const cnn_tensorboard_opts *options);

#ifdef __cplusplus
}
#endif
#endif
