/* layer: the descriptor that defines a kind of layer once, the layer made of it, and the record its phases work on.
 *
 * A layer type is one file with one descriptor at its end. From its attribute table follow defaults, range checks,
 * key=value parsing, JSON, help texts and the tests that walk the registry. Its phases are pure functions of a
 * cnn__work: they allocate nothing, lock nothing, log nothing, decide nothing. */
#ifndef CNN_LAYERS_LAYER_INTERNAL_H
#define CNN_LAYERS_LAYER_INTERNAL_H

#include "cnn/layers.h"
#include "cnn/model.h"
#include "core/context_internal.h"
#include "kernels/kernel.h"
#include "tensor/attributes.h"

#define CNN__MAX_WEIGHTS 4
#define CNN__MAX_PACKS 2
#define CNN__MAX_MEMBERS 6
#define CNN__MAX_INPUTS 32 /* layers that a layer reads */

/* ---- what a phase works on ---- */

/* A layer's arrays as its phases take them. */
typedef struct cnn__arrays {
  float *weights[CNN__MAX_WEIGHTS];
  float *grads[CNN__MAX_WEIGHTS]; /* NULL where not trainable or not compiled */
  float *packs[CNN__MAX_PACKS];   /* derived forms; NULL before the first plan */
} cnn__arrays;

typedef struct cnn__work {
  const cnn__kernels *k;
  const cnn_layer *layer;
  int32_t training;         /* dropout drops, batch-norm measures */
  int32_t keeps;            /* a backward will follow: what forward keeps has its memory */
  int32_t activation;       /* CNN_ACTIVATION_*: the layer's, or LINEAR where the loss takes the logits; */
  float activation_parameter; /* and the layer's of that */
  int64_t batch, shards;    /* samples in the batch; ceil(batch / CNN__SHARD) */
  int64_t shard;            /* shard phases: which one, */
  int64_t first, count;     /*   its first sample in the batch and how many (1 to CNN__SHARD) */
  int64_t part, parts;      /* parts phases: which of how many */
  int64_t begin, end;       /* shard phases that have units: those of this piece, of all samples of the shard; end 0: all.
                             * CNN__WIDE: of the batch, which count then counts */
  uint32_t key[2];          /* Philox key of the model's seed */
  uint32_t pass;
  const int64_t *samples;   /* data-set index of each row of the batch, NULL: the row number */
  const float *x;           /* x, y and their gradients: at sample `first` in a shard phase, at 0 in a parts phase */
  float *y;
  float *dy;                /* may be changed in place by the backward phases of its layer */
  float *dx;                /* NULL where nobody wants it */
  const float *const *xs;   /* x of each input, of a layer that reads several; xs[0] is x */
  float *const *dxs;        /* likewise; each entry may be NULL */
  void *kept;               /* layer->kept_bytes a sample, from forward for backward; positioned as x */
  float *slots;             /* layer->slot_floats a shard: this shard's in a shard phase, shard 0's in a parts phase */
  double *sums;             /* layer->sum_doubles a shard, likewise */
  float *state;             /* layer->state_floats, once a run: what merges leave for later phases */
  float *const *packs;      /* derived forms of the weights, layer->pack_floats[i] each; written by PACK phases only */
  float *const *weights;    /* layer->weights[i].value */
  float *const *grads;      /* of trainable weights; NULL entries for the others */
  const cnn__arrays *arrays; /* the same three: arrays[m] is member m's in a fused layer, arrays[0] any other's own */
  void *scratch;            /* layer->scratch_bytes, this worker's */
  cnn__soon soon;           /* late: what the update that follows this part touches, each as long as its gradient */
} cnn__work;

enum { CNN__SHARDS = 1, CNN__PARTS = 2 };

/* Elements [first, first + count) of a weight: of the layer's own, or of a member's in a fused layer. count 0: none. */
typedef struct cnn__span {
  int32_t member, weight;
  int64_t first, count;
} cnn__span;

