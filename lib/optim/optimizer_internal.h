/* optimizer: a kind of update, its attributes and the state it asks for. The state itself (slots, iterations, rate)
 * is the model's. */
#ifndef CNN_OPTIM_OPTIMIZER_INTERNAL_H
#define CNN_OPTIM_OPTIMIZER_INTERNAL_H

#include "cnn/optimizer.h"
#include "layers/layer_internal.h"

#define CNN__MAX_SLOTS 2

/* The scalars of one step, worked out once by the caller's thread. */
typedef struct cnn__update {
  float rate;
  float scalar[6]; /* the type's own */
} cnn__update;

typedef struct cnn__optimizer_type {
  const char *name;
  const char *class_name; /* "Adam" */
  const char *help;
  const cnn__attribute *attributes; /* one of them is learning_rate */
  size_t attributes_size;
  const char *slot_names[CNN__MAX_SLOTS];              /* "momentum", "velocity"; as Keras names them */
  int32_t (*slots)(const void *attributes);            /* how many of them are used */
  int32_t whole; /* non-zero: no weight is updated before the gradients of all are there (a norm of them); zero: apply
                  * changes each element by its own gradient and state alone, and may follow it at once */
  cnn_status (*check)(const void *attributes);         /* what the ranges of the table cannot say; may be NULL */
  /* iteration counts from 0 before the step; rate as float32. Powers of beta by repeated squaring in double of the
   * float32 betas. */
  void (*begin)(const void *attributes, int64_t iteration, float rate, cnn__update *update);
  void (*apply)(const cnn__kernels *k, const cnn__update *update, int64_t n, float *w, const float *g,
                float *const *slots);                  /* slots already at the first of the n elements */
} cnn__optimizer_type;

struct cnn_optimizer {
  atomic_int references;
  cnn_context *context;
  const cnn__optimizer_type *type;
  void *attributes;
};

#define OPTIMIZER(name) extern const cnn__optimizer_type cnn__##name##_optimizer;
#include "optim/optimizers.def"
#undef OPTIMIZER

/* From attributes by value: checks them, copies them. */
cnn_status cnn__optimizer_make(cnn_optimizer **out, cnn_context *context, const cnn__optimizer_type *type,
                               const void *attributes);
/* NULL with CNN_ENAME and the nearest name. */
const cnn__optimizer_type *cnn__optimizer_type_find(const char *name);
cnn_optimizer *cnn__optimizer_hold(cnn_optimizer *optimizer);
float cnn__optimizer_rate(const cnn_optimizer *optimizer); /* its learning_rate attribute */
int32_t cnn__optimizer_type_count(void);
const cnn__optimizer_type *cnn__optimizer_type_at(int32_t index);

#endif
