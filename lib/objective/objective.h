/* objective: losses and metrics, each a row of its table. They work on rows of one micro-shard on one thread, in
 * double, with the library's own exp and log, so that their bits depend on nothing else. */
#ifndef CNN_OBJECTIVE_OBJECTIVE_H
#define CNN_OBJECTIVE_OBJECTIVE_H

#include "cnn/layers.h"
#include "cnn/objective.h"
#include "core/context_internal.h"
#include "core/registered.h"
#include "kernels/kernel.h"
#include "tensor/attributes.h"

/* Rows of outputs with their targets: either labels (class of each row) or targets (columns values a row). */
typedef struct cnn__rows {
  int64_t count, columns;
  const float *outputs;      /* logits where from_logits, else what the model's last layer gave */
  int32_t from_logits;       /* the model ends in an activation that the loss has taken over */
  int32_t reserved;
  const int32_t *labels;     /* NULL: targets */
  const float *targets;
  const void *own;           /* of a type that the program registered: its descriptor */
} cnn__rows;

/* values[i] of each row; of a loss, where gradient is not NULL, also gradient[i][j] = scale * d value_i / d
 * outputs[i][j]. */
typedef void cnn__rows_fn(const void *settings, const cnn__rows *rows, float scale, double *values, float *gradient);

/* A kind of loss or of metric. The settings of a loss begin with its reduction. */
typedef struct cnn__objective_type {
  const char *name;
  const char *class_name;         /* Keras's: "MeanSquaredError" */
  const char *aliases[2];         /* further names */
  const char *help;
  const cnn__attribute *attributes;
  size_t attributes_size;
  int32_t labels_only;            /* takes no rows of targets */
  int32_t classes;                /* labels are columns, even of a single one: never the number itself */
  int32_t fuses;                  /* CNN_ACTIVATION_* at the end of the model whose logits it may take; LINEAR: none */
  int32_t root;                   /* of a metric: the figure is the square root of the mean */
  cnn__rows_fn *rows;
  const void *own;                /* what rows->own is */
} cnn__objective_type;

#define CNN__METRIC_NAME_BYTES 51 /* "val_weighted_" and this are a figure's name */

/* The handle of a loss (cnn_loss) or of a metric (cnn_metric). */
typedef struct cnn__objective {
  atomic_int references;
  int32_t reduction;              /* CNN_REDUCTION_* of a loss */
  int64_t ignored;                /* label that counts for nothing; -1: none */
  cnn_context *context;
  const cnn__objective_type *type;
  void *attributes;
  char name[CNN__METRIC_NAME_BYTES]; /* of a metric, in logs */
} cnn__objective;

struct cnn_loss {
  cnn__objective objective;
};
struct cnn_metric {
  cnn__objective objective;
};

/* A list of types. */
typedef struct cnn__objectives {
  const char *kind; /* "loss", "metric" */
  const cnn__objective_type *const *types;
  int32_t count;
  int32_t registered; /* CNN__REGISTERED_*: further ones, of the program */
} cnn__objectives;
extern const cnn__objectives cnn__losses, cnn__metrics;

/* The rows of the tables, each defined in the file of its family. */
#define LOSS(name) extern const cnn__objective_type cnn__##name##_loss;
#include "objective/losses.def"
#undef LOSS
#define METRIC(name) extern const cnn__objective_type cnn__##name##_metric;
#include "objective/metrics.def"
#undef METRIC

/* By name, alias or class name; in a context (may be NULL) also what the program registered. NULL with CNN_ENAME and the nearest name. */
const cnn__objective_type *cnn__objective_find(const cnn__objectives *list, const cnn_context *context, const char *name);
int32_t cnn__objective_is_built_in(const cnn__objectives *list, const char *name);
/* own.c: the one that was registered; NULL: none. */
const cnn__objective_type *cnn__objective_own(const cnn__objectives *list, const cnn_context *context, const char *name);

const char *cnn__objective_name_at(const cnn__objectives *list, int32_t index);
const char *cnn__objective_help(const cnn__objectives *list, const char *type); /* NULL: there is none */
int32_t cnn__objective_attribute_count(const cnn__objectives *list, const char *type);
cnn_status cnn__objective_attribute_at(const cnn__objectives *list, const char *type, int32_t index,
                                       cnn_attribute *out);

/* From attributes by value: checks them, copies them. name: of a metric in logs, NULL: its type's. */
cnn_status cnn__objective_make(cnn__objective **out, cnn_context *context, const cnn__objective_type *type,
                               const void *attributes, const char *name);
/* From a name and attributes as text, which may be NULL. */
cnn_status cnn__objective_new(cnn__objective **out, cnn_context *context, const cnn__objectives *list, const char *name,
                              const char *attributes);
/* From one text, "huber delta=2". */
cnn_status cnn__objective_read(cnn__objective **out, cnn_context *context, const cnn__objectives *list, const char *text);
cnn__objective *cnn__objective_hold(cnn__objective *objective);
void cnn__objective_free(cnn__objective *objective);
cnn_status cnn__objective_show(const cnn__objective *objective, const char *key, char *buffer, size_t bytes);

/* For typed constructors. */
cnn_status cnn__loss_make(cnn_loss **out, cnn_context *context, const cnn__objective_type *type, const void *attributes);
cnn_status cnn__metric_make(cnn_metric **out, cnn_context *context, const cnn__objective_type *type,
                            const void *attributes, const char *name);

/* Target of column j of row i. */
static inline double cnn__wanted(const cnn__rows *rows, int64_t i, int64_t j) {
  if (rows->targets)
    return rows->targets[i * rows->columns + j];
  if (rows->columns == 1)
    return rows->labels[i];
  return rows->labels[i] == j ? 1 : 0;
}

/* The row of a loss's attribute table that all of them begin with. */
#define CNN__REDUCTION_ROW                                                                                             \
  {"reduction", CNN_ATTRIBUTE_CHOICE, 0, 0, "sum_over_batch_size", 0, 0, cnn__reduction_names, "what a batch's sum is divided by"}
extern const char *const cnn__reduction_names[]; /* index is CNN_REDUCTION_* */

#endif
