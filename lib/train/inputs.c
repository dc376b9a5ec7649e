/* inputs: see inputs.h. */
#include "train/inputs.h"

#include "core/text.h"
#include "data/augment.h"
#include "data/standardize.h"
#include "tensor/tensor_internal.h"

#include <string.h>

/* f32 [N, ...]: the axes after the first are the model's; images of one channel may leave it out. */
static int32_t is_input(const cnn__shape *given, const cnn__shape *wanted) {
  cnn__shape sample = {.rank = given->rank - 1};
  if (given->rank < 1)
    return 0;
  memcpy(sample.extent, given->extent + 1, (size_t)sample.rank * sizeof *sample.extent);
  if (sample.rank == 2 && wanted->rank == 3)
    sample.extent[sample.rank++] = 1;
  return cnn__shape_equal(&sample, wanted);
}

static cnn_status check_input(const cnn_tensor *input, const cnn_model *model, const char *what) {
  char has[160], takes[160], name[64];
  const cnn__shape *wanted = &model->layers[0]->out;
  if (!input)
    return cnn__fail(CNN_EINVAL, "%s: input is NULL", what);
  if (input->type != CNN_F32 || !is_input(&input->shape, wanted))
    return cnn__fail(CNN_ESHAPE, "%s: input is %s %s, model '%s' takes float32 %s", what, cnn_type_name(input->type),
                     cnn__shape_text(has, &input->shape, 0), model->name, cnn__shape_text(takes, wanted, 1));
  cnn__format(name, sizeof name, "%s: input", what);
  return cnn__tensor_finite(input, name);
}

cnn_status cnn__inputs_open(cnn__inputs *inputs, const cnn_model *model, const cnn_tensor *input, const cnn_augmenter *augmenter,
                          int64_t batch_size, const char *what) {
  const cnn__shape *sample = &model->layers[0]->out;
  if (augmenter && cnn__augmenter_ready(augmenter, sample) < 0)
    return cnn__fail_in("%s", what);
  CNN__TRY(check_input(input, model, what));
  int64_t count = input->shape.extent[0], wanted = batch_size ? batch_size : 32;
  *inputs = (cnn__inputs){.values = input->data,
                      .count = count,
                      .size = wanted < count ? wanted : count,
                      .width = cnn__shape_count(sample),
                      .channels = sample->extent[sample->rank - 1],
                      .augmenter = augmenter};
  return CNN_OK;
}

static void fill(const void *user, int64_t first, int64_t count, float *x) {
  const cnn__inputs *r = user;
  memcpy(x, r->values + (r->first + first) * r->width, (size_t)(count * r->width) * sizeof *x);
  for (int64_t i = 0; r->augmenter && i < count; i++)
    cnn__standardize(r->augmenter, r->width / r->channels, r->channels, x + i * r->width);
}

int32_t cnn__inputs_batch(const cnn__inputs *inputs, cnn__feed *feed) {
  int64_t left = inputs->count - inputs->first;
  *feed = (cnn__feed){.count = left < inputs->size ? left : inputs->size, .fill = fill, .user = inputs};
  return left > 0;
}

cnn_status cnn__results_new(cnn_tensor **out, const cnn_model *model, int64_t count, const cnn__shape *shape) {
  int64_t extent[CNN_MAX_RANK + 1] = {count};
  memcpy(extent + 1, shape->extent, (size_t)shape->rank * sizeof *extent);
  return cnn_tensor_new(out, model->context, CNN_F32, shape->rank + 1, extent, NULL);
}
