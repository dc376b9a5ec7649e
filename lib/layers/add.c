/* add: the sum of several layers' outputs, element by element, in the order of the inputs. */
#include "layers/layer_internal.h"

#include "core/options.h"

#include <string.h>

#define UNIT 4096 /* elements that one piece of a sample is made of */

static const cnn__attribute attributes[] = {{0}};

static cnn_status setup(cnn_layer *layer) {
  char first[160], other[160];
  for (int32_t k = 1; k < layer->input_count; k++)
    if (!cnn__shape_equal(&layer->inputs[k]->out, &layer->in))
      return cnn__fail(CNN_ESHAPE, "inputs must have one shape: '%s' gives %s, '%s' %s", layer->inputs[0]->name,
                       cnn__shape_text(first, &layer->in, 1), layer->inputs[k]->name,
                       cnn__shape_text(other, &layer->inputs[k]->out, 1));
  layer->out = layer->in;
  layer->needs = CNN__IN_PLACE;
  layer->moved = (layer->input_count + 1) * cnn__shape_count(&layer->in);
  return CNN_OK;
}

static int64_t units(const cnn_layer *layer) { return (cnn__shape_count(&layer->out) - 1) / UNIT + 1; }

static void sum(const cnn__work *work, int64_t first, int64_t count) {
  float *y = work->y + first;
  work->k->add(count, work->xs[0] + first, work->xs[1] + first, y);
  for (int32_t i = 2; i < work->layer->input_count; i++)
    work->k->add(count, y, work->xs[i] + first, y);
}

static void forward(const cnn__work *work) {
  int64_t elements = cnn__shape_count(&work->layer->out);
  if (!work->end) {
    sum(work, 0, work->count * elements);
    return;
  }
  int64_t first = work->begin * UNIT, end = work->end * UNIT < elements ? work->end * UNIT : elements;
  for (int64_t i = 0; i < work->count; i++)
    sum(work, i * elements + first, end - first);
}

/* Each input's gradient is the output's. */
static void backward(const cnn__work *work) {
  size_t bytes = (size_t)(work->count * cnn__shape_count(&work->layer->out)) * sizeof(float);
  for (int32_t k = 0; k < work->layer->input_count; k++)
    if (work->dxs[k] && work->dxs[k] != work->dy)
      memcpy(work->dxs[k], work->dy, bytes);
}

static const cnn__phase forward_phases[] = {{.domain = CNN__SHARDS, .run = forward, .parts = units}, {0}};
static const cnn__phase backward_phases[] = {{.domain = CNN__SHARDS, .run = backward}, {0}};

const cnn__layer_type cnn__add_layer = {
    .name = "add",
    .class_name = "Add",
    .help = "The sum of two or more inputs of one shape.",
    .attributes = attributes,
    .inputs = CNN__SEVERAL,
    .setup = setup,
    .phases = {[CNN__PHASE_TRAIN] = forward_phases,
               [CNN__PHASE_INFER] = forward_phases,
               [CNN__PHASE_BACKWARD] = backward_phases},
};

cnn_layer *cnn_add(cnn_model *model, const cnn_add_opts *options) {
  cnn_add_opts given;
  const size_t known = CNN__FIRST(cnn_add_opts, input_count);
  if (cnn__options(&given, known, known, options, "cnn_add_opts") < 0)
    return cnn__model_refuse(model);
  return cnn__model_append_reader(model, &cnn__add_layer, NULL, given.name, given.inputs, given.input_count);
}
