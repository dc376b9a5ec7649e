/** @file inspect.h
 * What a model makes of its inputs: the outputs of any of its layers, and which input values an output hangs on.
 *
 *     cnn_tensor *maps, *slopes;
 *     cnn_model_activations(&maps, m, 1, (const char *[]){"conv1"}, (const cnn_tensor *[]){images}, 1, NULL);
 *     cnn_model_input_gradient(&slopes, 1, m, (const cnn_tensor *[]){images}, 1, NULL);
 *
 * Both work in inference mode and change nothing of the model: no weight, no count, no bit of a later training step. What they run is planned
 * for the call and given back at its end, so that training carries nothing of it. */
#ifndef CNN_INSPECT_H
#define CNN_INSPECT_H

#include "augment.h"
#include "model.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_activations_opts {
  size_t size;
  int64_t batch_size;             /**< 0: 32; the results do not depend on it */
  const cnn_augmenter *augmenter; /**< its standardisation, without transforms; NULL: none */
  int32_t before_activation;      /**< 1: of one layer alone, what the function at its end (activation, softmax ...) is applied to; where there
                                       is none, its outputs */
  int32_t reserved;
} cnn_activations_opts;
#define cnn_activations_opts(...)                                                                                      \
  (&(const struct cnn_activations_opts){.size = sizeof(struct cnn_activations_opts), __VA_ARGS__})

/** Outputs of layers for a batch of inputs in inference mode: for each named layer a new f32 tensor [N, ...output shape], into
 * outputs[0 .. layer_count - 1]. To the bit what a model that ends with that layer would predict; of the last layer what
 * cnn_model_predict gives. One pass for all of them; layers behind the last one named do not run.
 * @param layers names, in any order   @param inputs f32 [N, ...input shape] (rank 3 images get a channel axis)   @param input_count 1
 * Errors: CNN_EINVAL counts, before_activation with several layers; CNN_ENAME a layer unknown (nearest named); CNN_ESHAPE; CNN_EDATA NaN or
 * infinity (sample and position); CNN_ENOMEM. After an error outputs are as they were. Threads: const: several threads may inspect one model. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_activations(cnn_tensor **outputs, const cnn_model *model, int32_t layer_count,
                                                        const char *const *layers, const cnn_tensor *const *inputs,
                                                        int32_t input_count, const cnn_activations_opts *options);

typedef struct cnn_input_gradient_opts {
  size_t size;
  int64_t batch_size;             /**< 0: 32; the results do not depend on it */
  const cnn_augmenter *augmenter; /**< its standardisation, without transforms; the gradient is then that for the standardised inputs; NULL: none */
  const cnn_tensor *classes;      /**< u8, i32 or i64 [N]: of each sample the output value that is meant, from 0 on, in the order of memory where the
                                       output has several axes. NULL: the largest one, the first of equals, which is the predicted class */
  int32_t after_activation;       /**< 1: of the outputs as cnn_model_predict gives them (probabilities); 0: of what the function at the end of the last
                                       layer is applied to (logits), since the gradient of a sure softmax is next to nothing */
  int32_t reserved;
} cnn_input_gradient_opts;
#define cnn_input_gradient_opts(...)                                                                                   \
  (&(const struct cnn_input_gradient_opts){.size = sizeof(struct cnn_input_gradient_opts), __VA_ARGS__})

/** The gradient of one output value of each sample with respect to its inputs, in inference mode: a new f32 tensor [N, ...input shape] into
 * gradients[0]. Its absolute values are the saliency map of Simonyan, Vedaldi, Zisserman 2013 (arXiv:1312.6034). Dropout passes everything on, normalisation goes
 * by its moving statistics, and whether layers are frozen does not matter; the backward of a layer of one's own (extend.h) is called with training 0.
 * @param gradient_count, input_count 1   @param inputs f32 [N, ...input shape] (rank 3 images get a channel axis)
 * Same bits for any number of threads and any batch. Errors: CNN_EINVAL counts; CNN_ESHAPE inputs or classes; CNN_EDATA NaN or infinity (sample and
 * position), a class outside the outputs; CNN_ENOMEM. After an error gradients are as they were. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_input_gradient(cnn_tensor **gradients, int32_t gradient_count,
                                                           const cnn_model *model, const cnn_tensor *const *inputs,
                                                           int32_t input_count, const cnn_input_gradient_opts *options);

#ifdef __cplusplus
}
#endif
#endif
