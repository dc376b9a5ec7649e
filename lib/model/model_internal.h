/* model: the handle inside. */
#ifndef CNN_MODEL_MODEL_INTERNAL_H
#define CNN_MODEL_MODEL_INTERNAL_H

#include "core/lock.h"
#include "model/names.h"
#include "model/run.h"
#include "optim/optimizer_internal.h"

#define CNN__MAX_METRICS 8

/* One weight array as the model lists it. */
typedef struct cnn__parameter {
  cnn_layer *layer;
  int32_t index;                /* in the layer */
  float *grad;                  /* trainable and compiled; else NULL */
  float *slots[CNN__MAX_SLOTS]; /* trainable and compiled, those that the optimizer uses */
  int32_t decays;               /* it takes part in weight decay */
} cnn__parameter;

struct cnn_model {
  atomic_int references;
  cnn_context *context;
  char *name;
  uint64_t seed;
  cnn_status error;             /* first error of a constructor, and its text */
  char error_text[1024];        /* as long as the longest text */
  cnn_layer **layers;
  int32_t layer_count;
  int64_t layer_capacity;
  cnn__names names;             /* of the layers */
  cnn__arrays *arrays;          /* per layer */
  int64_t arrays_capacity;
  cnn__parameter *parameters;   /* all weight arrays in model order: each layer's in order of declaration */
  int32_t parameter_count;
  int64_t parameter_capacity;
  uint32_t pass;                /* epochs begun since the model was made; saved with it */

  /* compiled */
  int32_t compiled;
  cnn_optimizer *optimizer;     /* held */
  cnn__objective *loss;         /* held, as the metrics */
  int32_t metric_count;
  cnn__objective *metrics[CNN__MAX_METRICS];
  int32_t weighted[CNN__MAX_METRICS];         /* by the samples' weights */
  const char *metric_names[CNN__MAX_METRICS]; /* in logs; point into metric_text */
  char metric_text[CNN__MAX_METRICS][64];
  float rate;                   /* learning rate as it stands, where no schedule gives it */
  int64_t iterations;
  float *training_block;        /* gradients and slots, one allocation */

  /* plans and run records; guarded by lock where a const call makes them */
  cnn__lock lock;
  cnn__plan *plans[CNN__MODES];
  cnn__run *idle;               /* free TEST and PREDICT records, linked */
  float *packs_block;           /* derived forms of all weights */
  uint64_t weights_version;     /* moves on when weights change, which no const call does */
  _Atomic uint64_t packs_version; /* the weights' that the packs were made of; they are remade when the two differ */

  atomic_int fitting;           /* fit is running */
  atomic_int reading;           /* calls that go over a batch function, in which the program may do what it likes */
};

cnn_model *cnn__model_hold(cnn_model *model);

/* The model takes no more layers, or reports its first error. */
cnn_status cnn__model_ready(const cnn_model *model);

/* Say that weights were changed by hand (set, load, restore): packs are remade before the next run. */
void cnn__model_touch(cnn_model *model);

/* Plan of a mode, made on first use. */
cnn_status cnn__model_plan(const cnn_model *model, int32_t mode, const cnn__plan **out);

/* CNN_ESTATE while a call goes over a batch function: its plan must stay. */
cnn_status cnn__model_still(const cnn_model *model);

/* A record for one call, with its plan; both freed by cnn__model_inspected, which takes NULL. Any thread. */
cnn_status cnn__model_inspect(const cnn_model *model, int32_t mode, const cnn__inspection *inspection, int64_t rows,
                              cnn__run **out);
void cnn__model_inspected(cnn__run *run);

/* Forget plans, idle run records and packs: the graph or the compilation changed. */
void cnn__model_forget(cnn_model *model);

/* A free run record of a mode with room for `rows`, made when there is none; give it back after use. Any thread. */
cnn_status cnn__model_borrow_run(const cnn_model *model, int32_t mode, int64_t rows, cnn__run **out);
void cnn__model_return_run(const cnn_model *model, cnn__run *run);

/* Derived forms of the weights up to date; called by every run before its first segment. Any thread. */
void cnn__model_pack(const cnn_model *model);

/* A loss and metrics on their way into a model. */
typedef struct cnn__goals {
  cnn__objective *loss;
  int32_t metric_count;
  cnn__objective *metrics[CNN__MAX_METRICS];
  int32_t weighted[CNN__MAX_METRICS];
} cnn__goals;

/* Compile with everything by value: what cnn_model_compile and the file loader use. What is in goals is retained. keep: the
 * optimizer's state goes on. */
cnn_status cnn__model_compile(cnn_model *model, cnn_optimizer *optimizer, const cnn__goals *goals, int32_t keep);
void cnn__goals_free(cnn__goals *goals);

/* Are all layers trainable or frozen as the program wants them? Else they wait for the next compile. */
int32_t cnn__model_settled(const cnn_model *model);

/* The rate of the next step; of a compiled model. */
static inline float cnn__model_rate(const cnn_model *model) {
  return cnn__optimizer_rate_at(model->optimizer, model->iterations, model->rate);
}

/* Where text goes: what the caller gave, checked, or the context's sink. */
cnn_status cnn__model_sink(const cnn_model *model, const cnn_sink *given, cnn_sink *out);

/* Index of the parameter; -1 with CNN_ENAME and the nearest. */
int32_t cnn__model_find_weight(const cnn_model *model, const char *name);
static inline cnn__weight *cnn__model_weight(const cnn_model *model, int32_t i) {
  return &model->parameters[i].layer->weights[model->parameters[i].index];
}

#endif
