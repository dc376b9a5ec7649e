/* optimizer: a kind of update, its attributes and the state it asks for. The state itself (slots, iterations, rate)
 * is the model's. */
#ifndef CNN_OPTIM_OPTIMIZER_INTERNAL_H
#define CNN_OPTIM_OPTIMIZER_INTERNAL_H

#include "cnn/optimizer.h"
#include "core/context_internal.h"
#include "kernels/kernel.h"
#include "optim/schedule_internal.h"
#include "tensor/attributes.h"

/* A type's own slots stand first; then those that any optimizer may have. */
enum { CNN__OWN_SLOTS = 3, CNN__SLOT_AVERAGE = CNN__OWN_SLOTS, CNN__SLOT_ACCUMULATOR, CNN__MAX_SLOTS };

/* Attributes of every optimizer, the first member of each type's settings. */
typedef struct cnn__optimizer_common {
  float learning_rate, weight_decay, clipnorm, global_clipnorm, clipvalue, ema_momentum;
  int32_t use_ema;
  int64_t ema_overwrite_frequency, gradient_accumulation_steps;
  char learning_rate_schedule[CNN__ATTRIBUTE_TEXT_BYTES], exclude_from_weight_decay[CNN__ATTRIBUTE_TEXT_BYTES];
} cnn__optimizer_common;

#define CNN__COMMON(field) offsetof(cnn__optimizer_common, field)

/* Their rows: the rate, which stands first in each table, and the rest, which stands last. */
#define CNN__RATE_ROW(standard)                                                                                       \
  {"learning_rate", CNN_ATTRIBUTE_FLOAT, CNN__COMMON(learning_rate), 0, standard, 0, CNN__UNBOUNDED, NULL,             \
   "size of a step"}
#define CNN__COMMON_ROWS(decay)                                                                                       \
  {"learning_rate_schedule", CNN_ATTRIBUTE_TEXT, CNN__COMMON(learning_rate_schedule), 0, "", 0, 0, NULL,               \
   "NAME(key=value,key=value) of a schedule that gives the rate; none: learning_rate does"},                          \
  {"weight_decay", CNN_ATTRIBUTE_FLOAT, CNN__COMMON(weight_decay), 0, decay, 0, CNN__UNBOUNDED, NULL,                  \
   "share of each weight, times the rate, that goes before each update"},                                             \
  {"exclude_from_weight_decay", CNN_ATTRIBUTE_TEXT, CNN__COMMON(exclude_from_weight_decay), 0, "", 0, 0, NULL,         \
   "texts apart by commas: weights whose names hold one of them do not decay"},                                       \
  {"clipnorm", CNN_ATTRIBUTE_FLOAT, CNN__COMMON(clipnorm), 0, "0", 0, CNN__UNBOUNDED, NULL,                            \
   "greatest norm of the gradient of each weight array; 0: none"},                                                    \
  {"global_clipnorm", CNN_ATTRIBUTE_FLOAT, CNN__COMMON(global_clipnorm), 0, "0", 0, CNN__UNBOUNDED, NULL,              \
   "greatest norm of all gradients together; 0: none"},                                                               \
  {"clipvalue", CNN_ATTRIBUTE_FLOAT, CNN__COMMON(clipvalue), 0, "0", 0, CNN__UNBOUNDED, NULL,                          \
   "greatest size of each gradient; 0: none"},                                                                        \
  {"use_ema", CNN_ATTRIBUTE_FLAG, CNN__COMMON(use_ema), 0, "false", 0, 1, NULL,                                        \
   "keep a moving average of the weights, which fit puts in their place at its end"},                                 \
  {"ema_momentum", CNN_ATTRIBUTE_FLOAT, CNN__COMMON(ema_momentum), 0, "0.99", 0, 1, NULL,                              \
   "weight of the old average"},                                                                                      \
  {"ema_overwrite_frequency", CNN_ATTRIBUTE_INT, CNN__COMMON(ema_overwrite_frequency), 0, "0", 0, INT32_MAX, NULL,     \
   "updates after which the average replaces the weights, again and again; 0: at the end of fit alone"},              \
  {"gradient_accumulation_steps", CNN_ATTRIBUTE_INT, CNN__COMMON(gradient_accumulation_steps), 0, "0", 0, INT32_MAX,   \
   NULL, "steps whose mean gradient makes one update; 0 and 1: each its own"}

