/** @file layers.h
 * One constructor for each built-in layer: required arguments in position, the rest by name.
 *
 *     cnn_input(m, 3, (const int64_t[]){28, 28, 1}, NULL);
 *     cnn_conv2d(m, 32, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU));
 *     cnn_batch_normalization(m, NULL);
 *     cnn_max_pooling2d(m, 2, 2, NULL);
 *     cnn_flatten(m, NULL);
 *     cnn_dense(m, 10, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
 *
 * All return the layer, borrowed from the model, or NULL on an error that the model keeps (see layer.h). Images are [N, H, W, C], batch axis
 * included in the formulas below and never given. Names of options are those of Keras where it has one; formulas are Keras 3's.
 * Errors of all: CNN_EINVAL an argument out of range, a first layer that is no input; CNN_ESHAPE the input's rank or extents do not fit;
 * CNN_ENAME a name taken, an input that does not exist, an unknown initialiser or regularizer; CNN_ESTATE the model is compiled;
 * CNN_EUNSUPPORTED a second input; CNN_ENOMEM. Threads: one per model. Since 0.1. */
#ifndef CNN_LAYERS_H
#define CNN_LAYERS_H

#include "layer.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Padding of convolution and pooling. SAME: H' = ceil(H / stride), the odd element of padding at the bottom and right. */
#define CNN_PADDING_VALID 0
#define CNN_PADDING_SAME 1

/** Activations, and their names in text. Parameters are those of Keras 3's functions; cnn_activation_opts sets others.
 *
 *   linear      x                         relu        max(x, 0)
 *   sigmoid     1 / (1 + exp(-x))         tanh        tanh(x)
 *   softmax     exp(x) / sum of exp(x) over the last axis
 *   leaky_relu  x where x > 0, else negative_slope * x (0.2)
 *   elu         x where x > 0, else alpha * (exp(x) - 1) (alpha 1)          (Clevert, Unterthiner, Hochreiter 2015)
 *   gelu        x * Phi(x), Phi the normal distribution; approximate: x / 2 * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
 *               (Hendrycks, Gimpel 2016)
 *   softplus    log(1 + exp(x))           silu        x / (1 + exp(-x)), also called swish
 *
 * Gradients at 0: relu 0, leaky_relu the slope, elu alpha. NaN gives NaN. Of -infinity gelu and silu are 0 as their limits
 * are (Keras: NaN); softmax of a row with +infinity or NaN in it is NaN. */
#define CNN_ACTIVATION_LINEAR 0
#define CNN_ACTIVATION_RELU 1
#define CNN_ACTIVATION_SIGMOID 2
#define CNN_ACTIVATION_TANH 3
#define CNN_ACTIVATION_SOFTMAX 4
#define CNN_ACTIVATION_LEAKY_RELU 5
#define CNN_ACTIVATION_ELU 6
#define CNN_ACTIVATION_GELU 7
#define CNN_ACTIVATION_SOFTPLUS 8
#define CNN_ACTIVATION_SILU 9

/** Initialisers: the first values of weights. A field of type int32_t takes one of these with Keras's numbers, 0 being the weight's
 * own default; a field of type const char * (`kernel_init`) takes the text form, in which numbers may be given by name or in order:
 *
 *   zeros  ones  constant(value=0)
 *   glorot_uniform  he_uniform  lecun_uniform    uniform within sqrt(3 v) of 0
 *   glorot_normal  he_normal  lecun_normal       normal of variance v, cut at two deviations of the uncut one
 *   random_uniform(minval=-0.05,maxval=0.05)     random_normal(mean=0,stddev=0.05)
 *   truncated_normal(mean=0,stddev=0.05)         normal without what lies beyond two stddev
 *   orthogonal(gain=1)                           gain times orthonormal rows or columns, all axes but the last being one; two axes at least
 *
 * v = 2 / (fan_in + fan_out) for glorot (Glorot, Bengio 2010), 2 / fan_in for he (He et al. 2015), 1 / fan_in for lecun; fans counted
 * as Keras does. Values are a function of (seed, layer, weight, position). stddev >= 0; all numbers finite.
 *
 * Regularizers, in text alone: "l1(l1=0.01)", "l2(l2=0.01)", "l1_l2(l1=0,l2=0)", "none". l1 * sum |w| + l2 * sum w^2, as the weights stand
 * before the step, is added to the loss and to the figures "loss" and "val_loss", its gradient to that of the weight before the
 * optimizer sees it. Frozen weights cost nothing. */
