/** @file model.h
 * The model: a graph of layers with its weights. Made, looked at, saved and loaded here; compiled and trained in train.h.
 *
 *     cnn_model *m;
 *     cnn_model_new(&m, ctx, NULL);
 *     cnn_input(m, 3, (const int64_t[]){28, 28, 1}, NULL);
 *     cnn_flatten(m, NULL);
 *     cnn_dense(m, 10, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
 *     cnn_model_summary(m, NULL, NULL);
 *
 * Weights are made and initialised as each layer is added, from the context's seed. */
#ifndef CNN_MODEL_H
#define CNN_MODEL_H

#include "layers.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_model_opts {
  size_t size;
  const char *name; /**< NULL: "sequential" */
} cnn_model_opts;
#define cnn_model_opts(...) (&(const struct cnn_model_opts){.size = sizeof(struct cnn_model_opts), __VA_ARGS__})

/** An empty model. Errors: CNN_EINVAL name not of 1 to 255 bytes of UTF-8 without control characters; CNN_ENOMEM.
 * Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_new(cnn_model **out, cnn_context *context, const cnn_model_opts *options);

/** NULL does nothing. Inside fit's callbacks the model lives on until fit returns. Since 0.1. */
CNN_API void cnn_model_free(cnn_model *model);

/** CNN_OK, or the first error of a layer constructor, with its text recorded again on this thread. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_status(const cnn_model *model);

/** Forget that error: the model is what it was before the constructor that failed, and takes layers again. For programs in which a person
 * tries layers out; NULL, or a model without an error: nothing happens. Threads: one per model. Since 0.1. */
CNN_API void cnn_model_forget_error(cnn_model *model);

/** Name; layers in order of making, input layers included; by name (NULL and CNN_ENAME text if there is none). Borrowed. Since 0.1. */
CNN_API const char *cnn_model_name(const cnn_model *model);
CNN_API int32_t cnn_model_layer_count(const cnn_model *model);
CNN_API cnn_layer *cnn_model_layer_at(const cnn_model *model, int32_t index);
CNN_API cnn_layer *cnn_model_layer(const cnn_model *model, const char *name);

/** Shapes of inputs and outputs without the batch axis; index 0 to count - 1 (one each in this version), `shape` receives at
 * most CNN_MAX_RANK extents. @return rank; -1 for no such index. Since 0.1. */
CNN_API int32_t cnn_model_input_count(const cnn_model *model);
CNN_API int32_t cnn_model_output_count(const cnn_model *model);
CNN_API int32_t cnn_model_input_shape(const cnn_model *model, int32_t index, int64_t *shape);
CNN_API int32_t cnn_model_output_shape(const cnn_model *model, int32_t index, int64_t *shape);

/** Weights counted: all, and those that training changes. Since 0.1. */
CNN_API int64_t cnn_model_parameters(const cnn_model *model);
CNN_API int64_t cnn_model_trainable_parameters(const cnn_model *model);

/** FLOP of one sample, forward and in a training step (a multiply-add counts two; convolution and dense layers; a training step
 * has no input gradient for the first of them). Since 0.1. */
CNN_API int64_t cnn_model_flops(const cnn_model *model);
CNN_API int64_t cnn_model_training_flops(const cnn_model *model);

/** Weight arrays, in model order, a layer's parameters before its moving statistics: how many, and the name of one
 * ("conv1/kernel", "bn1/moving_mean"; borrowed; NULL for no such index). Since 0.1. */
CNN_API int32_t cnn_model_weight_count(const cnn_model *model);
CNN_API const char *cnn_model_weight_name(const cnn_model *model, int32_t index);

/** A copy of one weight array, f32. Errors: CNN_ENAME (nearest named), CNN_ENOMEM. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_weight(cnn_tensor **out, const cnn_model *model, const char *name);

/** Replace one weight array. Errors: CNN_ENAME; CNN_ESHAPE not f32 or not the shape; CNN_EDATA NaN or infinity (position named).
 * On an error nothing is changed. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_set_weight(cnn_model *model, const char *name, const cnn_tensor *value);

/** XXH3-128 of all weights' bytes in model order (with moving statistics), as 32 hex digits in buffer.
 * Equal runs have equal hashes, whatever the number of threads. @return buffer. Threads: const. Since 0.1. */
CNN_API const char *cnn_model_hash(const cnn_model *model, char buffer[33]);