/* The same fields of an options struct into the settings. */
#define CNN__COMMON_GIVEN(set, given)                                                                                 \
  cnn__optimizer_given(&(set)->common, (given)->weight_decay, (given)->clipnorm, (given)->global_clipnorm,             \
                       (given)->clipvalue, (given)->ema_momentum, (given)->use_ema, (given)->ema_overwrite_frequency,  \
                       (given)->gradient_accumulation_steps, (given)->exclude_from_weight_decay, (given)->schedule,    \
                       (given)->reserved)
cnn_status cnn__optimizer_given(cnn__optimizer_common *common, float weight_decay, float clipnorm,
                                float global_clipnorm, float clipvalue, float ema_momentum, int32_t use_ema,
                                int32_t ema_overwrite_frequency, int32_t gradient_accumulation_steps,
                                const char *exclude_from_weight_decay, const cnn_schedule *schedule, int32_t reserved);

/* The scalars of one step, worked out once by the caller's thread. */
typedef struct cnn__update {
  float rate;
  float scalar[6];     /* the type's own */
  int32_t gathers;     /* the gradient is added to the accumulator and nothing is updated */
  int32_t starts;      /* no update before this one: the average is the weights */
  int32_t overwrites;  /* the average replaces the weights */
  float share;         /* of the weights in the new average */
} cnn__update;

/* Elements of one weight array and of all that belongs to them. */
typedef struct cnn__piece {
  int64_t n;
  float *w, *g;                  /* g may be changed */
  float *slots[CNN__MAX_SLOTS];  /* NULL where unused */
  int32_t decays;                /* the array takes part in weight decay */
} cnn__piece;

/* Sums of squares over elements: of gradients; where a type has a direction, then of weights and of directions. */
typedef struct cnn__squares {
  double first, second;
} cnn__squares;

typedef struct cnn__optimizer_type {
  const char *name;
  const char *class_name; /* "Adam" */
  const char *help;
  const cnn__attribute *attributes; /* CNN__RATE_ROW, its own, CNN__COMMON_ROWS */
  size_t attributes_size;           /* of a struct that begins with cnn__optimizer_common */
  const char *slot_names[CNN__OWN_SLOTS];       /* "momentum", "velocity"; as Keras names them */
  uint32_t (*slots)(const void *attributes);    /* which of them are used, as bits */
  float (*slot_start)(const void *attributes, int32_t slot); /* its value before the first update; NULL: 0 */
  cnn_status (*check)(const void *attributes);  /* what the ranges of the table cannot say; may be NULL */
  /* iteration counts updates from 0 before this one; update->rate is set. Powers of beta by repeated squaring in
   * double of the float32 betas. */
  void (*begin)(const void *attributes, int64_t iteration, cnn__update *update);
  /* Changes each element by its own gradient and state alone. */
  void (*apply)(const cnn__kernels *k, const cnn__update *update, const cnn__piece *piece);
  /* NULL, or: makes of the gradient the direction of the step, of which apply then makes a step whose length goes by
   * the norms of the weights and of the direction (update->rate holds that factor). */
  void (*direct)(const cnn__kernels *k, const cnn__update *update, const cnn__piece *piece);
} cnn__optimizer_type;

struct cnn_optimizer {
  atomic_int references;
  cnn_context *context;
  const cnn__optimizer_type *type;
  void *attributes;       /* begin with cnn__optimizer_common */
  cnn_schedule *schedule; /* of its text; NULL: none */
};

