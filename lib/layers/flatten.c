/* flatten: a sample's elements as one vector, row-major. No data move. */
#include "layers/layer_internal.h"

#include "core/options.h"

static const cnn__attribute attributes[] = {{0}};

static cnn_status setup(cnn_layer *layer) {
  layer->out = (cnn__shape){1, {cnn__shape_count(&layer->in)}};
  layer->needs = CNN__SAME;
  return CNN_OK;
}

const cnn__layer_type cnn__flatten_layer = {
    .name = "flatten",
    .class_name = "Flatten",
    .help = "The elements of a sample as one vector, row-major.",
    .attributes = attributes,
    .inputs = 1,
    .setup = setup,
};

cnn_layer *cnn_flatten(cnn_model *model, const cnn_flatten_opts *options) {
  cnn_flatten_opts given;
  if (cnn__options(&given, sizeof given, CNN__FIRST(cnn_flatten_opts, input), options, "cnn_flatten_opts") < 0)
    return cnn__model_refuse(model);
  return cnn__model_append(model, &cnn__flatten_layer, NULL, given.name, given.input);
}
