/* input: where samples enter the model. It computes nothing; the batch is its output. */
#include "layers/layer_internal.h"

#include "core/options.h"

typedef struct settings {
  cnn__shape shape;
} settings;

#define MAX_INPUT_RANK 4

static const cnn__attribute attributes[] = {
    {"shape", CNN_ATTRIBUTE_SHAPE, offsetof(settings, shape), 1, NULL, 1, 1099511627776.0, NULL,
     "extents of a sample, the batch axis left out; height, width, channels for images"},
    {0},
};

static cnn_status check_rank(int32_t rank, const char *what) {
  if (rank < 1 || rank > MAX_INPUT_RANK)
    return cnn__fail(CNN_EINVAL, "%sshape has rank %d, must be 1 to %d", what, (int)rank, MAX_INPUT_RANK);
  return CNN_OK;
}

static cnn_status setup(cnn_layer *layer) {
  const settings *set = layer->attributes;
  CNN__TRY(check_rank(set->shape.rank, ""));
  layer->in = layer->out = set->shape;
  return CNN_OK;
}

const cnn__layer_type cnn__input_layer = {
    .name = "input",
    .class_name = "InputLayer",
    .help = "The model's input: the first layer of every model.",
    .attributes = attributes,
    .attributes_size = sizeof(settings),
    .setup = setup,
};

cnn_layer *cnn_input(cnn_model *model, int32_t rank, const int64_t *shape, const cnn_input_opts *options) {
  cnn_input_opts given;
  if (cnn__options(&given, sizeof given, CNN__FIRST(cnn_input_opts, name), options, "cnn_input_opts") < 0)
    return cnn__model_refuse(model);
  settings set = {.shape = {.rank = rank}};
  if (check_rank(rank, "input: ") < 0)
    return cnn__model_refuse(model);
  if (!shape) {
    (void)cnn__fail(CNN_EINVAL, "input: shape is NULL, must be %d extents", (int)rank);
    return cnn__model_refuse(model);
  }
  for (int32_t i = 0; i < rank; i++)
    set.shape.extent[i] = shape[i];
  return cnn__model_append(model, &cnn__input_layer, &set, given.name, NULL);
}