#define CNN_INITIALIZER_DEFAULT 0
#define CNN_INITIALIZER_ZEROS 1
#define CNN_INITIALIZER_ONES 2
#define CNN_INITIALIZER_GLOROT_UNIFORM 3
#define CNN_INITIALIZER_HE_UNIFORM 4
#define CNN_INITIALIZER_LECUN_UNIFORM 5
#define CNN_INITIALIZER_GLOROT_NORMAL 6
#define CNN_INITIALIZER_HE_NORMAL 7
#define CNN_INITIALIZER_LECUN_NORMAL 8
#define CNN_INITIALIZER_CONSTANT 9
#define CNN_INITIALIZER_TRUNCATED_NORMAL 10
#define CNN_INITIALIZER_RANDOM_UNIFORM 11
#define CNN_INITIALIZER_RANDOM_NORMAL 12
#define CNN_INITIALIZER_ORTHOGONAL 13

typedef struct cnn_input_opts {
  size_t size;
  const char *name;
} cnn_input_opts;
#define cnn_input_opts(...) (&(const struct cnn_input_opts){.size = sizeof(struct cnn_input_opts), __VA_ARGS__})

/** The model's input: the first layer of every model.
 * @param rank 1 to 4, batch axis left out   @param shape rank extents >= 1, [H, W, C] for images */
CNN_API cnn_layer *cnn_input(cnn_model *model, int32_t rank, const int64_t *shape, const cnn_input_opts *options);

typedef struct cnn_conv2d_opts {
  size_t size;
  const char *name;
  const char *input;
  int32_t strides[2];         /**< 0: 1, 1 */
  int32_t dilation_rate[2];   /**< 0: 1, 1; other than 1 only with strides 1 */
  int32_t padding;            /**< CNN_PADDING_VALID */
  int32_t groups;             /**< 0: 1; divides input channels and filters */
  int32_t activation;         /**< CNN_ACTIVATION_LINEAR */
  int32_t no_bias;
  int32_t kernel_initializer; /**< glorot_uniform */
  int32_t bias_initializer;   /**< zeros */
  int32_t frozen;             /**< not trainable: its weights stay as they are */
  int32_t reserved;
  const char *kernel_init;    /**< initializer as text, instead of kernel_initializer: "random_normal(stddev=0.1)" */
  const char *bias_init;      /**< likewise */
  const char *kernel_regularizer; /**< none; "l2(0.0001)" */
  const char *bias_regularizer;   /**< none */
} cnn_conv2d_opts;
#define cnn_conv2d_opts(...) (&(const struct cnn_conv2d_opts){.size = sizeof(struct cnn_conv2d_opts), __VA_ARGS__})

/** 2-D convolution (cross-correlation).
 *
 *   x [N, H, W, C]   y [N, H', W', filters]
 *   y[n,i,j,f] = act(bias[f] + sum over p, q, c of x[n, i*sh + p*dh - top, j*sw + q*dw - left, c] * kernel[p,q,c,f])
 *   H' = ceil((H - (kh - 1) * dh) / sh) with VALID, ceil(H / sh) with SAME
 *   parameters: "kernel" [kh, kw, C / groups, filters], "bias" [filters] unless no_bias
 *
 * @param filters 1 to 2^24   @param kernel_height, kernel_width 1 to 2^15 */
CNN_API cnn_layer *cnn_conv2d(cnn_model *model, int64_t filters, int64_t kernel_height, int64_t kernel_width,
                              const cnn_conv2d_opts *options);

typedef struct cnn_batch_normalization_opts {
  size_t size;
  const char *name;
  const char *input;
  float momentum;     /**< weight of the old moving value, [0, 1]; 0: 0.99; CNN_ZERO: 0 */
  float epsilon;      /**< > 0; 0: 0.001 */
  int32_t no_center;  /**< leave out beta */
  int32_t no_scale;   /**< leave out gamma */
  int32_t frozen;     /**< not trainable: moving statistics in training too, nothing changes */
  int32_t reserved;
  const char *gamma_init;           /**< initializer as text; ones */
  const char *beta_init;            /**< zeros */
  const char *moving_mean_init;     /**< zeros */
  const char *moving_variance_init; /**< ones */
  const char *gamma_regularizer;    /**< none; "l2(0.0001)" */
  const char *beta_regularizer;     /**< none */
} cnn_batch_normalization_opts;
#define cnn_batch_normalization_opts(...)                                                                              \
  (&(const struct cnn_batch_normalization_opts){.size = sizeof(struct cnn_batch_normalization_opts), __VA_ARGS__})

