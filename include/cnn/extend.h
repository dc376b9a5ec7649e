/** @file extend.h
 * Layers, losses and metrics of one's own, from outside and through public headers alone: described once, registered in a context, and
 * then like any other for cnn_layer_add, cnn_model_compile, summary, training, saving and loading. examples/custom_layer.c is a complete
 * layer.
 *
 *     static const cnn_layer_descriptor scale = {.size = sizeof scale, .form = CNN_EXTEND_FORM, .type = "channel_scale",
 *                                                .setup = setup, .forward = forward, .backward = backward};
 *     cnn_layer_type_register(ctx, &scale);
 *     ...
 *     cnn_layer_add(m, "channel_scale", "name=scale1");
 *
 * A weaker promise than that of the other headers, which is why cnn.h does not include it: what stands here may change with a
 * minor version, with a line in CHANGELOG.md and a new CNN_EXTEND_FORM; a descriptor of another form is refused with
 * CNN_EUNSUPPORTED and never misread. Patch versions change nothing.
 *
 * Bits: in training samples come in micro-shards of 8 that depend on the batch alone, and their weight gradients are added up by the tree
 * that the library's own layers use. In inference how many come together, and from which on, may depend on the model and on the number of threads.
 * A layer whose functions depend on nothing but their work record, and what they make of a sample not on those beside it (`first`,
 * `count`), therefore gives the same bits for any number of threads. The same bits on every machine need more: no functions of
 * libm but sqrt, and a compiler that does not contract (-ffp-contract=off). */
#ifndef CNN_EXTEND_H
#define CNN_EXTEND_H

#include "layers.h"
#include "objective.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Form of the structs below. */
#define CNN_EXTEND_FORM 1

/** Weight arrays of one layer, at most. */
#define CNN_EXTEND_WEIGHTS 4

/** For a layer that reads several others, two to 32 of them: "inputs=a,b" where it is added. */
#define CNN_SEVERAL_INPUTS (-1)

/** Extents of an array, without the batch axis where there is one: rank 1 to CNN_MAX_RANK, extents at least 1. */
typedef struct cnn_shape {
  int32_t rank;
  int32_t reserved;
  int64_t extent[CNN_MAX_RANK];
} cnn_shape;

/** A row of a layer's attribute table; the table ends with a row whose key is NULL. From it follow defaults, range checks and
 * their texts, key=value parsing, and what model files hold.
 * The field at `offset` of the attributes struct is, by kind: CNN_ATTRIBUTE_INT int64_t, _PAIR int64_t[2], _FLOAT float,
 * _CHOICE int32_t (index into choices), _FLAG int32_t (0 or 1), _SHAPE cnn_shape; there is no _TEXT and no _LIST. */
typedef struct cnn_attribute_row {
  const char *key;               /**< letters, digits and '_', at most 63; "name", "input", "inputs" and "trainable" are taken */
  int32_t kind;                  /**< CNN_ATTRIBUTE_... */
  int32_t required;              /**< 1: must be given; then `standard` is NULL */
  size_t offset;                 /**< offsetof in the attributes struct */
  const char *standard;          /**< default as text, as a user would write it */
  double minimum, maximum;       /**< of each number, both allowed; of choices and flags not read */
  const char *const *choices;    /**< names without blanks, ended by NULL; of a choice only */
  const char *help;              /**< one sentence */
} cnn_attribute_row;

/** A weight array as setup declares it. Its name in files is the layer's, '/', and this one. */
typedef struct cnn_weight_row {
  const char *name;              /**< letters, digits and '_', at most 63; different within the layer */
  int32_t initializer;           /**< CNN_INITIALIZER_...; 0: zeros */
  int32_t trainable;             /**< 1: the optimizer changes it; 0: it stays as loaded or set. Frozen layers train nothing */
  cnn_shape shape;
} cnn_weight_row;

/** What backward reads besides dy and the weights, in cnn_layer_setup.needs. */
#define CNN_NEEDS_X 1 /**< the input */
#define CNN_NEEDS_Y 2 /**< the output */