typedef struct cnn__phase {
  int32_t domain;                           /* CNN__SHARDS: for each micro-shard; CNN__PARTS: batch-wide, in parts */
  int32_t late;                             /* backward parts that only make weight gradients: together at the end, while
                                             * weights change; they read neither weights nor packs */
  void (*run)(const cnn__work *work);       /* NULL ends a list */
  /* How many parts, from the layer alone; NULL: 1. Of a shard phase the units (rows, channels) that its work may be cut
   * between: pieces of a shard then run side by side, each writes its own places of y, to the bits of the whole. */
  int64_t (*parts)(const cnn_layer *layer);
  /* Late: the elements whose gradient the part completes, each in one part of one phase; their update then follows it
   * at once. PACK: the elements that the part reads, so that it can follow theirs. NULL: any of the layer's. */
  cnn__span (*span)(const cnn_layer *layer, int64_t part);
} cnn__phase;

enum {
  CNN__PHASE_TRAIN,           /* forward in training */
  CNN__PHASE_INFER,           /* forward in inference; also in training where the layer is frozen and has BACKWARD_FROZEN */
  CNN__PHASE_BACKWARD,
  CNN__PHASE_BACKWARD_FROZEN, /* statistics constant, no weight gradients; reads dy alone */
  CNN__PHASE_PACK,            /* weights -> packs, when weights have changed: parts phases, in any order and side by side */
  CNN__PHASE_KINDS
};

/* What backward needs of forward, said by setup in layer->needs. */
enum {
  CNN__NEEDS_X = 1,        /* backward shard phases read x */
  CNN__NEEDS_Y = 2,        /* ... read y */
  CNN__NEEDS_X_LATE = 4,   /* late phases read x */
  CNN__NEEDS_DY_LATE = 8,  /* late phases read dy */
  CNN__IN_PLACE = 16,      /* y may be x's memory where nobody needs x later; dx may be dy's. Of several inputs: of the
                            * first or the second; of any one */
  CNN__SAME = 32,          /* y is x and dx is dy always: no phase moves data (flatten) */
  CNN__SAME_IN_INFERENCE = 64, /* likewise, in inference only (dropout) */
  CNN__BACKWARD_AGAIN = 128, /* backward is one shard phase that only writes dx and may be run twice: cheaper than keeping a large dx */
  CNN__WIDE = 256,         /* shard phases that have units go through the whole batch at once, by units: the weights are
                            * too large to be read for each shard anew */
  CNN__WIDE_IN_TRAINING = 2048, /* likewise, in training only: they stay in the last cache, and inference has no barriers */
  CNN__X_FOR_WEIGHTS = 1024, /* NEEDS_X is for the gradients of weights alone */
  CNN__CHANGES_DY = 512    /* the last backward shard phase reads dy as an earlier one left it: it cannot be made again */
};

#define CNN__SEVERAL (-1) /* 2 to CNN__MAX_INPUTS layers; the phases find them in xs and dxs */

typedef struct cnn__layer_type {
  const char *name;               /* "conv2d": in files, texts, Python */
  const char *class_name;         /* "Conv2D": in summary and diagram */
  const char *help;               /* one sentence */
  const cnn__attribute *attributes; /* ended by key NULL */
  size_t attributes_size;
  size_t data_size;               /* layer->data: what setup derives (a geometry); 0: none */
  int32_t inputs;                 /* how many layers it reads: 0 for input, else 1, or CNN__SEVERAL */
  /* From checked attributes and layer->in (of several inputs the first one's): out, data, weights (cnn__layer_weight), needs,
   * kept/slot/sum/state/pack/scratch sizes, flops, activation. */
  cnn_status (*setup)(cnn_layer *layer);
  void (*free)(const cnn_layer *layer); /* of what setup left in data beside its memory, also where it failed; NULL: nothing */
  const cnn__phase *phases[CNN__PHASE_KINDS]; /* NULL: none (BACKWARD_FROZEN NULL: as BACKWARD) */
} cnn__layer_type;

typedef struct cnn__weight {
  char *name;               /* "conv1/kernel"; local part after the slash */
  cnn__shape shape;
  int64_t count;
  int32_t learns;           /* 0: moving statistics, which no gradient changes */
  int32_t trainable;        /* it learns, and its layer was not frozen when the model was compiled last */
  cnn__form initializer;    /* of cnn__initializers */
  float l1, l2;             /* its regularizer; 0: none */
  float *value;             /* count floats, 64-byte aligned, the layer's */
} cnn__weight;

