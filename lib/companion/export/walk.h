/* walk: a network as a list of simple operations in the order of running, with shapes, windows and weights: what every writer of a form
 * goes through. Layers that do nothing in inference (dropout, a linear activation) are no operations; who reads them reads what they read. */
#ifndef CNN_COMPANION_EXPORT_WALK_H
#define CNN_COMPANION_EXPORT_WALK_H

#include <cnn/model.h>

#define CNN__OP_MAX_INPUTS 32

typedef enum cnn__op_kind {
  CNN__OP_INPUT,
  CNN__OP_CONV,           /* kernel [kh, kw, channels / groups, filters], bias or NULL, then the activation */
  CNN__OP_DENSE,          /* over the last axis: kernel [channels, units], bias or NULL, then the activation */
  CNN__OP_AFFINE,         /* batch normalisation: x * scale + shift for each channel of the last axis */
  CNN__OP_MAX_POOL,       /* padding does not count */
  CNN__OP_AVERAGE_POOL,   /* likewise: the sum by the number of positions inside the image */
  CNN__OP_GLOBAL_AVERAGE, /* over height and width; the shape is [C], or [1, 1, C] */
  CNN__OP_GLOBAL_MAX,
  CNN__OP_ADD,            /* of two inputs or more, in their order */
  CNN__OP_FLATTEN,        /* the same values under another shape */
  CNN__OP_ACTIVATION,
} cnn__op_kind;

typedef struct cnn__op {
  cnn__op_kind kind;
  const cnn_layer *layer;
  const char *name;                    /* the layer's, borrowed */
  int32_t inputs[CNN__OP_MAX_INPUTS];  /* operations, by their place in the list; all stand before this one */
  int32_t input_count;
  int32_t readers;                     /* operations on the way to the output that read it, each as often as it does; 0 of one that
                                          is not the output: nothing of it is wanted */
  int32_t rank;                        /* of the output, without the batch axis */
  int64_t shape[CNN_MAX_RANK];
  int64_t count;                       /* elements of the output */
  int64_t size[2], strides[2], dilation[2]; /* of a window: height, width */
  int64_t before[2], after[2];         /* its padding: top and left, bottom and right; 0 where it is "valid" */
  int32_t same;                        /* its padding is "same" */
  int64_t groups;
  int32_t activation;                  /* CNN_ACTIVATION_...; of convolution and dense the one at the end */
  float parameter;                     /* of it: negative_slope of leaky_relu, alpha of elu; of gelu 1: by tanh */
  cnn_tensor *kernel, *bias;           /* NULL: none */
  float *scale, *shift;                /* of CNN__OP_AFFINE, one a channel: gamma / sqrt(variance + epsilon), beta - mean * scale */
  cnn_tensor *gamma, *beta, *mean, *variance; /* what they were made of; gamma and beta may be NULL */
  float epsilon;
} cnn__op;

typedef struct cnn__walk {
  const cnn_model *model;
  const char *name;                    /* of the model */
  cnn__op *ops;                        /* the first is the input */
  int32_t count;
  int32_t output;                      /* the operation whose output is the model's */
} cnn__walk;

/* The walk borrows the model. `form` is what the caller writes, for the texts: "C source". Errors: those of cnn__network_new; CNN_EUNSUPPORTED a
 * layer of a type of one's own; CNN_EDATA weights that are NaN or infinite. */
cnn_status cnn__walk_new(cnn__walk **out, const cnn_model *model, const char *form);
void cnn__walk_free(cnn__walk *walk);

#endif