/** What setup is given and what it fills in. Zero where nothing is said: no weights, nothing kept. */
typedef struct cnn_layer_setup {
  size_t size;
  void *user;                    /**< the descriptor's */
  const char *name;              /**< the layer's, for texts */
  const void *attributes;        /**< checked against the table; the struct that its offsets point into */
  cnn_shape input;               /**< of a sample; of several inputs the first one's */
  cnn_shape output;              /**< of a sample, as the input until setup says otherwise */
  int32_t weight_count;          /**< 0 to CNN_EXTEND_WEIGHTS */
  int32_t needs;                 /**< CNN_NEEDS_..., or'ed */
  cnn_weight_row weights[CNN_EXTEND_WEIGHTS];
  int64_t kept_bytes;            /**< a sample: what forward leaves for backward */
  int64_t scratch_bytes;         /**< a worker: 64-byte aligned memory without contents for the length of a call */
  int64_t flops;                 /**< forward, of one sample; for summaries and benchmarks alone */
  void *data;                    /**< the layer's own, read by forward and backward, handed to the descriptor's free */
  const cnn_shape *inputs;       /**< the shapes of all inputs: */
  int32_t input_count;           /**<   so many */
  int32_t reserved;
} cnn_layer_setup;

/** What forward and backward work on: `count` samples from number `first` of a batch on. Pointers stand at the first of these; a
 * sample's elements lie together, row-major. */
typedef struct cnn_layer_work {
  size_t size;
  void *user;                    /**< the descriptor's */
  const void *attributes;
  void *data;                    /**< as setup left it; several threads at once: read only */
  const cnn_shape *input, *output; /**< of a sample */
  int64_t batch;                 /**< samples in the batch */
  int64_t first, count;          /**< the range; count is 1 to 8 */
  int32_t training;              /**< 1 in training, 0 in inference; backward has 0 where cnn_model_input_gradient asks for it */
  uint32_t layer, pass;          /**< for random numbers: the layer's number, epochs begun, */
  uint32_t key[2];               /**< the model's seed, */
  const int64_t *samples;        /**< and number of each sample in its data set; NULL: that in the batch */
  const float *const *weights;   /**< in the order of setup */
  const float *x;                /**< in backward only where needs has CNN_NEEDS_X, else NULL */
  float *y;                      /**< forward writes all of it; backward reads it where needs has CNN_NEEDS_Y, else NULL */
  const float *dy;               /**< backward: gradient of the loss for y */
  float *dx;                     /**< backward writes all of it; NULL where nobody wants it */
  float *const *gradients;       /**< backward adds the range's to these, which start at 0; NULL for a weight that does not train */
  void *kept;                    /**< kept_bytes a sample, aligned to 8 bytes and beyond as far as kept_bytes is; NULL where no backward follows */
  void *scratch;
  const cnn_shape *inputs;       /**< of all inputs, as in setup: shapes, */
  const float *const *xs;        /**<   values (xs[0] is x), */
  float *const *dxs;             /**<   gradients to write, those that are not NULL (dxs[0] is dx); */
  int32_t input_count;           /**<   so many */
  int32_t reserved;
} cnn_layer_work;

/** A type of layer. setup, forward and backward must be there; any other may be zero. What the pointers lead to (texts, tables,
 * functions, user) must outlive the context and all that was made in it; the struct itself is copied. */