/** Batch normalisation over the last axis (Ioffe, Szegedy 2015).
 *
 *   training   y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, mean and biased variance of the batch per channel;
 *              moving = moving * momentum + batch * (1 - momentum)
 *   inference  the same with moving_mean and moving_variance
 *   parameters: "gamma" [C], "beta" [C]; state: "moving_mean" [C], "moving_variance" [C] */
CNN_API cnn_layer *cnn_batch_normalization(cnn_model *model, const cnn_batch_normalization_opts *options);

typedef struct cnn_max_pooling2d_opts {
  size_t size;
  const char *name;
  const char *input;
  int32_t strides[2]; /**< 0: the pool's size */
  int32_t padding;    /**< CNN_PADDING_VALID */
  int32_t reserved;
} cnn_max_pooling2d_opts;
#define cnn_max_pooling2d_opts(...)                                                                                    \
  (&(const struct cnn_max_pooling2d_opts){.size = sizeof(struct cnn_max_pooling2d_opts), __VA_ARGS__})

/** Maximum over windows. x [N, H, W, C], y [N, H', W', C]. Padding is left out, not counted as 0. Of equal maxima the first, row
 * by row, takes the gradient. @param pool_height, pool_width 1 to 2^15, product at most 65,536 */
CNN_API cnn_layer *cnn_max_pooling2d(cnn_model *model, int64_t pool_height, int64_t pool_width,
                                     const cnn_max_pooling2d_opts *options);

typedef struct cnn_average_pooling2d_opts {
  size_t size;
  const char *name;
  const char *input;
  int32_t strides[2]; /**< 0: the pool's size */
  int32_t padding;    /**< CNN_PADDING_VALID */
  int32_t reserved;
} cnn_average_pooling2d_opts;
#define cnn_average_pooling2d_opts(...)                                                                                \
  (&(const struct cnn_average_pooling2d_opts){.size = sizeof(struct cnn_average_pooling2d_opts), __VA_ARGS__})

/** Average over windows. x [N, H, W, C], y [N, H', W', C], H' and W' as in cnn_max_pooling2d. Padding is left out: the sum is
 * divided by the number of positions inside the image. @param pool_height, pool_width 1 to 2^15 */
CNN_API cnn_layer *cnn_average_pooling2d(cnn_model *model, int64_t pool_height, int64_t pool_width,
                                         const cnn_average_pooling2d_opts *options);

typedef struct cnn_global_average_pooling2d_opts {
  size_t size;
  const char *name;
  const char *input;
  int32_t keepdims;   /**< y [N, 1, 1, C] instead of [N, C] */
  int32_t reserved;
} cnn_global_average_pooling2d_opts;
#define cnn_global_average_pooling2d_opts(...)                                                                         \
  (&(const struct cnn_global_average_pooling2d_opts){.size = sizeof(struct cnn_global_average_pooling2d_opts),         \
                                                     __VA_ARGS__})

/** Average of each channel over the whole image (Lin, Chen, Yan 2014). x [N, H, W, C], y [N, C]. Summed in double. */
CNN_API cnn_layer *cnn_global_average_pooling2d(cnn_model *model, const cnn_global_average_pooling2d_opts *options);

typedef struct cnn_global_max_pooling2d_opts {
  size_t size;
  const char *name;
  const char *input;
  int32_t keepdims;   /**< y [N, 1, 1, C] instead of [N, C] */
  int32_t reserved;
} cnn_global_max_pooling2d_opts;
#define cnn_global_max_pooling2d_opts(...)                                                                             \
  (&(const struct cnn_global_max_pooling2d_opts){.size = sizeof(struct cnn_global_max_pooling2d_opts), __VA_ARGS__})

/** Maximum of each channel over the whole image. x [N, H, W, C], y [N, C]. Equal maxima share the gradient in equal parts. */
CNN_API cnn_layer *cnn_global_max_pooling2d(cnn_model *model, const cnn_global_max_pooling2d_opts *options);