#define OPTIMIZER(name) extern const cnn__optimizer_type cnn__##name##_optimizer;
#include "optim/optimizers.def"
#undef OPTIMIZER

/* optimizer.c. From attributes by value: checks them, copies them. */
cnn_status cnn__optimizer_make(cnn_optimizer **out, cnn_context *context, const cnn__optimizer_type *type,
                               const void *attributes);
/* NULL with CNN_ENAME and the nearest name. */
const cnn__optimizer_type *cnn__optimizer_type_find(const char *name);
cnn_optimizer *cnn__optimizer_hold(cnn_optimizer *optimizer);
static inline const cnn__optimizer_common *cnn__optimizer_common_of(const cnn_optimizer *optimizer) {
  return optimizer->attributes;
}
float cnn__optimizer_rate(const cnn_optimizer *optimizer); /* its learning_rate attribute */
/* The rate of the step after `calls` others: by its schedule, or `rate` as it stands. */
float cnn__optimizer_rate_at(const cnn_optimizer *optimizer, int64_t calls, float rate);
const cnn__optimizer_type *cnn__optimizer_type_at(int32_t index);

/* Slots by number, of all kinds: which are used, as bits; their names; what they hold at first. */
uint32_t cnn__optimizer_slots(const cnn_optimizer *optimizer);
const char *cnn__optimizer_slot_name(const cnn_optimizer *optimizer, int32_t slot);
float cnn__optimizer_slot_start(const cnn_optimizer *optimizer, int32_t slot);

/* Does the weight of this name decay? */
int32_t cnn__optimizer_decays(const cnn_optimizer *optimizer, const char *weight);

/* How much of a step must be done before the first weight may change: nothing (each element by itself), the norms of
 * gradients, or these and then the norms of directions. */
enum { CNN__WHOLE_NOTHING, CNN__WHOLE_GRADIENTS, CNN__WHOLE_DIRECTIONS };
int32_t cnn__optimizer_whole(const cnn_optimizer *optimizer);

/* update.c: one step. calls counts steps from 0 before this one; rate as it stands. */
void cnn__update_begin(const cnn_optimizer *optimizer, int64_t calls, float rate, cnn__update *update);

/* All of a step of elements that need no norm. */
void cnn__update_piece(const cnn_optimizer *optimizer, const cnn__kernels *k, const cnn__update *update,
                       const cnn__piece *piece);

/* The same in stages, each over all pieces before the next. gather: the gradients of the update, their squares. change:
 * all the rest, clipped by `norm` (see below). Where there are
 * directions, direct and move stand in the place of change: squares of weights and directions, then the step, `ratio`
 * long. */
void cnn__update_gather(const cnn_optimizer *optimizer, const cnn__kernels *k, const cnn__update *update,
                        const cnn__piece *piece, cnn__squares *squares);
void cnn__update_change(const cnn_optimizer *optimizer, const cnn__kernels *k, const cnn__update *update,
                        const cnn__piece *piece, float norm);
void cnn__update_direct(const cnn_optimizer *optimizer, const cnn__kernels *k, const cnn__update *update,
                        const cnn__piece *piece, float norm, cnn__squares *squares);
void cnn__update_move(const cnn_optimizer *optimizer, const cnn__kernels *k, const cnn__update *update,
                      const cnn__piece *piece, float ratio);

/* Between the stages, from squares joined in a fixed tree. norm: of one array's gradient, for change and direct. Where the
 * optimizer clips all arrays together, these take the factor from the squares of all instead: NaN where their norm is not
 * finite, as in Keras. ratio: norm of the weights by that of the direction; 1 where either is 0. */
float cnn__update_norm(const cnn__squares *squares);
int32_t cnn__update_clips_all(const cnn_optimizer *optimizer);
float cnn__update_factor(const cnn_optimizer *optimizer, const cnn__squares *all);
float cnn__update_ratio(const cnn__squares *squares);

#endif