typedef struct cnn_layer_descriptor {
  size_t size;
  int32_t form;                  /**< CNN_EXTEND_FORM */
  int32_t inputs;                /**< layers that it reads: 0 or 1: one; CNN_SEVERAL_INPUTS */
  void *user;
  const char *type;              /**< for cnn_layer_add and files: lower-case letters, digits and '_', at most 63 */
  const char *class_name;        /**< for summary and diagram: letters, digits and '_', at most 63; NULL: type */
  const char *summary;           /**< one sentence */
  const cnn_attribute_row *attributes; /**< NULL: none */
  size_t attributes_size;        /**< of the struct that the rows point into */
  /** Called when a layer is added or read from a file, before it has memory: says shapes, weights and needs. The same answer for
   * the same attributes and input. @return CNN_OK, or a code below 0 with a text by cnn_error_set. Threads: the caller's. */
  cnn_status (*setup)(cnn_layer_setup *setup);
  /** Pure functions of the work record: called by several threads at once, they allocate nothing, lock nothing and keep nothing but
   * what the record points at. */
  void (*forward)(const cnn_layer_work *work);
  void (*backward)(const cnn_layer_work *work);
  /** Called once for each `data` that setup left which is not NULL, also where setup failed. */
  void (*free)(void *user, void *data);
} cnn_layer_descriptor;

/** Make a type of layer known in a context: from then on cnn_layer_add and cnn_model_load take its name there. Other contexts do not
 * know it, and a file that holds it is refused there with CNN_EUNSUPPORTED. It stays until the context goes.
 * Errors: CNN_EINVAL what is missing or wrong in the descriptor, row by row; CNN_EUNSUPPORTED another form; CNN_ENAME the name is built in or
 * registered already; CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_layer_type_register(cnn_context *context, const cnn_layer_descriptor *descriptor);

/** Random numbers for forward and backward: numbers [begin, begin + count) of those that belong to sample `sample` of the range, evenly
 * spread over [0, 1), 24 bits each. A function of the seed, the layer, the pass, the sample and the position alone (Philox4x32-10), so that backward can ask for what forward
 * had, and threads and batches change nothing. Between two passes all are new; within one a sample has the same ones each time.
 * @param sample 0 to work->count - 1   @param begin 0 to 2^34 - 1. Threads: any. Since 0.1. */
CNN_API void cnn_layer_random(const cnn_layer_work *work, int64_t sample, int64_t begin, int64_t count, float *out);

/** What a loss or a metric of one's own works on: rows of the model's output, with the targets of each. */
typedef struct cnn_objective_rows {
  size_t size;
  void *user;            /**< the descriptor's */
  int64_t count;         /**< rows */
  int64_t columns;       /**< values in each */
  const float *outputs;  /**< row after row */
  const float *targets;  /**< likewise; NULL where there are: */
  const int32_t *labels; /**< one a row, a column's number or, where columns is 1, any number from 0 on; NULL where there are targets. A metric
                              also gets rows whose label the loss ignores (ignore_class), which may be no column's */
} cnn_objective_rows;

/** A type of loss or of metric. type and rows must be there. What the pointers lead to must outlive the context and all that was made
 * in it; the struct itself is copied. */
typedef struct cnn_objective_descriptor {
  size_t size;
  int32_t form;          /**< CNN_EXTEND_FORM */
  int32_t labels_only;   /**< 1: it takes no f32 targets */
  void *user;
  const char *type;      /**< for cnn_loss_new, cnn_model_compile and files: lower-case letters, digits and '_', at most 50 */
  const char *summary;   /**< one sentence; NULL: "" */
  /** values[i] of each row; and where gradient is not NULL (never for a metric) gradient[i * columns + j], the derivative of values[i] by output
   * j of the row. Reductions, weights and the mean over a sample's rows are the library's business. A pure function: several threads call it
   * at once, it allocates nothing, locks nothing and keeps nothing. */
  void (*rows)(const cnn_objective_rows *rows, double *values, float *gradient);
} cnn_objective_descriptor;

/** Make a loss, or a metric, known in a context: from then on its name stands for it where those of the built-in ones do, also in files that
 * cnn_model_load reads. A loss has the attribute reduction. It stays until the context goes.
 * Errors: CNN_EINVAL what is missing in the descriptor; CNN_EUNSUPPORTED another form; CNN_ENAME the name is built in or registered
 * already; CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_loss_type_register(cnn_context *context, const cnn_objective_descriptor *descriptor);
CNN_API CNN_MUST_CHECK cnn_status cnn_metric_type_register(cnn_context *context, const cnn_objective_descriptor *descriptor);

#ifdef __cplusplus
}
#endif
#endif