struct cnn_layer {
  cnn_context *context;
  const cnn__layer_type *type;
  char *name;
  int32_t index;            /* in the model; also its coordinate for random numbers */
  int32_t trainable;        /* what the program wants, from the next compile on */
  int32_t frozen;           /* how the model was compiled last: its weights stay, a normalisation infers; */
  int32_t was_frozen;       /*   before that, should it fail */
  int32_t input_count;
  cnn_layer *inputs[CNN__MAX_INPUTS]; /* the layers it reads */
  const cnn_layer *members[CNN__MAX_MEMBERS]; /* of a layer that a plan made of neighbours: these, in order */
  int32_t member_count;     /* 0 in a layer of the model */
  cnn__shape in, out;       /* without the batch axis */
  void *attributes;
  void *data;
  int32_t activation;       /* CNN_ACTIVATION_* at the end of the layer, */
  float activation_parameter; /* its slope below 0, alpha, or whether it is approximate */
  int32_t needs;            /* CNN__NEEDS_... */
  int32_t weight_count, pack_count;
  cnn__weight weights[CNN__MAX_WEIGHTS];
  int64_t pack_floats[CNN__MAX_PACKS];
  int64_t kept_bytes;       /* a sample */
  int64_t slot_floats;      /* a micro-shard */
  int64_t sum_doubles;      /* a micro-shard */
  int64_t state_floats;     /* a run */
  size_t scratch_bytes;     /* a worker */
  int64_t flops;            /* forward, one sample; of matrix products and convolutions, 0 for the others */
  int64_t moved;            /* floats that forward reads and writes for a sample, where its phase may be cut in pieces
                             * and does no products */
};

/* ---- making layers ---- */

/* A layer of `type` reading `inputs`: copies attributes, checks them, runs setup, makes and initialises weights.
 * name has been chosen and checked by the model. NULL with the text recorded ("conv2d 'conv1': ..."). */
cnn_layer *cnn__layer_new(cnn_context *context, const cnn__layer_type *type, const void *attributes,
                          const char *name, int32_t index, cnn_layer *const *inputs, int32_t input_count,
                          uint64_t seed);
void cnn__layer_free(cnn_layer *layer);
/* May a layer of this type read so many? CNN_EINVAL with what it reads. */
cnn_status cnn__layer_reads(const cnn__layer_type *type, int32_t inputs, const char *what);
/* Has it, or one of its members, a weight that training changes? */
int32_t cnn__layer_learns(const cnn_layer *layer);
/* Its weights take part in training, or not; what the program asked for or, where a compile failed, what was. */
void cnn__layer_freeze(cnn_layer *layer, int32_t frozen);
/* Does it run in training as in inference? One that is frozen and whose type knows a backward for that. */
static inline int32_t cnn__layer_infers(const cnn_layer *layer) {
  return layer->frozen && layer->type->phases[CNN__PHASE_BACKWARD_FROZEN] != NULL;
}
/* layer->needs, less what only gradients of weights need where there are none, or what inference needs not. */
int32_t cnn__layer_needs(const cnn_layer *layer);

/* For setup: declare the next weight (local name "kernel"); its index is the order of the calls. learns: it has a
 * gradient, which its layer's backward leaves where the weight is trainable: its entry in cnn__work.grads is NULL else. */
cnn_status cnn__layer_weight(cnn_layer *layer, const char *local, const cnn__shape *shape, int32_t initializer,
                             int32_t learns);
/* The same from attributes of kind FORM; regularizer NULL: it has none. */
cnn_status cnn__layer_weight_of(cnn_layer *layer, const char *local, const cnn__shape *shape,
                                const cnn__form *initializer, const cnn__form *regularizer, int32_t learns);

/* The row of a table for "trainable", which a layer with weights has; cnn__layer_new reads it. */
#define CNN__TRAINABLE(settings)                                                                                       \
  {"trainable", CNN_ATTRIBUTE_FLAG, offsetof(settings, trainable), 0, "true", 0, 1, NULL,                              \
   "false: training leaves its weights as they are"}

/* For typed constructors: append to the model. Defined by the model, which stands later in the order of folders. input
 * NULL: the layer made last. */