typedef struct cnn_summary_opts {
  size_t size;
  int32_t line_length;     /**< 0: min(88, columns - 4); with branches 108, with show_trainable 12 more */
  int32_t show_trainable;
} cnn_summary_opts;
#define cnn_summary_opts(...) (&(const struct cnn_summary_opts){.size = sizeof(struct cnn_summary_opts), __VA_ARGS__})

/** The table of layers, shapes and parameters as Keras 3 prints it: a model whose layers each read the one before as a Sequential,
 * any other as a Functional, with its input and a column of what each layer is connected to. @param sink NULL: the context's. Errors: CNN_ESTATE a layer failed;
 * CNN_EINVAL line_length too narrow; CNN_ENOMEM. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_summary(const cnn_model *model, const cnn_sink *sink,
                                                    const cnn_summary_opts *options);

typedef struct cnn_diagram_opts {
  size_t size;
  int32_t dpi;             /**< 0: 200 */
  int32_t no_shapes;
  int32_t no_layer_names;
  int32_t show_activations;
  int32_t show_trainable;
  int32_t left_to_right;   /**< rankdir LR instead of TB */
} cnn_diagram_opts;
#define cnn_diagram_opts(...) (&(const struct cnn_diagram_opts){.size = sizeof(struct cnn_diagram_opts), __VA_ARGS__})

/** The graph as Graphviz DOT text, drawn as plot_model draws it. @param sink NULL: the context's. Errors: CNN_ESTATE, CNN_ENOMEM. Threads:
 * const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_diagram(const cnn_model *model, const cnn_sink *sink,
                                                    const cnn_diagram_opts *options);

typedef struct cnn_save_opts {
  size_t size;
  int32_t weights_only;    /**< leave out configuration, compilation and optimizer state */
  int32_t no_optimizer;    /**< leave out the optimizer's state */
} cnn_save_opts;
#define cnn_save_opts(...) (&(const struct cnn_save_opts){.size = sizeof(struct cnn_save_opts), __VA_ARGS__})

/** Write the model to a file in the safetensors form (docs/file-format.md), or in the one of format.h that the path's ending names. At any moment, a crash included, path holds
 * the old file or the new one, whole. Errors: CNN_EIO with errno's text; CNN_ENOMEM; CNN_ESTATE, also
 * of a model with more layers or weights than a file holds; CNN_EUNSUPPORTED an ending of a form that is not registered (.h5, .onnx ...). Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_save(const cnn_model *model, const char *path, const cnn_save_opts *options);

/** The same file into memory. @param buffer `capacity` bytes, at any alignment; NULL: only the size is wanted
 * @param bytes set to the size of the file, also where the buffer is too small; may be NULL where buffer is not
 * Errors: CNN_EINVAL the buffer is too small (both sizes named; it is left as it was); CNN_ENOMEM; CNN_ESTATE. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_save_memory(const cnn_model *model, void *buffer, size_t capacity, size_t *bytes,
                                                        const cnn_save_opts *options);

typedef struct cnn_load_opts {
  size_t size;
  int64_t max_bytes;       /**< refuse larger files, and those that unpack to more (.keras, compressed .h5); 0: 1 GiB, and the form's own limits */
  int32_t no_optimizer;    /**< leave the model uncompiled */
  int32_t reserved;
} cnn_load_opts;
#define cnn_load_opts(...) (&(const struct cnn_load_opts){.size = sizeof(struct cnn_load_opts), __VA_ARGS__})

/** A model from a file of cnn_model_save, or of a form of format.h: it predicts and goes on training with the same bits. Files are taken as hostile: sizes are
 * checked before memory is asked for. Errors: CNN_EIO, CNN_EFORMAT (what and where), CNN_ETOONEW, CNN_EUNSUPPORTED a model that this version
 * does not run or a form that is not registered, CNN_EINVAL an argument, CNN_ENOMEM. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_load(cnn_model **out, cnn_context *context, const char *path,
                                                 const cnn_load_opts *options);

/** The same of a file that lies in memory, at any alignment; nothing of it is kept. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_load_memory(cnn_model **out, cnn_context *context, const void *data, size_t bytes,
                                                        const cnn_load_opts *options);

/** Take the weights of a file into this model: same names and shapes. On an error nothing is changed.
 * Errors: as cnn_model_load; CNN_ESHAPE a weight missing, left over or of another shape (named). Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_load_weights(cnn_model *model, const char *path, const cnn_load_opts *options);
CNN_API CNN_MUST_CHECK cnn_status cnn_model_load_weights_memory(cnn_model *model, const void *data, size_t bytes,
                                                                const cnn_load_opts *options);

#ifdef __cplusplus
}
#endif
#endif
