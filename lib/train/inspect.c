/* inspect: outputs of any layers, and the gradient of an output value for the input. A plan and a run record are made for the
 * call, so that no other call pays for what only these need. */
#include "cnn/inspect.h"

#include "core/memory.h"
#include "core/options.h"
#include "data/dataset_internal.h"
#include "model/graph.h"
#include "train/inputs.h"
#include "train/sink.h"

/* One call's: what is asked for, and the tensors that are made. */
typedef struct call {
  const char *what;
  const cnn_model *model;
  int32_t mode, count;
  const cnn_tensor *classes;
  cnn__inputs inputs;
  cnn__output *outputs; /* count of each */
  cnn_tensor **tensors;
} call;

static cnn_status check(const call *c, const void *results, const void *inputs, int32_t input_count, int64_t batch_size,
                        int32_t reserved) {
  if (!results || !inputs)
    return cnn__fail(CNN_EINVAL, "%s: %s", c->what, results ? "input is NULL" : "there is no room for results");
  CNN__TRY(cnn__model_ready(c->model));
  if (c->count < 1 || input_count != 1)
    return cnn__fail(CNN_EINVAL, "%s: %d inputs and %d results, model '%s' has 1 input", c->what, (int)input_count,
                     (int)c->count, c->model->name);
  return cnn__passing_check(batch_size, 0, 0, reserved, c->what);
}

/* Tensors of `shape` each for its layer's outputs, or the input. */
static cnn_status add_output(call *c, int32_t i, int32_t layer) {
  const cnn_layer *found = c->model->layers[layer];
  if (found->out.rank >= CNN_MAX_RANK)
    return cnn__fail(CNN_ESHAPE, "%s: outputs of '%s' would have %d axes, at most %d are possible", c->what, found->name,
                     (int)found->out.rank + 1, CNN_MAX_RANK);
  CNN__TRY(cnn__results_new(&c->tensors[i], c->model, c->inputs.count, &found->out));
  c->outputs[i] = (cnn__output){layer, c->tensors[i]->data};
  return CNN_OK;
}

static cnn_status run(call *c, const cnn__inspection *inspection) {
  cnn__run *record;
  cnn__feed feed;
  if (!c->inputs.count)
    return CNN_OK;
  CNN__TRY(cnn__model_inspect(c->model, c->mode, inspection, c->inputs.size, &record));
  int32_t *labels = cnn__run_labels(record);
  for (; cnn__inputs_batch(&c->inputs, &feed); c->inputs.first += feed.count) {
    for (int64_t i = 0; c->classes && i < feed.count; i++)
      labels[i] = (int32_t)cnn__label_at(c->classes, c->inputs.first + i);
    feed.labels = c->classes ? labels : NULL;
    cnn__run_inspect(record, c->model, &feed, c->outputs, c->inputs.first);
  }
  cnn__model_inspected(record);
  return CNN_OK;
}

/* The tensors go to the caller, all of them or none. */
static cnn_status finish(call *c, cnn_status status, cnn_tensor **results) {
  for (int32_t i = 0; c->tensors && i < c->count; i++) {
    if (status == CNN_OK)
      results[i] = c->tensors[i];
    else
      cnn_tensor_free(c->tensors[i]);
  }
  cnn__free(c->model->context, c->outputs);
  cnn__free(c->model->context, c->tensors);
  return status;
}

static cnn_status make_room(call *c) {
  size_t count = (size_t)c->count;
  c->outputs = cnn__alloc_zero(c->model->context, count * sizeof *c->outputs, "outputs of layers");
  c->tensors = cnn__alloc_zero(c->model->context, count * sizeof *c->tensors, "outputs of layers");
  return c->outputs && c->tensors ? CNN_OK : CNN_ENOMEM;
}

/* ---- activations ---- */

