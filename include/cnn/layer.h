/** @file layer.h
 * Layers in general: the handle, its parameters, the list of types with their attributes, and the constructor by name.
 *
 * A layer belongs to its model and is borrowed from it. Layers append to the model in the order of the calls; `.input` in
 * their options names another layer to read instead of the one before, so that branches begin, and `.inputs` of those that read
 * several names all of them, so that branches end. In this version a model has one input and one output, the layer made last. A constructor returns NULL on an error, which the
 * model keeps: later constructors do nothing and cnn_model_compile reports the first. Twelve layers, one check. */
#ifndef CNN_LAYER_H
#define CNN_LAYER_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_model cnn_model;
typedef struct cnn_layer cnn_layer;

/** Add a layer by the name of its type, attributes as text: what files and bindings use.
 *
 *     cnn_layer_add(m, "conv2d", "filters=32 kernel_size=3,3 padding=same activation=relu name=conv1");
 *     cnn_layer_add(m, "add", "inputs=conv1,conv2 name=sum");
 *
 * @param attributes  key=value pairs apart by blanks, keys and ranges as cnn_layer_attribute lists them, 0 taken literally; name,
 *                    and input or inputs for the names of layers to read, apart by commas; NULL or "": all defaults
 * @return the layer, borrowed; NULL on error, which the model keeps
 * Errors: CNN_ENAME unknown type, attribute or choice (with the nearest known one); CNN_EINVAL value missing or out of range;
 * CNN_ESHAPE the input does not fit; CNN_ESTATE the model is compiled or already has an error. Threads: one per model. Since 0.1. */
CNN_API cnn_layer *cnn_layer_add(cnn_model *model, const char *type, const char *attributes);

/** Name ("conv1"; when none was given the type, then type_1, type_2 ...), type ("conv2d"). Borrowed. Since 0.1. */
CNN_API const char *cnn_layer_name(const cnn_layer *layer);
CNN_API const char *cnn_layer_type(const cnn_layer *layer);

/** Output shape without the batch axis. @param shape receives at most CNN_MAX_RANK extents. @return its rank. Since 0.1. */
CNN_API int32_t cnn_layer_output_shape(const cnn_layer *layer, int64_t *shape);

/** Number of weights in the layer, all and those that training changes. Since 0.1. */
CNN_API int64_t cnn_layer_parameters(const cnn_layer *layer);
CNN_API int64_t cnn_layer_trainable_parameters(const cnn_layer *layer);

/** May training change the layer's weights? As Keras's `trainable`: 1, or 0 where it is frozen by its options (`frozen`, "trainable=false": built-in types that have weights)
 * or by cnn_layer_set_trainable, which takes effect at the next compile (counts and summary follow at once). Frozen weights
 * have no gradients, no optimizer state and no regularisation, and backward ends above the last layer that learns; a frozen
 * batch normalisation uses its moving statistics in training too. In a layer without weights it changes nothing. A model whose layers wait for a
 * compile is saved without the optimizer's state. Errors: CNN_EINVAL. Threads: one per model. Since 0.1. */
CNN_API int32_t cnn_layer_trainable(const cnn_layer *layer);
CNN_API CNN_MUST_CHECK cnn_status cnn_layer_set_trainable(cnn_layer *layer, int32_t trainable);

/** An attribute of this layer as text ("same", "3,3", "0.25"). @return CNN_ENAME for an unknown key (nearest named),
 * CNN_EINVAL where the buffer is too short (with the length wanted). Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_layer_attribute_text(const cnn_layer *layer, const char *key, char *buffer,
                                                           size_t bytes);

/** Floating-point operations of one sample forward (a multiply-add counts two). Since 0.1. */
CNN_API int64_t cnn_layer_flops(const cnn_layer *layer);

/** Kinds of attributes. */
#define CNN_ATTRIBUTE_INT 1    /**< whole number within [minimum, maximum] */
#define CNN_ATTRIBUTE_PAIR 2   /**< two whole numbers "3,3", or one for both */
#define CNN_ATTRIBUTE_FLOAT 3  /**< number within [minimum, maximum] */
#define CNN_ATTRIBUTE_CHOICE 4 /**< one of `choices` */
#define CNN_ATTRIBUTE_FLAG 5   /**< "true" or "false" */
#define CNN_ATTRIBUTE_TEXT 6   /**< text without blanks */
#define CNN_ATTRIBUTE_SHAPE 7  /**< up to CNN_MAX_RANK whole numbers "28,28,1" */
#define CNN_ATTRIBUTE_LIST 8   /**< numbers apart by colons "0.1:0.01", 24 at most */
#define CNN_ATTRIBUTE_FORM 9   /**< one of `choices`, with numbers where it takes some: "zeros", "random_normal(stddev=0.1)" */

/** One row of an attribute table, for bindings, documentation and help texts. All text static. */
typedef struct cnn_attribute {
  size_t size;
  const char *key;
  int32_t kind;
  int32_t required;            /**< 1: must be given */
  const char *standard;        /**< default as text; "" where required or none */
  double minimum, maximum;
  const char *const *choices;  /**< names ended by NULL; NULL where it is no choice */
  const char *help;            /**< one sentence */
} cnn_attribute;

/** The built-in layer types: how many, their names, what each does in one sentence (NULL: no such type).
 * Static text; threads: any. Since 0.1. */
CNN_API int32_t cnn_layer_type_count(void);
CNN_API const char *cnn_layer_type_at(int32_t index);
CNN_API const char *cnn_layer_type_help(const char *type);

/** Attributes of a type: how many (-1: no such type), and row `index` written to *out, whose `.size` the caller has set.
 * Errors: CNN_ENAME, CNN_EINVAL. Threads: any. Since 0.1. */
CNN_API int32_t cnn_layer_attribute_count(const char *type);
CNN_API CNN_MUST_CHECK cnn_status cnn_layer_attribute_at(const char *type, int32_t index, cnn_attribute *out);

#ifdef __cplusplus
}
#endif
#endif