cnn_layer *cnn__model_append(cnn_model *model, const cnn__layer_type *type, const void *attributes, const char *name,
                             const char *input);
/* Likewise for layers that read several; `inputs` are their names. */
cnn_layer *cnn__model_append_reader(cnn_model *model, const cnn__layer_type *type, const void *attributes,
                                    const char *name, const char *const *inputs, int32_t input_count);
/* Likewise: the thread's current error becomes the model's first error, unless it has one or is compiled. Returns NULL. */
cnn_layer *cnn__model_refuse(cnn_model *model);

/* ---- the registry (layers.def) ---- */
#define LAYER(name) extern const cnn__layer_type cnn__##name##_layer;
#include "layers/layers.def"
#undef LAYER
int32_t cnn__layer_type_count(void);
const cnn__layer_type *cnn__layer_type_at(int32_t index);
const cnn__layer_type *cnn__layer_type_find(const char *name); /* NULL with CNN_ENAME and the nearest name */
/* own.c: likewise, of built-in types and those registered in the context. */
const cnn__layer_type *cnn__layer_type_known(const cnn_context *context, const char *name);

/* ---- shared by several layers ---- */

/* Output extent and padding before, as Keras: n input, k kernel, s stride, d dilation. -1: does not fit. */
int64_t cnn__window_extent(int64_t n, int64_t k, int64_t s, int64_t d, int32_t padding, int64_t *before);

/* layer.c, of layers whose weights are a kernel and perhaps a bias: is there one; and its gradient in a late phase, the shards' sums (one
 * double an element) joined by the fixed tree. */
int32_t cnn__has_bias(const cnn_layer *layer);
void cnn__join_bias(const cnn__work *work);

/* activation.c: y = act(x) and dx = dy * act' over rows of `last` elements, act' from what was kept: x where
 * cnn__activation_of_input says so, else y. y may be x, dx may be dy. */
void cnn__activate(const cnn__kernels *k, int32_t activation, float parameter, int64_t count, int64_t last,
                   const float *x, float *y);
void cnn__activate_backward(const cnn__kernels *k, int32_t activation, float parameter, int64_t count, int64_t last,
                            const float *kept, const float *dy, float *dx);
int32_t cnn__activation_of_input(int32_t activation);
float cnn__activation_parameter(int32_t activation); /* Keras's default */
extern const char *const cnn__activation_names[];  /* index is CNN_ACTIVATION_*; ended by NULL, as the others */
extern const char *const cnn__padding_names[];     /* index is CNN_PADDING_* */
extern const cnn__forms cnn__initializers; /* index is CNN_INITIALIZER_* - 1: attributes know no "default" */
#define cnn__initializer_names (cnn__initializers.names)
extern const cnn__forms cnn__regularizers;

/* initializer.c: an option's CNN_INITIALIZER_* as the index of its attribute; any other number as it is, which no index is. */
int32_t cnn__initializer_index(int32_t option, int32_t standard);
/* Likewise as a form with the numbers that Keras has. */
cnn__form cnn__initializer_form(int32_t option, int32_t standard);

/* Rows of a table for the initializer and the regularizer of a weight; fields of type cnn__form. */
#define CNN__INITIALIZER(settings, weight, standard)                                                                   \
  {#weight "_initializer", CNN_ATTRIBUTE_FORM, offsetof(settings, weight##_initializer), 0, standard, 0, 0,            \
   cnn__initializers.names, "first values of " #weight}
#define CNN__REGULARIZER(settings, weight)                                                                             \
  {#weight "_regularizer", CNN_ATTRIBUTE_FORM, offsetof(settings, weight##_regularizer), 0, "none", 0, 0,              \
   cnn__regularizers.names, "added to the loss for the size of " #weight}

/* For typed constructors: attributes of FORM that options give as text, NULL where they do not. other: what the same options have said in
 * another field, which is an error beside a text. CNN_ENAME, CNN_EINVAL. */
typedef struct cnn__worded {
  const char *key, *text;
  int32_t other;
} cnn__worded;
cnn_status cnn__attributes_worded(const cnn__layer_type *type, void *attributes, const char *name,
                                  const cnn__worded *words, int32_t count);

#endif
