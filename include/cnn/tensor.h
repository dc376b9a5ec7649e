/** @file tensor.h
 * Tensors: element type, shape and data; the form in which batches, targets and results travel.
 *
 *     cnn_tensor *x;
 *     cnn_tensor_new(&x, ctx, CNN_F32, 4, (const int64_t[]){1, 28, 28, 1}, NULL);
 *     float *pixels = cnn_tensor_data(x);
 *
 * Dense, row-major, the last axis fastest; images are [N, H, W, C]. */
#ifndef CNN_TENSOR_H
#define CNN_TENSOR_H

#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_tensor cnn_tensor;

#define CNN_MAX_RANK 8

/** Element types. */
#define CNN_F32 1
#define CNN_U8 2
#define CNN_I32 3
#define CNN_I64 4

typedef struct cnn_tensor_opts {
  size_t size;
  void *data;                                /**< wrap this memory instead of allocating; lives until release is called */
  void (*release)(void *user, void *data);   /**< called once when the tensor goes; NULL: the caller keeps the memory alive */
  void *user;
  int32_t copy;                              /**< take a copy of data; release is called at once, from cnn_tensor_new */
  int32_t reserved;
} cnn_tensor_opts;
#define cnn_tensor_opts(...) (&(const struct cnn_tensor_opts){.size = sizeof(struct cnn_tensor_opts), __VA_ARGS__})

/** Make a tensor, zero-filled, or around the caller's memory (aligned to its element), or of a copy of it (at any alignment).
 * @param type CNN_F32, CNN_U8, CNN_I32, CNN_I64   @param rank 0 to CNN_MAX_RANK   @param shape rank extents >= 0
 * Errors: CNN_EINVAL type, rank, misaligned data, copy or release without data; CNN_ESHAPE a negative extent or too many elements; CNN_ENOMEM. On an error
 * release is not called. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_tensor_new(cnn_tensor **out, cnn_context *context, int32_t type, int32_t rank,
                                                 const int64_t *shape, const cnn_tensor_opts *options);

/** A new tensor of the same type, shape and values, in memory of its own. Errors: CNN_EINVAL; CNN_ENOMEM. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_tensor_copy(cnn_tensor **out, const cnn_tensor *tensor);

/** NULL does nothing. Since 0.1. */
CNN_API void cnn_tensor_free(cnn_tensor *tensor);

/** Element type, rank, extents (borrowed), number of elements, bytes. Since 0.1. */
CNN_API int32_t cnn_tensor_type(const cnn_tensor *tensor);
CNN_API int32_t cnn_tensor_rank(const cnn_tensor *tensor);
CNN_API const int64_t *cnn_tensor_shape(const cnn_tensor *tensor);
CNN_API int64_t cnn_tensor_count(const cnn_tensor *tensor);
CNN_API size_t cnn_tensor_bytes(const cnn_tensor *tensor);

/** The data, borrowed, row-major. Since 0.1. */
CNN_API void *cnn_tensor_data(cnn_tensor *tensor);
CNN_API const void *cnn_tensor_read(const cnn_tensor *tensor);

/** Name of an element type, "float32", "uint8", "int32", "int64"; bytes of one element (0: unknown). Since 0.1. */
CNN_API const char *cnn_type_name(int32_t type);
CNN_API size_t cnn_type_size(int32_t type);

/** Integer class labels (i32, i64 or u8, any shape) -> new f32 tensor with one more axis of `classes`: 1 at the label, 0 elsewhere.
 * Errors: CNN_EDATA a label outside [0, classes), with its position; CNN_EINVAL classes < 1; CNN_ESHAPE not integers or rank.
 * Threads: any. Since 0.1. (Keras: to_categorical.) */
CNN_API CNN_MUST_CHECK cnn_status cnn_to_categorical(cnn_tensor **out, const cnn_tensor *labels, int64_t classes);

/** The way back: f32 rows [..., K], outputs of a model as a rule -> new i32 tensor [...]: the column of the largest value, the first of equal
 * ones; where K is 1 (a sigmoid): 1 above 0.5, else 0. Errors: CNN_EDATA NaN, with its row; CNN_ESHAPE not f32, rank 0, no columns;
 * CNN_ENOMEM. Threads: any. Since 0.1. (NumPy: argmax over the last axis.) */
CNN_API CNN_MUST_CHECK cnn_status cnn_to_classes(cnn_tensor **out, const cnn_tensor *rows);

#ifdef __cplusplus
}
#endif
#endif
