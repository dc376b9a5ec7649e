/* compile: a model made ready for training: its loss, metrics and optimizer with the state that this one asks for. */
#include "cnn/train.h"
#include "model/model_internal.h"

#include "core/memory.h"
#include "core/options.h"
#include "core/text.h"
#include "kernels/build_info.h"

#include <math.h>
#include <string.h>

/* What compile works out before it changes anything. */
typedef struct compilation {
  const cnn__goals *goals;
  char names[CNN__MAX_METRICS][64];
  uint32_t slots; /* of the optimizer, as bits */
  int32_t keep;   /* they go on with the values that they have, and so does the count of steps */
  cnn__plan *plans[CNN__MODES];
  float *block;
} compilation;

/* Is it a figure's name already: the loss's, or that of a metric before m? */
static int32_t is_used(const compilation *made, int32_t m, const char *name) {
  for (int32_t i = 0; i < m; i++)
    if (!strcmp(made->names[i], name))
      return 1;
  return !strcmp(name, "loss");
}

/* A weighted metric whose name is another's too gets a longer one, as in Keras. */
static cnn_status name_metrics(compilation *made) {
  for (int32_t m = 0; m < made->goals->metric_count; m++) {
    const char *name = made->goals->metrics[m]->name;
    int32_t twice = is_used(made, m, name);
    cnn__format(made->names[m], sizeof made->names[m], "%s%s", twice && made->goals->weighted[m] ? "weighted_" : "",
                name);
    if (twice && is_used(made, m, made->names[m]))
      return cnn__fail(CNN_EINVAL, "compile: metric '%s' is named twice", made->names[m]);
  }
  for (int32_t m = 0; m < made->goals->metric_count; m++)
    if (!strncmp(made->names[m], "val_", 4) && is_used(made, made->goals->metric_count, made->names[m] + 4))
      return cnn__fail(CNN_EINVAL, "compile: metric '%s' is named as the validation's figure of '%s' is; give it another name",
                       made->names[m], made->names[m] + 4);
  return CNN_OK;
}

/* Gradients and slots of all trainable weights in one block, each aligned. */
static int64_t block_floats(const cnn_model *model, uint32_t slots) {
  int64_t total = 0, arrays = 1;
  for (; slots; slots &= slots - 1)
    arrays++;
  for (int32_t i = 0; i < model->parameter_count; i++)
    if (cnn__model_weight(model, i)->trainable)
      total += arrays * cnn__round_floats(cnn__model_weight(model, i)->count);
  return total;
}

static void start_slot(float *slot, int64_t count, float value) {
  for (int64_t i = 0; i < count && value != 0; i++)
    slot[i] = value;
}

/* Of a slot that goes on the parameter still has the old place. */
static void share_block(cnn_model *model, const compilation *made, const cnn_optimizer *optimizer) {
  float *next = made->block;
  for (int32_t i = 0; i < model->parameter_count; i++) {
    cnn__parameter *parameter = &model->parameters[i];
    const cnn__weight *weight = cnn__model_weight(model, i);
    int64_t floats = cnn__round_floats(weight->count);
    parameter->grad = weight->trainable ? next : NULL;
    next += weight->trainable ? floats : 0;
    model->arrays[parameter->layer->index].grads[parameter->index] = parameter->grad;
    for (int32_t s = 0; s < CNN__MAX_SLOTS; s++) {
      int32_t used = weight->trainable && (made->slots >> s & 1);
      if (used && made->keep)
        memcpy(next, parameter->slots[s], (size_t)weight->count * sizeof *next);
      else if (used)
        start_slot(next, weight->count, cnn__optimizer_slot_start(optimizer, s));
      parameter->slots[s] = used ? next : NULL;
      next += used ? floats : 0;
    }
    parameter->decays = weight->trainable && cnn__optimizer_decays(optimizer, weight->name);
  }
}

/* Layers as the program wants them, or back to what they were. */
static void freeze(const cnn_model *model, int32_t back) {
  for (int32_t i = 0; i < model->layer_count; i++) {
    cnn_layer *layer = model->layers[i];
    if (!back)
      layer->was_frozen = layer->frozen;
    cnn__layer_freeze(layer, back ? layer->was_frozen : !layer->trainable);
  }
}