static cnn_status activate(call *c, const char *const *layers, int32_t linear) {
  cnn__inspection asked = {.count = c->count, .linear = linear};
  CNN__TRY(make_room(c));
  asked.outputs = c->outputs;
  for (int32_t i = 0; i < c->count; i++) {
    if (!layers[i])
      return cnn__fail(CNN_EINVAL, "%s: the name of layer %d is NULL", c->what, (int)i);
    const cnn_layer *layer = cnn__graph_find(c->model, layers[i]);
    if (!layer)
      return cnn__fail_in("%s", c->what);
    CNN__TRY(add_output(c, i, layer->index));
    asked.last = layer->index > asked.last ? layer->index : asked.last;
  }
  return run(c, &asked);
}

cnn_status cnn_model_activations(cnn_tensor **outputs, const cnn_model *model, int32_t layer_count,
                                 const char *const *layers, const cnn_tensor *const *inputs, int32_t input_count,
                                 const cnn_activations_opts *options) {
  cnn_activations_opts o;
  call c = {.what = "activations", .model = model, .mode = CNN__MODE_PREDICT, .count = layer_count};
  CNN__TRY(cnn__options(&o, sizeof o, sizeof o, options, "cnn_activations_opts"));
  CNN__TRY(check(&c, layers ? outputs : NULL, inputs, input_count, o.batch_size, o.reserved));
  if (o.before_activation && layer_count > 1)
    return cnn__fail(CNN_EINVAL, "activations: before_activation is for one layer at a time, got %d", (int)layer_count);
  CNN__TRY(cnn__inputs_open(&c.inputs, model, inputs[0], o.augmenter, o.batch_size, c.what));
  return finish(&c, activate(&c, layers, o.before_activation != 0), outputs);
}

/* ---- the gradient for the input ---- */

static cnn_status check_classes(const call *c) {
  char has[160];
  const cnn_tensor *classes = c->classes;
  int64_t values = cnn__shape_count(&c->model->layers[c->model->layer_count - 1]->out);
  if (!classes)
    return CNN_OK;
  if (!cnn__labels_are(classes) || classes->shape.rank != 1 || classes->count != c->inputs.count)
    return cnn__fail(CNN_ESHAPE, "%s: classes are %s %s, must be integers (%lld,)", c->what, cnn_type_name(classes->type),
                     cnn__shape_text(has, &classes->shape, 0), (long long)c->inputs.count);
  for (int64_t i = 0; i < classes->count; i++) {
    int64_t chosen = cnn__label_at(classes, i);
    if (chosen < 0 || chosen >= values || chosen > INT32_MAX)
      return cnn__fail(CNN_EDATA, "%s: class %lld of sample %lld is not in [0, %lld)", c->what, (long long)chosen,
                       (long long)i, (long long)values);
  }
  return CNN_OK;
}

static cnn_status differentiate(call *c, int32_t linear) {
  CNN__TRY(make_room(c));
  CNN__TRY(add_output(c, 0, 0));
  const cnn__inspection asked = {.outputs = c->outputs, .count = 1, .last = c->model->layer_count - 1, .linear = linear};
  return run(c, &asked);
}

cnn_status cnn_model_input_gradient(cnn_tensor **gradients, int32_t gradient_count, const cnn_model *model,
                                    const cnn_tensor *const *inputs, int32_t input_count,
                                    const cnn_input_gradient_opts *options) {
  cnn_input_gradient_opts o;
  call c = {.what = "input gradient", .model = model, .mode = CNN__MODE_GRADIENT, .count = gradient_count};
  CNN__TRY(cnn__options(&o, sizeof o, sizeof o, options, "cnn_input_gradient_opts"));
  CNN__TRY(check(&c, gradients, inputs, input_count, o.batch_size, o.reserved));
  if (gradient_count != 1)
    return cnn__fail(CNN_EINVAL, "input gradient: %d results, model '%s' has 1 input", (int)gradient_count, model->name);
  c.classes = o.classes;
  CNN__TRY(cnn__inputs_open(&c.inputs, model, inputs[0], o.augmenter, o.batch_size, c.what));
  CNN__TRY(check_classes(&c));
  return finish(&c, differentiate(&c, !o.after_activation), gradients);
}
