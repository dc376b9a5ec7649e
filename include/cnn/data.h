/** @file data.h
 * Data sets, IDX and NumPy files, and splitting.
 *
 *     cnn_dataset *train, *validation;
 *     cnn_dataset_load_idx(&train, ctx, "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", NULL);
 *     cnn_dataset_split(&validation, train, 0.1);       // the last tenth
 *
 * A data set keeps bytes as they came; they become float32 in [0, 1] (divided by 255) image by image, when a batch is made. */
#ifndef CNN_DATA_H
#define CNN_DATA_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_dataset cnn_dataset;

/** Read an IDX file, plain or gzip, of any of its element types that a tensor has (u8, i32, f32).
 * Errors: CNN_EIO, CNN_EFORMAT (bad magic, type, more or fewer bytes than the header says: both given; more than the
 * context's max_load_bytes), CNN_EUNSUPPORTED (i8, i16, f64),
 * CNN_ENOMEM. Threads: any. Since 0.1. (Format: big-endian 00 00 type rank, extents, data row-major.) */
CNN_API CNN_MUST_CHECK cnn_status cnn_idx_load(cnn_tensor **out, cnn_context *context, const char *path);

/** Read a NumPy array file (.npy, plain or gzip), or the array `name` ("x_train") of an archive (.npz, as numpy.savez and
 * numpy.savez_compressed write it). Types: uint8, bool (as u8), int32, int64, float32, little-endian, C order.
 * Errors: CNN_EIO; CNN_EFORMAT no such file format, damaged, more or fewer bytes than the header says, no such array, more than the
 * context's max_load_bytes; CNN_EUNSUPPORTED another element type, Fortran order, more than CNN_MAX_RANK axes (the text says what to do);
 * CNN_EINVAL; CNN_ENOMEM. Threads: any. Since 0.1. (Format: NumPy Enhancement Proposal 1.) */
CNN_API CNN_MUST_CHECK cnn_status cnn_npy_load(cnn_tensor **out, cnn_context *context, const char *path);
CNN_API CNN_MUST_CHECK cnn_status cnn_npz_load(cnn_tensor **out, cnn_context *context, const char *path, const char *name);

typedef struct cnn_dataset_opts {
  size_t size;
  int64_t classes;     /**< of integer labels; 0: largest label + 1 */
  float divisor;       /**< of u8 inputs; 0: 255 */
  int32_t reserved;
  cnn_tensor *sample_weights; /**< f32 [N] or [N, 1], finite, held as the targets are; NULL: none. What a sample counts in losses and weighted metrics */
} cnn_dataset_opts;
#define cnn_dataset_opts(...) (&(const struct cnn_dataset_opts){.size = sizeof(struct cnn_dataset_opts), __VA_ARGS__})

/** A data set of tensors, which it holds (no copy): their values must not change as long as it, or a part split off, lives.
 * @param inputs   input_count (1) tensors, u8 or f32, first axis the samples; rank 3 images [N, H, W] get a channel axis
 *                 (a model whose input has two axes takes them without)
 * @param targets  target_count (0 or 1) tensors with the same first axis: class labels (u8, i32, i64), one a sample, [N] or [N, 1], or one for each
 *                 row of the model's output, [N, ...]; or f32 rows, [N, ...output shape], a last axis of 1 may be left out
 * Errors: CNN_ESHAPE types, ranks, or first axes differ; CNN_EDATA NaN or infinity (sample and position), a label outside [0, classes);
 * CNN_EINVAL counts, no samples, classes or divisor negative. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_dataset_new(cnn_dataset **out, cnn_context *context, int32_t input_count,
                                                  cnn_tensor *const *inputs, int32_t target_count,
                                                  cnn_tensor *const *targets, const cnn_dataset_opts *options);

/** Images and labels from two IDX files (each plain or gzip). Errors: those of cnn_idx_load and cnn_dataset_new. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_dataset_load_idx(cnn_dataset **out, cnn_context *context, const char *images,
                                                       const char *labels, const cnn_dataset_opts *options);

/** Training and test data from an archive laid out as Keras's mnist.npz: x_train, y_train, x_test, y_test.
 * @param out_test may be NULL: then the test arrays are not read, nor need they be there
 * Errors: those of cnn_npz_load and cnn_dataset_new; on an error both are NULL. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_dataset_load_npz(cnn_dataset **out_train, cnn_dataset **out_test, cnn_context *context,
                                                       const char *path, const cnn_dataset_opts *options);

/** NULL does nothing. Since 0.1. */
CNN_API void cnn_dataset_free(cnn_dataset *dataset);

/** Move the last part of a data set into a new one: `fraction` in (0, 1); the boundary is floor(n * (1 - fraction)) as in Keras; order is
 * kept, nothing is copied. Errors: CNN_EINVAL fraction or an empty part; CNN_ESTATE a running fit uses the data set; CNN_ENOMEM. On an
 * error nothing is changed. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_dataset_split(cnn_dataset **out_last, cnn_dataset *dataset, double fraction);

/** Samples; classes (columns of f32 targets; 0 without targets); shape of one input sample without the batch axis (`shape` may be NULL,
 * else receives at most CNN_MAX_RANK extents; returns the rank); element type of the inputs. Since 0.1. */
CNN_API int64_t cnn_dataset_count(const cnn_dataset *dataset);
CNN_API int64_t cnn_dataset_classes(const cnn_dataset *dataset);
CNN_API int32_t cnn_dataset_input_shape(const cnn_dataset *dataset, int64_t *shape);
CNN_API int32_t cnn_dataset_input_type(const cnn_dataset *dataset);

/** Label of a sample: the class, or the largest column of an f32 target row (the first of equal ones); -1 without targets, out of range, or
 * where a sample has several. */
CNN_API int64_t cnn_dataset_label(const cnn_dataset *dataset, int64_t index);

/** How many samples (where they have several labels: labels) each class has, into counts[0 .. classes - 1]. Errors: CNN_EINVAL classes is not cnn_dataset_classes. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_dataset_class_counts(const cnn_dataset *dataset, int64_t classes, int64_t *counts);

/** Smallest and largest stored input value (before scaling). Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_dataset_range(const cnn_dataset *dataset, double *minimum, double *maximum);

/** Mean and standard deviation of each feature, of the values as a model sees them (bytes divided): over all samples and all axes but
 * the last, so per channel of images, per column of vectors. The deviation is that of all values (divided by their count, as NumPy does).
 * @param features  the last extent of cnn_dataset_input_shape   @param mean, deviation  room for as many; either may be NULL
 * Errors: CNN_EINVAL features; CNN_ENOMEM. Threads: const. Since 0.1. (Pairwise joining of moments: Chan, Golub, LeVeque 1979.) */
CNN_API CNN_MUST_CHECK cnn_status cnn_dataset_statistics(const cnn_dataset *dataset, int64_t features, double *mean,
                                                         double *deviation);

/** Samples [first, first + count) as a model sees them: f32 [count, ...], scaled. Errors: CNN_EINVAL range; CNN_ENOMEM.
 * Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_dataset_inputs(cnn_tensor **out, const cnn_dataset *dataset, int64_t first,
                                                     int64_t count);

/** All labels as i32 [count]. Errors: CNN_ESTATE without targets; CNN_ESHAPE where a sample has several; CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_dataset_labels(cnn_tensor **out, const cnn_dataset *dataset);

/** The samples' weights as f32 [count]. Errors: CNN_ESTATE without; CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_dataset_sample_weights(cnn_tensor **out, const cnn_dataset *dataset);

#ifdef __cplusplus
}
#endif
#endif