int32_t cnn__model_settled(const cnn_model *model) {
  for (int32_t i = 0; i < model->layer_count; i++)
    if (model->layers[i]->frozen == model->layers[i]->trainable)
      return 0;
  return 1;
}

/* Is there a state that this optimizer can go on with, for each weight that it is to train? */
static cnn_status check_kept(const compilation *made, const cnn_model *model, const cnn_optimizer *optimizer) {
  if (!model->compiled)
    return cnn__fail(CNN_ESTATE, "compile: keep_state, but model '%s' was not compiled before", model->name);
  const char *old = model->optimizer->type->name, *name = optimizer->type->name;
  if (strcmp(old, name) != 0)
    return cnn__fail(CNN_EINVAL, "compile: keep_state, but the state is of %s and cannot be %s's", old, name);
  if (made->slots != cnn__optimizer_slots(model->optimizer))
    return cnn__fail(CNN_EINVAL, "compile: keep_state, but %s has other slots now than the state", name);
  for (int32_t i = 0; i < model->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(model, i);
    if (weight->trainable && !model->parameters[i].grad)
      return cnn__fail(CNN_EINVAL, "compile: keep_state, but weight '%s' was not trained and has no state", weight->name);
  }
  return CNN_OK;
}

static cnn_status prepare(compilation *made, const cnn_model *model, const cnn_optimizer *optimizer) {
  made->slots = cnn__optimizer_slots(optimizer);
  if (made->keep)
    CNN__TRY(check_kept(made, model, optimizer));
  for (int32_t mode = 0; mode < CNN__MODES; mode++)
    CNN__TRY(cnn__plan_new(&made->plans[mode], model, mode, made->goals->loss, cnn__optimizer_whole(optimizer)));
  made->block = cnn__alloc_zero(model->context, (size_t)block_floats(model, made->slots) * sizeof(float),
                                "gradients and optimizer state");
  return made->block ? CNN_OK : CNN_ENOMEM;
}

static void discard(compilation *made, cnn_context *context) {
  for (int32_t mode = 0; mode < CNN__MODES; mode++)
    cnn__plan_free(made->plans[mode]);
  cnn__free(context, made->block);
}

/* What a sample of training takes, and what tensors that never live together save by sharing it. */
static void log_memory(const cnn_model *model, const cnn__plan *plan) {
  int64_t apart = 0, local = plan->local_floats / CNN__SHARD, taken = plan->arena_floats + local;
  for (int32_t i = 0; i < plan->buffer_count; i++)
    if (plan->buffers[i].first >= 0)
      apart += plan->buffers[i].floats;
  cnn__log(model->context, CNN_LOG_DEBUG,
           "model '%s': a sample of training takes %lld bytes in the arena, %lld kept for backward, %lld in a worker; "
           "shared places save %lld",
           model->name, (long long)plan->arena_floats * 4, (long long)plan->kept_bytes, (long long)local * 4,
           (long long)(apart - taken) * 4);
}

static void take_goals(cnn_model *model, const compilation *made) {
  cnn__goals old = {.loss = model->loss, .metric_count = model->metric_count};
  memcpy(old.metrics, model->metrics, sizeof old.metrics);
  model->loss = cnn__objective_hold(made->goals->loss);
  model->metric_count = made->goals->metric_count;
  for (int32_t m = 0; m < model->metric_count; m++) {
    model->metrics[m] = cnn__objective_hold(made->goals->metrics[m]);
    model->weighted[m] = made->goals->weighted[m];
    model->metric_names[m] = model->metric_text[m];
  }
  memcpy(model->metric_text, made->names, sizeof model->metric_text);
  cnn__goals_free(&old);
}