typedef struct cnn_add_opts {
  size_t size;
  const char *name;
  const char *const *inputs; /**< names of the layers to add, read during the call; must be given */
  int32_t input_count;       /**< 2 to 32 */
  int32_t reserved;
} cnn_add_opts;
#define cnn_add_opts(...) (&(const struct cnn_add_opts){.size = sizeof(struct cnn_add_opts), __VA_ARGS__})

/** The sum of several layers' outputs, in their order: how branches come together.
 *
 *     cnn_add(m, cnn_add_opts(.inputs = (const char *const[]){"bn2", "shortcut"}, .input_count = 2));
 *
 * All inputs have one shape, which is the output's; one may be named more than once. Errors besides those of all: CNN_EINVAL fewer
 * than 2 or more than 32 inputs, a name NULL; CNN_ESHAPE the shapes differ (both named). */
CNN_API cnn_layer *cnn_add(cnn_model *model, const cnn_add_opts *options);

typedef struct cnn_flatten_opts {
  size_t size;
  const char *name;
  const char *input;
} cnn_flatten_opts;
#define cnn_flatten_opts(...) (&(const struct cnn_flatten_opts){.size = sizeof(struct cnn_flatten_opts), __VA_ARGS__})

/** x [N, ...] -> y [N, product of the rest], row-major. */
CNN_API cnn_layer *cnn_flatten(cnn_model *model, const cnn_flatten_opts *options);

typedef struct cnn_dense_opts {
  size_t size;
  const char *name;
  const char *input;
  int32_t activation;         /**< CNN_ACTIVATION_LINEAR */
  int32_t no_bias;
  int32_t kernel_initializer; /**< glorot_uniform */
  int32_t bias_initializer;   /**< zeros */
  int32_t frozen;             /**< not trainable: its weights stay as they are */
  int32_t reserved;
  const char *kernel_init;    /**< initializer as text, instead of kernel_initializer: "random_normal(stddev=0.1)" */
  const char *bias_init;      /**< likewise */
  const char *kernel_regularizer; /**< none; "l2(0.0001)" */
  const char *bias_regularizer;   /**< none */
} cnn_dense_opts;
#define cnn_dense_opts(...) (&(const struct cnn_dense_opts){.size = sizeof(struct cnn_dense_opts), __VA_ARGS__})

/** y = act(x . kernel + bias) over the last axis. x [N, ..., C], y [N, ..., units];
 * parameters: "kernel" [C, units], "bias" [units] unless no_bias. @param units 1 to 2^24 */
CNN_API cnn_layer *cnn_dense(cnn_model *model, int64_t units, const cnn_dense_opts *options);

typedef struct cnn_dropout_opts {
  size_t size;
  const char *name;
  const char *input;
} cnn_dropout_opts;
#define cnn_dropout_opts(...) (&(const struct cnn_dropout_opts){.size = sizeof(struct cnn_dropout_opts), __VA_ARGS__})

/** In training each element is 0 with probability `rate`, else x / (1 - rate); the identity otherwise (Srivastava et al. 2014).
 * The mask is a function of (seed, layer, pass, sample, position). @param rate [0, 1], taken literally; 1 gives zeros */
CNN_API cnn_layer *cnn_dropout(cnn_model *model, float rate, const cnn_dropout_opts *options);

typedef struct cnn_activation_opts {
  size_t size;
  const char *name;
  const char *input;
  float negative_slope; /**< of leaky_relu, >= 0; 0: 0.2; CNN_ZERO: 0 */
  float alpha;          /**< of elu, >= 0; 0: 1; CNN_ZERO: 0 */
  int32_t approximate;  /**< of gelu: by tanh */
  int32_t reserved;
} cnn_activation_opts;
#define cnn_activation_opts(...) (&(const struct cnn_activation_opts){.size = sizeof(struct cnn_activation_opts), __VA_ARGS__})

/** y = act(x), shape unchanged; softmax over the last axis. @param activation CNN_ACTIVATION_*, of which the options that
 * are not its own change nothing */
CNN_API cnn_layer *cnn_activation(cnn_model *model, int32_t activation, const cnn_activation_opts *options);

#ifdef __cplusplus
}
#endif
#endif