static void commit(cnn_model *model, const compilation *made, cnn_optimizer *optimizer) {
  cnn_optimizer *old = model->optimizer;
  cnn__model_forget(model);
  memcpy(model->plans, made->plans, sizeof model->plans);
  share_block(model, made, optimizer);
  cnn__free(model->context, model->training_block);
  model->training_block = made->block;
  model->optimizer = cnn__optimizer_hold(optimizer);
  cnn_optimizer_free(old);
  take_goals(model, made);
  model->rate = cnn__optimizer_rate(optimizer);
  model->iterations = made->keep ? model->iterations : 0;
  model->compiled = 1;
}

/* Keras too takes the logits, and warns. */
static void warn_of_logits(const cnn_model *model) {
  const cnn__attribute *row = cnn__attribute_find(model->loss->type->attributes, "from_logits");
  int32_t from_logits = 0;
  if (row)
    memcpy(&from_logits, (const char *)model->loss->attributes + row->offset, sizeof from_logits);
  int32_t taken = model->plans[CNN__MODE_TRAIN]->taken;
  if (from_logits && taken >= 0)
    cnn__log(model->context, CNN_LOG_WARNING,
             "model '%s': loss %s is told from_logits, but the model ends in %s; the loss takes the logits that go into it",
             model->name, model->loss->type->name,
             cnn__activation_names[model->plans[CNN__MODE_TRAIN]->layers[taken]->activation]);
}

cnn_status cnn__model_compile(cnn_model *model, cnn_optimizer *optimizer, const cnn__goals *goals, int32_t keep) {
  compilation made = {.goals = goals, .keep = keep};
  if (atomic_load(&model->fitting))
    return cnn__fail(CNN_ESTATE, "model '%s' is in training; compile it after fit has returned", model->name);
  CNN__TRY(cnn__model_still(model));
  CNN__TRY(cnn__model_ready(model));
  CNN__TRY(name_metrics(&made));
  freeze(model, 0);
  cnn_status status = prepare(&made, model, optimizer);
  if (status < 0) {
    freeze(model, 1);
    discard(&made, model->context);
    return status;
  }
  commit(model, &made, optimizer);
  log_memory(model, model->plans[CNN__MODE_TRAIN]);
  warn_of_logits(model);
  cnn__blas_warning(model->context);
  return CNN_OK;
}

/* ---- the optimizer as it stands ---- */

double cnn_model_learning_rate(const cnn_model *model) {
  return model && model->compiled ? (double)cnn__model_rate(model) : 0;
}

int64_t cnn_model_iterations(const cnn_model *model) { return model ? model->iterations : 0; }

cnn_status cnn_model_set_learning_rate(cnn_model *model, double rate) {
  char text[32];
  if (!model)
    return cnn__fail(CNN_EINVAL, "cnn_model_set_learning_rate: model is NULL");
  if (!model->compiled)
    return cnn__fail(CNN_ESTATE, "model '%s' is not compiled and has no learning rate", model->name);
  if (model->optimizer->schedule)
    return cnn__fail(CNN_ESTATE,
                     "model '%s': a schedule, %s, gives the learning rate, which cannot be set; compile with an optimizer "
                     "that has a learning_rate instead",
                     model->name, cnn_schedule_name(model->optimizer->schedule));
  if (!(rate >= 0) || !isfinite(cnn__nearest_float(rate)))
    return cnn__fail(CNN_EINVAL, "learning rate %s: must be a finite number, 0 or more", cnn__repr(text, rate));
  model->rate = cnn__nearest_float(rate);
  return CNN_OK;
}

cnn_status cnn_model_finalize(cnn_model *model) {
  if (!model)
    return cnn__fail(CNN_EINVAL, "cnn_model_finalize: model is NULL");
  if (!model->compiled)
    return cnn__fail(CNN_ESTATE, "model '%s' is not compiled and has no average of its weights", model->name);
  if (!model->iterations)
    return CNN_OK;
  for (int32_t i = 0; i < model->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(model, i);
    const float *average = model->parameters[i].slots[CNN__SLOT_AVERAGE];
    if (average)
      memcpy(weight->value, average, (size_t)weight->count * sizeof *average);
  }
  cnn__model_touch(model);
  return CNN_OK;
}
